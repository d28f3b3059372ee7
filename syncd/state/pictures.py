"""The pictures that each vault keeps copies of.

Which are there, which are awaited, and when to try again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

_LONGEST = 8  # doublings of the runs between two tries


class Due(NamedTuple):
    """A picture to fetch, and how often that failed."""

    address: str
    tries: int


def any_copy(db: sqlite3.Connection, vault: int) -> bool:
    """Whether the vault has a copy of any picture."""
    query = "SELECT EXISTS (SELECT 1 FROM picture WHERE vault = ? AND path IS NOT NULL)"
    return bool(db.execute(query, (vault,)).fetchone()[0])


def copies(db: sqlite3.Connection, vault: int, addresses: Iterable[str]) -> dict[str, str]:
    """Those of these pictures that have a copy.

    Address -> path in the vault, in the order in which they came.
    """
    asked = msgspec.json.encode(list(addresses)).decode()
    rows = db.execute(
        "SELECT address, path FROM picture"
        " WHERE vault = ? AND address IN (SELECT value FROM json_each(?)) AND path IS NOT NULL"
        " ORDER BY id",
        (vault, asked),
    )
    return dict(rows.fetchall())


def expect(db: sqlite3.Connection, vault: int, document: int, addresses: Iterable[str]) -> None:
    """A document's page is written, and these of its pictures have no copy yet."""
    db.execute("DELETE FROM awaited WHERE (vault, document) = (?, ?)", (vault, document))
    db.executemany(
        "INSERT OR IGNORE INTO awaited VALUES (?, ?, ?)",
        [(vault, document, one) for one in addresses],
    )


def due(db: sqlite3.Connection, vault: int, most: int, *, every: bool) -> list[Due]:
    """Which pictures this run tries, those that never failed first; `every`.

    Also those whose turn it is not.
    """
    rows = db.execute(
        "SELECT DISTINCT address, coalesce(tries, 0) AS tried FROM awaited"
        " LEFT JOIN picture USING (vault, address)"
        " WHERE vault = ? AND path IS NULL AND (? OR coalesce(wait, 0) = 0)"
        " ORDER BY tried, address LIMIT ?",
        (vault, every, most),
    ).fetchall()
    db.execute("UPDATE picture SET wait = wait - 1 WHERE vault = ? AND wait > 0", (vault,))
    return [Due(*row) for row in rows]


def arrived(db: sqlite3.Connection, vault: int, address: str, path: str) -> list[int]:
    """A picture has its copy; returns the documents that awaited it."""
    _set(db, vault, address, path, 0, 0)
    waiting = (vault, address)
    rows = db.execute("SELECT document FROM awaited WHERE (vault, address) = (?, ?)", waiting)
    found = [row[0] for row in rows]
    db.execute("DELETE FROM awaited WHERE (vault, address) = (?, ?)", waiting)
    return found


def failed(db: sqlite3.Connection, vault: int, picture: Due) -> None:
    """A picture could not be copied.

    With each failure twice as many runs pass until it is tried again.
    """
    wait: int = 2 ** min(picture.tries, _LONGEST) - 1
    _set(db, vault, picture.address, None, picture.tries + 1, wait)


def _set(
    db: sqlite3.Connection, vault: int, address: str, path: str | None, tries: int, wait: int
) -> None:
    db.execute(
        "INSERT OR REPLACE INTO picture (vault, address, path, tries, wait) VALUES (?, ?, ?, ?, ?)",
        (vault, address, path, tries, wait),
    )
