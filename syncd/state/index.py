"""The vault's index: which files are in it, and which highlights stand where.

Kept in the state database.

A run stats every file and reads only those whose time, size or inode changed. What cannot be read
keeps its entry: unreadable is not deleted.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped
from syncd.formats.format import format_of
from syncd.page.links import block_id, block_key, has_link, id_key, is_marked
from syncd.page.markdown import Page, digest, parse
from syncd.page.names import file_key, is_conflict_copy, name_key
from syncd.page.org import syntax_of
from syncd.vault.graph import Graph
from syncd.vault.page_names import title_from
from syncd.vault.read import PageChanged, Seen, read_page
from syncd.vault.walk import walk

_CHUNK = 500  # values in one query


class Survey(NamedTuple):
    """What a comparison of folder and index found."""

    pages: int
    read: int
    unreadable: list[str]  # each with its reason
    copies: list[str]  # conflict copies of syncing tools, neither read nor written


def survey(
    db: sqlite3.Connection, vault: int, root: Path, graph: Graph, stop: Event | None = None
) -> Survey:
    """Compare the folder with the index and bring the index up to date, in the caller's transaction.

    Raises Stopped where `stop` is set before the end.
    """
    rows = db.execute("SELECT path, mtime, size, inode, id FROM page WHERE vault = ?", (vault,))
    known = {row[0]: row[1:] for row in rows}
    pages = read = 0
    lost: dict[str, str] = {}
    copies: list[str] = []
    for path, stat in walk(root, lost):
        if is_conflict_copy(path.rpartition("/")[2]):
            copies.append(path)
            continue
        pages += 1
        entry = known.pop(path, None)
        if entry is not None and entry[:3] == (stat.st_mtime_ns, stat.st_size, stat.st_ino):
            continue
        read += 1
        if stop is not None and stop.is_set():
            raise Stopped("stopped while reading the vault")
        try:
            data, seen = read_page(root / path)
        except FileNotFoundError:
            forget(db, vault, path)
            continue
        except (DocumentError, PageChanged) as error:
            lost[path] = str(error)
            continue
        enter(db, vault, path, data.decode("utf-8", "surrogateescape"), seen, graph)
    for path in known:
        if not path.startswith(tuple(lost)):
            forget(db, vault, path)
    return Survey(
        pages, read, [f"{root / path}: {reason}" for path, reason in lost.items()], copies
    )


def enter(
    db: sqlite3.Connection,
    vault: int,
    path: str,
    text: str,
    seen: Seen,
    graph: Graph,
    *,
    own: bool = False,
) -> None:
    """Put a page as it stands now into the index; `own`: as syncd has just written it."""
    page, form = parse(text.removeprefix("\ufeff"), syntax_of(path)), format_of(graph.format)
    said = form.metadata(page, title_from(graph, path))
    name, url, title = (value and storable(value) for value in (said.name, said.url, said.title))
    row = (
        vault, path, seen.mtime_ns, seen.size, seen.inode, seen.digest,
        name, file_key(path), url, title, said.book,
    )  # fmt: skip
    old = db.execute("SELECT id FROM page WHERE (vault, path) = (?, ?)", (vault, path)).fetchone()
    if old is not None:
        db.execute("DELETE FROM block WHERE page = ?", old)
    cursor = db.execute(
        "INSERT OR REPLACE INTO page (vault, path, mtime, size, inode, hash, name, file, url, title, book, own, id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, own, old[0] if old else None),
    )
    found = enumerate(
        [
            *standing(page, said.is_document),
            *(named(page, said.is_document) if form.block_ids else ()),
        ]
    )
    blocks = [
        (vault, storable(key), cursor.lastrowid, number, hash_) for number, (key, hash_) in found
    ]
    db.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?)", blocks)


def storable(text: str) -> str:
    """What the index keeps of a text in which there may be bytes that are not UTF-8."""
    return (
        text
        if text.isascii()
        else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    )


def standing(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The highlights on a page: each block's identity and digest.

    A marked block without a link goes by its text.
    """
    for block in page.blocks:
        content = page.content(block)
        key = block_key(content, at_home)
        if key is not None:
            yield key, digest(content)
        elif is_marked(content):
            hash_ = digest(content)
            yield f"text:{hash_.hex()}", hash_


