"""Which documents wait to be written: the tables `pending` and `writing`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec


def add(db: sqlite3.Connection, vault: int, documents: Iterable[int]) -> None:
    """These documents' pages may be behind the account, in this vault."""
    rows = [(vault, document) for document in documents]
    db.executemany("INSERT OR IGNORE INTO pending (vault, document) VALUES (?, ?)", rows)


def look_at(
    db: sqlite3.Connection, vault: int, documents: Iterable[int], *, git_moved: bool
) -> None:
    """The vault's side of these documents changed: what is gone there is to be judged.

    `git_moved`: while the vault's repository went to another commit.
    """
    rows = [(vault, document, 2 if git_moved else 1) for document in documents]
    db.executemany(
        "INSERT INTO pending (vault, document, look) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET look = max(look, excluded.look)",
        rows,
    )


def to_look_at(db: sqlite3.Connection, vault: int) -> dict[int, bool]:
    """Those documents, and whether the vault's repository moved."""
    query = "SELECT document, look > 1 FROM pending WHERE vault = ? AND look ORDER BY document"
    return {row[0]: bool(row[1]) for row in db.execute(query, (vault,))}


def add_everywhere(db: sqlite3.Connection, documents: Iterable[int]) -> None:
    """These documents' pages may be behind the account, in every vault."""
    rows = [(document,) for document in documents]
    db.executemany("INSERT OR IGNORE INTO pending (vault, document) SELECT id, ? FROM vault", rows)
    db.executemany("UPDATE writing SET moment = 0 WHERE moment < 0 AND document = ?", rows)


def add_all(db: sqlite3.Connection, vault: int) -> None:
    """Make every document pending."""
    db.execute(
        "INSERT OR IGNORE INTO pending (vault, document) SELECT ?, id FROM document", (vault,)
    )


def add_unsettled(
    db: sqlite3.Connection, vault: int, mark: str, org_mark: str, rendering: int
) -> None:
    """Make every document pending of which page and look are not as they were last settled.

    `mark` is that of pages in the vault's format (Format.mark), `org_mark` that of pages in Org;
    `rendering` is the version.
    """
    db.execute(
        "INSERT OR IGNORE INTO pending (vault, document) SELECT ?1, id FROM document"
        " WHERE NOT EXISTS (SELECT 1 FROM home"
        " JOIN page ON (page.vault, page.path, page.hash) = (home.vault, home.path, home.hash)"
        " LEFT JOIN mark ON (mark.vault, mark.document) = (home.vault, home.document)"
        " WHERE (home.vault, home.document) = (?1, document.id) AND home.away IS NULL"
        " AND coalesce(mark, '') = iif(home.path LIKE '%.org', ?3, ?2) AND version = ?4)",
        (vault, mark, org_mark, rendering),
    )


def waiting(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents whose pages may be behind the account, oldest first."""
    return [
        row[0]
        for row in db.execute(
            "SELECT document FROM pending WHERE vault = ? ORDER BY document", (vault,)
        )
    ]


def behind(db: sqlite3.Connection, vault: int) -> int:
    """How many documents' pages are behind the account.

    Those are not that only their owner changed.
    """
    query = "SELECT count(*) FROM pending WHERE vault = ? AND (look = 0 OR code IS NOT NULL)"
    return int(db.execute(query, (vault,)).fetchone()[0])


def done(db: sqlite3.Connection, vault: int, document: int) -> None:
    """A document's page is up to date."""
    db.execute("DELETE FROM pending WHERE (vault, document) = (?, ?)", (vault, document))


def failed(db: sqlite3.Connection, vault: int, document: int, code: str, message: str) -> None:
    """Keep a document pending, with the reason."""
    db.execute(
        "UPDATE pending SET code = ?, message = ? WHERE vault = ? AND document = ?",
        (code, message, vault, document),
    )


def failures(db: sqlite3.Connection, vault: int) -> list[tuple[int, str, str]]:
    """The pending documents that failed: id, code, message."""
    rows = (
        "SELECT document, code, message FROM pending"
        " WHERE vault = ? AND code IS NOT NULL ORDER BY document"
    )
    return db.execute(rows, (vault,)).fetchall()


def begin(db: sqlite3.Connection, vault: int, documents: Iterable[int], moment: int) -> None:
    """Mark these documents as being written from this moment (ns) on.

    What a killed run wrote there is not recorded in the other tables.
    """
    rows = [(vault, document, moment) for document in documents]
    db.executemany("INSERT OR IGNORE INTO writing VALUES (?, ?, ?)", rows)


def end(db: sqlite3.Connection, vault: int, documents: Iterable[int]) -> None:
    """These documents are written; in the transaction that records what was."""
    rows = [(vault, document) for document in documents]
    db.executemany("DELETE FROM writing WHERE (vault, document) = (?, ?)", rows)


def begun_at(db: sqlite3.Connection, vault: int, documents: Sequence[int]) -> dict[int, int]:
    """Since when (ns) these documents' pages are being written, also by a run that was killed.

    -1: an older syncd wrote it, and the account has said nothing else since.
    """
    rows = db.execute(
        "SELECT document, moment FROM writing"
        " WHERE vault = ? AND document IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(documents).decode()),
    )
    return dict(rows.fetchall())


def begun(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents whose pages were being written when a run was killed, oldest first."""
    return [
        row[0]
        for row in db.execute(
            "SELECT document FROM writing WHERE vault = ? ORDER BY document", (vault,)
        )
    ]


def is_any_begun(db: sqlite3.Connection) -> bool:
    """Whether a killed run was writing a page of any vault."""
    return db.execute("SELECT 1 FROM writing LIMIT 1").fetchone() is not None
