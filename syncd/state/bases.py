"""What was last agreed on each highlight: the tables `base`, `conflict` and `absence`.

A base has two sides, what the account said and what stood on the page: they differ where another
program wrote the block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from syncd.page.base import Base, Past
from syncd.page.rendered import Digests
from syncd.report import Gone

# An "accepted" deletion is one that its owner has confirmed, or that an older syncd knew of.
Verdict = Literal["deleted", "held", "accepted"]

_ADOPTED, _AGAIN = 1, 2
UNPLACED = "-"  # before a part that changed upstream and has no place on the page
_SIZE = 16  # bytes of a digest
_NONE = bytes(_SIZE)


class Absence(NamedTuple):
    """A highlight that was in the vault and is not: on which page, when that was seen (UTC)."""

    highlight: int
    document: int
    page: str
    seen: datetime
    verdict: Verdict

    @property
    def gone(self) -> Gone:
        """The same for a report."""
        return Gone(self.document, self.highlight, self.page)


class Difference(NamedTuple):
    """What account and owner both changed: `highlight` 0 stands for the page's properties."""

    document: int
    highlight: int
    parts: list[str]
    page: str | None

    @property
    def differing(self) -> list[str]:
        """The parts that both sides changed."""
        return [part for part in self.parts if not part.startswith(UNPLACED)]

    @property
    def unplaced(self) -> list[str]:
        """The parts that changed upstream and have no place on the page."""
        return [part.removeprefix(UNPLACED) for part in self.parts if part.startswith(UNPLACED)]


_COLUMNS = "base.text, base.tags, base.note, account, past, since, flags, place, seen"


def _base(
    row: tuple[bytes, bytes, bytes, bytes | None, bytes | None, int, int, str | None, bytes | None],
) -> Base:
    text, tags, note, account, past, since, flags, place, seen = row
    return Base(
        Digests(text, tags, note),
        None if account is None else _unpacked(account),
        () if past is None else _past(past),
        since,
        bool(flags & _ADOPTED),
        bool(flags & _AGAIN),
        place,
        seen,
    )


def _row(vault: int, highlight: int, base: Base) -> tuple[object, ...]:
    flags = _ADOPTED * base.adopted | _AGAIN * base.again
    account = None if base.account is None else _packed(base.account)
    past = msgspec.msgpack.encode(base.past) if base.past else None
    return (vault, highlight, *base.page, account, past, base.since, flags, base.place, base.seen)


def _packed(digests: Digests) -> bytes:
    text, tags, note = digests
    return (text or _NONE) + (tags or _NONE) + (note or _NONE)


def _unpacked(data: bytes) -> Digests:
    parts = data[:_SIZE], data[_SIZE : 2 * _SIZE], data[2 * _SIZE :]
    return Digests._make([b"" if part == _NONE else part for part in parts])


def _past(data: bytes) -> tuple[Past, ...]:
    return tuple(msgspec.msgpack.decode(data, type=list[Past]))


def of(db: sqlite3.Connection, vault: int, highlights: Sequence[int]) -> dict[int, Base]:
    """The bases of these highlights, by highlight id."""
    rows = db.execute(
        f"SELECT base.highlight, {_COLUMNS} FROM base"
        " WHERE vault = ? AND highlight IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(highlights).decode()),
    )
    return {row[0]: _base(row[1:]) for row in rows}


def settle(db: sqlite3.Connection, vault: int, changed: Mapping[int, Base | None]) -> None:
    """Remember these bases; None: forget that the highlight was ever in the vault."""
    known = [_row(vault, id_, base) for id_, base in changed.items() if base is not None]
    gone = [(vault, id_) for id_, base in changed.items() if base is None]
    db.executemany(
        "INSERT OR REPLACE INTO base (vault, highlight, text, tags, note, account, past,"
        " since, flags, place, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        known,
    )
    if gone:
        db.executemany("DELETE FROM base WHERE (vault, highlight) = (?, ?)", gone)
        db.executemany("DELETE FROM absence WHERE (vault, highlight) = (?, ?)", gone)


def count(db: sqlite3.Connection, vault: int) -> int:
    """How many highlights are, or were, in the vault."""
    query = "SELECT count(*) FROM base WHERE vault = ?"
    return int(db.execute(query, (vault,)).fetchone()[0])


def standing_at(db: sqlite3.Connection, vault: int, paths: Iterable[str]) -> list[int]:
    """The documents of which a highlight stands on one of these pages that are not theirs."""
    rows = db.execute(
        "SELECT DISTINCT document FROM base JOIN highlight ON id = highlight"
        " WHERE vault = ? AND place IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(list(paths)).decode()),
    )
    return [row[0] for row in rows]


