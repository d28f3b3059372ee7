"""Finds highlights in the account's mirror by their words, and where they stand in the vaults."""

from __future__ import annotations

import sqlite3

import msgspec

from syncd.config import settings
from syncd.config.settings import Config
from syncd.formats.escape import link_target
from syncd.model import Document, Highlight
from syncd.page.identity import highlight_key, highlight_link
from syncd.page.links import id_key
from syncd.page.words import Term
from syncd.progress import Progress
from syncd.state import account, bases, homes, index
from syncd.state import search as state
from syncd.state.vaults import find_vault
from syncd.sync.mirror import opened_mirror


class Standing(msgspec.Struct):
    """A page on which a highlight stands: the vault's name, the path in it."""

    vault: str
    path: str


class Found(msgspec.Struct):
    """A highlight that says what was asked for, with the ids of it and of its document."""

    highlight: int
    document: int
    title: str
    author: str
    text: str
    note: str
    tags: list[str]
    highlighted_at: str | None
    link: str | None
    pages: list[Standing]


def search(config: Config, terms: list[Term], limit: int, progress: Progress) -> list[Found]:
    """The newest highlights, at most `limit`, that say all terms.

    Of those that were discarded in Readwise only where they may come into a vault. Brings the index
    up to date first. Raises StateError, ConfigError.
    """
    discarded = any(vault.discarded for vault in config.vaults)
    with (
        opened_mirror(config) as db,
        state.up_to_date(settings.state_path(config), db, progress) as words,
    ):
        vaults = [(vault.name, find_vault(db, vault.name)) for vault in config.vaults]
        known = [(name, number) for name, number in vaults if number is not None]
        hits = state.find(words, terms, limit, discarded=discarded)
        # a search that began later may have entered what came since
        documents = account.load(db, list({hit.document for hit in hits}))
        items = {one.id: one for document in documents.values() for one in document.highlights}
        return [
            _found(db, known, documents[hit.document], items[hit.highlight])
            for hit in hits
            if hit.highlight in items
        ]


def _found(
    db: sqlite3.Connection, vaults: list[tuple[str, int]], head: Document, item: Highlight
) -> Found:
    return Found(
        item.id,
        head.id,
        head.title or "",
        head.author or "",
        item.text or "",
        item.note or "",
        item.tag_names,
        item.highlighted_at,
        link_target(highlight_link(head, item)),
        [Standing(name, path) for name, vault in vaults for path in _pages(db, vault, head, item)],
    )


def _pages(db: sqlite3.Connection, vault: int, document: Document, item: Highlight) -> list[str]:
    """The pages on which the highlight stands: by its link or id, else where it was settled."""
    key = highlight_key(document, item)
    keys = [id_key(item.id), *([key] if key else [])]
    places = {place.path for place in index.places(db, vault, keys)}
    if places:
        return sorted(places)
    base = bases.of(db, vault, [item.id]).get(item.id)
    if base is None or bases.verdicts(db, vault, [item.id]):
        return []
    if base.place:
        return [base.place]
    return [home.path for home in homes.find(db, vault, [document.id]).values()]
