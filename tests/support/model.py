"""A vault with its owner, an account, and devices that run syncd.

The parts of the test of convergence.

Nothing here uses syncd's own parser: what stands in a page is told by the words that the tests put
there. Each text holds its highlight's mark (`hl7x`) and its version (`ve12x`), a note its version
(`nt5x`), whatever the owner writes a word of the owner's (`own3x`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from syncd.config.settings import Config, Vault
from syncd.errors import StateError
from syncd.readwise.decode import ExportPage, decode_page
from syncd.report import VaultReport
from syncd.sandbox.library import Library
from syncd.state.schema import opened
from syncd.sync.run import run
from syncd.sync.vault_run import RunOptions
from syncd.vault.write import Seen, Writer

TWEET = re.compile(r"\(\[View Tweet\]\(https?://[\w./]*/status(?:es)?/(\d+)[^)]*\)\)")
MARK, VERSION, NOTE, OWN = (re.compile(rf"{word}\d+x") for word in ("hl", "ve", "nt", "own"))
BULLET = re.compile(r"([ \t]*)- ")
COPY = ".sync-conflict-20240204-101112-ABCDEF2"
_MINUTES = 120_000_000_000  # ns


class CutOffError(BaseException):
    """What ends a run in its middle, as a kill would."""


class Account:
    """Stands in for the client: the library's pages as they are on the wire, without the wire."""

    def __init__(self, library: Library) -> None:
        self.requests, self.account = 0, "the one"
        self.server_time: datetime | None = None
        self._library = library

    def export(
        self,
        *,
        updated_after: datetime | None = None,
        ids: Any = (),
        start: str | None = None,
    ) -> Iterator[ExportPage]:
        """As the client's."""
        self.server_time = self._library.now()
        cursor = int(start) if start else None
        while True:
            self.requests += 1
            page = decode_page(
                json.dumps(self._library.page(cursor, updated_after, ids or None, True)).encode()
            )
            yield page
            if page.next_cursor is None:
                return
            cursor = int(page.next_cursor)


class Cut:
    """Counts down the steps of a run: the writes of pages and of folders, and the commits.

    At nought it ends.
    """

    def __init__(self, after: int | None = None) -> None:
        self.left = after

    def step(self) -> None:
        """One step more."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise CutOffError


class CutWriter(Writer):
    """The writer, ended before or behind any of its steps."""

    def __init__(self, root: Path, cut: Cut) -> None:
        super().__init__(root)
        self._cut = cut

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """As the writer's."""
        self._cut.step()
        now = super().write(path, data, seen)
        self._cut.step()
        return now

    def flush(self) -> None:
        """As the writer's."""
        super().flush()
        self._cut.step()


class CutState:
    """The state's connection, ended before or behind any commit."""

    def __init__(self, db: sqlite3.Connection, cut: Cut) -> None:
        self._db, self._cut = db, cut

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        """As the connection's."""
        if query != "COMMIT":
            return self._db.execute(query, *values)
        self._cut.step()
        done = self._db.execute(query)
        self._cut.step()
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


class Device:
    """A machine with a state of its own, which runs syncd over the one vault.

    `known` are the highlights that its state has a base of; `unsure` those that it may have one of.
    """

    def __init__(self, state: Path, root: Path, on_delete: str, **settings: Any) -> None:
        self.state, self.kept = state, state.with_suffix(".kept")
        state.mkdir()
        vault = Vault(
            root,
            "notes",
            timezone="UTC",
            on_delete=on_delete,  # type: ignore[arg-type]
            quiet=timedelta(0),
            **settings,
        )
        self.config = Config((vault,), state_dir=state)
        self.known: set[str] = set()
        self.unsure: set[str] = set()
        self.saved: tuple[set[str], set[str]] | None = None
        self.used = False
        self.guesses = (
            state.name != "one"
        )  # it began, or begins again, with a vault that others have written
        self.cut = (
            False  # the last run was cut off: the next one first finishes what that one began
        )

    def sync(self, library: Library, cut: Cut, full: bool = False) -> VaultReport:
        """One run."""
        self.used = True
        try:
            return self._sync(library, cut, full)
        except StateError as error:
            assert error.code == "state-damaged", error
            return self._sync(library, cut, full)

    def _sync(self, library: Library, cut: Cut, full: bool) -> VaultReport:
        report = self._run(library, cut, full)
        if {failure.code for failure in report.failed} == {"page-away"}:  # is it really gone?
            report = self._run(library, cut, full)
        assert not report.failed, report.failed
        return report

    def _run(self, library: Library, cut: Cut, full: bool) -> VaultReport:
        root = self.config.vaults[0].path
        with opened(self.state) as db:
            report = run(
                CutState(db, cut),  # type: ignore[arg-type]
                self.config,
                Account(library),  # type: ignore[arg-type]
                Event(),
                RunOptions(full=full, allow_removals=full),
                writer=lambda _: CutWriter(root, cut),
            )
        (vault,) = report.vaults
        assert vault.error is None, vault.error
        return vault

    def save(self) -> None:
        """Keep a copy of the state as it is."""
        if (self.state / "syncd.db").exists():
            shutil.rmtree(self.kept, ignore_errors=True)
            shutil.copytree(self.state, self.kept)
            self.saved = set(self.known), set(self.unsure)

    def restore(self) -> bool:
        """Go back to that copy."""
        if self.saved is None:
            return False
        shutil.rmtree(self.state)
        shutil.copytree(self.kept, self.state)
        self.known, self.unsure = set(self.saved[0]), set(self.saved[1])
        self.guesses = True
        return True

    def lose(self, garbage: bytes | None = None) -> None:
        """Lose the state, or find garbage in its place."""
        shutil.rmtree(self.state)
        self.state.mkdir()
        if garbage is not None:
            (self.state / "syncd.db").write_bytes(garbage)
        self.known, self.unsure = set(), set()
        self.guesses = True


