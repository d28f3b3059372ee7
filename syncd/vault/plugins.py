"""Plugins of Obsidian and Logseq that bring the same highlights into a vault as syncd does.

Whether they are on is read from their settings on this disk; where these are and what they mean
is known from the sources of the plugins and of Logseq. The settings hold tokens: none is shown.
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
_LOGSEQS = (".logseq", ".var/app/com.logseq.Logseq/.logseq")  # in the home folder; by Flatpak
_HARM = (
    "it and syncd write the same highlights, which come twice, "
    "and each writes over the other's work"
)


class _Plugin(NamedTuple):
    """A plugin of Obsidian's."""

    name: str
    folder: str  # the setting that names the folder it writes into
    is_automatic: Callable[[_Settings], bool]  # whether it fetches by itself, by its settings
    way_out: str  # what its owner can do instead of turning it off


def _official_fetches(settings: _Settings) -> bool:
    by_itself = settings.get("triggerOnLoad", True) or _number(settings.get("frequency")) > 0
    return bool(settings.get("token")) and by_itself


def _mirror_fetches(settings: _Settings) -> bool:
    return bool(settings.get("apiToken")) and settings.get("autoSync", True)


def _community_fetches(settings: _Settings) -> bool:
    return bool(settings.get("syncOnBoot")) or _number(settings.get("autoSyncInterval")) > 0


_OBSIDIAN_PLUGINS = {
    "readwise-official": _Plugin(
        "Readwise Official",
        "readwiseDir",
        _official_fetches,
        "set its resync frequency to Manual and do not let it sync when Obsidian opens",
    ),
    "readwise-mirror": _Plugin(
        "Readwise Mirror",
        "baseFolderName",
        _mirror_fetches,
        "turn off its auto sync",
    ),
    "obsidian-readwise": _Plugin(
        "Readwise Community",
        "highlightStoragePath",
        _community_fetches,
        "turn off its sync on startup and its interval",
    ),
}


def other_plugins(root: Path, home: Path | None) -> Iterator[SyncdError]:
    """One finding for each plugin that is on and fetches by itself into the vault at `root`.

    Obsidian's plugins have their settings in the vault; Logseq's have them in `home`, the user's
    home folder, None where it is unknown. Settings that cannot be read are a finding too.
    """
    for id_, plugin in _OBSIDIAN_PLUGINS.items():
        try:
            yield from _in_obsidian(root / ".obsidian", id_, plugin)
        except SyncdError as error:
            yield _unknown(error, plugin.name, "Obsidian")
    if home is None or not _is(Path.is_dir, root / "logseq"):
        return
    for folder in _LOGSEQS:
        try:
            yield from _in_logseq(root, home / folder)
        except SyncdError as error:
            yield _unknown(error, "Readwise Official", "Logseq")


def _unknown(error: SyncdError, plugin: str, app: str) -> SyncdError:
    return SyncdError(f"{error.message}; if the plugin {plugin} is on in {app}, turn it off")


def _in_obsidian(app: Path, id_: str, plugin: _Plugin) -> Iterator[SyncdError]:
    file = app / "plugins" / id_ / "data.json"
    settings = _load_json(file, _Settings)
    if settings is None:
        return
    turned_on = _load_json(app / "community-plugins.json", list[Any]) or []
    if id_ in turned_on and plugin.is_automatic(settings):
        folder = settings.get(plugin.folder) or "Readwise"
        yield SyncdError(
            f"{file}: the plugin {plugin.name} is on and fetches into {folder} by itself: {_HARM}; "
            f"turn it off in Obsidian, or {plugin.way_out}"
        )


def _in_logseq(root: Path, app: Path) -> Iterator[SyncdError]:
    if not _is(Path.is_dir, app / "plugins" / _OFFICIAL):
        return
    file = app / "settings" / f"{_OFFICIAL}.json"
    settings = _load_json(file, _Settings)
    if settings is None or settings.get("disabled") or not settings.get("readwiseAccessToken"):
        return
    automatic = settings.get("isLoadAuto", True) or settings.get("frequency", "Never") != "Never"
    if automatic and _may_write_into(settings.get("currentGraph"), root):
        yield SyncdError(
            f"{file}: the plugin Readwise Official is on and fetches into this graph by itself: "
            f"{_HARM}; turn it off in Logseq, or set its resync frequency to Never "
            "and do not let it sync when Logseq opens"
        )


def _may_write_into(graph: object, root: Path) -> bool:
    """Whether the graph that the plugin was connected in is that at `root`.

    A plugin that was connected in no graph writes into any.
    """
    path = graph.get("path") if isinstance(graph, dict) else None
    try:
        return not isinstance(path, str) or Path(path).samefile(root)
    except (OSError, ValueError):
        return False


def _number(setting: object) -> int:
    """A number as JavaScript's parseInt reads it; 0 where it reads none."""
    found = re.match(r"\s*\d+", str(setting))
    return int(found[0]) if found else 0


def _load_json(file: Path, kind: type[_T]) -> _T | None:
    """The value in a JSON file; None where there is no such file.

    Raises SyncdError where it cannot be read, or holds something else than `kind`.
    """
    if not _is(Path.is_file, file):
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise SyncdError(f"{file}: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SyncdError(f"{file} is not the JSON that was expected") from error


def _is(test: Callable[[Path], bool], path: Path) -> bool:
    """Whether `test` holds for the path; it does not where a folder above is closed to us."""
    try:
        return test(path)
    except OSError:
        return False
