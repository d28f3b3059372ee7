"""Brings one document's page up to date: inputs -> identify -> merge -> splice -> write -> record.

All within the caller's transaction: what is recorded becomes durable after what was written.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from itertools import chain
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped, SyncdError, VaultError
from syncd.formats.format import Format
from syncd.model import Document
from syncd.page.blocks import digest, parse
from syncd.page.splice import Edit, splice
from syncd.report import Failure
from syncd.state import account, bases, homes, index, news, pending, pictures
from syncd.sync.filters import wants_document
from syncd.sync.inputs import Inputs, name_of, names_of, read_inputs
from syncd.sync.merge import Plan, end_of, plan, plan_header
from syncd.sync.obsidian_base import make_base
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name, title_from
from syncd.vault.read import PageChanged, Seen
from syncd.vault.scan import scan

_log = logging.getLogger(__name__)

_TRIES = 5  # for a page that its owner keeps saving


def sync_document(run: VaultRun, id_: int, *, remove: bool) -> None:
    """Bring one document's page up to date; `remove`: carry out upstream deletions.

    What goes wrong with it is told, and does not stop the others.
    """
    run.db.execute("SAVEPOINT document")
    try:
        for _ in range(_TRIES):
            try:
                return _bring_up_to_date(run, read_inputs(run, id_, remove=remove))
            except (PageChanged, FileNotFoundError):
                run.db.execute("ROLLBACK TO document")
                scan(run.db, run.id, run.root, run.graph)
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
    except (SyncdError, OSError, PageChanged):
        return
    if wants_document(run.vault, found.document):
        missing = found.album.missing(found.case, plan(found.case))
        pictures.expect(run.db, run.id, id_, missing)


class _Written(NamedTuple):
    """A document's page as it stands now, and the properties (0) that differ."""

    home: homes.Home
    differing: list[str]


def _bring_up_to_date(run: VaultRun, found: Inputs) -> None:
    id_ = found.document.id
    if not wants_document(run.vault, found.document):
        bases.set_conflicts(run.db, run.id, id_, {})
        pending.done(run.db, run.id, id_)
        return
    steps = plan(found.case)
    conflicts: dict[int, list[str]] = {one: list(parts) for one, parts in steps.conflicts.items()}
    home = found.home
    if found.path is not None:
        home, differing = _update(run, found, steps)
        if differing:
            conflicts[0] = differing
    elif steps.added:
        home = _create(run, found, steps)
    if home is not None:
        homes.settle(run.db, run.id, id_, home)
    bases.settle(run.db, run.id, steps.bases)
    bases.set_conflicts(run.db, run.id, id_, conflicts)
    pending.done(run.db, run.id, id_)
    pictures.expect(run.db, run.id, id_, found.album.missing(found.case, steps))
    if found.case.redressed:
        homes.set_mark(run.db, run.id, id_, found.form.mark)
    if home is not None and steps.added and (run.vault.log_page or run.vault.journal):
        news.note(run.db, run.id, home.path, len(steps.added))
    _count(run, found, steps)


def _count(run: VaultRun, found: Inputs, steps: Plan) -> None:
    counts = run.report.highlights
    counts.added += len(steps.added)
    counts.updated += len(steps.updated)
    counts.removed += len(steps.removed)
    counts.kept += len(set(steps.kept) | set(steps.conflicts))
    counts.duplicate += found.duplicates


def _update(run: VaultRun, found: Inputs, steps: Plan) -> _Written:
    page, path = found.case.page, found.path
    assert page is not None and path is not None  # noqa: S101  # the caller saw to it
    form, base = found.form, found.home.header if found.home else None
    if base is not None and form.keys is not None:  # what the templates do not know is the owner's
        base = {key: hash_ for key, hash_ in base.items() if key in form.keys}
    want = form.header(found.document, title_from(run.graph, path))
    known = base or {"title": digest(want.get("title", []))}
    if _is_retitled(run, form, found.document, known):
        want |= form.alias(found.document)  # on a page by another program not written, but known
    edits, header, differing = plan_header(page, form.properties(page), want, base)
    if found.case.redressed:  # they differ merely for the templates
        header, differing = {key: digest(lines) for key, lines in want.items()}, []
    if edits or steps.edits:
        if run.options.patient:
            leave_alone(run, path, found.seen)
        run.write(path, splice(page, [*edits, *steps.edits]), found.seen)
        run.report.pages.updated.append(path)
    else:
        run.report.pages.unchanged += 1
    if found.home and found.home.path != path:
        run.vacated.add(found.home.path)
    return _Written(homes.Home(path, header), differing)


def _is_retitled(run: VaultRun, form: Format, document: Document, base: dict[str, bytes]) -> bool:
    """Whether the document's title is another one now than when its page was named."""
    names = names_of(run, form, document)
    titles = [form.header(document, name.title).get("title", []) for name in names]
    return "title" in base and base["title"] not in map(digest, titles)


def leave_alone(run: VaultRun, path: str, seen: Seen | None) -> None:
    """Raises DocumentError where the page's owner is just writing it."""
    assert seen is not None  # noqa: S101  # it was read
    age = time.time() - seen.mtime_ns / 1e9
    fresh = 0 <= age < run.vault.quiet.total_seconds()
    if fresh and not index.is_own(run.db, run.id, path, seen.digest):
        reason = "was changed a moment ago; it waits until its owner pauses"
        raise DocumentError(f"{path} {reason}", code="deferred")


def _create(run: VaultRun, found: Inputs, steps: Plan) -> homes.Home:
    """Make the document's page: its opening, with the highlights spliced in."""
    form, name = found.form, _free_name(run, found)
    opening = form.opening(found.document, name.title)
    fence = form.fence if opening.header else ()
    top = [*fence[:1], *chain(*opening.header.values()), *fence[1:], *opening.lines]
    page = parse("\n".join(top), form.syntax)
    at = end_of(page)
    edits = [Edit(at, at, [opening.indent + line for line in edit.new]) for edit in steps.edits]
    make_base(run)
    run.write(name.path, splice(page, edits), None)
    run.report.pages.created.append(name.path)
    ours = {k: lines for k, lines in opening.header.items() if form.keys is None or k in form.keys}
    return homes.Home(name.path, {key: digest(lines) for key, lines in ours.items()})


def _free_name(run: VaultRun, found: Inputs) -> Name:
    """The name of a new page: the document's own, else with its id, never another page's."""
    document = found.document
    numbered = (f" ({document.id}-{number})" for number in range(2, 100))
    for suffix in chain(["", f" ({document.id})"], numbered):
        name = name_of(run, found.form, document, suffix)
        if name.path not in run.vacated and not index.is_taken(
            run.db, run.id, name.title, name.path, document.id
        ):
            return name
    raise DocumentError(
        f"every name for {document.title} is taken; rename one of those pages", code="name-taken"
    )
