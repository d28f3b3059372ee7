# pathlib would double the price of a page, and a first run writes thousands
# ruff: noqa: PTH102, PTH104, PTH108, PTH110, PTH112, PTH116, PTH118, PTH120
"""Writes pages into the vault; nothing else in syncd does.

The owner edits, watches and syncs the same folder at the same time, and the power may go at any
moment. So a page is written whole to a temporary file beside it and then takes the page's place in
one step, and only if the page still is what was read. What stood there is looked at once more
before it goes: an editor may have saved in that instant.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.errors import DocumentError, SyncdError, VaultError
from syncd.regex import regex
from syncd.vault.read import (
    PageChanged,
    Seen,
    digest_of,
    in_the_way,
    read_page,
    require_file,
    seen_as,
)
from syncd.vault.swap import put_beside, take_place

__all__ = ["PageChanged", "Seen", "Writer", "check_space", "read_page", "sweep"]

# Apps and sync services ignore leading dots. A file that is being written, then one that is about
# to change places with a page: it says what it holds before that and after (digests, cut to 12
# digits).
_UNFINISHED = regex(r"\.syncd\.[0-9a-f]{12}\.(?:part|tmp)")  # tmp: by older versions
_READY = regex(r"\.syncd\.[0-9a-f]{12}\.([0-9a-f]{12})\.([0-9a-f]{12})\.tmp")
_DIGITS = 12
_ABANDONED_SECONDS = 60
_LEAST_FREE_BYTES, _LEAST_FREE_SHARE = 16 * 1024 * 1024, 0.01

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_VAULT_ERRORS = {
    errno.ENOSPC: ("disk-full", "free some space"),
    errno.EDQUOT: ("disk-full", "free some space or raise the quota"),
    errno.EROFS: ("vault-read-only", "mount it writable"),
}
_PAGE_ERRORS = {
    errno.EACCES: ("page-unwritable", "let syncd write there"),
    errno.EPERM: ("page-unwritable", "let syncd write there"),
    errno.EISDIR: ("in-the-way", "move that folder away"),
    errno.ENOTDIR: ("in-the-way", "move the file away that stands where a folder should"),
    errno.EEXIST: ("in-the-way", "move the file away that stands where a folder should"),
    errno.ELOOP: ("in-the-way", "repair the symbolic link"),
    errno.ENAMETOOLONG: ("name-too-long", "shorten the namespace or the vault's path"),
    errno.EIO: ("disk-error", "check the disk"),
}


class Writer:
    """Writes the pages of one run into the vault at `root`; VaultError where that is not there."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._identity = self._root_identity()
        self._folders: dict[str, str] = {}  # as asked for -> resolved, inside the vault, there
        self._unsynced: set[str] = set()

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """Makes `data` the page at `path` (absolute, or relative to the vault).

        Returns what stands there now. `seen` is what `data` was made from; None for a page that
        must not exist yet. Folders are made as needed, a symbolic link stays one, mode, owner and
        extended attributes are kept, equal bytes are not written. The page is durable after the
        next `flush`. Raises PageChanged, where nothing was written; DocumentError where this page
        cannot be written; VaultError where none can.
        """
        digest = digest_of(data)
        if seen is not None and seen.digest == digest:
            return seen
        target = os.path.join(self._root, path)
        with _explained(target):
            folder, name = os.path.split(target)
            try:
                real = f"{self._folder(folder)}/{name}"
                if seen is None:
                    return self._create(real, data, digest)
                return self._replace(real, data, digest, seen)
            except FileNotFoundError as error:
                self._folders.pop(folder, None)
                raise PageChanged(f"{path} or its folder is gone") from error

    def flush(self) -> None:
        """Makes what was written since the last flush survive a power cut. Raises VaultError."""
        for folder in self._unsynced:
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                gone = isinstance(error, FileNotFoundError) and os.path.isdir(
                    self._root
                )  # by its owner
                if not gone and error.errno not in _NO_FOLDER_SYNC:
                    message = f"{folder}: {error.strerror} while saving the folder; check the disk"
                    raise VaultError(message, code="disk-error") from error
        self._unsynced.clear()

    def _create(self, target: str, data: bytes, digest: bytes) -> Seen:
        with self._temporary(target, data, None, "") as (temporary, status):
            try:
                place_new(temporary, target)
            except FileExistsError as error:
                found = os.lstat(target)
                if stat.S_ISLNK(found.st_mode) and not os.path.exists(target):
                    raise in_the_way(target, "a symbolic link to nothing") from error
                require_file(target, found)
                raise PageChanged(f"{target} has been made meanwhile") from error
        return seen_as(status, digest)

    def _replace(self, target: str, data: bytes, digest: bytes, seen: Seen) -> Seen:
        old = os.lstat(target)
        if stat.S_ISLNK(old.st_mode):
            target = self._inside(os.path.realpath(target, strict=True))
            old = os.lstat(target)
        require_file(target, old)
        if not old.st_mode & 0o222:  # a rename needs no leave of the page itself
            raise DocumentError(
                f"{target}: the page is read-only; make it writable", code="page-unwritable"
            )
        says = f".{digest.hex()[:_DIGITS]}.{seen.digest.hex()[:_DIGITS]}"
        with self._temporary(target, data, old, says) as (temporary, status):
            if not take_place(temporary, target, seen.digest, digest):
                raise PageChanged(f"{target} has changed meanwhile")
        return seen_as(status, digest)

    @contextmanager
    def _temporary(
        self, target: str, data: bytes, old: os.stat_result | None, says: str
    ) -> Iterator[tuple[str, os.stat_result]]:
        """A durable file beside `target` with `data`, and with what the page `old` had besides.

        `says` is what its name says of its content, "" where no page takes its place.
        """
        folder = os.path.dirname(target)
        stem = f"{folder}/.syncd.{secrets.token_hex(6)}"
        temporary = f"{stem}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, 0o666 if old is None else old.st_mode & 0o777)
        try:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                status = os.fstat(descriptor)
                if old is not None:
                    _keep(descriptor, status, target, old)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if says:
                os.rename(temporary, f"{stem}{says}.tmp")
                temporary = f"{stem}{says}.tmp"
            self._unsynced.add(folder)
            yield temporary, status
        except BaseException:
            with suppress(OSError):
                if _is_known(temporary):
                    os.unlink(temporary)
            raise

    def _folder(self, folder: str) -> str:
        """`folder` without symbolic links, inside the vault, made if it is not there."""
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._made(self._inside(os.path.realpath(folder)))
        return known

    def _inside(self, real: str) -> str:
        if real != self._root and not real.startswith(self._root.rstrip("/") + "/"):
            way_out = "remove the symbolic link or `..` that leads there"
            message = f"{real} lies outside the vault {self._root}; {way_out}"
            raise DocumentError(message, code="outside-vault")
        return real

    def _made(self, real: str) -> str:
        if real == self._root:
            if self._root_identity() != self._identity:  # an empty mount point is no vault
                raise VaultError(
                    f"{real}: the vault was replaced meanwhile; run again", code="vault-missing"
                )
            return real
        if os.path.isdir(real):
            return real
        parent = self._made(os.path.dirname(real))
        with _explained(real):
            os.mkdir(real)
        self._unsynced.add(parent)
        return real

    def _root_identity(self) -> tuple[int, int]:
        try:
            status = os.stat(self._root)
        except OSError as error:
            message = f"{self._root}: the vault is missing; mount it or correct `path`"
            raise VaultError(message, code="vault-missing") from error
        return status.st_dev, status.st_ino


