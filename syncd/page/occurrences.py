"""Which highlights stand on a page, as the vault's index keeps them. Pure.

Each occurrence is an identity and the digest of its block, b"" outside of blocks. Identities are a
link's (`link_key`), an id's (`id_key`), or a marked text's (`text_key`). A link that does not stand
where a highlight's own does has `LABELLED` before its identity where it has one of Readwise's
labels on a document's page, else `MENTION`. A block without a link that has Readwise's mark or the
label of a place is there by its letters too, behind `LETTERS`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from hashlib import blake2b

from syncd.page.blocks import Block, Page, digest, parse
from syncd.page.links import (
    block_id,
    fingerprint,
    id_key,
    is_marked,
    labelled_keys,
    links_in,
    lone_key,
    may_tell,
    own_key,
    place_label,
    readwise_keys,
)
from syncd.page.markdown import fenced_lines
from syncd.page.note import Note
from syncd.regex import regex

LABELLED, MENTION, LETTERS = "label:", "link:", "letters:"

_OWN_TEXT = regex(r" \^rw-\d+\Z", re.ASCII)

Occurrence = tuple[str, bytes]


def occurrences(page: Page, *, is_document: bool, by_id: bool) -> list[Occurrence]:
    """The highlights on a page.

    `is_document`: whether the page was made from a document; `by_id`: whether its format marks
    blocks with ids. Where ids stand outside of blocks, links outside of blocks are not looked for:
    they belong to the same highlights.
    """
    digests: dict[Block, bytes] = {}
    ids = list(_ids(page, is_document, digests)) if by_id else []
    telling = [number for number, line in enumerate(page.lines) if may_tell(line)]
    if not telling:
        return ids
    around = {number: _block_around(page, number) for number in telling}
    found: list[Occurrence] = []
    for block in dict.fromkeys(filter(None, around.values())):
        content = page.content(block)[: _own_lines(page, block)]
        known = digests.get(block) if len(content) == block.own_end - block.start else None
        found += occurrences_in(content, is_document=is_document, known=known)
    outside = [number for number in telling if around[number] is None]
    if all(digest_ for _, digest_ in ids):
        found += _outside_of_blocks(page, outside, is_document) if outside else []
    else:
        found += _tweets(page, outside)
    return found + ids


def occurrences_in(
    content: list[str], *, is_document: bool, known: bytes | None = None
) -> Iterator[Occurrence]:
    """The highlights in a block with these own lines, but for the ids that it says.

    `known` is the block's digest where that is known.
    """
    lone = lone_key(content)
    if lone is not None:
        yield lone, known or digest(content)
        return
    if not any(map(may_tell, content)):
        return
    links, marked = links_in(content), is_marked(content)
    own = own_key(links, marked=marked)
    is_named = own is None and (marked or place_label(content) is not None)
    if not links and not is_named:
        return
    digest_ = known or digest(content)
    if own is not None:
        yield own, digest_
        if len(links) == 1:
            return
    elif is_named:
        yield text_key(digest_), digest_
        yield letters_key(fingerprint("\n".join(content))), digest_
    labelled = readwise_keys(links) if is_document else ()
    for key in labelled_keys(links):
        if key != own:
            yield (LABELLED if key in labelled else MENTION) + key, digest_


def ids_in(content: list[str], digest_: bytes, *, is_document: bool) -> Iterator[Occurrence]:
    """The highlights of which a block with these lines, of this digest, says the ids."""
    for line in content:
        id_ = block_id(line, is_document)
        if id_ is not None:
            yield id_key(id_), digest_


def text_key(digest_: bytes) -> str:
    """The name under which the index keeps a marked block that has no link."""
    return f"text:{digest_.hex()}"


def letters_key(says: str) -> str:
    """The name under which the index keeps such a block by its fingerprint."""
    return LETTERS + blake2b(says.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def note_occurrences(note: Note, highlight: int) -> list[Occurrence]:
    """The highlights in a note that is this one's own, and in what its owner wrote below it."""
    known = note.digests.text
    own = occurrences_in(note.body, is_document=False, known=known) if note.end else ()
    below = parse("".join(note.page.lines[note.end or note.top :]), note.page.syntax)
    return [(id_key(highlight), known), *own, *occurrences(below, is_document=False, by_id=True)]


def _ids(page: Page, is_document: bool, digests: dict[Block, bytes]) -> Iterator[Occurrence]:
    """The highlights of which lines say the ids; the digests of their blocks go into `digests`."""
    text = "".join(page.lines)
    if not any(sign in text for sign in ("^", "%%", "# id", "/open/")):
        return
    for number, line in enumerate(page.lines):
        if "^" in line or "%%" in line or "# id" in line or "/open/" in line:
            id_ = block_id(line, is_document)
            if id_ is not None:
                block = _block_around(page, number)
                if block and block not in digests:
                    digests[block] = digest(page.content(block))
                yield id_key(id_), digests[block] if block else b""


def _outside_of_blocks(page: Page, numbers: list[int], is_document: bool) -> Iterator[Occurrence]:
    """The links in these lines, which are no block's; in running text."""
    hidden = fenced_lines(page.lines)
    for number in numbers:
        if number in hidden:
            continue
        content = [page.lines[number].rstrip()]
        links = links_in(content)
        own = own_key(links, marked=is_marked(content))
        keys = labelled_keys(links) if is_document else (own,)
        yield from ((key, b"") for key in keys if key is not None)


def _tweets(page: Page, numbers: list[int]) -> Iterator[Occurrence]:
    """The tweets in these lines, which are no block's, that end as the text of an own note does.

    A tweet is its link, whichever highlight brought it.
    """
    for number in numbers:
        line = page.lines[number].rstrip()
        key = own_key(links_in([line]), marked=False) if _OWN_TEXT.search(line) else None
        if key is not None and key.startswith("tweet:"):
            yield key, b""


def _block_around(page: Page, number: int) -> Block | None:
    """The block to whose own lines the line of this number belongs."""
    before = bisect_right(page.blocks, number, key=lambda block: block.start)
    if before == 0:
        return None
    block = page.blocks[before - 1]
    return block if number < block.start + _own_lines(page, block) else None


def _own_lines(page: Page, block: Block) -> int:
    """How many lines of a block are its own: of a heading the first, text below it is no part."""
    return 1 if page.lines[block.start].startswith("#") else block.own_end - block.start
