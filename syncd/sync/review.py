"""Brings the day's review from Readwise into the journal, as links to where its highlights stand.

Asked for once a day, and told once on a page. Nothing of it fails a run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from syncd.errors import Stopped, SyncdError
from syncd.readwise.client import Client
from syncd.state import account, bases, homes, index, news
from syncd.state.news import Review
from syncd.state.schema import transaction
from syncd.sync.announce import tell_in_journal, title_of
from syncd.sync.vault_run import VaultRun


def tell_reviews(db: sqlite3.Connection, client: Client, runs: Sequence[VaultRun]) -> None:
    """Tell the day's review in each vault that wants it, where that is not done.

    What goes wrong is a warning, and is tried again by a later run.
    """
    for run in runs:
        if not (run.vault.review and run.vault.journal) or run.report.error is not None:
            continue
        today = str(datetime.now(run.zone).date())
        if news.reviewed(db, run.id) == today:
            continue
        try:
            links = list(_links(run, _review(db, client, run, today).highlights))
            if links and tell_in_journal(run, review_line(links)):
                with transaction(db):
                    news.set_reviewed(db, run.id, today)
        except Stopped:
            raise
        except SyncdError as error:
            run.report.warnings.append(f"the day's review is not in the journal: {error.message}")


def _review(db: sqlite3.Connection, client: Client, run: VaultRun, today: str) -> Review:
    """The review of this day in the vault's zone, asked for where that was not done yet."""
    known = news.review(db)
    if known is not None and str(known.asked.astimezone(run.zone).date()) == today:
        return known
    review = Review(datetime.now(UTC), client.review())
    with transaction(db):
        news.set_review(db, review)
    return review


def _links(run: VaultRun, highlights: Sequence[int]) -> Iterator[str]:
    """Links to those of these highlights that stand in the vault, each once."""
    found = (_link(run, highlight) for highlight in highlights)
    yield from dict.fromkeys(link for link in found if link is not None)


def _link(run: VaultRun, highlight: int) -> str | None:
    base = bases.of(run.db, run.id, [highlight]).get(highlight)
    document = account.holder(run.db, highlight)
    if base is None or document is None or bases.verdicts(run.db, run.id, [highlight]):
        return None
    block = index.block_of(run.db, run.id, highlight) if run.format.block_ids else None
    home = homes.find(run.db, run.id, [document]).get(document)
    path = block or base.place or (home.path if home else None)
    if path is None:
        return None
    title = title_of(run, path)
    return f"[[{title}#^rw-{highlight}|{title}]]" if block else f"[[{title}]]"


def review_line(links: Sequence[str]) -> str:
    """The line of a day's review."""
    return f"Today's review from Readwise: {', '.join(links)}"