def sweep(files: Iterable[Path]) -> list[Path]:
    """Clear away the temporary files that killed runs left more than a minute ago.

    One that an editor saved while it changed places with its page becomes a conflict copy; returns
    these copies. Errors are left for the writer to tell.
    """
    copies: list[Path] = []
    before = time.time() - _ABANDONED_SECONDS
    for file in files:
        with suppress(OSError):
            if os.lstat(file).st_mtime >= before:
                continue
            if _is_known(file):
                os.unlink(file)
            else:
                copies.append(Path(put_beside(str(file), _page_of(file))))
    return copies


def is_temporary(name: str) -> bool:
    """Whether a file's name is that of a temporary file."""
    return bool(_UNFINISHED.fullmatch(name) or _READY.fullmatch(name))


def _is_known(temporary: str | Path) -> bool:
    """Whether a temporary file holds nothing but what syncd wrote, or what it read and replaced."""
    ready = _READY.fullmatch(Path(temporary).name)
    return ready is None or _digits(temporary) in ready.groups()


def _digits(file: str | Path) -> str:
    return digest_of(Path(file).read_bytes()).hex()[:_DIGITS]


def _page_of(temporary: Path) -> str:
    """The page with which a temporary file changed places; where it changed since, just a name."""
    ready = _READY.fullmatch(temporary.name)
    pages = temporary.parent.glob("[!.]*.*")
    written = (one for one in pages if ready and one.is_file() and _digits(one) == ready[1])
    return str(next(written, temporary.with_name("syncd.md")))


