"""Keeps two runs from one vault or one state.

Locks that the kernel frees when their process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from syncd.errors import LockedError, Stopped
from syncd.progress import Progress, silent, tell_wait

_LOOK_SECONDS = 0.2


@contextmanager
def locked(
    folders: Iterable[Path],
    stop: Event,
    *,
    patience: float = 30.0,
    progress: Progress = silent,
) -> Iterator[None]:
    """Hold all of `folders` for the body.

    Missing folders, and disks without locks, are passed over.

    Raises LockedError where another process holds one for more than `patience` seconds, Stopped on
    `stop`.
    """
    until = time.monotonic() + patience
    held: list[int] = []
    try:
        for folder in sorted({folder.resolve() for folder in folders}):
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                held.append(descriptor)
                _take(descriptor, folder, until, stop, progress)
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def _take(descriptor: int, folder: Path, until: float, stop: Event, progress: Progress) -> None:
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise LockedError(
                    f"another syncd is at work in {folder}; wait for it, or stop it"
                ) from None
            if not is_told:
                whom = f"another syncd, at work in {folder}"
                tell_wait(progress, whom, until - time.monotonic())
                is_told = True
            if stop.wait(_LOOK_SECONDS):
                raise Stopped("stopped while waiting for another syncd") from None
        except OSError:
            return
        else:
            return
