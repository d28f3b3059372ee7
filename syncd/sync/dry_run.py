"""A dry run: shows what a run would do to each page as a diff, and writes nothing."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import ThrottledError
from syncd.progress import Progress, silent
from syncd.report import Report
from syncd.state import account
from syncd.sync.run import run
from syncd.sync.session import await_pause, client_of, copied, opened, unfinished_aside
from syncd.sync.vault_run import RunOptions
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


def rehearse(
    config: Config,
    options: RunOptions,
    stop: Event,
    show: Callable[[PageDiff], None],
    progress: Progress = silent,
) -> Report:
    """What `sync_once` would do, as diffs to `show`.

    Nothing is written into the vaults. What came from Readwise is kept, and is not asked for again.
    """
    with opened(config, stop, progress) as db, unfinished_aside(db) as work:
        await_pause(db, config)
        try:
            return run(
                work,
                config,
                client_of(config, stop, progress=progress),
                stop,
                options._replace(dry=True),
                writer=lambda root: DryRunWriter(root, show),
                progress=progress,
                aside=copied,
            )
        except ThrottledError as error:
            account.set_pause(db, config.readwise.api_url, error.until)
            raise


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
