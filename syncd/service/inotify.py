"""Notices changes in a vault by inotify, through watchdog.

An event says that something changed, no more: what did is found by comparing folder and index.
"""

from __future__ import annotations

import errno
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from syncd.errors import VaultError
from syncd.vault.scan import PAGES

# Not the events for opened and read files: the index itself reads pages.
_EVENTS: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent, FileClosedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]
# File systems that other machines change without an event here. A FUSE may be anything.
_REMOTE = set(
    "nfs nfs4 cifs smb3 smbfs 9p afs ceph glusterfs davfs virtiofs vboxsf".split()  # noqa: SIM905
)
_MOUNTS = Path("/proc/self/mountinfo")
_LIMITS = {
    errno.ENOSPC: "fs.inotify.max_user_watches",
    errno.EMFILE: "fs.inotify.max_user_instances",
}


class FolderWatcher:
    """Calls `changed`, in another thread, when a page or folder below `root` changes, until `stop`.

    Raises VaultError where the folder is not there or cannot be watched, with the code
    `inotify-limit` where a limit of the system is reached.
    """

    def __init__(self, root: Path, changed: Callable[[], None]) -> None:
        # watchdog warns about each folder that goes away while it is being added.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="watchdog")
        self._root = root
        try:
            self._identity = identity(root)
            self._observer = Observer()
        except OSError as error:
            raise _error(root, error) from error
        self._handler = _Handler(root, changed)
        try:
            self._observer.schedule(self._handler, str(root), recursive=True, event_filter=_EVENTS)
            self._observer.start()
            self._try_one_more()
        except OSError as error:
            self.stop()
            raise _error(root, error) from error

    def is_well(self) -> bool:
        """Whether it still watches the folder that is there now, and all folders that came since.

        A vault may be unmounted, moved away or replaced; the system's limit may be reached.
        """
        if self._handler.folder_came:
            self._handler.folder_came = False
            try:
                self._try_one_more()
            except OSError:
                return False
        alive = self._observer.is_alive() and all(
            emitter.is_alive() for emitter in self._observer.emitters
        )
        return alive and identity_or_none(self._root) == self._identity

    def _try_one_more(self) -> None:
        """Raises OSError where the limit of watches is reached.

        watchdog is silent about folders that it cannot watch for that reason.
        """
        self._observer.unschedule(self._observer.schedule(FileSystemEventHandler(), "/"))

    def stop(self) -> None:
        """End the thread: `changed` is not called any more."""
        self._observer.stop()
        if self._observer.is_alive():
            self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, root: Path, changed: Callable[[], None]) -> None:
        self._start = len(str(root).rstrip("/")) + 1
        self._changed = changed
        self.folder_came = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog."""
        if isinstance(event, DirCreatedEvent | DirMovedEvent):
            self.folder_came = True
        paths = (
            os.fsdecode(path)[self._start :] for path in (event.src_path, event.dest_path) if path
        )
        if any(concerns(path, folder=event.is_directory) for path in paths):
            self._changed()


def concerns(path: str, *, folder: bool) -> bool:
    """Whether a change at `path` (relative to the vault) may change the index.

    Hidden files and attachments do not.
    """
    return not any(part.startswith(".") for part in path.split("/")) and (
        folder or path.endswith(PAGES)
    )


def identity(root: Path) -> tuple[int, int]:
    """The folder's device and inode, which differ when another folder takes its place."""
    status = root.stat()
    return status.st_dev, status.st_ino


def identity_or_none(root: Path) -> tuple[int, int] | None:
    """The folder's `identity`; None where there is none, or it cannot be seen."""
    try:
        return identity(root)
    except OSError:
        return None


def is_remote(root: Path) -> bool:
    """Whether the folder is on a file system where other machines' changes send no events here."""
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
        place = root.resolve()
    except OSError:
        return False
    longest, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        if len(point) >= longest and place.is_relative_to(point):
            longest, kind = len(point), fields[fields.index("-") + 1]
    return kind in _REMOTE or kind.startswith("fuse")


def _error(root: Path, error: OSError) -> VaultError:
    if error.errno in _LIMITS:
        setting = _LIMITS[error.errno]
        value = Path("/proc/sys", setting.replace(".", "/"))
        limit = value.read_text().strip() if value.exists() else "?"
        return VaultError(
            f"{root} cannot be watched: {setting} ({limit}) is used up; raise it with "
            f"`sysctl {setting}=...` (fs.inotify.max_user_watches is one for each folder); "
            "until then edits are looked for from time to time",
            code="inotify-limit",
        )
    return VaultError(f"{root} cannot be watched: {error.strerror}", code="vault-missing")
