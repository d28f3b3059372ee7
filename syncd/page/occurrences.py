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
    starts = [block.start for block in page.blocks]
    by_id: list[tuple[str, bytes]] = []
    by_link: list[tuple[str, bytes]] = []
    for number, line in enumerate(page.lines):
        id_ = block_id(line, at_home)
        if id_ is None and not (at_home and has_link(line)):
            continue
        block = _block_around(page, starts, number)
        if id_ is not None:
            by_id.append((id_key(id_), digest(page.content(block)) if block else b""))
        elif block is None:
            key = block_key([line.rstrip()], at_home)
            by_link += [(key, b"")] if key is not None else []
    return by_id if any(not hash_ for _, hash_ in by_id) else by_id + by_link


def _block_around(page: Page, starts: list[int], number: int) -> Block | None:
    """The block to whose own lines the line of this number belongs."""
    before = bisect_right(starts, number)
    if before == 0:
        return None
    block = page.blocks[before - 1]
    return block if number < block.own_end else None
