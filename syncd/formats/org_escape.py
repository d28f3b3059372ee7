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

from syncd.formats.escape import clean, from_html, link_target
from syncd.formats.syntax import TASKS

ZERO = "\u200b"

_FENCE = re.compile(r"([ \t]*)(```|~~~)[ \t]*([\w+#.-]*)[^`~]*")
_NO_CODE = re.compile(r"[ \t]*#\+END_|(?:id|collapsed)::(?:\s|$)", re.IGNORECASE)

# What begins a line that is no paragraph: a headline (of two stars and more: one star is a list in
# Markdown), `#+key:`, a comment, a drawer or an example, a quote (it swallows the next block),
# mathematics, HTML, a fence without an end, a list's number of more than 31 bits (the parser gives
# up the page), a list's checkbox, and what stands for Logseq's own lines in a block.
_START = re.compile(
    r"(?=\*{2,}(?:\s|$)|[ \t]*(?:#(?:\+|\s|$)|:|>|\$\$|<[A-Za-z/!?]|```|~~~|\[fn:|\d{10,}\.\s)"
    r"|(?<=[ \t])\[[ xX-]\]|(?:id|collapsed)::(?:\s|$))"
)
_ITEMS = re.compile(r"(?:[ \t]*(?:[-+]|\d{1,9}\.)[ \t]+)+")
_STAR = re.compile(r"([ \t]*)\*(?=[ \t]|$)")
_TASK = re.compile(rf"(?=(?:{TASKS})(?:\s|$)|\[#[A-Za-z0-9]\])")
_TAGS = re.compile(r":[^\s:]*:\s*$")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*")
# What each mark of emphasis pairs with later in the paragraph, be it in an address: itself, and
# what is written with it
_PAIRS = {"/": "/*_", "=": "=`", "+": "+~", "~": "~`"}
_MARKS = frozenset("".join(_PAIRS.values()))
_CLOSER = re.compile(r"_(?![A-Za-z0-9])")

_URL = r"(?i:https?)://(?=[^\W_])(?:(?!!\[)[^\s()<>\[\]{}|\\^`\"\x7f-\U0010ffff]|\([^\s()<>\[\]{}|\\^`\"\x7f-\U0010ffff]*\))+"
_INERT = (
    r"(?P<pairs>\(\(+|\{\{+|\[\[+|<<+|@@+)"
    r"|(?P<before>!(?=[\[<hH])|\[(?=fn:|:|\d+-\d+-)|<(?=\d+-\d+-|[A-Za-z/!?%])"
    r"|\\(?=[A-Za-z(\[])|[_^](?=\{)|:(?<!(?i:http):)(?<!(?i:https):)(?=//))"
)
_LINKS = (
    rf"|(?P<link>!?\[(?P<label>[^\[\]\n]*)\]\(<?(?P<address>{_URL})>?(?:[ \t]+\"[^\"\n]*\")?\))"
    rf"|<(?P<angle>{_URL})>"
    rf"|(?P<url>{_URL})"
    r"|(?P<page>\[\[(?!file:)(?:(?!://|\{\{|\(\()[^\[\]\\\n<@])+\]\])"
)


def _token(links: str) -> re.Pattern[str]:
    return re.compile(
        r"(?=[`!\[<h*_~({\\@H:/=+#^])(?:"
        r"(?P<code>(?<!`)(?P<ticks>`++)(?P<code_in>[^`\n]+)(?P=ticks)(?!`))"
        rf"{links}"
        r"|(?P<bold>\*\*(?=[^\s*])(?P<bold_in>[^*\n]+)(?<![\s\\])\*\*(?!\*))"
        r"|(?P<italic>(?<![\w*_/])(?P<slant>[*_])(?=[^\s*_])(?P<italic_in>[^*_\n]+)(?<![\s\\])(?P=slant)(?![*_\w]))"
        r"|(?P<struck>~~(?=[^\s~])(?P<struck_in>[^~\n]+)(?<![\s\\])~~(?!~))"
        rf"|{_INERT}"
        r"|(?P<opener>(?<![^\W_])(?:[/=+~]{2,}|[=~]|[/+](?! ))))",
        re.DOTALL,
    )


_TOKEN = _token(_LINKS)
# Nothing that is not seen keeps `#` from being a hashtag: hence its wide twin.
_PLAIN = _token(r"|(?P<hash>\#)|(?P<scheme>:(?=//))")
_VALUE = re.compile(_INERT)
_CLOSES = re.compile(r"$|[ \t)\]}'\",.:;!?-]")


