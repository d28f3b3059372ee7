"""A stop event that tells a run which works, or waits, from one that hangs."""

from __future__ import annotations

import threading
import time

_SLICE = 0.5  # seconds


class Pulse(threading.Event):
    """Whoever looks at it, or waits for it, shows that it is alive.

    To be looked at by one worker only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.beaten = time.monotonic()

    @property
    def silence(self) -> float:
        """For how many seconds nobody has looked."""
        return time.monotonic() - self.beaten

    def is_set(self) -> bool:
        """See Event.is_set."""
        self.beaten = time.monotonic()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """See Event.wait: in slices, for a long wait is no hang."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                return False
            super().wait(left)
        return True
