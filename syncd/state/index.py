"""The vault's index: which files are in it, and which highlights stand where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from syncd.page.links import id_key
from syncd.page.names import file_key, name_key


class PageEntry(NamedTuple):
    """A file as the index knows it.

    Its path in the vault; its time (ns), size, inode and digest when it was read; the page's name
    (name_key) and, where the page says them, its document's address, whole title and id; whether it
    stands as syncd wrote it; the highlight of which it is the own note; and the highlights on it:
    identity and digest of each (occurrences).
    """

    path: str
    mtime_ns: int
    size: int
    inode: int
    digest: bytes
    name: str
    url: str | None
    title: str | None
    book: int | None
    own: bool
    note: int | None
    highlights: list[tuple[str, bytes]]


def stamps(db: sqlite3.Connection, vault: int) -> dict[str, tuple[int, int, int]]:
    """Every file that the index knows: its time (ns), size and inode."""
    # `+`: as they lie in the table, which is faster than one by one in the order of an index
    rows = db.execute("SELECT path, mtime, size, inode FROM page WHERE +vault = ?", (vault,))
    return {path: (mtime, size, inode) for path, mtime, size, inode in rows}


_COLUMNS = "vault, path, mtime, size, inode, hash, name, url, title, book, own, note, file"
_VALUES = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"


def enter(db: sqlite3.Connection, vault: int, entry: PageEntry) -> None:
    """Put a page as it stands now into the index; of its highlights only what differs is written.

    Each has a number among those of the same identity, by which it keeps its row.
    """
    row = (vault, *entry[:-1], file_key(entry.path))
    cursor = db.execute(f"INSERT OR IGNORE INTO page ({_COLUMNS}) VALUES ({_VALUES})", row)
    page, known = cursor.lastrowid, set[tuple[object, ...]]()
    if not cursor.rowcount:  # it is there already
        query = "SELECT id FROM page WHERE (vault, path) = (?, ?)"
        page = db.execute(query, (vault, entry.path)).fetchone()[0]
        db.execute(f"REPLACE INTO page ({_COLUMNS}, id) VALUES ({_VALUES}, ?)", (*row, page))
        known.update(db.execute("SELECT * FROM block WHERE page = ?", (page,)))
    counts: dict[str, int] = {}
    rows = set[tuple[object, ...]]()
    for key, digest in entry.highlights:
        number = counts[key] = counts.get(key, -1) + 1
        rows.add((vault, key, page, number, digest))
    if known:
        gone = (one[:-1] for one in known - rows)
        db.executemany("DELETE FROM block WHERE (vault, key, page, number) = (?, ?, ?, ?)", gone)
    db.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?)", rows - known)


def touch(
    db: sqlite3.Connection, vault: int, path: str, stamp: tuple[int, int, int], hash_: bytes
) -> bool:
    """Give a file that says what it said, by its digest, a new time (ns), size and inode.

    False where it does not, or is not known.
    """
    cursor = db.execute(
        "UPDATE page SET mtime = ?, size = ?, inode = ? WHERE vault = ? AND path = ? AND hash = ?",
        (*stamp, vault, path, hash_),
    )
    return bool(cursor.rowcount)


def distrust(db: sqlite3.Connection, vault: int) -> None:
    """Have every page read anew by the next scan, whatever it says."""
    db.execute("UPDATE page SET mtime = 0, hash = x'' WHERE vault = ?", (vault,))


def forget(db: sqlite3.Connection, vault: int, path: str) -> None:
    """Take a file that is gone out of the index."""
    db.execute(
        "DELETE FROM block WHERE page = (SELECT id FROM page WHERE (vault, path) = (?, ?))",
        (vault, path),
    )
    db.execute("DELETE FROM page WHERE (vault, path) = (?, ?)", (vault, path))


def is_own(db: sqlite3.Connection, vault: int, path: str, hash_: bytes) -> bool:
    """Whether the page with these contents (Seen.digest) is as syncd wrote it."""
    row = db.execute(
        "SELECT own FROM page WHERE (vault, path, hash) = (?, ?, ?)", (vault, path, hash_)
    ).fetchone()
    return row is not None and bool(row[0])


class Place(NamedTuple):
    """A highlight's block somewhere in the vault.

    Its identity, its page, and the document whose page that is; `note` is the highlight of which
    the page is the own note.
    """

    key: str
    path: str
    hash: bytes
    tenant: int | None
    note: int | None = None

    @property
    def is_own_note(self) -> bool:
        """Whether the page is the own note of just the highlight that was looked up by its id."""
        return self.note is not None and self.key == id_key(self.note)


def places(db: sqlite3.Connection, vault: int, keys: Iterable[str]) -> list[Place]:
    """Where highlights of these identities stand."""
    rows = db.execute(
        "SELECT block.key, page.path, block.hash, coalesce(home.document, highlight.document),"
        " page.note"
        " FROM block JOIN page ON page.id = block.page"
        " LEFT JOIN home ON home.vault = block.vault AND home.path = page.path"
        " LEFT JOIN highlight ON highlight.id = page.note"
        " WHERE block.vault = ? AND block.key IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(list(keys)).decode()),
    )
    return list(map(Place._make, rows))


EVERY = "*"  # among words: any page may have changed


def words_of(entry: PageEntry) -> set[str]:
    """All by which a page is found: the identities on it, its path and name, what it says."""
    words = {key for key, _ in entry.highlights}
    words |= {f"path {entry.path}", f"file {file_key(entry.path)}", f"name {entry.name}"}
    return words | {f"title {entry.title}", f"book {entry.book}"}


_BY_WORDS = """
    WITH asked AS (SELECT ?1 AS vault, ?2 AS words)
    SELECT 'path ' || path FROM home WHERE vault = ?1
        AND path IN (SELECT value FROM asked, json_each(words, '$.path'))
    UNION SELECT 'file ' || file FROM page WHERE vault = ?1
        AND file IN (SELECT value FROM asked, json_each(words, '$.file'))
    UNION SELECT 'name ' || name FROM page WHERE vault = ?1
        AND name IN (SELECT value FROM asked, json_each(words, '$.name'))
    UNION SELECT 'title ' || title FROM page WHERE vault = ?1
        AND title IN (SELECT value FROM asked, json_each(words, '$.title'))
    UNION SELECT 'book ' || book FROM page WHERE vault = ?1
        AND book IN (SELECT CAST(value AS INTEGER) FROM asked, json_each(words, '$.book'))
