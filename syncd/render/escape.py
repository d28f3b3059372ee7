"""Foreign text made inert for Logseq: it reads as its author wrote it, and can neither break a page nor run on it.

The rules come from Logseq's own parser (mldoc 1.5.7, as in Logseq 0.10.15): what it takes for a block, a property, a
task, a date, a macro, a query or HTML gets a backslash, which it does not show. Hashtags, `[[pages]]`, links, emphasis,
lists, quotes, tables and code stay live. Nothing in balanced code or in an address is touched, and what already has
its backslash gets no second one. Every step is linear in the length of the text.
"""

from __future__ import annotations

import re

from syncd.render.html import from_html, link_target

__all__ = ["clean", "from_html", "link_target", "logseq_lines", "logseq_name", "logseq_unescape", "logseq_value"]

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_MARKERS = "TODO|DOING|NOW|LATER|DONE|WAITING|WAIT|CANCELED|CANCELLED|IN-PROGRESS|STARTED"

# The one look that is enough for most texts. Each alternative begins with a literal: `re` then skips the rest quickly.
_CARE = re.compile(
    "|".join(re.escape(chr(code)) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0xFEFF))
    + r"|`|\\|\$|<|\[|\{|_|\(\(|::|@@|:(?<=[AaTt]:)//"
    rf"|\n[ \t>]*(?:[-#:]|~~~)|\n(?:{_MARKERS})\b"
)


def clean(text: str) -> str:
    """`text` with line feeds for every kind of line break, and without what is no text in any file.

    NUL, the other control characters and byte order marks go, halves of surrogate pairs become U+FFFD; tabs and the
    marks of bidirectional text stay.
    """
    return _SURROGATES.sub("\ufffd", _NOT_TEXT.sub("", _BREAKS.sub("\n", text)))


