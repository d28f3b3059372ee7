"""The state database: one SQLite file, made and migrated here.

WAL, and synchronous=FULL: what is committed survives a power cut. `PRAGMA user_version` counts the
migrations that a file has seen; a file from a newer syncd is refused, never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from syncd.errors import ConfigError, StateError

_MIGRATIONS = [
    """
    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE document (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE highlight (
        id INTEGER PRIMARY KEY, document INTEGER NOT NULL, live INTEGER NOT NULL,
        key TEXT,    -- what it is recognised by anywhere (identity.highlight_key)
        tweet TEXT,  -- the tweet it is a selection of, where it was saved in Reader
        data BLOB NOT NULL
    );
    CREATE INDEX highlight_document ON highlight (document);
    CREATE INDEX highlight_key ON highlight (key) WHERE key IS NOT NULL;
    CREATE INDEX highlight_tweet ON highlight (tweet) WHERE tweet IS NOT NULL;
    -- documents that Readwise sent and syncd could not understand: asked for again
    CREATE TABLE rejected (document INTEGER PRIMARY KEY, title TEXT NOT NULL, reason TEXT NOT NULL);

    CREATE TABLE vault (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL, inode INTEGER NOT NULL,
        settings TEXT NOT NULL DEFAULT ''  -- those that decide which documents belong into it
    );
    -- documents whose pages may be behind the account; with the reason where the last try failed
    CREATE TABLE pending (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, code TEXT, message TEXT,
        PRIMARY KEY (vault, document)
    ) WITHOUT ROWID;
    -- documents whose pages are being written: what a killed run wrote there is not recorded in the
    -- other tables
    CREATE TABLE writing (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (vault, document)
    ) WITHOUT ROWID;
    -- what syncd last wrote, or found and took for the account's: digests of a block and of its
    -- children
    CREATE TABLE base (
        vault INTEGER NOT NULL, highlight INTEGER NOT NULL,
        text BLOB NOT NULL, tags BLOB NOT NULL, note BLOB NOT NULL,
        PRIMARY KEY (vault, highlight)
    ) WITHOUT ROWID;
    CREATE TABLE conflict (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, highlight INTEGER NOT NULL,
        parts TEXT NOT NULL,
        PRIMARY KEY (vault, document, highlight)
    ) WITHOUT ROWID;
    -- a document's page; header: the digests of its properties
    CREATE TABLE home (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, path TEXT NOT NULL, header BLOB,
        PRIMARY KEY (vault, document)
    ) WITHOUT ROWID;
    CREATE INDEX home_path ON home (vault, path);
    -- the vault's files as last read, and the highlights that stand in them
    CREATE TABLE page (
        id INTEGER PRIMARY KEY, vault INTEGER NOT NULL, path TEXT NOT NULL,
        mtime INTEGER NOT NULL, size INTEGER NOT NULL, inode INTEGER NOT NULL, hash BLOB NOT NULL,
        name TEXT NOT NULL,  -- the page's identity in the app (names.name_key)
        file TEXT NOT NULL,  -- the path as a file system without case would see it
        -- the document's address, whole title and id, where the page says them
        url TEXT, title TEXT, book INTEGER,
        own INTEGER NOT NULL  -- whether it stands as syncd wrote it
    );
    CREATE UNIQUE INDEX page_path ON page (vault, path);
    CREATE INDEX page_name ON page (vault, name);
    CREATE INDEX page_file ON page (vault, file);
    CREATE INDEX page_book ON page (vault, book) WHERE book IS NOT NULL;
    CREATE INDEX page_title ON page (vault, title) WHERE title IS NOT NULL;
    CREATE TABLE block (
        vault INTEGER NOT NULL, key TEXT NOT NULL, page INTEGER NOT NULL,
        number INTEGER NOT NULL,  -- among those of the same key on the page
        hash BLOB NOT NULL,
        PRIMARY KEY (vault, key, page, number)
    ) WITHOUT ROWID;
    CREATE INDEX block_page ON block (page);

    CREATE TABLE run (
        id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, code INTEGER, report BLOB
    );
    """,
    """
    -- what came onto which page and is not told on the log page or in the journal yet; moment: ''
    -- until that is begun
    CREATE TABLE news (
        vault INTEGER NOT NULL, moment TEXT NOT NULL, path TEXT NOT NULL,
        highlights INTEGER NOT NULL,
        PRIMARY KEY (vault, moment, path)
    ) WITHOUT ROWID;
    """,
    """
    -- by which templates a document was last written (Format.mark), where by any
    CREATE TABLE mark (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, mark TEXT NOT NULL,
        PRIMARY KEY (vault, document)
    ) WITHOUT ROWID;
    """,
    """
    -- pictures that a vault has a copy of, in the order in which they came; path NULL: it failed,
    -- `wait` runs to pass
    CREATE TABLE picture (
        id INTEGER PRIMARY KEY, vault INTEGER NOT NULL, address TEXT NOT NULL, path TEXT,
        tries INTEGER NOT NULL, wait INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX picture_address ON picture (vault, address);
    -- documents whose pages link a picture's address until it has a copy
    CREATE TABLE awaited (
        vault INTEGER NOT NULL, document INTEGER NOT NULL, address TEXT NOT NULL,
        PRIMARY KEY (vault, document, address)
    ) WITHOUT ROWID;
    CREATE INDEX awaited_address ON awaited (vault, address);
    """,
    """
    -- base: text, tags, note say what stood on the page when page and account were last settled;
    -- account: what the account said then, as 3 digests of 16 bytes, NULL where that is not known;
    -- past: earlier digests of the page (bases.Past); since: when syncd's write brought the block
    -- (ns, by the file's clock), 0 where it stood there before; place: the page on which it stands
    -- where that is not its document's; seen: the digest of its owner's own words there
    ALTER TABLE base ADD COLUMN account BLOB;
    ALTER TABLE base ADD COLUMN past BLOB;
    ALTER TABLE base ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE base ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE base ADD COLUMN place TEXT;
    ALTER TABLE base ADD COLUMN seen BLOB;
    CREATE INDEX base_place ON base (vault, place) WHERE place IS NOT NULL;
    -- highlights that were in the vault and are not: 'deleted' by their owner, or 'held' back since
    -- the vault is not whole; seen: when that was found (UTC)
    CREATE TABLE absence (
        vault INTEGER NOT NULL, highlight INTEGER NOT NULL, document INTEGER NOT NULL,
        page TEXT NOT NULL, seen TEXT NOT NULL, verdict TEXT NOT NULL,
        PRIMARY KEY (vault, highlight)
    ) WITHOUT ROWID;
    -- home: title and url in the page's own words (as in `page`), hash of its bytes when it was
    -- last written; away: when it was first seen to be gone (UTC)
    ALTER TABLE home ADD COLUMN title TEXT;
    ALTER TABLE home ADD COLUMN url TEXT;
    ALTER TABLE home ADD COLUMN hash BLOB;
    ALTER TABLE home ADD COLUMN away TEXT;
    -- pending: whether the vault's side changed, so that what is gone there is to be judged
    ALTER TABLE pending ADD COLUMN look INTEGER NOT NULL DEFAULT 0;
    -- writing: since when (ns)
    ALTER TABLE writing ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;
    -- what the account says now is settled with the pages that it reached (-1), before it changes
    INSERT OR IGNORE INTO writing SELECT vault, document, -1 FROM home
        WHERE (vault, document) NOT IN (SELECT vault, document FROM pending);
    -- what stands on the pages is found by other rules now: all are read again
    UPDATE page SET mtime = 0, hash = x'';
    """,
    """
    -- when each document last changed in the mirror; by it the index for `search`, which is a file
    -- of its own, knows what it lacks, and by the mirror's name that it is this one's
    CREATE TABLE change (document INTEGER PRIMARY KEY, moment INTEGER NOT NULL);
    CREATE INDEX change_moment ON change (moment);
    INSERT INTO change SELECT id, 1 FROM document;
    INSERT INTO setting VALUES ('mirror', hex(randomblob(16)));
    """,
    """
    -- the highlights that came in the full fetch that is under way, or was stopped
    CREATE TABLE seen (id INTEGER PRIMARY KEY);
    """,
    """
    -- mark: also by which version of the rendering (format.RENDERING); each document has one
    ALTER TABLE mark ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
    """,
    """
    -- home: whether each highlight has a note of its own; page: the highlight whose own note it is
    ALTER TABLE home ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE page ADD COLUMN note INTEGER;
    CREATE INDEX page_note ON page (vault, note) WHERE note IS NOT NULL;
    """,
    """
    CREATE INDEX home_away ON home (vault) WHERE away IS NOT NULL;
    -- those that are to be read again, whatever they say
    UPDATE page SET hash = x'' WHERE mtime = 0;
    """,
]


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """The state in `folder`, closed after the body.

    Raises StateError for every fault of the database.

    A damaged file is moved aside (code `state-damaged`): opened again, the state is new, and what
    it knew is found in the account and in the vault's own pages.
    """
    path = folder / "syncd.db"
    try:
        with closing(open_db(path)) as db:
            yield db
    except sqlite3.Error as error:
        if not _is_damaged(path):
            reason = f"{error}; check the disk, the folder's rights and the room on it"
            raise StateError(f"{path}: {reason}") from error
        aside = path.with_name(f"syncd.db.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        path.rename(aside)
        for leftover in ("syncd.db-wal", "syncd.db-shm"):
            (folder / leftover).unlink(missing_ok=True)
        message = (
            f"{path} was damaged and is kept as {aside.name}; run again, and it is made anew from "
            "the vault"
        )
        raise StateError(message, code="state-damaged") from error


def _is_damaged(path: Path) -> bool:
    """Whether SQLite, asked anew, finds the file damaged: a read that failed once is no damage."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def copied(db: sqlite3.Connection, scratch: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the state, in the folder `scratch`. Raises as `opened` does."""
    with opened(scratch) as copy:
        db.backup(copy)
        yield copy


def open_db(path: Path) -> sqlite3.Connection:
    """Open (and make or migrate) the state database.

    Raises ConfigError where a newer syncd wrote it, sqlite3.DatabaseError where it is damaged.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        _refuse_newer(path, version)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(
            "PRAGMA temp_store=MEMORY"
        )  # else each savepoint copies the pages it changes into a file
        db.execute("PRAGMA cache_size=-32000")
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version={number}; COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the state to look at it, also while a run writes. Raises ConfigError, sqlite3.Error."""
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)
    try:
        _refuse_newer(path, db.execute("PRAGMA user_version").fetchone()[0])
    except BaseException:
        db.close()
        raise
    return db


def _refuse_newer(path: Path, version: int) -> None:
    if version > len(_MIGRATIONS):
        way_out = "update syncd, or move the file away to start over"
        raise ConfigError(f"{path} was written by a newer syncd; {way_out}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the body's writes, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # a full disk has ended it already
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def setting(db: sqlite3.Connection, key: str) -> str | None:
    """What is remembered under a key; None where nothing is."""
    row = db.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def set_setting(db: sqlite3.Connection, key: str, value: str) -> None:
    """Remember that under the key."""
    db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))
