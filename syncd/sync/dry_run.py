"""Stands in for the writer in a dry run: shows each page's change as a diff, and writes nothing."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from syncd.vault.read import Seen, digest_of, read_page


class PageDiff(NamedTuple):
    """What would change on a page: its path in the vault, and the lines of a unified diff."""

    path: str
    is_new: bool
    lines: list[str]

    @property
    def counts(self) -> tuple[int, int]:
        """How many lines come, and how many go."""
        signs = Counter(line[:1] for line in self.lines[2:])
        return signs["+"], signs["-"]


class DryRunWriter:
    """Shows what would be written below `root`."""

    def __init__(self, root: Path, show: Callable[[PageDiff], None]) -> None:
        self._root = root
        self._show = show

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """Show the difference between the page at `path` (relative to the vault) and `data`."""
        old = read_page(self._root / path)[0] if seen is not None else b""
        lines = difflib.unified_diff(
            _lines(old),
            _lines(data),
            f"a/{path}" if seen is not None else "/dev/null",
            f"b/{path}",
            lineterm="",
        )
        self._show(PageDiff(str(path), seen is None, list(lines)))
        return Seen(0, len(data), 0, digest_of(data))

    def flush(self) -> None:
        """Nothing was written."""


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n") if data else []
