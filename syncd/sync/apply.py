"""Brings one document's page up to date: inputs -> adopt -> identify -> merge -> splice -> write.

All within the caller's transaction: what is recorded becomes durable after what was written.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped, SyncdError, VaultError
from syncd.formats.format import RENDERING
from syncd.page.blocks import digest, parse
from syncd.page.links import has_link
from syncd.page.splice import Edit, splice
from syncd.report import Failure, Gone
from syncd.state import account, bases, homes, index, news, pending, pictures
from syncd.sync.absence import Fate
from syncd.sync.cases import case_of
from syncd.sync.drafts import Draft, draft, name_of
from syncd.sync.filters import wants_document
from syncd.sync.highlight_blocks import NoteBlock
from syncd.sync.index_vault import note_changes
from syncd.sync.inputs import Inputs, read_inputs, with_page
from syncd.sync.merge import Case, Plan, end_of, merge
from syncd.sync.notes import bullets, new_notes, write_notes
from syncd.sync.obsidian_base import make_base
from syncd.sync.page_properties import companions_of, properties_of
from syncd.sync.vault_run import VaultRun
from syncd.vault.entry import made_entry
from syncd.vault.page_names import Name
from syncd.vault.read import PageChanged, Seen
from syncd.vault.scan import scan

_log = logging.getLogger(__name__)

_TRIES = 5  # for a page that its owner keeps saving


def sync_document(
    run: VaultRun, id_: int, one: Draft | None, fates: Mapping[int, Fate] | None, *, remove: bool
) -> None:
    """Bring one document's page up to date.

    `one` is its draft, if it has one, which may not hold any more. `fates` are those of highlights
    that are gone from the vault, None where that was not judged; `remove`: carry out upstream
    deletions. What goes wrong with it is told, and does not stop the others.
    """
    run.db.execute("SAVEPOINT document")
    try:
        for _ in range(_TRIES):
            try:
                if one is None or not one.holds(run.entered):
                    one = draft(run, id_)
                return _bring_up_to_date(run, with_page(run, one), fates, remove=remove)
            except (PageChanged, FileNotFoundError):
                run.db.execute("ROLLBACK TO document")
                again = scan(run.db, run.id, run.root, run.graph)
                note_changes(run, again, git_moved=False)
                run.rescanned.update(again.changed)
                run.entered.add(index.EVERY)
        raise DocumentError("its page keeps changing; the next run tries again", code="page-busy")  # noqa: TRY301
    except (VaultError, Stopped, BrokenPipeError, sqlite3.Error):
        # a pipe: a dry run's reader has seen enough
        run.db.execute("ROLLBACK TO document")
        raise
    except Exception as error:  # noqa: BLE001  # one bad document never stops the others
        run.db.execute("ROLLBACK TO document")
        _fail(run, id_, error)
    finally:
        run.db.execute("RELEASE document")


def _require_judged(run: VaultRun, found: Inputs, case: Case) -> None:
    """Raises DocumentError where a page changed during this run, and lacks what stood there.

    What that means was not judged: nothing is written before the next run has.
    """
    if found.path is None or found.seen is None:
        return
    known = {*case.found, *case.fates, *found.gone}
    settled = {id_ for id_, base in case.bases.items() if base.account is not None}
    if known.issuperset(one.id for one in case.wanted if one.live and one.id in settled):
        return
    indexed = index.said(run.db, run.id, found.path)[2]
    if found.path in run.rescanned or indexed != found.seen.digest:
        reason = "changed just now and lacks what stood there; the next run looks at it"
        raise DocumentError(f"{found.path} {reason}", code="page-busy")


def _fail(run: VaultRun, id_: int, error: Exception) -> None:
    code, message = "internal", f"{type(error).__name__}: {error}"
    if isinstance(error, SyncdError):
        code, message = error.code, error.message
    _log.debug("document %d failed", id_, exc_info=error)
    pending.failed(run.db, run.id, id_, code, message)
    run.report.failed.append(Failure(id_, account.title(run.db, id_), code, message))


def await_pictures(run: VaultRun, id_: int) -> None:
    """Remember which pictures without a copy a document's page will show once it is written.

    What goes wrong with the document is told when it is.
    """
    try:
        found = read_inputs(run, id_)
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001
        _log.debug("document %d cannot be read", id_, exc_info=error)
        return
    if wants_document(run.vault, found.document):
        case = case_of(run, found, {}, remove=False)
        pictures.expect(run.db, run.id, id_, found.album.missing(case, merge(case)))


class _Written(NamedTuple):
    """A document's page as it stands now, and the properties (0) that differ."""

    home: homes.Home
    differing: list[str]


