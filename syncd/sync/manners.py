"""In which programs' manners a vault's pages are written: for `check` and `init`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from syncd.adopt.dialects import Dialect, dialect_of
from syncd.errors import DocumentError
from syncd.progress import Progress, silent
from syncd.vault.graph import Graph
from syncd.vault.read import PageChanged, read_page
from syncd.vault.scan import walk

TEMPLATE = "readwise-default"  # what `template` is called where it is Readwise's own


class Manner(NamedTuple):
    """A program's manner, and how many of a vault's pages are written in it."""

    dialect: Dialect
    pages: int

    def __str__(self) -> str:
        """In one line."""
        pages = "1 page is" if self.pages == 1 else f"{self.pages} pages are"
        return f"{pages} written as {self.dialect.program} does it, with {self.dialect.template}"


def manners_of(root: Path, graph: Graph, progress: Progress = silent) -> list[Manner]:
    """The manners of other programs in a vault, that of most pages first.

    What cannot be read counts for none, nor what looks as syncd itself writes it.
    """
    counts: Counter[Dialect] = Counter()
    for number, (path, _) in enumerate(walk(root, {}, graph.hidden), 1):
        progress("looking who wrote them", number, None)
        try:
            data, _ = read_page(root / path)
        except (OSError, DocumentError, PageChanged):
            continue
        dialect = dialect_of(data.decode("utf-8", "replace"))
        if dialect is not None and not dialect.is_ours:
            counts[dialect] += 1
    return [Manner(dialect, pages) for dialect, pages in counts.most_common()]


def fitting_template(manners: list[Manner]) -> str:
    """The template that new pages need to look like most of the others; "" for syncd's own."""
    return TEMPLATE if manners and manners[0].dialect.stock else ""
