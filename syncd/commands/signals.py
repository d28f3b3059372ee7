"""What SIGTERM and SIGINT do to a command that is at work."""

from __future__ import annotations

import _thread
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def stop_on_signal() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set: the page in hand is finished, and the work ends."""
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # The thread that this interrupts may hold the event's own lock, and would wait for itself.
        _thread.start_new_thread(stop.set, ())

    old = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
