"""How far a fetch is, so that the next run goes on where one was stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from syncd.model import Document
from syncd.state.schema import set_setting, setting

_KEY = "fetch"  # in the table `setting`


class Point(msgspec.Struct, frozen=True):
    """Where a fetch is: all before the page that `cursor` leads to is in the mirror.

    It asked this server and account for what changed since then, None for all; `started` is the
    server's time (UTC) at its first answer, `kept` ours at the last one.
    """

    server: str
    since: datetime | None
    started: datetime
    kept: datetime
    cursor: str


_points = msgspec.json.Decoder(Point)


def point(db: sqlite3.Connection) -> Point | None:
    """Where the last fetch was stopped; None where it came to its end."""
    value = setting(db, _KEY)
    try:
        return _points.decode(value) if value else None
    except msgspec.DecodeError:  # it only saves time
        return None


def keep(db: sqlite3.Connection, point: Point | None) -> None:
    """Remember how far a fetch is, None for its end; in the transaction that stores what came."""
    set_setting(db, _KEY, "" if point is None else msgspec.json.encode(point).decode())


def forget_seen(db: sqlite3.Connection) -> None:
    """Before a full fetch and after it: nothing has been seen in it."""
    db.execute("DELETE FROM seen")


def see(db: sqlite3.Connection, documents: Iterable[Document]) -> None:
    """During a full fetch: these came."""
    ids = ((highlight.id,) for document in documents for highlight in document.highlights)
    db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ids)


def unseen(db: sqlite3.Connection) -> list[tuple[int, int]]:
    """The live highlights that did not come in a full fetch, with their documents."""
    return db.execute(
        "SELECT id, document FROM highlight WHERE live AND id NOT IN (SELECT id FROM seen)"
    ).fetchall()
