"""Files of a vault that the app takes for one page (Logseq), or that one link means (Obsidian)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from syncd.formats.format import format_of
from syncd.page.blocks import parse
from syncd.page.dates import logseq_date
from syncd.page.names import is_conflict_copy, name_key
from syncd.page.org import syntax_of
from syncd.vault.graph import Graph
from syncd.vault.page_names import title_from
from syncd.vault.scan import storable, unreadable

_DAYS = (
    "yyyy_MM_dd",
    "MMM do, yyyy",
    "yyyy-MM-dd",
)  # patterns that Logseq knows besides the graph's own
_LONGEST_DAY = 40
_TOP = 65536  # bytes in which a page's properties stand
_NUMBERS = re.compile(r"\d\D*\d\D*\d")


def namesakes(
    known: Mapping[str, tuple[tuple[int, int, int], str]],
    root: Path,
    graph: Graph,
    files: Iterable[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> dict[str, list[str]]:
    """The names (name_key) that more than one of the vault's `files` (walk) has, with their paths.

    What stands in the index (index.names) as it is on the disk is not read. Files that cannot be
    read go into `lost`, with the reason. Left out are conflict copies, what Logseq hides, and
    further links to one file.
    """
    found: dict[str, dict[tuple[int, int], str]] = {}
    for path, stat in files:
        if is_conflict_copy(path.rpartition("/")[2]) or _is_foreign(graph, path):
            continue
        seen, name = known.get(path, (None, ""))
        if seen != (stat.st_mtime_ns, stat.st_size, stat.st_ino):
            try:
                name = _name(root, path, graph)
            except FileNotFoundError:
                continue
            except OSError as error:
                lost[path] = unreadable(error)
                continue
        found.setdefault(_page(graph, name), {}).setdefault((stat.st_dev, stat.st_ino), path)
    return {name: sorted(paths.values()) for name, paths in sorted(found.items()) if len(paths) > 1}


def _is_foreign(graph: Graph, path: str) -> bool:
    """Whether the app makes no page of the file."""
    return not path.endswith(".md") if graph.format == "obsidian" else path.startswith(graph.hidden)


def _name(root: Path, path: str, graph: Graph) -> str:
    """The name of a page that the index does not know, or not as it is. Raises OSError."""
    title = title_from(graph, path)
    if graph.format == "obsidian":
        return name_key(title)
    with (root / path).open("rb") as file:
        text = file.read(_TOP).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return storable(format_of(graph.format).metadata(parse(text, syntax_of(path)), title).name)


def _page(graph: Graph, name: str) -> str:
    """What a name means.

    In Logseq a day's journal where it says a day, in whichever folder the file is.

    The patterns are those by which Logseq 0.10 finds that a page is a journal's.
    """
    if graph.format == "logseq" and len(name) <= _LONGEST_DAY and _NUMBERS.search(name):
        for pattern in dict.fromkeys((*_DAYS, graph.journal_title_format)):
            if (day := logseq_date(pattern, name)) is not None:
                return str(day)
    return name