def _bring_up_to_date(
    run: VaultRun, found: Inputs, fates: Mapping[int, Fate] | None, *, remove: bool
) -> None:
    id_ = found.document.id
    if not wants_document(run.vault, found.document):
        bases.set_conflicts(run.db, run.id, id_, {})
        pending.done(run.db, run.id, id_)
        return
    case = case_of(run, found, fates or {}, remove=remove)
    if fates is not None:
        _require_judged(run, found, case)
    plan = merge(case)
    conflicts: dict[int, list[str]] = {one: list(parts) for one, parts in plan.conflicts.items()}
    home, name = found.home, None
    if found.path is None and plan.added:
        _wait_for_page(run, found, plan)
        name = _free_name(run, found)
    if found.form.notes:
        _write_notes(run, found, case, plan, found.path or (name.path if name else None))
    if found.path is not None:
        home, differing = _update(run, found, case, plan)
        if differing:
            conflicts[0] = differing
    elif name is not None:
        home = _create(run, found, case, plan, name)
    _record(run, found, case, plan, home, conflicts)
    run.unfinished.discard(id_)
    _count(run, found, plan)


def _wait_for_page(run: VaultRun, found: Inputs, plan: Plan) -> None:
    """Raises DocumentError where the document had a page that may come back."""
    if found.home and not plan.returned and run.may_come_back(found.home.away):
        reason = "is gone; unless it comes back, the next run makes a new page for what is new"
        raise DocumentError(f"{found.home.path} {reason}", code="page-away")


def _write_notes(run: VaultRun, found: Inputs, case: Case, plan: Plan, home: str | None) -> None:
    """Write the highlights' own notes, and plan the bullets of their index, which is at `home`.

    Where something ends that in between, the next run finishes it as after a kill.
    """
    made = new_notes(run, found.document.highlights, plan.new, home) if home else []
    at = {one.highlight: one.path for one in made}
    at |= {id_: one.path for id_, one in case.found.items() if isinstance(one, NoteBlock)}
    order = [(at[item.id], item.id in plan.added) for item in case.wanted if item.id in at]
    plan.edits += bullets(found.page, order)
    if run.options.patient:
        for path in plan.notes:
            leave_alone(run, path, found.notes.seen[path])
        if found.path and (plan.edits or plan.notes):
            leave_alone(run, found.path, found.seen)
    if plan.notes or made:
        run.unfinished.add(found.document.id)
    write_notes(run, found.notes, plan, made)


def _record(
    run: VaultRun,
    found: Inputs,
    case: Case,
    plan: Plan,
    home: homes.Home | None,
    conflicts: dict[int, list[str]],
) -> None:
    """Remember what stands on the page now."""
    db, id_ = run.db, found.document.id
    bases.settle(db, run.id, plan.bases)
    back = [one for one in found.gone if one in case.found or one in plan.added]
    if back:
        bases.forget_absences(db, run.id, back)
    for highlight, parts in plan.unplaced.items():
        conflicts.setdefault(highlight, []).extend(f"{bases.UNPLACED}{part}" for part in parts)
    if conflicts or found.differs:
        bases.set_conflicts(db, run.id, id_, conflicts)
    pending.done(db, run.id, id_)
    if found.album.wished:
        pictures.expect(db, run.id, id_, found.album.missing(case, plan))
    if home is not None:
        _record_mark(run, found, plan)
        _record_page(run, found, plan, home)


def _record_mark(run: VaultRun, found: Inputs, plan: Plan) -> None:
    """Remember in which look the document is written; in none where only some of it is."""
    brought_up = run.options.full and (found.redressed or found.is_older)
    if found.home is None or brought_up:
        mark = homes.Mark(found.form.mark, RENDERING)
    elif found.redressed and (plan.added or plan.updated):
        mark = homes.Mark(homes.MIXED, RENDERING)
    else:
        return
    homes.set_mark(run.db, run.id, found.document.id, mark)


def _record_page(run: VaultRun, found: Inputs, plan: Plan, home: homes.Home) -> None:
    """Remember which page it is, and what came onto it."""
    id_ = found.document.id
    if home != found.home:
        homes.settle(run.db, run.id, id_, home)
        run.entered.add(f"path {home.path}")
    if plan.added and (run.vault.log_page or run.vault.journal):
        news.note(run.db, run.id, home.path, len(plan.added))
    run.report.returned.extend(Gone(id_, one, home.path) for one in plan.returned)


