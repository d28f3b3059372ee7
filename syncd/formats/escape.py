"""Foreign text made inert for Logseq.

It reads as its author wrote it, and can neither break a page nor run on it.

What Logseq's parser (mldoc 1.5.7) takes for a block, a property, a task, a date, a macro, a query
or HTML gets a backslash, which it does not show; so does a backslash itself where it would not be
shown. Hashtags, `[[pages]]`, links, emphasis, lists, quotes and tables stay live, code and
mathematics where nothing can break them open. `plain` text has no hashtag, page, link or picture
that is live either. All of it is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from syncd.formats.html import from_html, link_target
from syncd.formats.syntax import (
    CODE,
    DATE,
    FENCES,
    OURS,
    TASKS,
    Marks,
    before_marks,
    by_line,
    calm,
    changed,
    with_ours,
)
from syncd.page.names import is_utf8
from syncd.regex import regex

__all__ = ["clean", "from_html", "link_target", "logseq_lines", "logseq_name", "logseq_value"]

_BREAKS = regex("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT = regex("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_SURROGATES = regex("[\ud800-\udfff]")

# The one look that is enough for most texts. Each alternative begins with a literal: `re` then
# skips the rest quickly.
_CODES = (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0xFEFF)
UNCLEAN = "|".join(re.escape(chr(code)) for code in _CODES)
_CARE = regex(
    UNCLEAN
    + r"|`|\\|\$(?<![ \t\n(]\$)|\$[^$]*\$|<|\[|\{|_(?<![^\W_]_)|\(\(|\]\(|::|@@"
    + r"|://(?<![ \t\n(](?i:http)://)(?<![ \t\n(](?i:https)://)|://(?![^\W_])"
    + rf"|\n[ \t>*+\d.)]*(?:[-#:]|~~~)|\n[ \t>]*\d{{10}}|\n(?:{TASKS})\b"
)
_IN_NAME = str.maketrans({"[": "(", "]": ")", ",": " ", "，": " ", "\\": "＼"})

# Where a block or a definition starts, or `#+key: value`, which renames the page from anywhere in
# the file, behind the marks of quotes and lists too. Beyond the bullets and headings: drawers, `:
# x` (a definition list, which swallows the next block), `~~~`, a fence like ```, a list's number of
# more than 31 bits, which makes the parser give up the whole page, a list's checkbox, and `[//]:
# #`, which hides the line.
START = regex(
    r"[ \t]*(?=-#*(?:\s|$)|#+(?:\s|$)|:(?:\s|$)|:[^\s:]*:[ \t]*$)"
    r"|[ \t>]*\d{10,}(?=\.\s)"
    r"|[ \t>*+\d.)]*(?:(?=#\+|~~~)|(?<=[ \t])(?=\[[ xX-]\])|\[(?=//\]:))"
)
_TASK = regex(rf"(?=(?:{TASKS})(?:\s|$))|\[(?=#[^\n]\])")
# A property's colons are followed by a blank or nothing but blanks and tabs; its key is anything
# without blanks, in every script. The parser sees it before it sees code.
_PROPERTY = regex(r"[ \t]*[^ \t]*?:(?=:(?: |[ \t]*$))")
# Our backslashes before brackets, with the text's own ones further on, would be LaTeX (`\(…\)`):
# there a zero-width space keeps the latter from ending it.
_AS_LATEX = regex(r"\(\(|\[\[|\]\(|\[[\d+-]|\[[ xX-]\]")
_LATEX_ENDS = regex(r"\\(?=[)\]])")

# An address that goes on with a bracket is none: the parser would take that for a part of it.
# An address becomes a link only at the line's start and behind a blank; elsewhere its underscores
# can open emphasis. A host alone takes the backslash behind it for its own, which then escapes
# nothing: such an address is no link. So is one in angle brackets behind anything but a blank.
_WEB = r"https?://(?![^ \t/?#>()\[\]{}]*(?:[\0\\<`$]|@@|(?<![^\W_])_|://|\[\d))(?=[^\W_])"
# A backslash in a link's title or address would be shown: such a link is none, with a bracket in
# its address or a title but of words.
_NO_TITLE = r"""(?![^\s)]*\[)(?!(?:[^\s\]]|\](?!\())*[ \t]+"(?:[^\W_]|[ ,.!?'-])*+[^"])"""
_IN_URL = r"""[^\0\s<>\\`$\[\]{}"()_]"""
_HOST = r"""(?:[^\0\s<>\\`$\[\]{}"()/?#_]|_(?=[^\W_]))++"""
_URL = (
    rf"(?:^|(?<=[ \t])){_WEB}{_HOST}"
    rf"(?:[/?#](?:(?![*^]){_IN_URL}|\((?!\()(?:{_IN_URL}|_)*\)|_(?<![~=_]_))*+"
    rf"(?:[*^](?:{_IN_URL}|(?<=[^\W_])_(?=[^\W_]))*+)?+(?!_)|(?![/?#]))(?!\[)"
    rf"|(?<=[^ \t]){_WEB}{_HOST}(?:[/?](?:(?!#|https?://|(?<!http)(?<!https)://){_IN_URL}|\((?!\(){_IN_URL}*\)"
    r"|_(?<=[^\W_]_)(?=[^\W_]))*+)?+(?!\[)"
    r"|(?<![^ \t])<https?://(?:(?!://)(?:[^\0\s<>\\`$\[\]{}_]|(?<=[^\W_])_(?=[^\W_])))+>"
)
_PAGE = r"\[\[(?:(?!\(\(|\{\{|://)[^\0\[\]\n\\`$<@])+\]\](?!\()"
# Behind a line break the parser opens nothing here: a mark between two signs would then open
# instead of closing.
_ITALIC = (
    r"(?:^|(?<=[ \t(*]))_(?! )(?:(?!://)[^\0_\n`$<>\[\](){{}}\\~^=|@{}])+"
    r"(?<![ \t])_(?![^\x00-\x7f]|\w)(?:(?<=\w_)|(?=\s|$))"
)

# Mathematics between words, without anything in it that could run. At a line's start `$$x$$` must
# be all of the line: what follows it there is parsed like a new line.
_IN_MATH = r"(?:(?!\{\{|\(\(|\[\[|::|\]\(|\\[()])[^$\n`<@])"
_MATH = (
    rf"(?:(?<=[^\s#>*+])|(?<=[^\s>*+] )(?<!\d\. ))\$\${_IN_MATH}+\$\$(?!\$)"
    rf"|^[ \t]*\$\${_IN_MATH}+\$\$[ \t]*$"
    rf"|(?<![^ \t(])\$(?![\s_]){_IN_MATH}+(?<![\s\\(\[{{])\$(?![^\s.,:;!?)])"
)

# Where dollars enclose mathematics each is escaped: a backslash before one would let it close.
_DOLLARS = regex(r"\$\$|\$[^ $](?:[^$]*[^ (\[{$])?\$")


@cache  # compiled where the first text wants it: the start of most commands needs none
def _marks(*, links: bool, hashtags: bool) -> Marks:
    keep = (_URL, _PAGE, _ITALIC.format("")) if links else (_ITALIC.format("#:"),)
    # What follows a hashtag without a blank is of its name, where a backslash would be shown.
    tag = rf"|(?P<tag>\#(?:{_PAGE}|(?!{_PAGE}))[^ \t]++)" if hashtags else ""
    # A label with code or brackets in it hides escapes.
    link = rf"|(?P<link>\[(?![\^:]|{DATE})[^\[\]`\\]*\]\((?=\s*{_WEB}{_NO_TITLE}))" if links else ""
    token = re.compile(
        # What every alternative begins with: elsewhere `re` need not try them one by one.
        rf"(?=[\\`<\[\](@{{_hH:#])(?:"
        rf"(?P<keep>{'|'.join(keep)}){tag}{link}"
        # A backslash before each mark: what pairs with something later, in this block or another
        # one. An underscore pairs with one in the block's own link (`https://x.com/a_/…`). Braces
        # behind a link are swallowed as its size.
        r"|(?P<each>`+|@@+|(?<=\))\{+|(?<!_)__++(?=[^ ])"
        r"|(?<![^\W_])_(?=[^ _]))"
        # A backslash between the marks: references, macros, pages without an end.
        r"|(?P<rest>\(\(+|\{\{+|\[\[+)"
        # A backslash in front: HTML, mail addresses, dates, backslashes that would vanish (LaTeX's
        # too: `\alpha`), what makes an address of a scheme that is not the web's, hashtags.
        rf"|(?P<before><(?=[A-Za-z/!?]|{DATE}|[^ \t<>@]*@)"
        rf"|\[(?={DATE})|:(?=//){'' if hashtags else '|#'}"
        r"|\\(?=[\0!-/:-@\[-`{-~A-Za-z]))"
        # A backslash behind: what else looks like a link, hiccup, footnotes.
        r"|(?P<after>\](?=\()|\[(?=\^|:(?!//))))",
        re.IGNORECASE,
    )
    return Marks(calm(r"~(?!~)|=(?!=)|[+/!&]", f"{CODE}|{_MATH}", plain=not links), token)


def _plain() -> Marks:
    return _marks(links=False, hashtags=False)


def clean(text: str) -> str:
    """`text` with line feeds for every kind of line break, and without what is no text in any file.

    NUL, the other control characters and byte order marks go, halves of surrogate pairs become
    U+FFFD; tabs and the marks of bidirectional text stay.
    """
    if text.replace("\n", "").isprintable():  # which neither those are nor any line break
        return text
    return _SURROGATES.sub("\ufffd", _NOT_TEXT.sub("", _BREAKS.sub("\n", text)))


def needs_care(text: str, care: re.Pattern[str]) -> bool:
    """Whether `text` must be looked at closely: it holds what `care` finds, or half a character."""
    return bool(care.search("\n" + text)) or not is_utf8(text)


def logseq_lines(text: str, *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent.

    `[""]` where there is none.

    The first line may follow a bullet, and the last one may be continued after a blank, except
    behind a code fence: then it starts with the fence's marks, and what follows needs a line of its
    own. `inline`: the first line will follow other words (`**Note**: …`), where no fence can open.
    """
    text = text.strip()
    if not text or not (plain or needs_care(text, _CARE)):
        return text.split("\n")
    return _written(from_html(clean(text)).strip().split("\n"), inline=inline, plain=plain)


def _written(lines: list[str], *, inline: bool = False, plain: bool = False) -> list[str]:
    marks = _marks(links=not plain, hashtags=not plain)
    latex = any("\\" in line for line in lines) and any(map(_AS_LATEX.search, lines))

    def inert(words: str) -> str:
        return _inert(_LATEX_ENDS.sub("\\\\\u200b", words) if latex else words, marks)

    def written(at: int, kept: int) -> str:
        line = lines[at]
        if line.endswith("$") and "$" in "".join(lines[at + 1 : at + 2]):
            # Mathematics may begin with a line break.
            line, kept = line.replace("$", OURS + "$"), 0
        found = START.match(line) or (_TASK.match(line) if at == 0 else None)
        start = found.end() if found else None
        if "::" in line and (key := _PROPERTY.match(line)):
            line, kept = line[: key.end()] + OURS + line[key.end() :], 0
        return with_ours(changed(line, start, OURS, kept, inert))

    return by_line(lines, _OPENING, _region(lines, 1 if inline else 0), marks.calm, written, "`$")


def _inert(words: str, marks: Marks) -> str:
    if "$" in words and OURS + "$" not in words and _DOLLARS.search(words):
        words = words.replace("$", OURS + "$")
    return marks.token.sub(_escaped, words)


def _escaped(found: re.Match[str]) -> str:
    if found.lastgroup == "link":
        return "[" + found.re.sub(_escaped, "”" + found[0][1:-1])[1:] + "("
    if found.lastgroup != "tag":
        return before_marks(found)
    tag = found[0]
    if OURS in tag:
        return _plain().token.sub(before_marks, tag)
    as_text = _plain().token.sub(before_marks, tag)
    return tag if as_text.replace("\\#", "#") == tag else as_text


_OPENING = regex(
    r"(?P<indent>[ \t]*)(?:(?P<fence>```|~~~)(?!\S*::)(?P<info>[^`~]*)"
    r"|(?P<math>\$\$)[ \t]*|\\begin\{(?P<name>\w+\*?)\}[ \t]*)"
)
_LIST_OR_QUOTE = regex(r"[ \t]*(?:[*+>]|\d+\.)")
_ENDS_LIST = regex(r"\s*(?:$|[-#:>*+\[\\$<\d])|\S+::")


def _region(lines: list[str], first: int) -> Callable[[int, list[str]], list[str] | None]:
    """What is code, displayed mathematics or a LaTeX environment, from line `first` on.

    In a list or quote it must be code and hold no line that ends the list, since its own end would
    then open a region that reaches into the next block; and whoever reads the page by its bullets
    knows code alone.
    """
    listed = next((at for at, line in enumerate(lines) if _LIST_OR_QUOTE.match(line)), len(lines))

    def kept(start: int, region: list[str]) -> list[str] | None:
        code = region[0].lstrip(" \t").startswith(FENCES)
        nested, inside = listed < start, region[1:-1]
        if code:
            spoilt = nested and any(map(_ENDS_LIST.match, inside))
        else:
            spoilt = nested or any(map(START.match, inside))
        return None if start < first or spoilt else region

    return kept


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
    line, marks = " ".join(clean(text).split()), _marks(links=not plain, hashtags=False)
    words = marks.calm.match(line)
    kept = max(words.end("kept"), 0) if words and "#" not in line else 0
    return with_ours(changed(line, None, OURS, kept, lambda words: _inert(words, marks)))
