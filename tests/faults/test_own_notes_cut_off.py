"""A run that ends between any two of its files: the next one ends as if nothing had been."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from syncd.errors import VaultError
from syncd.report import VaultReport
from syncd.sandbox.library import Library
from syncd.state.schema import opened
from syncd.sync.run import run
from syncd.sync.vault_run import RunOptions
from syncd.vault.write import Seen, Writer
from tests.support.model import Account, Cut, CutOffError, Device, Owner

LONG = "und so weiter, bis niemand mehr weiß, wovon es eigentlich handelt"  # no name has all of it
MINE = "\n\nMeins\n"


class FullWriter(Writer):
    """A writer whose disk is full behind some writes."""

    def __init__(self, root: Path, room: list[int]) -> None:
        super().__init__(root)
        self._room = room

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """As the writer's."""
        self._room[0] -= 1
        if self._room[0] < 0:
            raise VaultError("the disk is full", code="disk-full")
        return super().write(path, data, seen)


class History:
    """A vault with a few notes, and an account that changes before and after a run is cut off."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.owner = Owner(folder / "vault", "obsidian")
        self.library = Library()
        layout = {"layout": "note-per-highlight"}
        self.device = Device(folder / "state", self.owner.root, "keep", **layout)
        self.book = self.library.add_book(title="Eulen", author="Ana", category="books")
        for number in range(3):
            self.library.add_highlight(self.book, text=f"Satz {number}", location=number)
        self.device.sync(self.library, Cut())
        path = next(self.owner.root.rglob("Satz 0.md"))
        path.write_text(path.read_text("utf-8") + MINE, "utf-8")

    def first_changes(self) -> None:
        """New highlights between the others, and edits."""
        for number in range(3):
            self.library.add_highlight(
                self.book, text=f"Neu {number} {LONG}", location=number + 0.5
            )
            self.library.edit_highlight(number + 1, text=f"Anders {number}", note="Notiz")
        self.library.edit_book(self.book, title="Käuze")
        other = self.library.add_book(title="Uhus", author="Bo", category="books")
        for number in range(2):
            self.library.add_highlight(other, text=f"Uhu {number}", location=number)

    def then_changes(self) -> None:
        """Edits of all of them."""
        for number in range(1, 7):
            text = f"Danach {number}" if number < 4 else f"Neu {number - 4} {LONG} danach"
            self.library.edit_highlight(number, text=text, note="Zuletzt")

    def at_rest(self) -> tuple[dict[str, str], list[int]]:
        """All pages, and the conflicts, once nothing more is to be done."""
        for full in (False, True):
            report = self.device.sync(self.library, Cut(), full)
        pages = {
            str(path.relative_to(self.owner.root)): path.read_text("utf-8")
            for path in self.owner.pages()
        }
        return pages, [one.highlight for one in report.conflicts]

    def fill_the_disk(self, after: int) -> VaultReport:
        """A run that can write so many files."""
        room = [after]
        with opened(self.device.state) as db:
            report = run(
                db,
                self.device.config,
                Account(self.library),  # type: ignore[arg-type]
                Event(),
                RunOptions(),
                writer=lambda root: FullWriter(root, room),
            )
        return report.vaults[0]


@pytest.fixture
def histories(tmp_path: Path) -> Iterator[Iterator[History]]:
    """One after the other, each in its own folder, in memory where that can be."""
    shm = Path("/dev/shm")
    with TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else tmp_path) as folder:
        yield (History(Path(folder, str(number))) for number in count())


@pytest.mark.parametrize("how", ["killed", "disk full"])
def test_a_run_that_ends_between_two_files_is_finished(
    histories: Iterator[History], how: str
) -> None:
    """Each note is there once and listed once, and nothing passes for its owner's.

    Although the account changes again before the next run.
    """
    expected = None
    for after, history in enumerate(histories):
        history.first_changes()
        ended = False
        if after and how == "killed":
            try:
                history.device.sync(history.library, Cut(after - 1))
            except CutOffError:
                ended = True
        elif after:
            ended = history.fill_the_disk(after - 1).error is not None
        else:
            history.device.sync(history.library, Cut())
        history.then_changes()
        found = history.at_rest()
        expected = expected or found
        assert found == expected, after
        assert found[1] == []
        if after and not ended:
            break
    assert expected is not None
    pages = expected[0]
    assert len(pages) == 6 + 2 + 2 and pages["Readwise/Books/Eulen/Satz 0.md"].endswith(MINE)
    assert pages["Readwise/Books/Eulen/Eulen.md"].count("- [[") == 6
