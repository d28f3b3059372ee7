"""The lines that tell what came: one a run on the log page, one a day in the journal. Pure.

They are blocks of one line, and no highlights: they hold links to pages alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syncd.render.splice import Edit
from syncd.vault.parse import Page

_MOST = 50  # links in one line


def log_line(moment: datetime, highlights: int, titles: Sequence[str]) -> str:
    """What a run at `moment` (in the vault's zone) brought: how many highlights, and onto which pages."""
    count = f"{highlights} highlight{'s' if highlights != 1 else ''}"
    return f"{moment:%Y-%m-%d %H:%M}: {count} on {_links(titles)}"


def journal_line(titles: Sequence[str]) -> str:
    """The pages to which something came on one day."""
    return f"Highlights from Readwise: {_links(titles)}"


def _links(titles: Sequence[str]) -> str:
    links = ", ".join(f"[[{title}]]" for title in titles[:_MOST])
    more = len(titles) - _MOST
    return links if more <= 0 else f"{links} and {more} more"


def add_to_log(page: Page, line: str, mark: str, *, again: bool) -> Edit | None:
    """Put a line behind all that stands on the page; None where it is there already, unless it came `again`.

    `mark` begins the file's blocks.
    """
    return None if not again and _at(page, line, mark) is not None else _append(page, line, mark)


def add_to_journal(page: Page, before: list[str], titles: list[str], mark: str) -> tuple[Edit | None, list[str]]:
    """Link `titles` in our line of the day, which linked the titles `before`; also returns what our line links then.

    A line that is not as we wrote it is its owner's: another one follows behind all that stands on the page.
    """
    merged = list(dict.fromkeys([*before, *titles]))
    for links in (merged, titles):
        if _at(page, journal_line(links), mark) is not None:
            return None, links
    at = _at(page, journal_line(before), mark)
    if at is not None:
        return Edit(at, at + 1, [f"{mark} {journal_line(merged)}"]), merged
    return _append(page, journal_line(titles), mark), titles


def _at(page: Page, line: str, mark: str) -> int | None:
    own = f"{mark} {line}"
    return next((number for number, text in enumerate(page.lines) if text.rstrip() == own), None)


def _append(page: Page, line: str, mark: str) -> Edit:
    end = len(page.lines)
    while end and not page.lines[end - 1].strip():
        end -= 1
    return Edit(end, end, [f"{mark} {line}"])
