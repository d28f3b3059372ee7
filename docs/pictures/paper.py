"""Draws text as SVG: words in several styles, in lines that fit in any sans-serif font."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple
from unicodedata import combining, east_asian_width

_NARROW, _WIDE = frozenset(" iljtfrI.,:;!|'()[]/-"), frozenset("mwMW@%…—")  # letters
PICTURE = "picture"  # the style of a span that is drawn as a picture on lines of its own
PICTURE_HEIGHT = 84
_FONTS = {  # attributes by style
    "bold": ' font-weight="bold"',
    "id": ' font-family="monospace" font-size="85%"',
}


class Span(NamedTuple):
    """A stretch of text and its style, a key of the theme's colours."""

    text: str
    style: str = "text"


Word = list[Span]


def width_of(text: str, size: float) -> float:
    """About the width in pixels of a text in the widest of the usual fonts; `size` in pixels."""
    return size * sum(_em(char) for char in text)


def _em(char: str) -> float:
    """The letter's width, in parts of the font's size."""
    if combining(char):
        return 0
    if east_asian_width(char) in "WF":
        return 1
    if char in _NARROW:
        return 0.37
    if char in _WIDE:
        return 0.98
    return 0.72 if char.isupper() else 0.62


def _words(spans: Iterable[Span]) -> Iterable[Word]:
    """The words between spaces, each in one style or more; a link or a picture is one word."""
    word: Word = []
    for span in spans:
        is_one = span.style in (PICTURE, "link")
        for piece in [span.text] if is_one else re.findall(r"\s+|\S+", span.text):
            if word and (piece.isspace() or PICTURE in (span.style, word[-1].style)):
                yield word
                word = []
            if not piece.isspace():
                word.append(Span(piece, span.style))
    if word:
        yield word


def broken(spans: Iterable[Span], width: float, size: float) -> list[list[Span]]:
    """The spans in lines no wider than `width` where words allow it.

    A picture has a line of its own.
    """
    lines: list[list[Word]] = [[]]
    used = 0.0
    for word in _words(spans):
        picture = word[0].style == PICTURE
        needed = width if picture else sum(width_of(span.text, size) for span in word)
        if lines[-1] and used + width_of(" ", size) + needed > width:
            lines.append([])
            used = 0
        used += needed + width_of(" ", size)
        lines[-1].append(word)
    return [_joined(line) for line in lines if line]


def _joined(words: Sequence[Word]) -> list[Span]:
    """A line's words in few spans; a space has the style of the words beside it, if it is one."""
    spans: list[Span] = []
    for word in words:
        if spans:
            style = word[0].style
            spans.append(Span(" ", style if style == spans[-1].style else "text"))
        spans += word
    merged = spans[:1]
    for span in spans[1:]:
        if span.style == merged[-1].style:
            merged[-1] = Span(merged[-1].text + span.text, span.style)
        else:
            merged.append(span)
    return merged


class Paper:
    """A drawing of a fixed width that grows downwards; all lengths are in pixels.

    `colours` are the theme's, by style.
    """

    def __init__(self, width: int, colours: dict[str, str]) -> None:
        self.width = width
        self.colours = colours
        self._ground: list[str] = []
        self._parts: list[str] = []

    def ground(
        self, x: float, y: float, width: float, height: float, style: str, radius: float = 4
    ) -> None:
        """A filled rectangle with round corners, below all else."""
        shape = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"'
        self._ground.append(f'<rect {shape} fill="{self.colours[style]}"/>')

    def dot(self, x: float, y: float, style: str) -> None:
        """A bullet around this point."""
        self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{self.colours[style]}"/>')

    def path(self, shape: str, style: str, width: float = 1.5) -> None:
        """A line; `shape` is as in the attribute `d` of SVG's `path`."""
        colour = self.colours[style]
        self._parts.append(
            f'<path d="{shape}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
        )

    def text(self, x: float, y: float, spans: Sequence[Span], size: float, more: str = "") -> None:
        """One line whose letters stand on `y`; `more` are further attributes."""
        inside = "".join(self._inside(span) for span in spans)
        self._parts.append(f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{more}>{inside}</text>')

    def _inside(self, span: Span) -> str:
        if span.style == "text":
            return escape(span.text, quote=False)
        font = _FONTS.get(span.style, "")
        text = escape(span.text, quote=False)
        return f'<tspan fill="{self.colours[span.style]}"{font}>{text}</tspan>'

    def lines(self, x: float, y: float, spans: Iterable[Span], width: float, size: float) -> float:
        """Text from the height `y` downwards, broken at `width`; returns where it ends."""
        for line in broken(spans, width, size):
            if line[0].style == PICTURE:
                self.picture(x, y + 4, min(width, 240))
                y += PICTURE_HEIGHT + 12
            else:
                self.text(x, y + size * 1.15, line, size)
                y += size * 1.6
        return y

    def code(self, x: float, y: float, lines: Sequence[str], width: float) -> float:
        """Lines of a program, as they are, on a box of their own; returns where it ends."""
        self.ground(x, y + 2, width, 20 * len(lines) + 12, "box")
        for number, line in enumerate(lines):
            kept = line.replace(" ", "\u00a0")
            self.text(x + 12, y + 22 + 20 * number, [Span(kept)], 13, ' font-family="monospace"')
        return y + 20 * len(lines) + 20

    def picture(self, x: float, y: float, width: float) -> None:
        """What stands for a tweet's picture: hills and a sun."""
        self.ground(x, y, width, PICTURE_HEIGHT, "sky", 6)
        sun = f'cx="{x + width * 0.78:g}" cy="{y + 26:g}" r="11"'
        self._parts.append(f'<circle {sun} fill="{self.colours["sun"]}"/>')
        left, base = x + 8, y + PICTURE_HEIGHT - 8
        steps = ((0.28, -46), (0.2, 30), (0.16, -20), (0.28, 36))  # parts of the width; heights
        slopes = " ".join(f"{width * part:g} {height}" for part, height in steps)
        hills = f"M{left:g} {base:g}l{slopes}z"
        self._parts.append(f'<path d="{hills}" fill="{self.colours["hill"]}"/>')

    def svg(self, height: float, title: str) -> str:
        """The whole drawing on a sheet of paper; `title` is what a screen reader reads aloud."""
        size = f'width="{self.width}" height="{height:g}"'
        box = f'viewBox="0 0 {self.width} {height:g}"'
        font = 'font-family="system-ui, sans-serif"'
        paper = f'<rect x=".5" y=".5" width="{self.width - 1}" height="{height - 1:g}" rx="8"'
        look = f'role="img" {font} fill="{self.colours["text"]}"'
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} {look}>',
            f"<title>{escape(title, quote=False)}</title>",
            f'{paper} fill="{self.colours["paper"]}" stroke="{self.colours["edge"]}"/>',
        ]
        return "\n".join([*head, *self._ground, *self._parts, "</svg>\n"])
