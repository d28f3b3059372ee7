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
from syncd.progress import Progress
from syncd.readwise.client import Client
from syncd.readwise.decode import ExportPage, Rejected
from syncd.report import Failure, Report
from syncd.state import account, changes, fetching, pending
from syncd.state.schema import transaction
from syncd.sync.vault_run import RunOptions

_log = logging.getLogger(__name__)

# Between two fetches, for what changed while the first was under way.
_OVERLAP = timedelta(minutes=5)
# How long a fetch that was stopped can go on.
_FRESH = timedelta(days=1)


def fetch(
    db: sqlite3.Connection,
    config: Config,
    client: Client,
    options: RunOptions,
    report: Report,
    progress: Progress,
) -> None:
    """Bring the mirror up to the account, and move the cursor.

    Documents that may be behind wait in every vault. A fetch that was stopped goes on where it was;
    what it had brought is not asked for again. Raises what Client.export raises.
    """
    since = account.cursor(db)
    full = options.full or since is None or _is_full_due(db, config)
    asked = None if full else since
    begun = _begun(db, config, client, asked)
    if begun is None:
        _start(db)
    what = "what is new" if asked else "the whole account"
    progress(f"asking Readwise for {'the rest' if begun else what}", 0, None)
    refused: set[int | None] = set()
    if begun is not None:
        refused.update(id_ for id_, _, _ in account.rejected(db))
    for page in _pages(db, client, asked, begun):
        with transaction(db):
            _take_in(db, config, page, full=full)
            moment = begun.started if begun else client.server_time
            refused |= {one.id for one in page.rejected}
            fetching.keep(db, _point(_source(config, client), asked, moment, page, refused))
        _tell_nameless(report, page.rejected)
        report.fetched.documents += len(page.documents)
        report.fetched.highlights += page.highlights
        progress("highlights fetched", report.fetched.highlights, None)
    report.fetched.requests = client.requests
    if _is_doubtful(db, client, asked, begun):
        _start(db)
        fetch(db, config, client, options._replace(full=True), report, progress)
    else:
        _finish(db, config, refused, begun.started if begun else client.server_time, full=full)


def _is_doubtful(
    db: sqlite3.Connection,
    client: Client,
    asked: datetime | None,
    begun: fetching.Point | None,
) -> bool:
    """Whether all has to be asked for anew, in one piece.

    Where the time since which was asked lies in the future; or where something did not come in a
    full fetch that had been stopped: that alone does not show that it is gone.
    """
    if asked is not None:
        return _is_ahead(asked, client.server_time)
    return begun is not None and bool(fetching.unseen(db))


def _begun(
    db: sqlite3.Connection, config: Config, client: Client, asked: datetime | None
) -> fetching.Point | None:
    """Where a fetch that asked for the same was stopped, not long ago; else None."""
    point = fetching.point(db)
    if point is None or (point.server, point.since) != (_source(config, client), asked):
        return None
    return point if timedelta(0) <= datetime.now(UTC) - point.kept < _FRESH else None


def _source(config: Config, client: Client) -> str:
    """What a cursor is good for: the server, and the account there."""
    return f"{config.readwise.api_url} {client.account}"


def _start(db: sqlite3.Connection) -> None:
    with transaction(db):
        fetching.keep(db, None)
        fetching.forget_seen(db)


def _take_in(db: sqlite3.Connection, config: Config, page: ExportPage, *, full: bool) -> None:
    _note(db, account.absorb(db, _shown(config, page.documents)))
    account.reject(db, page.rejected)
    if full:
        fetching.see(db, page.documents)


def _point(
    source: str,
    asked: datetime | None,
    started: datetime | None,
    page: ExportPage,
    refused: set[int | None],
) -> fetching.Point | None:
    """Where a fetch can go on after this page; None where it ended, or must begin anew."""
    if page.next_cursor is None or started is None or None in refused:
        return None
    now = datetime.now(UTC)
    return fetching.Point(source, asked, started, now, page.next_cursor)


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


def _pages(
    db: sqlite3.Connection,
    client: Client,
    since: datetime | None,
    begun: fetching.Point | None,
) -> Iterator[ExportPage]:
    """What changed since then, or all of it; then the documents that were not understood."""
    rejected = [] if since is None else [id_ for id_, _, _ in account.rejected(db)]
    yield from client.export(updated_after=since, start=begun.cursor if begun else None)
    if rejected:
        for page in client.export(ids=rejected):
            yield page._replace(next_cursor=None)  # a fetch does not go on from here


def _finish(
    db: sqlite3.Connection,
    config: Config,
    refused: set[int | None],
    started: datetime | None,
    *,
    full: bool,
) -> None:
    """All came: what was not seen in a full fetch is gone; the next one asks from its start on."""
    with transaction(db):
        if full:
            _finish_full(db, config, refused)
        if None not in refused:
            account.forget_rejected(db, refused)
        if started is not None and None not in refused:
            account.set_cursor(db, started - _OVERLAP)
        fetching.keep(db, None)
        fetching.forget_seen(db)


def _finish_full(db: sqlite3.Connection, config: Config, refused: set[int | None]) -> None:
    touched = account.finish_full(db, fetching.unseen(db), refused)
    if touched is None:
        _log.warning("Readwise says that the account is empty; nothing is taken for deleted")
    _note(db, touched or set())
    account.set_cursor(db, datetime.now(UTC), "full")
    account.set_server(db, config.readwise.api_url)
