"""What Logseq's parser (mldoc 1.5.7) sees in a line of Markdown, as far as it matters for text from outside.

Every expression is linear: a repetition never runs over a mark that begins the same expression anew.
"""

from __future__ import annotations

import re

TASKS = "TODO|DOING|NOW|LATER|DONE|WAITING|WAIT|CANCELED|CANCELLED|IN-PROGRESS|STARTED"

# Where a block or a definition starts, or `#+key: value`, which renames the page from anywhere in
# the file, behind the marks of quotes and lists too. Beyond the bullets and headings: drawers, `:
# x` (a definition list, which swallows the next block), `~~~`, a fence like ```, a list's number of
# more than 31 bits, which makes the parser give up the whole page, a list's checkbox, and `[//]:
# #`, which hides the line.
START = re.compile(
    r"[ \t]*(?=-#*(?:\s|$)|#+(?:\s|$)|:(?:\s|$)|:[^\s:]*:[ \t]*$)"
    r"|[ \t>]*\d{10,}(?=\.\s)"
    r"|[ \t>*+\d.)]*(?:(?=#\+|~~~)|(?<=[ \t])\[[ xX-](?=\])|\[(?=//\]:))"
)
TASK = re.compile(rf"(?=(?:{TASKS})(?:\s|$))|\[(?=#[^\n]\])")
# A property's colons are followed by a blank or nothing but blanks and tabs; its key is anything
# without blanks, in every script.
PROPERTY = re.compile(r"[ \t]*[^ \t]*?:(?=:(?: |[ \t]*$))")

# An address becomes a link only at the line's start and behind a blank; elsewhere its underscores
# can open emphasis. A host alone takes the backslash behind it for its own, which then escapes
# nothing: such an address is no link.
_WEB = r"https?://(?![^ \t/?#>()\[\]{}]*(?:[\\<`$]|@@|(?<![^\W_])_|://|\[\d))(?=[^\W_])"
_IN_URL = r"""[^\s<>\\`$\[\]{}"()_]"""
_HOST = r"""(?:[^\s<>\\`$\[\]{}"()/?#_]|_(?=[^\W_]))+"""
_URL = (
    rf"(?:^|(?<=[ \t])){_WEB}{_HOST}(?:[/?#](?:{_IN_URL}|\((?!\()(?:{_IN_URL}|_)*\)|_(?<![*~^=]_))*)?"
    rf"|{_WEB}{_HOST}(?:[/?#](?:(?!https?://|(?<!http)(?<!https)://){_IN_URL}|\((?!\(){_IN_URL}*\)"
    r"|_(?<=[^\W_]_)(?=[^\W_]))*)?"
    r"|<https?://[^\s<>\\`$\[\]{}]+>"
)
CODE = r"`[^`\n]+`(?!`)|``(?!`)(?:[^`\n]|`(?!`))+``(?!`)"
_PAGE = r"\[\[(?:(?!\(\(|\{\{|://)[^\[\]\n\\`$<@])+\]\](?!\()"
# Mathematics without anything in it that could run. At a line's start `$$x$$` must be all of the
# line: what follows it there is parsed like a new line.
_IN_MATH = r"(?:(?!\{\\?\{|\(\\?\(|\[\\?\[|:\\?:|\](?=\()|\\[()])[^$\n`<@])"
_MATH = (
    rf"(?:(?<=[^\s#>*+])|(?<=[^\s>*+] )(?<!\d\. ))\$\${_IN_MATH}+\$\$(?!\$)|^[ \t]*\$\${_IN_MATH}+\$\$[ \t]*$"
    rf"|(?<![$#])\$(?![\s_]){_IN_MATH}+(?<![\s\\(\[{{])\$(?!\$)|\\\({_IN_MATH}*\\\)"
)
# Behind a line break the parser opens nothing here: a mark between two signs would then open
# instead of closing.
_ITALIC = r"(?:^|(?<=[ \t(*]))_(?! )[^_\n`$<>\[\](){{}}\\~^=|@{}]+(?<![ \t])_(?![^\x00-\x7f]|\w)(?:(?<=\w_)|(?=\s|$))"
_ESCAPED = r"\\[!-/:-@\[-`{-~]"


