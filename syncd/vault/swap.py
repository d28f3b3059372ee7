# pathlib has none of this
# ruff: noqa: PTH104, PTH108, PTH122
"""A new file takes a page's place in one step, and nothing that is saved in that instant is lost.

Two ways of saving race with a rename. An editor that renames, too, may do so between our last look
and our own; so the two files change places, and what comes back is looked at. An editor that
truncates and writes may hold the old file open; so Linux is asked for a lease on it, which it
grants only while nobody can write into the file, and while we have it, whoever opens it to write
has to wait.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from syncd.vault.read import digest_of

_PATIENCE, _PAUSE = 2.0, 0.002  # seconds
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD, from Linux's headers
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


def take_place(new: str, page: str, was: bytes, now: bytes) -> bool:
    """Put the file `new` in the place of `page` if that still is what it was.

    `was` and `now` are the digests of the old page and of the new one. False where its owner has
    saved it meanwhile, or is about to: then the page is theirs. The name `new` is free afterwards,
    unless nothing was done. Raises OSError.
    """
    descriptor = os.open(page, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        leased = _lease(descriptor)
        if leased is False or _digest(descriptor) != was:
            return False
        if not exchange(new, page):
            os.rename(new, page)
            return True
        if os.lstat(new).st_ino == os.fstat(descriptor).st_ino and _is_left_alone(
            descriptor, leased, was
        ):
            with suppress(OSError):  # the page stands; the next run sweeps
                os.unlink(new)
            return True
        with suppress(FileNotFoundError):  # deleted in that instant
            exchange(new, page)
    finally:
        os.close(descriptor)  # who waits for the lease goes on now
    _put_away(new, page, now)
    return False


def _put_away(new: str, page: str, now: bytes) -> None:
    """Remove what has come back, if it is only ours; else its owner finds it beside the page."""
    descriptor = os.open(new, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        ours = _lease(descriptor) is not False and _digest(descriptor) == now
    finally:
        os.close(descriptor)
    if ours:
        os.unlink(new)
    else:
        put_beside(new, page)


def put_beside(file: str, page: str) -> str:
    """Make a file a conflict copy of a page, with the time in its name; returns its path."""
    stem, extension = os.path.splitext(page)
    copy = f"{stem} (conflicted copy {time.strftime('%Y-%m-%d %H%M%S')}){extension}"
    os.rename(file, copy)
    return copy


def exchange(one: str, other: str) -> bool:
    """Let two files change places; False where this system or disk cannot do it in one step.

    Raises OSError.
    """
    import ctypes

    rename = _renameat2()
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    error = ctypes.get_errno()
    if error in _CANNOT:
        return False
    raise OSError(error, os.strerror(error), one, None, other)


@lru_cache(maxsize=1)
def _renameat2() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    import ctypes

    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _digest(descriptor: int) -> bytes:
    return digest_of(os.pread(descriptor, os.fstat(descriptor).st_size + 1, 0))


def _lease(descriptor: int) -> bool | None:
    """Whether nobody writes into the file, and who begins to has to wait until we close it.

    Waits up to two seconds.

    None where the system or the disk has no leases, or grants none on another user's file.
    """
    if sys.platform != "linux":
        return None
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.fcntl(
                descriptor, fcntl.F_SETSIG, signal.SIGURG
            )  # tells of who waits; the default would kill us
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return None
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        else:
            return True


def _is_left_alone(descriptor: int, leased: bool | None, was: bytes) -> bool:
    """Whether nobody waits to write into the file; without a lease, whether nobody has."""
    if leased:
        return fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    return _digest(descriptor) == was
