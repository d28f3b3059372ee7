"""The least that a run can be: `floor.py URL QUERY PACK FOLDER [STATE]` fetches, decodes, writes.

It decodes the same JSON from the same socket, and puts the same pages into FOLDER with the same
system calls: a temporary file with fsync, link or rename, and an fsync of the folder every fifty
pages. PACK is what to write: a line of JSON, [[name, size], ...], and behind it the pages' bytes.
No page is read, nothing is compared or remembered.

With STATE, an empty database of syncd's, it also keeps the rows without which no later run could
merge: the mirror, and for each page its file, its home, a base and an index entry a highlight. One
commit for each answer and for each fifty pages.
"""

# No pathlib, which a run could do without.
# ruff: noqa: PTH104, PTH108, PTH123

import http.client
import json
import os
import sqlite3
import sys
from typing import Any
from urllib.parse import urlsplit

_BATCH = 50
_DIGEST = bytes(range(16))

Documents = list[dict[str, Any]]


def main(url: str, query: str, pack: str, folder: str, state: str = "") -> None:
    """Fetch what the query asks for, and write the pages; with a state, remember both."""
    db = connect(state) if state else None
    documents = fetch(url, query, db)
    write(pack, folder, documents, db)


def connect(state: str) -> sqlite3.Connection:
    """The database, as durable as syncd's."""
    db = sqlite3.connect(state, isolation_level=None)
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA cache_size=-32000")
    return db


def fetch(url: str, query: str, db: sqlite3.Connection | None) -> list[tuple[int, list[str]]]:
    """Fetch and decode every page of the export; each document's id and its highlights' links."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    found: list[tuple[int, list[str]]] = []
    cursor = ""
    while cursor is not None:
        page_cursor = f"&pageCursor={cursor}" if cursor else ""
        connection.request("GET", f"/api/v2/export/?{query}{page_cursor}")
        page = json.loads(connection.getresponse().read())
        cursor = page["nextPageCursor"]
        if db is not None:
            mirror(db, page["results"])
            links = ([one["url"] for one in book["highlights"]] for book in page["results"])
            ids = (book["user_book_id"] for book in page["results"])
            found += zip(ids, links, strict=True)
    connection.close()
    return found


def mirror(db: sqlite3.Connection, documents: Documents) -> None:
    """Keep what came."""
    highlights = []
    for book in documents:
        items = book.pop("highlights")
        id_ = book["user_book_id"]
        highlights += [(i["id"], id_, True, i["url"], None, json.dumps(i)) for i in items]
        book["highlights"] = items
    db.execute("BEGIN")
    heads = [(book["user_book_id"], json.dumps(book | {"highlights": []})) for book in documents]
    db.executemany("INSERT OR REPLACE INTO document VALUES (?, ?)", heads)
    db.executemany("INSERT OR REPLACE INTO highlight VALUES (?, ?, ?, ?, ?, ?)", highlights)
    db.execute("COMMIT")


def write(
    pack: str,
    folder: str,
    documents: list[tuple[int, list[str]]],
    db: sqlite3.Connection | None,
) -> None:
    """Put the pages of `pack` into `folder`, durably."""
    with open(pack, "rb") as file:
        pages = json.loads(file.readline())
        for start in range(0, len(pages), _BATCH):
            batch = pages[start : start + _BATCH]
            for number, (name, size) in enumerate(batch, start):
                put(f"{folder}/{name}", file.read(size), f"{folder}/.floor.{number:012}.tmp")
            sync(folder)
            if db is not None:
                remember(db, batch, documents[start : start + _BATCH], start)


def remember(
    db: sqlite3.Connection,
    pages: list[tuple[str, int]],
    documents: list[tuple[int, list[str]]],
    first: int,
) -> None:
    """Keep where each document's page is, and what stands on it."""
    files, homes, bases, blocks = [], [], [], []
    for number, ((name, size), (id_, links)) in enumerate(
        zip(pages, documents, strict=True), first
    ):
        files.append((number, name, size, number, _DIGEST, name, name))
        homes.append((id_, name, _DIGEST, _DIGEST))
        for at, link in enumerate(links):
            bases.append((id_ * 20_000 + at, _DIGEST, b"", b"", _DIGEST * 3, number))
            blocks.append((link, number, at, _DIGEST))
    db.execute("BEGIN")
    db.executemany(
        "INSERT OR REPLACE INTO page (id, vault, path, mtime, size, inode, hash, name, file, own)"
        " VALUES (?, 1, ?, 0, ?, ?, ?, ?, ?, 1)",
        files,
    )
    db.executemany(
        "INSERT OR REPLACE INTO home (vault, document, path, header, hash) VALUES (1, ?, ?, ?, ?)",
        homes,
    )
    db.executemany(
        "INSERT OR REPLACE INTO base (vault, highlight, text, tags, note, account, since)"
        " VALUES (1, ?, ?, ?, ?, ?, ?)",
        bases,
    )
    db.executemany("INSERT OR REPLACE INTO block VALUES (1, ?, ?, ?, ?)", blocks)
    db.execute("COMMIT")


def put(target: str, data: bytes, temporary: str) -> None:
    """Write one page durably: in place of the old one, or as a new one where there is none."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    if os.path.lexists(target):
        os.rename(temporary, target)
    else:
        os.link(temporary, target)
        os.unlink(temporary)


def sync(folder: str) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    main(*sys.argv[1:])