"""


def known(db: sqlite3.Connection, vault: int, words: Iterable[str]) -> set[str]:
    """Those of these words (`words_of`) by which some page is found; identities are not told.

    A path counts where a document has, or had, its page.
    """
    asked: dict[str, list[str]] = {}
    for word in words:
        kind, _, said = word.partition(" ")
        asked.setdefault(kind, []).append(said)
    lists = msgspec.json.encode(asked).decode()
    return {row[0] for row in db.execute(_BY_WORDS, (vault, lists))}


def block_of(db: sqlite3.Connection, vault: int, highlight: int) -> str | None:
    """The page on which a block says that it is this highlight."""
    found = [place.path for place in places(db, vault, [id_key(highlight)]) if place.hash]
    return found[0] if found else None


def is_taken(db: sqlite3.Connection, vault: int, title: str, path: str, document: int) -> bool:
    """Whether a page of this title, or a file of this name, is there already.

    Also where another document had its page: there it would be taken for that one's.
    """
    row = db.execute(
        "SELECT 1 FROM page WHERE vault = ? AND name = ?"
        " UNION ALL SELECT 1 FROM page WHERE vault = ? AND file = ?"
        " UNION ALL SELECT 1 FROM home WHERE vault = ? AND path = ? AND document != ?",
        (vault, name_key(title), vault, file_key(path), vault, path, document),
    ).fetchone()
    return row is not None


class Candidate(NamedTuple):
    """A page that may be a document's.

    Its name (name_key), and the document's address, title and id where it says them; whether it
    is syncd's own, made and last written by it, the digest of its bytes, how many highlights it
    holds, and whether it is a document's already.
    """

    path: str
    name: str
    url: str | None
    title: str | None
    book: int | None
    own: bool
    digest: bytes
    highlights: int
    settled: bool

    @property
    def says_something(self) -> bool:
        """Whether it says anything of a document."""
        return self.url is not None or self.title is not None or self.book is not None


def candidates(
    db: sqlite3.Connection,
    vault: int,
    paths: Iterable[str],
    names: Sequence[str],
    titles: Sequence[str],
    book: int,
) -> list[Candidate]:
    """The pages at `paths`, or of one of the `names` (name_key), `titles` (title_key), or `book`.

    Only pages that say something of a document count, be it by their name, and no note that is a
    highlight's own.
    """
    known = msgspec.json.encode([list(paths), names, titles]).decode()
    rows = db.execute(
        "WITH said AS (SELECT ? AS vault, ? AS lists), "
        " paths AS (SELECT value FROM said, json_each(lists, '$[0]')),"
        " names AS (SELECT value FROM said, json_each(lists, '$[1]')),"
        " titles AS (SELECT value FROM said, json_each(lists, '$[2]'))"
        " SELECT path, name, url, title, book,"
        # a page on which a document's highlights stood before is another program's; in this order,
        # or SQLite looks through all bases
        " own AND NOT EXISTS (SELECT 1 FROM home CROSS JOIN highlight USING (document)"
        " CROSS JOIN base ON (base.vault, base.highlight) = (page.vault, highlight.id)"
        " WHERE (home.vault, home.path) = (page.vault, page.path) AND since = 0), hash,"
        " (SELECT count(*) FROM block WHERE page = page.id AND key NOT LIKE 'l%:%'),"
        " EXISTS (SELECT 1 FROM home WHERE (home.vault, home.path) = (page.vault, page.path))"
        " FROM page WHERE note IS NULL AND id IN"
        " (SELECT id FROM page WHERE vault = ? AND path IN paths"
        " UNION SELECT id FROM page WHERE vault = ? AND name IN names"
        " UNION SELECT id FROM page WHERE vault = ? AND title IN titles"
        " UNION SELECT id FROM page WHERE vault = ? AND book = ?)",
        (vault, known, vault, vault, vault, vault, book),
    )
    return [Candidate._make(row) for row in rows]


def said(db: sqlite3.Connection, vault: int, path: str) -> tuple[str | None, str | None, bytes]:
    """What a page says of its document, title (title_key) and address; the digest of its bytes."""
    query = "SELECT title, url, hash FROM page WHERE (vault, path) = (?, ?)"
    title, url, digest = db.execute(query, (vault, path)).fetchone()
    return title, url, digest


def documents_of_notes(db: sqlite3.Connection, vault: int, paths: Iterable[str]) -> list[int]:
    """The documents of which a highlight has one of these pages as its own note."""
    rows = db.execute(
        "SELECT DISTINCT document FROM page JOIN highlight ON highlight.id = note"
        " WHERE vault = ? AND path IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(list(paths)).decode()),
    )
    return [row[0] for row in rows]


def notes_named(db: sqlite3.Connection, vault: int, what: str) -> list[tuple[int, int]]:
    """The highlights of which the own note has this path or name: document and highlight."""
    return db.execute(
        "SELECT document, note FROM page JOIN highlight ON highlight.id = note"
        " WHERE vault = ?1 AND (path = ?2 OR name = ?3)",
        (vault, what, name_key(what.rpartition("/")[2].removesuffix(".md"))),
    ).fetchall()


def repeated(db: sqlite3.Connection, vault: int) -> list[tuple[str, int, str]]:
    """The links that stand in more than one block: identity, how many blocks, one of the pages."""
    return db.execute(
        "SELECT key, blocks, path FROM (SELECT key, count(*) AS blocks, max(page) AS last"
        " FROM block WHERE vault = ? AND (key LIKE 'tweet:%' OR key LIKE 'url:%')"
        " GROUP BY key HAVING blocks > 1) JOIN page ON page.id = last",
        (vault,),
    ).fetchall()


def names(db: sqlite3.Connection, vault: int) -> dict[str, tuple[tuple[int, int, int], str]]:
    """Every file that the index knows.

    Its time (ns), size and inode, and the page's name (name_key).
    """
    rows = db.execute("SELECT path, mtime, size, inode, name FROM page WHERE vault = ?", (vault,))
    return {path: ((mtime, size, inode), name) for path, mtime, size, inode, name in rows}


def count(db: sqlite3.Connection, vault: int) -> int:
    """How many files the index knows."""
    return int(db.execute("SELECT count(*) FROM page WHERE vault = ?", (vault,)).fetchone()[0])


def has(db: sqlite3.Connection, vault: int, path: str) -> bool:
    """Whether the index knows this file."""
    return (
        db.execute("SELECT 1 FROM page WHERE (vault, path) = (?, ?)", (vault, path)).fetchone()
        is not None
    )


def titled(db: sqlite3.Connection, vault: int, title: str) -> str | None:
    """The page that the app knows by this title, if there is one."""
    row = db.execute(
        "SELECT min(path) FROM page INDEXED BY page_name WHERE vault = ? AND name = ?",
        (vault, name_key(title)),
    ).fetchone()
    return None if row[0] is None else str(row[0])


def first(db: sqlite3.Connection, vault: int, paths: Iterable[str]) -> str | None:
    """The first of these files that is there, as a file system without case would find it."""
    for path in paths:
        row = db.execute(
            "SELECT path FROM page WHERE (vault, file) = (?, ?)", (vault, file_key(path))
        ).fetchone()
        if row is not None:
            return str(row[0])
    return None
