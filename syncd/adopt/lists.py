"""Puts blocks together again that are the lines of a list in one highlight's text. Pure.

Programs write such lines with a bullet, two blanks deeper than the highlight's own; the apps take
them for blocks below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from syncd.adopt.dialects import NOTE_LABELS, TAG_LABELS
from syncd.adopt.words import plain, said_in
from syncd.page.blocks import Block, Page, digest
from syncd.regex import regex

_ITEM = regex(r"^[ \t]*-[ \t]", re.MULTILINE)
_MOST = 50  # lines of a list
_LABELS = (*TAG_LABELS, *NOTE_LABELS)


def with_whole_lists(page: Page, texts: Iterable[str], digests: Collection[bytes]) -> Page:
    """A page on which each highlight whose text has a list is one block.

    That is, where its lines together say one of the `texts`, or what was seen there: their digest
    is one of `digests`. What its owner changed stays as it is.
    """
    wanted: dict[str, set[str]] = {}  # the texts by their first lines
    for text in filter(_ITEM.search, texts):
        wanted.setdefault(plain(text.strip().partition("\n")[0]), set()).add(plain(text))
    if not wanted and not digests:
        return page
    blocks: list[Block] = []
    at = 0
    while at < len(page.blocks):
        block, count = _whole(page, at, wanted, digests)
        blocks.append(block)
        at += count
    return page._replace(blocks=blocks)


def _whole(
    page: Page, at: int, wanted: Mapping[str, Collection[str]], digests: Collection[bytes]
) -> tuple[Block, int]:
    """The block with those below that belong to its text, and how many blocks that is."""
    first = page.blocks[at]
    if at + 1 == len(page.blocks) or len(page.blocks[at + 1].indent) <= len(first.indent):
        return first, 1
    if page.content(page.blocks[at + 1])[0].startswith(_LABELS):
        return first, 1
    said = wanted.get(said_in(page.content(first)[:1]), ())
    for number, block in enumerate(page.blocks[at + 1 : at + _MOST], 2):
        if len(block.indent) <= len(first.indent) or page.content(block)[0].startswith(_LABELS):
            break
        whole = first._replace(own_end=block.own_end, end=block.end)
        content = page.content(whole)
        if digest(content) in digests or (said and said_in(content) in said):
            return whole, number
    return first, 1