def named(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The highlights that stand on a page by their block ids, be it outside of a block, where the digest is empty.

    On a document's page that has no ids there, those count too that stand outside of a block with their link.
    """
    starts = [block.start for block in page.blocks]
    by_id: list[tuple[str, bytes]] = []
    by_link: list[tuple[str, bytes]] = []
    for number, line in enumerate(page.lines):
        id_, linked = block_id(line, at_home), at_home and has_link(line)
        if id_ is None and not linked:
            continue
        block = (
            page.blocks[bisect_right(starts, number) - 1]
            if starts and starts[0] <= number
            else None
        )
        inside = block is not None and number < block.own_end
        if id_ is not None:
            by_id.append((id_key(id_), digest(page.content(block)) if block and inside else b""))
        elif not inside and (key := block_key([line.rstrip()], at_home)) is not None:
            by_link.append((key, b""))
    return iter(by_id if any(not hash_ for _, hash_ in by_id) else [*by_id, *by_link])


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

    Its identity, its page, and the document whose page that is.
    """

    key: str
    path: str
    hash: bytes
    tenant: int | None


def places(db: sqlite3.Connection, vault: int, keys: Sequence[str]) -> list[Place]:
    """Where highlights of these identities stand."""
    found: list[Place] = []
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = db.execute(  # the query is made of question marks alone
            "SELECT key, page.path, block.hash, document FROM block JOIN page ON page.id = block.page"
            " LEFT JOIN home ON home.vault = block.vault AND home.path = page.path"
            f" WHERE block.vault = ? AND key IN ({marks})",
            (vault, *chunk),
        )
        found += map(Place._make, rows)
    return found


def is_taken(db: sqlite3.Connection, vault: int, title: str, path: str, document: int) -> bool:
    """Whether the app would know a page of this title already, or the file system a file of this name.

    Also where another document had its page: there it would be taken for that one's.
    """
    row = db.execute(
        "SELECT 1 FROM page WHERE vault = ? AND name = ? UNION ALL SELECT 1 FROM page WHERE vault = ? AND file = ?"
        " UNION ALL SELECT 1 FROM home WHERE vault = ? AND path = ? AND document != ?",
        (vault, name_key(title), vault, file_key(path), vault, path, document),
    ).fetchone()
    return row is not None


class Candidate(NamedTuple):
    """A page that may be a document's.

    Its address and title properties, its name, how many highlights it holds.

    `own`: whether it stands as syncd wrote it; `settled`: whether it is a document's already.
    """

    path: str
    name: str
    url: str | None
    title: str | None
    book: int | None
    own: bool
    highlights: int
    settled: bool


def candidates(
    db: sqlite3.Connection,
    vault: int,
    paths: Iterable[str],
    names: Sequence[str],
    title: str,
    book: int,
) -> list[Candidate]:
    """The pages at `paths`, named one of `names` (name_key), of this `title` (title_key) or `book`.

    Only pages that say something of a document count, be it by their name.
    """
    paths = list(paths)
    rows = db.execute(
        "SELECT path, name, url, title, book, own, (SELECT count(*) FROM block WHERE page = page.id),"
        " EXISTS (SELECT 1 FROM home WHERE (home.vault, home.path) = (page.vault, page.path)) FROM page"
        f" WHERE id IN (SELECT id FROM page WHERE vault = ? AND path IN ({','.join('?' * len(paths))})"
        f" UNION SELECT id FROM page WHERE vault = ? AND name IN ({','.join('?' * len(names))})"
        " UNION SELECT id FROM page WHERE vault = ? AND title = ?"
        " UNION SELECT id FROM page WHERE vault = ? AND book = ?)"
        f" AND (url IS NOT NULL OR title IS NOT NULL OR book IS NOT NULL OR name IN ({','.join('?' * len(names))}))",
        (vault, *paths, vault, *names, vault, title, vault, book, *names),
    )
    return [Candidate._make(row) for row in rows]


def repeated(db: sqlite3.Connection, vault: int) -> Iterator[tuple[int, int, str]]:
    """Highlights that stand in the vault more often than in the account.

    Document, highlight, one of the pages.
    """
    rows = db.execute(
        "SELECT key, count(*), max(page) FROM block WHERE vault = ? AND key NOT LIKE 'text:%' AND key NOT LIKE 'rw:%'"
        " GROUP BY key HAVING count(*) > 1",
        (vault,),
    )
    for key, blocks, page in rows.fetchall():
        live = db.execute(
            "SELECT document, id FROM highlight WHERE live AND key = ? ORDER BY id", (key,)
        ).fetchall()
        if live and (key.startswith("tweet:") or blocks > len(live)):
            path = db.execute("SELECT path FROM page WHERE id = ?", (page,)).fetchone()[0]
            yield *live[0], path


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
        "SELECT min(path) FROM page WHERE (vault, name) = (?, ?)", (vault, name_key(title))
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
