"""One run.

What changed in the account goes into the mirror, and from there into each vault's pages.

    fetch -> mirror -> for each vault: survey -> for each pending document: gather -> plan -> splice -> write -> record

Whatever ends a run early (a kill, a full disk, Readwise away) leaves whole pages and a list of
pending documents; the next run ends where an undisturbed one would have.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config, Vault, zone
from syncd.errors import ConfigError, Stopped, SyncdError, VaultError
from syncd.readwise.client import Client
from syncd.readwise.picture import fetch_picture
from syncd.report import Conflict, Failure, Report, VaultReport
from syncd.state import account, index, ledger, pictures
from syncd.state.schema import transaction
from syncd.sync.announce import tell
from syncd.sync.apply import PageWriter, sync_document
from syncd.sync.copying import Fetch, copy_pictures
from syncd.sync.filters import scope
from syncd.sync.obsidian_base import make_base
from syncd.sync.vault_format import vault_format
from syncd.sync.vault_run import Target
from syncd.vault.graph import read_graph
from syncd.vault.page_names import home_folder
from syncd.vault.scan import scan
from syncd.vault.write import Writer, check_space, sweep

_log = logging.getLogger(__name__)

_OVERLAP = timedelta(
    minutes=5
)  # between two fetches, for what changed while the first was under way
_BATCH = 100  # documents whose pages are made durable and recorded together
_FEW, _SHARE = 50, 5  # removals beyond these, a number and one in so many, need a word

Progress = Callable[[str, int, int | None], None]  # what is done, how many, of how many


class RunOptions(NamedTuple):
    """What this run is asked for."""

    full: bool = False
    allow_removals: bool = False
    vaults: Sequence[str] = ()  # names; none: all
    fetch: bool = True  # else only what waits is written
    patient: bool = False  # leave pages alone that their owner is just writing


def run(
    db: sqlite3.Connection,
    config: Config,
    client: Client | None,
    stop: Event,
    options: RunOptions,
    *,
    writer: Callable[[Path], PageWriter] = Writer,
    progress: Progress = lambda _what, _done, _total: None,
    picture: Fetch = fetch_picture,
) -> Report:
    """Bring every vault up to the account. Each vault has its own failures, told in the report.

    Without a client nothing is fetched, and what waits is written.
    Raises TokenError, ReadwiseError, Stopped: the fetch did not end, and nothing was written.
    """
    report = Report()
    vaults = [
        vault for vault in config.vaults if not options.vaults or vault.name in options.vaults
    ]
    parts: list[tuple[Target | SyncdError, VaultReport]] = []
    for vault in vaults:
        report.vaults.append(VaultReport(vault.name))
        parts.append((open_target(db, vault, options), report.vaults[-1]))
    for target, into in parts:
        if isinstance(target, Target) and ledger.writing(db, target.id):
            with suppress(VaultError):  # told below, where it lasts
                _finish(
                    _Work(db, target, writer(target.root), stop, options, into, progress, picture)
                )
    moment = fetch(db, config, client, options, report, progress) if client is not None else None
    for target, into in parts:
        try:
            if isinstance(target, SyncdError):
                raise target  # told like any other failure of this vault
            _sync_vault(
                _Work(db, target, writer(target.root), stop, options, into, progress, picture)
            )
        except (VaultError, ConfigError) as error:
            into.error = error.message
            report.code = max(report.code, error.exit_status)
    if moment is not None:
        with transaction(db):
            account.set_cursor(db, moment)
    report.conclude()
    return report


def open_target(db: sqlite3.Connection, vault: Vault, options: RunOptions) -> Target | SyncdError:
    """The vault, checked; a vault that is not there takes in what it missed when it is back."""
    try:
        root = vault.path.resolve()
        graph = read_graph(root, vault.format)
        form = vault_format(vault, graph)
        with transaction(db):
            number = ledger.vault_id(db, vault.name, root)
            ledger.settle(db, number, scope(vault))
            if options.allow_removals:
                ledger.mark_removals(db, number)
            if options.full:
                ledger.mark_all(db, number)
        return Target(
            number,
            root,
            graph,
            form,
            vault,
            zone(vault),
            vault.on_delete == "remove",
            options.patient,
            set(),
        )
    except (VaultError, ConfigError) as error:
        return _emptied(db, vault) or error
    except OSError as error:
        return VaultError(
            f"{vault.path}: {error.strerror}; check the disk, and let syncd read the folder"
        )


def fetch(
    db: sqlite3.Connection,
    config: Config,
    client: Client,
    options: RunOptions,
    report: Report,
    progress: Progress,
) -> datetime | None:
    """Bring the mirror up to the account; the next run's cursor, None where this one must stay."""
    since, last_full = account.cursor(db), account.cursor(db, "full")
    due = last_full is None or datetime.now(UTC) - last_full >= config.schedule.full_every
    moved = account.server(db) != config.readwise.api_url
    full = options.full or since is None or due or moved
    account.start_full(db)
    rejected = [] if full else [id_ for id_, _, _ in account.rejected(db)]
    refused: set[int | None] = set()
    queries: list[dict[str, object]] = [{"updated_after": None if full else since}]
    if rejected:
        queries.append({"ids": rejected})
    for query in queries:
        for page in client.export(**query):  # type: ignore[arg-type]
            with transaction(db):
                account.absorb(db, page.documents)
                account.reject(
                    db,
                    [
                        (one.id, one.title, one.reason)
                        for one in page.rejected
                        if one.id is not None
                    ],
                )
                if full:
                    account.see(db, page.documents)
            refused |= {one.id for one in page.rejected}
            report.fetched.documents += len(page.documents)
            report.fetched.highlights += page.highlights
            progress("highlights fetched", report.fetched.highlights, None)
    report.fetched.requests = client.requests
    with transaction(db):
        if full and not account.finish_full(db, refused):
            _log.warning("Readwise says that the account is empty; nothing is taken for deleted")
        if full:
            account.set_cursor(db, datetime.now(UTC), "full")
            account.set_server(db, config.readwise.api_url)
        if None not in refused:
            account.forget_rejected(db, refused)
    if client.server_time is None or None in refused:
        return None
    return client.server_time - _OVERLAP


