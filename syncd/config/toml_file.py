"""Reads a TOML file. An error names the file, the line, the key and the nearest allowed word."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from syncd.config.values import nearest, value_of
from syncd.errors import ConfigError

Key = str | int  # a name, or a place in an array of tables


class TomlFile(msgspec.Struct, frozen=True):
    """A parsed file: its path as messages write it, its text, and its tables."""

    name: str
    text: str
    data: dict[str, Any]

    def error(self, keys: tuple[Key, ...], reason: str) -> ConfigError:
        """The error to raise about the value at `keys`; `reason` goes on after the key's name."""
        dotted = ".".join(key for key in keys if isinstance(key, str))
        return ConfigError(f"{self.name}:{line_of(self.text, keys)}: {dotted} {reason}")

    def fields(
        self,
        kind: type[msgspec.Struct],
        keys: tuple[Key, ...],
        table: Any,
        sections: Mapping[str, tuple[str, ...]],
    ) -> dict[str, Any]:
        """The values for the struct `kind` from the table at `keys`.

        `sections` has the keys of each section. Raises ConfigError about an unknown key, and about
        a value that the field's annotation does not admit.
        """
        if not isinstance(table, dict):
            raise self.error(keys, f"must be a section of its own, headed {_heading(str(keys[0]))}")
        kinds = get_type_hints(kind)
        known = sections[str(keys[0]) if keys else ""]
        values = {}
        for key, value in table.items():
            if key not in known:
                raise self.error((*keys, key), f"is unknown; {_suggestion(key, known, sections)}")
            try:
                values[key] = value_of(key, kinds[key], value, Path(self.name).absolute().parent)
            except ValueError as error:
                raise self.error((*keys, key), str(error)) from None
        return values


def read_toml(path: Path) -> TomlFile:
    """Read and parse `path`: UTF-8, with or without a byte order mark, any line ends.

    Raises ConfigError where the file is missing, unreadable, not UTF-8 or not TOML.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no configuration here; `syncd init` writes one"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
        return TomlFile(str(path), text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save the file in that encoding") from None
    except ValueError as error:
        raise ConfigError(_syntax(path, text, str(error))) from None


def line_of(text: str, keys: tuple[Key, ...]) -> int:
    """The number of the line, from 1, where the statement begins that sets the value at `keys`.

    `text` must be valid TOML that holds the value. The first lines of such a text are valid TOML
    themselves exactly where they end between two statements, so the parser alone finds the place,
    whatever the notation: tables, dotted or quoted keys, inline tables, strings of many lines.
    """
    lines = text.split("\n")

    def reached(count: int) -> bool:
        for end in range(count, len(lines)):
            try:
                return _holds(tomllib.loads("\n".join(lines[:end]) + "\n"), keys)
            except ValueError:
                continue
        return True

    return max(1, bisect_left(range(len(lines)), True, key=reached))


def _holds(data: Any, keys: tuple[Key, ...]) -> bool:
    try:
        for key in keys:
            data = data[key]
    except (LookupError, TypeError):
        return False
    return True


def _suggestion(key: str, known: tuple[str, ...], sections: Mapping[str, tuple[str, ...]]) -> str:
    for section, keys in sections.items():
        if key in keys:
            place = f"below {_heading(section)}" if section else "above the first section"
            return f"{key} stands {place}"
    if near := nearest(key, known):
        return f"did you mean {near[0]}?"
    return f"allowed: {', '.join(known)}"


def _heading(section: str) -> str:
    return "[[vault]]" if section == "vault" else f"[{section}]"


def _syntax(path: Path, text: str, message: str) -> str:
    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if found is None:
        return f"{path}: is not TOML: {message}"
    line = int(found[1] or text.rstrip().count("\n") + 1)
    hint = "; a text stands in quotes" if message.startswith("Invalid value") else ""
    return f"{path}:{line}: is not TOML: {message[: found.start()]}{hint}"
