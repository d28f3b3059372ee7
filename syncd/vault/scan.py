"""Compares a vault's folder with its index, and brings the index up to it.

A scan looks at every file's status and reads only those whose time, size or inode changed. What
cannot be read keeps its entry: unreadable is not deleted.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped
from syncd.formats.format import format_of
from syncd.page.blocks import parse
from syncd.page.names import is_conflict_copy
from syncd.page.occurrences import occurrences
from syncd.page.org import syntax_of
from syncd.state import index
from syncd.vault.graph import Graph
from syncd.vault.page_names import title_from
from syncd.vault.read import PageChanged, Seen, read_page
from syncd.vault.write import is_temporary

_SKIPPED = {"logseq/bak", "logseq/.recycle", "logseq/version-files", "node_modules"}
PAGES = (".md", ".markdown", ".org")
_IN_THE_CLOUD = re.compile(r"\.(.+\.(?:md|markdown|org))\.icloud", re.DOTALL)


def walk(
    root: Path, lost: dict[str, str], unfinished: list[str] | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """The vault's pages as (path in the vault, stat), hidden folders and the app's own left out.

    Files and folders (with a final `/`) that cannot be looked at go into `lost`, with the reason
    and the way out; temporary files of the writer's into `unfinished`.
    """
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            with os.scandir(root / below) as entries:
                for entry in entries:
                    path = f"{below}{entry.name}"
                    if entry.name.startswith("."):
                        _note_hidden(below, entry.name, lost, unfinished)
                    elif entry.name.endswith(PAGES):
                        stat = _stat(entry, path, lost)
                        if stat is not None:
                            yield path, stat
                    elif _is_folder(entry, path, lost):
                        folders.append(f"{path}/")
        except FileNotFoundError:
            continue
        except OSError as error:
            lost[below] = unreadable(error)


def _is_folder(entry: os.DirEntry[str], path: str, lost: dict[str, str]) -> bool:
    """Whether an entry is a folder to look into."""
    if path in _SKIPPED or not entry.is_dir(follow_symlinks=False):
        return False
    return _is_named(path, lost)


def _note_hidden(below: str, name: str, lost: dict[str, str], unfinished: list[str] | None) -> None:
    """What a hidden file tells: a page that is in the cloud alone, or a write that was cut off."""
    away = _IN_THE_CLOUD.fullmatch(name)
    if away and _is_text(name):
        lost[f"{below}{away[1]}"] = "it is in iCloud alone; download it"
    elif unfinished is not None and is_temporary(name):
        unfinished.append(f"{below}{name}")


def _stat(entry: os.DirEntry[str], path: str, lost: dict[str, str]) -> os.stat_result | None:
    if not _is_named(path, lost):
        return None
    try:
        return entry.stat() if entry.is_file() else None
    except OSError as error:
        lost[path] = unreadable(error)
        return None


def unreadable(error: OSError) -> str:
    """Why a file or folder could not be looked at, and the way out."""
    return f"{error.strerror}; let syncd's user read it"


def _is_named(path: str, lost: dict[str, str]) -> bool:
    """Whether a path has a name that the apps can open; one that has not goes into `lost`."""
    if _is_text(path):
        return True
    lost[os.fsencode(path).decode("utf-8", "replace")] = "its name is not UTF-8; rename it"
    return False


def _is_text(name: str) -> bool:
    """Whether a file's name is UTF-8.

    The apps cannot open other ones, nor can the index hold them.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class Scan(NamedTuple):
    """What a comparison of folder and index found; paths are in the vault.

    `changed` are the pages that were read anew, `gone` those that are no longer there, `unreadable`
    those that could not be looked at, each with its reason. `copies` are conflict copies of syncing
    tools, which are neither read nor written; `unfinished` are temporary files of the writer's.
    """

    pages: int
    changed: list[str]
    gone: list[str]
    unreadable: list[str]
    copies: list[str]
    unfinished: list[str]


def scan(
    db: sqlite3.Connection, vault: int, root: Path, graph: Graph, stop: Event | None = None
) -> Scan:
    """Compare the folder with the index and bring the index up to date.

    All in the caller's transaction. Raises Stopped where `stop` is set before the end.
    """
    known = index.stamps(db, vault)
    lost: dict[str, str] = {}
    found = Scan(0, [], [], [], [], [])
    pages = 0
    for path, stat in walk(root, lost, found.unfinished):
        if is_conflict_copy(path.rpartition("/")[2]):
            found.copies.append(path)
            continue
        pages += 1
        if known.pop(path, None) == (stat.st_mtime_ns, stat.st_size, stat.st_ino):
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
        found.changed.append(path)
        text = data.decode("utf-8", "surrogateescape")
        index.enter(db, vault, page_entry(path, text, seen, graph))
    found.gone.extend(path for path in known if not path.startswith(tuple(lost)))
    for path in found.gone:
        index.forget(db, vault, path)
    found.unreadable.extend(f"{root / path}: {reason}" for path, reason in lost.items())
    return found._replace(pages=pages)


def page_entry(
    path: str, text: str, seen: Seen, graph: Graph, *, own: bool = False
) -> index.PageEntry:
    """What the index keeps of a page; `own`: as syncd has just written it."""
    page, form = parse(text.removeprefix("\ufeff"), syntax_of(path)), format_of(graph.format)
    said = form.metadata(page, title_from(graph, path))
    found = occurrences(page, is_document=said.is_document, by_id=form.block_ids)
    return index.PageEntry(
        path,
        *seen,
        storable(said.name),
        said.url and storable(said.url),
        said.title and storable(said.title),
        said.book,
        own,
        [(storable(key), digest) for key, digest in found],
    )


def storable(text: str) -> str:
    """What the index keeps of a text in which there may be bytes that are not UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
