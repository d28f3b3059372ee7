"""One run.

What changed in the account goes into the mirror, and from there into each vault's pages.

    fetch -> mirror -> for each vault: scan -> for each waiting document: inputs -> identify
                                       -> merge -> render -> splice -> write -> record

Whatever ends a run early (a kill, a full disk, Readwise away) leaves whole pages and a list of
waiting documents; the next run ends where an undisturbed one would have.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event

import msgspec

from syncd.config.settings import Config
from syncd.errors import ConfigError, VaultError
from syncd.formats.format import RENDERING
from syncd.progress import Progress, silent
from syncd.readwise.client import Client
from syncd.readwise.picture import fetch_picture
from syncd.report import Conflict, Failure, Report, VaultReport, conflict_copy_line
from syncd.state import account, bases, homes, pending
from syncd.state.schema import transaction
from syncd.sync.fetch import fetch
from syncd.sync.find_absences import find_absences
from syncd.sync.index_vault import index_vault
from syncd.sync.obsidian_base import make_base
from syncd.sync.vault_run import (
    FetchPicture,
    PageWriter,
    RunOptions,
    RunTools,
    VaultRun,
    open_vault,
)
from syncd.vault.write import Writer, sweep


def run(
    db: sqlite3.Connection,
    config: Config,
    client: Client | None,
    stop: Event,
    options: RunOptions,
    *,
    writer: Callable[[Path], PageWriter] = Writer,
    progress: Progress = silent,
    picture: FetchPicture = fetch_picture,
    aside: Callable[[sqlite3.Connection], AbstractContextManager[sqlite3.Connection]] = nullcontext,
) -> Report:
    """Bring every vault up to the account. Each vault has its own failures, told in the report.

    Without a client nothing is fetched, and what waits is written. `aside` gives the state on which
    the vaults are worked on, once all came: a copy where that is to leave no trace.
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
            finish_killed(one)
    if client is not None and opened:  # else there is nowhere to write what came
        fetch(db, config, client, options, report, progress)
    with aside(db) as work:
        for one in opened:
            with _told(report, one.report):
                _sync_vault(msgspec.structs.replace(one, db=work))
    if client is not None and not options.dry and any(vault.review for vault in config.vaults):
        from syncd.sync.review import tell_reviews

        tell_reviews(db, client, opened)
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


def finish_killed(run: VaultRun) -> None:
    """Finish what a killed run had begun, before the account changes again.

    What such a run wrote is not recorded yet. Compared with a newer account it would pass for the
    owner's work. What goes wrong here is tried, and told, again with all that waits.
    """
    begun = pending.begun(run.db, run.id)
    if begun:
        from syncd.sync.write_pages import write_pages

        index_vault(run)
        looks = pending.to_look_at(run.db, run.id)
        write_pages(run, begun, None)
        saved = homes.documents_at(run.db, run.id, run.rescanned)  # by their owner, meanwhile
        looks = dict.fromkeys(saved, False) | looks
        with transaction(run.db):  # what is gone from these pages is judged with all the others
            for document, git_moved in looks.items():
                pending.look_at(run.db, run.id, [document], git_moved=git_moved)
        run.report.failed.clear()
        run.report.warnings.clear()


def _sync_vault(run: VaultRun) -> None:
    _add_what_is_asked_for(run)
    found = index_vault(run)
    if not run.options.dry:
        _tell_copies(run, sweep(run.root / path for path in found.unfinished))
    with transaction(run.db):
        make_base(run, again=True)
        run.writer.flush()
    fates = find_absences(run)
    if pending.waiting(run.db, run.id) or run.copies_pictures:
        from syncd.sync.write_pages import write_waiting

        write_waiting(run, fates)
    if run.vault.log_page or run.vault.journal:
        from syncd.sync.announce import announce

        announce(run)
    run.report.failed += [
        Failure(id_, title, "not-understood", why) for id_, title, why in account.rejected(run.db)
    ]
    _tell_what_differs(run)


def _add_what_is_asked_for(run: VaultRun) -> None:
    with transaction(run.db):
        if run.options.full:
            marks = run.format.mark, run.format_at("page.org").mark
            pending.add_unsettled(run.db, run.id, *marks, RENDERING)
        held_back = run.options.full and run.vault.on_delete == "remove"
        if run.options.allow_removals or held_back:
            pending.add(run.db, run.id, bases.documents_deleted_upstream(run.db, run.id))


def _tell_what_differs(run: VaultRun) -> None:
    """Put into the report what is held back, what both sides changed, and what has no place."""
    run.report.held += [one.gone for one in bases.absences(run.db, run.id, verdict="held")]
    for one in bases.conflicts(run.db, run.id):
        for parts, told in (
            (one.differing, run.report.conflicts),
            (one.unplaced, run.report.unplaced),
        ):
            if parts:
                told.append(Conflict(one.document, one.highlight, parts, one.page))


def _tell_copies(run: VaultRun, made: Iterable[Path]) -> None:
    """Put into the report what was saved while a run was killed, and is beside its page now."""
    copies = [str(path.relative_to(run.root)) for path in made]
    run.copies.extend(copies)
    run.report.warnings += map(conflict_copy_line, copies)
