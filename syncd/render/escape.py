"""Foreign text made inert for Logseq: it reads as its author wrote it, and can neither break a page nor run on it.

What Logseq's parser takes for a block, a property, a task, a date, a macro, a query or HTML gets a backslash, which it
does not show. Hashtags, `[[pages]]`, links, emphasis, lists, quotes, tables and code stay live. Balanced code and
addresses are not touched, and what already has its backslash gets no second one. `plain` text has no hashtag, page,
link or picture that is live either. All of it is linear in the text.
"""

from __future__ import annotations

import re
from functools import partial

from syncd.render.html import from_html, link_target
from syncd.render.syntax import CALM, LATEX, LIVE, PROPERTY, START, TASK, TASKS, TOKEN, verbatim

__all__ = [
    "clean",
    "from_html",
    "link_target",
    "logseq_lines",
    "logseq_name",
    "logseq_unescape",
    "logseq_value",
    "without_links",
]

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

# The one look that is enough for most texts. Each alternative begins with a literal: `re` then skips the rest quickly.
_CODES = (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0xFEFF)
_CARE = re.compile(
    "|".join(re.escape(chr(code)) for code in _CODES)
    + r"|`|\\|\$|<|\[|\{|_|\(\(|\]\(|::|@@|:(?<!(?i:http):)(?<!(?i:https):)//"
    + rf"|\n[ \t>*+\d.)]*(?:[-#:]|~~~)|\n[ \t>]*\d{{10}}|\n(?:{TASKS})\b"
)
_OPENED_IN_KEY = re.compile(r"(?<!\\)[`$]")  # which the backslash would stand in
_MARK = re.compile(r"[`$]|\\(?=[()])")  # of code and mathematics
_IN_NAME = str.maketrans({"[": "(", "]": ")", ",": " ", "，": " ", "\\": "＼"})


def clean(text: str) -> str:
    """`text` with line feeds for every kind of line break, and without what is no text in any file.

    NUL, the other control characters and byte order marks go, halves of surrogate pairs become U+FFFD; tabs and the
    marks of bidirectional text stay.
    """
    return _SURROGATES.sub("\ufffd", _NOT_TEXT.sub("", _BREAKS.sub("\n", text)))


def logseq_lines(text: str, *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent; `[""]` where there is none.

    The first line may follow a bullet, and the last one may be continued after a blank, except behind a code fence:
    then it starts with the fence's marks, and what follows needs a line of its own. `inline`: the first line will
    follow other words (`**Note**: …`), where no fence can open.
    """
    text = text.strip()
    if not plain and not _CARE.search("\n" + text) and not _SURROGATES.search(text):
        return text.split("\n")
    lines = from_html(clean(text)).strip().split("\n")
    kept = verbatim(lines, 1 if inline else 0)
    if plain:
        lines = [line if at in kept else without_links(line) for at, line in enumerate(lines)]
    latex = False
    for at, line in enumerate(lines):
        if at not in kept:
            lines[at] = _line(line, first=at == 0, latex=latex, plain=plain)
            latex = latex or bool(LATEX.search(lines[at]))
    return lines


def without_links(line: str, live: re.Pattern[str] = LIVE) -> str:
    """A line with a backslash before what `live` finds, all but what it is to keep: its links are plain text."""
    return live.sub(lambda found: found[0] if found["keep"] else "\\" + found[0], line)


def _line(line: str, *, first: bool, latex: bool = False, plain: bool = False) -> str:
    """A line made inert; `latex`: LaTeX may have begun above, and goes on over lines."""
    found = START.match(line) or (TASK.match(line) if first else None)
    at = found.end() if found else 0
    start = f"{line[:at]}\\" if found else ""
    rest = line[at:]
    if "::" in rest and (key := PROPERTY.match(rest)):
        # The parser sees a property before it sees code.
        words = _OPENED_IN_KEY.sub(r"\\\g<0>", key[0])
        rest = (without_links(words) if plain else words) + "\\" + rest[key.end() :]
    return start + _inline(rest, 0 if latex else _calm(line[:at] + rest) - at, plain=plain)


def _calm(line: str) -> int:
    found = CALM.match(line)
    return found.end() if found else 0


def _inline(text: str, calm: int = 0, *, plain: bool = False) -> str:
    """Text made inert; `calm`: up to where nothing takes a mark of code or mathematics for its own."""
    if _MARK.search(text):
        without = partial(_without_span, calm=calm, plain=plain)
        while (fewer := TOKEN.sub(without, text)) != text:
            text = fewer
    return TOKEN.sub(_escaped, text)


def _without_span(found: re.Match[str], calm: int, *, plain: bool) -> str:
    """Code or mathematics behind other marks is text, unless it could also stand there as text."""
    token = found[0]
    if found.lastgroup != "span" or found.start() < calm:
        return token
    words = _MARK.sub(r"\\\g<0>", token)
    text = without_links(words) if plain else words
    return token if _inline(text) == words else text


def _escaped(found: re.Match[str]) -> str:
    token = found[0]
    match found.lastgroup:
        case "each":
            return _before_each(token)
        case "rest":
            return token[0] + _before_each(token[1:])
        case "twin":
            return token[:2] + _before_each(token[2:])
        case "before":
            return "\\" + token
        case "after":
            return token + "\\"
    return token


def _before_each(marks: str) -> str:
    return "".join(f"\\{mark}" for mark in marks)


def logseq_unescape(lines: list[str]) -> str:
    """The text behind a block's content lines: what `logseq_lines` was given, once it is clean Markdown.

    A backslash that the text itself had before a mark is taken for one of ours.
    """
    kept = verbatim(lines)
    text = "\n".join(line if at in kept else TOKEN.sub(_shown, line) for at, line in enumerate(lines))
    return re.sub(rf"\A\\(?=(?:{TASKS})(?:\s|$))", "", text)


def _shown(found: re.Match[str]) -> str:
    token = found[0]
    if found["twin"]:
        return token[1:]
    return token[1] if found["keep"] and len(token) == 2 and token[0] == "\\" else token


def logseq_name(text: str) -> str:
    """`text` as the name of a page in `[[…]]` and `#[[…]]`: one line, may be empty.

    Square brackets become round ones, commas blanks (`tags::` splits at them), and a backslash a wide one; so does the
    colon of an address, which would be a link instead.
    """
    return " ".join(clean(text).translate(_IN_NAME).replace("://", "：//").split())


def logseq_value(text: str, *, plain: bool = False) -> str:
    r"""`text` as the value of a page property: one line, `#` written as `\#`, macros and references inert."""
    line = " ".join(clean(text).split())
    text = without_links(line) if plain else line
    return re.sub(r"(?<!\\)#", r"\\#", _inline(text, _calm(text), plain=plain))
