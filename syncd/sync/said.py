"""What the account says of a highlight, as digests to be compared with a later state. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.base import Base
from syncd.page.rendered import Digests
from syncd.sync.highlight_blocks import Wanted


def account_digests(item: Highlight, key: str | None) -> Digests:
    """Digests of what the account says of a highlight; `key` is its identity.

    Text, address, location, date and a heading's level are one part: an address on another host
    that leads to the same tweet is the same. b"" for tags or a note that it lacks.
    """
    shown = shown_of(item)
    note = shown.note.strip()
    return Digests(
        _text(item, key, shown.level),
        _digest(shown.tags) if shown.tags else b"",
        _digest(note) if note else b"",
    )


def _text(item: Highlight, key: str | None, level: int) -> bytes:
    said = (item.text, key, item.location, item.location_type, item.highlighted_at)
    return _digest((*said, level) if level else said)


def _digest(value: object) -> bytes:
    return blake2b(msgspec.json.encode(value), digest_size=16).digest()


def settled_before(
    document: Document, wanted: Sequence[Wanted], known: Mapping[int, Base]
) -> Iterator[tuple[int, Base]]:
    """The bases that an older syncd settled, to which a note's marks were words, as they are now.

    It digested a note as it is, and no level; by that its bases are known. A newer one digests what
    is shown, so that a note with marks has that digest no more. Yields highlights' ids with these.
    """
    items = {item.id: item for item in document.highlights}
    for one in wanted:
        base = known.get(one.id)
        if base is None or base.account is None or base.account == one.account:
            continue
        item, account = items[one.id], base.account
        note = (item.note or "").strip()
        if account.note == one.account.note or account.note != _digest(note):
            continue
        same = Digests(_text(item, one.key, 0), _digest(item.tag_names), account.note)
        pairs = zip(account, same, one.account, strict=True)
        account = Digests(*(now if was == then else was for was, then, now in pairs))
        yield one.id, base._replace(account=account)
