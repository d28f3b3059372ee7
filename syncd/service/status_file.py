"""Says to other processes that the service runs, and how it stands.

A locked file in the state folder.

The kernel frees the lock when the process ends, however it ends, so a file left behind deceives
nobody.
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
_TRIES, _PAUSE = 10, 0.1  # `status` holds the lock for a moment


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong, and when (UTC) it last showed."""

    when: datetime
    message: str


class Sign(msgspec.Struct):
    """How the service stands; times are UTC. `watching`.

    Each vault's name, and how its edits are noticed.

    `trouble`: what is wrong with a vault (its name) or with the runs ("").
    """

    pid: int
    started: datetime
    busy_since: datetime | None = None
    next_run: datetime | None = None
    stopped: datetime | None = None
    watching: dict[str, str] = {}
    trouble: dict[str, Trouble] = {}


class Beacon:
    """The service's own side: holds the lock from the beginning to `close`.

    Raises LockedError, StateError.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _error(folder / _NAME, error) from error
        self._shown = b""
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

    def show(self, sign: Sign) -> None:
        """Write it down, in one go; nothing where it is there already.

        A full disk does not end the service.
        """
        data = msgspec.json.encode(sign) + b"\n"
        if data != self._shown:
            with suppress(OSError):
                os.pwrite(self._descriptor, data, 0)
                os.ftruncate(self._descriptor, len(data))
                self._shown = data

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self._descriptor)


def read_sign(folder: Path) -> tuple[Sign | None, bool]:
    """The last that the service said, None where it never ran; and whether it runs now.

    Raises StateError.
    """
    try:
        with (folder / _NAME).open("rb") as file:
            sign = msgspec.json.decode(file.readline(), type=Sign)
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return sign, True
            return sign, False
    except (FileNotFoundError, msgspec.MsgspecError):
        return None, False
    except OSError as error:
        raise _error(folder / _NAME, error) from error


def _error(path: Path, error: OSError) -> StateError:
    return StateError(
        f"{path}: {error.strerror}; the state is another user's, or its disk is full or failing"
    )
