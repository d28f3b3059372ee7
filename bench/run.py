"""Measures syncd beside the least that a run can be, and prints a table in Markdown.

README.md says how to read it.

`run.py [DOCUMENTS ...]`, by default 2,000 and 10,000. Everything happens in a temporary folder,
which is removed.
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
    """What a process took.

    Seconds of CPU (user and system), seconds of time, MB of memory at its peak.
    """

    cpu: float
    wall: float
    peak: float
    output: bytes = b""


def main() -> None:
    """Measure every size, and the start."""
    sizes = [int(word) for word in sys.argv[1:]] or _SIZES
    print("| documents | run | CPU s | floor | ratio | time s | floor | peak MB | floor |")
    print("|--:|---|--:|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(
        prefix="syncd-bench-"
    ) as folder:  # ext4 is slow behind a large deletion
        for documents in sizes:
            measure(Path(folder, str(documents)), documents)
    usage = [python("-m", "syncd", "--help") for _ in range(_REPEATS * 2)]
    bare = [python("-c", "import click") for _ in range(_REPEATS * 2)]
    show("", "`syncd --help`, beside `import click`", typical(usage), typical(bare))


def measure(folder: Path, documents: int) -> None:
    """A first run, runs with nothing new, and runs with one new highlight, each beside its floor."""
    export, pages, pack = folder / "export", folder / "vault" / "pages", folder / "pack"
    plain = folder / "floor"
    for path in (export, pages, folder / "vault" / "logseq", plain):
        path.mkdir(parents=True)
    (folder / "vault" / "logseq" / "config.edn").write_text(
        "{:meta/version 1 :file/name-format :triple-lowbar}"
    )
    for number, page in enumerate(library.pages(documents)):
        (export / f"{number * 50}.json").write_bytes(page)
    with served(export) as url:
        (folder / "config.toml").write_text(_CONFIG.format(url=url))
        sync = "-m", "syncd", "--config", str(folder / "config.toml"), "sync", "--json"
        floor = str(_HERE / "floor.py"), url

        first = python(*sync)
        expect(first, added=documents * library.HIGHLIGHTS)
        before = state_of(pages)
        wrap(pages, before, pack)
        show(
            documents, "first", first, python(*floor, "includeDeleted=true", str(pack), str(plain))
        )

        (export / "changes.json").write_bytes(library.nothing())
        wrap(pages, {}, pack)
        idle = [python(*sync) for _ in range(_REPEATS)]
        expect(idle[0], added=0)
        assert state_of(pages) == before, "a run with nothing new wrote"
        opened = python(str(_HERE / "watched.py"), str(pages), *sync[2:], errors=True).output
        least = [python(*floor, "updatedAfter=now", str(pack), str(plain)) for _ in range(_REPEATS)]
        show(
            documents,
            f"nothing new, {opened.split()[-1].decode()} pages opened",
            typical(idle),
            typical(least),
        )

        added, least = [], []
        for number in range(_REPEATS):
            answer = library.addition((export / "0.json").read_bytes(), library.HIGHLIGHTS + number)
            (export / "changes.json").write_bytes(answer)
            added.append(python(*sync))
            expect(added[-1], added=1)
            before, after = state_of(pages), before
            wrap(
                pages, {name: before[name] for name in before if before[name] != after[name]}, pack
            )
            least.append(python(*floor, "updatedAfter=now", str(pack), str(plain)))
        show(documents, "one new highlight", typical(added), typical(least))


def python(*arguments: str, errors: bool = False) -> Cost:
    """Run this Python in a process of its own, and take its costs from the system's own account of it.

    Linux counts what the parent holds when it starts a process towards that process's peak: this one stays small.
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
    """Stop where a run did something else than what is measured."""
    report = json.loads(cost.output)
    vault = report["vaults"][0]
    assert vault["highlights"]["added"] == added, report["message"]
    assert added > 1 or report["fetched"]["requests"] == 1, report["fetched"]


def state_of(pages: Path) -> dict[str, tuple[int, int]]:
    """The pages with size and time."""
    return {
        entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(pages)
    }


def wrap(pages: Path, some: dict[str, tuple[int, int]], pack: Path) -> None:
    """Put some pages into one file, as floor.py wants them."""
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
    """One line of the table."""
    size = f"{documents:,}" if documents else ""
    print(
        f"| {size} | {run} | {ours.cpu:.2f} | {floor.cpu:.2f} | {ours.cpu / floor.cpu:.2f} |"
        f" {ours.wall:.2f} | {floor.wall:.2f} | {ours.peak:.0f} | {floor.peak:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
