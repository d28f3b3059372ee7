"""Reads pages from a vault whose owner, editors and sync services write at the same time."""

from __future__ import annotations

import os
import stat
import time
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from syncd.errors import DocumentError
from syncd.page.blocks import Page, parse
from syncd.page.org import syntax_of

_YOUNG_NS = 2_000_000_000  # FAT's clock ticks every two seconds: a younger page may change unseen
_TRIES, _PAUSE_SECONDS = 6, 0.02


class Seen(NamedTuple):
    """What a page was when it was read or written.

    `digest` is a BLAKE2b of 16 bytes over its bytes.
    """

    mtime_ns: int
    size: int
    inode: int
    digest: bytes


class PageChanged(Exception):  # noqa: N818  # not a fault: the owner was faster
    """The page is not, or no longer, what was read: read it and plan again."""


def read_page(path: Path) -> tuple[bytes, Seen]:
    """The page's bytes, and what to compare it with before it is replaced.

    A page that changes meanwhile, or that was emptied a moment ago, is caught in an editor's save
    and read again. Raises FileNotFoundError where there is none, PageChanged where it never holds
    still, DocumentError where it cannot be read.
    """
    try:
        for _ in range(_TRIES):
            data, status, settled = _read(path)
            if settled:
                return data, seen_as(status, digest_of(data))
            time.sleep(_PAUSE_SECONDS)
    except FileNotFoundError:
        raise
    except OSError as error:
        message = f"{path}: {error.strerror}; let syncd read this page"
        raise DocumentError(message, code="page-unreadable") from error
    if not data and not status.st_size:
        return data, seen_as(status, digest_of(data))
    raise PageChanged(f"{path} changes while it is read")


def page_at(path: Path) -> tuple[Page, Seen]:
    """The page's blocks. Raises as read_page does."""
    data, seen = read_page(path)
    return parse(data.decode("utf-8", "surrogateescape"), syntax_of(path.name)), seen


def _read(path: Path) -> tuple[bytes, os.stat_result, bool]:
    """A page's bytes, its status after that, and whether these can be believed to be all."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before = os.fstat(descriptor)
        require_file(str(path), before)
        data = os.read(descriptor, before.st_size + 1)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    steady = (before.st_mtime_ns, len(data)) == (after.st_mtime_ns, after.st_size)
    return data, after, steady and (bool(data) or not is_young(after))


def is_young(status: os.stat_result) -> bool:
    """Whether a page was written so lately that what follows may have the same time."""
    return time.time_ns() - status.st_mtime_ns < _YOUNG_NS


def require_file(target: str, status: os.stat_result) -> None:
    """Raises DocumentError where something other than an ordinary file has the page's name."""
    if not stat.S_ISREG(status.st_mode):
        raise in_the_way(target, "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file")


def in_the_way(target: str, what: str) -> DocumentError:
    """The error that `what` (with its article) has the page's name."""
    return DocumentError(
        f"{target}: {what} stands where the page should; move it away", code="in-the-way"
    )


def digest_of(data: bytes) -> bytes:
    """What tells a page's bytes from any others."""
    return blake2b(data, digest_size=16).digest()


def seen_as(status: os.stat_result, digest: bytes) -> Seen:
    """`status` and `digest` as one value."""
    return Seen(status.st_mtime_ns, status.st_size, status.st_ino, digest)
