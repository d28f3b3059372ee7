r"""Days and moments in the letters of three programs. Pure.

Logseq names days by patterns of Java's (`yyyy_MM_dd`), Obsidian by those of moment.js
(`YYYY-MM-DD`); templates show moments in the letters of PHP and Django (`Y-m-d`). Names of months
and weekdays are English: Logseq's always are, Obsidian's by default.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache


def _table(pairs: str) -> dict[str, str]:
    """A program's letters, and the same for strftime.

    `-` stands for "without leading zeros", `o` for an ordinal (1st, 2nd).
    """
    return dict(pair.split("=") for pair in pairs.split())


_JAVA = _table(
    "yyyy=%Y yy=%y MMMM=%B MMM=%b MM=%m M=-%m dd=%d do=o%d d=-%d EEEE=%A EEE=%a EE=%a E=%a"
)
_MOMENT_JS = _table(
    "YYYY=%Y YY=%y MMMM=%B MMM=%b MM=%m M=-%m DDDD=%j DDD=-%j DD=%d Do=o%d D=-%d "
    "dddd=%A ddd=%a GGGG=%G WW=%V W=-%V E=%u L=%m/%d/%Y"
)
_MOMENT_JS_COMPUTED: dict[str, Callable[[date], str]] = {
    "gggg": lambda day: str(_week(day)[0]),
    "ww": lambda day: f"{_week(day)[1]:02}",
    "w": lambda day: str(_week(day)[1]),
    "Q": lambda day: str((day.month + 2) // 3),
    "dd": lambda day: day.strftime("%a")[:2],
}
_PHP = _table(
    "d=%d j=-%d D=%a l=%A N=%u w=%w W=%V F=%B M=%b m=%m n=-%m o=%G y=%y "
    "g=-%I h=%I H=%H i=%M s=%S A=%p"
)
_PHP_COMPUTED: dict[str, Callable[[datetime], str]] = {  # what strftime has no letter for
    "S": lambda at: _ordinal_suffix(at.day),
    "z": lambda at: str(at.timetuple().tm_yday - 1),
    "t": lambda at: str(calendar.monthrange(at.year, at.month)[1]),
    "L": lambda at: str(int(calendar.isleap(at.year))),
    "Y": lambda at: f"{at.year:04}",
    "G": lambda at: str(at.hour),
    "a": lambda at: at.strftime("%p").lower(),
}


def _written(form: str, at: date) -> str:
    """A day or moment by one form of a table."""
    said = at.strftime(form.lstrip("-o"))
    if form.startswith("%"):
        return said
    return said.lstrip("0") + (_ordinal_suffix(at.day) if form.startswith("o") else "")


def _ordinal_suffix(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


# --- the names of days ----------------------------------------------------------------------------


def logseq_day(pattern: str, day: date) -> str:
    """The day by a pattern of Logseq's. Raises ValueError where it has letters that are not known.

    >>> logseq_day("MMM do, yyyy", date(2024, 7, 1))
    'Jul 1st, 2024'
    """
    return _day_name(pattern, r"'([^']*)'", _JAVA, day)


def obsidian_day(pattern: str, day: date) -> str:
    """The day by a pattern of Obsidian's.

    Raises ValueError where it has letters that are not known.

    >>> obsidian_day("YYYY/MM/[Week] W", date(2024, 7, 1))
    '2024/07/Week 27'
    """
    return _day_name(pattern, r"\[([^\[\]]*)\]", _MOMENT_JS, day, _MOMENT_JS_COMPUTED)


def _week(day: date) -> tuple[int, int]:
    """The year and the week of a day as in English: from Sunday; January 1st is in the first."""
    start = day - timedelta(days=(day.weekday() + 1) % 7)
    year = (start + timedelta(days=6)).year
    first = date(year, 1, 1)
    first -= timedelta(days=(first.weekday() + 1) % 7)
    return year, (start - first).days // 7 + 1


def _day_name(
    pattern: str,
    literal: str,
    table: dict[str, str],
    day: date,
    computed: Mapping[str, Callable[[date], str]] | None = None,
) -> str:
    """The day by a pattern, in which the regular expression `literal` finds text to keep.

    `computed` are the letters for which there is no form in the table.
    """
    letters = computed or {}
    known = "|".join(sorted((*table, *letters), key=len, reverse=True))

    def written(found: re.Match[str]) -> str:
        if found[2] is None:
            return found[1]
        if found[2] in letters:
            return letters[found[2]](day)
        if found[2] not in table:
            raise ValueError(
                f"the date pattern {pattern!r} has {found[2]!r}, which syncd does not know"
            )
        return _written(table[found[2]], day)

    return re.sub(rf"{literal}|({known}|[A-Za-z]+)", written, pattern)


def logseq_date(pattern: str, name: str) -> date | None:
    """The day that a name says by a pattern of Logseq's, in any case; None where it says none.

    >>> logseq_date("MMM do, yyyy", "jul 1st, 2024")
    datetime.date(2024, 7, 1)
    """
    try:
        plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", name, flags=re.IGNORECASE)
        return datetime.strptime(plain, _strptime_pattern(pattern)).replace(tzinfo=UTC).date()
    except (ValueError, re.error):  # the latter: a pattern that has a part twice
        return None


@lru_cache(maxsize=64)
def _strptime_pattern(pattern: str) -> str:
    """A pattern of Logseq's for strptime, which takes numbers with and without leading zeros."""
    letters = re.compile("|".join(_JAVA))
    written = ""
    for literal, word, other in re.findall(r"'([^']*)'|([A-Za-z]+)|([^A-Za-z']+)", pattern):
        written += letters.sub(lambda found: _JAVA[found[0]].lstrip("-o"), word)
        written += (literal + other).replace("%", "%%")
    return written


# --- moments --------------------------------------------------------------------------------------


class Moment(datetime):
    """A moment that shows itself as its day, written as in `shown`."""

    shown: str

    def __str__(self) -> str:
        """The day."""
        return self.shown


def local_time(text: str | datetime | None, zone: tzinfo) -> datetime | None:
    """The moment that an ISO 8601 text says (UTC where it names no zone), in `zone`.

    None where it says none.
    """
    try:
        found = text if isinstance(text, datetime) else datetime.fromisoformat(text or "")
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(zone)
    except (ValueError, OverflowError):
        return None


def moment(
    text: str | datetime | None, zone: tzinfo, show: Callable[[date], str] = date.isoformat
) -> Moment | str:
    """The moment that `text` says (see `local_time`), its day shown by `show`; "" for none."""
    found = local_time(text, zone)
    if found is None:
        return ""
    at = Moment.combine(found.date(), found.timetz())
    at.shown = show(found.date())
    return at


def format_date(value: object, letters: str = "F j, Y") -> str:
    r"""The moment `value` (a date, a datetime, or ISO 8601) written by PHP's `letters`.

    A letter behind `\` is kept as it is. What is no moment is returned as text.
    """
    at = _datetime_of(value)
    if at is None:
        return str(value)
    return re.sub(r"\\(.)|([A-Za-z])", lambda part: part[1] or _php_letter(part[2], at), letters)


def _datetime_of(value: object) -> datetime | None:
    """A date, a datetime or an ISO 8601 text as a datetime; None for anything else."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time.min) if isinstance(value, date) else None


def _php_letter(letter: str, at: datetime) -> str:
    if letter in _PHP:
        return _written(_PHP[letter], at)
    return _PHP_COMPUTED[letter](at) if letter in _PHP_COMPUTED else letter
