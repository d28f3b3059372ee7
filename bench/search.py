"""Measures `syncd search` over an invented account, and prints a table in Markdown.

`search.py [DOCUMENTS]`, by default 10,000 of ten highlights each. Everything happens in a temporary
folder, which is removed.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import library

from syncd.page.words import asked
from syncd.readwise.decode import decode_page
from syncd.state import account, changes, search
from syncd.state.schema import open_db, transaction

_REPEATS = 9
# In a sixth of all highlights, half, all (as the beginning of a word), none; two words; a phrase
_QUERIES = (
    *("lighthouse", "the", "t", "nowhere", "茶馆", "boat dog", '"paint before the winter"'),
    "القهوة",
)


def main() -> None:
    """Measure the first search, one after a document changed, and several more."""
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        folder = Path(name)
        db = open_db(folder / "syncd.db")
        for page in library.pages(documents):
            with transaction(db):
                changes.note(db, account.absorb(db, decode_page(page).documents))
        print("| what | time ms | CPU ms |\n|---|--:|--:|")
        measure(folder, db, "the index", "nowhere", 1)
        size = (folder / "search.db").stat().st_size / 1e6
        changes.note(db, account.documents(db)[:1])
        measure(folder, db, "the index after a document changed", "nowhere", 1)
        for query in _QUERIES:
            measure(folder, db, f"`{query}`", query, _REPEATS)
        db.close()
    print(f"\nThe index has {size:.0f} MB.")


def measure(folder: Path, db: sqlite3.Connection, what: str, query: str, times: int) -> None:
    """Print what a search takes beside the start of the program."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = perf_counter(), process_time()
        with search.up_to_date(folder, db, lambda *_: None) as index:
            search.find(index, asked(query), 21, discarded=False)
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    print(f"| {what} | {median(walls) * 1000:.1f} | {median(cpus) * 1000:.1f} |")


if __name__ == "__main__":
    main()
