"""Which page is a document's: the tables `home` and `mark`."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec


class Home(NamedTuple):
    """A document's page.

    Its path in the vault, and the digests of its properties as last written, by key.
    """

    path: str
    header: dict[str, bytes]


def find(db: sqlite3.Connection, vault: int, document: int) -> Home | None:
    """The page of a document as last known."""
    row = db.execute(
        "SELECT path, header FROM home WHERE (vault, document) = (?, ?)", (vault, document)
    ).fetchone()
    return Home(row[0], msgspec.msgpack.decode(row[1], type=dict[str, bytes])) if row else None


def settle(db: sqlite3.Connection, vault: int, document: int, page: Home) -> None:
    """Remember a document's page as it is written now."""
    header = msgspec.msgpack.encode(page.header)
    row = (vault, document, page.path, header)
    db.execute("INSERT OR REPLACE INTO home VALUES (?, ?, ?, ?)", row)


def paths(db: sqlite3.Connection, vault: int) -> set[str]:
    """The pages of all documents: their paths in the vault."""
    return {row[0] for row in db.execute("SELECT path FROM home WHERE vault = ?", (vault,))}


def folders(db: sqlite3.Connection, vault: int) -> set[str]:
    """The folders, in the vault, in which documents have their pages."""
    return {path.rpartition("/")[0] for path in paths(db, vault)}


def tenant(db: sqlite3.Connection, vault: int, path: str) -> int | None:
    """The document whose page this is."""
    row = db.execute(
        "SELECT document FROM home WHERE (vault, path) = (?, ?)", (vault, path)
    ).fetchone()
    return row[0] if row else None


def named(db: sqlite3.Connection, vault: int, what: str) -> list[int]:
    """The documents whose page has this path, file name or title."""
    stem = _stem(what)
    rows = db.execute("SELECT document, path FROM home WHERE vault = ?", (vault,))
    return [row[0] for row in rows if what == row[1] or stem == _stem(row[1])]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md").removesuffix(".org")


def mark(db: sqlite3.Connection, vault: int, document: int) -> str:
    """By which templates a document was last written; "" by none."""
    row = db.execute(
        "SELECT mark FROM mark WHERE (vault, document) = (?, ?)", (vault, document)
    ).fetchone()
    return row[0] if row else ""


def set_mark(db: sqlite3.Connection, vault: int, document: int, now: str) -> None:
    """Remember by which templates a document is written now."""
    if now:
        db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", (vault, document, now))
    else:
        db.execute("DELETE FROM mark WHERE (vault, document) = (?, ?)", (vault, document))