def org_lines(text: str, tail: str = "", *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, then `tail`.

    On the last line, or on one of its own.

    It is so behind code and a table. `inline`: the first line will follow other words (`*Note*:
    …`). Code that would stand first is put on the second line.
    """
    lines = from_html(clean(text)).strip().split("\n")
    ahead = [_MARKS.intersection(tail)]
    for line in reversed(lines):
        ahead.append(ahead[-1].union(_MARKS.intersection(line)))
    tokens = _PLAIN if plain else _TOKEN
    out: list[str] = []
    closings = {line.strip(): number for number, line in enumerate(lines)}  # each mark's last one
    at = 0
    while at < len(lines):
        end = _closing(lines, at, closings)
        if end:
            out += [*([] if out else [""]), *_code(lines[at : end + 1])]
            at = end + 1
            continue
        out.append(_line(lines[at], tokens, first=not out and not inline, ahead=ahead[-2 - at]))
        if at == 0 and _TAGS.search(out[0]):
            out[0] += ZERO
        at += 1
    return _with_tail(out, tail) if tail else out


def _with_tail(lines: list[str], tail: str) -> list[str]:
    last = lines[-1]
    if not last:
        return [*lines[:-1], tail]
    return (
        [*lines, tail]
        if last == "#+END_SRC" or _ROW.fullmatch(last)
        else [*lines[:-1], f"{last} {tail}"]
    )


def _closing(lines: list[str], at: int, last: dict[str, int]) -> int:
    """The last line of the code fence that begins at `at`.

    0 where none does, or it is never closed.
    """
    found = _FENCE.fullmatch(lines[at])
    if not found or last.get(found[2], 0) <= at:
        return 0
    return next(end for end in range(at + 1, len(lines)) if lines[end].strip() == found[2])


def _code(lines: list[str]) -> list[str]:
    indent, _, language = _FENCE.fullmatch(lines[0]).groups()  # type: ignore[union-attr]
    inside = [line.removeprefix(indent) for line in lines[1:-1]]
    inside = [ZERO + line if _NO_CODE.match(line) else line for line in inside]
    return [f"#+BEGIN_SRC {language}".rstrip(), *inside, "#+END_SRC"]


def _line(line: str, tokens: re.Pattern[str], *, first: bool, ahead: frozenset[str]) -> str:
    line = _STAR.sub(r"\1-", line, count=1) if _STAR.match(line) else line
    found = _ITEMS.match(line)
    at = found.end() if found else 0
    if _START.match(line, at) or (first and _TASK.match(line)):
        line = line[:at] + ZERO + line[at:]
    return _inline(line, tokens, ahead)


def _inline(line: str, tokens: re.Pattern[str], ahead: frozenset[str] = _MARKS) -> str:
    """One line's Markdown as Org; `ahead` are the marks of emphasis that follow it."""

    def shown(found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        if kind in _AS_ORG:
            org = _AS_ORG[kind](found)
            joins = org.startswith("[[") and line[: found.start()].endswith("[")
            return ZERO + org if joins else org
        if kind != "opener":
            return found[0]
        rest = line[found.end() :]
        paired = any(mark in ahead or mark in rest for one in found[0] for mark in _PAIRS[one])
        return "".join(ZERO + one for one in found[0]) if paired else found[0]

    return tokens.sub(shown, line)


def _marked(found: re.Match[str], inside: str, mark: str) -> str:
    """`inside` between Org's marks, where those are read there; else as the author wrote it."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() : found.end() + 1]
    if mark not in inside and (mark == "*" or (not before.strip(" \t") and _CLOSES.match(after))):
        return mark + inside + mark
    # There is a first character
    written = re.match(r"\*\*|~~|.", found[0])[0]  # type: ignore[index]
    inert = ZERO if written == "~~" else ""
    return inert + written + inside + inert + written


def _as_code(found: re.Match[str]) -> str:
    code = found["code_in"].strip()
    before = found.string[: found.start()]
    mark = next((mark for mark in "~=" if mark not in code), "")
    bold = "*" in code and "*" in before  # which would end in the code
    if (
        code
        and mark
        and not bold
        and not before.endswith("[[")
        and before[-1:] in ("", " ", "\t", "[")
    ):
        return mark + code + mark
    # Between its marks an address is no link by itself.
    inside = _inline(f"^{found['code_in']}^", found.re)[1:-1]
    return found["ticks"] + inside + found["ticks"]


def _as_link(found: re.Match[str]) -> str:
    return org_link(
        found["address"], "" if found[0][0] == "!" else _inline(found["label"].strip(), found.re)
    )


def _as_url(found: re.Match[str]) -> str:
    """An address alone is a link behind a blank only, and up to the next one."""
    url = found["url"].rstrip(".,;:!?'*_~")
    before, after = found.string[: found.start()][-1:], found.string[found.start() + len(url) :][:1]
    rest = found["url"][len(url) :]
    if before.strip(" \t") or "(" in url or (after.strip(" \t") and after not in ".,;:!?"):
        return org_link(url) + rest.replace("~", f"{ZERO}~")
    return url + rest


_AS_ORG: dict[str, Callable[[re.Match[str]], str]] = {
    "code": _as_code,
    "link": _as_link,
    "angle": lambda found: org_link(found["angle"]),
    "url": _as_url,
    "bold": lambda found: _marked(found, _inline(found["bold_in"], found.re), "*"),
    "italic": lambda found: _marked(found, _inline(found["italic_in"], found.re), "/"),
    "struck": lambda found: _marked(found, _inline(found["struck_in"], found.re), "+"),
    "pairs": lambda found: "".join(mark + ZERO for mark in found["pairs"]),
    "before": lambda found: found[0] + ZERO,
    "scheme": lambda found: found[0] + ZERO,
    "hash": lambda found: found[0].replace("#", "＃"),
}


def org_link(url: str, label: str = "") -> str:
    """A link to a web address; an underscore in it that could end emphasis is percent-encoded."""
    target = _CLOSER.sub("%5F", link_target(url) or url)
    return f"[[{target}][{label}]]" if label else f"[[{target}]]"


def org_value(text: str) -> str:
    """`text` as the value of a page's property: one line, in which nothing is live."""
    line = " ".join(clean(text).split())
    return _VALUE.sub(lambda found: "".join(mark + ZERO for mark in found[0]), line)
