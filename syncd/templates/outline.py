r"""A template's output as blocks. Pure.

For Logseq each line is a block, four spaces of indent make it a child, and a `\` at a line's end
keeps the next line in the block. For Obsidian the output is Markdown, and a line that begins with
`- ` begins a block. A text from the account never begins one: its line breaks are marked.
"""

from __future__ import annotations

from typing import NamedTuple

from syncd.formats.escape import START
from syncd.formats.format import Piece
from syncd.page.markdown import parse_markdown
from syncd.page.rendered import Rendered
from syncd.regex import regex

# Marks in values, of characters that no text from outside holds: a break within a block; a break if
# words follow; and one behind a value's last backslash, which must not continue the line.
BREAK, LATER, STOP = "\x01", "\x02", "\x03"

_NOTHING_FOLLOWS = regex(rf"{LATER}[ \t]*(?=\n|\Z)")
_WORDS_FOLLOW = regex(rf"{LATER}[ \t]*")
_MARKS = str.maketrans(dict.fromkeys((BREAK, LATER, STOP)))
_BULLET = regex(r"([ \t]*)-(?:[ \t]+|$)")
_CONTINUED = regex(r"(?<!\\)(?:\\\\)*\\$")
_RULE = regex(r"[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*")


class Layout(NamedTuple):
    """What stands before a highlight's tags and its note in the children that hold them.

    "" where nothing does, None where there is no such child.
    """

    tags: str | None = None
    note: str | None = None


class UnfitError(ValueError):
    """A template's output cannot be a highlight: the `line` of it that is wrong, and why."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def settled(output: str) -> str:
    """The output with a break behind each value that asked for one and that words follow."""
    return _WORDS_FOLLOW.sub(f"{BREAK}\n", _NOTHING_FOLLOWS.sub("", output))


def logseq_pieces(output: str) -> list[Piece]:
    """The blocks of an output for Logseq."""
    pieces: list[Piece] = []
    ending = ""  # what keeps the next line in the block
    for line in settled(output).split("\n"):
        before = ending
        if not before and not line.strip():
            continue
        words, ending = _split_ending(line)
        if before == BREAK:
            pieces[-1].lines.append(words)
        elif before:
            pieces[-1].lines.append(_dedented(words, 4 * pieces[-1].depth))
        else:
            pieces.append(Piece(_width(line) // 4, [_split_bullet(words)[1]]))
    return [_tidy(piece) for piece in pieces]


def _split_ending(line: str) -> tuple[str, str]:
    """A line, and what at its end keeps the next one in the block: BREAK, a backslash or ""."""
    if line.endswith(BREAK):
        return line.removesuffix(BREAK), BREAK
    if _CONTINUED.search(line):
        return line[:-1].rstrip(), "\\"
    return line, ""


def obsidian_pieces(output: str) -> list[Piece]:
    """The blocks of an output for Obsidian; rules between highlights are left out."""
    pieces: list[Piece] = []
    marked, width = False, 0
    for line in settled(output).split("\n"):
        was_marked, marked = marked, line.endswith(BREAK)
        words = line.removesuffix(BREAK)
        if was_marked:
            pieces[-1].lines.append(words)
        elif _RULE.fullmatch(words):
            continue
        elif not pieces or _BULLET.match(words):
            width, first = _split_bullet(words)
            pieces.append(Piece(_width(words) // 4, [first]))
        else:
            pieces[-1].lines.append(_dedented(words, width))
    return [piece for piece in map(_tidy, pieces) if any(piece.lines)]


def _split_bullet(words: str) -> tuple[int, str]:
    """The width of a line's bullet with its indent (0 without a bullet), and what follows it."""
    found = _BULLET.match(words)
    return (found.end(), words[found.end() :]) if found else (0, words.lstrip(" \t"))


def _width(line: str) -> int:
    head = line[: len(line) - len(line.lstrip(" \t"))]
    return len(head.replace("\t", "    "))


def _dedented(line: str, width: int) -> str:
    margin = len(line) - len(line.lstrip(" \t"))
    return line[min(margin, width) :]


def _tidy(piece: Piece) -> Piece:
    lines = [line.translate(_MARKS) for line in piece.lines]
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    while len(lines) > 1 and not lines[0].strip():
        lines.pop(0)
    return Piece(piece.depth, [*lines[:-1], lines[-1].rstrip()])


def compose(pieces: list[Piece], layout: Layout, holds: dict[str, bool]) -> Rendered:
    """A highlight's block and its children from the blocks of an output.

    `holds` says whether the highlight has "tags" and a "note". A block that is the child of neither
    is part of the text. Raises UnfitError where a page could not hold it there.
    """
    text: list[str] = []
    children: dict[str, list[str]] = {}
    for piece in pieces:
        role = _role(piece, layout, holds, children) if text else None
        if role is not None:
            children[role] = piece.lines
            continue
        if text and START.match(piece.lines[0]):
            raise UnfitError(
                piece.lines[0],
                "is a block of its own; beside its text, a highlight has one for the tags and one "
                "for the note",
            )
        text += piece.lines
    rendered = Rendered(text or [""], children.get("tags"), children.get("note"))
    _verify(rendered)
    return rendered


def _role(
    piece: Piece, layout: Layout, holds: dict[str, bool], taken: dict[str, list[str]]
) -> str | None:
    """Which child a block is, "tags" or "note", if it is one; the longer label is tried first."""
    labels = sorted(layout._asdict().items(), key=lambda one: -len(one[1] or ""))
    for role, label in labels:
        if label is None or role in taken or not (label or holds[role]):
            continue
        if piece.lines[0].startswith(label):
            return role
    return None


def _verify(rendered: Rendered) -> None:
    """Raises UnfitError where a page with these blocks would be parsed as other blocks."""
    page = parse_markdown("\n".join(rendered.lines()))
    parsed = [page.content(block) for block in page.blocks]
    written = [content for content in (rendered.text, rendered.tags, rendered.note) if content]
    if list(map(_without_trailing_blanks, parsed)) != list(map(_without_trailing_blanks, written)):
        raise UnfitError(rendered.text[0], "would be read as other blocks than it is written as")


def _without_trailing_blanks(content: list[str]) -> list[str]:
    return [line.rstrip() for line in content]


def layout_of(pieces: list[Piece], tags: str, note: str, text: str) -> Layout:
    """The layout of a template, by its output for a highlight whose tags, note and text these are.

    Each is one word in lower case.
    """
    last = max(
        (at for at, piece in enumerate(pieces) if text in "".join(piece.lines).lower()), default=0
    )
    labels: dict[str, str] = {}
    for piece in pieces[last + 1 :]:
        for role, word in (("tags", tags), ("note", note)):
            before, found, _ = piece.lines[0].lower().partition(word)
            if found and role not in labels:
                labels[role] = piece.lines[0][: len(before)].rstrip(" #[(\"'")
                break
    return Layout(labels.get("tags"), labels.get("note"))


def is_inline(pieces: list[Piece], word: str) -> bool:
    """Whether the value `word` stands behind other words of its block."""
    return any(word in piece.lines[0] and not piece.lines[0].startswith(word) for piece in pieces)
