"""The run history: what each run brought, kept for `status`."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from syncd.report import Report

_KEPT = 1000


class Run(NamedTuple):
    """One run; times are UTC."""

    started: datetime
    ended: datetime
    report: Report


def record(db: sqlite3.Connection, started: datetime, report: Report) -> None:
    """Keep a run that has just ended; the oldest beyond a thousand are dropped."""
    row = (
        started.isoformat(),
        datetime.now(UTC).isoformat(),
        report.code,
        msgspec.json.encode(report),
    )
    db.execute("INSERT INTO run (started, ended, code, report) VALUES (?, ?, ?, ?)", row)
    db.execute("DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?", (_KEPT,))


def latest(db: sqlite3.Connection, count: int = 1) -> list[Run]:
    """The last runs, the newest first."""
    rows = db.execute("SELECT started, ended, report FROM run ORDER BY id DESC LIMIT ?", (count,))
    return [
        Run(
            datetime.fromisoformat(row[0]),
            datetime.fromisoformat(row[1]),
            msgspec.json.decode(row[2], type=Report),
        )
        for row in rows
    ]