def without_note(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents of which a highlight had a note of its own that is not there any more.

    Without those of which that is known.
    """
    rows = db.execute(
        "SELECT DISTINCT home.document FROM home CROSS JOIN highlight USING (document)"
        " CROSS JOIN base ON (base.vault, base.highlight) = (home.vault, highlight.id)"
        " WHERE home.vault = ? AND home.notes AND base.place IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM page"
        " WHERE (page.vault, page.note) = (home.vault, highlight.id))"
        " AND NOT EXISTS (SELECT 1 FROM absence"
        " WHERE (absence.vault, absence.highlight) = (home.vault, base.highlight))",
        (vault,),
    )
    return [row[0] for row in rows]


def deleted_upstream(db: sqlite3.Connection, vault: int) -> tuple[int, int]:
    """How many highlights, lately deleted upstream, are in the vault, of how many."""
    gone = db.execute(
        "SELECT count(*) FROM pending CROSS JOIN highlight USING (document) CROSS JOIN base"
        " ON base.vault = pending.vault AND base.highlight = highlight.id"
        " WHERE pending.vault = ? AND NOT live",
        (vault,),
    ).fetchone()[0]
    return gone, count(db, vault)


def documents_deleted_upstream(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents of which highlights that were deleted upstream are still in the vault."""
    rows = db.execute(
        "SELECT DISTINCT document FROM base JOIN highlight ON id = highlight"
        " WHERE vault = ? AND NOT live",
        (vault,),
    )
    return [row[0] for row in rows]


# --- what differs ---------------------------------------------------------------------------------


def set_conflicts(
    db: sqlite3.Connection, vault: int, document: int, found: Mapping[int, list[str]]
) -> None:
    """Remember in which parts of its highlights (0: its properties) a document differs.

    Parts with `UNPLACED` before them do not differ, but have no place on the page.
    """
    db.execute("DELETE FROM conflict WHERE (vault, document) = (?, ?)", (vault, document))
    if found:
        rows = [(vault, document, id_, ",".join(parts)) for id_, parts in found.items()]
        db.executemany("INSERT INTO conflict VALUES (?, ?, ?, ?)", rows)


def conflicts(db: sqlite3.Connection, vault: int) -> Iterator[Difference]:
    """What differs since account and owner both changed it."""
    rows = db.execute(
        "SELECT document, highlight, parts, coalesce((SELECT min(path) FROM page"
        " INDEXED BY page_note WHERE page.vault = conflict.vault AND note = highlight), home.path)"
        " FROM conflict LEFT JOIN home USING (vault, document) WHERE vault = ?"
        " ORDER BY document, highlight",
        (vault,),
    )
    for document, highlight, parts, page in rows:
        yield Difference(document, highlight, parts.split(","), page)


def conflicts_of(db: sqlite3.Connection, vault: int, document: int) -> dict[int, list[str]]:
    """The parts in which a document's highlights differ."""
    rows = db.execute(
        "SELECT highlight, parts FROM conflict WHERE (vault, document) = (?, ?)", (vault, document)
    )
    return {highlight: parts.split(",") for highlight, parts in rows}


def documents_in_conflict(db: sqlite3.Connection, vault: int) -> list[int]:
    """The documents that differ since account and owner both changed them."""
    rows = db.execute("SELECT DISTINCT document FROM conflict WHERE vault = ?", (vault,))
    return [row[0] for row in rows]


# --- what is gone ---------------------------------------------------------------------------------


def set_absences(db: sqlite3.Connection, vault: int, found: Iterable[Absence]) -> None:
    """Remember which highlights are gone from the vault."""
    rows = [
        (vault, one.highlight, one.document, one.page, one.seen.isoformat(), one.verdict)
        for one in found
    ]
    db.executemany("INSERT OR REPLACE INTO absence VALUES (?, ?, ?, ?, ?, ?)", rows)


def forget_absences(db: sqlite3.Connection, vault: int, highlights: Iterable[int]) -> None:
    """These highlights stand in the vault again."""
    rows = [(vault, id_) for id_ in highlights]
    db.executemany("DELETE FROM absence WHERE (vault, highlight) = (?, ?)", rows)


def absences(
    db: sqlite3.Connection,
    vault: int,
    *,
    verdict: Verdict | None = None,
    since: datetime | None = None,
) -> list[Absence]:
    """The highlights that are gone from the vault, of one verdict, seen since a time (UTC)."""
    moment = (since or datetime.fromtimestamp(0, UTC)).isoformat()
    rows = db.execute(
        "SELECT highlight, document, page, seen, verdict FROM absence"
        " WHERE vault = ? AND seen >= ? AND (? IS NULL OR verdict = ?) ORDER BY seen, highlight",
        (vault, moment, verdict, verdict),
    )
    return [
        Absence(highlight, document, page, datetime.fromisoformat(seen), verdict)
        for highlight, document, page, seen, verdict in rows
    ]


def verdicts(db: sqlite3.Connection, vault: int, highlights: Sequence[int]) -> dict[int, Verdict]:
    """Those of these highlights that are gone from the vault, with the verdicts."""
    rows = db.execute(
        "SELECT highlight, verdict FROM absence"
        " WHERE vault = ? AND highlight IN (SELECT value FROM json_each(?))",
        (vault, msgspec.json.encode(highlights).decode()),
    )
    return dict(rows.fetchall())
