"""Checks the values of the configuration: durations, paths, choices, time zones, addresses.

Each check takes what stands in the file and returns the value. It raises ValueError with a reason
that continues the key's name: "is empty".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from syncd.regex import regex

_DURATION = regex(
    r"""(?:(?P<days>\d{1,4})d)?   \s*
        (?:(?P<hours>\d{1,5})h)?  \s*
        (?:(?P<minutes>\d{1,7})m)? \s*
        (?:(?P<seconds>\d{1,8})s)?""",
    re.ASCII | re.VERBOSE,
)
_LONGEST = timedelta(days=1000)
_PLAIN = {
    bool: "true or false",
    int: "a number such as 123 or -123",
    date: "a date without quotes, such as 2024-12-31",
}
_CONTROL = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def value_of(key: str, kind: Any, value: object, folder: Path) -> Any:
    """The checked value of a struct's field `key`, which is annotated as `kind`.

    Relative paths start at `folder`.
    """
    if get_origin(kind) is tuple:
        (item_kind, _) = get_args(kind)
        return tuple(value_of(key, item_kind, item, folder) for item in _list(value, item_kind))
    for plain, description in _PLAIN.items():
        if plain in (kind, *get_args(kind)):
            if type(value) is not plain:  # True is an int to Python, and a datetime a date
                raise ValueError(f"must be {description}")
            return value
    return _value_of_text(key, kind, _text(value, kind), folder)


def _list(value: object, item_kind: Any) -> list[object]:
    if isinstance(value, list) and value:
        return value
    example = "numbers: [123, -456]" if item_kind is int else 'texts in quotes: ["one", "two"]'
    raise ValueError(f"must be a list of {example}")


def _text(value: object, kind: Any) -> str:
    if not isinstance(value, str):
        example = 'duration in quotes, such as "30m"' if kind is timedelta else "text in quotes"
        raise ValueError(f"must be a {example}")  # noqa: TRY004  # one kind of error for the caller
    if _CONTROL.search(value):
        raise ValueError("holds a line break or control character; remove it")
    return value


def _value_of_text(key: str, kind: Any, text: str, folder: Path) -> Any:
    if kind is timedelta:
        return parse_duration(text)
    if Path in (kind, *get_args(kind)):  # a path, or one of the words that stand beside it
        words = [word for part in get_args(kind) for word in get_args(part)]
        return text if text in words else _path(text, folder)
    if get_origin(kind) is Literal:
        return _choice(text, get_args(kind))
    return _CHECKS.get(key, str)(text)


def nearest(word: str, allowed: Iterable[str], count: int = 1) -> list[str]:
    """At most `count` words of `allowed` that look like `word`, the likest first; maybe none.

    Upper and lower case are alike.
    """
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in allowed}
    return [by_fold[fold] for fold in get_close_matches(word.casefold(), by_fold, count)]


def parse_duration(text: str) -> timedelta:
    """The length of a span such as "30m", "90s", "7d" or "1h30m".

    It takes whole days, hours, minutes and seconds, in this order.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    found = _DURATION.fullmatch(text.strip())
    counts = found.groupdict(default="0") if found else {}
    if found is None or not found[0]:
        raise ValueError(
            f'is "{text}", which is no duration; write one such as "30m", "1h30m" or "7d"'
        )
    span = timedelta(**{unit: int(count) for unit, count in counts.items()})
    if span > _LONGEST:
        raise ValueError(f'is longer than the longest, "{_LONGEST.days}d"')
    return span


def parse_zone(name: str) -> tzinfo:
    """The time zone with this name, such as "Europe/Berlin"."""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        near = nearest(name, available_timezones(), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else 'write one such as "Europe/Berlin"'
        raise ValueError(f'is "{name}", which is no known time zone; {hint}') from None


def parse_name(name: str) -> str:
    """A vault's name: it appears in messages, in --vault NAME and in file names."""
    name = name.strip()
    if not name:
        raise ValueError("is empty; give a name")
    if "/" in name or name in (".", ".."):
        raise ValueError(f'is "{name}"; a name holds no slash and is not only dots')
    return name


def _path(text: str, folder: Path) -> Path:
    if not text.strip():
        raise ValueError("is empty; give a path")
    if text.startswith("$"):
        raise ValueError(
            f'is "{text}", but variables are not expanded; write the path out, or begin it with ~'
        )
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise ValueError(
            f'is "{text}", but there is no such home folder; write the path out'
        ) from None


def _choice(text: str, allowed: tuple[str, ...]) -> str:
    if text in allowed:
        return text
    listed = f"allowed: {', '.join(allowed)}"
    near = nearest(text, allowed)
    raise ValueError(f'is "{text}"; ' + (f"did you mean {near[0]}? ({listed})" if near else listed))


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(
            f'takes five fields, not {len(fields)}: minute hour day month weekday, "*/30 * * * *"'
        )
    for field in fields:
        if not re.fullmatch(r"[\w*/,-]+", field, re.ASCII):
            raise ValueError(
                f'has the field "{field}", which cron does not know; write "*/30 * * * *", say'
            )
    return " ".join(fields)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or re.search(r"\s", text):
        raise ValueError(
            f'is "{text}"; it takes an http or https address such as "https://readwise.io"'
        )
    return text.rstrip("/")


def _namespace(text: str) -> str:
    levels = [level.strip() for level in text.strip().strip("/").split("/")]
    if any(
        not level or level.startswith(".") or re.search(r"[\\\[\]#|^]", level) for level in levels
    ):
        raise ValueError(
            f'is "{text}"; it takes page names joined by slashes, such as "Readwise/Highlights"'
        )
    return "/".join(levels)


def _filter(text: str) -> str:
    word = text.strip()
    if not word.lstrip("- "):
        raise ValueError(
            f'holds "{text}"; each text is a word to look for, or "-word" to leave out'
        )
    return word


_CHECKS: dict[str, Callable[[str], str]] = {
    "api_url": _url,
    "authors": _filter,
    "cron": _cron,
    "log_page": _namespace,
    "name": parse_name,
    "namespace": _namespace,
    "sources": _filter,
    "tags": _filter,
    "timezone": lambda text: text and str(parse_zone(text)),
}
