"""Files of a vault with one title: Logseq shows one of them, a link in Obsidian leads to one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from syncd.config.settings import Vault, zone
from syncd.errors import SyncdError
from syncd.formats.format import format_of
from syncd.formats.obsidian import link_name
from syncd.formats.origin import day
from syncd.page.blocks import parse
from syncd.page.dates import logseq_date
from syncd.page.names import is_conflict_copy, name_key
from syncd.page.org import syntax_of
from syncd.regex import regex
from syncd.state import account, homes, index
from syncd.state.vaults import find_vault
from syncd.vault.entry import storable
from syncd.vault.graph import Graph
from syncd.vault.page_names import own_page, title_from
from syncd.vault.scan import unreadable

# The patterns by which Logseq 0.10 knows a journal's page, besides the graph's own pattern.
_LOGSEQ_DAYS = ("yyyy_MM_dd", "MMM do, yyyy", "yyyy-MM-dd")
_LONGEST_DAY = 40  # characters
_THREE_NUMBERS = regex(r"\d\D*\d\D*\d")
_ISO_DAY = regex(r"\d{4}-\d\d-\d\d")
_TOP = 65536  # bytes in which a page's properties stand
_SHOWN = 5  # paths in one message

_Stamp = tuple[int, int, int]  # of a file: mtime in ns, size, inode
_State = tuple[sqlite3.Connection, int]  # the state, and the vault's number in it


def duplicate_titles(
    db: sqlite3.Connection | None,
    vault: Vault,
    graph: Graph,
    files: Iterable[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> Iterator[SyncdError]:
    """One finding for each title that several of the vault's `files` (as `walk` gives them) have.

    In Obsidian only titles of pages that syncd keeps or links. `db` is the state, None before the
    first run. Files that cannot be read go into `lost`, each with the reason.
    """
    number = find_vault(db, vault.name) if db is not None else None
    state = (db, number) if db is not None and number is not None else None
    known = index.names(*state) if state else {}
    shared = _shared(graph, _titles(known, vault.path, graph, files, lost))
    if not shared:
        return
    ours = _own_pages(state, vault, graph)
    if graph.format == "obsidian":
        shared = _concerning_us(state, vault, shared, ours)
    for title, paths in shared.items():
        yield SyncdError(_message(graph, vault, title, paths, sorted(ours.intersection(paths))))


def _own_pages(state: _State | None, vault: Vault, graph: Graph) -> set[str]:
    """The paths of the pages that syncd writes."""
    ours = homes.paths(*state) if state else set()
    if vault.log_page:
        ours.add(own_page(graph, vault.namespace, vault.log_page).path)
    return ours


def _concerning_us(
    state: _State | None, vault: Vault, shared: dict[str, list[str]], ours: set[str]
) -> dict[str, list[str]]:
    """Those of the shared titles that a page of syncd has, or links."""
    kept = {title for title, paths in shared.items() if ours.intersection(paths)}
    linked = _linked(*state, vault, shared.keys() - kept) if state else set()
    return {title: paths for title, paths in shared.items() if title in kept | linked}


def _titles(
    known: Mapping[str, tuple[_Stamp, str]],
    root: Path,
    graph: Graph,
    files: Iterable[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> Iterator[tuple[str, os.stat_result, str]]:
    """Each page of the app with its title (as by `name_key`): path, stat, title.

    A file that stands in the index (`index.names`) as it is on the disk is not read. Conflict
    copies and what Logseq hides are left out.
    """
    for path, stat in files:
        if is_conflict_copy(path.rpartition("/")[2]) or not _is_page(graph, path):
            continue
        stamp, title = known.get(path, (None, ""))
        if stamp != (stat.st_mtime_ns, stat.st_size, stat.st_ino):
            try:
                title = _read_title(root, path, graph)
            except FileNotFoundError:
                continue
            except OSError as error:
                lost[path] = unreadable(error)
                continue
        yield path, stat, title


def _is_page(graph: Graph, path: str) -> bool:
    """Whether the app makes a page of the file."""
    if graph.format == "obsidian":
        return path.endswith(".md")
    return not path.startswith(graph.hidden)


def _read_title(root: Path, path: str, graph: Graph) -> str:
    """The title of a page that the index does not know as it is now. Raises OSError."""
    title = title_from(graph, path)
    if graph.format == "obsidian":
        return name_key(title)
    with (root / path).open("rb") as file:
        text = file.read(_TOP).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return storable(format_of(graph.format).metadata(parse(text, syntax_of(path)), title).name)


def _shared(
    graph: Graph, titles: Iterable[tuple[str, os.stat_result, str]]
) -> dict[str, list[str]]:
    """The titles that more than one file has, each with its paths; all sorted.

    Several links to one file (by device and inode) count once.
    """
    found: dict[str, dict[tuple[int, int], str]] = {}
    for path, stat, title in titles:
        same_title = found.setdefault(_page_of(graph, title), {})
        same_title.setdefault((stat.st_dev, stat.st_ino), path)
    return {
        title: sorted(paths.values()) for title, paths in sorted(found.items()) if len(paths) > 1
    }


def _page_of(graph: Graph, title: str) -> str:
    """The title itself, or the day (ISO) whose journal Logseq opens by it, in whatever folder."""
    if graph.format != "logseq" or len(title) > _LONGEST_DAY or not _THREE_NUMBERS.search(title):
        return title
    for pattern in dict.fromkeys((*_LOGSEQ_DAYS, graph.journal_title_format)):
        if (found := logseq_date(pattern, title)) is not None:
            return str(found)
    return title


def _linked(db: sqlite3.Connection, number: int, vault: Vault, titles: Iterable[str]) -> set[str]:
    """Those of the titles that syncd's notes link: authors, and the days of highlights."""
    wanted = set(titles)
    if not wanted:
        return set()
    documents = account.documents_in(db, number)
    authors = {link_name(name) for document in documents for name in document.author_names}
    linked = wanted.intersection(map(name_key, authors))
    if any(map(_ISO_DAY.fullmatch, wanted)):
        where = zone(vault)
        days = (day(highlight, where) for highlight in account.highlights_in(db, number))
        linked |= wanted.intersection(days)
    return linked


def _message(
    graph: Graph, vault: Vault, title: str, paths: Sequence[str], ours: Sequence[str]
) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    files = f"{vault.path}: {', '.join(paths[:_SHOWN])}{more}"
    into = f" (syncd writes only into {' and '.join(ours)})" if ours else ""
    if graph.format == "logseq":
        reason = f'are one page to Logseq ("{title}"), which shows one of them alone'
        return f"{files} {reason}; merge them by hand{into}"
    link = title_from(graph, paths[0])
    reason = f"have one name, and a link [[{link}]] leads to one of them alone"
    return f"{files} {reason}; merge or rename them by hand{into}"
