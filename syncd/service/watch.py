"""Which vaults are watched, and how; and when one of them is to be looked at again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from syncd.config.settings import Vault
from syncd.errors import VaultError
from syncd.service.debounce import Debounce
from syncd.service.inotify import Watcher, identity_or_none, is_remote
from syncd.service.problem_log import Teller
from syncd.service.schedule import Every, Timetable

_HOURLY = timedelta(hours=1)  # lost events cost no more than this
_POLL = timedelta(seconds=30)


class Watch:
    """One vault under watch.

    Its job, `look` with the vault's name, is done when something changed, and hourly.

    `how` is "inotify", "poll", "off" or "away"; `wake` is called from another thread when events
    begin. The job's names in the timetable are `look` and `look-now`, each with a colon and the
    vault's name.
    """

    def __init__(
        self,
        vault: Vault,
        times: Timetable,
        look: Callable[[str], object],
        wake: Callable[[], None],
        teller: Teller,
    ) -> None:
        self.vault = vault
        self.debounce = Debounce()
        self._times, self._look, self._wake, self._teller = times, look, wake, teller
        self._watcher: Watcher | None = None
        self.how = "off"
        if vault.watch != "off":
            self._begin()

    def _begin(self) -> None:
        self._identity = identity_or_none(self.vault.path)
        self.how = "poll"
        if self.vault.watch == "auto" and not is_remote(self.vault.path):
            try:
                self._watcher = Watcher(self.vault.path.resolve(), self._touched)
                self.how = "inotify"
                self._teller.well(f"watch {self.vault.name}", f"{self.vault.name}: watched again")
            except VaultError as error:
                self.how = "poll" if error.code == "inotify-limit" else "away"
                self._teller.wrong(f"watch {self.vault.name}", error.message)
        rhythm = _POLL if self.how == "poll" else _HOURLY
        self._times.put(
            f"look:{self.vault.name}", Every(datetime.now(UTC), rhythm), self._look, self.vault.name
        )
        self.look_soon()

    def look_soon(self) -> None:
        """Compare the folder with the index now."""
        self._times.soon(f"look-now:{self.vault.name}", 0, self._look, self.vault.name)

    def check(self) -> None:
        """To be called every few seconds.

        Follow a folder that goes, comes back or is another one.
        """
        if self.how == "poll" or self.how == "off":
            return
        here = identity_or_none(self.vault.path)
        if here != self._identity or (self._watcher is not None and not self._watcher.is_well()):
            self._stop_watcher()
            self._begin()

    def look_when_quiet(self) -> None:
        """Where events came and ended: look."""
        if self.debounce.take(time.monotonic()):
            self.look_soon()

    def end(self) -> None:
        """No longer."""
        self._stop_watcher()
        self._times.drop(f"look:{self.vault.name}")
        self._times.drop(f"look-now:{self.vault.name}")

    def _stop_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    def _touched(self) -> None:
        if self.debounce.touch(time.monotonic()):
            self._wake()
