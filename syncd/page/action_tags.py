"""Readwise's action tags: marks at a note's start that say something of its highlight. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from syncd.model import Highlight
from syncd.regex import regex

_MARK = regex(r"\.(\S+)(?:\s+|\Z)")
_HEADING = regex(r"h([1-6])", re.IGNORECASE)
_JOINED = regex(r"c\d+", re.IGNORECASE | re.ASCII)


class Shown(NamedTuple):
    """What a page shows of a highlight's note and tags.

    `level` is that of the heading which the highlight is, 1 to 6, else 0.
    """

    level: int
    note: str
    tags: list[str]


def shown_of(item: Highlight) -> Shown:
    """What a page shows of this highlight's note and tags."""
    return read_note(item.note or "", item.tag_names)


def read_note(note: str, tags: Iterable[str]) -> Shown:
    """A note and tags without the marks at the note's start; what follows them stays.

    A mark is a tag (`.word`, where `tags` holds the word), a heading (`.h1` to `.h6`; the first one
    counts), or joins highlights (`.c1`), which Readwise has done. What no page needs is no tag
    either: `h1` and `c1`, where they are marks.
    """
    tags, rest = list(tags), note.lstrip()
    if not rest.startswith("."):
        return Shown(0, note, tags)
    known = {tag.casefold() for tag in tags}
    level, done = 0, set[str]()
    while found := _MARK.match(rest):
        word = found[1].casefold()
        heading = _HEADING.fullmatch(word)
        if heading or _JOINED.fullmatch(word):
            done.add(word)
        elif word not in known:
            break
        level = level or (int(heading[1]) if heading else 0)
        rest = rest[found.end() :]
    if len(rest) == len(note.lstrip()):
        return Shown(0, note, tags)
    return Shown(level, rest, [tag for tag in tags if tag.casefold() not in done])
