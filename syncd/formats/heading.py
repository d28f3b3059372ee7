"""A highlight that is a chapter's heading, as Markdown has it. Pure."""

from __future__ import annotations

from syncd.regex import regex

_AS_ID = regex(r"\Aid(?=\d)")  # `### id123` is how another program says which highlight follows


def one_line(text: str) -> str:
    """A heading's text: it has one line."""
    return " ".join(text.split())


def heading(lines: list[str], level: int) -> str:
    """A heading of this level, of text that is escaped already."""
    words = _AS_ID.sub("\u200b\\g<0>", one_line(" ".join(lines)))
    return f"{'#' * level} {words}"
