r"""Foreign text for Org pages: its Markdown as Org, and what would do something there made inert.

Org shows a backslash, so what Logseq's parser (mldoc 1.5.7) would take for a headline, a property,
a task, a date, a macro or HTML gets a zero-width space, as Org's manual advises: it is not seen,
and the words can be copied. Hashtags, `[[pages]]`, links, lists and tables stay live. Emphasis that
the author did not mean is left where it changes no more than the look of a word: in Org nothing
keeps `a_b` and `a*b*c` from it. `plain` text has no hashtag, page, link or picture that is live
either. All of it is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import accumulate

from syncd.formats.escape import UNCLEAN, clean, from_html, link_target, needs_care
from syncd.formats.syntax import DATE, TASKS, by_line, calm, changed
from syncd.regex import regex

ZERO = "\u200b"
Ahead = Callable[[str], bool]

_FENCE = regex(r"(?P<indent>[ \t]*)(?P<fence>```|~~~)(?P<info>[^`~]*)")
_OURS = r"(?:id|collapsed|heading|color|favorite)::(?:\s|$)"  # in a block's drawer
_NO_CODE = regex(rf"[ \t]*#\+END_|{_OURS}", re.IGNORECASE)

# What begins a line that is no paragraph: a headline (of two stars and more: one star is a list in
# Markdown), `#+key:`, a comment, a drawer or an example, a quote (it swallows the next block),
# mathematics, HTML, a fence without an end, a list's number of more than 31 bits (the parser gives
# up the page), a list's checkbox, and what stands for Logseq's own lines in a block.
_START = regex(
    r"(?=\*{2,}(?:\s|$)|[ \t]*(?:#(?:\+|\s|$)|:|>|\$\$|<[A-Za-z/!?]|```|~~~|\[fn:|\d{10,}\.\s)"
    rf"|(?<=[ \t])\[[ xX-]\]|{_OURS})"
)
_ITEMS = regex(r"(?:[ \t]*(?:[-+]|\d{1,9}\.)[ \t]+)+")
_STAR = regex(r"\A([ \t]*)\*(?=[ \t]|$)")
_TASK = regex(rf"(?=(?:{TASKS})(?:\s|$)|\[#[A-Za-z0-9]\])")
_TAGS = regex(r":[^\s:]*:\s*$")
_ROW = regex(r"[ \t]*\|.*\|[ \t]*")
# What each mark of emphasis pairs with later in the paragraph, be it in an address: itself, and
# what is written with it
_PAIRS = {"/": "/*_", "=": "=", "+": "+~", "~": "~"}
# The one look that is enough for most texts: what no rule below can find anything in
_CARE = regex(
    rf"{UNCLEAN}|`|\*|~|\[|\{{|<|\\|\^|=|\+|\(\(|@@|_(?<![^\W_]_)|_(?![^\W_])|\$\$|![hH]"
    r"|//(?<![ \n]http://)(?<![ \n]https://)|://(?![A-Za-z0-9][A-Za-z0-9./?&%-]*(?!\S))"
    r"|/(?<![\w:/]/)|:/(?!/)|/:/"
    r"|:[^\s:]*+:(?![^\s/])"
    r"|\n[ \t]*+(?:(?:[-+]|\d{1,9}\.)[ \t]*+)*+(?:[#:>]|\d{10}|(?:id|collapsed)::)"
    rf"|\n(?:{TASKS})\b"
)
_CLOSER = regex(r"[*$]|_(?![A-Za-z0-9])")

# What opens emphasis: in code and in a page's name it would be open if their first mark is taken.
_OPENER = r"(?<![^\W_])(?:[/=+~]{2,}|[=~]|[/+](?! ))"
_URL = r"(?i:https?)://(?=[^\W_])(?:(?!!\[)[^\s()<>\[\]{}|\\^`\"\x7f-\U0010ffff]|\([^\s()<>\[\]{}|\\^`\"\x7f-\U0010ffff]*\))+"
_LIVE = (
    r"(?P<pairs>\(\(+|\{\{+|\[\[+|<<+|@@+)"
    rf"|(?P<before>!(?=[\[<hH])|\[(?=fn:|:|{DATE})|<(?={DATE}|[A-Za-z/!?%])"
    r"|\\(?=[A-Za-z(\[]|[ \t]*$)|[_^](?=\{)|:(?<!(?i:http):)(?<!(?i:https):)(?=//))"
)
_LINKS = (
    rf"|(?P<link>!?\[(?P<label>[^\[\]\n]*)\]\(<?(?P<address>{_URL})>?(?:[ \t]+\"[^\"\n]*\")?\))"
    rf"|<(?P<angle>{_URL})>"
    rf"|(?P<url>{_URL})"
    rf"|(?P<page>\[\[(?!file:)(?:(?!://|\{{\{{|\(\(|{_OPENER})[^\[\]\\\n<@])+\]\])"
)


_CODE = r"(?P<code>(?<!`)(?P<ticks>`++)(?P<code_in>[^`\n]+)(?P=ticks)(?!`))|"


@cache  # compiled where the first text wants it: the start of most commands needs none
def _token(code: str, links: str) -> re.Pattern[str]:
    return re.compile(
        r"(?=[`!\[<h*_~({\\@H:/=+#^])(?:"
        rf"{code}"
        r"(?P<bold>\*\*(?=[^\s*])(?P<bold_in>[^*\n]+)(?<![\s\\])\*\*(?!\*))"
        r"|(?P<italic>(?<![\w*_/])(?P<slant>[*_])(?=[^\s*_])(?P<italic_in>[^*_\n]+)(?<![\s\\])(?P=slant)(?![*_\w]))"
        r"|(?P<struck>~~(?=[^\s~])(?P<struck_in>[^~\n]+)(?<![\s\\])~~(?!~))"
        rf"{links}|{_LIVE}"
        rf"|(?P<opener>{_OPENER}))",
        re.DOTALL,
    )


# Nothing that is not seen keeps `#` from being a hashtag: hence its wide twin.
_NO_LINKS = r"|(?P<hash>\#)|(?P<scheme>:(?=//))"
_CALM = r"(?<=[^\W_])[/+]|[/+](?![^ \t])|!(?![hH])|&"
_VALUE = regex(_LIVE)
_CLOSES = regex(r"$|[ \t)\]}'\",.:;!?-]")


def org_lines(text: str, tail: str = "", *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, then `tail`.

    On the last line, or on one of its own.

    It is so behind code and a table. `inline`: the first line will follow other words (`*Note*:
    …`). Code that would stand first is put on the second line.
    """
    text = text.strip()
    lines = text.split("\n")
    if plain or needs_care(text, _CARE):
        lines = _written(from_html(clean(text)).strip().split("\n"), tail, inline, plain)
    return _with_tail(lines, tail) if tail else lines


