"""A page as its owner's file.

Blocks with exact line spans, so that one can change and the rest stays byte for byte.

In Markdown a block is a line that starts with `- ` (at any indent) or a heading at the margin, and
the lines up to the next one; code fences and a front matter hide both. Other pages have another
`Syntax`. `"".join(page.lines)` is always the text that was parsed. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_START = re.compile(r"([ \t]*)-(?:[ \t]|(?=\r?\n|\Z))|(?=#{1,6}[ \t])")
_FENCE = re.compile(r"[ \t]*(?:-[ \t]+)?(`{3,}|~{3,})")
_PROPERTY = re.compile(r"([^\s:,;#\[\]()\"]+)::(?:[ \t](.*)|)$")
_APP_LINES = "id:: ", "collapsed:: "


class Block(NamedTuple):
    """One block's place.

    `lines[start:own_end]` are its own, `lines[own_end:end]` loose text behind a blank line.

    Neither span holds trailing blank lines. `indent` is what stands before the bullet; its length
    is the depth.
    """

    start: int
    own_end: int
    end: int
    indent: str


class Property(NamedTuple):
    """One of a page's properties.

    `page.lines[start:end]`, and its value as text, or a list of texts.
    """

    start: int
    end: int
    value: str | list[str] | None


class Syntax(NamedTuple):
    """How a page's file is written: what Markdown and Org differ in.

    `starts` finds each block's first line and indent; `content` gives a block's own lines as its
    author sees them, and `bullet` turns such lines, with an indent, into the file's; `properties`
    reads the page's own. `unit` is one level of indent; `loose`: whether text at the margin behind
    a blank line is no longer the block's.
    """

    starts: Callable[[list[str], str], list[tuple[int, str]]]
    content: Callable[[list[str], Block], list[str]]
    bullet: Callable[[list[str], str], list[str]]
    properties: Callable[[Page], dict[str, Property]]
    unit: str
    loose: bool


def _content(lines: list[str], block: Block) -> list[str]:
    head = lines[block.start].rstrip()
    width = len(block.indent) + 2
    content = [head[width:] if head[len(block.indent) :].startswith("-") else head]
    for line in lines[block.start + 1 : block.own_end]:
        margin = len(line) - len(line.lstrip(" \t"))
        content.append(line[min(margin, width) :].rstrip())
    return content


def bullet(content: list[str], indent: str) -> list[str]:
    """Content lines as one block's lines.

    A bullet, then two more spaces before each further line, blank ones too.
    """
    margin = f"{indent}  "
    return [f"{indent}- {content[0]}", *(margin + line for line in content[1:])]


def _key_lines(page: Page) -> dict[str, Property]:
    """The `key:: value` lines at the top."""
    found: dict[str, Property] = {}
    for number, line in enumerate(page.lines[: page.first]):
        match = _PROPERTY.match(line.lstrip("\ufeff").strip())
        if match is None:
            break
        found.setdefault(match[1].lower(), Property(number, number + 1, match[2] or ""))
    return found


def _starts(lines: list[str], text: str) -> list[tuple[int, str]]:
    top = front_matter(lines)
    hidden = _fenced(lines, top) if "```" in text or "~~~" in text else frozenset()
    starts = []
    match = _START.match
    for number, line in enumerate(lines[top:] if top else lines, top):
        found = match(line)
        if found and number not in hidden:
            starts.append((number, found[1] or ""))
    return starts


MARKDOWN = Syntax(_starts, _content, bullet, _key_lines, "\t", loose=True)


class Page(NamedTuple):
    """A parsed page. `lines` keep their line ends; `lines[:first]` stand before the first block."""

    lines: list[str]
    blocks: list[Block]
    first: int
    syntax: Syntax = MARKDOWN

    def content(self, block: Block) -> list[str]:
        """A block's own lines as its author sees them.

        No bullet, indent, line ends or trailing blanks.
        """
        return self.syntax.content(self.lines, block)

    def subtree(self, index: int) -> int:
        """The index behind the last descendant of block `index`."""
        depth = len(self.blocks[index].indent)
        after = index + 1
        while after < len(self.blocks) and len(self.blocks[after].indent) > depth:
            after += 1
        return after

    def children(self, index: int) -> list[int]:
        """The indices of the blocks directly below block `index`."""
        found, child, end = [], index + 1, self.subtree(index)
        while child < end:
            found.append(child)
            child = self.subtree(child)
        return found

    @property
    def newline(self) -> str:
        """The file's own line end."""
        return "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"

    @property
    def indent_unit(self) -> str:
        """What one level of indent is in this file.

        In Markdown a tab unless its owner uses spaces.
        """
        for outer, inner in zip(self.blocks, self.blocks[1:], strict=False):
            if len(inner.indent) > len(outer.indent):
                return (
                    inner.indent[len(outer.indent) :]
                    if self.syntax is MARKDOWN
                    else self.syntax.unit
                )
        return self.syntax.unit


