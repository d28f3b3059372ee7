r"""A template's output as blocks. Pure.

For Logseq a new line is a new block, four spaces of indent make it a child, and a `\` at a line's
end keeps the next line in the block. For Obsidian the output is Markdown, and a line that begins
with `- ` is a block. What comes from the account makes no blocks in either: its line breaks are
marked.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from syncd.formats.format import Piece
from syncd.formats.syntax import START
from syncd.page.markdown import parse_markdown
from syncd.page.rendered import Rendered

# Marks in values, of characters that no text from outside holds: a break within a block, a break if
# words follow, and one behind a backslash that is none of the template's.
BREAK, LATER, STOP = "\x01", "\x02", "\x03"

_NOTHING_FOLLOWS = re.compile(rf"{LATER}[ \t]*(?=\n|\Z)")
_WORDS_FOLLOW = re.compile(rf"{LATER}[ \t]*")
_MARKS = str.maketrans(dict.fromkeys((BREAK, LATER, STOP)))
_BULLET = re.compile(r"([ \t]*)-(?:[ \t]+|$)")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\$")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*")


class Layout(NamedTuple):
    """What a highlight's children begin with that hold its tags and its note.

    None where there is no such child.

    "" means that nothing stands before them.
    """

    tags: str | None = None
    note: str | None = None


class UnfitError(ValueError):
    """A template's output is no highlight: `line` of it, and why."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def settled(output: str) -> str:
    """The output with a break where a value asked for one before the words that follow it."""
    return _WORDS_FOLLOW.sub(f"{BREAK}\n", _NOTHING_FOLLOWS.sub("", output))


def logseq_pieces(output: str) -> list[Piece]:
    """The blocks of an output for Logseq."""
    pieces: list[Piece] = []
    marked = continued = False
    for line in settled(output).split("\n"):
        was_marked, was_continued = marked, continued
        if not (was_marked or was_continued or line.strip()):
            continue
        marked = line.endswith(BREAK)
        continued = not marked and _CONTINUED.search(line) is not None
        words = line[:-1].rstrip() if continued else line.removesuffix(BREAK)
        if was_marked or was_continued:
            pieces[-1].lines.append(words if was_marked else _dedented(words, 4 * pieces[-1].depth))
        else:
            found = _BULLET.match(words)
            pieces.append(
                Piece(_width(line) // 4, [words[found.end() :] if found else words.lstrip(" \t")])
            )
    return [_tidy(piece) for piece in pieces]


def obsidian_pieces(output: str) -> list[Piece]:
    """The blocks of an output for Obsidian; rules between highlights are left out."""
    pieces: list[Piece] = []
    marked, width = False, 0
    for line in settled(output).split("\n"):
        words, was_marked, marked = line.removesuffix(BREAK), marked, line.endswith(BREAK)
        found = None if was_marked else _BULLET.match(words)
        if was_marked:
            pieces[-1].lines.append(words)
        elif _RULE.fullmatch(words):
            continue
        elif found or not pieces:
            width = found.end() if found else 0
            pieces.append(
                Piece(_width(words) // 4, [words[width:] if found else words.lstrip(" \t")])
            )
        else:
            pieces[-1].lines.append(_dedented(words, width))
    return [piece for piece in map(_tidy, pieces) if any(piece.lines)]


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
    """A highlight's block and its children from an output; `holds`.

    Whether it has `tags`, a `note`.

    What is neither the child of the tags nor that of the note belongs to the block's text. Raises
    UnfitError where it would be a block of its own there.
    """
    text: list[str] = []
    children: dict[str, list[str]] = {}
    for piece in pieces:
        role = _role(piece, layout, holds, children) if text else None
        if role is not None:
            children[role] = piece.lines
            continue
        if text and START.match(piece.lines[0]):
            reason = "is a block of its own; beside its text, a highlight has one for the tags and one for the note"
            raise UnfitError(piece.lines[0], reason)
        text += piece.lines
    rendered = Rendered(text or [""], children.get("tags"), children.get("note"))
    _verify(rendered)
    return rendered


def _role(
    piece: Piece, layout: Layout, holds: dict[str, bool], taken: dict[str, list[str]]
) -> str | None:
    labels = sorted(layout._asdict().items(), key=lambda one: -len(one[1] or ""))
    for role, label in labels:
        if (
            label is not None
            and role not in taken
            and piece.lines[0].startswith(label)
            and (label or holds[role])
        ):
            return role
    return None


def _verify(rendered: Rendered) -> None:
    """Whether what is written is read again as the same blocks."""
    page = parse_markdown("\n".join(rendered.lines()))
    read = [page.content(block) for block in page.blocks]
    wrote = [content for content in (rendered.text, rendered.tags, rendered.note) if content]
    if [list(map(str.rstrip, content)) for content in read] != [
        list(map(str.rstrip, content)) for content in wrote
    ]:
        raise UnfitError(rendered.text[0], "would be read as other blocks than it is written as")


def layout_of(pieces: list[Piece], tags: str, note: str, text: str) -> Layout:
    """What a template does with tags and note, by an output in which they and the text are these words."""
    last = max(
        (at for at, piece in enumerate(pieces) if text in "".join(piece.lines).lower()), default=0
    )
    labels: dict[str, str] = {}
    for at, piece in enumerate(pieces):
        if at <= last:
            continue
        for role, word in (("tags", tags), ("note", note)):
            before, found, _ = piece.lines[0].lower().partition(word)
            if found and role not in labels:
                labels[role] = piece.lines[0][: len(before)].rstrip(" #[(\"'")
                break
    return Layout(labels.get("tags"), labels.get("note"))


def is_inline(pieces: list[Piece], word: str) -> bool:
    """Whether the value `word` stands behind other words of its block."""
    return any(word in piece.lines[0] and not piece.lines[0].startswith(word) for piece in pieces)
