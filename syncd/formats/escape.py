"""Foreign text made inert for Logseq.

It reads as its author wrote it, and can neither break a page nor run on it.

What Logseq's parser takes for a block, a property, a task, a date, a macro, a query or HTML gets a
backslash, which it does not show. Hashtags, `[[pages]]`, links, emphasis, lists, quotes, tables and
code stay live. Balanced code and addresses are not touched, and what already has its backslash gets
no second one. `plain` text has no hashtag, page, link or picture that is live either. All of it is
linear in the text.
"""

from __future__ import annotations

import re

from syncd.formats.html import from_html, link_target
from syncd.formats.syntax import (
    CALM,
    CALM_PLAIN,
    LATEX,
    PLAIN,
    PROPERTY,
    START,
    TASK,
    TASKS,
    TOKEN,
    verbatim,
)

__all__ = [
    "before_marks",
    "clean",
    "from_html",
    "link_target",
    "logseq_lines",
    "logseq_name",
    "logseq_unescape",
    "logseq_value",
]

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

# The one look that is enough for most texts. Each alternative begins with a literal: `re` then
# skips the rest quickly.
_CODES = (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0xFEFF)
_CARE = re.compile(
    "|".join(re.escape(chr(code)) for code in _CODES)
    + r"|`|\\|\$|<|\[|\{|_|\(\(|\]\(|::|@@|:(?<!(?i:http):)(?<!(?i:https):)//"
    + rf"|\n[ \t>*+\d.)]*(?:[-#:]|~~~)|\n[ \t>]*\d{{10}}|\n(?:{TASKS})\b"
)
_OPENED_IN_KEY = re.compile(r"(?<!\\)[`$]")  # which the backslash would stand in
_MARK = re.compile(r"`+|\$+|\\(?=[()])")  # of code and mathematics
_IN_NAME = str.maketrans({"[": "(", "]": ")", ",": " ", "，": " ", "\\": "＼"})


def clean(text: str) -> str:
    """`text` with line feeds for every kind of line break, and without what is no text in any file.

    NUL, the other control characters and byte order marks go, halves of surrogate pairs become
    U+FFFD; tabs and the marks of bidirectional text stay.
    """
    return _SURROGATES.sub("\ufffd", _NOT_TEXT.sub("", _BREAKS.sub("\n", text)))


def logseq_lines(text: str, *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent.

    `[""]` where there is none.

    The first line may follow a bullet, and the last one may be continued after a blank, except
    behind a code fence: then it starts with the fence's marks, and what follows needs a line of its
    own. `inline`: the first line will follow other words (`**Note**: …`), where no fence can open.
    """
    text = text.strip()
    if not plain and not _CARE.search("\n" + text) and not _SURROGATES.search(text):
        return text.split("\n")
    lines = from_html(clean(text)).strip().split("\n")
    kept = verbatim(lines, 1 if inline else 0)
    latex = False
    for at, line in enumerate(lines):
        if at not in kept:
            lines[at] = _line(line, first=at == 0, latex=latex, plain=plain)
            latex = latex or bool(LATEX.search(lines[at]))
    return lines


def _line(line: str, *, first: bool, latex: bool = False, plain: bool = False) -> str:
    """A line made inert; `latex`: LaTeX may have begun above, and goes on over lines."""
    at = 0
    if found := START.match(line) or (TASK.match(line) if first else None):
        at = found.end()
        line = f"{line[:at]}\\{line[at:]}"
    if "::" in line and (key := PROPERTY.match(line, at)):
        # The parser sees a property before it sees code.
        line = line[:at] + _OPENED_IN_KEY.sub(r"\\\g<0>", key[0]) + "\\" + line[key.end() :]
    return _inline(line, latex=latex, plain=plain)


def _inline(text: str, *, latex: bool, plain: bool) -> str:
    """Text made inert; `latex` as in `_line`.

    Behind what may take a mark of code or mathematics for its own, such a span becomes text, unless
    what it holds would be inert as text.
    """
    tokens, words = (PLAIN, CALM_PLAIN) if plain else (TOKEN, CALM)
    if not _MARK.search(text):
        return tokens.sub(before_marks, text)
    calm = 0 if latex or not (found := words.match(text)) else found.end()
    parts, at, closing = [], 0, set()
    while found := tokens.search(text, at):
        parts.append(text[at : found.start()])
        token, at = found[0], found.end()
        opens = found.lastgroup == "span" and found.start() >= calm and not _inert(token, tokens)
        if opens or found.start() in closing:
            marks = list(_MARK.finditer(token))
            if opens:
                closing.add(found.start() + marks[-1].start())
            at = found.start() + marks[0].end()
            parts.append(_before_each(marks[0][0]))
        else:
            parts.append(before_marks(found))
    return "".join(parts) + text[at:]


def _inert(span: str, tokens: re.Pattern[str]) -> bool:
    words = _MARK.sub(lambda mark: _before_each(mark[0]), span)
    return tokens.sub(before_marks, words) == words


def before_marks(found: re.Match[str]) -> str:
    """What was found in a line, with the backslashes that its group asks for.

    In no such group it stays as it is.
    """
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
    """The text behind a block's content lines.

    What `logseq_lines` was given, once it is clean Markdown.

    A backslash that the text itself had before a mark is taken for one of ours.
    """
    kept = verbatim(lines)
    text = "\n".join(
        line if at in kept else TOKEN.sub(_shown, line) for at, line in enumerate(lines)
    )
    return re.sub(rf"\A\\(?=(?:{TASKS})(?:\s|$))", "", text)


def _shown(found: re.Match[str]) -> str:
    token = found[0]
    if found["twin"]:
        return token[1:]
    return token[1] if found["keep"] and len(token) == 2 and token[0] == "\\" else token


def logseq_name(text: str) -> str:
    """`text` as the name of a page in `[[…]]` and `#[[…]]`: one line, may be empty.

    Square brackets become round ones, commas blanks (`tags::` splits at them), and a backslash a
    wide one; so does the colon of an address, which would be a link instead.
    """
    return " ".join(clean(text).translate(_IN_NAME).replace("://", "：//").split())


def logseq_value(text: str, *, plain: bool = False) -> str:
    r"""`text` as the value of a page property.

    One line, `#` written as `\#`, macros and references inert.
    """
    line = re.sub(r"(?<!\\)((?:\\\\)*)#", r"\1\\#", " ".join(clean(text).split()))
    return _inline(line, latex=False, plain=plain)
