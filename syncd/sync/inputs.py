"""Collects what a decision on one document rests on.

From the mirror, the vault's index, and the page itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from syncd.formats.format import Format, format_at
from syncd.model import Document, Highlight
from syncd.page.identity import highlight_key, link_key
from syncd.page.links import id_key, title_key
from syncd.page.names import name_key
from syncd.page.rendered import Hashes
from syncd.state import account, index, ledger
from syncd.sync.filters import wants_highlight
from syncd.sync.identify import Stand, Wanted, locals_of, match, text_keys
from syncd.sync.merge import Case
from syncd.sync.pictures import Album, album
from syncd.sync.same_tweet import duplicates
from syncd.sync.vault_run import Target
from syncd.vault.page_names import Name, page_name
from syncd.vault.read import Seen, page_at


class Gathered(NamedTuple):
    """A document with all that decides on its page.

    `path` and `seen` are None where it has no page.
    """

    document: Document
    case: Case
    home: ledger.Home | None
    path: str | None
    seen: Seen | None
    duplicates: int
    form: Format
    album: Album


def gather(db: sqlite3.Connection, target: Target, id_: int) -> Gathered:
    """Read everything about one document.

    Raises DocumentError or OSError where its page cannot be read.

    `form` is that of its page's file, and of new pages where it has none.
    """
    home = ledger.home(db, target.id, id_)
    form = format_at(home.path, target.form) if home else target.form
    found = _gather(db, target, id_, home, form)
    right = format_at(found.path, target.form) if found.path else target.form
    return found if right is form else _gather(db, target, id_, home, right)


def _gather(
    db: sqlite3.Connection, target: Target, id_: int, home: ledger.Home | None, form: Format
) -> Gathered:
    document = account.load(db, id_)
    if form is not target.form:
        target = target._replace(form=form)
    bases = ledger.bases(db, target.id, id_)
    twins = duplicates(db, target, document, bases)
    plain = [
        _wanted(target, form, document, item)
        for item in document.highlights
        if item.id not in twins and (item.id in bases or not item.is_deleted)
    ]
    pictures = album(db, target, plain)
    usual = home.path if home else name_of(target, document).path if pictures.copies else ""
    wanted = pictures.illustrate(plain, usual)
    places = index.places(db, target.id, _keys(wanted, bases, form))
    path = _page_of(db, target, document, home, wanted, places)
    if path and path != usual:
        wanted = pictures.illustrate(plain, path, usual)
    page, seen = page_at(target.root / path) if path else (None, None)
    elsewhere: dict[str, list[Stand]] = {}
    written = {item.hashes.text for item in wanted if item.key} | {
        base.text for base in bases.values()
    }
    for place in places:
        # also on the document's own page, where it stands outside of a block, or several stand in
        # one
        anywhere = not place.hash or place.key.startswith("rw:")
        said = place.key.startswith("url:") and place.hash in written
        sure = place.tenant in (None, id_) or place.key.startswith("tweet:") or said
        if anywhere or (place.path != path and sure):
            elsewhere.setdefault(place.key, []).append(Stand(place.path, place.hash))
    redressed = ledger.mark(db, target.id, id_) != form.mark
    case = Case(wanted, bases, page, elsewhere, target.remove, form.labels, redressed, form.syntax)
    return Gathered(document, case, home, path, seen, len(twins), form, pictures)


def _wanted(target: Target, form: Format, document: Document, item: Highlight) -> Wanted:
    rendered = form.highlight(document, item, target.zone)
    live = not (item.is_deleted or document.is_deleted)
    key = highlight_key(document, item)
    comes = wants_highlight(target.vault, target.zone, document, item)
    return Wanted(item.id, key, rendered, rendered.hashes(), item.text or "", live, comes)


def _keys(wanted: Iterable[Wanted], bases: dict[int, Hashes], form: Format) -> list[str]:
    keys: dict[str, None] = {}
    for item in wanted:
        names = [item.key] if item.key else text_keys(item.hashes, bases.get(item.id))
        keys.update(dict.fromkeys(names))
        if form.block_ids:
            keys[id_key(item.id)] = None
    return list(keys)


def _page_of(
    db: sqlite3.Connection,
    target: Target,
    document: Document,
    home: ledger.Home | None,
    wanted: Sequence[Wanted],
    places: Sequence[index.Place],
) -> str | None:
    """The document's page.

    By the state, else by its `url` property and title, else by the highlights in it.
    """
    counts: dict[str, set[str]] = {}
    for place in places:
        counts.setdefault(place.path, set()).add(place.key)
    known = home.path if home is not None and index.has(db, target.id, home.path) else None
    if known is not None and (known in counts or not counts):
        return known
    names = [name_key(name.title) for name in names_of(target, document)]
    url = link_key(document.source_url)
    title = title_key(target.form.full_title(document))
    had_one = home is not None and any(item.key for item in wanted)
    ranked = []
    for page in index.candidates(db, target.id, counts, names, title, document.id):
        held = counts.get(page.path, set())
        same_name = page.name in names or page.title == title
        may_share = same_name and home is None and not page.own and (page.url or page.title)
        few = page.highlights > 0 and len(held) * 2 <= page.highlights
        strange = had_one and few and not (held and same_name)
        mine = not strange and _is_home(target, page, url, same_name, held, wanted)
        if page.book is not None:
            mine = page.book == document.id
        if mine or (may_share and _shares(target, page, held, wanted)):
            same = page.url == url and same_name
            ranked.append((mine, same, page.name == names[1], len(held), page.path))
    return max(ranked)[-1] if ranked else known


def _is_home(
    target: Target,
    page: index.Candidate,
    url: str | None,
    same_name: bool,
    held: set[str],
    wanted: Sequence[Wanted],
) -> bool:
    """Whether a page that is no document's yet is this one's, which has this address and holds these highlights."""
    if page.settled:
        return False
    if len(held) * 2 > page.highlights:
        return True
    if page.url is None and page.title is None:
        return same_name and _in_words(target, page, wanted) * 2 > len(wanted)
    if url is not None:
        return page.url == url and (same_name or bool(held))
    return same_name and (bool(held) or (page.url is None and _in_words(target, page, wanted) > 0))


def _shares(
    target: Target, page: index.Candidate, held: set[str], wanted: Sequence[Wanted]
) -> bool:
    """Whether another program put this document's highlights onto the page of another document of the same title."""
    return any(key.startswith("tweet:") for key in held) or _in_words(
        target, page, wanted
    ) * 2 > len(wanted)


def _in_words(target: Target, page: index.Candidate, wanted: Sequence[Wanted]) -> int:
    """How many of these highlights a page holds, be it only by what they say."""
    there = page_at(target.root / page.path)[0]
    return len(match(wanted, {}, locals_of(there, target.form.labels), {}, there.lines))


def names_of(target: Target, document: Document) -> tuple[Name, Name]:
    """The name of a document's page, and the one it has where that is another page's.

    With its own id.
    """
    return name_of(target, document), name_of(target, document, f" ({document.id})")


def name_of(target: Target, document: Document, suffix: str = "") -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    Raises DocumentError.
    """
    form = target.form
    return page_name(
        target.graph, target.vault.namespace, document, suffix, form.name(document), form.extension
    )
