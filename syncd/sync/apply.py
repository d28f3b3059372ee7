"""Brings one document's page up to date: gather -> plan -> splice -> write -> record.

All within the caller's transaction: what is recorded becomes durable after what was written.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from itertools import chain
from pathlib import Path
from typing import Protocol

from syncd.errors import DocumentError, Stopped, SyncdError, VaultError
from syncd.formats.format import Format
from syncd.model import Document
from syncd.page.markdown import digest
from syncd.page.splice import splice
from syncd.report import Failure, VaultReport
from syncd.state import account, index, ledger, news, pictures
from syncd.sync.filters import wants_document
from syncd.sync.inputs import Gathered, gather, name_of, names_of
from syncd.sync.merge import Plan, plan, plan_header
from syncd.sync.obsidian_base import make_base
from syncd.sync.vault_run import Target
from syncd.vault.page_names import Name, title_from
from syncd.vault.read import PageChanged, Seen
from syncd.vault.scan import page_entry, scan

_log = logging.getLogger(__name__)

_TRIES = 5  # for a page that its owner keeps saving


class PageWriter(Protocol):
    """The writer, or what stands in for it in a dry run."""

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """See Writer.write."""

    def flush(self) -> None:
        """See Writer.flush."""


def sync_document(
    db: sqlite3.Connection, target: Target, writer: PageWriter, id_: int, report: VaultReport
) -> None:
    """Bring one document's page up to date.

    What goes wrong with it is told, and does not stop the others.
    """
    db.execute("SAVEPOINT document")
    try:
        for _ in range(_TRIES):
            try:
                return _bring_up_to_date(db, target, writer, id_, report)
            except (PageChanged, FileNotFoundError):
                db.execute("ROLLBACK TO document")
                scan(db, target.id, target.root, target.graph)
        raise DocumentError("its page keeps changing; the next run tries again", code="page-busy")  # noqa: TRY301
    except (
        VaultError,
        Stopped,
        BrokenPipeError,
        sqlite3.Error,
    ):  # a pipe: a dry run's reader has seen enough
        db.execute("ROLLBACK TO document")
        raise
    except Exception as error:  # noqa: BLE001  # one bad document never stops the others
        db.execute("ROLLBACK TO document")
        _fail(db, target, id_, error, report)
    finally:
        db.execute("RELEASE document")


def _fail(
    db: sqlite3.Connection, target: Target, id_: int, error: Exception, report: VaultReport
) -> None:
    code, message = "internal", f"{type(error).__name__}: {error}"
    if isinstance(error, SyncdError):
        code, message = error.code, error.message
    _log.debug("document %d failed", id_, exc_info=error)
    ledger.failed(db, target.id, id_, code, message)
    report.failed.append(Failure(id_, account.title(db, id_), code, message))


def _bring_up_to_date(
    db: sqlite3.Connection, target: Target, writer: PageWriter, id_: int, report: VaultReport
) -> None:
    found = gather(db, target, id_)
    if found.form is not target.form:
        target = target._replace(form=found.form)
    if not wants_document(target.vault, found.document):
        ledger.record(db, target.id, id_, None, {}, {})
        return
    steps = plan(found.case)
    conflicts: dict[int, list[str]] = {id_: list(parts) for id_, parts in steps.conflicts.items()}
    home = found.home
    if found.path is not None:
        home, differing = _update(db, target, writer, found, steps, report)
        if differing:
            conflicts[0] = differing
    elif steps.added:
        home = _create(db, target, writer, found, steps, report)
    ledger.record(db, target.id, id_, home, steps.bases, conflicts)
    pictures.expect(db, target.id, id_, found.album.missing(found.case, steps))
    if found.case.redressed:
        ledger.set_mark(db, target.id, id_, target.form.mark)
    if home is not None and steps.added and (target.vault.log_page or target.vault.journal):
        news.note(db, target.id, home.path, len(steps.added))
    counts = report.highlights
    counts.added += len(steps.added)
    counts.updated += len(steps.updated)
    counts.removed += len(steps.removed)
    counts.kept += len(set(steps.kept) | set(steps.conflicts))
    counts.duplicate += found.duplicates


def _update(
    db: sqlite3.Connection,
    target: Target,
    writer: PageWriter,
    found: Gathered,
    steps: Plan,
    report: VaultReport,
) -> tuple[ledger.Home, list[str]]:
    page, path = found.case.page, found.path
    assert page is not None and path is not None  # noqa: S101  # the caller saw to it
    form, base = target.form, found.home.header if found.home else None
    if base is not None and form.keys is not None:  # what the templates do not know is the owner's
        base = {key: hash_ for key, hash_ in base.items() if key in form.keys}
    want = form.header(found.document, title_from(target.graph, path))
    if _is_retitled(target, form, found.document, base or {"title": digest(want.get("title", []))}):
        want |= form.alias(found.document)  # on a page by another program not written, but known
    edits, header, differing = plan_header(page, form.properties(page), want, base)
    if found.case.redressed:  # they differ merely for the templates
        header, differing = {key: digest(lines) for key, lines in want.items()}, []
    if edits or steps.edits:
        if target.patient:
            leave_alone(db, target, path, found.seen)
        text = splice(page, [*edits, *steps.edits])
        seen = writer.write(Path(path), text.encode("utf-8", "surrogateescape"), found.seen)
        index.enter(db, target.id, page_entry(path, text, seen, target.graph, own=True))
        report.pages.updated.append(path)
    else:
        report.pages.unchanged += 1
    if found.home and found.home.path != path:
        target.vacated.add(
            found.home.path
        )  # until that is recorded, a page there would pass for this document's
    return ledger.Home(path, header), differing


def _is_retitled(target: Target, form: Format, document: Document, base: dict[str, bytes]) -> bool:
    """Whether the document's title is another one now than when its page was named."""
    titles = [
        form.header(document, name.title).get("title", []) for name in names_of(target, document)
    ]
    return "title" in base and base["title"] not in map(digest, titles)


