"""Pages in Markdown.

A block is a line that begins with `- ` (at any indent) or a heading at the margin, and the lines
up to the next one. Closed code fences and a front matter hide both. Pure.
"""

from __future__ import annotations

from syncd.page.blocks import Block, Page, Property, Syntax, parse
from syncd.page.front_matter import front_matter_length
from syncd.regex import regex

_START = regex(r"([ \t]*)-(?:[ \t]|(?=\r?\n|\Z))|(?=#{1,6}[ \t])")
_FENCE = regex(r"[ \t]*(?:-[ \t]+)?(`{3,}|~{3,})")
_PROPERTY = regex(r"([^\s:,;#\[\]()\"]+)::(?:[ \t](.*)|)$")


def parse_markdown(text: str) -> Page:
    """The page that a Markdown file's text holds."""
    return parse(text, MARKDOWN)


def _content(lines: list[str], block: Block) -> list[str]:
    head = lines[block.start].rstrip()
    width = len(block.indent) + 2
    content = [head[width:] if head[len(block.indent) :].startswith("-") else head]
    for line in lines[block.start + 1 : block.own_end]:
        margin = len(line) - len(line.lstrip(" \t"))
        content.append(line[min(margin, width) :].rstrip())
    return content


def bullet(content: list[str], indent: str) -> list[str]:
    """Content lines as one block's lines at `indent`.

    The first one has a bullet, each other one two more spaces, blank ones too.
    """
    margin = f"{indent}  "
    return [f"{indent}- {content[0]}", *(margin + line for line in content[1:])]


def _key_lines(page: Page) -> dict[str, Property]:
    """The `key:: value` lines at a page's top, by their keys in lower case."""
    found: dict[str, Property] = {}
    for number, line in enumerate(page.lines[: page.first]):
        match = _PROPERTY.match(line.lstrip("\ufeff").strip())
        if match is None:
            break
        found.setdefault(match[1].lower(), Property(number, number + 1, match[2] or ""))
    return found


def _starts(lines: list[str], text: str) -> list[tuple[int, str]]:
    top = front_matter_length(lines)
    hidden = fenced_lines(lines, top) if "```" in text or "~~~" in text else frozenset()
    starts = []
    match = _START.match
    for number, line in enumerate(lines[top:] if top else lines, top):
        found = match(line)
        if found and number not in hidden:
            starts.append((number, found[1] or ""))
    return starts


def fenced_lines(lines: list[str], top: int = 0) -> frozenset[int]:
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


MARKDOWN = Syntax(_starts, _content, bullet, _key_lines, "\t", loose=True)
