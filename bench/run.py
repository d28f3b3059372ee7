"""Measures syncd beside the least that a run can be, and prints a table in Markdown.

`run.py [DOCUMENTS ...]`, by default 2,000 and 10,000. Everything happens in a temporary folder,
which is removed. README.md says how to read the table.
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
from time import perf_counter
from typing import NamedTuple

import library

_HERE = Path(__file__).parent
_SIZES = 2_000, 10_000  # documents
_REPEATS = 5  # of what takes less than a second
_CONFIG = """
state_dir = "state"
[readwise]
api_url = "{url}"
[[vault]]
path = "vault"
timezone = "Europe/Berlin"
"""


class Cost(NamedTuple):
    """What a process took, and what it printed."""

    cpu: float  # seconds, user and system
    wall: float  # seconds
    peak: float  # MB of memory
    output: bytes = b""


def main() -> None:
    """Measure runs at every size, and how long the start takes."""
    sizes = [int(word) for word in sys.argv[1:]] or _SIZES
    print("| documents | run | CPU s | floor | ratio | time s | floor | peak MB | floor |")
    print("|--:|---|--:|--:|--:|--:|--:|--:|--:|")
    # One folder for all sizes: ext4 is slow after a large deletion.
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        for documents in sizes:
            measure(Path(folder, str(documents)), documents)
    usage = [python("-m", "syncd", "--help") for _ in range(_REPEATS * 2)]
    bare = [python("-c", "import click") for _ in range(_REPEATS * 2)]
    show("", "`syncd --help`, beside `import click`", typical(usage), typical(bare))


def measure(folder: Path, documents: int) -> None:
    """Print three lines, each run beside its floor: a first run, nothing new, one new highlight."""
    bench = Bench(folder, documents)
    with served(bench.export) as url:
        (folder / "config.toml").write_text(_CONFIG.format(url=url))
        bench.first(url)
        bench.nothing_new(url)
        bench.one_new(url)


class Bench:
    """An export, a vault and a folder for the floor's pages, all in `folder`."""

    def __init__(self, folder: Path, documents: int) -> None:
        self.documents = documents
        self.export, self.pack = folder / "export", folder / "pack"
        self._pages, self._plain = folder / "vault" / "pages", folder / "floor"
        self._options = "--config", str(folder / "config.toml"), "sync", "--json"
        logseq = folder / "vault" / "logseq"
        for path in (self.export, self._pages, logseq, self._plain):
            path.mkdir(parents=True)
        (logseq / "config.edn").write_text("{:meta/version 1 :file/name-format :triple-lowbar}")
        for number, page in enumerate(library.pages(documents)):
            (self.export / f"{number * 50}.json").write_bytes(page)

    def first(self, url: str) -> None:
        """A first run, which writes all pages."""
        cost = self._sync()
        expect(cost, added=self.documents * library.HIGHLIGHTS)
        wrap(self._pages, state_of(self._pages), self.pack)
        show(self.documents, "first", cost, self._floor(url, "includeDeleted=true"))

    def nothing_new(self, url: str) -> None:
        """Runs that write nothing, and how many pages such a run opens."""
        before = state_of(self._pages)
        (self.export / "changes.json").write_bytes(library.nothing())
        wrap(self._pages, {}, self.pack)
        costs = [self._sync() for _ in range(_REPEATS)]
        expect(costs[0], added=0)
        assert state_of(self._pages) == before, "a run with nothing new wrote"
        watched = str(_HERE / "watched.py"), str(self._pages)
        opened = python(*watched, *self._options, errors=True).output.split()[-1].decode()
        least = [self._floor(url, "updatedAfter=now") for _ in range(_REPEATS)]
        run = f"nothing new, {opened} pages opened"
        show(self.documents, run, typical(costs), typical(least))

    def one_new(self, url: str) -> None:
        """Runs that each add one highlight to one page."""
        costs, least = [], []
        answer = (self.export / "0.json").read_bytes()
        for number in range(_REPEATS):
            before = state_of(self._pages)
            changes = library.addition(answer, library.HIGHLIGHTS + number)
            (self.export / "changes.json").write_bytes(changes)
            costs.append(self._sync())
            expect(costs[-1], added=1)
            after = state_of(self._pages)
            changed = {name: after[name] for name in after if before[name] != after[name]}
            wrap(self._pages, changed, self.pack)
            least.append(self._floor(url, "updatedAfter=now"))
        show(self.documents, "one new highlight", typical(costs), typical(least))

    def _sync(self) -> Cost:
        return python("-m", "syncd", *self._options)

    def _floor(self, url: str, query: str) -> Cost:
        return python(str(_HERE / "floor.py"), url, query, str(self.pack), str(self._plain))


def python(*arguments: str, errors: bool = False) -> Cost:
    """Run this Python in a process of its own; the costs are those that the system counts for it.

    Towards a process's peak Linux counts what its parent holds at the start: this one stays small.
    """
    environment = os.environ | {"READWISE_TOKEN": "bench"}
    start = perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=output,
            stderr=output if errors else None,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}:\n{said.decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1000, said)


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


def expect(cost: Cost, *, added: int) -> None:
    """Raise AssertionError where a run did something else than what is measured."""
    report = json.loads(cost.output)
    vault = report["vaults"][0]
    assert vault["highlights"]["added"] == added, report["message"]
    assert added > 1 or report["fetched"]["requests"] == 1, report["fetched"]


def state_of(pages: Path) -> dict[str, tuple[int, int]]:
    """The pages by name, with size and mtime (ns)."""
    return {
        entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(pages)
    }


def wrap(pages: Path, some: dict[str, tuple[int, int]], pack: Path) -> None:
    """Put some of the pages into the file `pack`, as floor.py wants them."""
    with pack.open("wb") as file:
        file.write(json.dumps([(name, size) for name, (size, _) in some.items()]).encode() + b"\n")
        for name in some:
            file.write((pages / name).read_bytes())


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of each cost."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        median(cost.peak for cost in costs),
    )


def show(documents: int | str, run: str, ours: Cost, floor: Cost) -> None:
    """Print one line of the table."""
    size = f"{documents:,}" if documents else ""
    print(
        f"| {size} | {run} | {ours.cpu:.2f} | {floor.cpu:.2f} | {ours.cpu / floor.cpu:.2f} |"
        f" {ours.wall:.2f} | {floor.wall:.2f} | {ours.peak:.0f} | {floor.peak:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
