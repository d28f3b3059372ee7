"""Which block on a page, or elsewhere in the vault, is which highlight. Pure.

A tweet is its status id: one block, wherever it stands. Highlights that share another address, or
have none, are told apart by what syncd wrote, then by what they say, then by their order.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

from syncd.adopt.prose import HEADING, WHOLE_TEXT, said_below
from syncd.page.blocks import Page, digest
from syncd.page.links import block_id, block_key, fingerprint, id_key
from syncd.page.rendered import Hashes, Labels, Rendered

_LIST = re.compile(r"^[ \t]*(?:[-*+•]|\d+[.)])\s", re.MULTILINE)
_ABOVE = ("Metadata", WHOLE_TEXT)
_ENOUGH = 12  # letters that two texts must share before one counts as a part of the other


class Wanted(NamedTuple):
    """A highlight as the account has it now: its identity, its block, and its text.

    `comes`: whether it is written where it does not stand yet. `alike`: digests of the same text
    with other links to its pictures, such as before they were copied.
    """

    id: int
    key: str | None
    rendered: Rendered
    hashes: Hashes
    text: str
    live: bool
    comes: bool
    alike: frozenset[bytes] = frozenset()

    @property
    def says(self) -> str:
        """The text's fingerprint."""
        return fingerprint(self.text)

    @property
    def starts(self) -> str:
        """The fingerprint of what stands before the text's first list line.

        Of some blocks nothing else is left.
        """
        first = _LIST.search(self.text)
        return fingerprint(self.text[: first.start()]) if first else ""


class Stand(NamedTuple):
    """A highlight's block on a page that is not its document's.

    Or what it says in the running text of a page, where the digest is empty; of its document's
    where the path is.
    """

    path: str
    hash: bytes


class Local(NamedTuple):
    """A block of the document's page that may be a highlight.

    Its index there, identity, digest, fingerprint, id.
    """

    at: int
    key: str | None
    hash: bytes
    says: str
    id: int | None


def locals_of(page: Page, labels: Labels) -> list[Local]:
    """The blocks of a page that may be highlights.

    All but the children that hold tags and notes, which have `labels`.

    Of headings, and of what Readwise's plugin for Obsidian puts above its highlights (metadata, the
    whole text), only what has a highlight's link or id.
    """
    found, above = [], ""
    for index, block in enumerate(page.blocks):
        content = page.content(block)
        if content[0].startswith(labels.tags + labels.note):
            continue
        key, id_ = block_key(content, at_home=True), _last_id(content)
        heading = HEADING.match(page.lines[block.start])
        if heading and not (above == WHOLE_TEXT and "ighlights" not in heading[1]):
            above = heading[1].strip()
        if (
            key is not None
            or id_ is not None
            or not (above in _ABOVE or (heading and len(content) == 1))
        ):
            found.append(Local(index, key, digest(content), fingerprint("\n".join(content)), id_))
    return found


def _last_id(content: list[str]) -> int | None:
    return next(
        (id_ for line in reversed(content) if (id_ := block_id(line, at_home=True)) is not None),
        None,
    )


