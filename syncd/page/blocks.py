"""A page's file as blocks with exact line spans, so that one can change and the rest stays.

A block is a line that begins one and the lines up to the next such line; what begins one is the
page's `Syntax`: that of Markdown or of Org. `"".join(page.lines)` is always the text that was
parsed. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from syncd.regex import regex

_LINE = regex(r"[^\n]*\n|[^\n]+")
_APP_LINES = "id:: ", "collapsed:: "


class Block(NamedTuple):
    """Where one block stands in the lines of its page.

    `lines[start:own_end]` are its own; `lines[own_end:end]` are loose text behind a blank line.
    Neither span ends with blank lines. `indent` is what stands before the bullet; its length is the
    block's depth. A `bare` one has no bullet, and its indent says its depth alone.
    """

    start: int
    own_end: int
    end: int
    indent: str
    bare: bool = False


class Property(NamedTuple):
    """One property of a page: it stands in `page.lines[start:end]`.

    `value` is its text, a list of texts, or None for a value that is neither.
    """

    start: int
    end: int
    value: str | list[str] | None


class Syntax(NamedTuple):
    """How a page's file is written: what Markdown and Org differ in.

    `starts` finds each block's first line and indent. `content` gives a block's own lines as its
    author sees them; `bullet` turns such lines and an indent into the file's lines. `properties`
    finds the page's properties. `unit` is one level of indent; where it is white space, the page's
    owner may use another. `loose` says whether text at the margin behind a blank line no longer
    belongs to the block. `bare` gives the lines of a block without a bullet.
    """

    starts: Callable[[list[str], str], list[tuple[int, str]]]
    content: Callable[[list[str], Block], list[str]]
    bullet: Callable[[list[str], str], list[str]]
    properties: Callable[[Page], dict[str, Property]]
    unit: str
    loose: bool
    bare: Callable[[list[str], str], list[str]] = lambda content, _indent: content


class Page(NamedTuple):
    """A parsed page. `lines` keep their line ends; `lines[:first]` stand before the first block."""

    lines: list[str]
    blocks: list[Block]
    first: int
    syntax: Syntax

    def content(self, block: Block) -> list[str]:
        """A block's own lines without bullet, indent, trailing blanks and line ends."""
        return self.syntax.content(self.lines, block)

    def written(self, content: list[str], block: Block) -> list[str]:
        """Content as the file's lines, to stand as `block` does, without line ends."""
        write = self.syntax.bare if block.bare else self.syntax.bullet
        return write(content, block.indent)

    def properties(self) -> dict[str, Property]:
        """The properties of a Logseq page by their keys in lower case."""
        return self.syntax.properties(self)

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
        """The line end that the file's first line has."""
        return "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"

    @property
    def indent_unit(self) -> str:
        """One level of indent in this file: the one its owner uses, else the syntax's."""
        if self.syntax.unit.isspace():
            for outer, inner in zip(self.blocks, self.blocks[1:], strict=False):
                if len(inner.indent) > len(outer.indent):
                    return inner.indent[len(outer.indent) :]
        return self.syntax.unit


def parse(text: str, syntax: Syntax) -> Page:
    """The page that a file's text holds. Accepts any text."""
    lines = _LINE.findall(text)
    starts = syntax.starts(lines, text)
    stops = [start for start, _ in starts[1:]] + [len(lines)]
    blocks = [
        _block(lines, start, stop, indent, loose=syntax.loose)
        for (start, indent), stop in zip(starts, stops, strict=False)
    ]
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


def digest(content: list[str]) -> bytes:
    """Sixteen bytes that are equal exactly if two blocks say the same.

    Trailing blanks and the lines that Logseq adds by itself (`id::`, `collapsed::`) make no
    difference.
    """
    said = [line.rstrip() for line in content if not line.startswith(_APP_LINES)]
    return blake2b("\n".join(said).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def app_lines(content: list[str]) -> list[str]:
    """The lines of a block that Logseq added by itself; references to the block depend on them."""
    return [line for line in content[1:] if line.startswith(_APP_LINES)]
