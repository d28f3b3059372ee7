"""What syncd did in each vault.

The page of each document, what it wrote there, what is still to do, and the runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from syncd.page.identity import link_key
from syncd.page.rendered import Hashes
from syncd.state.schema import set_setting, setting


class Home(NamedTuple):
    """A document's page.

    Its path in the vault, and the digests of its properties as last written, by key.
    """

    path: str
    header: dict[str, bytes]


def vault_id(db: sqlite3.Connection, name: str, path: Path) -> int:
    """The vault's number in this database; every document is pending in a new one.

    A folder that was moved is known by its inode; the same name on another folder is another vault.
    """
    inode = path.stat().st_ino
    row = db.execute(
        "SELECT id FROM vault WHERE name = ? AND (path = ? OR inode = ?) ORDER BY path = ? DESC",
        (name, str(path), inode, str(path)),
    ).fetchone()
    if row is not None:
        db.execute(
            "UPDATE vault SET path = ?, inode = ? WHERE id = ? AND (path, inode) != (?, ?)",
            (str(path), inode, row[0], str(path), inode),
        )
        return int(row[0])
    added = "INSERT INTO vault (name, path, inode) VALUES (?, ?, ?) RETURNING id"
    return int(db.execute(added, (name, str(path), inode)).fetchone()[0])


def base_file(db: sqlite3.Connection, vault: int) -> str | None:
    """What became of the vault's Base.

    "made", "wanted" where that failed, None where it was never tried.
    """
    return setting(db, f"base {vault}")


def note_base_file(db: sqlite3.Connection, vault: int, what: str) -> None:
    """Remember that."""
    set_setting(db, f"base {vault}", what)


def find_vault(db: sqlite3.Connection, name: str) -> int | None:
    """The number of the vault that last had this name; None where none had."""
    row = db.execute("SELECT max(id) FROM vault WHERE name = ?", (name,)).fetchone()
    return None if row[0] is None else int(row[0])


def settle(db: sqlite3.Connection, vault: int, settings: str) -> None:
    """Make every document pending where the settings that decide what belongs into the vault have changed."""
    if db.execute("SELECT settings FROM vault WHERE id = ?", (vault,)).fetchone()[0] != settings:
        mark_all(db, vault)
        db.execute("UPDATE vault SET settings = ? WHERE id = ?", (settings, vault))


def mark_all(db: sqlite3.Connection, vault: int) -> None:
    """Make every document pending."""
    db.execute(
        "INSERT OR IGNORE INTO pending (vault, document) SELECT ?, id FROM document", (vault,)
    )


def reconsider(db: sqlite3.Connection, vault: int) -> None:
    """Make the documents pending that differ from the vault.

    Their owner may have brought them together.
    """
    db.execute(
        "INSERT OR IGNORE INTO pending (vault, document) SELECT DISTINCT vault, document FROM conflict WHERE vault = ?",
        (vault,),
    )


def pending(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents whose pages may be behind the account, oldest first."""
    return [
        row[0]
        for row in db.execute(
            "SELECT document FROM pending WHERE vault = ? ORDER BY document", (vault,)
        )
    ]


def begin(db: sqlite3.Connection, vault: int, documents: Iterable[int]) -> None:
    """Before the pages of these documents are written; in a transaction of its own."""
    db.executemany(
        "INSERT OR IGNORE INTO writing VALUES (?, ?)", [(vault, document) for document in documents]
    )


def end(db: sqlite3.Connection, vault: int) -> None:
    """After that, in the transaction that records what was written."""
    db.execute("DELETE FROM writing WHERE vault = ?", (vault,))


