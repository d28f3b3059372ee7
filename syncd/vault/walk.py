"""Which files of a vault are pages, by their names alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_SKIPPED = {"logseq/bak", "logseq/.recycle", "logseq/version-files", "node_modules"}
PAGES = (".md", ".markdown", ".org")


def walk(root: Path, lost: dict[str, str]) -> Iterator[tuple[str, os.stat_result]]:
    """The vault's pages as (path in the vault, stat), hidden folders and the app's own left out.

    Files and folders (with a final `/`) that cannot be looked at go into `lost`, with the reason
    and the way out.
    """
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            with os.scandir(root / below) as entries:
                for entry in entries:
                    path = f"{below}{entry.name}"
                    if entry.name.startswith(".") or path in _SKIPPED:
                        continue
                    is_page = entry.name.endswith(PAGES)
                    if not is_page and not entry.is_dir(follow_symlinks=False):
                        continue
                    if not _is_text(entry.name):
                        lost[os.fsencode(path).decode("utf-8", "replace")] = (
                            "its name is not UTF-8; rename it"
                        )
                    elif not is_page:
                        folders.append(f"{path}/")
                    elif (stat := _stat(entry, path, lost)) is not None:
                        yield path, stat
        except FileNotFoundError:
            continue
        except OSError as error:
            lost[below] = unreadable(error)


def _stat(entry: os.DirEntry[str], path: str, lost: dict[str, str]) -> os.stat_result | None:
    try:
        return entry.stat() if entry.is_file() else None
    except OSError as error:
        lost[path] = unreadable(error)
        return None


def unreadable(error: OSError) -> str:
    """Why a file or folder could not be looked at, and the way out."""
    return f"{error.strerror}; let syncd's user read it"


def _is_text(name: str) -> bool:
    """Whether a file's name is UTF-8.

    The apps cannot open other ones, nor can the index hold them.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
