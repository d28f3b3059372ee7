"""Collects what a decision on one document rests on: from the mirror, the vault's index, and the page itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from syncd.config import Vault
from syncd.match import Stand, Wanted, text_keys
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
from syncd.vault.recognise import block_key, fingerprint


class Target(NamedTuple):
    """One vault as a run sees it. `remove`: whether upstream deletions are carried out."""

    id: int
    root: Path
    graph: Graph
    vault: Vault
    zone: tzinfo
    remove: bool


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
    path = _page_of(db, target, document, home, places)
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
    return Wanted(item.id, key, rendered, rendered.hashes(), fingerprint(item.text or ""), live)


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
    url, title = link_key(document.source_url), logseq.full_title(document)
    ranked = []
    for page in index.candidates(db, target.id, counts, names):
        held = len(counts.get(page.path, ()))
        same_url, same_name = page.url == url, page.name in names or page.title == title
        if (same_url and (same_name or held)) or (held and same_name and url is None) or held * 2 > page.highlights:
            ranked.append((same_url and same_name, page.name == names[1], held, page.path))
    return max(ranked)[-1] if ranked else known


def titles(target: Target, document: Document) -> tuple[str, str]:
    """A document's page title, and the one it has where that is another page's: with its own id."""
    namespace, title = target.vault.namespace, document.title or ""
    return page_title(namespace, title), page_title(namespace, title, f" ({document.id})")


def _duplicates(db: sqlite3.Connection, target: Target, document: Document, bases: dict[int, Hashes]) -> set[int]:
    """The highlights of this document that are in the vault, or will be, as another highlight."""
    groups: dict[tuple[str, str], list[tuple[bool, int, int]]] = {}
    for item in document.highlights:
        key = highlight_key(document, item)
        if key is not None and not item.is_deleted:
            rank = (item.id not in bases, document.id, item.id)
            groups.setdefault(_identity(key, item), []).append(rank)
    for rival in account.rivals(db, document.id):
        identity = _identity(rival.key, rival.highlight)
        if identity in groups and target.vault.wants(rival.document.category):
            known = ledger.has_base(db, target.id, rival.highlight.id)
            groups[identity].append((not known, rival.document.id, rival.highlight.id))
    own = {item.id for item in document.highlights}
    twins = {rank[2] for ranks in groups.values() for rank in ranks if rank != min(ranks)} & own
    if document.is_reader_tweet:
        return twins | _repeated(db, target, document, bases)
    return twins | _selected_before(db, target, document, bases)


def _identity(key: str, item: Highlight) -> tuple[str, str]:
    return key, "" if key.startswith("tweet:") else fingerprint(item.text or "")


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
    written = [r for r in account.selections(db, document.id) if ledger.has_base(db, target.id, r.highlight.id)]
    for item in document.highlights if written else ():
        key, says = highlight_key(document, item), fingerprint(item.text or "")
        if item.id not in bases and any(r.key == key and says in fingerprint(r.highlight.text or "") for r in written):
            twins.add(item.id)
    return twins
