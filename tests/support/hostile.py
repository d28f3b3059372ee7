"""Texts that try to break a Logseq page: the tokens, alone and combined, as a seeded stream."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_UUID = "6421a0b1-0000-4000-8000-000000000000"
_MARKS = r"""- |-|-# |# |## |#|#+a: b|#+BEGIN_QUERY|#+END_QUERY|#+x|k:: v|k::|作者:: x
**Note**:: x|`k:: v`|::|:
```|````|``|`|```py|~~~|~~|~|$$|$|$x$|$a {{b}}$|$$p$$|<!--|-->|<div>|</div>|<b>|<|>|> |\begin{a}
\end{a}|\begin{|DEADLINE: <2023-01-01 Sun>|SCHEDULED: <2023-01-01>|CLOCK: [2023-01-01 Sun 10:00]
CLOSED: [2023-01-01 Sun]|<2023-01-01 Sun>|:PROPERTIES:|:END:|:LOGBOOK:|:a: b|TODO |DONE|LATER |NOW
IN-PROGRESS |WAITING |[#A] |[#A]|{{query x}}|{{|}}|{{{|}}}|{|}|((|))|(|)|[[x]]|[[|]]|[|]|#x
#[[x y]]|@x|@|@@html: x@@|@@|[^1]:|[^1]|[a](|](|[a](b)|[a](https://b.c/d_e)|![](https://b.c/x.jpg)
![|!|https://t.co/a_b|(https://a.b/_c|http://x.y/((z))|javascript:alert(1)|logseq://graph|[x](javascript:x)|<%|%>
%%|^^|^^x^^|==|==x==|===|src_py{x}|^{|_{|[:div|[:b "x"]|query-table:: x|id:: x|title:: x
collapsed:: true|* |+ |1. |• |*|**|***|_|__|_x_|_a b|---|--|/|+|=|^|: x|term|&nbsp;|&lt;b>|\|\\|\(
\)|\[|\]|\-|\#|\`|\alpha_1|a|foo|中文|عربي|हिंदी|🧵|é|1|:smile:|"|'|,|，|：：|＃|［［|<https://x.y>
<script>|<img src='https://b.c/x_y.jpg'/>|<a href="https://b.c/">@x_</a>
<video><source src="https://b.c/v.mp4"></video>|word|https://e.org|HTTPS://E.ORG|http://u:p@e.org|https://e
13800000000. x|* [ ] x|+ [X] |\{{x}}|\((x))|{:a 1}|[x](y)|[x](../y.md)|[a](<https://b.c/d e>)
(_x)|p___|C:\sum|[^x]
`b\)|[a](https://b.c/d `|{{query z}}`|#a$x|$x {{b}}$|[[x {{y}} ]]|https://e.org/a`x|`{{x}}`
`_x` |`#x`|**`"""
_LINES = [
    "```",
    "```py",
    "~~~",
    " ```",
    "$$",
    "\\begin{a}",
    "\\end{a}",
    "",
    "",
    "- x",
    "* y",
    "> q",
    "1. z",
    "text",
]
_LINES += ["# h", "  ", "k:: v", "    i", "term", ": d", "|a|b|", "|-|-|", "[^1]: x", "#+a: b"]
_BLANKS = [
    "\u00a0",
    "\u3000",
    "\u2003",
    "\u200b",
    "\r",
    "\r\n",
    "\u2028",
    "\0",
    "\ufeff",
    "\x85",
    "\v",
    "\ud800",
]
_BLANKS += [
    "\u202e",
    "  \n",
    "\\\n",
    "\n\n",
    "\n  ",
    "\n\t",
    "\t\n",
    "::\t\n",
    "\n- ",
    "\n# ",
    " ",
    " ",
    "  ",
    "\t",
    "\0k:: v",
    "|-|",
]
TOKENS = [*_MARKS.replace("\n", "|").split("|"), f"(({_UUID}))", "|", "||", *_BLANKS, *["\n"] * 14]
_PREFIXES = ["", "  ", "> ", "* ", "1. ", "\t", "    "]


# What would do something, inside of what is kept verbatim where nothing breaks it open.
_LIVE = ["{{query x}}", "((a))", f"(({_UUID}))", "[[x]]", "<b>x</b>", "<2023-01-01 Sun>", "#+a: b"]
_LIVE += ["[[file:a]]", "[x](javascript:x)", "k:: v", "[:div]", "@@html: x@@", "<% x %>", "%% y"]
_LIVE += [
    "![[z]]",
    "(k:: v)",
    "📅 2025-12-31",
    "$= x",
    "= x",
    "[^1]",
    "&nbsp;",
    "\\",
    "javascript://x",
    "<+5-3_-1 t>",
    "[-5-3-1 t]",
    "//e.org/x",
    "mailto:a@b",
    "&#x3c;",
    "x^1]",
    "*/a_b/_c",
]
_KEPT = [
    "`{}`",
    "`` {} ``",
    "`{}",
    "`$x {}`",
    "```\n{}\n```",
    "```clojure :results\n{}\n```",
    "$x {}$",
]
_KEPT += [
    "$$ {} $$",
    "https://e.org/{}",
    "https://e.org/`x {}`",
    "<https://e.org/{}>",
    "<http://{}>",
]
_KEPT += [
    "[a](https://e.org/{})",
    '[a](https://e.org "{}")',
    "[{} [b]](https://e.org)",
    "x](https://e.org/{})",
    "[a\n{}](https://e.org)",
    "#[[#[[{}]]]]",
    "[[a {} b]]",
    "[{}](https://e.org)",
    "[[a {}]]",
    "#a{}",
    "**{}**",
    "_{}_",
    "~~{}~~",
]
_KEPT += [
    "\\({}\\)",
    "\\[{}\\]",
    "$5 or `{}`",
    "[a `{}` b",
    "```{}\nx\n```",
    "|`{}`|",
    "www.e.org/{}",
]


def _payload(random: Random) -> str:
    text = random.choice(_LIVE)
    for _ in range(random.choice([1, 1, 2])):
        text = random.choice(_KEPT).replace("{}", text)
    return text


def texts(seed: int, count: int, more: Sequence[str] = ()) -> list[str]:
    """`count` texts; the same for the same seed and the same `more` tokens."""
    random = Random(seed)
    tokens = [*TOKENS, *more]
    return [_text(random, tokens) for _ in range(count)]


def _text(random: Random, tokens: list[str]) -> str:
    kind = random.random()
    if kind > 0.85:
        parts = [random.choice([_payload(random), random.choice(tokens)]) for _ in range(5)]
        return random.choice(["", " ", "\n"]).join(parts[: random.choice([1, 2, 3, 5])])
    if kind < 0.15:
        lines = random.choice([2, 3, 4, 6, 10])
        return "\n".join(random.choice(_PREFIXES) + random.choice(tokens) for _ in range(lines))
    if kind < 0.3:
        return "\n".join(random.choices(_LINES, k=random.choice([3, 4, 5, 6, 8, 12])))
    return "".join(random.choices(tokens, k=random.choice([1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20])))
