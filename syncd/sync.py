"""One run: what changed in the account goes into the mirror, and from there into each vault's pages.

    fetch -> mirror -> for each vault: survey -> for each pending document: gather -> plan -> splice -> write -> record

Whatever ends a run early (a kill, a full disk, Readwise away) leaves whole pages and a list of pending documents; the
next run ends where an undisturbed one would have.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.apply import PageWriter, sync_document
from syncd.config import Config, Vault, zone
from syncd.errors import Stopped, SyncdError, VaultError
from syncd.gather import Target
from syncd.mirror import account, ledger
from syncd.mirror.db import transaction
from syncd.readwise.client import Client
from syncd.report import Conflict, Failure, Report, VaultReport
from syncd.vault import index
from syncd.vault.graph import read_graph
from syncd.vault.writer import Writer, check_space, sweep

_log = logging.getLogger(__name__)

_OVERLAP = timedelta(minutes=5)  # between two fetches, for what changed while the first was under way
_BATCH = 100  # documents whose pages are made durable and recorded together
_FEW, _SHARE = 50, 5  # removals beyond these, a number and one in so many, need a word

Progress = Callable[[str, int, int | None], None]  # what is done, how many, of how many


class Wishes(NamedTuple):
    """What this run is asked for."""

    full: bool = False
    allow_removals: bool = False
    vaults: Sequence[str] = ()  # names; none: all


def run(
    db: sqlite3.Connection,
    config: Config,
    client: Client,
    stop: Event,
    wishes: Wishes,
    *,
    writer: Callable[[Path], PageWriter] = Writer,
    progress: Progress = lambda _what, _done, _total: None,
) -> Report:
    """Bring every vault up to the account. Each vault has its own failures, told in the report.

    Raises TokenError, ReadwiseError, Stopped: the fetch did not end, and nothing was written.
    """
    report = Report()
    vaults = [vault for vault in config.vaults if not wishes.vaults or vault.name in wishes.vaults]
    targets: list[tuple[Vault, Target | SyncdError]] = [(vault, open_target(db, vault, wishes)) for vault in vaults]
    moment = fetch(db, config, client, wishes, report, progress)
    for vault, target in targets:
        into = VaultReport(vault.name)
        report.vaults.append(into)
        try:
            if isinstance(target, SyncdError):
                raise target  # told like any other failure of this vault
            _sync_vault(db, target, writer(target.root), stop, wishes, into, progress)
        except VaultError as error:
            into.error = error.message
            report.code = max(report.code, error.exit_status)
    if moment is not None:
        with transaction(db):
            account.set_cursor(db, moment)
    report.conclude()
    return report


def open_target(db: sqlite3.Connection, vault: Vault, wishes: Wishes) -> Target | SyncdError:
    """The vault, checked; a vault that is not there takes in what it missed when it is back."""
    try:
        root = vault.path.resolve()
        graph = read_graph(root, vault.format)
        with transaction(db):
            number = ledger.vault_id(db, vault.name, root)
            ledger.settle(db, number, ",".join([vault.on_delete, *sorted(vault.categories)]))
            if wishes.allow_removals:
                ledger.mark_removals(db, number)
            if wishes.full:
                ledger.mark_all(db, number)
        return Target(number, root, graph, vault, zone(vault), remove=vault.on_delete == "remove")
    except VaultError as error:
        return error


def fetch(
    db: sqlite3.Connection, config: Config, client: Client, wishes: Wishes, report: Report, progress: Progress
) -> datetime | None:
    """Bring the mirror up to the account; the next run's cursor, None where this one must stay."""
    since, last_full = account.cursor(db), account.cursor(db, "full")
    due = last_full is None or datetime.now(UTC) - last_full >= config.schedule.full_every
    full = wishes.full or since is None or due
    account.start_full(db)
    rejected = [] if full else [id_ for id_, _, _ in account.rejected(db)]
    unnamed = False
    queries: list[dict[str, object]] = [{"updated_after": None if full else since}]
    if rejected:
        queries.append({"ids": rejected})
    for query in queries:
        for page in client.export(**query):  # type: ignore[arg-type]
            with transaction(db):
                account.absorb(db, page.documents)
                account.reject(db, [(one.id, one.title, one.reason) for one in page.rejected if one.id is not None])
                if full:
                    account.see(db, page.documents)
            unnamed |= any(one.id is None for one in page.rejected)
            report.fetched.documents += len(page.documents)
            report.fetched.highlights += page.highlights
            progress("highlights fetched", report.fetched.highlights, None)
    report.fetched.requests = client.requests
    if full:
        with transaction(db):
            if not account.finish_full(db):
                _log.warning("Readwise says that the account is empty; nothing is taken for deleted")
            account.set_cursor(db, datetime.now(UTC), "full")
    if client.server_time is None or unnamed:
        return None
    return client.server_time - _OVERLAP


def _sync_vault(
    db: sqlite3.Connection,
    target: Target,
    writer: PageWriter,
    stop: Event,
    wishes: Wishes,
    report: VaultReport,
    progress: Progress,
) -> None:
    survey(db, target, report)
    target = target._replace(remove=target.remove and _may_remove(db, target, wishes, report))
    todo = ledger.pending(db, target.id)
    if todo and isinstance(writer, Writer):
        check_space(target.root)
        sweep(target.root, [Path(target.graph.pages)])
    for start in range(0, len(todo), _BATCH):
        ended: SyncdError | None = None
        with transaction(db):
            try:
                for number, document in enumerate(todo[start : start + _BATCH], start + 1):
                    if stop.is_set():
                        raise Stopped("stopped; the next run goes on from here")  # noqa: TRY301
                    sync_document(db, target, writer, document, report)
                    progress(f"{report.name}: documents", number, len(todo))
            except (VaultError, Stopped) as error:
                ended = error  # what is written stays written, and is recorded
            writer.flush()
        if ended is not None:
            raise ended
    report.failed += [Failure(id_, title, "not-understood", why) for id_, title, why in account.rejected(db)]
    report.conflicts += [
        Conflict(document, highlight, parts.split(","), page)
        for document, highlight, parts, page in ledger.conflicts(db, target.id)
    ]


def survey(db: sqlite3.Connection, target: Target, report: VaultReport) -> None:
    """Bring the index up to the vault. Raises VaultError where the vault is empty and was not."""
    with transaction(db):
        before = index.count(db, target.id)
        found = index.survey(db, target.id, target.root, target.graph)
        if before and not found.pages:
            raise VaultError(
                f"{target.root} is empty where {before} pages were; mount the vault, or, if it is meant to be empty, "
                "give it another name in the configuration",
                code="vault-empty",
            )
        if found.read:
            ledger.reconsider(db, target.id)
    report.warnings += found.unreadable
    report.warnings += [f"{path} is a conflict copy; merge it by hand and delete it" for path in found.copies]


def _may_remove(db: sqlite3.Connection, target: Target, wishes: Wishes, report: VaultReport) -> bool:
    gone, of = ledger.removals(db, target.id)
    if wishes.allow_removals or not (gone > _FEW or gone * _SHARE > of):
        return True
    report.warnings.append(
        f"{gone} of {of} highlights were deleted in Readwise; none is removed before `syncd sync --allow-removals`"
    )
    return False