class _Work(NamedTuple):
    """One vault's part of a run."""

    db: sqlite3.Connection
    target: Target
    writer: PageWriter
    stop: Event
    options: RunOptions
    report: VaultReport
    progress: Progress
    picture: Fetch


def _finish(work: _Work) -> None:
    """Finish what a killed run had begun, before the account changes again.

    What such a run wrote is not recorded yet. Compared with a newer account it would pass for the
    owner's work.
    """
    survey(work.db, work.target, work.report, work.stop)
    _write(work, ledger.writing(work.db, work.target.id))


def _sync_vault(work: _Work) -> None:
    db, target, report = work.db, work.target, work.report
    survey(db, target, report, work.stop)
    if isinstance(work.writer, Writer):
        folders = ledger.folders(db, target.id) | pictures.folders(db, target.id)
        sweep(target.root, {home_folder(target.graph, target.vault.namespace)} | folders)
    with transaction(db):
        make_base(db, target, work.writer, report, again=True)
        work.writer.flush()
    _write(work, ledger.pending(db, target.id))
    _copy(work)
    tell(db, target, work.writer, report)
    report.failed += [
        Failure(id_, title, "not-understood", why) for id_, title, why in account.rejected(db)
    ]
    report.conflicts += [
        Conflict(document, highlight, parts.split(","), page)
        for document, highlight, parts, page in ledger.conflicts(db, target.id)
    ]


def _write(work: _Work, todo: Sequence[int]) -> None:
    """Bring the pages of these documents up to date, batch by batch."""
    db, writer, report = work.db, work.writer, work.report
    target = work.target._replace(remove=work.target.remove and _may_remove(work))
    if todo and isinstance(writer, Writer):
        check_space(target.root)
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        ended: SyncdError | None = None
        with transaction(db):
            ledger.begin(db, target.id, batch)
        with transaction(db):
            try:
                for number, document in enumerate(batch, start + 1):
                    if work.stop.is_set():
                        raise Stopped("stopped; the next run goes on from here")  # noqa: TRY301
                    sync_document(db, target, writer, document, report)
                    work.progress(f"{report.name}: documents", number, len(todo))
            except (VaultError, Stopped) as error:
                ended = error  # what is written stays written, and is recorded
            writer.flush()
            ledger.end(db, target.id)
        if ended is not None:
            raise ended


def _copy(work: _Work) -> None:
    """Copy pictures into the vault, where its owner wants that, and let the pages show them."""
    target, report = work.target, work.report
    if (
        target.vault.media != "copy"
        or not work.options.fetch
        or not isinstance(work.writer, Writer)
    ):
        return
    came = copy_pictures(
        work.db,
        target,
        work.writer,
        report,
        work.stop,
        work.picture,
        every=work.options.full,
        progress=lambda done, total: work.progress(f"{report.name}: pictures", done, total),
    )
    failed = {one.document for one in report.failed}
    again = VaultReport(report.name)
    _write(work._replace(report=again), [document for document in came if document not in failed])
    known = {*report.pages.created, *report.pages.updated}
    report.pages.updated += [path for path in again.pages.updated if path not in known]
    report.highlights.updated += again.highlights.updated
    report.failed += again.failed


def survey(
    db: sqlite3.Connection, target: Target, report: VaultReport, stop: Event | None = None
) -> None:
    """Bring the index up to the vault. Raises VaultError where the vault is empty and was not."""
    with transaction(db):
        before = index.count(db, target.id)
        found = scan(db, target.id, target.root, target.graph, stop)
        if before and not found.pages:
            raise _empty(target.root, before)
        if found.read:
            ledger.reconsider(db, target.id)
    report.warnings += found.unreadable
    report.warnings += [
        f"{path} is a conflict copy; merge it by hand and delete it" for path in found.copies
    ]


def _emptied(db: sqlite3.Connection, vault: Vault) -> VaultError | None:
    """What is wrong where nothing at all stands in the folder, as at the mount point of a disk.

    None elsewhere.
    """
    number = ledger.find_vault(db, vault.name)
    before = index.count(db, number) if number is not None else 0
    with suppress(OSError):
        if before and next(vault.path.iterdir(), None) is None:
            return _empty(vault.path, before)
    return None


def _empty(root: Path, before: int) -> VaultError:
    return VaultError(
        f"{root} is empty where {before} pages were; mount the vault, or, if it is meant to be empty, "
        "give it another name in the configuration",
        code="vault-empty",
    )


def _may_remove(work: _Work) -> bool:
    gone, of = ledger.removals(work.db, work.target.id)
    if work.options.allow_removals or not (gone > _FEW or gone * _SHARE > of):
        return True
    work.report.warnings.append(
        f"{gone} of {of} highlights were deleted in Readwise; none is removed before `syncd sync --allow-removals`"
    )
    return False
