"""Foreign text made inert for Obsidian.

It reads as its author wrote it, and can neither break a page nor run on it.

The marks are those of CommonMark and of Obsidian's own Markdown (comments, callouts, embeds, block
ids, footnotes), and those that its common plugins look for in a note: Dataview, Templater, Tasks,
Meta Bind, Buttons. Each gets a backslash, which Obsidian does not show; so does a backslash itself
where it would not be shown. Hashtags, `[[links]]`, web links, images, emphasis, lists, quotes and
tables stay live, and code where nothing can break it open and no plugin reads it. `plain` text has
no hashtag, link or picture that is live either. Every step is linear in the length of the text.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote

from syncd.formats.escape import UNCLEAN, clean, from_html, link_target, needs_care
from syncd.formats.syntax import OURS, Marks, before_marks, by_line, calm, changed, with_ours
from syncd.regex import regex

MAX_NESTING = 8  # quotes and lists inside each other on one line; deeper ones are shown as text


def obsidian_lines(text: str, *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent.

    `[""]` where there is none.

    The first line may follow a bullet. Whether the last one may be continued tells `stands_alone`.
    `inline`: the first line will follow other words (`**Note**: …`), where no fence can open.
    """
    text = text.strip()
    if not plain and not needs_care(text, _CARE):
        return text.split("\n")
    return _written(from_html(clean(text)).strip().split("\n"), inline=inline, plain=plain)


def _written(lines: list[str], *, inline: bool = False, plain: bool = False) -> list[str]:
    marks, everywhere = _marks(plain=plain), _IN_PLAIN if plain else _EVERYWHERE
    text = everywhere.sub(rf"\g<0>{OURS}", "\n".join(lines))
    lines, dollars = text.split("\n"), text.count("$") > 1

    def region(at: int, fence: list[str]) -> list[str] | None:
        runs = _RUNS_IN_CODE.search("\n".join(fence[1:-1]))
        return None if runs or (at == 0 and inline) else fence

    def inert(words: str) -> str:
        return marks.token.sub(_escaped, _DOLLAR.sub(r"\0$", words) if dollars else words)

    def written(at: int, kept: int) -> str:
        line, start = lines[at], _start(lines[at])
        if at == 1 and _is_rule(line):
            # The bullet would be in the table's head, to some readers before it is a bullet.
            start = len(line) - len(line.lstrip(" \t"))
        out = with_ours(changed(line, start, OURS, kept, inert))
        return out if out == line else _INDENTED.sub(r"\1   ", out)

    # A table ends its cells in code too.
    verbatim = "" if any(map(_is_rule, lines)) else "`"
    return by_line(lines, _FENCE, region, marks.calm, written, verbatim)


_CALENDAR = r"\u2795|\u2705|\u23f3|\u231b|\ufe0f|\U0001f4c5|\U0001f4c6|\U0001f5d3|\U0001f6eb"
# The one look that is enough for most texts. Each alternative begins with a literal, for `re`.
_CARE = regex(
    rf"{UNCLEAN}|{_CALENDAR}|`|\\|\$[^$]*\$|<|\^|\{{|%%|&(?=[#\w]+;)|::|\]:|\]\((?!https?://)"
    r"|\[(?!(?:@?\w[^\[\]\n]*)?\]\(https?://)"
    r"|:(?<!(?i:http):)(?<!(?i:https):)//|\n[ \t>]|\n(?:[*+]|\d+[.)])?[ \t]*[-=#~|_*>]"
    r"|\n(?:[*+]|\d+[.)])[ \t]+(?:[*+]|\d+[.)])|\|\n"
)

# What Dataview, Datacore, Meta Bind, Buttons and dice rollers take for theirs where code begins
# with it, in fences and indented code too. A backslash before the mark that follows makes it text.
_RUNS = (
    r"(?:\$?(?:dc(?:js)?)?(?==)|(?:INPUT|VIEW|BUTTON|EMBED)\w*(?=\[)"
    r"|button(?=-)|dice(?:-\w+)?(?=:))"
)
# Dataview reads these dates as a task's, Templater its tags and Dataview its fields in code too.
_DATED = rf"(?:{_CALENDAR})\s*\d{{4}}(?=-\d\d-\d\d)"
_RUNS_IN_CODE = regex(rf"\A\s*{_RUNS}|<%|::|{OURS}")
_CODE_IN = rf"(?!<%|::)[^{OURS}`\n]"
_CODE = rf"(?!`+\s*{_RUNS})(?:`(?:{_CODE_IN})+`(?!`)|``(?!`)(?:{_CODE_IN}|`(?!`))+``(?!`))"
_FENCE = regex(r"(?P<indent>)(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)")


