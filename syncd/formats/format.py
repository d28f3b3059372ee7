"""The formats that pages are written in, each as a value: what differs between the apps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import NamedTuple

from syncd.formats import logseq, obsidian, org
from syncd.formats.metadata import Metadata
from syncd.model import Document, Highlight
from syncd.page import front_matter
from syncd.page import org as org_pages
from syncd.page.blocks import Page, Property, Syntax
from syncd.page.markdown import MARKDOWN
from syncd.page.rendered import Labels, Rendered

# Raised when an escape is mended: a full run then writes anew what older ones wrote.
_ESCAPES = "escape 2"


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
    document is found; `full_title` the document's title as the properties hold it. `properties` and
    `metadata` read a page. `opening` returns what a new page begins with.

    Templates set the rest: `name` returns a page's name, None for the format's own; `notice` the
    blocks that tell what a run brought, [] for the format's own; `keys` are the properties that
    are written, None for all; `mark` differs between templates, versions of the escape, and where
    texts are plain.
    """

    header: Callable[[Document, str], dict[str, list[str]]]
    highlight: Callable[[Document, Highlight, tzinfo], Rendered]
    alias: Callable[[Document], dict[str, list[str]]]
    full_title: Callable[[Document], str]
    properties: Callable[[Page], dict[str, Property]]
    metadata: Callable[[Page, str], Metadata]
    fence: tuple[str, ...]  # the line before the properties, and the one behind them
    block_ids: bool  # whether a block says which highlight it is
    opening: Callable[[Document, str], Opening]
    name: Callable[[Document], str | None] = lambda _document: None
    notice: Callable[[datetime, Sequence[Came]], list[Piece]] = lambda _moment, _came: []
    labels: Labels = Labels()
    keys: frozenset[str] | None = None
    mark: str = _ESCAPES
    plain: bool = False
    syntax: Syntax = MARKDOWN
    extension: str = ".md"


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
    block_ids=False,
    opening=_opens_with(logseq.header),
)
OBSIDIAN = Format(
    obsidian.header,
    obsidian.highlight,
    obsidian.alias,
    obsidian.full_title,
    front_matter.properties,
    obsidian.metadata,
    ("---", "---"),
    block_ids=True,
    opening=_opens_with(obsidian.header),
)
ORG = Format(
    org.header,
    org.highlight,
    lambda _document: {},
    org.full_title,
    org_pages.drawer,
    logseq.metadata,
    (":PROPERTIES:", ":END:"),
    block_ids=False,
    opening=_opens_with(org.header),
    labels=org.LABELS,
    mark=f"{_ESCAPES} org",
    syntax=org_pages.ORG,
    extension=".org",
)

_PLAIN_HEADER = partial(logseq.header, plain=True)
_PLAIN_LOGSEQ = LOGSEQ._replace(
    header=_PLAIN_HEADER,
    highlight=partial(logseq.highlight, plain=True),
    full_title=partial(logseq.full_title, plain=True),
    opening=_opens_with(_PLAIN_HEADER),
    plain=True,
    mark=f"{_ESCAPES} plain",
)
_PLAIN_OBSIDIAN = OBSIDIAN._replace(
    highlight=partial(obsidian.highlight, plain=True), plain=True, mark=f"{_ESCAPES} plain"
)
_PLAIN_ORG = ORG._replace(
    highlight=partial(org.highlight, plain=True), plain=True, mark=f"{_ESCAPES} org plain"
)


def format_of(name: str, *, org: bool = False, plain: bool = False) -> Format:
    """The format of a vault's new pages (`Graph.format`, `Graph.org`).

    With `plain`, nothing in the account's texts is markup.
    """
    if name == "obsidian":
        return _PLAIN_OBSIDIAN if plain else OBSIDIAN
    if org:
        return _PLAIN_ORG if plain else ORG
    return _PLAIN_LOGSEQ if plain else LOGSEQ


def format_at(path: str, form: Format) -> Format:
    """The format of the page at `path` in a vault whose new pages have the format `form`.

    A graph may hold pages in Markdown and in Org.
    """
    if form.block_ids or path.endswith(".org") == (form.syntax is org_pages.ORG):
        return form
    return format_of("logseq", org=path.endswith(".org"), plain=form.plain)
