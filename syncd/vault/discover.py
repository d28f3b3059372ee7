"""Finds this user's vaults: in the lists that the apps keep, and in the usual folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

_OBSIDIAN_LISTS = (  # as installed by a package, Flatpak, Snap; on macOS
    ".config/obsidian/obsidian.json",
    ".var/app/md.obsidian.Obsidian/config/obsidian/obsidian.json",
    "snap/obsidian/current/.config/obsidian/obsidian.json",
    "Library/Application Support/obsidian/obsidian.json",
)
_LOGSEQ_PREFIX = "logseq_local_"
_USUAL_FOLDERS = (
    "",
    "Documents",
    "notes",
    "Notes",
    "vaults",
    "Obsidian",
    "Logseq",
    "Documents/Obsidian",
    "Documents/Logseq",
)
_MOST_ENTRIES = 500  # of a folder; the others are not looked at


class _ObsidianList(msgspec.Struct):
    """What is needed of obsidian.json: the vaults, by an id of Obsidian's."""

    vaults: dict[str, dict[str, object]] = {}


def apps_of(folder: Path) -> list[str]:
    """Which apps made the folder a vault: "logseq", "obsidian", both or none."""
    found = []
    with suppress(OSError):
        if (folder / "logseq" / "config.edn").is_file():
            found.append("logseq")
        if (folder / ".obsidian").is_dir():
            found.append("obsidian")
    return found


def find_vaults(home: Path) -> list[Path]:
    """The vaults of the user whose home folder is `home`, each once; those that an app lists first.

    Obsidian lists its vaults in obsidian.json; Logseq names a file in ~/.logseq/graphs after each
    graph's path. Of other folders only the usual ones and those directly in them are looked at.
    """
    found: dict[Path, Path] = {}
    for folder in [*_listed_by_obsidian(home), *_listed_by_logseq(home), *_in_usual_folders(home)]:
        if apps_of(folder):
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def _listed_by_obsidian(home: Path) -> Iterator[Path]:
    configured = os.environ.get("XDG_CONFIG_HOME")
    files = [Path(configured, "obsidian", "obsidian.json")] if configured else []
    for file in [*files, *(home / name for name in _OBSIDIAN_LISTS)]:
        with suppress(OSError, msgspec.MsgspecError):
            known = msgspec.json.decode(file.read_bytes(), type=_ObsidianList)
            for vault in known.vaults.values():
                path = vault.get("path")
                if isinstance(path, str) and path.startswith("/"):
                    yield Path(path)


def _listed_by_logseq(home: Path) -> Iterator[Path]:
    for file in _entries(home / ".logseq" / "graphs"):
        if file.name.startswith(_LOGSEQ_PREFIX) and file.suffix == ".transit":
            name = file.stem.removeprefix(_LOGSEQ_PREFIX)
            yield Path(name.replace("+3A+", ":").replace("++", "/"))


def _in_usual_folders(home: Path) -> Iterator[Path]:
    for name in _USUAL_FOLDERS:
        folder = home / name
        yield folder
        yield from (entry for entry in _entries(folder) if not entry.name.startswith("."))


def _entries(folder: Path) -> list[Path]:
    """The first entries of the folder, sorted; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in islice(entries, _MOST_ENTRIES))
    except OSError:
        return []
