"""Pages that share a title.

The app shows one of them alone, or a link leads to one of them alone.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from syncd.config.settings import Vault, zone
from syncd.errors import SyncdError
from syncd.formats.obsidian import link_name
from syncd.formats.origin import day
from syncd.page.names import name_key
from syncd.state import account, homes, index, vaults
from syncd.vault.graph import Graph
from syncd.vault.namesakes import namesakes
from syncd.vault.page_names import own_page, title_from

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN = 5


def shared_titles(
    db: sqlite3.Connection | None,
    vault: Vault,
    graph: Graph,
    files: Iterable[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> Iterator[SyncdError]:
    """Each title that several of the vault's `files` (walk) have.

    In Obsidian only where syncd has to do with it.

    `db` is the state, None before the first run. Files that cannot be read go into `lost`, with the
    reason.
    """
    number = vaults.find_vault(db, vault.name) if db is not None else None
    known = index.names(db, number) if db is not None and number is not None else {}
    found = namesakes(known, vault.path, graph, files, lost)
    if not found:
        return
    ours = homes.paths(db, number) if db is not None and number is not None else set()
    if vault.log_page:
        ours.add(own_page(graph, vault.namespace, vault.log_page).path)
    if graph.format == "obsidian":
        kept = {name for name, paths in found.items() if ours.intersection(paths)}
        if db is not None and number is not None:
            kept |= _linked(db, number, vault, found.keys() - kept)
        found = {name: paths for name, paths in found.items() if name in kept}
    for name, paths in found.items():
        yield SyncdError(_message(graph, vault, name, paths, sorted(ours.intersection(paths))))


def _linked(db: sqlite3.Connection, number: int, vault: Vault, names: Iterable[str]) -> set[str]:
    """Those of the names that syncd's notes link: authors, and the days of highlights."""
    wanted = set(names)
    if not wanted:
        return set()
    authors = {
        link_name(name) for one in account.documents_in(db, number) for name in one.author_names
    }
    linked = wanted.intersection(map(name_key, authors))
    if any(map(_DAY.fullmatch, wanted)):
        where = zone(vault)
        linked |= wanted.intersection(
            day(item, where) for item in account.highlights_in(db, number)
        )
    return linked


def _message(
    graph: Graph, vault: Vault, name: str, paths: Sequence[str], ours: Sequence[str]
) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    files = f"{vault.path}: {', '.join(paths[:_SHOWN])}{more}"
    into = f" (syncd writes only into {' and '.join(ours)})" if ours else ""
    if graph.format == "logseq":
        return f'{files} are one page to Logseq ("{name}"), which shows one of them alone; merge them by hand{into}'
    reason = (
        f"have one name, and a link [[{title_from(graph, paths[0])}]] leads to one of them alone"
    )
    return f"{files} {reason}; merge or rename them by hand{into}"
