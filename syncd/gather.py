"""Collects what a decision on one document rests on: from the mirror, the vault's index, and the page itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from syncd.config import Vault
from syncd.match import Stand, Wanted, locals_of, match, text_keys
from syncd.mirror import account, ledger
from syncd.model import Document, Highlight, highlight_key
from syncd.plan import Case
from syncd.render import logseq
from syncd.render.block import Hashes
from syncd.tweets import link_key, status_id
from syncd.vault import index
from syncd.vault.graph import Graph
from syncd.vault.names import name_key, page_title
from syncd.vault.parse import Page, parse
from syncd.vault.reader import Seen, read_page
from syncd.vault.recognise import block_key, fingerprint, title_key


class Target(NamedTuple):
    """One vault as a run sees it.

    `remove`: whether upstream deletions are carried out; `patient`: whether a page is left alone that its owner is
    just writing.
    """

    id: int
    root: Path
    graph: Graph
    vault: Vault
    zone: tzinfo
    remove: bool
    patient: bool = False


class Gathered(NamedTuple):
    """A document with all that decides on its page. `path` and `seen` are None where it has no page."""

    document: Document
    case: Case
    home: ledger.Home | None
    path: str | None
    seen: Seen | None
    duplicates: int


def gather(db: sqlite3.Connection, target: Target, id_: int) -> Gathered:
    """Read everything about one document. Raises DocumentError or OSError where its page cannot be read."""
    document = account.load(db, id_)
    bases = ledger.bases(db, target.id, id_)
    twins = _duplicates(db, target, document, bases)
    wanted = [
        _wanted(document, item, target.zone)
        for item in document.highlights
        if item.id not in twins and (item.id in bases or not item.is_deleted)
    ]
    places = index.places(db, target.id, _keys(wanted, bases))
    home = ledger.home(db, target.id, id_)
    path = _page_of(db, target, document, home, wanted, places)
    page, seen = _read(target.root / path) if path else (None, None)
    elsewhere: dict[str, list[Stand]] = {}
    for place in places:
        if place.path != path and (place.tenant in (None, id_) or place.key.startswith("tweet:")):
            elsewhere.setdefault(place.key, []).append(Stand(place.path, place.hash))
    case = Case(wanted, bases, page, elsewhere, target.remove)
    return Gathered(document, case, home, path, seen, len(twins))


def _wanted(document: Document, item: Highlight, zone: tzinfo) -> Wanted:
    rendered = logseq.highlight(document, item, zone)
    live = not (item.is_deleted or document.is_deleted)
    key = highlight_key(document, item)
    return Wanted(item.id, key, rendered, rendered.hashes(), item.text or "", live)


def _keys(wanted: Iterable[Wanted], bases: dict[int, Hashes]) -> list[str]:
    keys: dict[str, None] = {}
    for item in wanted:
        names = [item.key] if item.key else text_keys(item.hashes, bases.get(item.id))
        keys.update(dict.fromkeys(names))
    return list(keys)


def _read(path: Path) -> tuple[Page, Seen]:
    data, seen = read_page(path)
    return parse(data.decode("utf-8", "surrogateescape")), seen


def _page_of(
    db: sqlite3.Connection,
    target: Target,
    document: Document,
    home: ledger.Home | None,
    wanted: Sequence[Wanted],
    places: Sequence[index.Place],
) -> str | None:
    """The document's page: by the state, else by its `url` property and title, else by the highlights in it."""
    counts: dict[str, set[str]] = {}
    for place in places:
        counts.setdefault(place.path, set()).add(place.key)
    known = home.path if home is not None and index.has(db, target.id, home.path) else None
    if known is not None and (known in counts or not counts):
        return known
    names = [name_key(title) for title in titles(target, document)]
    url, title = link_key(document.source_url), title_key(logseq.full_title(document))
    ranked = []
    for page in index.candidates(db, target.id, counts, names, title):
        held = counts.get(page.path, set())
        same_name = page.name in names or page.title == title
        may_share = same_name and home is None and not page.own
        mine = _is_home(target, page, url, same_name, held, wanted)
        if mine or (may_share and _shares(target, page, held, wanted)):
            same = page.url == url and same_name
            ranked.append((mine, same, page.name == names[1], len(held), page.path))
    return max(ranked)[-1] if ranked else known


def _is_home(
    target: Target, page: index.Candidate, url: str | None, same_name: bool, held: set[str], wanted: Sequence[Wanted]
) -> bool:
    """Whether a page that is no document's yet is this one's, which has this address and holds these highlights."""
    if page.settled:
        return False
    if len(held) * 2 > page.highlights:
        return True
    if url is not None:
        return page.url == url and (same_name or bool(held))
    return same_name and (bool(held) or (page.url is None and _in_words(target, page, wanted) > 0))


