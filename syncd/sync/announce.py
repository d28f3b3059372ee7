"""Tells in the vault what came.

On the log page and in the day's journal, where its owner wants that.

The lines hold links to pages alone: they are no highlights. Telling fails no run: what cannot be
told now is a warning, and is told by a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from syncd.errors import DocumentError, SyncdError
from syncd.formats.format import Came, Piece
from syncd.page.blocks import Page
from syncd.page.dates import logseq_day, obsidian_day
from syncd.page.markdown import bullet, parse_markdown
from syncd.page.names import file_name
from syncd.page.splice import Edit, splice
from syncd.report import WAITS
from syncd.state import account, homes, index, news
from syncd.state.news import News
from syncd.state.schema import transaction
from syncd.sync.apply import leave_alone
from syncd.sync.vault_run import VaultRun
from syncd.vault.graph import Graph, daily_notes
from syncd.vault.page_names import own_page, title_from
from syncd.vault.read import PageChanged, Seen, page_at

_TRIES = 5  # for a page that its owner keeps saving
_MOST = 50  # links in one line


def announce(run: VaultRun) -> None:
    """Tell what came and is not told yet, where the vault's owner wants that.

    Nothing is written where nothing came.
    """
    vault = run.vault
    with transaction(run.db):
        untold = news.untold(run.db, run.id)
    try:
        for came in untold:
            pages = [
                Came(title_of(run, path), _author(run, path), count) for path, count in came.pages
            ]
            if vault.log_page:
                _patiently(_log, run, came, pages)
            if vault.journal:
                _patiently(_journal, run, came, pages)
            run.writer.flush()
            with transaction(run.db):
                news.told(run.db, run.id, came.moment)
    except SyncdError as error:
        if error.code not in WAITS:
            message = f"what came is not in the log or journal: {error.message}"
            run.report.warnings.append(message)


def _patiently(
    write: Callable[[VaultRun, News, list[Came]], None],
    run: VaultRun,
    came: News,
    pages: list[Came],
) -> None:
    for _ in range(_TRIES):
        try:
            return write(run, came, pages)
        except PageChanged:
            continue
    raise DocumentError("its page keeps changing; the next run tries again", code="page-busy")


def _log(run: VaultRun, came: News, pages: list[Came]) -> None:
    name = own_page(run.graph, run.vault.namespace, run.vault.log_page)
    known = index.titled(run.db, run.id, name.title) if run.graph.format == "logseq" else None
    path = known or index.first(run.db, run.id, [name.path]) or name.path
    page, seen = _read(run, path)
    line = log_line(came.moment.astimezone(run.zone), pages)
    blocks = run.format.notice(came.moment, pages) or [Piece(0, [line])]
    _write(run, path, page, seen, add_to_log(page, blocks, _mark(path), again=not came.tried))


def _journal(run: VaultRun, came: News, pages: list[Came]) -> None:
    paths = journal_files(run.root, run.graph, came.moment.astimezone(run.zone).date())
    path = index.first(run.db, run.id, paths) or paths[0]
    page, seen = _read(run, path)
    line = news.line(run.db, run.id)
    before = line.titles if line is not None and line.path == path else []
    edit, links = add_to_journal(page, before, [one.title for one in pages], _mark(path))
    _write(run, path, page, seen, edit)
    with transaction(run.db):
        news.set_line(run.db, run.id, news.Line(path, links))


def tell_in_journal(run: VaultRun, line: str) -> bool:
    """Put a line behind all that stands in today's journal, unless it is there; whether it is now.

    False where the journal's owner is just writing it. Raises DocumentError, ConfigError.
    """
    for _ in range(_TRIES):
        try:
            paths = journal_files(run.root, run.graph, datetime.now(run.zone).date())
            path = index.first(run.db, run.id, paths) or paths[0]
            page, seen = _read(run, path)
            mark = _mark(path)
            there = any(text.rstrip() == f"{mark} {line}" for text in page.lines)
            _write(run, path, page, seen, None if there else _append(page, [f"{mark} {line}"]))
            run.writer.flush()
        except PageChanged:
            continue
        except DocumentError as error:
            if error.code in WAITS:
                return False
            raise
        return True
    return False


def _read(run: VaultRun, path: str) -> tuple[Page, Seen | None]:
    try:
        return page_at(run.root / path)
    except FileNotFoundError:
        return parse_markdown(""), None


def _write(run: VaultRun, path: str, page: Page, seen: Seen | None, edit: Edit | None) -> None:
    if edit is None:
        return
    if run.options.patient and seen is not None:
        leave_alone(run, path, seen)
    with transaction(run.db):
        run.write(path, splice(page, [edit]), seen)


def journal_files(root: Path, graph: Graph, day: date) -> list[str]:
    """The files in the vault that may be the day's journal, the one to make first.

    Raises DocumentError where the app names days in a way that is not known, ConfigError.
    """
    try:
        if graph.format == "obsidian":
            folder, pattern = daily_notes(root)
            return ["/".join(filter(None, [folder, f"{obsidian_day(pattern, day)}.md"]))]
        names = [
            logseq_day(pattern, day)
            for pattern in (graph.journal_file_format, graph.journal_title_format)
        ]
    except ValueError as error:
        raise DocumentError(
            f"{error}; choose another one in the app, or set journal = false"
        ) from error
    ends = (".org", ".md") if graph.org else (".md", ".org")
    files = [file_name(name, graph.name_style, end) for name in names for end in ends]
    return ["/".join(filter(None, [graph.journals, file])) for file in files]


def _mark(path: str) -> str:
    """What begins a block in this file."""
    return "*" if path.endswith(".org") else "-"


def _author(run: VaultRun, path: str) -> str:
    document = homes.tenant(run.db, run.id, path)
    return (account.head(run.db, document).author or "") if document is not None else ""


def title_of(run: VaultRun, path: str) -> str:
    """What a link to the page says; in Logseq a page may have another title than its file."""
    if run.graph.format == "logseq":
        try:
            said = page_at(run.root / path)[0].properties().get("title")
        except (FileNotFoundError, PageChanged, DocumentError):
            said = None
        if said is not None and said.value:
            return str(said.value).strip()
    return title_from(run.graph, path)


# --- the lines ------------------------------------------------------------------------------------


def log_line(moment: datetime, came: Sequence[Came]) -> str:
    """What a run at `moment` (in the vault's zone) brought.

    How many highlights, and onto which pages.
    """
    highlights = sum(one.highlights for one in came)
    count = f"{highlights} highlight{'s' if highlights != 1 else ''}"
    return f"{moment:%Y-%m-%d %H:%M}: {count} on {_links([one.title for one in came])}"


def journal_line(titles: Sequence[str]) -> str:
    """The pages to which something came on one day."""
    return f"Highlights from Readwise: {_links(titles)}"


def _links(titles: Sequence[str]) -> str:
    links = ", ".join(f"[[{title}]]" for title in titles[:_MOST])
    more = len(titles) - _MOST
    return links if more <= 0 else f"{links} and {more} more"


def add_to_log(page: Page, blocks: Sequence[Piece], mark: str, *, again: bool) -> Edit | None:
    """Put blocks behind all that stands on the page.

    None where the first is there already, unless it came `again`.

    `mark` begins the file's blocks.
    """
    lines = [line for block in blocks for line in _written(block, mark)]
    there = not again and any(text.rstrip() == lines[0] for text in page.lines)
    return None if there or not lines else _append(page, lines)


def _written(block: Piece, mark: str) -> list[str]:
    if mark == "*":
        return [f"{'*' * (block.depth + 1)} {block.lines[0]}", *block.lines[1:]]
    return bullet(block.lines, "\t" * block.depth)


def add_to_journal(
    page: Page, before: list[str], titles: list[str], mark: str
) -> tuple[Edit | None, list[str]]:
    """Link `titles` in our line of the day, which linked the titles `before`.

    Also returns what our line links then.

    A line that is not as we wrote it is its owner's: another one follows behind all that stands on
    the page.
    """
    merged = list(dict.fromkeys([*before, *titles]))
    for links in (merged, titles):
        if _at(page, journal_line(links), mark) is not None:
            return None, links
    at = _at(page, journal_line(before), mark)
    if at is not None:
        return Edit(at, at + 1, [f"{mark} {journal_line(merged)}"]), merged
    return _append(page, [f"{mark} {journal_line(titles)}"]), titles


def _at(page: Page, line: str, mark: str) -> int | None:
    own = f"{mark} {line}"
    return next((number for number, text in enumerate(page.lines) if text.rstrip() == own), None)


def _append(page: Page, lines: list[str]) -> Edit:
    end = len(page.lines)
    while end and not page.lines[end - 1].strip():
        end -= 1
    return Edit(end, end, lines)