def _written(
    lines: list[str], tail: str = "", inline: bool = False, plain: bool = False
) -> list[str]:
    whole, ends = "\n".join([*lines, tail]), list[int]()
    links = _NO_LINKS if plain else _LINKS
    token, with_code = _token("", links), _token(_CODE, links)

    def written(at: int, kept: int) -> str:
        def ahead(mark: str) -> bool:
            ends.extend(() if ends else accumulate(len(line) + 1 for line in lines))
            return whole.find(mark, ends[at]) >= 0

        line = _STAR.sub(r"\1-", lines[at]) if "*" in lines[at] else lines[at]
        items = _ITEMS.match(line)
        start = items.end() if items else 0
        starts = _START.match(line, start) or (at == 0 and not inline and _TASK.match(line))
        line = changed(
            line,
            start if starts else None,
            ZERO,
            kept,
            lambda words: _inline(words, token, ahead),
            lambda words: _inline(words, with_code, ahead),
        )
        return line + ZERO if at == 0 and _TAGS.search(line) else line

    return by_line(lines, _FENCE, _source, calm(_CALM, plain=plain), written)


def _with_tail(lines: list[str], tail: str) -> list[str]:
    last = lines[-1]
    if last == "#+END_SRC" or _ROW.fullmatch(last):
        return [*lines, tail]
    return [*lines[:-1], f"{last} {tail}" if last else tail]


def _source(at: int, fence: list[str]) -> list[str]:
    """A code fence as Org's, which cannot stand on a block's first line."""
    first, *inside, _ = fence
    indent, _, language = re.split("(```|~~~)", first, maxsplit=1)
    inside = [line.removeprefix(indent) for line in inside]
    inside = [ZERO + line if _NO_CODE.match(line) else line for line in inside]
    begin = f"#+BEGIN_SRC {language.strip()}".rstrip()
    return [*([] if at else [""]), begin, *inside, "#+END_SRC"]


