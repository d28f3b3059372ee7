"""Loads templates: Readwise's own, which come with syncd, or those in a folder of the owner's."""

from __future__ import annotations

from pathlib import Path

from syncd.config.values import nearest
from syncd.errors import ConfigError
from syncd.templates.templated import NAMES, Source

_LARGEST = 65_536  # bytes of one template


def stock_folder(app: str) -> Path:
    """The folder of Readwise's own templates for an app ("logseq", "obsidian")."""
    return Path(__file__).with_name("stock") / app


def read_sources(folder: Path) -> dict[str, Source]:
    """The templates in a folder by their names. Raises ConfigError with the file and the fault."""
    files = _files(folder)
    allowed = ", ".join(f"{name}.j2" for name in NAMES)
    for name in files:
        if name not in NAMES:
            near = nearest(name, NAMES)
            hint = f"did you mean {near[0]}.j2?" if near else f"allowed: {allowed}"
            raise ConfigError(f"{folder / name}.j2: there is no such template; {hint}")
    if not files:
        raise ConfigError(f"{folder}: holds no template; put {allowed} there, or some of them")
    return {name: Source(str(path), _text(path)) for name, path in files.items()}


def _files(folder: Path) -> dict[str, Path]:
    try:
        return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix == ".j2"}
    except OSError as error:
        reason = 'name a folder with templates, or "readwise-default"'
        raise ConfigError(f"template: {folder}: {error.strerror}; {reason}") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{path}: is larger than {_LARGEST} bytes; no template needs to be")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save the file in that encoding") from None
