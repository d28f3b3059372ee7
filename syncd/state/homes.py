"""Which page is a document's: the tables `home` and `mark`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec


class Home(NamedTuple):
    """A document's page: its path in the vault, and the digests of its properties by key.

    `title` and `url` are the document's as the page said them (title_key, link_key), `hash` the
    digest of its bytes when it was last written; `away`: when (UTC) it was first seen to be gone.
    `notes`: whether each highlight has a note of its own, which the page lists.
    """

    path: str
    header: dict[str, bytes]
    title: str | None = None
    url: str | None = None
    hash: bytes | None = None
    away: datetime | None = None
    notes: bool = False


def find(db: sqlite3.Connection, vault: int, documents: Sequence[int]) -> dict[int, Home]:
    """The pages of these documents as last known, by document."""
    rows = db.execute(
        "SELECT document, path, header, title, url, hash, away, notes FROM home"
        " WHERE vault = ? AND document IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(documents).decode()),
    )
    return {row[0]: _home(*row[1:]) for row in rows}


def _home(
    path: str,
    header: bytes,
    title: str | None,
    url: str | None,
    hash_: bytes,
    away: str | None,
    notes: int,
) -> Home:
    known = msgspec.msgpack.decode(header, type=dict[str, bytes])
    since = datetime.fromisoformat(away) if away else None
    return Home(path, known, title, url, hash_, since, bool(notes))


def settle(db: sqlite3.Connection, vault: int, document: int, page: Home) -> None:
    """Remember a document's page as it stands now."""
    header = msgspec.msgpack.encode(page.header)
    away = page.away.isoformat() if page.away else None
    row = (vault, document, page.path, header, page.title, page.url, page.hash, away, page.notes)
    db.execute(
        "INSERT OR REPLACE INTO home (vault, document, path, header, title, url, hash, away, notes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def mark_away(db: sqlite3.Connection, vault: int, paths: Iterable[str], now: datetime) -> None:
    """Remember when (UTC) these pages were first seen to be gone."""
    rows = [(now.isoformat(), vault, path) for path in paths]
    db.executemany(
        "UPDATE home INDEXED BY home_path SET away = ?"
        " WHERE vault = ? AND path = ? AND away IS NULL",
        rows,
    )


def mark_here(db: sqlite3.Connection, vault: int, paths: Iterable[str]) -> None:
    """These pages are there."""
    db.execute(
        "UPDATE home INDEXED BY home_away SET away = NULL"
        " WHERE vault = ? AND away IS NOT NULL AND path IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(list(paths)).decode()),
    )


def believe_gone(db: sqlite3.Connection, vault: int, before: datetime) -> None:
    """The pages that were first seen to be gone before then (UTC) do not come back."""
    query = "UPDATE home INDEXED BY home_away SET away = NULL WHERE vault = ? AND away < ?"
    db.execute(query, (vault, before.isoformat()))


def away(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents whose pages are gone and may come back."""
    query = "SELECT document FROM home INDEXED BY home_away WHERE vault = ? AND away IS NOT NULL"
    return [row[0] for row in db.execute(query, (vault,))]


def documents_at(db: sqlite3.Connection, vault: int, paths: Iterable[str]) -> list[int]:
    """The documents whose page is one of these."""
    rows = db.execute(
        "SELECT document FROM home WHERE vault = ? AND path IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(list(paths)).decode()),
    )
    return [row[0] for row in rows]


def paths(db: sqlite3.Connection, vault: int) -> set[str]:
    """The pages of all documents: their paths in the vault."""
    return {row[0] for row in db.execute("SELECT path FROM home WHERE vault = ?", (vault,))}


def count_laid_out(db: sqlite3.Connection, vault: int, *, notes: bool) -> int:
    """How many documents have a note for each highlight, or else a page."""
    query = "SELECT count(*) FROM home WHERE vault = ? AND notes = ?"
    return int(db.execute(query, (vault, notes)).fetchone()[0])


def tenant(db: sqlite3.Connection, vault: int, path: str) -> int | None:
    """The document whose page this is."""
    query = "SELECT document FROM home WHERE (vault, path) = (?, ?)"
    row = db.execute(query, (vault, path)).fetchone()
    return row[0] if row else None


def named(db: sqlite3.Connection, vault: int, what: str) -> list[int]:
    """The documents whose page has this path, file name or title."""
    stem = _stem(what)
    rows = db.execute("SELECT document, path FROM home WHERE vault = ?", (vault,))
    return [row[0] for row in rows if what == row[1] or stem == _stem(row[1])]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md").removesuffix(".org")


MIXED = "mixed"  # among marks: some of a document is written in one look, some in another


class Mark(NamedTuple):
    """By which templates ("" none) and which version of the rendering a document was written."""

    templates: str
    version: int


def marks(db: sqlite3.Connection, vault: int, documents: Sequence[int]) -> dict[int, Mark]:
    """How these documents were last written; those that are missing by an older syncd's format."""
    rows = db.execute(
        "SELECT document, mark, version FROM mark"
        " WHERE vault = ? AND document IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(documents).decode()),
    )
    return {document: Mark(*mark) for document, *mark in rows}


def set_mark(db: sqlite3.Connection, vault: int, document: int, now: Mark) -> None:
    """Remember how a document is written now."""
    db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)", (vault, document, *now))
