"""What a block says, however a program wrote it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from syncd.adopt.dialects import BLOCK
from syncd.formats.html import from_html
from syncd.regex import regex

LIST = regex(r"^[ \t]*(?:[-*+•]|\d+[.)])\s", re.MULTILINE)
_ESCAPE = regex(r"\\(?=[!-/:-@\[-`{-~])")
_UNSEEN = regex(r"[\u200b\ufeff]")
_PROPERTY = regex(r"(?:heading|color|favorite):: [\w-]+")
_HEADING = regex(r"#{1,6} ")
_HANDLE = regex(r"\[(@\w+)\]\(https?://(?:www\.)?(?:twitter|x)\.com/\w+/?\)")


def plain(text: str) -> str:
    """A text without the ways to write it: HTML, escapes, composed letters, white space."""
    said = _UNSEEN.sub("", _ESCAPE.sub("", _HANDLE.sub(r"\1", from_html(text))))
    return " ".join(normalize("NFC", said).split())


def before_list(text: str) -> str:
    """What stands before the first list line of a text, which may begin with one; "" without one.

    Of some blocks that Readwise's plugins wrote nothing else is left.
    """
    first = LIST.search(text, text.find("\n") + 1 or len(text))
    return text[: first.start()] if first else ""


def said_in(content: Sequence[str]) -> str:
    """The plain text of the highlight that a block of this content is."""
    whole = BLOCK.fullmatch("\n".join(line for line in content if not _PROPERTY.fullmatch(line)))
    return plain(whole["text"]) if whole else ""


def without_heading(said: str) -> str:
    """A plain text without the marks that make a heading of it."""
    return _HEADING.sub("", said)
