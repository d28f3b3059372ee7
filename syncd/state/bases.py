"""What was last agreed on each highlight: the tables `base` and `conflict`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from syncd.page.rendered import Hashes


def of_document(db: sqlite3.Connection, vault: int, document: int) -> dict[int, Hashes]:
    """What syncd last wrote of a document's highlights, by highlight id."""
    rows = db.execute(
        "SELECT base.highlight, base.text, base.tags, base.note FROM highlight CROSS JOIN base"
        " ON base.vault = ? AND base.highlight = highlight.id WHERE highlight.document = ?",
        (vault, document),
    )
    return {row[0]: Hashes(*row[1:]) for row in rows}


def find(db: sqlite3.Connection, vault: int, highlight: int) -> Hashes | None:
    """What syncd last wrote, or found, of a highlight."""
    row = db.execute(
        "SELECT text, tags, note FROM base WHERE (vault, highlight) = (?, ?)", (vault, highlight)
    ).fetchone()
    return Hashes(*row) if row else None


def settle(db: sqlite3.Connection, vault: int, changed: Mapping[int, Hashes | None]) -> None:
    """Remember what stands now of these highlights; None: forget."""
    known = [(vault, id_, *hashes) for id_, hashes in changed.items() if hashes is not None]
    forgotten = [(vault, id_) for id_, hashes in changed.items() if hashes is None]
    db.executemany("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?)", known)
    db.executemany("DELETE FROM base WHERE (vault, highlight) = (?, ?)", forgotten)


def deleted_upstream(db: sqlite3.Connection, vault: int) -> tuple[int, int]:
    """How many highlights, lately deleted upstream, are in the vault, of how many."""
    gone = db.execute(
        "SELECT count(*) FROM pending JOIN highlight USING (document) JOIN base"
        " ON base.vault = pending.vault AND base.highlight = highlight.id WHERE pending.vault = ? AND NOT live",
        (vault,),
    ).fetchone()[0]
    return gone, db.execute("SELECT count(*) FROM base WHERE vault = ?", (vault,)).fetchone()[0]


def documents_deleted_upstream(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents of which highlights that were deleted upstream are still in the vault."""
    rows = db.execute(
        "SELECT DISTINCT document FROM base JOIN highlight ON id = highlight"
        " WHERE vault = ? AND NOT live",
        (vault,),
    )
    return [row[0] for row in rows]


def set_conflicts(
    db: sqlite3.Connection, vault: int, document: int, found: Mapping[int, list[str]]
) -> None:
    """Remember in which parts of its highlights (0: its properties) a document differs."""
    db.execute("DELETE FROM conflict WHERE (vault, document) = (?, ?)", (vault, document))
    rows = [(vault, document, id_, ",".join(parts)) for id_, parts in found.items()]
    db.executemany("INSERT INTO conflict VALUES (?, ?, ?, ?)", rows)


def conflicts(db: sqlite3.Connection, vault: int) -> Iterator[tuple[int, int, str, str]]:
    """What differs since account and owner both changed it: document, highlight (0.

    Properties), parts, page.
    """
    yield from db.execute(
        "SELECT document, highlight, parts, path FROM conflict LEFT JOIN home USING (vault, document) WHERE vault = ?"
        " ORDER BY document, highlight",
        (vault,),
    )


def documents_in_conflict(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents that differ since account and owner both changed them."""
    rows = db.execute("SELECT DISTINCT document FROM conflict WHERE vault = ?", (vault,))
    return [row[0] for row in rows]
