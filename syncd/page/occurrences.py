"""Which highlights stand on a page, as the vault's index keeps them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from syncd.page.blocks import Page, digest
from syncd.page.links import block_id, block_key, has_link, id_key, is_marked


def standing(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The highlights on a page: each block's identity and digest.

    A marked block without a link goes by its text.
    """
    for block in page.blocks:
        content = page.content(block)
        key = block_key(content, at_home)
        if key is not None:
            yield key, digest(content)
        elif is_marked(content):
            hash_ = digest(content)
            yield f"text:{hash_.hex()}", hash_


def named(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The highlights that stand on a page by their block ids, be it outside of a block, where the digest is empty.

    On a document's page that has no ids there, those count too that stand outside of a block with their link.
    """
    starts = [block.start for block in page.blocks]
    by_id: list[tuple[str, bytes]] = []
    by_link: list[tuple[str, bytes]] = []
    for number, line in enumerate(page.lines):
        id_, linked = block_id(line, at_home), at_home and has_link(line)
        if id_ is None and not linked:
            continue
        block = (
            page.blocks[bisect_right(starts, number) - 1]
            if starts and starts[0] <= number
            else None
        )
        inside = block is not None and number < block.own_end
        if id_ is not None:
            by_id.append((id_key(id_), digest(page.content(block)) if block and inside else b""))
        elif not inside and (key := block_key([line.rstrip()], at_home)) is not None:
            by_link.append((key, b""))
    return iter(by_id if any(not hash_ for _, hash_ in by_id) else [*by_id, *by_link])
