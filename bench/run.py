"""Measures syncd beside the least that a run can be, and prints a table in Markdown.

`run.py [DOCUMENTS [FOREIGN [LARGE]]]`, by default 10,000 documents, a vault of 50,000 foreign
pages, and a document of 20,000 highlights. Everything happens in a temporary folder, which is
removed. README.md says how to read the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import library

_HERE = Path(__file__).parent
_DOCUMENTS, _FOREIGN, _LARGE = 10_000, 50_000, 20_000
_REPEATS = 5  # of what takes less than a second
_APPS = "logseq", "obsidian"
_CONFIG = """
state_dir = "state"
[readwise]
api_url = "{url}"
[[vault]]
path = "vault"
timezone = "Europe/Berlin"
"""
_LAUNCHER = subprocess.Popen(
    [sys.executable, "-S", str(_HERE / "launcher.py")],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    env=os.environ | {"READWISE_TOKEN": "bench"},
    text=True,
)
_NEW_STATE = "import pathlib; from syncd.state.schema import open_db; open_db(pathlib.Path({}))"


class Cost(NamedTuple):
    """What a process took, and what it printed."""

    cpu: float  # seconds, user and system
    wall: float  # seconds
    peak: float  # MB of memory
    output: str = ""


def main() -> None:
    """Measure every kind of run in both apps' vaults, and how long the start takes."""
    given = [int(word) for word in sys.argv[1:]]
    documents, pages, large = [*given, *(_DOCUMENTS, _FOREIGN, _LARGE)[len(given) :]]
    print("| vault | run | CPU s | beside | CPU s | ratio | time s | peak MB |")
    print("|---|---|--:|---|--:|--:|--:|--:|")
    # One folder for all: ext4 is slow after a large deletion.
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        for app in _APPS:
            measure_account(Bench(Path(folder, app), app), documents)
            measure_large(Bench(Path(folder, f"{app} large"), app), large)
            measure_foreign(Bench(Path(folder, f"{app} foreign"), app), app, pages)
    usage = typical([python("-m", "syncd", "--help") for _ in range(_REPEATS * 2)])
    show("", "`syncd --help`", usage, "`import click`", start())
    _LAUNCHER.communicate()


def measure_account(bench: Bench, documents: int) -> None:
    """A first run, beside both floors; then full and usual ones with nothing or one thing new."""
    for number, page in enumerate(library.pages(documents)):
        (bench.export / f"{number * 50}.json").write_bytes(page)
    with bench.served():
        first = bench.sync(added=documents * library.HIGHLIGHTS)
        bench.pack(state_of(bench.pages))
        show(bench.app, f"first, {documents:,} x 10", first, "floor", bench.floor())
        show(bench.app, "the same", first, "floor with least state", bench.floor(state=True))
        before = state_of(bench.pages)
        full = bench.sync("--full", added=0)
        assert state_of(bench.pages) == before, "a run with nothing new wrote"
        show(bench.app, "`--full`, nothing new", full, "the first", first)
        (bench.export / "changes.json").write_bytes(library.nothing())
        costs = [bench.sync(added=0) for _ in range(_REPEATS)]
        run = f"nothing new, {bench.opened()} pages opened"
        show(bench.app, run, typical(costs), "`import click`", start())
        answer = (bench.export / "0.json").read_bytes()
        costs = []
        for number in range(_REPEATS):
            changes = library.addition(answer, library.HIGHLIGHTS + number)
            (bench.export / "changes.json").write_bytes(changes)
            costs.append(bench.sync(added=1))
        show(bench.app, "one new highlight", typical(costs), "`import click`", start())


def measure_large(bench: Bench, highlights: int) -> None:
    """One document of very many highlights, and one more."""
    whole, more = library.one_large(highlights)
    (bench.export / "0.json").write_bytes(whole)
    (bench.export / "changes.json").write_bytes(more)
    with bench.served():
        first = bench.sync(added=highlights)
        show(bench.app, f"first, 1 x {highlights:,}", first, "", None)
        show(bench.app, "one more there", bench.sync(added=1), "its first", first)


def measure_foreign(bench: Bench, app: str, pages: int) -> None:
    """The first look at a vault of other pages."""
    python(str(_HERE / "foreign.py"), app, str(bench.folder / "other"), str(pages))
    for name in ("0", "changes"):
        (bench.export / f"{name}.json").write_bytes(library.nothing())
    with bench.served(vault="other"):
        show(app, f"index of {pages:,} foreign pages", bench.sync(added=0), "", None)


