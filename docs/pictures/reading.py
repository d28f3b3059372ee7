"""A page as Logseq or Obsidian shows it: heading, properties, blocks, and links without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from paper import PICTURE, Span

from syncd.formats.format import LOGSEQ, OBSIDIAN
from syncd.page.blocks import parse
from syncd.page.callouts import CALLOUTS
from syncd.page.org import syntax_of

if TYPE_CHECKING:
    from real_pages import Wrote

_INLINE = re.compile(
    r"!\[[^\]]*\]\((?P<picture>[^)\s]+)\)"
    r"|\[(?P<link>[^\]\[]+)\]\([^)\s]+\)"
    r"|\[\[https?:[^\]]+\]\[(?P<org_link>[^\]]+)\]\]"
    r"|\[\[(?P<org_picture>https?:[^\]]+\.jpg)\]\]"
    r"|(?P<tag>#(?:\[\[[^\]]+\]\]|\w[\w-]*))"
    r"|\[\[(?P<page>[^\]]+)\]\]"
    r"|(?P<address>https?://\S+)"
    r"|(?P<stars>\*{1,2})(?P<bold>\w[^*]*)(?P=stars)"
    r"|\^(?P<id>rw-\d+)$"
    r"|\\(?P<plain>[^\w\s])"
)


class Item(NamedTuple):
    """A block as it is shown: how deep it stands, and its text."""

    depth: int
    text: str


class Note(NamedTuple):
    """A page as `app` shows it: its heading, its properties, its callouts' lines, its blocks."""

    app: str
    title: str
    properties: dict[str, str | list[str]]
    callouts: list[list[str]]
    items: list[Item]

    def spans(self, text: str) -> Iterator[Span]:
        """A line's text with its links, tags and pages as this app shows them."""
        end = 0
        for found in _INLINE.finditer(text):
            yield Span(text[end : found.start()])
            yield from _shown(found, brackets=self.app == "logseq")
            end = found.end()
        yield Span(text[end:])


def note_of(page: Wrote) -> Note:
    """The page as its app shows it; the heading is in Obsidian the file's name, else `title`."""
    parsed = parse(page.text, syntax_of(page.path))
    app = "obsidian" if page.text.startswith("---") else "logseq"
    found = {"obsidian": OBSIDIAN, "logseq": LOGSEQ}[app].properties(parsed)
    above = [parsed.lines[one.start : one.end] for key, one in found.items() if key in CALLOUTS]
    callouts = [[line.removeprefix(">").strip() for line in lines] for lines in above]
    properties = {key: one.value or "" for key, one in found.items() if key not in CALLOUTS}
    title = PurePosixPath(page.path).stem if app == "obsidian" else str(properties.pop("title"))
    items = [Item(len(block.indent), "\n".join(parsed.content(block))) for block in parsed.blocks]
    return Note(app, title, properties, callouts, items)


def _shown(found: re.Match[str], *, brackets: bool) -> Iterator[Span]:
    """What the app shows in place of a mark; with `brackets` those around pages' names stay."""
    kind = found.lastgroup or ""
    said = found[kind]
    if kind.endswith("picture"):
        yield Span(PICTURE, PICTURE)
    elif kind == "tag":
        yield Span(re.sub(r"[\[\]]", "", said), "tag")
    elif kind == "page" and brackets:
        yield from (Span("[[", "dim"), Span(said, "link"), Span("]]", "dim"))
    elif kind == "id":
        yield Span(f"^{said}", "id")
    elif kind in ("plain", "bold"):
        yield Span(said, "text" if kind == "plain" else "bold")
    else:
        yield Span(said, "link")
