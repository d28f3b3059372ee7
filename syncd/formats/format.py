"""The formats that pages are written in, each as a value: what differs between the apps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import cache, partial
from typing import Any, NamedTuple

from syncd.formats import logseq, obsidian, obsidian_note, org
from syncd.formats.metadata import Metadata
from syncd.formats.style import USUAL, Style
from syncd.model import Document, Highlight
from syncd.page import org as org_pages
from syncd.page.blocks import Page, Property, Syntax
from syncd.page.markdown import MARKDOWN
from syncd.page.rendered import Labels, Rendered

# Raised when the same highlight is written otherwise, as where an escape was mended: a full run
# then writes anew what an older syncd wrote and nobody touched.
RENDERING = 2


class Piece(NamedTuple):
    """One block to be written: its depth, from 0, and its lines without bullet and indent."""

    depth: int
    lines: list[str]


class Opening(NamedTuple):
    """What a new page begins with: each property's lines by key, and other lines.

    `indent` is that of the page's highlights.
    """

    header: dict[str, list[str]]
    lines: Sequence[str] = ()
    indent: str = ""


class Came(NamedTuple):
    """What a run brought onto one page: its title, its document's author, how many highlights."""

    title: str
    author: str
    highlights: int


class Format(NamedTuple):
    """How one app's pages are written and read.

    `header` returns each property's lines by key, for a document and its page's title; `highlight`
    a highlight's block, with dates in a time zone; `alias` the property by which a retitled
    document is found; `full_title` the document's title as the properties hold it; `companions` the
    properties that go with whatever else is written, for the highlights that stand on the page;
    `callouts` what stands below the properties. `properties` and `metadata` read a page, callouts
    as properties. `opening` returns what a new page begins with, `said` what `metadata` finds
    there, None where that is to be read.

    Templates set the rest: `name` returns a page's name, None for the format's own; `notice` the
    blocks that tell what a run brought, [] for the format's own; `keys` are the properties that
    are written, None for all; `mark` differs between templates and looks; `may_fail`: whether
    `highlight` may raise DocumentError. With `notes` each highlight has a file of its own, and the
    page lists these (`notes_of`).
    """

    header: Callable[[Document, str], dict[str, list[str]]]
    highlight: Callable[[Document, Highlight, tzinfo], Rendered]
    alias: Callable[[Document], dict[str, list[str]]]
    full_title: Callable[[Document], str]
    properties: Callable[[Page], dict[str, Property]]
    metadata: Callable[[Page, str], Metadata]
    fence: tuple[str, ...]  # the line before the properties, and the one behind them
    companions: Callable[[Document, Sequence[Highlight], tzinfo], dict[str, list[str]]]
    block_ids: bool  # whether a block says which highlight it is
    opening: Callable[[Document, str], Opening]
    callouts: Callable[[Document], dict[str, list[str]]] = lambda _document: {}
    said: Callable[[Document, str], Metadata] | None = None
    name: Callable[[Document], str | None] = lambda _document: None
    notice: Callable[[datetime, Sequence[Came]], list[Piece]] = lambda _moment, _came: []
    labels: Labels = Labels()
    keys: frozenset[str] | None = None
    mark: str = ""
    style: Style = USUAL
    syntax: Syntax = MARKDOWN
    extension: str = ".md"
    notes: bool = False
    may_fail: bool = False


def _opens_with(
    header: Callable[[Document, str], dict[str, list[str]]],
) -> Callable[[Document, str], Opening]:
    return lambda document, title: Opening(header(document, title))


LOGSEQ = Format(
    logseq.header,
    logseq.highlight,
    lambda _document: {},
    logseq.full_title,
    Page.properties,
    logseq.metadata,
    (),
    logseq.companions,
    block_ids=False,
    opening=_opens_with(logseq.header),
    said=logseq.said,
)
OBSIDIAN = Format(
    obsidian.header,
    obsidian.highlight,
    obsidian.alias,
    obsidian.full_title,
    obsidian.properties,
    obsidian.metadata,
    ("---", "---"),
    obsidian.companions,
    block_ids=True,
    opening=_opens_with(obsidian.header),
    callouts=obsidian.callouts,
    said=obsidian.said,
)
ORG = Format(
    org.header,
    org.highlight,
    lambda _document: {},
    org.full_title,
    org_pages.drawer,
    logseq.metadata,
    (":PROPERTIES:", ":END:"),
    org.companions,
    block_ids=False,
    opening=_opens_with(org.header),
    said=org.said,
    labels=org.LABELS,
    mark="org",
    syntax=org_pages.ORG,
    extension=".org",
)

_BASES: dict[str, tuple[Format, Any]] = {
    "logseq": (LOGSEQ, logseq),
    "obsidian": (OBSIDIAN, obsidian),
    "org": (ORG, org),
}


@cache  # by what it is the format of a page is compared
def format_of(name: str, *, org: bool = False, style: Style = USUAL) -> Format:
    """The format of a vault's new pages (`Graph.format`, `Graph.org`) in the style it has."""
    base, room = _BASES["obsidian" if name == "obsidian" else "org" if org else "logseq"]
    if style == USUAL:
        return base
    mark = f"{base.mark} {style.mark}".strip()
    form = base._replace(highlight=partial(room.highlight, style=style), style=style, mark=mark)
    if base is OBSIDIAN:
        return form
    header = partial(room.header, style=style)
    return form._replace(
        header=header,
        full_title=partial(room.full_title, style=style),
        companions=partial(room.companions, style=style),
        opening=_opens_with(header),
        said=partial(room.said, style=style),
    )


@cache  # by what it is the format of a page is compared
def notes_of(form: Format) -> Format:
    """How documents are written, beside such pages, of which each highlight has its own note."""
    page = format_of("obsidian", style=form.style)
    parts = partial(obsidian_note.highlight, style=form.style)
    return page._replace(highlight=parts, notes=True)


def format_at(path: str, form: Format) -> Format:
    """The format of the page at `path` in a vault whose new pages have the format `form`.

    A graph may hold pages in Markdown and in Org.
    """
    if form.block_ids or path.endswith(".org") == (form.syntax is org_pages.ORG):
        return form
    return format_of("logseq", org=path.endswith(".org"), style=form.style)
