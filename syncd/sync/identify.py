"""Which block is which highlight, on its document's page or elsewhere in the vault. Pure.

In this order: the highlight's id; a link of its own; what syncd last saw there; what the highlight
says; and, where nothing of that is left, its place between neighbours that are known. A block that
is one highlight lends neither words nor links to another one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from syncd.adopt.prose import said_below
from syncd.page.base import Base
from syncd.page.links import (
    id_key,
)
from syncd.sync.highlight_blocks import Elsewhere, PageBlock, Place, Wanted, text_keys

_ENOUGH = 12  # letters that two texts must share before one counts as a part of the other
_ALIKE = 0.6  # how much of two texts must be the same where only the place speaks for it
_COMPARED = 400  # letters of a text that are compared so
_VERY_ALIKE = 0.8  # the same where not even the place does
_MOST = 64  # blocks of a gap that are compared with a highlight

_Spot = TypeVar("_Spot", PageBlock, Elsewhere)


def identify(
    wanted: Sequence[Wanted],
    bases: Mapping[int, Base],
    blocks: Sequence[PageBlock],
    elsewhere: Mapping[str, Sequence[Elsewhere]],
    lines: Sequence[str] = (),
    gone: Collection[int] = (),
    own_notes: Mapping[int, Place] = MappingProxyType({}),
) -> dict[int, Place]:
    """Find each highlight's place: on the document's page, else among `elsewhere`; absent: none.

    `wanted` are in reading order; `elsewhere` are the other places by identity (link_key, id_key,
    text_key). Highlights without a block may stand in the page's running text (`lines`). A block
    is several highlights where its owner joined theirs. Those that are known to be `gone` come back
    only by what they say: a changed block is another one's. Those with `own_notes` are found.
    """
    if not blocks and not elsewhere and not lines:
        return dict(own_notes)
    search = _Search(wanted, bases, blocks, gone, own_notes)
    search.by_id()
    search.by_own_link()
    search.by_shared_link()
    search.elsewhere_by_link(elsewhere)
    search.take_split_ones()
    search.by_words()
    search.by_label()
    search.by_mention()
    search.elsewhere_by_name(elsewhere)
    search.by_place()
    search.by_likeness()
    return search.found | _in_prose(wanted, bases, search.found, lines)


class _Search:
    """What is found so far, and which blocks are still free."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        bases: Mapping[int, Base],
        blocks: Sequence[PageBlock],
        gone: Collection[int],
        own_notes: Mapping[int, Place],
    ) -> None:
        self.wanted, self.bases, self.blocks, self.gone = wanted, bases, blocks, gone
        self.found: dict[int, Place] = dict(own_notes)
        self._taken: set[int] = set()
        self._elsewhere: set[Place] = set()
        self._digests = {place.digest for place in own_notes.values()}
        self._items: dict[str, list[Wanted]] = defaultdict(list)
        for item in wanted:
            if item.key is not None:
                self._items[item.key].append(item)
        # each block's own identity among the document's, and the blocks by it
        self._own: dict[int, str] = {}
        self._holders: dict[str, list[PageBlock]] = defaultdict(list)
        for block in blocks:
            own = next((key for key in reversed(block.keys) if key in self._items), None)
            if own is not None:
                self._own[block.at] = own
                self._holders[own].append(block)

    def _take(self, item: Wanted, place: Place) -> None:
        self.found[item.id] = place
        self._digests.add(place.digest)
        if isinstance(place, PageBlock):
            self._taken.add(place.at)
        else:
            self._elsewhere.add(place)

    def _missing(self, items: Sequence[Wanted]) -> list[Wanted]:
        return [item for item in items if item.id not in self.found]

    def _standing(self, items: Sequence[Wanted]) -> list[Wanted]:
        """Those that stood in the vault when it was last seen; where none is known, all may."""
        there = [item for item in items if item.id not in self.gone]
        return [item for item in there if item.id in self.bases] or there

    def _free(self, blocks: Sequence[PageBlock], *, named: bool = False) -> list[PageBlock]:
        """Those that are no highlight yet; `named`: also those with the id of another one.

        A tweet is its status id: a block with its link is the tweet, whatever highlight brought it.
        """
        free = (block for block in blocks if block.at not in self._taken)
        return [block for block in free if named or not block.ids]

    def by_id(self) -> None:
        """A block says which highlight it is; a copy of it is no other highlight's."""
        items = {item.id: item for item in self.wanted}
        for block in self.blocks:
            for id_ in block.ids:
                if id_ in items and id_ not in self.found:
                    self._take(items[id_], block)

    def by_own_link(self) -> None:
        """A link that no other highlight of the document has."""
        lone = [items[0] for items in self._items.values() if len(items) == 1]
        for item in self._missing(lone):
            key = item.key or ""
            holders = self._free(self._holders.get(key, ()), named=key.startswith("tweet:"))
            if holders:
                self._take(item, _most_like(item, self.bases.get(item.id), holders))
        missing = {item.key: item for item in self._missing(lone)}
        if not missing:
            return
        for block in self.blocks:
            own = self._own.get(block.at)
            for key in block.keys:
                if key in missing and key != own and not self._is_quoted(key, own):
                    self._take(missing.pop(key), block)  # its owner joined two blocks

    def _is_quoted(self, key: str, own: str | None) -> bool:
        """Whether a link stands in the text of the highlight that its block is."""
        return own is not None and any(key in item.quotes for item in self._items[own])

    def by_shared_link(self) -> None:
        """A link that several highlights have.

        Who is who is told by what is said, then in order.
        """
        for key, items in self._items.items():
            missing = self._missing(items)
            holders = self._free(self._holders.get(key, ()))
            if len(items) == 1 or not missing or not holders:
                continue
            missing.sort(key=lambda item: item.id not in self.bases)
            self._take_alike(missing, holders)
            # a block too many, or a copy of one, is no new highlight's
            older, taken = self._standing(items), self._digests_of(items)
            missing = self._missing(older)
            holders = [block for block in self._free(holders) if block.digest not in taken]
            known = len(missing) <= len(holders) or any(item.id in self.bases for item in older)
            self._take_between(missing, holders, _is_any if known else _is_alike)

    def _digests_of(self, items: Sequence[Wanted]) -> set[bytes]:
        """Those of the blocks that are found for these."""
        return {self.found[item.id].digest for item in items if item.id in self.found}

    def take_split_ones(self) -> None:
        """Blocks that are the beginning of a highlight whose link stands in its last list line."""
        at = {block.at: number for number, block in enumerate(self.blocks)}
        for item in self.wanted:
            place, starts = self.found.get(item.id), item.starts
            if not isinstance(place, PageBlock) or not starts or place.says.startswith(starts):
                continue
            for block in reversed(self.blocks[: at[place.at]][-_MOST:]):
                if block.at in self._taken or block.at in self._own:
                    break
                if block.says == starts:
                    self._taken |= {one.at for one in self.blocks if block.at <= one.at < place.at}
                    break

    def by_words(self) -> None:
        """What is left, among the blocks that no link gives to a highlight."""
        missing = self._missing(self.wanted)
        missing.sort(key=lambda item: item.key is not None)  # what has no link is there without one
        if missing:
            self._take_alike(missing, self._nameless())

    def by_label(self) -> None:
        """What has the label of a place that no other highlight and no other block has."""
        labels = Counter(item.label for item in self.wanted)
        for item in self._missing(self.wanted):
            if item.label is not None and labels[item.label] == 1 and item.key is None:
                same = [block for block in self._nameless() if block.label == item.label]
                if len(same) == 1:
                    self._take(item, same[0])

    def by_mention(self) -> None:
        """What has an address without a label, as where its owner left nothing but that."""
        for item in self._missing(self.wanted):
            if item.key is not None and len(self._items[item.key]) == 1:
                named = [block for block in self._nameless() if item.key in block.mentions]
                if named:
                    self._take(item, named[0])

    def by_place(self) -> None:
        """What has neither id nor link, and was changed: between its neighbours, if it is alike.

        A heading there is a heading's, whatever it says.
        """
        older = self._missing(self._standing(self.wanted))
        missing = [item for item in older if item.shows_no_link]
        if missing:
            self._take_between(missing, self._nameless(), _is_alike)
            headings = [item for item in self._missing(missing) if item.level]
            self._take_between(headings, self._nameless(), _is_heading)

    def by_likeness(self) -> None:
        """What its owner both moved and changed: the only block that is very much alike."""
        older = self._missing(self._standing(self.wanted))
        free = self._nameless() if older else []
        for item in older if free else ():
            if item.shows_no_link and item.id in self.bases:
                near = free[:_MOST]
                alike = [block for block in near if _is_alike(item, block, _VERY_ALIKE)]
                if len(alike) == 1:
                    self._take(item, alike[0])
                    free.remove(alike[0])

    def _nameless(self) -> list[PageBlock]:
        return self._free([block for block in self.blocks if block.at not in self._own])

    def elsewhere_by_link(self, elsewhere: Mapping[str, Sequence[Elsewhere]]) -> None:
        """On other pages."""
        for key, items in self._items.items():
            missing, places = self._missing(items), elsewhere.get(key, ())
            if not missing or not places:
                continue
            for item, place in _same_digest(missing, places, self.bases):
                self._take(item, place)
            # others are copies
            left = iter([place for place in places if place.digest not in self._digests])
            older = self._missing(self._standing(items))
            for item, place in zip(older, left, strict=False):
                self._take(item, place)

    def elsewhere_by_name(self, elsewhere: Mapping[str, Sequence[Elsewhere]]) -> None:
        """On other pages by its id, or by what syncd wrote."""
        for item in self._missing(self.wanted) if elsewhere else ():
            texts = text_keys(item, self.bases.get(item.id))
            said = [place for name in texts for place in elsewhere.get(name, ())]
            places = [
                *elsewhere.get(id_key(item.id), ()),
                *(one for one in said if one not in self._elsewhere),  # no words count for two
            ]
            if places:
                self._take(item, places[0])

    def _take_alike(self, items: Sequence[Wanted], blocks: Sequence[PageBlock]) -> None:
        """Pair by what syncd last saw, by what is said, then by one saying a part of the other."""
        if not blocks:
            return
        for item, block in _same_digest(items, blocks, self.bases):
            self._take(item, block)
        said = {item.id: item.says for item in self._missing(items)}
        self._take_equal(items, blocks, lambda item: said[item.id], lambda block: block.says)
        self._take_equal(items, blocks, lambda item: said[item.id], lambda block: block.plain)
        # what is new in the account is no other program's
        known = [item for item in self._missing(items) if item.id in self.bases or not self.bases]
        self._take_equal(known, blocks, lambda item: item.starts or None, lambda block: block.says)
        self._take_equal(
            known, blocks, lambda item: item.first_item or None, lambda block: block.says
        )
        self._take_parts(known, blocks, said)

    def _take_parts(
        self, items: Sequence[Wanted], blocks: Sequence[PageBlock], said: Mapping[int, str]
    ) -> None:
        """Pair those of which one says a part of the other; `said` are the items' words."""
        free = [block for block in self._free(blocks) if len(block.says) >= _ENOUGH]
        for item in self._missing(items) if free else ():
            part = next((one for one in free if _is_part(one.says, said[item.id])), None)
            if part is not None:
                self._take(item, part)
                free.remove(part)

    def _take_equal(
        self,
        items: Sequence[Wanted],
        blocks: Sequence[PageBlock],
        words_of: Callable[[Wanted], str | None],
        said_in: Callable[[PageBlock], str | None],
    ) -> None:
        """Pair those whose words are the same; None is no words."""
        missing = self._missing(items)
        by_words: dict[str | None, list[PageBlock]] = defaultdict(list)
        for block in reversed(self._free(blocks)) if missing else ():
            by_words[said_in(block)].append(block)
        by_words.pop(None, None)
        for item in missing:
            if by_words.get(words := words_of(item)):
                self._take(item, by_words[words].pop())

    def _take_between(
        self,
        items: Sequence[Wanted],
        blocks: Sequence[PageBlock],
        fits: Callable[[Wanted, PageBlock], bool],
    ) -> None:
        """Give items the blocks between their neighbours' that fit, in their order."""
        free = sorted(blocks)
        if not items or not free:
            return
        starts = [block.at for block in free]
        for gap in self._gaps(items):
            low, high = bisect_right(starts, gap.after), bisect_left(starts, gap.before)
            at = low
            for item in gap.items:
                window = range(at, min(high, at + _MOST))
                place = next((one for one in window if fits(item, free[one])), None)
                if place is not None:
                    self._take(item, free[place])
                    at = place + 1

    def _gaps(self, items: Sequence[Wanted]) -> Iterator[_Gap]:
        """The runs of items between highlights that have blocks, with those blocks' places."""
        missing = {item.id for item in items}
        after, run = -1, list[Wanted]()
        for item in self.wanted:
            place = self.found.get(item.id)
            if item.id in missing:
                run.append(item)
            elif isinstance(place, PageBlock):
                if run:
                    yield _Gap(after, place.at, run)
                after, run = place.at, []
        if run:
            yield _Gap(after, len(self.blocks) and self.blocks[-1].at + 1, run)


