"""A highlight as a note of its own in Obsidian: the parts as they stand in its file. Pure."""

from __future__ import annotations

import re
from datetime import tzinfo
from unicodedata import category

from syncd.formats.escape import clean, from_html
from syncd.formats.heading import heading, one_line
from syncd.formats.obsidian import own_link, tags, with_tail
from syncd.formats.obsidian_escape import obsidian_lines
from syncd.formats.origin import day
from syncd.formats.style import USUAL, Style, block_properties
from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.front_matter import entry
from syncd.page.note import FENCE
from syncd.page.rendered import NOTE, Rendered
from syncd.regex import regex

_MARKUP = regex(r"!?\[([^\[\]]*)\]\([^()\s]*\)|https?://\S+|[*_`~#>|^]+|^[-+]\s", re.MULTILINE)
_LENGTH = 50  # code points of a text that name its note
_ENDS = " .,;:…。，、；："
_JOINS = "\u200d"


def highlight(document: Document, item: Highlight, zone: tzinfo, style: Style = USUAL) -> Rendered:
    """The parts of a highlight's own note (`page/note.py`); the id is the last mark of its text.

    `date`, `location` and the properties of its owner's choice have no part of their own: they are
    the text's. A chapter's heading is one in its note.
    """
    shown, said, date = shown_of(item), item.text or "", day(item, zone)
    entries = [f"date: {date}"] if date else []
    if item.location is not None:
        number = item.location
        entries.append(f"location: {int(number) if number == int(number) else number}")
    entries += [one.replace("::", ":", 1) for one in block_properties(item, style)]
    link = own_link(document, item)
    tail = " ".join(filter(None, (link, f"^rw-{item.id}")))
    if shown.level:
        words = obsidian_lines(one_line(said), inline=True, plain=style.plain)
        body = with_tail([heading(words, shown.level)], tail)
    else:
        body = with_tail(obsidian_lines(said, plain=style.plain), tail)
    names = tags(shown.tags)
    note = obsidian_lines(shown.note, inline=True, plain=style.plain)
    return Rendered(
        [*entries, FENCE, *body],
        entry("tags", names) if names else None,
        [f"{NOTE} {note[0]}", *note[1:]] if any(note) else None,
    )


def first_words(item: Highlight) -> str:
    """What the note of a highlight is called: the first words of its text; "" where it has none."""
    text = _MARKUP.sub(r" \1 ", from_html(clean(item.text or "")))
    words = " ".join(text.split())
    if len(words) > _LENGTH:
        head, blank, _ = words[: _LENGTH + 1].rpartition(" ")
        words = head if blank else _whole(words, _LENGTH)
    return words.rstrip(_ENDS)


def _whole(text: str, length: int) -> str:
    """The beginning of a text of about this length that ends with a whole character."""
    while length > 1 and (
        category(text[length])[0] == "M" or _JOINS in text[length - 1 : length + 1]
    ):
        length -= 1
    return text[:length]
