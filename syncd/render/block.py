"""What a highlight looks like before it has a place on a page. Pure values, shared by all formats."""

from __future__ import annotations

from typing import NamedTuple

from syncd.vault.parse import digest

TAGS, NOTE = "**Tags**:", "**Note**:"


class Labels(NamedTuple):
    """What the children that hold a highlight's tags and its note may begin with."""

    tags: tuple[str, ...] = (TAGS,)
    note: tuple[str, ...] = (NOTE,)


class Hashes(NamedTuple):
    """Digests of a highlight's block and of its two children; `b""` where there is no such child."""

    text: bytes
    tags: bytes
    note: bytes


class Rendered(NamedTuple):
    """A highlight's block and its two children as content lines, without bullets or indent; None: no such child."""

    text: list[str]
    tags: list[str] | None = None
    note: list[str] | None = None

    def hashes(self) -> Hashes:
        """What is remembered of the block once it stands on a page."""
        return Hashes(
            digest(self.text),
            digest(self.tags) if self.tags else b"",
            digest(self.note) if self.note else b"",
        )

    def lines(self, indent: str = "", unit: str = "\t") -> list[str]:
        """The block with its children as whole lines at `indent`, without line ends."""
        lines = bullet(self.text, indent)
        for child in (self.tags, self.note):
            if child:
                lines += bullet(child, indent + unit)
        return lines


def bullet(content: list[str], indent: str) -> list[str]:
    """Content lines as one block's lines: a bullet, then two more spaces before each further line, blank ones too."""
    margin = f"{indent}  "
    return [f"{indent}- {content[0]}", *(margin + line for line in content[1:])]
