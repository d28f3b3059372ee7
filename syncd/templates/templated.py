"""The format of pages that templates make: any of Readwise's five export templates. Pure.

Where there is no template for a part of a page, the built-in format makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from hashlib import blake2b
from typing import NamedTuple

from msgspec import structs

from syncd.errors import ConfigError, DocumentError
from syncd.formats.format import Came, Format, Opening, Piece
from syncd.model import Document, Highlight, Tag
from syncd.page.action_tags import shown_of
from syncd.page.rendered import NOTE, TAGS, Labels, Rendered
from syncd.templates import values
from syncd.templates.opening import logseq_opening, obsidian_opening
from syncd.templates.outline import (
    Layout,
    UnfitError,
    compose,
    is_inline,
    layout_of,
    logseq_pieces,
    obsidian_pieces,
)
from syncd.templates.sandbox import Script, TemplateFaultError
from syncd.templates.values import NAME, NOTHING, Clock

NAMES = (
    *("page_title", "page_metadata", "highlights_header", "highlight", "heading"),
    "sync_notification",
)


class Source(NamedTuple):
    """One template: the name of its file in messages, and its text."""

    name: str
    text: str


class _Templates:
    """The checked templates of a vault, and what has been learned of them."""

    def __init__(self, base: Format, sources: Mapping[str, Source], clock: Clock) -> None:
        self.base, self.sources, self.clock = base, sources, clock
        self.obsidian = base.block_ids
        self.words = values.words_of(base)
        self.pieces: Callable[[str], list[Piece]] = (
            obsidian_pieces if self.obsidian else logseq_pieces
        )
        self.scripts = {name: self._script(source) for name, source in sources.items()}
        self.layout, self.inline = Layout(), (False, False)
        self.changing: set[str] = set()  # properties that say when the run was

    def _script(self, source: Source) -> Script:
        try:
            return Script(source.text, NOTHING)
        except TemplateFaultError as fault:
            raise ConfigError(f"{source.name}:{fault.line}: {fault.reason}") from None

    def render(self, name: str, given: Mapping[str, object]) -> str:
        """What a template makes of values; "" where there is no such template.

        Raises DocumentError with the file and line.
        """
        if name not in self.scripts:
            return ""
        try:
            return self.scripts[name].render(given)
        except TemplateFaultError as fault:
            message = f"{self.sources[name].name}:{fault.line}: {fault.reason}"
            raise DocumentError(message, code="template") from None

    # --- what a format offers ---------------------------------------------------------------------

    def name(self, document: Document) -> str | None:
        """The page's name on one line, slashes between its levels; None for the format's own.

        A note in Obsidian is always named by its document's title.
        """
        if self.obsidian:
            return None
        given = values.document_values(document, NAME, self.clock)
        return " ".join(self.render("page_title", given).split()) or None

    def opening(self, document: Document, title: str) -> Opening:
        """What a new page begins with."""
        given = values.document_values(document, self.words, self.clock)
        metadata = self.render("page_metadata", given)
        head = self.render("highlights_header", given)
        own = None if "page_metadata" in self.scripts else self.base.header(document, title)
        if self.obsidian:
            heading = self.render("page_title", given)
            return obsidian_opening(own, metadata, heading, head)
        return logseq_opening(own, title, metadata, head)

    def header(self, document: Document, title: str) -> dict[str, list[str]]:
        """The properties, without those that would change with each run."""
        found = self.opening(document, title).header
        return {key: lines for key, lines in found.items() if key not in self.changing}

    def highlight(self, document: Document, item: Highlight, zone: tzinfo) -> Rendered:
        """The block of one highlight. Raises DocumentError where the template fails on it."""
        level = shown_of(item).level
        name = "heading" if level and "heading" in self.scripts else "highlight"
        if name not in self.scripts:
            return self.base.highlight(document, item, zone)
        given = values.highlight_values(document, item, self.words, self.clock, self.inline)
        if level and name == "highlight" and not self.inline[0]:
            given["highlight_text"] = f"{given['highlight_heading']} {given['highlight_text']}"
        try:
            holds = {"tags": bool(given["highlight_tags"]), "note": bool(given["highlight_note"])}
            return compose(self.pieces(self.render(name, given)), self.layout, holds)
        except UnfitError as error:
            source = self.sources[name]
            message = (
                f"{source.name}:{_line_of(source.text, error.line)}: highlight {item.id} {error}"
            )
            raise DocumentError(message, code="template") from None

    def notice(self, moment: datetime, came: Sequence[Came]) -> list[Piece]:
        """The blocks that tell what a run at `moment` brought; [] where no template makes them."""
        clock = self.clock._replace(now=moment)
        return self.pieces(
            self.render("sync_notification", values.run_values(came, self.words, clock))
        )


def templated(
    base: Format,
    sources: Mapping[str, Source],
    when: datetime,
    zone: tzinfo,
    show: Callable[..., str],
) -> Format:
    """The format of a vault with these templates, by their names (of `NAMES`), for a run at `when`.

    `show` writes a day where a template does not say how. Every template is tried on invented
    documents first. Raises ConfigError with the file, the line and the fault.
    """
    made = _Templates(base, sources, Clock(when, zone, show))
    later = _Templates(base, sources, Clock(when + _MUCH_LATER, zone, show))
    try:
        labels = _learn_layout(made)
        for document in (_DOCUMENT, _BARE):
            made.changing |= _changing(made, later, document)
            made.name(document)
        keys = frozenset(made.header(_DOCUMENT, "T")) | frozenset(made.header(_BARE, "T"))
        made.notice(when, [Came("T", "A", 2)])
    except DocumentError as error:
        raise ConfigError(error.message) from None
    marking = [name for name in NAMES if name in sources and name != "heading"]
    texts = [f"{name}\0{sources[name].text}" for name in marking]
    mark = blake2b("\0".join([base.mark, *texts]).encode(), digest_size=8).hexdigest()
    return base._replace(
        header=made.header,
        highlight=made.highlight,
        alias=base.alias if "page_metadata" not in sources else lambda _document: {},
        opening=made.opening,
        said=None,
        companions=(lambda *_: {}) if "page_metadata" in sources else base.companions,
        callouts=(lambda _: {}) if "page_metadata" in sources else base.callouts,
        name=made.name,
        notice=made.notice,
        labels=labels,
        keys=keys if "page_metadata" in sources else None,
        mark=mark,
        may_fail=True,
    )


# --- what is learned from a template before it is used --------------------------------------------

_ITEM = Highlight(
    100200300,
    text="syncdtext",
    note="syncdnote",
    url="https://twitter.com/syncd/status/20",
    color="yellow",
    highlighted_at="2024-02-29T10:00:00Z",
    tags=(Tag("syncdtag"), Tag("syncdother")),
)
_OTHER = structs.replace(_ITEM, text="another", url="https://twitter.com/syncd/status/21")
_HEADING = structs.replace(_ITEM, note=".h1 syncdnote")
_NO_NOTE = Highlight(
    100200301, text="syncdtext", location=117, location_type="page", tags=_ITEM.tags
)
_NO_TAGS = Highlight(100200302, text="syncdtext", note="syncdnote", location=3)
_EMPTY = Highlight(100200303)
_DOCUMENT = Document(
    id=1,
    title="syncdtitle",
    author="@syncd on Twitter",
    category="tweets",
    source="twitter",
    source_url=_ITEM.url,
    cover_image_url="https://example.org/syncd.jpg",
    document_note="syncddocumentnote",
    summary="syncdsummary",
    readwise_url="https://readwise.io/bookreview/1",
    tags=(Tag("syncddocumenttag"),),
    highlights=(_ITEM,),
)
_BARE = Document(id=2)
_MUCH_LATER = timedelta(days=777, hours=5, minutes=7)  # so that every part of a date differs


def _changing(made: _Templates, later: _Templates, document: Document) -> set[str]:
    """The properties that a later run would write otherwise."""
    now, then = made.opening(document, "T").header, later.opening(document, "T").header
    return {key for key in now if now[key] != then.get(key)}


def _learn_layout(made: _Templates) -> Labels:
    """Try the highlight's template on invented highlights, and find what its children begin with.

    Raises DocumentError.
    """
    name = next((one for one in ("highlight", "heading") if one in made.scripts), None)
    if name is None:
        return Labels()
    given = values.highlight_values(_DOCUMENT, _ITEM, made.words, made.clock, (False, False))
    other = values.highlight_values(_DOCUMENT, _OTHER, made.words, made.clock, (False, False))
    pieces = made.pieces(made.render(name, given))
    if pieces == made.pieces(made.render(name, other)):
        fault = "shows neither highlight_text nor highlight_location_url; use one of them"
        raise DocumentError(f"{made.sources[name].name}:1: {fault}")
    made.layout = layout_of(pieces, "syncdtag", "syncdnote", "syncdtext")
    made.inline = is_inline(pieces, "syncdtext"), is_inline(pieces, "syncdnote")
    for document in (_DOCUMENT, _BARE):
        for item in (_ITEM, _HEADING, _NO_NOTE, _NO_TAGS, _EMPTY):
            made.highlight(document, item, made.clock.zone)
    tags, note = made.layout
    return Labels(_known(tags, TAGS), _known(note, NOTE))


def _known(label: str | None, builtin: str) -> tuple[str, ...]:
    return (label, builtin) if label and label != builtin else (builtin,)


def _line_of(source: str, words: str) -> int:
    """The line of a template, from 1, that begins most like a line of its output."""

    def alike(line: str) -> int:
        text = line.strip()
        return next(
            (at for at, (one, other) in enumerate(zip(text, words, strict=False)) if one != other),
            len(text),
        )

    lines = source.split("\n")
    return max(range(len(lines)), key=lambda at: (alike(lines[at]), -at)) + 1