def _shares(target: Target, page: index.Candidate, held: set[str], wanted: Sequence[Wanted]) -> bool:
    """Whether another program put this document's highlights onto the page of another document of the same title."""
    return any(key.startswith("tweet:") for key in held) or _in_words(target, page, wanted) * 2 > len(wanted)


def _in_words(target: Target, page: index.Candidate, wanted: Sequence[Wanted]) -> int:
    """How many of these highlights a page holds, be it only by what they say."""
    return len(match(wanted, {}, locals_of(_read(target.root / page.path)[0]), {}))


def titles(target: Target, document: Document) -> tuple[str, str]:
    """A document's page title, and the one it has where that is another page's: with its own id."""
    namespace, title = target.vault.namespace, document.title or ""
    return page_title(namespace, title), page_title(namespace, title, f" ({document.id})")


class _Claim(NamedTuple):
    """A highlight that is, or was, one with others; the least of them stands in the vault."""

    gone: bool
    new: bool
    document: int
    id: int


def _duplicates(db: sqlite3.Connection, target: Target, document: Document, bases: dict[int, Hashes]) -> set[int]:
    """The highlights of this document that are in the vault, or will be, as another highlight.

    Where one that is gone upstream lives on as another, its block and its base (put into `bases`) are that one's.
    """
    own = {item.id for item in document.highlights}
    twins: set[int] = set()
    for claims in _claims(db, target, document, bases).values():
        first = min(claims)
        if len(claims) > 1 and not first.gone:
            twins |= {claim.id for claim in claims if claim != first} & own
            if first.new and first.id in own:
                known = [base for claim in claims if (base := ledger.base(db, target.id, claim.id)) is not None]
                bases |= {first.id: base for base in known[:1]}
    if document.is_reader_tweet:
        return twins | _repeated(db, target, document, bases)
    return twins | _selected_before(db, target, document, bases)


def _claims(
    db: sqlite3.Connection, target: Target, document: Document, bases: dict[int, Hashes]
) -> dict[tuple[str, str], list[_Claim]]:
    """This document's highlights and their rivals, by what they are: those that live, and those that syncd wrote."""
    found: dict[tuple[str, str], list[_Claim]] = {}
    for item in document.highlights:
        key, gone = highlight_key(document, item), bool(item.is_deleted or document.is_deleted)
        if key is not None and (item.id in bases or not gone):
            claim = _Claim(gone, item.id not in bases, document.id, item.id)
            found.setdefault(_identity(key, item), []).append(claim)
    for rival in account.rivals(db, document.id):
        identity = _identity(rival.key, rival.highlight)
        if identity in found and target.vault.wants(rival.document.category):
            gone = bool(rival.highlight.is_deleted or rival.document.is_deleted)
            known = ledger.base(db, target.id, rival.highlight.id) is not None
            if known or not gone:
                found[identity].append(_Claim(gone, not known, rival.document.id, rival.highlight.id))
    return found


def _identity(key: str, item: Highlight) -> tuple[str, str]:
    return key, "" if key.startswith("tweet:") else "".join((item.text or "").split())


def _repeated(db: sqlite3.Connection, target: Target, document: Document, bases: dict[int, Hashes]) -> set[int]:
    """Selections, saved in Reader, whose text stands in the vault already with the tweet or its thread."""
    tweet = f"tweet:{status_id(document.source_url)}"
    texts = [
        fingerprint(rival.highlight.text or "")
        for rival in account.thread(db, tweet)
        if target.vault.wants(rival.document.category)
    ]
    for path in {place.path for place in index.places(db, target.id, [tweet])}:
        page, _ = _read(target.root / path)
        contents = [page.content(block) for block in page.blocks]
        texts += [fingerprint("\n".join(c)) for c in contents if block_key(c, at_home=True) == tweet]
    return {
        item.id
        for item in document.highlights
        if item.id not in bases and any(fingerprint(item.text or "") in text for text in texts)
    }


def _selected_before(db: sqlite3.Connection, target: Target, document: Document, bases: dict[int, Hashes]) -> set[int]:
    """Tweets whose whole text is in the vault already, as a selection that was saved in Reader."""
    twins = set()
    written = [r for r in account.selections(db, document.id) if ledger.base(db, target.id, r.highlight.id)]
    for item in document.highlights if written else ():
        key, says = highlight_key(document, item), fingerprint(item.text or "")
        if item.id not in bases and any(r.key == key and says in fingerprint(r.highlight.text or "") for r in written):
            twins.add(item.id)
    return twins
