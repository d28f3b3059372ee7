"""Brings the mirror up to the account: what changed since the last fetch, or all of it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from syncd.config.settings import Config
from syncd.model import Document
from syncd.readwise.client import Client
from syncd.readwise.decode import ExportPage, Rejected
from syncd.report import Failure, Report
from syncd.state import account, changes, pending
from syncd.state.schema import transaction
from syncd.sync.vault_run import Progress, RunOptions

_log = logging.getLogger(__name__)

# Between two fetches, for what changed while the first was under way.
_OVERLAP = timedelta(minutes=5)


def fetch(
    db: sqlite3.Connection,
    config: Config,
    client: Client,
    options: RunOptions,
    report: Report,
    progress: Progress,
) -> datetime | None:
    """Bring the mirror up to the account; the next run's cursor, None where this one must stay.

    Documents that may be behind wait in every vault. Raises what Client.export raises.
    """
    since = account.cursor(db)
    full = options.full or since is None or _is_full_due(db, config)
    refused: set[int | None] = set()
    seen: set[int] = set()
    for page in _pages(db, client, None if full else since):
        with transaction(db):
            _note(db, account.absorb(db, _shown(config, page.documents)))
            account.reject(db, page.rejected)
        refused |= {one.id for one in page.rejected}
        seen.update(one.id for document in page.documents for one in document.highlights)
        _tell_nameless(report, page.rejected)
        report.fetched.documents += len(page.documents)
        report.fetched.highlights += page.highlights
        progress("highlights fetched", report.fetched.highlights, None)
    report.fetched.requests = client.requests
    if not full and _is_ahead(since, client.server_time):
        return fetch(db, config, client, options._replace(full=True), report, progress)
    with transaction(db):
        if full:
            _finish_full(db, config, seen, refused)
        if None not in refused:
            account.forget_rejected(db, refused)
    if client.server_time is None or None in refused:
        return None
    return client.server_time - _OVERLAP


def _note(db: sqlite3.Connection, touched: set[int]) -> None:
    """These documents changed: every vault may be behind of them, and so may the search."""
    pending.add_everywhere(db, touched)
    changes.note(db, touched)


def _shown(config: Config, documents: Sequence[Document]) -> Sequence[Document]:
    """The documents without the stars of their highlights, where no vault may show any."""
    for vault in config.vaults:
        if "favorite" in vault.properties or isinstance(vault.template, Path):
            return documents
    return [_without_stars(document) for document in documents]


def _without_stars(document: Document) -> Document:
    if not any(item.is_favorite for item in document.highlights):
        return document
    plain = tuple(replace(item, is_favorite=False) for item in document.highlights)
    return replace(document, highlights=plain)


def _tell_nameless(report: Report, rejected: list[Rejected]) -> None:
    """Name, for every vault, what cannot be remembered and asked for again: it has no id."""
    failures = [
        Failure(None, one.title or "a document without an id", "not-understood", one.reason)
        for one in rejected
        if one.id is None
    ]
    for vault in report.vaults:
        vault.failed += failures


def _is_full_due(db: sqlite3.Connection, config: Config) -> bool:
    """Whether it is time for the whole account; another server is another account."""
    last, now = account.cursor(db, "full"), datetime.now(UTC)
    if last is None or _is_ahead(last, now) or account.server(db) != config.readwise.api_url:
        return True
    return now - last >= config.schedule.full_every


def _is_ahead(moment: datetime | None, now: datetime | None) -> bool:
    """Whether a time lies in the future of the clock that once told it, and so counts as none."""
    return moment is not None and now is not None and moment > now


def _pages(db: sqlite3.Connection, client: Client, since: datetime | None) -> Iterator[ExportPage]:
    """What changed since then, or all of it; then the documents that were not understood."""
    rejected = [] if since is None else [id_ for id_, _, _ in account.rejected(db)]
    yield from client.export(updated_after=since)
    if rejected:
        yield from client.export(ids=rejected)


def _finish_full(
    db: sqlite3.Connection, config: Config, seen: set[int], refused: set[int | None]
) -> None:
    touched = account.finish_full(db, seen, refused)
    if touched is None:
        _log.warning("Readwise says that the account is empty; nothing is taken for deleted")
    _note(db, touched or set())
    account.set_cursor(db, datetime.now(UTC), "full")
    account.set_server(db, config.readwise.api_url)
