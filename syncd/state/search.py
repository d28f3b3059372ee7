"""The index for `syncd search`, in a file of its own beside the state: `search.db`.

It is made from the mirror alone, and may be deleted at any time. SQLite's FTS5 keeps no texts, only
which words stand in which entry, and cannot forget one: an entry that is no longer true is taken
out of the table `entry`, by which everything is found, and the whole is made anew once half of
what it holds is of that kind.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from syncd.errors import StateError
from syncd.model import Document, Highlight
from syncd.page.words import Term, expression, indexed
from syncd.state import account, changes
from syncd.state.schema import transaction

_VERSION = 1  # of the tables, and of what `indexed` makes of a text
_BATCH = 100  # documents that are read at once
# Also what SQLite says where a table is gone, or is none of FTS5's
_DAMAGED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SPARE = 100  # entries that are not true and cost nothing
_TABLES = f"""
    DROP TABLE IF EXISTS mark;
    DROP TABLE IF EXISTS entry;
    DROP TABLE IF EXISTS words;
    -- up to which moment of which mirror (changes) the entries are true
    CREATE TABLE mark (mirror TEXT NOT NULL, moment INTEGER NOT NULL);
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY,  -- the row in `words`
        highlight INTEGER NOT NULL, document INTEGER NOT NULL, discarded INTEGER NOT NULL,
        hash BLOB NOT NULL
    );
    CREATE INDEX entry_document ON entry (document);
    CREATE VIRTUAL TABLE words USING fts5(
        text, note, tags, title, author, content = '', tokenize = 'ascii'
    );
    PRAGMA user_version = {_VERSION};
"""

Progress = Callable[[str, int, int | None], None]


class Hit(NamedTuple):
    """A highlight that says what was asked for, by the ids of it and of its document."""

    document: int
    highlight: int


@contextmanager
def up_to_date(
    folder: Path, db: sqlite3.Connection, progress: Progress
) -> Iterator[sqlite3.Connection]:
    """The index in `folder`, with all that the mirror `db` has now; closed after the body.

    A damaged one is made anew. Raises StateError where that cannot be.
    """
    path = folder / "search.db"
    try:
        with closing(_refreshed(path, db, progress)) as index:
            yield index
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> StateError:
    if "fts5" in str(error):
        way_out = "install a Python whose SQLite has it, as python.org's and Debian's have"
        return StateError(f"this Python's SQLite has no FTS5, which search needs; {way_out}")
    reason = getattr(error, "strerror", None) or error
    way_out = "check the folder's rights and the room on the disk, or delete it: it is made anew"
    return StateError(f"{path}: {reason}; {way_out}")


def _refreshed(path: Path, db: sqlite3.Connection, progress: Progress) -> sqlite3.Connection:
    try:
        return _opened(path, db, progress)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        path.unlink()
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        return _opened(path, db, progress)


def _opened(path: Path, db: sqlite3.Connection, progress: Progress) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    index = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        index.execute("PRAGMA synchronous = NORMAL")
        index.execute("PRAGMA cache_size = -32000")
        _refresh(index, db, progress)
    except BaseException:
        index.close()
        raise
    return index


def _refresh(index: sqlite3.Connection, db: sqlite3.Connection, progress: Progress) -> None:
    """Bring the index up to the mirror, all of it or nothing."""
    mirror, latest = changes.mirror(db), changes.latest(db)
    if _mark(index) == (mirror, latest):
        return
    with transaction(index):
        known, moment = _mark(index)
        if known != mirror or moment > latest or _is_mostly_untrue(index):
            for statement in _TABLES.split(";\n"):
                index.execute(statement)
            moment = 0
        documents = changes.since(db, moment)
        for start in range(0, len(documents), _BATCH):
            batch = documents[start : start + _BATCH]
            for document in account.load(db, batch).values():
                _enter(index, document)
            progress("documents indexed", start + len(batch), len(documents))
        index.execute("DELETE FROM mark")
        index.execute("INSERT INTO mark VALUES (?, ?)", (mirror, latest))


def _mark(index: sqlite3.Connection) -> tuple[str | None, int]:
    """The mirror of which the index was made, and up to which moment; None where it was not."""
    if index.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        return None, 0
    row = index.execute("SELECT mirror, moment FROM mark").fetchone()
    return (row[0], row[1]) if row else (None, 0)


def _is_mostly_untrue(index: sqlite3.Connection) -> bool:
    rows = index.execute("SELECT coalesce(max(rowid), 0) FROM words").fetchone()[0]
    return bool(rows > 2 * index.execute("SELECT count(*) FROM entry").fetchone()[0] + _SPARE)


def _enter(index: sqlite3.Connection, document: Document) -> None:
    """Have the document's live highlights found by what they say now, and no other ones."""
    live = [one for one in document.highlights if not (one.is_deleted or document.is_deleted)]
    wanted = {(one.id, _digest(document, one)): one for one in live}
    rows = index.execute("SELECT id, highlight, hash FROM entry WHERE document = ?", (document.id,))
    entries = {(highlight, digest): id_ for id_, highlight, digest in rows}
    gone = [(id_,) for key, id_ in entries.items() if key not in wanted]
    index.executemany("DELETE FROM entry WHERE id = ?", gone)
    about = indexed(document.title or ""), indexed(document.author or "")
    for key, one in wanted.items():
        if key not in entries:
            said = one.text or "", one.note or "", "\n".join(one.tag_names)
            words = index.execute(
                "INSERT INTO words (text, note, tags, title, author) VALUES (?, ?, ?, ?, ?)",
                (*map(indexed, said), *about),
            )
            index.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
                (words.lastrowid, one.id, document.id, bool(one.is_discard), key[1]),
            )


def _digest(document: Document, one: Highlight) -> bytes:
    """Of all that decides by which words it is found."""
    data = msgspec.msgpack.encode((document.title, document.author, one))
    return blake2b(data, digest_size=8).digest()


def find(
    index: sqlite3.Connection, terms: Sequence[Term], limit: int, *, discarded: bool
) -> list[Hit]:
    """The newest highlights, at most `limit`, that say all terms; `discarded`: those too."""
    rows = index.execute(
        "SELECT document, highlight FROM words CROSS JOIN entry ON entry.id = words.rowid"
        " WHERE words MATCH ? AND discarded <= ? ORDER BY highlight DESC LIMIT ?",
        (expression(terms), discarded, limit),
    )
    return [Hit._make(row) for row in rows]
