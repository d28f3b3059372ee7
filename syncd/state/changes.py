"""When each document last changed in the mirror: the table `change`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from syncd.state.schema import setting


def note(db: sqlite3.Connection, documents: Iterable[int]) -> None:
    """These documents changed, in the caller's transaction.

    Each transaction has a later moment than those before it, whatever the clock says.
    """
    moment = max(time.time_ns(), latest(db) + 1)
    rows = [(id_, moment) for id_ in documents]
    db.executemany("INSERT OR REPLACE INTO change VALUES (?, ?)", rows)


def latest(db: sqlite3.Connection) -> int:
    """The moment of the last change; 0 where there was none."""
    return int(db.execute("SELECT coalesce(max(moment), 0) FROM change").fetchone()[0])


def since(db: sqlite3.Connection, moment: int) -> list[int]:
    """The documents that changed after a moment, in the order of their ids."""
    rows = db.execute("SELECT document FROM change WHERE moment > ? ORDER BY +document", (moment,))
    return [row[0] for row in rows]


def mirror(db: sqlite3.Connection) -> str | None:
    """The name of this mirror, which no other has; None where an older syncd made it."""
    return setting(db, "mirror")