def stands_alone(lines: list[str]) -> bool:
    """Whether what follows `lines` must be a paragraph of its own.

    They end as a list, a quote, a table or indented.
    """
    for line in reversed(lines):
        if not line.strip(" \t"):
            return False
        if _LIST_OR_QUOTE.match(line) or _is_rule(line):
            return True
    return False


def _is_rule(line: str) -> bool:
    """Whether a line makes a table of the one above it."""
    return "|" in line and "-" in line and _TABLE_RULE.issuperset(line)


# --- one line ------------------------------------------------------------------------------------

_ITEM = r"(?:[*+-]|\d{1,9}[.)])(?=[ \t]|$)"
_LIST_OR_QUOTE = regex(rf"[ \t>]|{_ITEM}")
_TABLE_RULE = frozenset(" \t|:-")
_CONTAINER = regex(rf"\s*(?:>|{_ITEM})")
_START = regex(
    r"[ \t]*(?=#+(?:\s|$)"  # a heading
    r"|=+[ \t]*$|-+[ \t]*$"  # the line below makes a heading of the one above
    r"|([-*_])(?:[ \t]*\1){2,}[ \t]*$"  # a rule
    r"|~~~"
    r"|\[[^!^\n]\](?:\s|$)"  # a task
    # The name of a link's address, which may end in code or on a later line
    r"|\[(?:\\.|[^\]\\])*(?:`[^`]*\]:|\\?$))"
    rf"|[ \t]+{_RUNS}"
)
# A block to whoever reads the page by its bullets, us included
_DASH = regex(r"[ \t]*(?=-(?:\s|$))")
_TOO_DEEP = regex(r"[ \t]*(?=>|[*+-](?:[ \t]|$))|[ \t]*\d+(?=[.)](?:[ \t]|$))")

_ENTITY = r"&(?=#\d+;|#[xX][0-9A-Fa-f]+;|[A-Za-z][A-Za-z0-9]+;)"
_SAFE = rf"(?!%%|::|\{{\{{|{_ENTITY})[^\0\n`$<>\\\[\]]"
_KEPT = (
    rf"<https?://(?:(?![\s^{{}}\"]){_SAFE})+>"
    rf"|(?<!!)\[\[(?![!^])(?:(?:{_SAFE})|>)+\]\](?![(:])"
)
# A web address goes on to the next blank: a backslash in it would be of it, and escape nothing.
_WEB = r"(?P<link>\]\((?=https?://)\S+)|(?P<address>(?:https?://|(?<![^\W_])www\.)\S+)|"
# Links to the web, and what is none: `[0](not a link)`
_TO_WEB = (
    r"(?!\([ \t]*(?:https?://|mailto:|<https?://[^\s<>()]+>))"
    r"(?!\([^\s<>()]*[ \t]+[^\s\"'()])"
)


@cache
def _token(web: str, live: str = "", to: str = "") -> re.Pattern[str]:
    """The marks of a line: `web` are addresses, `live` others too, and links to all but `to`."""
    return re.compile(
        rf"{web}"
        r"(?P<each>`+|%%+|\\[*_])|(?P<ours>\0)"
        r"|(?P<rest>\{\{+|\[\[+|::+|<%+)"
        r"|(?P<before><(?=[A-Za-z/!?])|\[(?=!(?!\[(?![\^!]))|\^)|\^(?=\[)"
        rf"|(?<=`)\$(?==)|(?<!\S)\^(?=[A-Za-z0-9-]+\s*$)|{_ENTITY}"
        rf"|\\(?=[\0!-/:-@\[-`{{-~]|[ \t]*$){live})"
        rf"|(?P<after>\](?=:)|\](?=\(){to}"
        r"|(?<![A-Za-z0-9+-])(?!https?:)[A-Za-z][A-Za-z0-9+-]{1,30}:(?=//))",
        re.IGNORECASE,
    )


