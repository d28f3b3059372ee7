"""Pages in Org, read as Logseq's parser (mldoc) reads them.

A block is a headline, as deep as it has stars, and all lines up to the next one; `#+BEGIN_…` and
code fences hide headlines. A block's lines stand at the margin. What Logseq adds to a block by
itself stands in a drawer below its first line; a block's content has it as `id:: …` and
`collapsed:: …`, as in Markdown, and so has it what a highlight's block says of it, such as
`heading:: 1`. Pure.
"""

from __future__ import annotations

import re
from itertools import takewhile

from syncd.page.blocks import Block, Page, Property, Syntax
from syncd.page.markdown import MARKDOWN
from syncd.regex import regex

_HEADLINE = regex(r"\*(\**)(?:[ \t]|(?=\r?\n|\Z))")
_OPENING = regex(r"(?:\*+[ \t]+)?[ \t]*(?:#\+BEGIN_(\w+)|(```|~~~))", re.IGNORECASE)
_CLOSING = regex(r"[ \t]*(?:#\+END_(\w+)|(```|~~~)[ \t]*\r?$)", re.IGNORECASE | re.MULTILINE)
_ENTRY = regex(r":([^\s:]+):(?:[ \t]+(.*)|)")
_DIRECTIVE = regex(r"#\+([^\s:]+):(?:[ \t]*(.*))")
_DRAWER, _END = ":PROPERTIES:", ":END:"
# What a block's content has as `key:: value`: Logseq's own, and a highlight's
_KEYS = ("id", "collapsed", "heading", "color", "favorite")


def syntax_of(path: str) -> Syntax:
    """How a page is written, by its file's name."""
    return ORG if path.endswith(".org") else MARKDOWN


def drawer(page: Page) -> dict[str, Property]:
    """The entries of the drawer at a page's top, by their keys in lower case."""
    found: dict[str, Property] = {}
    top = [line.lstrip("\ufeff").strip() for line in page.lines[: page.first]]
    start = next((at for at, line in enumerate(top) if line.upper() == _DRAWER), len(top))
    if not any(line.upper() == _END for line in top[start:]):
        return {}
    for number, line in enumerate(
        takewhile(lambda line: line.upper() != _END, top[start + 1 :]), start + 1
    ):
        entry = _ENTRY.fullmatch(line)
        if entry:
            found.setdefault(entry[1].lower(), Property(number, number + 1, entry[2] or ""))
    return found


def _properties(page: Page) -> dict[str, Property]:
    """The `#+key: value` lines at the top, which come first in Logseq, and the drawer's entries."""
    found: dict[str, Property] = {}
    for number, line in enumerate(page.lines[: page.first]):
        directive = _DIRECTIVE.fullmatch(line.lstrip("\ufeff").strip())
        if directive:
            found.setdefault(directive[1].lower(), Property(number, number + 1, directive[2]))
    return drawer(page) | found


def _starts(lines: list[str], text: str) -> list[tuple[int, str]]:
    hidden = _hidden(lines) if "#+" in text or "```" in text or "~~~" in text else frozenset()
    matches = (
        (number, _HEADLINE.match(line)) for number, line in enumerate(lines) if line[0] == "*"
    )
    return [(number, found[1]) for number, found in matches if found and number not in hidden]


def _hidden(lines: list[str]) -> frozenset[int]:
    """The lines inside of closed Org blocks and code fences.

    Without the opening line, which may be a headline.
    """
    ends: dict[str, list[int]] = {}  # each kind's closing lines, the last one first
    for number in range(len(lines) - 1, -1, -1):
        closing = _CLOSING.match(lines[number])
        if closing:
            ends.setdefault((closing[1] or closing[2]).upper(), []).append(number)
    hidden: set[int] = set()
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if opening:
            closings = ends.get((opening[1] or opening[2]).upper(), [])
            while closings and closings[-1] <= number:
                closings.pop()
            if closings:
                hidden.update(range(number + 1, closings[-1] + 1))
                number = closings[-1]
        number += 1
    return frozenset(hidden)


def _content(lines: list[str], block: Block) -> list[str]:
    head, *rest = [line.rstrip() for line in lines[block.start : block.own_end]]
    kept = _app_drawer(rest)
    if kept:
        rest = [f"{key}:: {value}" for key, value in kept] + rest[len(kept) + 2 :]
    return [head[len(block.indent) + 2 :], *rest]


def _app_drawer(lines: list[str]) -> list[tuple[str, str]]:
    """The entries of the drawer that the lines begin with, if all of them are of `_KEYS`."""
    if not lines or lines[0].strip().upper() != _DRAWER:
        return []
    inside = list(takewhile(lambda line: line.strip().upper() != _END, lines[1:]))
    entries = [_ENTRY.fullmatch(line.strip()) for line in inside]
    found = [(entry[1].lower(), entry[2] or "") for entry in entries if entry]
    whole = len(found) == len(inside) < len(lines) - 1
    return found if whole and all(key in _KEYS for key, _ in found) else []


def _bullet(content: list[str], indent: str) -> list[str]:
    """Content lines as one block's lines: headline, a drawer for what belongs there, the rest."""
    kept = [line for line in content[1:] if line.startswith(tuple(f"{key}:: " for key in _KEYS))]
    entries = [":{}: {}".format(*line.split(":: ", 1)) for line in kept]
    inside = [_DRAWER, *entries, _END] if kept else []
    return [f"{indent}* {content[0]}", *inside, *(line for line in content[1:] if line not in kept)]


ORG = Syntax(_starts, _content, _bullet, _properties, "*", loose=False)
