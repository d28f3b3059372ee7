"""Tells other processes whether the service runs, and how it is: a locked file in the state folder.

The kernel releases the lock when the process ends, however it ends. So a file that was left behind
is never taken for a running service.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from syncd.errors import LockedError, StateError

_NAME = "service.json"
_TRIES, _PAUSE = 10, 0.1  # `syncd status` holds the lock for a moment


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and when (UTC) that was last seen."""

    when: datetime
    message: str


class ServiceStatus(msgspec.Struct):
    """What the service says about itself. Times are UTC.

    `watching` has each vault's name and how its edits are noticed: "inotify", "poll", "off" or
    "away"; `unwatched` has why those are only polled that should not be. `problems` has what is
    wrong with a vault, by its name, or with the runs, by "".
    """

    pid: int
    started: datetime
    busy_since: datetime | None = None
    next_run: datetime | None = None
    stopped: datetime | None = None
    watching: dict[str, str] = {}
    unwatched: dict[str, str] = {}
    problems: dict[str, Problem] = {}


class StatusFile:
    """The service's side of the file, which it holds locked until `close`.

    Raises LockedError where another service does, and StateError.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _error(folder / _NAME, error) from error
        self._written = b""
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            else:
                return
        os.close(self._descriptor)
        raise LockedError(
            f"another `syncd run` uses {folder}; stop it first, or give this one its own state_dir"
        )

    def write(self, status: ServiceStatus) -> None:
        """Write the status, if it changed. A full disk does not end the service."""
        data = msgspec.json.encode(status) + b"\n"
        if data != self._written:
            with suppress(OSError):
                os.pwrite(self._descriptor, data, 0)
                os.ftruncate(self._descriptor, len(data))
                self._written = data

    def close(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


def read_service_status(folder: Path) -> tuple[ServiceStatus | None, bool]:
    """What the service last wrote, None where it never ran; and whether it runs now.

    Raises StateError.
    """
    try:
        with (folder / _NAME).open("rb") as file:
            status = msgspec.json.decode(file.readline(), type=ServiceStatus)
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return status, True
            return status, False
    except (FileNotFoundError, msgspec.MsgspecError):
        return None, False
    except OSError as error:
        raise _error(folder / _NAME, error) from error


def _error(path: Path, error: OSError) -> StateError:
    return StateError(
        f"{path}: {error.strerror}; the state is another user's, or its disk is full or failing"
    )
