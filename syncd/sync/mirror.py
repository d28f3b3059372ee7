"""The account's mirror, to read while others write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec

from syncd.config import settings
from syncd.config.settings import Config
from syncd.errors import StateError
from syncd.model import Document
from syncd.progress import Progress
from syncd.state import account, changes
from syncd.state.schema import open_to_read

_BATCH = 100  # documents that are read at once


@contextmanager
def opened_mirror(config: Config) -> Iterator[sqlite3.Connection]:
    """The account's mirror as it is now, also while a run writes. Raises StateError."""
    path = settings.state_path(config) / "syncd.db"
    once = "run `syncd sync` once"
    if not path.exists() or not path.stat().st_size:
        raise StateError(f"{path} is not there: nothing was synced yet; {once}")
    try:
        with closing(open_to_read(path)) as db:
            db.execute("BEGIN")  # all that is read is of this moment
            if changes.mirror(db) is None:
                raise StateError(f"{path} was written by an older syncd; {once}")
            yield db
    except sqlite3.Error as error:
        raise StateError(f"{path}: {error}; `syncd sync` says more") from error


def documents(db: sqlite3.Connection, progress: Progress) -> Iterator[Document]:
    """The account's documents with their highlights, without what was deleted in Readwise."""
    ids = account.documents(db)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for document in account.load(db, batch).values():
            live = tuple(one for one in document.highlights if not one.is_deleted)
            if live and not document.is_deleted:
                yield msgspec.structs.replace(document, highlights=live)
        progress("documents exported", start + len(batch), len(ids))
