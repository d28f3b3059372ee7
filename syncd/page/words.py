"""Text as words to search by, alike however they were typed, in every script. Pure.

Words are folded: case, accents, vowel points, full width and invisible characters make no
difference. Where a script puts no blanks between words (Chinese, Japanese, Thai, …) each sign
makes a word with the one behind it, and the last one a word by itself: so any two signs in a row
are found. An emoji is a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import add
from typing import NamedTuple
from unicodedata import category, combining, digit, normalize

from syncd.regex import regex

# The scripts without blanks between words, as character ranges
_SIGNS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Khmer, Tai
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u30ff\u31f0-\u31ff"  # kana
    "\u3100-\u312f\u31a0-\u31bf"  # Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_RUN = regex(f"[{_SIGNS}]+")
_SEGMENT = regex(rf"[{_SIGNS}]+|[^\s{_SIGNS}]+")
_IN_WORD = rf"[^\s{_SIGNS}]"
# What was asked for: words in quotes, which stand together, and single ones
_ASKED = regex('["“”„«»]([^"“”„«»]+)["“”„«»]|([^\\s"“”„«»]+)')

_ALIKE = str.maketrans("łøđħıŧ", "lodhit")  # letters with a stroke are no letter with an accent
_TATWEEL = "\u0640"  # makes an Arabic word wider
_VARIANT = regex("[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
_OVERLAY, _POINTS, _ACCENTS = 1, range(10, 37), range(200, 256)  # combining classes


def _folded(char: str) -> str:
    """What a character is to a search: its letters, a blank, or nothing."""
    kind = category(char)
    if kind in ("Cf", "Me") or char == _TATWEEL or _VARIANT.match(char):
        return ""
    if kind in ("So", "Co", "Cn") and _plain(char) == char:
        return f" {char} "
    if kind == "Nd":
        return str(digit(char))
    parts = normalize("NFD", _plain(char).casefold().translate(_ALIKE))
    kept = (part if category(part)[0] in "LMN" else " " for part in parts if not _is_accent(part))
    return normalize("NFC", "".join(kept))


def _plain(char: str) -> str:
    """The character without its width, ring or ligature."""
    return normalize("NFKC", char)


def _is_accent(char: str) -> bool:
    """Whether it is a mark above or below a letter that means the same without it.

    An Indic or Thai vowel is not, nor what makes the kana か a が.
    """
    place = combining(char)
    return place == _OVERLAY or place in _POINTS or place in _ACCENTS


class _Folding(dict[int, str]):
    """The folded characters by their code points, as far as they were met."""

    def __missing__(self, code: int) -> str:
        self[code] = _folded(chr(code))
        return self[code]


_FOLDING = _Folding()


def folded(text: str) -> str:
    """The text's words, in their order, between blanks."""
    words = normalize("NFC", text).translate(_FOLDING)
    # voice marks, which stand behind kana of half width as a sign of their own
    return normalize("NFC", words) if "\u3099" in words or "\u309a" in words else words


def indexed(text: str) -> str:
    """The words under which a text is found, between blanks."""
    return _RUN.sub(_paired, folded(text)) if text else ""


def _paired(run: re.Match[str]) -> str:
    return f" {' '.join(_pairs(run[0]))} {run[0][-1]} "


def _pairs(signs: str) -> list[str]:
    return list(map(add, signs, signs[1:]))


class Term(NamedTuple):
    """What a text must say: segments that stand together, each a word or a row of signs.

    The last word may go on, unless it is `whole`.
    """

    segments: tuple[str, ...]
    whole: bool


def asked(query: str) -> list[Term]:
    """What a query asks for: each of its words, and what it has in quotes as it stands there."""
    found = []
    for quoted, word in _ASKED.findall(query):
        segments = tuple(_SEGMENT.findall(folded(quoted or word)))
        if segments:
            found.append(Term(segments, whole=bool(quoted)))
    return found


def expression(terms: Iterable[Term]) -> str:
    """The query in SQLite's FTS5 over texts that were `indexed`: all terms must be found."""
    return " AND ".join(map(_phrase, terms))


def _phrase(term: Term) -> str:
    *before, last = term.segments
    words = [word for segment in before for word in indexed(segment).split()]
    pairs = _pairs(last) if _RUN.match(last) else []
    words += pairs or [last]
    # one sign by itself is the beginning of a pair
    ends = pairs if _RUN.match(last) else term.whole
    return f'"{" ".join(words)}"{"" if ends else " *"}'


def matches(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Where a text says what was asked for: start and end of each place, none in another."""
    said, at = [], []
    for number, char in enumerate(text):
        for part in folded(char):
            said.append(part)
            at.append(number)
    one = "".join(said)
    places = (found.span() for term in terms for found in _pattern(term).finditer(one))
    merged: list[tuple[int, int]] = []
    for start, end in sorted((at[start], at[end - 1] + 1) for start, end in places):
        while end < len(text) and not folded(text[end]):
            end += 1  # marks of the last letter
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _pattern(term: Term) -> re.Pattern[str]:
    first, last = term.segments[0], term.segments[-1]
    start = "" if _RUN.match(first) else f"(?<!{_IN_WORD})"
    goes_on = f"(?!{_IN_WORD})" if term.whole else f"{_IN_WORD}*"
    end = "" if _RUN.match(last) else goes_on
    return re.compile(start + r"\s*".join(map(re.escape, term.segments)) + end)