class Item(NamedTuple):
    """A block with its descendants as lines of a page: `lines[start:end]`; its own end at `own`."""

    start: int
    own: int
    end: int
    indent: str


class Owner:
    """What the vault's owner sees and does, page by page and line by line."""

    def __init__(self, root: Path, app: str = "logseq") -> None:
        self.root = root
        if app == "logseq":
            (root / "logseq").mkdir(parents=True)
            (root / "logseq" / "config.edn").write_text(
                "{:file/name-format :triple-lowbar}", "utf-8"
            )
        else:
            (root / ".obsidian").mkdir(parents=True)
        self._words = 0
        self._later = 0  # ns that the owner's clock is ahead of the machine's
        self._files = 0

    def word(self) -> str:
        """A word that nobody has written before."""
        self._words += 1
        return f"own{self._words}x"

    def name(self) -> str:
        """A name of no page yet."""
        self._files += 1
        return f"Mine {self._files}"

    def pages(self) -> list[Path]:
        """All pages, but for the conflict copies of a syncing tool."""
        return sorted(page for page in self.root.rglob("*.md") if COPY not in page.name)

    def read(self, path: Path) -> list[str]:
        """A page's lines with their ends."""
        return path.read_bytes().decode().splitlines(keepends=True)

    def save(self, path: Path, lines: list[str]) -> None:
        """As editors do it, by rename.

        A time alone does not tell two saves in one tick of the clock.
        """
        path.parent.mkdir(exist_ok=True)
        new = path.with_name("editor")
        new.write_bytes("".join(lines).encode())
        self._later += _MINUTES
        at = time.time_ns() + self._later  # long after a run: no old buffer is saved over what came
        os.utime(new, ns=(at, at))
        new.replace(path)

    def blocks(self, lines: list[str]) -> list[Item]:
        """The page's blocks, children too; a list in a front matter is none."""
        fences = [at for at, line in enumerate(lines) if line.strip("\ufeff\r\n") == "---"]
        top = fences[1] if fences[:1] == [0] and fences[1:] else 0
        heads = [
            (at, found[1])
            for at, line in enumerate(lines)
            if at >= top and (found := BULLET.match(line))
        ]
        items = []
        for number, (start, indent) in enumerate(heads):
            own = heads[number + 1][0] if number + 1 < len(heads) else len(lines)
            deeper = [at for at, other in heads[number + 1 :] if len(other) <= len(indent)]
            items.append(Item(start, own, deeper[0] if deeper else len(lines), indent))
        return items

    def words(self) -> Counter[str]:
        """The owner's lines in the whole vault, without their ends."""
        return Counter(
            line.rstrip("\r\n")
            for path in self.pages()
            for line in self.read(path)
            if OWN.search(line)
        )

    def census(self) -> Counter[str]:
        """How often each highlight stands in the vault.

        Tweets by status id, others by their mark.
        """
        found: Counter[str] = Counter()
        for path in self.pages():
            lines = self.read(path)
            for item in self.blocks(lines):
                found.update(names("".join(lines[item.start : item.own])))
        return found

    def stats(self) -> dict[str, tuple[int, int]]:
        """Every file's time and inode."""
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_ino)
            for path in self.root.rglob("*")
            if path.is_file()
        }


def names(text: str) -> set[str]:
    """The highlights that a block's own lines are.

    A tweet's link, else marks with a link of another kind.
    """
    tweets = TWEET.findall(text)
    if tweets:
        return {f"tweet {status}" for status in tweets}
    return set(MARK.findall(text)) if "View Highlight" in text else set()


class Clock:
    """The account's time, which goes on at every change."""

    def __init__(self) -> None:
        self.time = datetime(2024, 7, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self) -> None:
        """Ten minutes pass."""
        self.time += timedelta(minutes=10)