class _Gap(NamedTuple):
    """Highlights whose blocks must stand behind one block and before another."""

    after: int
    before: int
    items: list[Wanted]


def _most_like(item: Wanted, base: Base | None, blocks: Sequence[PageBlock]) -> PageBlock:
    """Of several blocks with the highlight's link the one that says most surely what it says."""
    if len(blocks) == 1:
        return blocks[0]
    known = {item.page.text, base.page.text if base else b""}
    same = [block for block in blocks if block.digest in known]
    return (same or [block for block in blocks if block.says == item.says] or blocks)[0]


def _same_digest(
    items: Sequence[Wanted], places: Sequence[_Spot], bases: Mapping[int, Base]
) -> list[tuple[Wanted, _Spot]]:
    """Which of these places say what syncd last saw there or writes, else what it saw earlier."""
    by_digest: dict[bytes, list[_Spot]] = defaultdict(list)
    for place in reversed(places):
        by_digest[place.digest].append(place)
    found: dict[int, tuple[Wanted, _Spot]] = {}
    for digests_of in (_present_digests, _earlier_digests):
        for item in items if by_digest else ():
            for wish in digests_of(item, bases.get(item.id)) if item.id not in found else ():
                if by_digest.get(wish):
                    found[item.id] = item, by_digest[wish].pop()
                    break
    return list(found.values())


