"""One run.

What changed in the account goes into the mirror, and from there into each vault's pages.

    fetch -> mirror -> for each vault: scan -> for each waiting document: inputs -> identify
                                       -> merge -> render -> splice -> write -> record

Whatever ends a run early (a kill, a full disk, Readwise away) leaves whole pages and a list of
waiting documents; the next run ends where an undisturbed one would have.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import ConfigError, Stopped, SyncdError, VaultError
from syncd.formats.format import RENDERING
from syncd.progress import Progress, silent
from syncd.readwise.client import Client
from syncd.readwise.picture import fetch_picture
from syncd.report import Conflict, Failure, Report, VaultReport, conflict_copy_line
from syncd.state import account, bases, homes, index, pending, vaults
from syncd.state.schema import transaction
from syncd.sync.absence import Fate, judge
from syncd.sync.announce import announce
from syncd.sync.apply import await_pictures, sync_document
from syncd.sync.drafts import drafts
from syncd.sync.fetch import fetch
from syncd.sync.look_at import look_at
from syncd.sync.obsidian_base import make_base
from syncd.sync.pictures import are_copied, copy_pictures
from syncd.sync.review import tell_reviews
from syncd.sync.vault_run import (
    FetchPicture,
    PageWriter,
    RunOptions,
    RunTools,
    VaultRun,
    emptied_vault,
    open_vault,
)
from syncd.vault.git import git_state
from syncd.vault.scan import Scan, scan
from syncd.vault.write import Writer, check_space, sweep

_BATCH = 100  # documents whose pages are made durable and recorded together
_FEW, _SHARE = 50, 5  # removals beyond these, a number and one in so many, need a word


class Absences(NamedTuple):
    """What is gone from a vault.

    `fates` by highlight; `found` are those that are not written again; `doubted` are those that
    counted as deleted until now: the vault is not whole.
    """

    fates: Mapping[int, Fate]
    found: Sequence[bases.Absence]
    doubted: Sequence[bases.Absence]


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
                _sync_vault(replace(one, db=work))
    if client is not None and not options.dry:
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
        index_vault(run)
        looks = pending.to_look_at(run.db, run.id)
        write_pages(run, begun, None)
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
    if are_copied(run):
        _copy_pictures(run)
    write_pages(run, pending.waiting(run.db, run.id), fates)
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


def find_absences(run: VaultRun) -> Mapping[int, Fate]:
    """Judge what is gone since the last look, remember it and put it into the report.

    Returns what becomes of each highlight that is gone.
    """
    absences = judge_absences(run)
    _record_absences(run, absences)
    return absences.fates


def judge_absences(run: VaultRun) -> Absences:
    """Find what is gone from the vault since the last look, and what that means."""
    looks = []
    changed = pending.to_look_at(run.db, run.id)
    for number, (id_, git_moved) in enumerate(changed.items(), 1):
        for look in look_at(run, id_, git_moved=git_moved):
            if any(effect.undone for effect in look.effects):
                looks.append(look)
        run.progress("changed pages compared", number, len(changed))
    if not looks:
        return Absences({}, [], [])
    day = run.started - timedelta(days=1)
    recent = bases.absences(run.db, run.id, since=day, verdict="deleted")
    gone = len(recent) + len(bases.absences(run.db, run.id, verdict="held"))
    known = len(bases.absences(run.db, run.id)) - gone
    total = bases.count(run.db, run.id) - known
    accepted = run.options.accept_deletions
    fates, whole = judge(looks, recent=gone, total=total, accepted=accepted)
    pages = {effect.highlight: look for look in looks for effect in look.effects}
    found = [
        bases.Absence(id_, pages[id_].document, pages[id_].path, run.started, fate)
        for id_, fate in fates.items()
        if fate != "again"
    ]
    return Absences(fates, found, [] if whole else recent)


def _record_absences(run: VaultRun, absences: Absences) -> None:
    """Remember what is gone, and put it into the report."""
    db, found = run.db, list(absences.found)
    if run.options.accept_deletions:
        found += bases.absences(db, run.id, verdict="held")
        found = [one._replace(verdict="accepted") for one in found]
    found += [one._replace(verdict="held") for one in absences.doubted]
    with transaction(db):
        bases.set_absences(db, run.id, found)
        homes.believe_gone(db, run.id, run.patience)
    run.report.deleted += [one.gone for one in found if one.verdict != "held"]


def _copy_pictures(run: VaultRun) -> None:
    """Copy what the waiting documents will show, before their pages are written."""
    with transaction(run.db):
        for document in pending.waiting(run.db, run.id):
            await_pictures(run, document)
    came = copy_pictures(run)
    with transaction(run.db):
        pending.add(run.db, run.id, came)


def _tell_copies(run: VaultRun, made: Iterable[Path]) -> None:
    """Put into the report what was saved while a run was killed, and is beside its page now."""
    copies = [str(path.relative_to(run.root)) for path in made]
    run.copies.extend(copies)
    run.report.warnings += map(conflict_copy_line, copies)


def write_pages(run: VaultRun, todo: Sequence[int], fates: Mapping[int, Fate] | None) -> None:
    """Bring the pages of these documents up to date, batch by batch.

    `fates` are those of what is gone, None where that is judged later.
    """
    remove = _may_remove(run)
    if todo and not run.options.dry:
        check_space(run.root)
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        ended: SyncdError | None = None
        with transaction(run.db):
            pending.begin(run.db, run.id, batch, time.time_ns())
        with transaction(run.db):
            try:
                for number, (document, one) in enumerate(drafts(run, batch), start + 1):
                    if run.tools.stop.is_set():
                        raise Stopped("stopped; the next run goes on from here")  # noqa: TRY301
                    sync_document(run, document, one, fates, remove=remove)
                    run.progress("documents", number, len(todo))
            except (VaultError, Stopped) as error:
                ended = error  # what is written stays written, and is recorded
            run.writer.flush()
            pending.end(run.db, run.id, (id_ for id_ in batch if id_ not in run.unfinished))
        if ended is not None:
            raise ended


def index_vault(run: VaultRun) -> Scan:
    """Bring the index up to the vault; what was found there.

    Raises VaultError where the vault is empty and was not.
    """
    with transaction(run.db):
        before = index.count(run.db, run.id)
        found = scan(run.db, run.id, run.root, run.graph, run.tools.stop, run.progress)
        if before and not found.pages:
            raise emptied_vault(run.root, before)
        moved = vaults.note_git(run.db, run.id, git_state(run.root))
        _note_changes(run, found, git_moved=moved)
    run.copies[:] = found.copies
    run.report.warnings += found.unreadable
    run.report.warnings += map(conflict_copy_line, found.copies)
    return found


def _note_changes(run: VaultRun, found: Scan, *, git_moved: bool) -> None:
    """Have the documents looked at whose pages changed, or are gone."""
    db, changed = run.db, [*found.changed, *found.gone]
    homes.mark_away(db, run.id, found.gone, run.started)
    homes.mark_here(db, run.id, found.changed)
    touched = {*homes.documents_at(db, run.id, changed), *bases.standing_at(db, run.id, changed)}
    touched.update(homes.away(db, run.id))
    if changed:
        touched.update(index.documents_of_notes(db, run.id, found.changed))
        touched.update(bases.without_note(db, run.id))
    pending.look_at(db, run.id, touched, git_moved=git_moved)
    if found.changed:  # their owner may have brought together what differs
        pending.add(db, run.id, bases.documents_in_conflict(db, run.id))


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
