"""What a configured text means: durations, paths, words of a choice, time zones and the like.

Every check takes what stands in the file, gives the value, and raises ValueError with a reason that
goes on after the key's name: "is empty".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

_DURATION = re.compile(
    r"(?:(?P<days>\d{1,4})d)?\s*(?:(?P<hours>\d{1,5})h)?\s*(?:(?P<minutes>\d{1,7})m)?\s*(?:(?P<seconds>\d{1,8})s)?",
    re.ASCII,
)
_LONGEST = timedelta(days=1000)
_PLAIN = {
    bool: "true or false",
    int: "a number such as 123 or -123",
    date: "a date without quotes, such as 2024-12-31",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def value_of(key: str, kind: Any, value: object, folder: Path) -> Any:
    """The value of a struct's field `key`, annotated as `kind`.

    Relative paths start at `folder`.
    """
    if get_origin(kind) is tuple:
        (kind, _) = get_args(kind)
        if not isinstance(value, list) or not value:
            example = "numbers: [123, -456]" if kind is int else 'texts in quotes: ["one", "two"]'
            raise ValueError(f"must be a list of {example}")
        return tuple(value_of(key, kind, item, folder) for item in value)
    if plain := next((plain for plain in _PLAIN if plain in (kind, *get_args(kind))), None):
        if type(value) is not plain:  # a truth value is a number to Python, and a time a date
            raise ValueError(f"must be {_PLAIN[plain]}")
        return value
    if not isinstance(value, str):
        example = 'duration in quotes, such as "30m"' if kind is timedelta else "text in quotes"
        raise ValueError(f"must be a {example}")  # noqa: TRY004  # one kind of error for the caller
    if _CONTROL.search(value):
        raise ValueError("holds a line break or control character; remove it")
    if kind is timedelta:
        return duration(value)
    if Path in (kind, *get_args(kind)):
        words = [word for part in get_args(kind) for word in get_args(part)]
        return value if value in words else _path(value, folder)
    if get_origin(kind) is Literal:
        return _word(value, get_args(kind))
    return _CHECKS.get(key, str)(value)


def nearest(word: str, allowed: Iterable[str], count: int = 1) -> list[str]:
    """Those of `allowed`, at most `count`, that look most like `word`, whatever the case.

    Maybe none.
    """
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in allowed}
    return [by_fold[fold] for fold in get_close_matches(word.casefold(), by_fold, count)]


def duration(text: str) -> timedelta:
    """A span such as "30m", "90s", "7d" or "1h30m".

    Whole days, hours, minutes, seconds, in this order.

    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    found = _DURATION.fullmatch(text.strip())
    parts = (
        {unit: int(count) for unit, count in found.groupdict().items() if count} if found else {}
    )
    if not parts:
        raise ValueError(
            f'is "{text}", which is no duration; write one such as "30m", "1h30m" or "7d"'
        )
    span = timedelta(**parts)
    if span > _LONGEST:
        raise ValueError(f'is longer than the longest, "{_LONGEST.days}d"')
    return span


def check_zone(name: str) -> tzinfo:
    """The time zone of that name, such as "Europe/Berlin"."""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        near = nearest(name, available_timezones(), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else 'write one such as "Europe/Berlin"'
        raise ValueError(f'is "{name}", which is no known time zone; {hint}') from None


def check_name(name: str) -> str:
    """A vault's name; it appears in messages, in --vault NAME and in file names."""
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


def _word(text: str, allowed: tuple[str, ...]) -> str:
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
    "name": check_name,
    "namespace": _namespace,
    "sources": _filter,
    "tags": _filter,
    "timezone": lambda text: text and str(check_zone(text)),
}