def check_space(root: Path) -> None:
    """Raises VaultError where the vault's disk is read-only, or has less than 16 MiB or 1% free."""
    try:
        disk = os.statvfs(root)
    except OSError as error:
        message = f"{root}: {error.strerror}; mount the vault or correct `path`"
        raise VaultError(message, code="vault-missing") from error
    if disk.f_flag & os.ST_RDONLY:
        raise VaultError(
            f"{root}: the disk is mounted read-only; mount it writable", code="vault-read-only"
        )
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if size and free < max(
        _LEAST_FREE_BYTES, size * _LEAST_FREE_SHARE
    ):  # some network disks tell no size
        way_out = "free some space (1%, and at least 16 MiB)"
        message = f"{root}: only {free // 2**20} MiB of the disk are free; {way_out}"
        raise VaultError(message, code="disk-full")


def place_new(temporary: str, target: str) -> None:
    """Gives the file `temporary` the name `target` in place of its own.

    FileExistsError where that is taken.
    """
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _reserve_and_rename(temporary, target)
    else:
        with suppress(OSError):  # the page stands; the next run sweeps
            os.unlink(temporary)


def _reserve_and_rename(temporary: str, target: str) -> None:
    """The same on a disk without hard links (FAT, some network disks).

    The name is taken first, then filled.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
    try:
        os.rename(temporary, target)
    except OSError:
        with suppress(OSError):
            os.unlink(target)
        raise


def _keep(descriptor: int, status: os.stat_result, target: str, old: os.stat_result) -> None:
    """Gives the new file the old one's owner, mode and extended attributes, as far as it may."""
    if (status.st_uid, status.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError:
            with suppress(OSError):
                os.fchown(descriptor, -1, old.st_gid)
    if stat.S_IMODE(status.st_mode) != stat.S_IMODE(old.st_mode):
        with suppress(OSError):
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
    if sys.platform == "linux":
        _keep_attributes(descriptor, target)


def _keep_attributes(descriptor: int, target: str) -> None:
    names: list[str] = []
    with suppress(OSError):  # there are disks without them
        names = os.listxattr(target)
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(target, name))
        except OSError as error:
            if error.errno in _VAULT_ERRORS:
                raise


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turns the system's errors about `path` into ours; a missing file passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _told(error, path) from error


def _told(error: OSError, path: str) -> SyncdError:
    if error.errno in _VAULT_ERRORS:
        code, way_out = _VAULT_ERRORS[error.errno]
        return VaultError(f"{path}: {error.strerror}; {way_out}", code=code)
    code, way_out = _PAGE_ERRORS.get(
        error.errno or 0, ("page-unwritable", "the next run tries again")
    )
    return DocumentError(f"{path}: {error.strerror}; {way_out}", code=code)
