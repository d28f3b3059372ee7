"""Compares a vault's folder with its index, and brings the index up to it.

A scan looks at every file's status and reads only those whose time, size or inode changed; changed
is what then says something else. What cannot be read keeps its entry: unreadable is not deleted.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped
from syncd.page.names import is_conflict_copy, is_utf8, originals
from syncd.progress import Progress, silent
from syncd.regex import regex
from syncd.state import homes, index
from syncd.vault.entry import page_entry
from syncd.vault.graph import Graph
from syncd.vault.read import PageChanged, read_page
from syncd.vault.write import is_temporary

_SKIPPED = {"logseq/bak", "logseq/.recycle", "logseq/version-files", "node_modules"}
PAGES = (".md", ".markdown", ".org")
_IN_THE_CLOUD = regex(r"\.(.+\.(?:md|markdown|org))\.icloud", re.DOTALL)


def walk(
    root: Path,
    lost: dict[str, str],
    hidden: tuple[str, ...] = (),
    unfinished: list[str] | None = None,
) -> Iterator[tuple[str, os.stat_result]]:
    """The vault's pages as (path in the vault, stat), hidden folders and the app's own left out.

    `hidden` is what those paths begin with that the app does not read. Folders behind links are
    read where no other path leads to them. Files and folders (with a final `/`) that cannot be
    looked at go into `lost`, with the reason and the way out; temporary files of the writer's into
    `unfinished`.
    """
    folders, links = [""], list[str]()
    been: set[tuple[int, int]] = set()
    while folders or links:
        below = folders.pop() if folders else links.pop()
        try:
            if not _is_new(root, below, been):
                continue
            with os.scandir(root / below) as entries:
                for entry in entries:
                    name = entry.name
                    path = below + name
                    if name.startswith("."):
                        _note_hidden(below, name, lost, unfinished)
                    elif path in _SKIPPED or path.startswith(hidden):
                        continue
                    elif name.endswith(PAGES):
                        yield from _stat(entry, path, lost)
                    elif entry.is_dir() and _is_named(path, lost):
                        (links if entry.is_symlink() else folders).append(f"{path}/")
        except FileNotFoundError:
            continue
        except OSError as error:
            lost[below] = unreadable(error)


def _note_hidden(below: str, name: str, lost: dict[str, str], unfinished: list[str] | None) -> None:
    """What a hidden file tells: a page that is in the cloud alone, or a write that was cut off."""
    away = _IN_THE_CLOUD.fullmatch(name)
    if away and is_utf8(name):
        lost[f"{below}{away[1]}"] = "it is in iCloud alone; download it"
    elif unfinished is not None and is_temporary(name):
        unfinished.append(f"{below}{name}")


def _is_new(root: Path, below: str, been: set[tuple[int, int]]) -> bool:
    """Whether a folder was not read yet, and does not hold the vault itself."""
    status = os.stat(root / below)  # noqa: PTH116  # for each folder of a vault
    key = (status.st_dev, status.st_ino)
    if key in been or (below and (root / below).resolve() in root.parents):
        return False
    been.add(key)
    return True


def _stat(
    entry: os.DirEntry[str], path: str, lost: dict[str, str]
) -> tuple[tuple[str, os.stat_result], ...]:
    """A page's path and status; nothing where it is no file, or cannot be looked at."""
    try:
        if _is_named(path, lost) and entry.is_file():
            return ((path, entry.stat()),)
    except OSError as error:
        lost[path] = unreadable(error)
    return ()


def unreadable(error: OSError) -> str:
    """Why a file or folder could not be looked at, and the way out."""
    return f"{error.strerror}; let syncd's user read it"


def _is_named(path: str, lost: dict[str, str]) -> bool:
    """Whether a path is UTF-8; one that is not goes into `lost`.

    The apps cannot open other ones, nor can the index hold them.
    """
    if path.isascii() or is_utf8(path):
        return True
    lost[os.fsencode(path).decode("utf-8", "replace")] = "its name is not UTF-8; rename it"
    return False


class Scan(NamedTuple):
    """What a comparison of folder and index found; paths are in the vault.

    `changed` are the pages that say something else now, `gone` those that are no longer there,
    `unreadable` those that could not be looked at, each with its reason. `copies` are conflict
    copies of syncing tools, which are neither read nor written; `unfinished` are temporary files of
    the writer's.
    """

    pages: int
    changed: list[str]
    gone: list[str]
    unreadable: list[str]
    copies: list[str]
    unfinished: list[str]


def scan(
    db: sqlite3.Connection,
    vault: int,
    root: Path,
    graph: Graph,
    stop: Event | None = None,
    progress: Progress = silent,
) -> Scan:
    """Compare the folder with the index and bring the index up to date.

    All in the caller's transaction. Raises Stopped where `stop` is set before the end.
    """
    known = index.stamps(db, vault)
    lost: dict[str, str] = {}
    found = Scan(0, [], [], [], [], [])
    progress("looking for changes", 0, None)
    there, changed = set[str](), list[str]()
    for path, stat in walk(root, lost, graph.hidden, found.unfinished):
        there.add(path)
        if known.get(path) != _stamp(stat):
            changed.append(path)
    ours = homes.paths(db, vault) if changed else ()
    copies = conflict_copies(root, graph, changed, there, ours)
    pages = there - copies
    for number, path in enumerate(changed, 1):
        if path in copies:
            found.copies.append(path)
            continue
        if stop is not None and stop.is_set():
            raise Stopped("stopped while reading the vault")
        try:
            data, seen = read_page(root / path)
        except FileNotFoundError:
            found.gone.append(path)
            continue
        except (DocumentError, PageChanged) as error:
            lost[path] = str(error)
            continue
        progress("changed pages read", number, len(changed))
        if index.touch(db, vault, path, seen[:3], seen.digest):
            continue  # copied, or restored: its words are the same
        found.changed.append(path)
        text = data.decode("utf-8", "surrogateescape")
        index.enter(db, vault, page_entry(path, text, seen, graph))
    gone = sorted(known.keys() - pages)
    found.gone.extend(path for path in gone if not path.startswith(tuple(lost)))
    for path in found.gone:
        index.forget(db, vault, path)
    found.unreadable.extend(f"{root / path}: {reason}" for path, reason in lost.items())
    return found._replace(pages=len(pages))


def _stamp(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def conflict_copies(
    root: Path,
    graph: Graph,
    paths: Iterable[str],
    there: Collection[str],
    known: Collection[str] = (),
) -> set[str]:
    """Which of these files a syncing tool made of the losing side of a conflict.

    By their names or, where another file's name says it less surely, if that is `there` beside it
    and has most of the same highlights. Pages that are `known` are none: their documents have such
    titles.
    """
    copies = set[str]()
    for path in paths:
        if path in known:
            continue
        folder, slash, name = path.rpartition("/")
        beside = [f"{folder}{slash}{one}" for one in originals(name)]
        if is_conflict_copy(name) or any(
            one in there and _says_the_same(root, graph, path, one) for one in beside
        ):
            copies.add(path)
    return copies


def _says_the_same(root: Path, graph: Graph, copy: str, original: str) -> bool:
    try:
        one, other = (_highlights(root, graph, path) for path in (copy, original))
    except (OSError, DocumentError, PageChanged):
        return False
    return len(one & other) * 2 > len(one)


def _highlights(root: Path, graph: Graph, path: str) -> set[str]:
    data, seen = read_page(root / path)
    text = data.decode("utf-8", "surrogateescape")
    return {key for key, _ in page_entry(path, text, seen, graph).highlights}