def match(
    wanted: Sequence[Wanted],
    bases: Mapping[int, Hashes],
    blocks: Sequence[Local],
    elsewhere: Mapping[str, Sequence[Stand]],
    lines: Sequence[str] = (),
) -> dict[int, Local | Stand]:
    """Find each highlight's block.

    On the document's page (`blocks`), else among `elsewhere` (by key); absent: none.

    No block is taken for two highlights. Those without a block may stand in the page's running text
    (`lines`).
    """
    if not blocks and not elsewhere and not lines:
        return {}
    found: dict[int, Local | Stand] = {}
    ids = {item.id for item in wanted}
    free: dict[str | None, list[Local]] = defaultdict(list)
    for block in blocks:
        if block.id in ids:
            found.setdefault(block.id, block)  # a copy is no other highlight's
        else:
            free[block.key].append(block)
    keyed: dict[str, list[Wanted]] = defaultdict(list)
    for item in wanted:
        if item.key is not None and item.id not in found:
            keyed[item.key].append(item)
    for key, items in keyed.items():
        items.sort(key=lambda item: item.id not in bases)
        found |= _alike(items, free.get(key, ()), bases)
        older = [
            item for item in items if item.id in bases
        ] or items  # a block too many is no new highlight's
        _in_order(found, older, free.get(key, ()))
        missing = [item for item in items if item.id not in found]
        stands = elsewhere.get(key, ())
        found |= _same_hash(missing, stands, bases)
        _in_order(found, older, stands)
    rest = [item for item in wanted if item.id not in found]
    found |= _alike(rest, free.get(None, ()), bases)
    for item in rest:
        if item.id not in found:
            names = [id_key(item.id), *text_keys(item.hashes, bases.get(item.id))]
            stands = [stand for name in names for stand in elsewhere.get(name, ())]
            if stands:
                found[item.id] = stands[0]
    return found | _in_prose(wanted, bases, found, lines)


def _in_prose(
    wanted: Sequence[Wanted],
    bases: Mapping[int, Hashes],
    found: Collection[int],
    lines: Sequence[str],
) -> dict[int, Stand]:
    """Those without a block that stand in the running text.

    On a page by syncd that is no new highlight's place.
    """
    if not lines or len(found) == len(wanted):
        return {}
    texts = {item.id: item.says for item in wanted}
    said = said_below(lines, texts, texts.keys() - found)
    return dict.fromkeys(said, Stand("", b"")) if not bases or said & bases.keys() else {}


def text_keys(*hashes: Hashes | None) -> list[str]:
    """The names under which the vault's index keeps a marked block that has no link."""
    return [f"text:{item.text.hex()}" for item in hashes if item is not None]


_Place = TypeVar("_Place", Local, Stand)


def _same_hash(
    items: Sequence[Wanted], places: Sequence[_Place], bases: Mapping[int, Hashes]
) -> dict[int, _Place]:
    by_hash: dict[bytes, list[_Place]] = defaultdict(list)
    for place in reversed(places):
        by_hash[place.hash].append(place)
    found = {}
    for item in items:
        base = bases.get(item.id)
        for wish in (item.hashes.text, base.text if base else b""):
            if by_hash.get(wish):
                found[item.id] = by_hash[wish].pop()
                break
    return found


def _alike(
    items: Sequence[Wanted], blocks: Sequence[Local], bases: Mapping[int, Hashes]
) -> dict[int, Local]:
    """Pair by what syncd wrote, then by what is said, then by one saying a part of the other."""
    if not blocks:
        return {}
    found = _same_hash(items, blocks, bases)
    taken = {block.at for block in found.values()}
    by_text: dict[str, list[Local]] = defaultdict(list)
    for block in reversed(blocks):
        if block.at not in taken:
            by_text[block.says].append(block)
    said = {item.id: item.says for item in items if item.id not in found}
    for id_, says in said.items():
        if by_text.get(says):
            found[id_] = by_text[says].pop()
    seen_before = (
        [item for item in items if item.id in bases] if bases else items
    )  # what is new is no other program's
    for item in seen_before:
        if item.id not in found and (starts := item.starts) and by_text.get(starts):
            found[item.id] = by_text[starts].pop()
    free = [block for places in by_text.values() for block in places]
    for item in seen_before:
        part = next(
            (b for b in free if item.id not in found and _is_part(b.says, said[item.id])), None
        )
        if part is not None:
            found[item.id] = part
            free.remove(part)
    return found


def _in_order(
    found: dict[int, Local | Stand], items: Sequence[Wanted], places: Sequence[Local | Stand]
) -> None:
    """Give the items that are left the places that are left: their owner rewrote them."""
    taken = {place.hash for place in found.values()}  # a block that says the same is its copy
    left = iter([place for place in places if place.hash not in taken])
    for item in items:
        if item.id not in found and (place := next(left, None)) is not None:
            found[item.id] = place


def _is_part(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _ENOUGH and shorter in longer
