"""What a run on one vault needs: the vault as it is, what was asked for, and the ways to tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from threading import Event
from typing import NamedTuple, Protocol

import msgspec

from syncd.config.settings import Vault, zone
from syncd.errors import ConfigError, VaultError
from syncd.formats.format import Format, format_at, notes_of
from syncd.progress import Progress, silent
from syncd.readwise.picture import Picture, fetch_picture
from syncd.report import VaultReport
from syncd.state import index, pending, vaults
from syncd.state.homes import Home
from syncd.state.index import PageEntry
from syncd.state.schema import transaction
from syncd.sync.filters import scope
from syncd.sync.vault_format import vault_format
from syncd.vault.entry import page_entry
from syncd.vault.graph import Graph, read_graph
from syncd.vault.read import Seen
from syncd.vault.write import Writer

_PATIENCE = timedelta(seconds=10)  # until the service believes that a page is gone

FetchPicture = Callable[[str, Event], Picture]  # raises PictureError, Stopped


class RunOptions(NamedTuple):
    """What a run is asked for.

    `accept_deletions`: what is gone from the vault is its owner's doing, however much it is.
    `vaults`: their names, none for all; `fetch`: else only what waits is written; `patient`: leave
    pages alone that their owner is just writing; `dry`: nothing is written.
    """

    full: bool = False
    allow_removals: bool = False
    accept_deletions: bool = False
    vaults: Sequence[str] = ()
    fetch: bool = True
    patient: bool = False
    dry: bool = False


class PageWriter(Protocol):
    """The writer, or what stands in for it in a dry run."""

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """See Writer.write."""

    def flush(self) -> None:
        """See Writer.flush."""


class RunTools(NamedTuple):
    """What a run stops by, tells its progress to, and writes and fetches pictures with."""

    stop: Event
    progress: Progress = silent
    writer: Callable[[Path], PageWriter] = Writer
    fetch_picture: FetchPicture = fetch_picture


class VaultRun(msgspec.Struct, frozen=True):
    """One vault in one run.

    `id` is the vault's number in the state; `format` is that of new pages; `vacated` are the pages
    that documents had until this run found them elsewhere: until that is recorded, a new page there
    would pass for theirs. `entered` are the words of pages that were written since the last drafts
    were made, `rescanned` those pages that changed while this run was writing. `copies` are the
    conflict copies in the vault; `unfinished` are the documents of which some files are written and
    some are not, as where a run is killed; `started` is when the run began (UTC).
    """

    db: sqlite3.Connection
    id: int
    root: Path
    graph: Graph
    vault: Vault
    zone: tzinfo
    format: Format
    options: RunOptions
    tools: RunTools
    writer: PageWriter
    report: VaultReport
    vacated: set[str] = msgspec.field(default_factory=set)
    copies: list[str] = msgspec.field(default_factory=list)
    unfinished: set[int] = msgspec.field(default_factory=set)
    entered: set[str] = msgspec.field(default_factory=set)
    rescanned: set[str] = msgspec.field(default_factory=set)
    started: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))

    def format_at(self, path: str) -> Format:
        """How the page at `path` is written: a graph may hold Markdown and Org."""
        return format_at(path, self.format)

    def form_of(self, home: Home | None) -> Format:
        """How a document with this page is written, or one that has none."""
        form = self.format_at(home.path) if home else self.format
        is_wished = self.vault.layout == "note-per-highlight"
        return notes_of(form) if (home.notes if home else is_wished) else form

    @property
    def copies_pictures(self) -> bool:
        """Whether this run copies pictures."""
        return self.vault.media == "copy" and self.options.fetch and not self.options.dry

    def may_come_back(self, away: datetime | None) -> bool:
        """Whether a page that is gone was seen to be gone only just now."""
        return away is not None and away >= self.patience

    @property
    def patience(self) -> datetime:
        """Pages that were seen to be gone before then (UTC) are gone: by another run's look.

        In the service, which looks within seconds, by one that was some time ago.
        """
        return self.started - (_PATIENCE if self.options.patient else timedelta(0))

    def write(
        self,
        path: str,
        text: str,
        seen: Seen | None,
        entry_of: Callable[..., PageEntry] | None = None,
    ) -> PageEntry:
        """Write a page, and put it into the index. Raises what Writer.write raises.

        `entry_of` gives what the index keeps of it (from `seen`), where that is known without
        reading it again.
        """
        written = self.writer.write(Path(path), text.encode("utf-8", "surrogateescape"), seen)
        if entry_of is None:
            entry_of = partial(page_entry, path, text, graph=self.graph, own=True)
        entry = entry_of(seen=written)
        index.enter(self.db, self.id, entry)
        self.entered.update(index.words_of(entry))
        return entry

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Tell how far this vault is."""
        self.tools.progress(f"{self.vault.name}: {what}", done, total)


def open_vault(
    db: sqlite3.Connection,
    vault: Vault,
    options: RunOptions,
    tools: RunTools,
    report: VaultReport,
) -> VaultRun:
    """The vault, checked. Raises VaultError, ConfigError."""
    try:
        root = vault.path.resolve()
        graph = read_graph(root, vault.format)
        form = vault_format(vault, graph)
        with transaction(db):
            number = vaults.vault_id(db, vault.name, root)
            if vaults.settle(db, number, scope(vault)):
                pending.add_all(db, number)
        writer = tools.writer(root)
    except (VaultError, ConfigError) as error:
        raise _emptied(db, vault) or error from None
    except OSError as error:
        reason = f"{error.strerror}; check the disk, and let syncd read the folder"
        raise VaultError(f"{vault.path}: {reason}") from error
    return VaultRun(
        db, number, root, graph, vault, zone(vault), form, options, tools, writer, report
    )


def _emptied(db: sqlite3.Connection, vault: Vault) -> VaultError | None:
    """What is wrong where nothing at all stands in the folder, as at the mount point of a disk.

    None elsewhere.
    """
    number = vaults.find_vault(db, vault.name)
    before = index.count(db, number) if number is not None else 0
    with suppress(OSError):
        if before and next(vault.path.iterdir(), None) is None:
            return emptied_vault(vault.path, before)
    return None


def emptied_vault(root: Path, before: int) -> VaultError:
    """The error that the vault is empty where `before` pages were."""
    return VaultError(
        f"{root} is empty where {before} pages were; mount the vault, or, if it is meant to be "
        "empty, give it another name in the configuration",
        code="vault-empty",
    )
