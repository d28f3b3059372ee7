"""Follows one vault: by inotify where that works, else by looking again from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from syncd.config.settings import Vault
from syncd.errors import VaultError
from syncd.service.debounce import Debounce
from syncd.service.inotify import FolderWatcher, identity_or_none, is_remote
from syncd.service.problem_log import ProblemLog
from syncd.service.schedule import Every, JobSchedule

_HOURLY = timedelta(hours=1)  # an edit whose event was lost is seen within this time
_POLL = timedelta(seconds=30)


class VaultWatch:
    """Has `look` called, in the worker, with the vault's name when something changed, and hourly.

    `how` is "inotify", "poll", "off" or "away". `wake` is called from another thread when a series
    of events begins. The jobs are named `look:<vault>` and `look-now:<vault>`.
    """

    def __init__(
        self,
        vault: Vault,
        jobs: JobSchedule,
        look: Callable[[str], object],
        wake: Callable[[], None],
        problems: ProblemLog,
    ) -> None:
        self.vault = vault
        self.debounce = Debounce()
        self._jobs, self._look, self._wake, self._problems = jobs, look, wake, problems
        self._watcher: FolderWatcher | None = None
        self.how = "off"
        if vault.watch != "off":
            self._begin()

    def _begin(self) -> None:
        self._identity = identity_or_none(self.vault.path)
        self.how = "poll"
        if self.vault.watch == "auto" and not is_remote(self.vault.path):
            try:
                self._watcher = FolderWatcher(self.vault.path.resolve(), self._touched)
                self.how = "inotify"
                self._problems.close(
                    f"watch {self.vault.name}", f"{self.vault.name}: watched again"
                )
            except VaultError as error:
                self.how = "poll" if error.code == "inotify-limit" else "away"
                self._problems.open(f"watch {self.vault.name}", error.message)
        interval = Every(datetime.now(UTC), _POLL if self.how == "poll" else _HOURLY)
        self._jobs.add(f"look:{self.vault.name}", interval, self._look, self.vault.name)
        self.look_soon()

    def look_soon(self) -> None:
        """Have the folder compared with the index as soon as the worker is free."""
        self._jobs.add_once(f"look-now:{self.vault.name}", 0, self._look, self.vault.name)

    def follow_folder(self) -> None:
        """Begin anew if the folder went, came back or was replaced. Call it every few seconds."""
        if self.how in ("poll", "off"):
            return
        here = identity_or_none(self.vault.path)
        if here != self._identity or (self._watcher is not None and not self._watcher.is_well()):
            self._stop_watcher()
            self._begin()

    def look_when_quiet(self) -> None:
        """Look at the folder if a series of events has come to an end."""
        if self.debounce.take(time.monotonic()):
            self.look_soon()

    def end(self) -> None:
        """Stop watching, and remove the jobs."""
        self._stop_watcher()
        self._jobs.remove(f"look:{self.vault.name}")
        self._jobs.remove(f"look-now:{self.vault.name}")

    def _stop_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    def _touched(self) -> None:
        if self.debounce.touch(time.monotonic()):
            self._wake()