def writing(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents whose pages were being written when a run was killed, oldest first."""
    return [
        row[0]
        for row in db.execute(
            "SELECT document FROM writing WHERE vault = ? ORDER BY document", (vault,)
        )
    ]


def failed(db: sqlite3.Connection, vault: int, document: int, code: str, message: str) -> None:
    """Keep a document pending, with the reason."""
    db.execute(
        "UPDATE pending SET code = ?, message = ? WHERE vault = ? AND document = ?",
        (code, message, vault, document),
    )


def failures(db: sqlite3.Connection, vault: int) -> list[tuple[int, str, str]]:
    """The pending documents that failed: id, code, message."""
    rows = "SELECT document, code, message FROM pending WHERE vault = ? AND code IS NOT NULL ORDER BY document"
    return db.execute(rows, (vault,)).fetchall()


def bases(db: sqlite3.Connection, vault: int, document: int) -> dict[int, Hashes]:
    """What syncd last wrote of a document's highlights, by highlight id."""
    rows = db.execute(
        "SELECT base.highlight, base.text, base.tags, base.note FROM highlight CROSS JOIN base"
        " ON base.vault = ? AND base.highlight = highlight.id WHERE highlight.document = ?",
        (vault, document),
    )
    return {row[0]: Hashes(*row[1:]) for row in rows}


def base(db: sqlite3.Connection, vault: int, highlight: int) -> Hashes | None:
    """What syncd last wrote, or found, of a highlight."""
    row = db.execute(
        "SELECT text, tags, note FROM base WHERE (vault, highlight) = (?, ?)", (vault, highlight)
    ).fetchone()
    return Hashes(*row) if row else None


def home(db: sqlite3.Connection, vault: int, document: int) -> Home | None:
    """The page of a document as last known."""
    row = db.execute(
        "SELECT path, header FROM home WHERE (vault, document) = (?, ?)", (vault, document)
    ).fetchone()
    return Home(row[0], msgspec.msgpack.decode(row[1], type=dict[str, bytes])) if row else None


def homes(db: sqlite3.Connection, vault: int) -> set[str]:
    """The pages of all documents: their paths in the vault."""
    return {row[0] for row in db.execute("SELECT path FROM home WHERE vault = ?", (vault,))}


def folders(db: sqlite3.Connection, vault: int) -> set[str]:
    """The folders, in the vault, in which documents have their pages."""
    return {path.rpartition("/")[0] for path in homes(db, vault)}


def tenant(db: sqlite3.Connection, vault: int, path: str) -> int | None:
    """The document whose page this is."""
    row = db.execute(
        "SELECT document FROM home WHERE (vault, path) = (?, ?)", (vault, path)
    ).fetchone()
    return row[0] if row else None


def record(
    db: sqlite3.Connection,
    vault: int,
    document: int,
    page: Home | None,
    changed: Mapping[int, Hashes | None],
    conflicts: Mapping[int, list[str]],
) -> None:
    """After a document's page is written: remember it, in the caller's transaction."""
    if page is not None:
        header = msgspec.msgpack.encode(page.header)
        db.execute(
            "INSERT OR REPLACE INTO home VALUES (?, ?, ?, ?)", (vault, document, page.path, header)
        )
    db.executemany(
        "INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?)",
        [(vault, id_, *hashes) for id_, hashes in changed.items() if hashes is not None],
    )
    forgotten = [(vault, id_) for id_, hashes in changed.items() if hashes is None]
    if forgotten:
        db.executemany("DELETE FROM base WHERE (vault, highlight) = (?, ?)", forgotten)
    db.execute("DELETE FROM conflict WHERE (vault, document) = (?, ?)", (vault, document))
    rows = [(vault, document, id_, ",".join(parts)) for id_, parts in conflicts.items()]
    if rows:
        db.executemany("INSERT INTO conflict VALUES (?, ?, ?, ?)", rows)
    db.execute("DELETE FROM pending WHERE (vault, document) = (?, ?)", (vault, document))


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


def named(db: sqlite3.Connection, vault: int, what: str) -> tuple[list[int], set[int]]:
    """The documents that `what` means, and the highlights where it means single ones.

    It may be a page (path, file name or title), a document's or highlight's id, or a highlight's
    link.
    """
    key = link_key(what)
    rows = db.execute(
        "SELECT document, id FROM highlight WHERE id = ? OR key = ?",
        (int(what) if what.isdecimal() else None, key),
    ).fetchall()
    if rows:
        return sorted({row[0] for row in rows}), {row[1] for row in rows}
    stem = _stem(what)
    pages = [
        row[0]
        for row in db.execute("SELECT document, path FROM home WHERE vault = ?", (vault,))
        if what in (str(row[0]), row[1]) or stem == _stem(row[1])
    ]
    found = db.execute(
        "SELECT id FROM document WHERE json_extract(CAST(data AS TEXT), '$.title') = ? OR id = ?",
        (what, what),
    )
    return sorted({*pages, *(row[0] for row in found)}), set()


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md").removesuffix(".org")


def forget(db: sqlite3.Connection, vault: int, document: int, highlight: int) -> None:
    """Forget that a highlight was ever in the vault: if it is not there now, it is new."""
    db.execute("DELETE FROM base WHERE (vault, highlight) = (?, ?)", (vault, highlight))
    db.execute("INSERT OR IGNORE INTO pending (vault, document) VALUES (?, ?)", (vault, document))


def removals(db: sqlite3.Connection, vault: int) -> tuple[int, int]:
    """How many highlights, lately deleted upstream, are in the vault, of how many."""
    gone = db.execute(
        "SELECT count(*) FROM pending JOIN highlight USING (document) JOIN base"
        " ON base.vault = pending.vault AND base.highlight = highlight.id WHERE pending.vault = ? AND NOT live",
        (vault,),
    ).fetchone()[0]
    return gone, db.execute("SELECT count(*) FROM base WHERE vault = ?", (vault,)).fetchone()[0]


def mark_removals(db: sqlite3.Connection, vault: int) -> None:
    """Make the documents pending of which highlights that were deleted upstream are still in the vault."""
    db.execute(
        "INSERT OR IGNORE INTO pending (vault, document) SELECT vault, document FROM base JOIN highlight"
        " ON id = highlight WHERE vault = ? AND NOT live",
        (vault,),
    )


def conflicts(db: sqlite3.Connection, vault: int) -> Iterator[tuple[int, int, str, str]]:
    """What differs since account and owner both changed it: document, highlight (0.

    Properties), parts, page.
    """
    yield from db.execute(
        "SELECT document, highlight, parts, path FROM conflict LEFT JOIN home USING (vault, document) WHERE vault = ?"
        " ORDER BY document, highlight",
        (vault,),
    )
