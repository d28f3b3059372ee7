"""Every call of a run to disk and state fails once.

The run after it ends where an undisturbed one would have.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from syncd.errors import SyncdError
from syncd.report import Report
from syncd.sandbox.library import Library
from syncd.state.schema import opened
from syncd.sync.run import run
from syncd.sync.vault_run import RunOptions
from syncd.vault import swap
from tests.support.model import Account, Clock, Device, Owner
from tests.support.world import add_book, tweet

EVERY = int(os.environ.get("SYNCD_EVERY", "3"))
CALLS = [
    "open",
    "read",
    "pread",
    "write",
    "fsync",
    "fstat",
    "stat",
    "lstat",
    "scandir",
    "rename",
    "link",
    "unlink",
]
STATE_FAULTS = {
    errno.ENOSPC: "database or disk is full",
    errno.EIO: "disk I/O error",
    errno.EROFS: "attempt to write a readonly database",
    errno.EACCES: "unable to open database file",
}


class Faults:
    """Counts calls; the one with the number `at` fails with the error `number`."""

    def __init__(self, at: int = -1, number: int = 0) -> None:
        self.at, self.number, self.count = at, number, 0

    def due(self) -> bool:
        """Whether this call fails."""
        self.count += 1
        return self.count == self.at

    def over(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The system's call with the fault in its place."""

        def called(*arguments: Any, **named: Any) -> Any:
            if self.due():
                raise OSError(
                    self.number, os.strerror(self.number), str(arguments[0]) if arguments else ""
                )
            return call(*arguments, **named)

        return called


class FaultyState:
    """The state's connection; a full or failing disk ends the transaction, as SQLite does it."""

    def __init__(self, db: sqlite3.Connection, faults: Faults) -> None:
        self._db, self._faults = db, faults

    def _check(self) -> None:
        if self._faults.due():
            if self._db.in_transaction and self._faults.number in (errno.ENOSPC, errno.EIO):
                self._db.execute("ROLLBACK")
            raise sqlite3.OperationalError(STATE_FAULTS[self._faults.number])

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """As the connection's."""
        self._check()
        return self._db.execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """As the connection's."""
        self._check()
        return self._db.executemany(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


@contextmanager
def disk(faults: Faults) -> Iterator[None]:
    """The system's calls with the fault among them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, faults.over(getattr(os, name)))
        patch.setattr(swap, "exchange", faults.over(swap.exchange))
        yield


class Scene:
    """An account and a vault before a run that creates, updates and removes.

    The state of both can be had again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.owner, self.library = (
            folder,
            Owner(folder / "vault"),
            Library(now=Clock()),
        )
        self.state = folder / "state"
        self.state.mkdir()
        self.config = Device(folder / "device", self.owner.root, "remove").config
        owls = add_book(
            self.library, "Owls", *(tweet(number, f"Eule {number} उल्लू") for number in range(1, 7))
        )
        add_book(self.library, "鳥", tweet(20, "a bird", note="first note"), tweet(21, "another"))
        self.sync()
        page = next(path for path in self.owner.pages() if "Owls" in path.name)
        text = page.read_text("utf-8").replace("- Eule 5", "- My owl 5")
        page.write_text(text + "\n- my own words\n\t- کلمات من\n", "utf-8")
        self.sync()
        self.keep()
        for one, changes in [
            (1, {"text": "Eule 1, neu"}),
            (7, {"note": "second note"}),
            (5, {"text": "theirs"}),
        ]:
            self.library.edit_highlight(one, **changes)
        self.library.delete_highlight(2)
        self.library.add_highlight(owls, **tweet(9, "a later owl", location=3))
        add_book(self.library, "New", tweet(30, "new 🦉"))

    def keep(self) -> None:
        """Remember vault and state as they are."""
        for name in ("vault", "state"):
            shutil.copytree(
                self.folder / name, self.folder / f"{name}.kept", copy_function=shutil.copy2
            )

    def reset(self) -> None:
        """Vault and state as they were."""
        for name in ("vault", "state"):
            for path in (self.folder / name).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(self.folder / f"{name}.kept", self.folder / name, dirs_exist_ok=True)

    def sync(self, faults: Faults | None = None) -> Report:
        """A run, with or without a fault."""
        faults = faults or Faults()
        with opened(self.state) as db, disk(faults):
            return run(
                FaultyState(db, faults),  # type: ignore[arg-type]
                self.config,
                Account(self.library),  # type: ignore[arg-type]
                Event(),
                RunOptions(allow_removals=True),
            )

    def content(self) -> dict[str, bytes]:
        """Everything in the vault."""
        return {
            str(path): path.read_bytes()
            for path in sorted(self.owner.root.rglob("*"))
            if path.is_file()
        }


@pytest.mark.parametrize("number", STATE_FAULTS, ids=lambda number: errno.errorcode[number])
def test_a_run_after_any_fault_ends_where_an_undisturbed_one_would_have(
    tmp_path: Path, number: int
) -> None:
    """What failed is told as an error of ours.

    No page is torn, no line lost, nothing there twice, no file left.
    """
    scene = Scene(tmp_path)
    count = Faults()
    scene.sync(count)
    wanted = scene.content()
    assert count.count > 100
    for at in range(1 + number % EVERY, count.count + 1, EVERY):
        scene.reset()
        faults = Faults(at, number)
        with suppress(SyncdError):
            scene.sync(faults)
        assert faults.count >= at
        check_pages(scene, wanted)
        report = scene.sync()
        assert report.code == 0, report
        for path in scene.owner.root.rglob(".syncd.*"):
            os.utime(path, (0, 0))
        scene.sync()
        assert scene.content() == wanted, f"call {at} of {count.count}"


def check_pages(scene: Scene, wanted: dict[str, bytes]) -> None:
    """Each page is whole: as it was, or as it will be."""
    for path, data in scene.content().items():
        if path.endswith(".md"):
            kept = Path(path.replace("/vault/", "/vault.kept/"))
            assert data == wanted[path] or data == kept.read_bytes(), path
