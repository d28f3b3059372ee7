"""Moments as templates show them, in the letters of PHP and Django: `Y-m-d`, `F j, Y`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)  # fmt: skip


class Moment(datetime):
    """A moment that shows itself as its day, as `shown` says it, unless a template asks for more."""

    shown: str

    def __str__(self) -> str:
        """The day."""
        return self.shown


def moment(
    text: str | datetime | None, zone: tzinfo, show: Callable[[date], str] = date.isoformat
) -> Moment | str:
    """The moment that an ISO 8601 text says (UTC where it names no zone), in `zone`.

    "" where it says none.
    """
    try:
        found = text if isinstance(text, datetime) else datetime.fromisoformat(text or "")
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        found = found.astimezone(zone)
    except (ValueError, OverflowError):
        return ""
    at = Moment.combine(found.date(), found.timetz())
    at.shown = show(found.date())
    return at


def format_date(value: object, letters: str = "F j, Y") -> str:
    r"""The moment `value` (a `Moment`, or ISO 8601) written by `letters`.

    A `\` takes the next one as it is.

    "" stays "", and what is no moment stays as it is.
    """
    found = value
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            return str(value)
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, datetime.min.time())
    if not isinstance(found, datetime):
        return str(value)
    at = found
    return re.sub(r"\\(.)|([A-Za-z])", lambda part: part[1] or _letter(part[2], at), letters)


def _letter(letter: str, at: datetime) -> str:
    return _LETTERS[letter](at) if letter in _LETTERS else letter


def _suffix(at: datetime) -> str:
    return "th" if at.day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(at.day % 10, "th")


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(at: datetime) -> int:
    return (31, 28 + _is_leap(at.year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[at.month - 1]


_LETTERS: dict[str, Callable[[datetime], str]] = {
    "d": lambda at: f"{at.day:02}",
    "j": lambda at: str(at.day),
    "D": lambda at: _DAYS[at.weekday()][:3],
    "l": lambda at: _DAYS[at.weekday()],
    "N": lambda at: str(at.isoweekday()),
    "S": _suffix,
    "w": lambda at: str(at.isoweekday() % 7),
    "z": lambda at: str(at.timetuple().tm_yday - 1),
    "W": lambda at: f"{at.isocalendar().week:02}",
    "F": lambda at: _MONTHS[at.month - 1],
    "m": lambda at: f"{at.month:02}",
    "M": lambda at: _MONTHS[at.month - 1][:3],
    "n": lambda at: str(at.month),
    "t": lambda at: str(_days_in_month(at)),
    "L": lambda at: str(int(_is_leap(at.year))),
    "o": lambda at: str(at.isocalendar().year),
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "g": lambda at: str(at.hour % 12 or 12),
    "G": lambda at: str(at.hour),
    "h": lambda at: f"{at.hour % 12 or 12:02}",
    "H": lambda at: f"{at.hour:02}",
    "i": lambda at: f"{at.minute:02}",
    "s": lambda at: f"{at.second:02}",
}
