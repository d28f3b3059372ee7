"""Undoes the owner's deletions where they ask for it: `syncd restore`."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from threading import Event

from syncd.config.settings import Config
from syncd.progress import Progress, silent
from syncd.report import VaultReport
from syncd.state import account, bases, homes, index, pending
from syncd.state.schema import transaction
from syncd.sync.cases import places_of
from syncd.sync.filters import wants_document
from syncd.sync.find_absences import find_absences
from syncd.sync.index_vault import index_vault
from syncd.sync.inputs import read_inputs
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions, RunTools, VaultRun, open_vault


def restore_all(
    config: Config, what: str, stop: Event, progress: Progress = silent
) -> dict[str, int]:
    """Forget in each vault that `what` was deleted: how many highlights, by the vault's name."""
    forgotten: dict[str, int] = {}
    with opened(config, stop, progress) as db:
        for vault in config.vaults:
            report = VaultReport(vault.name)
            run = open_vault(db, vault, RunOptions(), RunTools(stop, progress), report)
            index_vault(run)
            documents, highlights = find_meant(db, run.id, what)
            with transaction(db):
                forgotten[vault.name] = restore(run, documents, highlights)
    return forgotten


def restore_missing(
    config: Config, since: datetime | None, stop: Event, progress: Progress = silent
) -> dict[str, int]:
    """Forget in each vault that anything is gone: how many highlights, by the vault's name.

    `since` (UTC): only what was seen to be gone from then on, also where its owner has confirmed
    that they deleted it.
    """
    forgotten: dict[str, int] = {}
    with opened(config, stop, progress) as db:
        for vault in config.vaults:
            report = VaultReport(vault.name)
            run = open_vault(db, vault, RunOptions(), RunTools(stop, progress), report)
            index_vault(run)
            find_absences(run)
            gone = [
                one
                for one in bases.absences(db, run.id, since=since)
                if since is not None or one.verdict != "accepted"
            ]
            documents = sorted({one.document for one in gone})
            with transaction(db):
                meant = {one.highlight for one in gone}
                forgotten[vault.name] = restore(run, documents, meant)
    return forgotten


def find_meant(db: sqlite3.Connection, vault: int, what: str) -> tuple[list[int], set[int]]:
    """The documents that `what` means, and the highlights where it means single ones.

    It may be a page or a highlight's own note (path, file name or title), a document's or
    highlight's id, or a highlight's link.
    """
    rows = account.meant(db, what) or index.notes_named(db, vault, what)
    if rows:
        return sorted({document for document, _ in rows}), {highlight for _, highlight in rows}
    documents = {*homes.named(db, vault, what), *account.titled(db, what)}
    return sorted(documents), set()


def restore(run: VaultRun, documents: list[int], highlights: set[int]) -> int:
    """Forget that highlights were deleted from the vault; returns how many.

    The next run brings them back. `highlights` are the ids meant, none: all of the `documents`.
    What the filters leave out stays forgotten.
    """
    forgotten = 0
    for id_ in documents:
        found = read_inputs(run, id_)
        if not wants_document(run.vault, found.document):
            continue
        places = places_of(found)
        gone = [
            item.id
            for item in found.wanted
            if item.live and item.comes and item.id in found.bases and item.id not in places
        ]
        gone = [one for one in gone if not highlights or one in highlights]
        if gone:
            bases.settle(run.db, run.id, dict.fromkeys(gone))
            pending.add(run.db, run.id, [id_])
        forgotten += len(gone)
    return forgotten
