"""Changes to a page's lines, applied so that every other byte of the file stays. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from syncd.page.blocks import Page


class Edit(NamedTuple):
    """Replace `lines[start:end]` by `new`, lines without line ends; start == end inserts."""

    start: int
    end: int
    new: list[str]


def splice(page: Page, edits: Iterable[Edit]) -> str:
    """The page's text with the edits made.

    New lines end as the file's lines do, and its last line keeps or lacks a line end as before.
    Edits must not overlap; those at one place come out in the order given.
    """
    newline, old = page.newline, page.lines
    last = old[-1] if old else ""
    ended = last.endswith("\n")
    if last and not ended:
        old = [*old[:-1], last + newline]
    lines: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        lines += old[done : edit.start]
        lines += [line + newline for line in edit.new]
        done = edit.end
    lines += old[done:]
    if lines and not ended:
        bare = lines[-1][:-1].removesuffix("\r")
        lines[-1] = last if lines[-1] == last + newline else bare  # it may end with a lone `\r`
    return "".join(lines)
