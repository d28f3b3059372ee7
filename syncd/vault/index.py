"""The vault's index: which files are in it, and which highlights stand where; kept in the state database.

A run stats every file and reads only those whose time, size or inode changed. What cannot be read keeps its entry:
unreadable is not deleted.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from syncd.errors import DocumentError
from syncd.tweets import link_key
from syncd.vault.graph import Graph
from syncd.vault.names import file_key, is_conflict_copy, name_key, title_of
from syncd.vault.parse import Page, digest, parse, properties
from syncd.vault.reader import PageChanged, Seen, read_page
from syncd.vault.recognise import block_key, is_marked

_SKIPPED = {"logseq/bak", "logseq/.recycle", "logseq/version-files", "node_modules"}
_CHUNK = 500  # values in one query
_PAGES = (".md", ".markdown", ".org")


class Survey(NamedTuple):
    """What a comparison of folder and index found."""

    pages: int
    read: int
    unreadable: list[str]  # each with its reason
    copies: list[str]  # conflict copies of syncing tools, neither read nor written


def walk(root: Path, lost: dict[str, str], below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """The vault's pages as (path in the vault, stat), hidden folders and the app's own left out.

    Files and folders (with a final `/`) that cannot be looked at go into `lost`, with the reason.
    """
    folders = []
    try:
        with os.scandir(root / below) as entries:
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.name.startswith(".") or path in _SKIPPED:
                    continue
                if entry.name.endswith(_PAGES):
                    try:
                        if entry.is_file():
                            yield path, entry.stat()
                    except OSError as error:
                        lost[path] = str(error.strerror)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")
    except FileNotFoundError:
        return
    except OSError as error:
        lost[below] = str(error.strerror)
    for folder in folders:
        yield from walk(root, lost, folder)


def survey(db: sqlite3.Connection, vault: int, root: Path, graph: Graph) -> Survey:
    """Compare the folder with the index and bring the index up to date, in the caller's transaction."""
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
    return Survey(pages, read, [f"{root / path}: {reason}" for path, reason in lost.items()], copies)


def enter(db: sqlite3.Connection, vault: int, path: str, text: str, seen: Seen, graph: Graph) -> None:
    """Put a page as it stands now into the index."""
    page = parse(text)
    head = properties(page)
    title = head["title"][1].strip() if "title" in head else ""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    row = (
        vault, path, seen.mtime_ns, seen.size, seen.inode, seen.digest,
        name_key(title or title_of(stem, graph.name_style)), file_key(path),
        link_key(head["url"][1]) if "url" in head else None,
        head["full-title"][1].strip('" ') if "full-title" in head else None,
    )  # fmt: skip
    old = db.execute("SELECT id FROM page WHERE (vault, path) = (?, ?)", (vault, path)).fetchone()
    if old is not None:
        db.execute("DELETE FROM block WHERE page = ?", old)
    cursor = db.execute(
        "INSERT OR REPLACE INTO page (vault, path, mtime, size, inode, hash, name, file, url, title, id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, old[0] if old else None),
    )
    at_home = "category" in head or "full-title" in head
    found = enumerate(standing(page, at_home))
    blocks = [(vault, key, cursor.lastrowid, number, hash_) for number, (key, hash_) in found]
    db.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?)", blocks)


def standing(page: Page, at_home: bool) -> Iterator[tuple[str, bytes]]:
    """The highlights on a page: each block's identity and digest. A marked block without a link goes by its text."""
    for block in page.blocks:
        content = page.content(block)
        key = block_key(content, at_home)
        if key is not None:
            yield key, digest(content)
        elif is_marked(content):
            hash_ = digest(content)
            yield f"text:{hash_.hex()}", hash_


def forget(db: sqlite3.Connection, vault: int, path: str) -> None:
    """Take a file that is gone out of the index."""
    db.execute("DELETE FROM block WHERE page = (SELECT id FROM page WHERE (vault, path) = (?, ?))", (vault, path))
    db.execute("DELETE FROM page WHERE (vault, path) = (?, ?)", (vault, path))


class Place(NamedTuple):
    """A highlight's block somewhere in the vault: its identity, its page, and the document whose page that is."""

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


def is_taken(db: sqlite3.Connection, vault: int, title: str, path: str) -> bool:
    """Whether the app would know a page of this title already, or the file system a file of this name."""
    row = db.execute(
        "SELECT 1 FROM page WHERE vault = ? AND name = ? UNION ALL SELECT 1 FROM page WHERE vault = ? AND file = ?",
        (vault, name_key(title), vault, file_key(path)),
    ).fetchone()
    return row is not None


class Candidate(NamedTuple):
    """A page that may be a document's: its address and title properties, its name, how many highlights it holds."""

    path: str
    name: str
    url: str | None
    title: str | None
    highlights: int


def candidates(db: sqlite3.Connection, vault: int, paths: Iterable[str], names: Sequence[str]) -> list[Candidate]:
    """The pages at `paths` or named one of `names` (name_key) that belong to no document yet and have properties."""
    paths = list(paths)
    rows = db.execute(
        "SELECT path, name, url, title, (SELECT count(*) FROM block WHERE page = page.id) FROM page"
        f" WHERE id IN (SELECT id FROM page WHERE vault = ? AND path IN ({','.join('?' * len(paths))})"
        f" UNION SELECT id FROM page WHERE vault = ? AND name IN ({','.join('?' * len(names))}))"
        " AND (url IS NOT NULL OR title IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM home WHERE (home.vault, home.path) = (page.vault, page.path))",
        (vault, *paths, vault, *names),
    )
    return [Candidate._make(row) for row in rows]


def repeated(db: sqlite3.Connection, vault: int) -> Iterator[tuple[int, int, str]]:
    """Highlights that stand in the vault more often than in the account: document, highlight, one of the pages."""
    rows = db.execute(
        "SELECT key, count(*), max(page) FROM block WHERE vault = ? AND key NOT LIKE 'text:%' GROUP BY key"
        " HAVING count(*) > 1",
        (vault,),
    )
    for key, blocks, page in rows.fetchall():
        live = db.execute("SELECT document, id FROM highlight WHERE live AND key = ? ORDER BY id", (key,)).fetchall()
        if live and (key.startswith("tweet:") or blocks > len(live)):
            path = db.execute("SELECT path FROM page WHERE id = ?", (page,)).fetchone()[0]
            yield *live[0], path


def count(db: sqlite3.Connection, vault: int) -> int:
    """How many files the index knows."""
    return int(db.execute("SELECT count(*) FROM page WHERE vault = ?", (vault,)).fetchone()[0])


def has(db: sqlite3.Connection, vault: int, path: str) -> bool:
    """Whether the index knows this file."""
    return db.execute("SELECT 1 FROM page WHERE (vault, path) = (?, ?)", (vault, path)).fetchone() is not None
