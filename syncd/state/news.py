"""What came into each vault and is not told there yet: for the log page and the journal."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from syncd.state.schema import set_setting, setting


class News(NamedTuple):
    """What one run brought: onto which pages (paths, each once) how many highlights.

    `moment` is UTC.

    `tried`: whether an earlier run may have told it already, and could not say so.
    """

    moment: datetime
    pages: list[tuple[str, int]]
    tried: bool


class Line(msgspec.Struct, frozen=True):
    """Our line in the journal at `path`, with links to the pages `titles`."""

    path: str
    titles: list[str]


class Review(msgspec.Struct, frozen=True):
    """A day's review: when (UTC) it was asked for, and its highlights' ids."""

    asked: datetime
    highlights: list[int]


def note(db: sqlite3.Connection, vault: int, path: str, highlights: int) -> None:
    """Highlights came onto a page; in the transaction that records them."""
    db.execute(
        "INSERT INTO news VALUES (?, '', ?, ?)"
        " ON CONFLICT DO UPDATE SET highlights = highlights + excluded.highlights",
        (vault, path, highlights),
    )


def untold(db: sqlite3.Connection, vault: int) -> list[News]:
    """What is to be told, oldest first.

    What has no moment yet gets the present one, in the caller's transaction.
    """
    now = datetime.now(UTC).isoformat()
    db.execute("UPDATE news SET moment = ? WHERE vault = ? AND moment = ''", (now, vault))
    rows = db.execute(
        "SELECT moment, path, highlights FROM news WHERE vault = ? ORDER BY moment, path", (vault,)
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for moment, path, highlights in rows:
        found.setdefault(moment, []).append((path, highlights))
    return [
        News(datetime.fromisoformat(moment), rows, moment != now) for moment, rows in found.items()
    ]


def told(db: sqlite3.Connection, vault: int, moment: datetime) -> None:
    """What came at `moment` is told."""
    db.execute("DELETE FROM news WHERE (vault, moment) = (?, ?)", (vault, moment.isoformat()))


def line(db: sqlite3.Connection, vault: int) -> Line | None:
    """The line that syncd last wrote into a journal."""
    value = setting(db, f"journal {vault}")
    return None if value is None else msgspec.json.decode(value, type=Line)


def set_line(db: sqlite3.Connection, vault: int, value: Line) -> None:
    """Remember that line."""
    set_setting(db, f"journal {vault}", msgspec.json.encode(value).decode())


def review(db: sqlite3.Connection) -> Review | None:
    """The review that was last asked for."""
    value = setting(db, "review")
    return None if value is None else msgspec.json.decode(value, type=Review)


def set_review(db: sqlite3.Connection, value: Review) -> None:
    """Remember that review."""
    set_setting(db, "review", msgspec.json.encode(value).decode())


def reviewed(db: sqlite3.Connection, vault: int) -> str | None:
    """The day (YYYY-MM-DD) whose review was last told in the vault."""
    return setting(db, f"reviewed {vault}")


def set_reviewed(db: sqlite3.Connection, vault: int, day: str) -> None:
    """Remember that day."""
    set_setting(db, f"reviewed {vault}", day)
