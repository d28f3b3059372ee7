"""Texts of a document that stand below a note's front matter, each as a callout. Pure.

A callout is a quote: no line of it begins a block or ends it, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncd.page.blocks import Page, Property
from syncd.page.front_matter import front_matter_length

# Their keys among a page's properties, which no property can have, and how each begins
CALLOUTS = {"> Summary": "> [!abstract] Summary", "> Note": "> [!note] Note"}


def callout(key: str, lines: Sequence[str]) -> list[str]:
    """The whole lines of a callout that says these."""
    return [CALLOUTS[key], *(f"> {line}".rstrip() for line in lines)]


def callouts(page: Page) -> dict[str, Property]:
    """The callouts above a note's first block, by their keys."""
    return dict(_callouts(page))


def _callouts(page: Page) -> Iterator[tuple[str, Property]]:
    number = front_matter_length(page.lines)
    while number < page.first:
        start, head = number, page.lines[number].rstrip()
        number += 1
        if not head.startswith(">"):
            continue
        while number < page.first and page.lines[number].startswith(">"):
            number += 1
        for key, begins in CALLOUTS.items():
            if head.replace("]-", "]").replace("]+", "]") == begins:  # folded by its owner
                yield key, Property(start, number, None)