def parse(text: str, syntax: Syntax = MARKDOWN) -> Page:
    """Find the blocks of a page. Takes any text; a fence that is never closed hides nothing."""
    lines = _LINE.findall(text)
    starts = syntax.starts(lines, text)
    blocks = []
    for i, (start, indent) in enumerate(starts):
        stop = starts[i + 1][0] if i + 1 < len(starts) else len(lines)
        blocks.append(_block(lines, start, stop, indent, loose=syntax.loose))
    return Page(lines, blocks, starts[0][0] if starts else len(lines), syntax)


def _block(lines: list[str], start: int, stop: int, indent: str, *, loose: bool) -> Block:
    end = stop
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    own_end = end
    for number in range(start + 2, end if loose else 0):
        line = lines[number]
        if line[0] not in " \t\r\n" and not lines[number - 1].strip():
            own_end = number
            while not lines[own_end - 1].strip():
                own_end -= 1
            break
    return Block(start, own_end, end, indent)


def _fenced(lines: list[str], top: int) -> frozenset[int]:
    """The lines inside closed code fences, the opening line excluded (it may be a bullet)."""
    hidden: set[int] = set()
    number, hopeless = top, -1
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening and number > hopeless:
            closing = _closing(lines, number, opening[1])
            if closing < 0:
                hopeless = -closing
            else:
                hidden.update(range(number + 1, closing + 1))
                number = closing
        number += 1
    return frozenset(hidden)


def _closing(lines: list[str], opening: int, fence: str) -> int:
    """The line that closes the fence, or minus the line up to which there is none."""
    head = lines[opening]
    depth = len(head) - len(head.lstrip(" \t"))
    bullet = head.lstrip(" \t").startswith("-")
    for number in range(opening + 1, len(lines)):
        line = lines[number].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return number
        found = _START.match(lines[number])
        if found and len(found[1] or "") < depth + bullet:
            return -number
    return -len(lines)


def digest(content: list[str]) -> bytes:
    """Sixteen bytes that are equal exactly if two blocks say the same.

    Trailing blanks and the lines that Logseq adds by itself (`id::`, `collapsed::`) make no
    difference.
    """
    said = [line.rstrip() for line in content if not line.startswith(_APP_LINES)]
    return blake2b("\n".join(said).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def app_lines(content: list[str]) -> list[str]:
    """The lines of a block that Logseq added by itself; references to the block hang on them."""
    return [line for line in content[1:] if line.startswith(_APP_LINES)]


def properties(page: Page) -> dict[str, Property]:
    """A Logseq page's properties by their keys in lower case: in Markdown the `key.

    Value` lines at its top.
    """
    return page.syntax.properties(page)


def front_matter(lines: Sequence[str]) -> int:
    """How many lines a YAML front matter at the top takes, both `---` included.

    0 where there is none.
    """
    if not lines or lines[0].removeprefix("\ufeff").rstrip() != "---":
        return 0
    return next(
        (number + 1 for number in range(1, len(lines)) if lines[number].rstrip() == "---"), 0
    )