class Bench:
    """An export, a vault and a folder for the floor's pages, all in `folder`."""

    def __init__(self, folder: Path, app: str) -> None:
        self.app, self.folder = app, folder
        self.export, self._pack = folder / "export", folder / "pack"
        self._plain, vault = folder / "floor", folder / "vault"
        self._options = "--config", str(folder / "config.toml"), "sync", "--json"
        self.pages = vault / ("pages" if app == "logseq" else "Readwise")
        for path in (self.export, self._plain, vault / f".{app}", vault / "logseq"):
            path.mkdir(parents=True)
        if app == "logseq":
            (vault / "logseq" / "config.edn").write_text("{:file/name-format :triple-lowbar}")
        else:
            (vault / "logseq").rmdir()
        self._url = ""

    @contextmanager
    def served(self, vault: str = "vault") -> Iterator[None]:
        """A server for the export, and a configuration that asks it."""
        with served(self.export) as self._url:
            config = _CONFIG.format(url=self._url).replace('"vault"', f'"{vault}"')
            (self.folder / "config.toml").write_text(config)
            yield

    def sync(self, *options: str, added: int) -> Cost:
        """A run, which adds so many highlights."""
        cost = python("-m", "syncd", *self._options, *options)
        report = json.loads(cost.output)
        assert report["vaults"][0]["highlights"]["added"] == added, report["message"]
        return cost

    def opened(self) -> str:
        """How many pages a run opens."""
        watched = str(_HERE / "watched.py"), str(self.pages)
        return python(*watched, *self._options, errors=True).output.split()[-1]

    def pack(self, some: dict[str, tuple[int, int]]) -> None:
        """Put some of the pages into a file, as floor.py wants them."""
        with self._pack.open("wb") as file:
            sizes = [(name.replace("/", " "), size) for name, (size, _) in some.items()]
            file.write(json.dumps(sizes).encode() + b"\n")
            for name in some:
                file.write((self.pages / name).read_bytes())

    def floor(self, *, state: bool = False) -> Cost:
        """The least that the first run can be; with the rows that a later one needs."""
        folder = self._plain / str(state)
        folder.mkdir()
        kept = [str(folder / "syncd.db")] if state else []
        for path in kept:
            python("-c", _NEW_STATE.format(repr(path)))
        asked = self._url, "includeDeleted=true", str(self._pack), str(folder)
        return python(str(_HERE / "floor.py"), *asked, *kept)


def start() -> Cost:
    """What it takes to start Python and a library for commands."""
    return typical([python("-c", "import click") for _ in range(_REPEATS * 2)])


def python(*arguments: str, errors: bool = False) -> Cost:
    """Run this Python in a process of its own; the costs are as the system counts them."""
    to, back = _LAUNCHER.stdin, _LAUNCHER.stdout
    assert to is not None
    assert back is not None
    print(json.dumps([[sys.executable, *arguments], errors]), file=to, flush=True)
    code, cpu, wall, peak, said = json.loads(back.readline())
    if code:
        raise SystemExit(f"{arguments} ended with {code}:\n{said}")
    return Cost(cpu, wall, peak, said)


@contextmanager
def served(export: Path) -> Iterator[str]:
    """The address of a server for the files in `export`."""
    process = subprocess.Popen(
        [sys.executable, str(_HERE / "server.py"), str(export)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def state_of(pages: Path) -> dict[str, tuple[int, int]]:
    """The pages by path, with size and mtime (ns)."""
    found = {}
    for path in pages.rglob("*.md"):
        status = path.stat()
        found[str(path.relative_to(pages))] = status.st_size, status.st_mtime_ns
    return found


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of each cost."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        median(cost.peak for cost in costs),
    )


def show(app: str, run: str, ours: Cost, beside: str, other: Cost | None) -> None:
    """Print one line of the table."""
    compared = f"{other.cpu:.2f} | {ours.cpu / other.cpu:.2f}" if other else " | "
    print(
        f"| {app} | {run} | {ours.cpu:.2f} | {beside} | {compared} |"
        f" {ours.wall:.2f} | {ours.peak:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
