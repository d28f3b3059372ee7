"""Reads pages whose highlights are paragraphs: such a highlight becomes a block without a bullet.

Pure.

What stands behind a highlight (its tags, its note, and last all the rest) are its children. What
syncd wrote onto such a page are bullets, and stay blocks like any others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from syncd.adopt.dialects import NOTE_LABELS, TAG_LABELS, Paragraphs
from syncd.page.blocks import Block, Page
from syncd.page.markdown import MARKDOWN
from syncd.regex import regex

_BELOW = " "  # the indent that stands for a child's depth
_OWN_ID = regex(r"(?:^|\s)\^rw-\d{1,18}\s*$", re.ASCII)
_LABELS = (*TAG_LABELS, *NOTE_LABELS)


class _Span(NamedTuple):
    """One highlight's lines: its text is [start:own_end], all of it [start:end]."""

    start: int
    own_end: int
    end: int


def in_paragraphs(page: Page, how: Paragraphs) -> Page:
    """A page in Markdown with its highlights that are paragraphs as blocks."""
    spans = list(_spans(page.lines, how))
    if not spans:
        return page
    inside = {number for span in spans for number in range(span.start, span.end)}
    blocks = [_cut(page, block, inside) for block in page.blocks if block.start not in inside]
    for span in spans:
        blocks.append(Block(span.start, span.own_end, span.own_end, "", bare=True))
        blocks += _children(page.lines, span, how)
    blocks.sort()
    bare = _below_gap if how.gap else _as_it_is
    syntax = MARKDOWN._replace(content=_content, bare=bare)
    return Page(page.lines, blocks, blocks[0].start, syntax)


def _spans(lines: list[str], how: Paragraphs) -> Iterator[_Span]:
    at = next((number for number, line in enumerate(lines, 1) if how.begins.match(line)), None)
    if at is None:
        return
    number = at
    while number < len(lines):
        if _OWN_ID.search(lines[number]):
            number += 1
            while number < len(lines) and lines[number][:1] in " \t":
                number += 1
            at = number
        elif how.ids.search(lines[number]):
            start = at
            while not lines[start].strip():
                start += 1
            at = _end(lines, number + 1, how)
            yield _Span(start, number + 1, at)
            number = at
        else:
            number += 1


def _end(lines: list[str], start: int, how: Paragraphs) -> int:
    """Where the lines that belong to a highlight end whose text ends before `start`."""
    blank = None
    for number in range(start, len(lines)):
        if how.ids.search(lines[number]) or _OWN_ID.search(lines[number]):
            break
        if how.ends.match(lines[number] + "".join(lines[number + 1 : number + 2])):
            return number + 1
        if blank is None and not lines[number].strip():
            blank = number
    return len(lines) if blank is None else blank


def _children(lines: list[str], span: _Span, how: Paragraphs) -> Iterator[Block]:
    """The tags, the note, and what else stands behind a highlight's text."""
    heads = [n for n in range(span.own_end, span.end) if _is_head(lines, n, how)]
    for start, stop in pairwise([*heads, span.end]):
        end = stop
        while end > start and not lines[end - 1].strip():
            end -= 1
        gap = how.gap and start > span.own_end and not lines[start - 1].strip()
        if end > start:
            yield Block(start - gap, end, end, _BELOW, bare=True)


def _is_head(lines: list[str], number: int, how: Paragraphs) -> bool:
    line = lines[number]
    return line.startswith((*_LABELS, "[View ")) or bool(how.gap and how.ends.match(line))


def _cut(page: Page, block: Block, inside: set[int]) -> Block:
    """A block that ends where the first paragraph of a highlight begins."""
    end = next((n for n in range(block.start + 1, block.end) if n in inside), block.end)
    while end > block.start + 1 and not page.lines[end - 1].strip():
        end -= 1
    return block._replace(own_end=min(block.own_end, end), end=end)


def _content(lines: list[str], block: Block) -> list[str]:
    if not block.bare:
        return MARKDOWN.content(lines, block)
    content = [line.rstrip() for line in lines[block.start : block.own_end]]
    return content if content[0] else content[1:]


def _as_it_is(content: list[str], _indent: str) -> list[str]:
    return content


def _below_gap(content: list[str], indent: str) -> list[str]:
    return ["", *content] if indent else content
