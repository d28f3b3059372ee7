"""A highlight's own note in Obsidian: where its parts stand in the file, and how they change. Pure.

    ---
    highlight: 61631409
    document: "[[Readwise/Tweets/Eulen/Eulen|Eulen]]"
    date: 2024-03-16
    tags:
      - nachts
    location: 4
    ---
    The text. ([View Tweet](https://x.com/i/status/1)) ^rw-61631409

    - **Note**: what the account says of it

All else in it is its owner's. The text's part is the entries `date`, `location`, `color` and
`favorite`, and the lines up to the one that ends with the id; that of the tags is an entry, that of
the note the bullet below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from syncd.page.blocks import Page, Property, digest
from syncd.page.front_matter import entry, front_matter_length, properties
from syncd.page.links import block_id
from syncd.page.rendered import NOTE, Digests, Part, Rendered
from syncd.page.splice import Edit

HIGHLIGHT = "highlight"  # the entry by which a note is found, wherever it is and however called
FENCE = "---"  # between the entries and the lines of a text's part
_OF_TEXT = ("date", "location", "color", "favorite")


@dataclass(frozen=True, eq=False)
class Note:
    """A highlight's own note, and where its parts stand.

    `entries` are those of its front matter, {} where that cannot be read; `top` is how many lines
    that takes. The text stands in `page.lines[top:end]`; `end` is None where it does not end with
    the highlight's id. `bullet` is the block that holds the note, None without one.
    """

    page: Page
    entries: dict[str, Property]
    top: int
    end: int | None
    bullet: int | None

    @property
    def body(self) -> list[str]:
        """The lines of the text; where its end cannot be told, all below the front matter."""
        lines = self.page.lines[self.top : self.end]
        return [line.rstrip() for line in lines]

    @cached_property
    def contents(self) -> dict[Part, list[str]]:
        """The lines of each part, [] for one that it lacks; those of the text as they are made."""
        of_text = [line for key in _OF_TEXT for line in self._entry(key)]
        bullet = None if self.bullet is None else self.page.blocks[self.bullet]
        return {
            "text": [*of_text, FENCE, *self.body],
            "tags": self._entry("tags"),
            "note": self.page.content(bullet) if bullet else [],
        }

    @cached_property
    def digests(self) -> Digests:
        """What stands there of each part."""
        return Digests(*(digest(said) if said else b"" for said in self.contents.values()))

    def edits(self, part: Part, content: Sequence[str]) -> list[Edit] | None:
        """What puts a part as the account has it in its place; None where it has none."""
        if part == "note":
            return self._note_edits(list(content))
        if not self.entries:
            return None
        if part == "tags":
            return self._entry_edits("tags", content)
        return self._text_edits(list(content))

    def _entry(self, key: str) -> list[str]:
        at = self.entries.get(key)
        return [line.rstrip() for line in self.page.lines[at.start : at.end]] if at else []

    def _entry_edits(self, key: str, lines: Sequence[str]) -> list[Edit]:
        """An entry replaced, taken out, or put behind all others."""
        at = self.entries.get(key)
        if at is not None:
            return [Edit(at.start, at.end, list(lines))]
        behind = front_matter_length(self.page.lines) - 1
        return [Edit(behind, behind, list(lines))] if lines else []

    def _text_edits(self, content: list[str]) -> list[Edit] | None:
        if self.end is None:
            return None
        entries, body = split_text(content)
        edits = [Edit(self.top, self.end, body)]
        for key in _OF_TEXT:
            edits += self._entry_edits(key, [one for one in entries if one.startswith(f"{key}:")])
        return edits

    def _note_edits(self, content: list[str]) -> list[Edit] | None:
        lines = self.page.lines
        if self.bullet is not None:
            block = self.page.blocks[self.bullet]
            if content:
                return [Edit(block.start, block.own_end, self.page.written(content, block))]
            if self.page.subtree(self.bullet) > self.bullet + 1:
                return None  # its owner wrote below it
            above = block.start - 1
            is_ours = above == self.end and not lines[above].strip()
            return [Edit(above if is_ours else block.start, block.own_end, [])]
        if not content:
            return []
        if self.end is None:
            return None
        written = ["", *self.page.syntax.bullet(content, "")]
        follows = self.end < len(lines) and bool(lines[self.end].strip())
        return [Edit(self.end, self.end, [*written, ""] if follows else written)]


def read_note(page: Page, highlight: int) -> Note:
    """The parts of this highlight in its own note."""
    lines, entries = page.lines, properties(page)
    top = front_matter_length(lines)
    while top < len(lines) and not lines[top].strip():
        top += 1
    ends = (at + 1 for at in range(top, len(lines)) if block_id(lines[at].rstrip()) == highlight)
    end = next(ends, None)
    bullets = (
        at
        for at, block in enumerate(page.blocks)
        if block.start >= (end or top)
        and not block.indent
        and page.content(block)[0].startswith(NOTE)
    )
    return Note(page, entries, top, end, next(bullets, None))


def split_text(content: Sequence[str]) -> tuple[list[str], list[str]]:
    """The entries and the lines of a text's part."""
    at = content.index(FENCE)
    return list(content[:at]), list(content[at + 1 :])


def new_note(highlight: int, document: str, rendered: Rendered) -> str:
    """The file of a note that is made; `document` is a link to its document's."""
    entries, body = split_text(rendered.text)
    dated = [one for one in entries if one.startswith("date:")]
    located = [one for one in entries if one not in dated]
    lines = [FENCE, f"{HIGHLIGHT}: {highlight}", *entry("document", document)]
    lines += [*dated, *(rendered.tags or []), *located, FENCE, *body]
    if rendered.note:
        first, *more = rendered.note
        lines += ["", f"- {first}", *(f"  {line}" for line in more)]
    return "\n".join(lines)
