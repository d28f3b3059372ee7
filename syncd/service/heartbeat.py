"""A stop event that also shows whether the worker is alive: it looks at it again and again."""

from __future__ import annotations

import threading
import time

_SLICE = 0.5  # seconds


class Heartbeat(threading.Event):
    """An event of one worker, which shows that it is alive by asking for it or waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.last_beat = time.monotonic()

    @property
    def silence(self) -> float:
        """The seconds since the worker last looked."""
        return time.monotonic() - self.last_beat

    def is_set(self) -> bool:
        """See Event.is_set."""
        self.last_beat = time.monotonic()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """See Event.wait. It looks at the event twice a second, so that a wait is no silence."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                return False
            super().wait(left)
        return True
