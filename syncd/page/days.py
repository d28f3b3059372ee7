"""The name that Logseq and Obsidian give to a day, by the patterns of their settings. Pure.

Logseq's are those of Java (`yyyy_MM_dd`, `MMM do, yyyy`), Obsidian's those of moment.js
(`YYYY-MM-DD`). Names of months and weekdays are English, which Logseq has always and Obsidian by
default.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

# A pattern's letters, and the same for strftime; `-`: without leading zeros, `o`: an ordinal.
_JAVA = "yyyy=%Y yy=%y MMMM=%B MMM=%b MM=%m M=-%m dd=%d do=o%d d=-%d EEEE=%A EEE=%a EE=%a E=%a"
_MOMENT = (
    "YYYY=%Y YY=%y MMMM=%B MMM=%b MM=%m M=-%m DDDD=%j DDD=-%j DD=%d Do=o%d D=-%d "
    "dddd=%A ddd=%a GGGG=%G WW=%V W=-%V E=%u"
)


def logseq_day(pattern: str, day: date) -> str:
    """The day by a pattern of Logseq's. Raises ValueError where it has letters that are not known.

    >>> logseq_day("MMM do, yyyy", date(2024, 7, 1))
    'Jul 1st, 2024'
    """
    return _named(pattern, r"'([^']*)'", _JAVA, day)


def logseq_date(pattern: str, name: str) -> date | None:
    """The day that a name says by a pattern of Logseq's, in any case; None where it says none.

    >>> logseq_date("MMM do, yyyy", "jul 1st, 2024")
    datetime.date(2024, 7, 1)
    """
    try:
        plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", name, flags=re.IGNORECASE)
        return datetime.strptime(plain, _parsing(pattern)).replace(tzinfo=UTC).date()
    except (ValueError, re.error):  # the latter: a pattern that has a part twice
        return None


@lru_cache(maxsize=64)
def _parsing(pattern: str) -> str:
    """A pattern of Logseq's for strptime, which takes numbers with and without leading zeros."""
    known = dict(pair.split("=") for pair in _JAVA.split())
    parts = re.findall(r"'([^']*)'|([A-Za-z]+)|([^A-Za-z']+)", pattern)
    letters = re.compile("|".join(known))
    return "".join(
        letters.sub(lambda found: known[found[0]].lstrip("-o"), word)
        if word
        else (literal + other).replace("%", "%%")
        for literal, word, other in parts
    )


def obsidian_day(pattern: str, day: date) -> str:
    """The day by a pattern of Obsidian's.

    Raises ValueError where it has letters that are not known.

    >>> obsidian_day("YYYY/MM/[Week] W", date(2024, 7, 1))
    '2024/07/Week 27'
    """
    return _named(pattern, r"\[([^\[\]]*)\]", _MOMENT, day)


def _named(pattern: str, literal: str, letters: str, day: date) -> str:
    known = dict(pair.split("=") for pair in letters.split())

    def text(found: re.Match[str]) -> str:
        if found[2] is None:
            return found[1]
        if found[2] not in known:
            raise ValueError(
                f"the date pattern {pattern!r} has {found[2]!r}, which syncd does not know"
            )
        form = known[found[2]]
        said = day.strftime(form.lstrip("-o"))
        if form[0] == "%":
            return said
        return said.lstrip("0") + (_ending(day.day) if form[0] == "o" else "")

    return re.sub(rf"{literal}|({'|'.join(known)}|[A-Za-z]+)", text, pattern)


def _ending(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
