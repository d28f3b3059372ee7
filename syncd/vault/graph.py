"""The kind of a vault, and those settings of its app that say where its pages stand."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, TypeVar, cast

import msgspec

from syncd.errors import ConfigError, VaultError
from syncd.page.names import NameStyle
from syncd.vault.edn import parse_map, parse_strings

_T = TypeVar("_T")
_CONFIG = Path("logseq", "config.edn")


class Graph(NamedTuple):
    """A vault's format and, of a Logseq graph, its folders and Logseq's patterns for dates.

    Folders are paths in the vault; "" is the vault itself.
    """

    format: Literal["logseq", "obsidian"]
    pages: str = ""
    journals: str = ""
    name_style: NameStyle = "triple-lowbar"
    org: bool = False  # whether new pages are Org files
    journal_title_format: str = "yyyy-MM-dd"
    journal_file_format: str = "yyyy-MM-dd"
    hidden: tuple[str, ...] = ()  # what those paths begin with that Logseq does not read


def read_graph(root: Path, format: str = "auto") -> Graph:  # noqa: A002  # as its key
    """The vault at `root`; the format is that given or, where it is "auto", what the folder tells.

    Raises VaultError where the folder is missing, ConfigError where the format cannot be told or
    the graph's own `logseq/config.edn` cannot be understood: a guess would put pages where Logseq
    does not look.
    """
    try:
        if not root.is_dir():
            reason = "the vault is missing; mount or create the folder, or correct `path`"
            raise VaultError(f"{root}: {reason}", code="vault-missing")
        if format == "auto":
            format = _detected(root)  # noqa: A001
    except OSError as error:
        raise VaultError(f"{root}: {error.strerror}; let syncd read the folder") from error
    if format == "obsidian":
        return Graph("obsidian")
    if format == "logseq":
        return _logseq(root / _CONFIG)
    raise ConfigError(f'format = {format!r}: use "auto", "logseq" or "obsidian"')


def daily_notes(root: Path) -> tuple[str, str]:
    """The folder of the daily notes in the Obsidian vault `root`, and the pattern of their names.

    The plugin Periodic Notes, where it makes them, has settings of its own. Raises ConfigError
    where the settings cannot be understood.
    """
    app = root / ".obsidian"
    turned_on = _settings(app / "community-plugins.json", list[Any])
    found = _settings(app / "daily-notes.json", dict[str, Any])
    if turned_on and "periodic-notes" in turned_on:
        own = _settings(app / "plugins" / "periodic-notes" / "data.json", dict[str, Any]) or {}
        daily = own.get("daily")
        if isinstance(daily, dict) and daily.get("enabled"):
            found = daily
    found = found or {}
    return str(found.get("folder") or "").strip("/"), str(found.get("format") or "YYYY-MM-DD")


def _settings(settings: Path, kind: type[_T]) -> _T | None:
    """The value in a settings file of Obsidian's; None where there is no file."""
    try:
        return msgspec.json.decode(settings.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        way_out = "set the daily notes' folder in Obsidian again"
        raise ConfigError(f"{settings}: {reason}; {way_out}") from error


def _detected(root: Path) -> str:
    """The format that the apps' own folders tell. Raises ConfigError where they do not."""
    logseq, obsidian = (root / _CONFIG).is_file(), (root / ".obsidian").is_dir()
    if logseq and obsidian:
        found = "both logseq/config.edn and .obsidian stand there"
    elif not logseq and not obsidian:
        found = "neither logseq/config.edn nor .obsidian stands there"
    else:
        return "logseq" if logseq else "obsidian"
    way_out = 'set `format = "logseq"` or `format = "obsidian"` for this vault'
    raise ConfigError(f"{root}: {found}; {way_out}")


def _logseq(config: Path) -> Graph:
    """The graph's settings; where there is no file yet, those that Logseq gives a new graph."""
    try:
        text = config.read_text("utf-8-sig")
        settings, hidden = parse_map(text), parse_strings(text, ":hidden")
    except FileNotFoundError:
        settings, hidden = {":file/name-format": ":triple-lowbar"}, []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{config}: {reason}; repair the file in Logseq") from error

    def setting(key: str, default: str) -> str:
        value = settings.get(key, default)
        if value == "nil":
            return default
        if not value:
            raise ConfigError(f"{config}: {key} must be a text; correct it or remove the key")
        return value

    def folder(key: str, default: str) -> str:
        path = PurePosixPath(setting(key, default))
        if path.is_absolute() or ".." in path.parts:
            raise ConfigError(
                f"{config}: {key} = {str(path)!r} leaves the vault; name a folder inside it"
            )
        return "" if path == PurePosixPath() else str(path)

    style = setting(":file/name-format", ":legacy").removeprefix(":")
    if style not in ("triple-lowbar", "legacy"):
        raise ConfigError(
            f"{config}: :file/name-format {style!r} is not known; use :triple-lowbar or :legacy"
        )
    return Graph(
        format="logseq",
        pages=folder(":pages-directory", "pages"),
        journals=folder(":journals-directory", "journals"),
        name_style=cast("NameStyle", style),
        org=setting(":preferred-format", "Markdown").removeprefix(":").lower() == "org",
        journal_title_format=setting(":journal/page-title-format", "MMM do, yyyy"),
        journal_file_format=setting(":journal/file-name-format", "yyyy_MM_dd"),
        hidden=tuple(pattern.removeprefix("/") for pattern in hidden),
    )
