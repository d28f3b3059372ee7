"""One run: what changed in the account goes into the mirror, and from there into each vault's pages.

    fetch -> mirror -> for each vault: scan -> for each waiting document: inputs -> identify
                                       -> merge -> render -> splice -> write -> record

Whatever ends a run early (a kill, a full disk, Readwise away) leaves whole pages and a list of
waiting documents; the next run ends where an undisturbed one would have.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from syncd.config.settings import Config
from syncd.errors import ConfigError, Stopped, SyncdError, VaultError
from syncd.readwise.client import Client
from syncd.readwise.picture import fetch_picture
from syncd.report import Conflict, Failure, Report, VaultReport, conflict_copy_line
from syncd.state import account, bases, homes, index, pending, pictures
from syncd.state.schema import transaction
from syncd.sync.announce import announce
from syncd.sync.apply import await_pictures, sync_document
from syncd.sync.fetch import fetch
from syncd.sync.obsidian_base import make_base
from syncd.sync.pictures import are_copied, copy_pictures
from syncd.sync.vault_run import (
    FetchPicture,
    PageWriter,
    Progress,
    RunOptions,
    RunTools,
    VaultRun,
    emptied_vault,
    open_vault,
)
from syncd.vault.page_names import home_folder
from syncd.vault.scan import scan
from syncd.vault.write import Writer, check_space, sweep

_BATCH = 100  # documents whose pages are made durable and recorded together
_FEW, _SHARE = 50, 5  # removals beyond these, a number and one in so many, need a word


def run(
    db: sqlite3.Connection,
    config: Config,
    client: Client | None,
    stop: Event,
    options: RunOptions,
    *,
    writer: Callable[[Path], PageWriter] = Writer,
    progress: Progress = lambda _what, _done, _total: None,
    picture: FetchPicture = fetch_picture,
) -> Report:
    """Bring every vault up to the account. Each vault has its own failures, told in the report.

    Without a client nothing is fetched, and what waits is written.
    Raises TokenError, ReadwiseError, Stopped: the fetch did not end, and nothing was written.
    """
    report = Report()
    tools = RunTools(stop, progress, writer, picture)
    opened: list[VaultRun] = []
    for vault in config.vaults:
        if options.vaults and vault.name not in options.vaults:
            continue
        into = VaultReport(vault.name)
        report.vaults.append(into)
        with _told(report, into):
            opened.append(open_vault(db, vault, options, tools, into))
    for one in opened:
        with suppress(VaultError):  # told below, where it lasts
            _finish_killed(one)
    moment = None
    if client is not None:
        moment = fetch(db, config, client, options, report, progress)
    for one in opened:
        with _told(report, one.report):
            _sync_vault(one)
    if moment is not None:
        with transaction(db):
            account.set_cursor(db, moment)
    report.conclude()
    return report


@contextmanager
def _told(report: Report, into: VaultReport) -> Iterator[None]:
    """Put into the reports what ended a vault's part of the run."""
    try:
        yield
    except (VaultError, ConfigError) as error:
        into.error = error.message
        report.code = max(report.code, error.exit_status)


def _finish_killed(run: VaultRun) -> None:
    """Finish what a killed run had begun, before the account changes again.

    What such a run wrote is not recorded yet. Compared with a newer account it would pass for the
    owner's work.
    """
    if pending.begun(run.db, run.id):
        index_vault(run)
        _write(run, pending.begun(run.db, run.id))


def _sync_vault(run: VaultRun) -> None:
    index_vault(run)
    if not run.options.dry:
        _sweep(run)
    with transaction(run.db):
        make_base(run, again=True)
        run.writer.flush()
    if are_copied(run):
        _copy_pictures(run)
    _write(run, pending.waiting(run.db, run.id))
    announce(run)
    run.report.failed += [
        Failure(id_, title, "not-understood", why) for id_, title, why in account.rejected(run.db)
    ]
    run.report.conflicts += [
        Conflict(document, highlight, parts.split(","), page)
        for document, highlight, parts, page in bases.conflicts(run.db, run.id)
    ]


def _copy_pictures(run: VaultRun) -> None:
    """Copy what the waiting documents will show, before their pages are written."""
    with transaction(run.db):
        for document in pending.waiting(run.db, run.id):
            await_pictures(run, document)
    came = copy_pictures(run)
    with transaction(run.db):
        pending.add(run.db, run.id, came)


def _sweep(run: VaultRun) -> None:
    """Remove temporary files that killed runs left where syncd writes."""
    folders = homes.folders(run.db, run.id) | pictures.folders(run.db, run.id)
    sweep(run.root, {home_folder(run.graph, run.vault.namespace)} | folders)


def _write(run: VaultRun, todo: Sequence[int]) -> None:
    """Bring the pages of these documents up to date, batch by batch."""
    remove = _may_remove(run)
    if todo and not run.options.dry:
        check_space(run.root)
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        ended: SyncdError | None = None
        with transaction(run.db):
            pending.begin(run.db, run.id, batch)
        with transaction(run.db):
            try:
                for number, document in enumerate(batch, start + 1):
                    if run.tools.stop.is_set():
                        raise Stopped("stopped; the next run goes on from here")  # noqa: TRY301
                    sync_document(run, document, remove=remove)
                    run.progress("documents", number, len(todo))
            except (VaultError, Stopped) as error:
                ended = error  # what is written stays written, and is recorded
            run.writer.flush()
            pending.end(run.db, run.id)
        if ended is not None:
            raise ended


def index_vault(run: VaultRun) -> None:
    """Bring the index up to the vault. Raises VaultError where the vault is empty and was not."""
    with transaction(run.db):
        before = index.count(run.db, run.id)
        found = scan(run.db, run.id, run.root, run.graph, run.tools.stop)
        if before and not found.pages:
            raise emptied_vault(run.root, before)
        if found.read:  # their owner may have brought together what differs
            pending.add(run.db, run.id, bases.documents_in_conflict(run.db, run.id))
    run.report.warnings += found.unreadable
    run.report.warnings += map(conflict_copy_line, found.copies)


def _may_remove(run: VaultRun) -> bool:
    """Whether upstream deletions are carried out."""
    if run.vault.on_delete != "remove":
        return False
    gone, of = bases.deleted_upstream(run.db, run.id)
    if run.options.allow_removals or not (gone > _FEW or gone * _SHARE > of):
        return True
    run.report.warnings.append(
        f"{gone} of {of} highlights were deleted in Readwise; none is removed before "
        "`syncd sync --allow-removals`"
    )
    return False