def _present_digests(item: Wanted, base: Base | None) -> Iterator[bytes]:
    """What was last seen of it, its owner's words too, and what syncd writes.

    Of what syncd never saw, also a place outside of blocks (b""): its words cannot be told there.
    """
    yield b"" if base is None else base.page.text
    if base is not None and base.seen:
        yield base.seen
    yield item.page.text


def _earlier_digests(_item: Wanted, base: Base | None) -> Iterator[bytes]:
    """What the page said before edits of ours, and says again where it went back in time."""
    past = base.past if base is not None else ()
    yield from (one.digest for one in past if one.part == "text")


def _is_part(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _ENOUGH and shorter in longer


def _is_any(_item: Wanted, _block: PageBlock) -> bool:
    return True


def _is_heading(_item: Wanted, block: PageBlock) -> bool:
    return block.is_heading


def _is_alike(item: Wanted, block: PageBlock, enough: float = _ALIKE) -> bool:
    one, other = item.says[:_COMPARED], block.says[:_COMPARED]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= enough and matcher.ratio() >= enough


def _in_prose(
    wanted: Sequence[Wanted],
    bases: Mapping[int, Base],
    found: Collection[int],
    lines: Sequence[str],
) -> dict[int, Place]:
    """Those without a block that stand in the running text.

    On a page by syncd that is no new highlight's place.
    """
    missing = {item.id for item in wanted if item.id not in found}
    if not lines or not missing or (bases and missing.isdisjoint(bases)):
        return {}
    said = said_below(lines, {item.id: item.says for item in wanted}, missing)
    return dict.fromkeys(said, Elsewhere("", b"")) if not bases or said & bases.keys() else {}
