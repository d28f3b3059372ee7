"""Tells in the vault what came.

On the log page and in the day's journal, where its owner wants that.

It fails no run: what cannot be told now is a warning, and is told by a later one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from syncd.errors import DocumentError, SyncdError
from syncd.formats.format import Came, Piece
from syncd.formats.news import add_to_journal, add_to_log, log_line
from syncd.page.days import logseq_day, obsidian_day
from syncd.page.markdown import Page, properties
from syncd.page.names import file_name
from syncd.page.splice import Edit, splice
from syncd.report import WAITS, VaultReport
from syncd.state import account, index, ledger, news
from syncd.state.news import News
from syncd.state.schema import transaction
from syncd.sync.apply import PageWriter, leave_alone
from syncd.sync.vault_run import Target
from syncd.vault.graph import daily_notes
from syncd.vault.page_names import own_page, title_from
from syncd.vault.read import PageChanged, Seen, page_at
from syncd.vault.scan import page_entry

_TRIES = 5  # for a page that its owner keeps saving


class _Work(NamedTuple):
    db: sqlite3.Connection
    target: Target
    writer: PageWriter


def tell(db: sqlite3.Connection, target: Target, writer: PageWriter, report: VaultReport) -> None:
    """Tell what came and is not told yet; nothing is written where nothing came."""
    vault, work = target.vault, _Work(db, target, writer)
    if not (vault.log_page or vault.journal):
        return
    with transaction(db):
        untold = news.untold(db, target.id)
    try:
        for came in untold:
            pages = [
                Came(_title(target, path), _author(work, path), count) for path, count in came.pages
            ]
            if vault.log_page:
                _settled(_log, work, came, pages)
            if vault.journal:
                _settled(_journal, work, came, pages)
            writer.flush()
            with transaction(db):
                news.told(db, target.id, came.moment)
    except SyncdError as error:
        if error.code not in WAITS:
            report.warnings.append(f"what came is not in the log or journal: {error.message}")


def _settled(
    write: Callable[[_Work, News, list[Came]], None], work: _Work, came: News, pages: list[Came]
) -> None:
    for _ in range(_TRIES):
        try:
            return write(work, came, pages)
        except PageChanged:
            continue
    raise DocumentError("its page keeps changing; the next run tries again", code="page-busy")


def _log(work: _Work, came: News, pages: list[Came]) -> None:
    db, target = work.db, work.target
    name = own_page(target.graph, target.vault.namespace, target.vault.log_page)
    known = index.titled(db, target.id, name.title) if target.graph.format == "logseq" else None
    path = known or index.first(db, target.id, [name.path]) or name.path
    page, seen = _read(target, path)
    line = log_line(came.moment.astimezone(target.zone), pages)
    blocks = target.form.notice(came.moment, pages) or [Piece(0, [line])]
    _write(work, path, page, seen, add_to_log(page, blocks, _mark(path), again=not came.tried))


def _journal(work: _Work, came: News, pages: list[Came]) -> None:
    db, target = work.db, work.target
    paths = _journals(target, came.moment.astimezone(target.zone).date())
    path = index.first(db, target.id, paths) or paths[0]
    page, seen = _read(target, path)
    line = news.line(db, target.id)
    before = line.titles if line is not None and line.path == path else []
    edit, links = add_to_journal(page, before, [one.title for one in pages], _mark(path))
    _write(work, path, page, seen, edit)
    with transaction(db):
        news.set_line(db, target.id, news.Line(path, links))


def _read(target: Target, path: str) -> tuple[Page, Seen | None]:
    try:
        return page_at(target.root / path)
    except FileNotFoundError:
        return Page([], [], 0), None


def _write(work: _Work, path: str, page: Page, seen: Seen | None, edit: Edit | None) -> None:
    db, target = work.db, work.target
    if edit is None:
        return
    if target.patient and seen is not None:
        leave_alone(db, target, path, seen)
    text = splice(page, [edit])
    written = work.writer.write(Path(path), text.encode("utf-8", "surrogateescape"), seen)
    with transaction(db):
        index.enter(db, target.id, page_entry(path, text, written, target.graph, own=True))


def _journals(target: Target, day: date) -> list[str]:
    """The files that may be the day's journal, the one to make first."""
    graph = target.graph
    try:
        if graph.format == "obsidian":
            folder, pattern = daily_notes(target.root)
            return ["/".join(filter(None, [folder, f"{obsidian_day(pattern, day)}.md"]))]
        names = [
            logseq_day(pattern, day)
            for pattern in (graph.journal_file_format, graph.journal_title_format)
        ]
    except ValueError as error:
        raise DocumentError(
            f"{error}; choose another one in the app, or set journal = false"
        ) from error
    files = [file_name(name, graph.name_style, end) for name in names for end in _ends(target)]
    return ["/".join(filter(None, [graph.journals, file])) for file in files]


def _ends(target: Target) -> tuple[str, str]:
    return (".org", ".md") if target.graph.org else (".md", ".org")


def _mark(path: str) -> str:
    """What begins a block in this file."""
    return "*" if path.endswith(".org") else "-"


def _author(work: _Work, path: str) -> str:
    document = ledger.tenant(work.db, work.target.id, path)
    return (account.head(work.db, document).author or "") if document is not None else ""


def _title(target: Target, path: str) -> str:
    """What a link to the page says; in Logseq a page may have another title than its file."""
    if target.graph.format == "logseq":
        try:
            said = properties(page_at(target.root / path)[0]).get("title")
        except (FileNotFoundError, PageChanged, DocumentError):
            said = None
        if said is not None and said.value:
            return str(said.value).strip()
    return title_from(target.graph, path)