def _count(run: VaultRun, found: Inputs, plan: Plan) -> None:
    counts = run.report.highlights
    counts.added += len(plan.added)
    counts.updated += len(plan.updated)
    counts.removed += len(plan.removed)
    counts.kept += len(set(plan.kept) | set(plan.conflicts))
    counts.duplicate += found.duplicates


def _update(run: VaultRun, found: Inputs, case: Case, plan: Plan) -> _Written:
    path = found.path
    assert path is not None  # noqa: S101  # the caller saw to it
    companions = companions_of(run, found, case, plan)
    properties = properties_of(run, found, companions, alone=True)
    if properties.edits or plan.edits:
        properties = properties_of(run, found, companions, again=bool(plan.returned))
    edits = [*properties.edits, *plan.edits]
    if edits:
        if run.options.patient:
            leave_alone(run, path, found.seen)
        run.write(path, splice(found.page, edits), found.seen)
        run.report.pages.updated.append(path)
    else:
        run.report.pages.unchanged += 1
    if found.home and found.home.path != path:
        run.vacated.add(found.home.path)
    home = _home(run, path, properties.header)._replace(notes=found.form.notes)
    return _Written(home, properties.differing)


def leave_alone(run: VaultRun, path: str, seen: Seen | None) -> None:
    """Raises DocumentError where the page's owner is just writing it."""
    assert seen is not None  # noqa: S101  # it was read
    age = time.time() - seen.mtime_ns / 1e9
    fresh = 0 <= age < run.vault.quiet.total_seconds()
    if fresh and not index.is_own(run.db, run.id, path, seen.digest):
        reason = "was changed a moment ago; it waits until its owner pauses"
        raise DocumentError(f"{path} {reason}", code="deferred")


def _create(run: VaultRun, found: Inputs, case: Case, plan: Plan, name: Name) -> homes.Home:
    """Make the document's page: its opening, with the highlights, or links to them, spliced in."""
    form = found.form
    opening = form.opening(found.document, name.title)
    header = opening.header | companions_of(run, found, case, plan)
    callouts = form.callouts(found.document)
    fence = form.fence if header else ()
    below = [line for lines in callouts.values() for line in (*lines, "")]
    gap = [below.pop()] if below and not opening.lines else []  # a page ends without one
    top = [*fence[:1], *chain(*header.values()), *fence[1:], *below, *opening.lines]
    page = parse("\n".join(top), form.syntax)
    at = end_of(page)
    edits = [Edit(at, at, [opening.indent + line for line in edit.new]) for edit in plan.edits]
    edits = [*([Edit(at, at, gap)] if gap else []), *edits]
    make_base(run)
    entry = None
    if not (opening.lines or callouts or any(map(has_link, top))):
        added = set() if form.notes else set(plan.added)
        blocks = chain.from_iterable(one.blocks for one in found.wanted if one.id in added)
        read = form.said or (lambda _document, title: form.metadata(page, title))
        said = read(found.document, name.title)
        entry = partial(made_entry, name.path, said, blocks, by_id=form.block_ids)
    written = run.write(name.path, splice(page, edits), None, entry)
    run.report.pages.created.append(name.path)
    header |= callouts
    ours = {k: lines for k, lines in header.items() if form.keys is None or k in form.keys}
    digests = {key: digest(lines) for key, lines in ours.items()}
    stands = (written.title, written.url, written.digest)
    return homes.Home(name.path, digests, *stands, notes=form.notes)


def _home(run: VaultRun, path: str, header: dict[str, bytes]) -> homes.Home:
    """A document's page as it stands in the index now."""
    return homes.Home(path, header, *index.said(run.db, run.id, path))


def _free_name(run: VaultRun, found: Inputs) -> Name:
    """The name of a new page: the document's own, else with its id, never another page's."""
    document = found.document
    if found.is_new and _is_vacant(run, found.names[0]):
        return found.names[0]
    numbered = (f" ({document.id}-{number})" for number in range(2, 100))
    for suffix in chain(["", f" ({document.id})"], numbered):
        name = name_of(run, found.form, document, suffix)
        if _is_vacant(run, name) and not index.is_taken(
            run.db, run.id, name.title, name.path, document.id
        ):
            return name
    raise DocumentError(
        f"every name for {document.title} is taken; rename one of those pages", code="name-taken"
    )


def _is_vacant(run: VaultRun, name: Name) -> bool:
    """Whether no page has a name that the index does not know of."""
    return name.path not in run.vacated and name.path not in run.copies
