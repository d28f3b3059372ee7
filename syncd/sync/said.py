"""What the account says of a highlight, as digests to be compared with a later state. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.base import Base
from syncd.page.rendered import Digests
from syncd.sync.highlight_blocks import Wanted


def account_digests(item: Highlight, key: str | None, properties: Collection[str] = ()) -> Digests:
    """Digests of what the account says of a highlight; `key` is its identity.

    Text, address, location, date, a heading's level and those `properties` that are shown are one
    part: an address on another host that leads to the same tweet is the same. b"" for tags or a
    note that it lacks.
    """
    shown = shown_of(item)
    note = shown.note.strip()
    return Digests(
        _text(item, key, shown.level, properties),
        _digest(shown.tags) if shown.tags else b"",
        _digest(note) if note else b"",
    )


def _text(item: Highlight, key: str | None, level: int, properties: Collection[str]) -> bytes:
    said: list[object] = [item.text, key, item.location, item.location_type, item.highlighted_at]
    said += [level] if level else []
    if properties:
        shown = {"color": item.color, "favorite": bool(item.is_favorite)}
        said += [(name, shown[name]) for name in shown if name in properties]
    return _digest(said)


def _digest(value: object) -> bytes:
    return blake2b(msgspec.json.encode(value), digest_size=16).digest()


def settled_before(
    document: Document, wanted: Sequence[Wanted], known: Mapping[int, Base]
) -> Iterator[tuple[int, Base]]:
    """The bases that say what the account says now in other digests, as they are made now.

    An older syncd digested a note as it is, and no level; a newer one digests what is shown, so
    that a note with marks has that digest no more. So do other `properties` of the owner's choice.
    Yields highlights' ids with these bases.
    """
    items = {item.id: item for item in document.highlights}
    for one in wanted:
        base = known.get(one.id)
        if base is None or base.account is None or base.account == one.account:
            continue
        item, account = items[one.id], base.account
        note, level = (item.note or "").strip(), shown_of(item).level
        if account.note not in (b"", one.account.note) and account.note == _digest(note):
            tags = one.account.tags if account.tags == _digest(item.tag_names) else account.tags
            account, level = account._replace(tags=tags, note=one.account.note), 0
        ways = (_text(item, one.key, level, some) for some in _CHOICES)
        if account.text != one.account.text and account.text in ways:
            account = account._replace(text=one.account.text)
        if account != base.account:
            yield one.id, base._replace(account=account)


_CHOICES = ((), ("color",), ("favorite",), ("color", "favorite"))
