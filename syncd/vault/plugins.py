"""Other tools that bring the same highlights into a vault.

Plugins of the apps, as their settings on this disk tell.

What they keep where is read off the sources of the plugins and of Logseq. The settings hold tokens:
none is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from syncd.errors import SyncdError

_T = TypeVar("_T")
_Settings = dict[str, Any]
_OFFICIAL = "logseq-readwise-official-plugin"
_LOGSEQS = (
    ".logseq",
    ".var/app/com.logseq.Logseq/.logseq",
)  # below the home; the other is Flatpak's
_HARM = "it and syncd write the same highlights, which come twice, and each writes over the other's work"


class _Plugin(NamedTuple):
    """A plugin of Obsidian's.

    Its name, the setting of its folder, when it fetches by itself, and what stops that.
    """

    name: str
    folder: str
    is_automatic: Callable[[_Settings], bool]
    switches: str


_PLUGINS = {
    "readwise-official": _Plugin(
        "Readwise Official",
        "readwiseDir",
        lambda said: (
            bool(said.get("token"))
            and (said.get("triggerOnLoad", True) or _number(said.get("frequency")) > 0)
        ),
        "set its resync frequency to Manual and do not let it sync when Obsidian opens",
    ),
    "readwise-mirror": _Plugin(
        "Readwise Mirror",
        "baseFolderName",
        lambda said: bool(said.get("apiToken")) and said.get("autoSync", True),
        "turn off its auto sync",
    ),
    "obsidian-readwise": _Plugin(
        "Readwise Community",
        "highlightStoragePath",
        lambda said: bool(said.get("syncOnBoot")) or _number(said.get("autoSyncInterval")) > 0,
        "turn off its sync on startup and its interval",
    ),
}


def rivals(root: Path, home: Path | None) -> Iterator[SyncdError]:
    """The tools that are on and fetch by themselves into the vault at `root`; `home` is the user's.

    Obsidian's plugins have their settings in the vault, those of Logseq on the machine where it
    runs. What cannot be read is a finding too.
    """
    for id_, plugin in _PLUGINS.items():
        try:
            yield from _in_obsidian(root / ".obsidian", id_, plugin)
        except SyncdError as error:
            yield SyncdError(
                f"{error.message}; if the plugin {plugin.name} is on in Obsidian, turn it off"
            )
    if home is None or not _is(Path.is_dir, root / "logseq"):
        return
    for folder in _LOGSEQS:
        try:
            yield from _in_logseq(root, home / folder)
        except SyncdError as error:
            yield SyncdError(
                f"{error.message}; if the plugin Readwise Official is on in Logseq, turn it off"
            )


def _in_obsidian(app: Path, id_: str, plugin: _Plugin) -> Iterator[SyncdError]:
    file = app / "plugins" / id_ / "data.json"
    said = _read(file, _Settings)
    if said is None or id_ not in (_read(app / "community-plugins.json", list[Any]) or []):
        return
    if plugin.is_automatic(said):
        folder = said.get(plugin.folder) or "Readwise"
        yield SyncdError(
            f"{file}: the plugin {plugin.name} is on and fetches into {folder} by itself: {_HARM}; "
            f"turn it off in Obsidian, or {plugin.switches}"
        )


def _in_logseq(root: Path, app: Path) -> Iterator[SyncdError]:
    file = app / "settings" / f"{_OFFICIAL}.json"
    said = _read(file, _Settings) if _is(Path.is_dir, app / "plugins" / _OFFICIAL) else None
    if said is None or said.get("disabled") or not said.get("readwiseAccessToken"):
        return
    automatic = said.get("isLoadAuto", True) or said.get("frequency", "Never") != "Never"
    if automatic and _is_of(said.get("currentGraph"), root):
        yield SyncdError(
            f"{file}: the plugin Readwise Official is on and fetches into this graph by itself: {_HARM}; "
            "turn it off in Logseq, or set its resync frequency to Never and do not let it sync when Logseq opens"
        )


def _is_of(graph: object, root: Path) -> bool:
    """Whether the graph that the plugin was connected in is that at `root`.

    Connected in none it writes into any.
    """
    path = graph.get("path") if isinstance(graph, dict) else None
    try:
        return not isinstance(path, str) or Path(path).samefile(root)
    except (OSError, ValueError):
        return False


def _number(said: object) -> int:
    """A number as JavaScript's parseInt reads it; 0 where it reads none."""
    found = re.match(r"\s*\d+", str(said))
    return int(found[0]) if found else 0


def _read(file: Path, kind: type[_T]) -> _T | None:
    """What a file of JSON says; None where there is no such file.

    Raises SyncdError where it cannot be read.
    """
    if not _is(Path.is_file, file):
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise SyncdError(f"{file}: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SyncdError(f"{file} is not the JSON that was expected") from error


def _is(what: Callable[[Path], bool], path: Path) -> bool:
    """Whether the path is that; a folder that is closed to us says nothing of what is in it."""
    try:
        return what(path)
    except OSError:
        return False
