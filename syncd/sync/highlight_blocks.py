"""The highlights that the account has, and the blocks and places that may be them. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from syncd.adopt.prose import HEADING, WHOLE_TEXT
from syncd.adopt.words import LIST, before_list
from syncd.page.base import Base
from syncd.page.blocks import Page, digest
from syncd.page.identity import link_key
from syncd.page.links import (
    block_ids,
    fingerprint,
    keys_in,
    mentioned_keys,
    place_label,
    untagged,
)
from syncd.page.note import Note
from syncd.page.occurrences import letters_key
from syncd.page.rendered import Digests, Labels, Rendered, Rendering
from syncd.regex import regex

_ADDRESS = regex(r"https?://[^\s<>()\[\]]+", re.IGNORECASE)
_HEADING = regex(r"\A#{1,6}[ \t]|^heading:: \d$", re.MULTILINE)
_ABOVE = ("Metadata", WHOLE_TEXT)


class Wanted(NamedTuple):
    """A highlight as the account has it now: its identity, its block, and its text.

    `rendering` is what syncd would write, `account` the digests of the account's own fields.
    `comes`: whether it is written where it does not stand yet. `alike`: digests of the same text
    with other links to its pictures, such as before they were copied. `label` is that of its place,
    such as `page 47`, None without one; `level` that of the heading which it is, else 0.
    """

    id: int
    key: str | None
    rendering: Rendering
    account: Digests
    text: str
    live: bool
    comes: bool
    alike: frozenset[bytes] = frozenset()
    label: str | None = None
    level: int = 0

    @property
    def rendered(self) -> Rendered:
        """The lines that syncd would write."""
        return self.rendering.rendered

    @property
    def page(self) -> Digests:
        """The digests of what syncd would write."""
        return self.rendering.digests

    @property
    def blocks(self) -> list[tuple[list[str], bytes]]:
        """Its block and the children that it has: lines and digest."""
        return [
            (lines, sum_) for lines, sum_ in zip(self.rendered, self.page, strict=True) if lines
        ]

    @property
    def says(self) -> str:
        """The text's fingerprint."""
        return fingerprint(self.text)

    @property
    def shows_no_link(self) -> bool:
        """Whether no link of its own stands in its block, since it has none or is not shown one."""
        return self.key is None or self.key not in keys_in(self.rendered.text)

    @property
    def starts(self) -> str:
        """The fingerprint of what stands before the text's first list line (`before_list`)."""
        return fingerprint(before_list(self.text))

    @property
    def first_item(self) -> str:
        """The fingerprint of the text's first line where that is a list's."""
        first = self.text.partition("\n")[0]
        return fingerprint(first) if LIST.match(first) else ""

    @property
    def quotes(self) -> set[str]:
        """The identities of the links within the text."""
        return {key for url in _ADDRESS.findall(self.text) if (key := link_key(url)) is not None}


class Elsewhere(NamedTuple):
    """A highlight's block on a page that is not its document's.

    Or what it says in the running text of a page, where the digest is empty; of its document's
    where the path is.
    """

    path: str
    digest: bytes


class PageBlock(NamedTuple):
    """A block of the document's page that may be a highlight.

    Its index there, the identities of its labelled links (its own is the last), the highlights'
    ids that it says, its digest, and its whole text.
    """

    at: int
    keys: tuple[str, ...]
    ids: tuple[int, ...]
    digest: bytes
    text: str = ""

    @property
    def says(self) -> str:
        """Its fingerprint."""
        return fingerprint(self.text)

    @property
    def plain(self) -> str | None:
        """Its fingerprint without the tags at its end; None without such tags."""
        return untagged(self.text) if "#" in self.text else None

    @property
    def is_heading(self) -> bool:
        """Whether it is shown as a heading."""
        return _HEADING.search(self.text) is not None

    @property
    def label(self) -> str | None:
        """That of its place (`place_label`)."""
        return place_label(self.text.split("\n"))

    @property
    def mentions(self) -> tuple[str, ...]:
        """The identities of addresses without a label (`mentioned_keys`)."""
        return mentioned_keys(self.text.split("\n"))


class NoteBlock(NamedTuple):
    """A highlight's own note: its path, and its parts.

    `since`: when (ns) a run wrote it that did not come to record it, 0 for none.
    """

    path: str
    note: Note
    since: int = 0

    @property
    def digest(self) -> bytes:
        """That of its text's part."""
        return self.note.digests.text


Own = PageBlock | NoteBlock  # where syncd writes
Place = Own | Elsewhere


def blocks_of(page: Page, labels: Labels) -> list[PageBlock]:
    """The blocks of a page that may be highlights.

    All but the children that hold tags and notes, which have `labels`. Of headings, and of what
    Readwise's plugin for Obsidian puts above its highlights (metadata, the whole text), only what
    has a highlight's link or id.
    """
    found, above = [], ""
    for index, block in enumerate(page.blocks):
        content = page.content(block)
        is_child = block.bare and block.indent
        if is_child or content[0].startswith(labels.tags + labels.note):
            continue
        heading = None if block.bare else HEADING.match(page.lines[block.start])
        if heading:
            if above != WHOLE_TEXT or "ighlights" in heading[1]:
                above = heading[1].strip()
            content = content[:1]  # what follows a heading is no part of it
        keys, ids = keys_in(content), block_ids(content)
        if keys or ids or block.bare or not (heading or above in _ABOVE):
            text = "\n".join(content)
            found.append(PageBlock(index, keys, ids, digest(content), text))
    return found


def text_keys(item: Wanted, base: Base | None) -> list[str]:
    """The names under which the vault's index keeps a marked block that has no link."""
    digests = [item.page.text]
    if base:
        digests += [base.page.text, *([base.seen] if base.seen else [])]
    return [*(f"text:{one.hex()}" for one in dict.fromkeys(digests)), letters_key(item.says)]
