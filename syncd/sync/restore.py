"""Undoes the owner's deletions where they ask for it: `syncd restore`."""

from __future__ import annotations

import sqlite3
from threading import Event

from syncd.config.settings import Config
from syncd.errors import SyncdError
from syncd.report import VaultReport
from syncd.state import ledger
from syncd.state.schema import transaction
from syncd.sync.filters import wants_document
from syncd.sync.inputs import gather
from syncd.sync.merge import places
from syncd.sync.run import RunOptions, open_target, survey
from syncd.sync.session import opened
from syncd.sync.vault_run import Target


def restore_all(config: Config, what: str, stop: Event) -> dict[str, int]:
    """Forget in each vault that `what` was deleted.

    How many highlights that are, by the vault's name.
    """
    forgotten: dict[str, int] = {}
    with opened(config, stop) as db:
        for vault in config.vaults:
            target = open_target(db, vault, RunOptions())
            if isinstance(target, SyncdError):
                raise target
            survey(db, target, VaultReport(vault.name))
            documents, highlights = ledger.named(db, target.id, what)
            with transaction(db):
                forgotten[vault.name] = restore(db, target, documents, highlights)
    return forgotten


def restore(
    db: sqlite3.Connection, target: Target, documents: list[int], highlights: set[int]
) -> int:
    """Forget that highlights were deleted from the vault, so that the next run brings them back.

    Returns how many.

    `highlights` are the ids meant, none: all of the `documents`. What the filters leave out stays
    forgotten.
    """
    forgotten = 0
    for id_ in documents:
        document, case = gather(db, target, id_)[:2]
        if not wants_document(target.vault, document):
            continue
        standing = places(case)
        for item in case.wanted:
            if (
                item.live
                and item.comes
                and item.id in case.bases
                and item.id not in standing
                and (not highlights or item.id in highlights)
            ):
                ledger.forget(db, target.id, id_, item.id)
                forgotten += 1
    return forgotten