_WORDS = rf"~(?!~)|=(?!=)|\+|!(?!\[)|(?!{_ENTITY})&"


@cache  # compiled where the first text wants it: the start of most commands needs none
def _marks(*, plain: bool) -> Marks:
    if plain:
        token = _token("", r"|\#|(?<!\]):(?=//)|(?<!:)/(?=/)")
        return Marks(calm(rf"{_WORDS}|/(?!/)", _CODE, plain=True), token)
    return Marks(calm(rf"{_WORDS}|/", _CODE), _token(rf"{_WEB}(?P<keep>{_KEPT})|", to=_TO_WEB))


def _linked() -> re.Pattern[str]:
    return _token("", to=_TO_WEB)


# What is broken on every line; in plain text also what others than Obsidian take for an address
_EVERYWHERE = regex(rf"(?P<after>{_DATED})")
_IN_PLAIN = regex(rf"(?i)(?P<after>{_DATED}|(?<![^\W_])www(?=\.)|[\w.+-](?=@[\w-]))")
_DOLLAR = regex(r"(?<=\S)\$|\$(?=\$)")  # which could end mathematics
# Blanks enough for code, which would show a backslash
_INDENTED = regex(r"\A((?: {0,3}(?:>|[*+-]|\d{1,9}[.)]))*)(?: {4,}| *\t)[ \t]*")

_TITLE = regex(rf"""[ \t]+["'](?P<words>(?:(?!://)(?!:$){_SAFE}(?<![\^"'{{}}]))*["']\))?""")
_TARGET = regex(r"[^\s()]*(?:\([^\s()]*\)[^\s()]*)*")
_ADDRESS = regex(r"(?:.*[^?!.,:;*_~'\")\]}>])?")
_MARK = regex(r"[-!#-&*:<-@\[-`{-~]")
_UNSAFE = regex(rf"[<>\\^`\[\]{{}}]|\0\$|(?<=:):|%(?![0-9A-Fa-f]{{2}})|{_CALENDAR}")


def _escaped(found: re.Match[str]) -> str:
    token = found[0]
    if found.lastgroup == "link":
        return _link(token, _TITLE.match(found.string, found.end()))
    if found.lastgroup == "address":
        joins = found.string[: found.start()][-1:] in ("!", "[", "^", "\\")
        return _address(token, alone=not joins)
    return before_marks(found)


def _link(token: str, title: re.Match[str] | None) -> str:
    """A link's end `](address)`, and what is written on to it.

    If that holds a mark, or a title of more than words follows, the link is shown as text: where no
    label begins, it would be all of an address.
    """
    if not title and not _linked().search(token):
        return token
    at = _TARGET.match(token, 2).end()  # type: ignore[union-attr]
    closes = title["words"] and at == len(token) if title else token[at : at + 1] == ")"
    if closes and not _linked().search(token, at):
        address = token[2:at]
        return "](" + (_encoded(address) if _linked().search(address) else address) + token[at:]
    return "]\\(" + _address(token[2:], alone=True)


def _address(token: str, *, alone: bool) -> str:
    """A web address, and what is written on to it; with a mark in it a link whose label it is."""
    if "](" not in token.rpartition(")")[2] and not _linked().search(token):
        return token
    token = token.replace(OURS, "")
    address = _ADDRESS.match(token)[0]  # type: ignore[index]
    behind = _linked().sub(before_marks, token[len(address) :])
    text = _MARK.sub(r"\\\g<0>", address).replace("www.", "www\\.", 1)
    target = link_target(_encoded(address)) if alone else None
    return (f"[{text}]({target})" if target else text) + behind


def _encoded(address: str) -> str:
    """An address in a link, with its marks percent-encoded."""
    encoded = _UNSAFE.sub(lambda found: quote(found[0].removeprefix(OURS), safe=""), address)
    return re.sub(_ENTITY, "%26", encoded).replace(OURS, "")


def _start(line: str) -> int | None:
    """Where the line's first words would open a block that the text may not open."""
    if found := _DASH.match(line):
        return found.end()
    at = 0
    for _ in range(MAX_NESTING):
        if found := _START.match(line, at):
            return found.end()
        if not (found := _CONTAINER.match(line, at)):
            return None
        at = found.end()
    found = _START.match(line, at) or _TOO_DEEP.match(line, at)
    return found.end() if found else None
