"""The lines that tell what came: one a run on the log page, one a day in the journal. Pure.

They are no highlights: they hold links to pages alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syncd.formats.format import Came, Piece
from syncd.page.markdown import Page, bullet
from syncd.page.splice import Edit

_MOST = 50  # links in one line


def log_line(moment: datetime, came: Sequence[Came]) -> str:
    """What a run at `moment` (in the vault's zone) brought.

    How many highlights, and onto which pages.
    """
    highlights = sum(one.highlights for one in came)
    count = f"{highlights} highlight{'s' if highlights != 1 else ''}"
    return f"{moment:%Y-%m-%d %H:%M}: {count} on {_links([one.title for one in came])}"


def journal_line(titles: Sequence[str]) -> str:
    """The pages to which something came on one day."""
    return f"Highlights from Readwise: {_links(titles)}"


def _links(titles: Sequence[str]) -> str:
    links = ", ".join(f"[[{title}]]" for title in titles[:_MOST])
    more = len(titles) - _MOST
    return links if more <= 0 else f"{links} and {more} more"


def add_to_log(page: Page, blocks: Sequence[Piece], mark: str, *, again: bool) -> Edit | None:
    """Put blocks behind all that stands on the page.

    None where the first is there already, unless it came `again`.

    `mark` begins the file's blocks.
    """
    lines = [line for block in blocks for line in _written(block, mark)]
    there = not again and any(text.rstrip() == lines[0] for text in page.lines)
    return None if there or not lines else _append(page, lines)


def _written(block: Piece, mark: str) -> list[str]:
    if mark == "*":
        return [f"{'*' * (block.depth + 1)} {block.lines[0]}", *block.lines[1:]]
    return bullet(block.lines, "\t" * block.depth)


def add_to_journal(
    page: Page, before: list[str], titles: list[str], mark: str
) -> tuple[Edit | None, list[str]]:
    """Link `titles` in our line of the day, which linked the titles `before`.

    Also returns what our line links then.

    A line that is not as we wrote it is its owner's: another one follows behind all that stands on
    the page.
    """
    merged = list(dict.fromkeys([*before, *titles]))
    for links in (merged, titles):
        if _at(page, journal_line(links), mark) is not None:
            return None, links
    at = _at(page, journal_line(before), mark)
    if at is not None:
        return Edit(at, at + 1, [f"{mark} {journal_line(merged)}"]), merged
    return _append(page, [f"{mark} {journal_line(titles)}"]), titles


def _at(page: Page, line: str, mark: str) -> int | None:
    own = f"{mark} {line}"
    return next((number for number, text in enumerate(page.lines) if text.rstrip() == own), None)


def _append(page: Page, lines: list[str]) -> Edit:
    end = len(page.lines)
    while end and not page.lines[end - 1].strip():
        end -= 1
    return Edit(end, end, lines)
