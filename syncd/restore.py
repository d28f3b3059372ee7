"""Undoes the owner's deletions where they ask for it: `syncd restore`."""

from __future__ import annotations

import sqlite3
from threading import Event

from syncd.config import Config
from syncd.errors import SyncdError
from syncd.filters import wants_document
from syncd.gather import gather
from syncd.mirror import ledger
from syncd.mirror.db import transaction
from syncd.plan import places
from syncd.report import VaultReport
from syncd.session import opened
from syncd.sync import Wishes, open_target, survey
from syncd.target import Target


def restore_all(config: Config, what: str, stop: Event) -> dict[str, int]:
    """Forget in each vault that `what` was deleted: how many highlights that are, by the vault's name."""
    forgotten: dict[str, int] = {}
    with opened(config, stop) as db:
        for vault in config.vaults:
            target = open_target(db, vault, Wishes())
            if isinstance(target, SyncdError):
                raise target
            survey(db, target, VaultReport(vault.name))
            documents, highlights = ledger.named(db, target.id, what)
            with transaction(db):
                forgotten[vault.name] = restore(db, target, documents, highlights)
    return forgotten


def restore(db: sqlite3.Connection, target: Target, documents: list[int], highlights: set[int]) -> int:
    """Forget that highlights were deleted from the vault, so that the next run brings them back; returns how many.

    `highlights` are the ids meant, none: all of the `documents`. What the filters leave out stays forgotten.
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
