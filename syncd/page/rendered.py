"""A highlight as lines that have no place on a page yet, in any format. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from syncd.page.blocks import Syntax, digest
from syncd.page.markdown import MARKDOWN

Part = Literal["text", "tags", "note"]
PARTS: tuple[Part, ...] = ("text", "tags", "note")

TAGS, NOTE = "**Tags**:", "**Note**:"


class Labels(NamedTuple):
    """What the children that hold a highlight's tags and its note may begin with."""

    tags: tuple[str, ...] = (TAGS,)
    note: tuple[str, ...] = (NOTE,)


class Digests(NamedTuple):
    """A digest for each part of a highlight; b"" for tags or a note that it lacks."""

    text: bytes
    tags: bytes
    note: bytes


class Rendered(NamedTuple):
    """A highlight's block and its two children as content lines, without bullets or indent.

    A child is None where there is none.
    """

    text: list[str]
    tags: list[str] | None = None
    note: list[str] | None = None

    def digests(self) -> Digests:
        """What is remembered of the block once it stands on a page."""
        return Digests(
            digest(self.text),
            digest(self.tags) if self.tags else b"",
            digest(self.note) if self.note else b"",
        )

    def lines(self, indent: str = "", unit: str = "\t", syntax: Syntax = MARKDOWN) -> list[str]:
        """The block with its children as whole lines at `indent`, without line ends."""
        lines = syntax.bullet(self.text, indent)
        for child in (self.tags, self.note):
            if child:
                lines += syntax.bullet(child, indent + unit)
        return lines


class Rendering:
    """A highlight as syncd writes it, made when that is first asked for.

    Where account and page are as they were last settled, nobody asks.
    """

    __slots__ = ("_digests", "_make", "_rendered")

    def __init__(self, make: Callable[[], Rendered]) -> None:
        self._make = make
        self._rendered: Rendered | None = None
        self._digests: Digests | None = None

    @property
    def rendered(self) -> Rendered:
        """Its lines. Raises what `make` raises, such as DocumentError by a template."""
        if self._rendered is None:
            self._rendered = self._make()
        return self._rendered

    @property
    def digests(self) -> Digests:
        """The digests of these lines."""
        if self._digests is None:
            self._digests = self.rendered.digests()
        return self._digests
