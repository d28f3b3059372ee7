"""The vaults that runs have seen: the table `vault`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from syncd.state.schema import set_setting, setting


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


def find_vault(db: sqlite3.Connection, name: str) -> int | None:
    """The number of the vault that last had this name; None where none had."""
    row = db.execute("SELECT max(id) FROM vault WHERE name = ?", (name,)).fetchone()
    return None if row[0] is None else int(row[0])


def settle(db: sqlite3.Connection, vault: int, settings: str) -> bool:
    """Remember the settings that decide what belongs into the vault; whether they were others."""
    row = db.execute("SELECT settings FROM vault WHERE id = ?", (vault,)).fetchone()
    if row[0] == settings:
        return False
    db.execute("UPDATE vault SET settings = ? WHERE id = ?", (settings, vault))
    return True


def base_file(db: sqlite3.Connection, vault: int) -> str | None:
    """What became of the vault's Base.

    "made", "wanted" where that failed, None where it was never tried.
    """
    return setting(db, f"base {vault}")


def note_base_file(db: sqlite3.Connection, vault: int, what: str) -> None:
    """Remember that."""
    set_setting(db, f"base {vault}", what)


def note_graph(db: sqlite3.Connection, vault: int, settings: str) -> bool:
    """Remember the app's settings of the vault; whether they were others."""
    before = setting(db, f"graph {vault}")
    if before != settings:
        set_setting(db, f"graph {vault}", settings)
    return before not in (None, settings)


def note_git(db: sqlite3.Connection, vault: int, state: str) -> bool:
    """Remember where the vault's repository stands; whether that is elsewhere than it was."""
    before = setting(db, f"git {vault}")
    if before != state:
        set_setting(db, f"git {vault}", state)
    return before not in (None, state)