def _token(*, plain: bool) -> re.Pattern[str]:
    keep = (
        (_ESCAPED, _ITALIC.format("#:")) if plain else (_ESCAPED, _URL, _PAGE, _ITALIC.format(""))
    )
    web = "" if plain else rf"(?!\(\s*(?:{_WEB}|<https?://[^\s<>()]+>))"
    return re.compile(
        # What every alternative begins with: elsewhere `re` need not try them one by one.
        rf"(?=(?-i:[\\`$<\[\](@{{_hH:{'#' if plain else ''}])|^[ \t]*\$\$)(?:"
        # `\[[` still opens a page in a hashtag.
        r"(?P<twin>\\\[\[+)"
        rf"|(?P<span>{CODE}|{_MATH})"
        rf"|(?P<keep>{'|'.join(keep)})"
        # A backslash before each mark: what pairs with something later, in this block or another
        # one. An underscore pairs with one in the block's own link (`https://x.com/a_/…`); `$` only
        # where it would hold something live. Braces behind a link are swallowed as its size.
        r"|(?P<each>`+|@@+|(?<=\))\{+|\$\$+|\$(?=[^ $][^$\n]*(?<![ \\])\$)"
        rf"|(?:(?<!_)|(?<=\\_))__++(?=[^ ])|(?:(?<![^\W_]){'' if plain else r'(?<!#)'}|(?<=\\\W))_(?=[^ _]))"
        # A backslash between the marks: references, macros, pages without an end.
        r"|(?P<rest>\(\(+|\{\{+|\[\[+)"
        # A backslash in front: HTML, mail addresses, dates, LaTeX and its words (`\alpha`), what
        # makes an address of a scheme that is not the web's, and hashtags in plain text.
        r"|(?P<before><(?=[A-Za-z/!?]|\d+-\d+-|[^\s<>@]*@)|\[(?=\d+-\d+-)|:(?=//)|\#"
        rf"|\\(?=[A-Za-z])(?!(?:{TASKS})(?:\s|$)))"
        # A backslash behind: links (in plain text also to the web), hiccup, footnotes.
        rf"|(?P<after>\](?=\(){web}|\[(?=\^|:(?!//))))",
        re.IGNORECASE,
    )


TOKEN = _token(plain=False)
PLAIN = _token(plain=True)

# Words behind which nothing takes the first mark of code or mathematics for its own, as hashtags,
# addresses, LaTeX and links do. Their escaped form is such words too.
_CALM = (
    rf"(?:\\(?=(?:{TASKS})\b))?(?:%s(?<![^ \t])\#[\w.]+(?![^ \t!\"',:?])|{CODE}|{_MATH}"
    r"|\[\w+\](?![(\[:{])|\^(?![\^{])|<(?= )"
    r"|[^\\`$#(\[{<@^|:\]]|\((?!\()|\](?!\()|:(?!//|:)|@(?!@)|\\(?:_|[^\w\s(\[{]))*+"
)
_LINKS = rf"(?<![^ \t])(?:{_URL})(?![^ \t])|\[[\w ]*\]\({_WEB}{_IN_URL}*\)(?!\{{)|"
CALM = re.compile(_CALM % _LINKS, re.IGNORECASE)
CALM_PLAIN = re.compile(_CALM % "", re.IGNORECASE)
LATEX = re.compile(r"\\[(\[]")

_OPENING = re.compile(
    r"[ \t]*(?:(?P<fence>```|~~~)(?!\S*::)[^`~]*|(?P<math>\$\$)[ \t]*|\\begin\{(?P<name>\w+\*?)\}[ \t]*)"
)
_LIST_OR_QUOTE = re.compile(r"[ \t]*(?:[*+>]|\d+\.)")
_ENDS_LIST = re.compile(r"\s*(?:$|[-#:>\[\\$<\d])|\S+::")
_FENCES = ("```", "~~~")


def verbatim(lines: list[str], first: int = 0) -> set[int]:
    """The numbers of the lines that are code, displayed mathematics or a LaTeX environment.

    Nothing in them is live.

    Such a region begins, at line `first` at the earliest, and ends on lines of its own; mathematics
    and LaTeX end where their closing mark first stands. In a list or quote it must hold no line
    that ends the list, since its own end would then open a region that reaches into the next block;
    and whoever reads the page by its bullets knows code alone.
    """
    regions: set[int] = set()
    start, closing, listed, nested = -1, "", False, False
    for at, line in enumerate(lines):
        stripped = line.strip(" \t")
        if start >= 0 and stripped == closing and (at + 1 < len(lines) or line[0] not in " \t"):
            ends = _ENDS_LIST if nested else None if closing in _FENCES else START
            if not (ends and any(map(ends.match, lines[start + 1 : at]))):
                regions.update(range(start, at + 1))
            start = -1
        elif start < 0 or (
            stripped.startswith(_FENCES) if closing in _FENCES else closing.lower() in line.lower()
        ):
            opening = _OPENING.fullmatch(line) if at >= first else None
            start, nested = (at, listed) if opening else (-1, False)
            if opening:
                closing = opening["fence"] or opening["math"] or f"\\end{{{opening['name']}}}"
        listed = listed or bool(_LIST_OR_QUOTE.match(line))
    return regions