def logseq_lines(text: str, *, inline: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent; `[""]` where there is none.

    The first line may follow a bullet and the last one may be continued after a space, except after a code fence: then
    the last line starts with its marks, and what follows needs a line of its own. `inline`: the first line will
    follow other words (`**Note**: …`), where no fence can open.
    """
    text = text.strip()
    if not _CARE.search("\n" + text) and not _SURROGATES.search(text):
        return text.split("\n")
    lines = clean(from_html(text)).strip().split("\n")
    verbatim = _verbatim(lines, 1 if inline else 0)
    return [line if at in verbatim else _line(line, at == 0) for at, line in enumerate(lines)]


# --- regions of whole lines that are not touched: code fences, displayed mathematics, LaTeX environments -------------

_OPENING = re.compile(r"[ \t]*(?:(?P<fence>```|~~~)[^`~]*|(?P<math>\$\$)[ \t]*|\\begin\{(?P<name>\w+\*?)\}[ \t]*)")
_LIST_OR_QUOTE = re.compile(r"[ \t]*(?:[*+>]|\d+\.)")
_ANY_FENCE = ("```", "~~~")


def _verbatim(lines: list[str], first: int) -> set[int]:
    """The numbers of the lines, from `first` on, in regions that open and close on lines of their own."""
    regions: set[int] = set()
    start, closing, in_list = -1, "", False
    for at, line in enumerate(lines):
        stripped = line.strip(" \t")
        if start >= 0 and stripped == closing and (at + 1 < len(lines) or line[0] not in " \t"):
            if not (in_list and not all(l.strip() for l in lines[start:at])):
                regions.update(range(start, at + 1))
            start = -1
            continue
        if start >= 0 and not (stripped.startswith(_ANY_FENCE) and closing in _ANY_FENCE):
            continue
        opening = _OPENING.fullmatch(line) if at >= first else None
        start = at if opening else -1
        if opening:
            closing = opening["fence"] or opening["math"] or f"\\end{{{opening['name']}}}"
        elif _LIST_OR_QUOTE.match(line):
            in_list = True
    return regions


# --- one line ---------------------------------------------------------------------------------------------------------

_START = re.compile(
    r"[ \t>]*(?=#\+)"
    r"|[ \t]*(?=-(?:\s|$)|#+(?:\s|$)|:(?:\s|$)|:[^\s:]*:[ \t]*$|\[\^[^\]]*\]:|~~~)"
)
_TASK = re.compile(rf"(?=(?:{_MARKERS})(?:\s|$))|\[(?=#[A-Za-z0-9]\])")
_PROPERTY = re.compile(r"[ \t]*[^ \t]*?:(?=:(?: |$))")
_PLAIN = r"[^_\n`$<>\[\](){}\\~^=|]"
_URL = r"[^\s<>\\`$\[\]{}\"()_]|\((?!\()[^\s<>\\`$\[\]{}\"()]*\)"
_TOKEN = re.compile(
    r"(?P<keep>\\[!-/:-@\[-`{-~]"
    r"|`[^`\n]+`(?!`)|``(?!`)(?:[^`\n]|`(?!`))+``(?!`)"
    rf"|(?:^|(?<=[\s*\[>]))https?://(?:{_URL}|_(?<![*~^=]_))+|https?://(?:{_URL}|_(?<=\w_))+|<https?://[^\s<>]+>"
    r"|\[\[[^\[\]\n]+\]\]|\$\$[^$\n]+\$\$(?!\$)"
    rf"|(?<![^\W_])(?:_(?! ){_PLAIN}+(?<! )_|__(?! ){_PLAIN}+(?<! )__)(?![^\x00-\x7f]|\w))"
    r"|(?P<each>`+|@@+|\$\$+|(?:(?<![^\W_])(?<!\#)|(?<=\\.))_+(?=[^ _]))"
    r"|(?P<rest>\(\(+|\{\{+|\[\[+)"
    r"|(?P<before><(?=[A-Za-z/!?]|\d{4}-)|\[(?=\d{4}-\d)|\\(?=begin\{))"
    r"|(?P<after>\](?=\(\s*<?[a-z][\w+.-]*:)(?!\(\s*<?(?:https?|mailto):)"
    r"|\[(?=:)|\b(?:javascript|vbscript|data)(?=://))",
    re.IGNORECASE,
)


def _line(line: str, first: bool) -> str:
    found = _START.match(line) or (_TASK.match(line) if first else None)
    at = found.end() if found else 0
    start = f"{line[:at]}\\" if found else ""
    cut = _PROPERTY.match(line, at) if "::" in line else None
    if cut is None:
        return start + _TOKEN.sub(_escaped, line[at:])
    return start + _TOKEN.sub(_escaped, line[at : cut.end()]) + "\\" + _TOKEN.sub(_escaped, line[cut.end() :])


def _escaped(found: re.Match[str]) -> str:
    token = found[0]
    match found.lastgroup:
        case "each":
            return "".join("\\" + mark for mark in token)
        case "rest":
            return token[0] + "".join("\\" + mark for mark in token[1:])
        case "before":
            return "\\" + token
        case "after":
            return token + "\\"
    return token


_UNDO = re.compile(r"\\([!-/:-@\[-`{-~])")


def logseq_unescape(lines: list[str]) -> str:
    """The text behind a block's content lines: what `logseq_lines` was given, once it is clean Markdown.

    A backslash that the text itself held before a mark is taken for one of ours.
    """
    verbatim = _verbatim(lines, 0)
    out = [line if at in verbatim else _unline(line) for at, line in enumerate(lines)]
    return re.sub(rf"\A\\(?=(?:{_MARKERS})(?:\s|$))", "", "\n".join(out))


def _unline(line: str) -> str:
    return _TOKEN.sub(lambda found: found[0][1:] if found[0][0] == "\\" and found["keep"] else found[0], line)


def logseq_name(text: str) -> str:
    """`text` as the name of a page in `[[…]]` and `#[[…]]`: one line without brackets and commas; may be empty."""
    return " ".join(clean(text).translate(_IN_NAME).split())


_IN_NAME = str.maketrans({"[": "(", "]": ")", ",": " ", "，": " "})


def logseq_value(text: str) -> str:
    """`text` as the value of a page property: one line, `#` written as `\\#`, macros and references inert."""
    return re.sub(r"(?<!\\)#", r"\\#", _TOKEN.sub(_escaped, " ".join(clean(text).split())))
