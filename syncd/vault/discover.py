"""Finds the vaults of this user.

In the lists that the apps keep, and in the folders where people put them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

_OBSIDIANS = (  # by a package, Flatpak, Snap, macOS
    ".config/obsidian/obsidian.json",
    ".var/app/md.obsidian.Obsidian/config/obsidian/obsidian.json",
    "snap/obsidian/current/.config/obsidian/obsidian.json",
    "Library/Application Support/obsidian/obsidian.json",
)
_LOGSEQ = "logseq_local_"
_USUAL = (
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
_MOST = 500  # entries of a folder that are looked at


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
    """The vaults of the user whose home folder this is, each once, those that an app knows first.

    Obsidian lists its vaults in obsidian.json, Logseq names a file in ~/.logseq/graphs after each
    graph's path. Besides, the usual folders and what is directly in them are looked at, and nothing
    deeper.
    """
    found: dict[Path, Path] = {}
    for folder in [*_listed_by_obsidian(home), *_listed_by_logseq(home), *_usual(home)]:
        if apps_of(folder):
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def _listed_by_obsidian(home: Path) -> Iterator[Path]:
    configured = os.environ.get("XDG_CONFIG_HOME")
    files = [Path(configured, "obsidian", "obsidian.json")] if configured else []
    for file in [*files, *(home / name for name in _OBSIDIANS)]:
        with suppress(OSError, msgspec.MsgspecError):
            listed = msgspec.json.decode(file.read_bytes(), type=dict[str, msgspec.Raw]).get(
                "vaults", b"{}"
            )
            for vault in msgspec.json.decode(listed, type=dict[str, dict[str, object]]).values():
                path = vault.get("path")
                if isinstance(path, str) and path.startswith("/"):
                    yield Path(path)


def _listed_by_logseq(home: Path) -> Iterator[Path]:
    for file in _entries(home / ".logseq" / "graphs"):
        if file.name.startswith(_LOGSEQ) and file.suffix == ".transit":
            yield Path(file.stem.removeprefix(_LOGSEQ).replace("+3A+", ":").replace("++", "/"))


def _usual(home: Path) -> Iterator[Path]:
    for name in _USUAL:
        folder = home / name
        yield folder
        yield from (entry for entry in _entries(folder) if not entry.name.startswith("."))


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in islice(entries, _MOST))
    except OSError:
        return []