def _inline(line: str, tokens: re.Pattern[str], ahead: Ahead = lambda _: True) -> str:
    """One line's Markdown as Org; `ahead` says whether a mark of emphasis follows it."""

    def shown(found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        if kind in _AS_ORG:
            org = _AS_ORG[kind](found)
            if org.startswith("[[") and line[: found.start()].endswith("["):
                org = ZERO + org
            # Braces behind a link are swallowed as its size.
            return org + ZERO if org.endswith("]]") and line[found.end() :][:1] == "{" else org
        if kind != "opener":
            return found[0]
        pairs = [mark for one in found[0] for mark in _PAIRS[one]]
        paired = any(line.find(mark, found.end()) >= 0 or ahead(mark) for mark in pairs)
        return "".join(ZERO + one for one in found[0]) if paired else found[0]

    return tokens.sub(shown, line)


def _marked(found: re.Match[str], kind: str, mark: str) -> str:
    """Emphasis between Org's marks, where those are read there; else as the author wrote it.

    Mathematics could take one of them.
    """
    words = found[f"{kind}_in"]
    before, after = found.string[: found.start()][-1:], found.string[found.end() : found.end() + 1]
    alone = not before.strip(" \t") and "$" not in found.string and _CLOSES.match(after)
    if mark not in words and (mark == "*" or alone):
        return mark + _inline(words, found.re) + mark
    written = found[0][: found[0].index(words)]
    inert = ZERO if written == "~~" else ""
    return inert + written + _within(words, found.re) + inert + written


def _within(words: str, tokens: re.Pattern[str]) -> str:
    """Words between marks that are shown: no address or emphasis begins or ends at them."""
    return _inline(f"^{words}^", tokens)[1:-1]


def _as_code(found: re.Match[str]) -> str:
    """Code, broken up as if it were text: what stands before it could take its first mark."""
    code = _inert(found["code_in"].strip())
    mark = next((mark for mark in "~=" if mark not in code), "")
    if code and mark and found.string[: found.start()][-1:] in ("", " ", "\t"):
        return mark + code + mark
    return found["ticks"] + _within(found["code_in"], found.re) + found["ticks"]


def _as_link(found: re.Match[str]) -> str:
    label = "" if found[0][0] == "!" else _inline(found["label"].strip(), found.re)
    return org_link(found["address"], label + ZERO if label.endswith("\\") else label)


def _as_url(found: re.Match[str]) -> str:
    """An address alone is a link behind a blank only, and up to the next one."""
    url = found["url"].rstrip(".,;:!?'*_~")
    before, after = found.string[: found.start()][-1:], found.string[found.start() + len(url) :][:1]
    rest = found["url"][len(url) :]
    alone = not before.strip(" \t") and (not after.strip(" \t") or after in ".,;:!?")
    if not alone or "(" in url or _CLOSER.search(url):
        return org_link(url) + rest.replace("~", f"{ZERO}~")
    return url + rest


_AS_ORG: dict[str, Callable[[re.Match[str]], str]] = {
    "code": _as_code,
    "link": _as_link,
    "angle": lambda found: org_link(found["angle"]),
    "url": _as_url,
    "bold": lambda found: _marked(found, "bold", "*"),
    "italic": lambda found: _marked(found, "italic", "/"),
    "struck": lambda found: _marked(found, "struck", "+"),
    "pairs": lambda found: "".join(mark + ZERO for mark in found["pairs"]),
    "before": lambda found: found[0] + ZERO,
    "scheme": lambda found: found[0] + ZERO,
    "hash": lambda found: found[0].replace("#", "＃"),
}


def org_link(url: str, label: str = "") -> str:
    """A link to a web address; what could end emphasis in it is percent-encoded."""
    target = _CLOSER.sub(lambda found: f"%{ord(found[0]):02X}", link_target(url) or url)
    return f"[[{target}][{label}]]" if label else f"[[{target}]]"


def org_value(text: str) -> str:
    """`text` as the value of a page's property: one line, in which nothing is live."""
    return _inert(" ".join(clean(text).split()))


def _inert(line: str) -> str:
    return _VALUE.sub(lambda found: "".join(mark + ZERO for mark in found[0]), line)
