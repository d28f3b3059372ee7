"""Keeps the signals that the service is sent, from its first moment on.

Imports next to nothing, so that it comes before everything that takes time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

ENDING = {signal.SIGTERM, signal.SIGINT}
received: set[int] = set()  # the numbers of those that were not obeyed yet


def catch_signals(wake: Callable[[], None] | None = None) -> None:
    """Note each signal of the service in `received`, and call `wake`, which must not wait.

    As long as there is no `wake`, nothing has begun yet, and SIGTERM and SIGINT end the process.
    """

    def note(number: int, _frame: FrameType | None) -> None:
        received.add(number)
        if wake is not None:
            wake()
        elif number in ENDING:
            os._exit(0)  # an exception may be swallowed by what is being imported

    for number in (*ENDING, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, note)


def end_within(seconds: float) -> None:
    """End the process that long after SIGTERM or SIGINT, even if the main thread hangs.

    The system call in which it may hang, as on a disk of a network that is gone, also keeps Python
    from calling the signal's handler.
    """
    import threading
    import time

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def watch() -> None:
        while not ENDING.intersection(os.read(reader, 512)):
            pass
        time.sleep(seconds)
        os._exit(0)  # what is written is whole, and nothing depends on how this ends

    threading.Thread(target=watch, daemon=True).start()
