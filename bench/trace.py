"""Counts the modules that a run with one new tweet visits, and the moves between them.

An account with one thread is synced into a new graph, a tweet is added, and the second run is
traced. A move is a call or a return that leads from one module of syncd to another. With `-v` the
moves are printed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import syncd
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from tests.support.world import TOKEN, World, add_book, tweet

_PACKAGE = str(Path(syncd.__file__).parent) + "/"


class Trace:
    """The modules of syncd that were visited, and how often the work moved from one to another."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.moves: Counter[tuple[str, str]] = Counter()
        self._at = ""

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Called by Python at each call and return."""
        if event not in ("call", "return"):
            return
        file = frame.f_code.co_filename
        is_import = frame.f_code.co_name == "<module>"
        if is_import or not file.startswith(_PACKAGE) or "/sandbox/" in file:
            return
        module = file.removeprefix(_PACKAGE).removesuffix(".py")
        if event == "call":
            self.modules.add(module)
        if self._at and module != self._at:
            self.moves[self._at, module] += 1
        self._at = module


def main() -> None:
    """Trace one run and print the counts."""
    library = Library()
    with (
        tempfile.TemporaryDirectory(prefix="syncd-trace-") as folder,
        Sandbox(library, token=TOKEN) as sandbox,
    ):
        world = World(Path(folder), sandbox)
        book = add_book(library, "A thread", *(tweet(n, f"the tweet {n}") for n in range(20, 25)))
        world.sync()
        library.add_highlight(book, **tweet(25, "one more"))
        trace = Trace()
        sys.setprofile(trace)
        report = world.sync()
        sys.setprofile(None)
    added = report.vaults[0].highlights.added
    moves = sum(trace.moves.values())
    print(f"{added} added, {len(trace.modules)} modules visited, {moves} moves between them")
    if "-v" in sys.argv:
        for (one, other), count in trace.moves.most_common():
            print(f"{count:5} {one} -> {other}")


if __name__ == "__main__":
    main()
