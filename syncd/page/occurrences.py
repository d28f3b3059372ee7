"""Which highlights stand on a page, as the vault's index keeps them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from syncd.page.blocks import Block, Page, digest
from syncd.page.links import block_id, block_key, has_link, id_key, is_marked


def occurrences_in_blocks(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The identity and digest of each block that is a highlight.

    A block that is marked as a highlight and has no link is known by its text.
    """
    for block in page.blocks:
        content = page.content(block)
        key = block_key(content, at_home)
        if key is not None:
            yield key, digest(content)
        elif is_marked(content):
            hash_ = digest(content)
            yield f"text:{hash_.hex()}", hash_


def occurrences_by_id(page: Page, at_home: bool) -> list[tuple[str, bytes]]:
    """The identity and digest of each highlight that a block id names.

    The digest is b"" where the id stands outside of a block. On a document's page without such ids,
    the links outside of blocks count too.
    """
    found = _ids(page, at_home)
    if at_home and all(hash_ for _, hash_ in found):
        found += [(key, b"") for key in _links_outside(page)]
    return found


def _ids(page: Page, at_home: bool) -> list[tuple[str, bytes]]:
    found = []
    for number, line in enumerate(page.lines):
        id_ = block_id(line, at_home)
        if id_ is not None:
            block = _block_around(page, number)
            found.append((id_key(id_), digest(page.content(block)) if block else b""))
    return found


def _links_outside(page: Page) -> Iterator[str]:
    """The identities of the links outside of a document's blocks, in lines without an id."""
    for number, line in enumerate(page.lines):
        if not has_link(line) or block_id(line, at_home=True) is not None:
            continue
        key = block_key([line.rstrip()], at_home=True)
        if key is not None and _block_around(page, number) is None:
            yield key


def _block_around(page: Page, number: int) -> Block | None:
    """The block to whose own lines the line of this number belongs."""
    before = bisect_right(page.blocks, number, key=lambda block: block.start)
    if before == 0:
        return None
    block = page.blocks[before - 1]
    return block if number < block.own_end else None