def leave_alone(db: sqlite3.Connection, target: Target, path: str, seen: Seen | None) -> None:
    """Raises DocumentError where the page's owner is just writing it."""
    assert seen is not None  # noqa: S101  # it was read
    age = time.time() - seen.mtime_ns / 1e9
    if 0 <= age < target.vault.quiet.total_seconds() and not index.is_own(
        db, target.id, path, seen.digest
    ):
        raise DocumentError(
            f"{path} was changed a moment ago; it waits until its owner pauses", code="deferred"
        )


def _create(
    db: sqlite3.Connection,
    target: Target,
    writer: PageWriter,
    found: Gathered,
    steps: Plan,
    report: VaultReport,
) -> ledger.Home:
    name, form = _free_name(db, target, found), target.form
    opening = form.opening(found.document, name.title)
    fence = form.fence if opening.header else ()
    top = [*fence[:1], *chain(*opening.header.values()), *fence[1:], *opening.lines]
    text = "\n".join([*top, *(opening.indent + line for edit in steps.edits for line in edit.new)])
    make_base(db, target, writer, report)
    seen = writer.write(Path(name.path), text.encode(), None)
    index.enter(db, target.id, page_entry(name.path, text, seen, target.graph, own=True))
    report.pages.created.append(name.path)
    ours = {
        key: lines for key, lines in opening.header.items() if form.keys is None or key in form.keys
    }
    return ledger.Home(name.path, {key: digest(lines) for key, lines in ours.items()})


def _free_name(db: sqlite3.Connection, target: Target, found: Gathered) -> Name:
    """The name of a new page: the document's own, else with its id, never another page's."""
    document = found.document
    numbered = (f" ({document.id}-{number})" for number in range(2, 100))
    for suffix in chain(["", f" ({document.id})"], numbered):
        name = name_of(target, document, suffix)
        if name.path not in target.vacated and not index.is_taken(
            db, target.id, name.title, name.path, document.id
        ):
            return name
    raise DocumentError(
        f"every name for {document.title} is taken; rename one of those pages", code="name-taken"
    )
