"""Hostile texts on Logseq pages, read by Logseq's own parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats.escape import (
    logseq_lines,
    logseq_name,
    logseq_value,
)
from tests.support import hostile, logseq_oracle, logseq_parser

needs_parser = pytest.mark.needs("logseq-parser")

# Texts that once broke a page, each the shortest of its kind.
FOUND = [
    "t\n-#",
    ">* #+",
    "a\nterm\n: d",
    "$$p$$#",
    "@@@: x@@",
    "#\\[[",
    "[^1]: x\n_\u3000]",
    "_x_＃",
    "＃__a__`",
    "b[](x)__a__+",
    "(http://_Q",
    "T\u2003http://c__0",
    "</div>https://t.co/a_b---_{",
    "\\#_.",
    "\\src_py",
    "$_{$",
    "$$ [2023-01-01 Sun]$$ #$$ <2023-01-01 Sun>$$",
    "_a b@@html: x@@_{",
    "*\n* y\n```\n-\n```",
    ">q\n~~~\n-\n~~~",
    "* q\n```\n\n- x\n```",
    "> id:: x\n> ~~~\n> x\n<b>\n> ~~~",
    "~~~\n1.\n```\n\n```",
    "](\ufeff<http://y>",
    "<@@",
    "#a` <3-1-1 n>`",
    "#a_b` <3-1-1 n>`",
    "*$[]()$*",
    "\\\n*  [x]",
    ">$$p$$#+",
    "> * $$p$$#+a: b",
    "> 1. $$p$$#+a: b",
    "$\t<http://$[^1]>",
    "<%@<3-1-1 S>",
    "](<é@<2-1-1 n>",
    "a\n13800000000. x",
    "> 2147483648.\tx",
    "a\n* [ ] x\n1. [x] y",
    "> + [X] x",
    "C:\\sum\\Delta",
    "a [^1] b [^x]",
    "[a](b) ![](../c.png) [d](//e.org)",
    "[a](((6421a0b1-0000-4000-8000-000000000000)))",
    "[a](<https://e.org/b c)d>)",
    "```\n[a](<https://e.org/b c>)",
    "https://e.org<b>x</b>",
    "https://e.org\\{{query x}} https://e.org\\((x))",
    "https://e.org[2023-01-01 Sun]",
    "https://e.org(_x)",
    "(https://e.org/p___)",
    "a $=}}_{$[x]",
    "[# ] x",
    "![(($$[[x\\]]",
    "https://e.org\u2003\\((x))",
    "xhttps://t.co/bhttp://u:p@e.org\\((x))",
    "a\n* [X] {{\\]id:: x",
    "<%x@e.org\u3000)<2023-01-01 Sun>",
    "![](https://e.org/i(_x)",
    "$$DEADLINE: <2023-01-01 Sun>$$ $x$$",
    "((a `x\\) {{query y}}`",
    "((a\nb\nc `x\\) {{query y}}`",
    "((a `x\\) y` b `{{query y}}`",
    "[a](https://e.org/a `b) {{query y}}`",
    "https://e.org/a`x {{query y}}`",
    "https://e.org/a[[x {{query y}} ]]",
    "#a`x` y {{query y}}`",
    "#a$x$ {{query y}}$",
    "a\n|a|`b|{{query y}}`|",
    "#*http://e.org/_o",
    "\\a`](`",
    "* [ ] `](`",
    "_a `](`",
    "](`{{`",
    "#a$# q://$",
    "#a$* _$",
    "x\u00a0_;_",
    "`::: `_x`",
    "`#`::",
    "<`](<`@",
    "[://",
    "HTTP://t()_a",
    "`{``{{``",
    "http://g/[[\to://,]]",
    "a\n> 1. [//]: #",
    "[](mailto:a@b.cd)",
    "[](http://u)`\\`",
    "![[e]]()",
    "```::\n```",
    "a\nx\n_a._!",
    "_%\t_",
    "a\n* b\n```\n1\n```",
    "a\n  * b\n```\n  1\n```",
    "a\n$$\n$$>\n$$",
    "\\begin{a}\n\\End{a}\n{{x}}\n\\end{a}",
    "\\begin{a}\n\\end{a}- \n- x\n\\end{a}",
    "^{\\(}_\\)",
    "^{\\(} \\alpha\\)",
    "_b -https://E.ORG#x[:b] c",
    "> [[x {{y}} ]]\n  [x](y)",
    "a <2025-03_-01 Sa - b",
    "<+5-3-1 t> [5-+3-1 t] `a` <-5-3-1 t>",
    '[x](https://e.org "`a` {{b}} _c_")',
    "[= `\\\\` [b]](https://e.org/c `)",
    "![#[[https://e.org\\x]]](https://e.org/i.png)",
    "a #[[#[[b-]]]]",
    "<%\xa0@@``",
    "[^b](https://e.org) [:b](https://e.org)",
    ")\n\u2003\n_t://_",
    "g*a* https://e.?r*/a_b_c/_d",
    "*<a href='https://e.org'>*_</a>",
    "https://e.org/[[a _c]] x",
    "[a](https://e.org/[[a */a_b/_c]])",
    "*/a_b/_c\n` <http://*/a_b/_c> `",
    '[a](https://e.org/[a](https://e.org "<+5-3_-1 t>"))',
]


@needs_parser
def test_texts_that_once_broke_a_page_do_not() -> None:
    """Each of them, and all of them on one page."""
    assert logseq_oracle.problems(FOUND) == []


@needs_parser
@pytest.mark.parametrize("seed", range(4))
def test_no_text_breaks_a_page_or_is_live_on_it(seed: int) -> None:
    """Every text is one block with its link and tags, and sets, runs and refers to nothing."""
    assert logseq_oracle.problems(hostile.texts(seed, 500)) == []


@needs_parser
def test_plain_text_is_inert_and_no_link_of_it_is_live() -> None:
    """Nor is a hashtag, a page or a picture (`live_text = "none"`)."""
    assert logseq_oracle.problems([*FOUND, *hostile.texts(7, 500)], plain=True) == []


@needs_parser
def test_each_hostile_token_alone_is_inert() -> None:
    """No single token breaks a page, wherever in a text or on whichever line it stands."""
    texts = [
        f"{before}{token}{after}"
        for token in hostile.TOKENS
        for before, after in (("", ""), ("a ", " b"), ("a\n", ""))
    ]
    assert logseq_oracle.problems(list(dict.fromkeys(texts))) == []


@needs_parser
def test_names_are_one_reference_and_values_one_property() -> None:
    """A tag's or author's name is one page, and a title one value, whatever they hold."""
    texts = [text for text in hostile.texts(99, 300) if logseq_name(text)]
    pages = [
        f"title:: T\nfull-title:: {logseq_value(text)}\n"
        f"- a #[[{logseq_name(text)}]] [[{logseq_name(text)}]]"
        for text in texts
    ]
    for text, page in zip(texts, logseq_parser.pages(pages), strict=True):
        assert page["properties"] == {"title": "T", "full-title": logseq_value(text)}, text
        assert page["blockCount"] == 1, text
        assert page["blocks"][0]["refs"] == [
            f"#[[{logseq_name(text)}]]",
            f"[[{logseq_name(text)}]]",
        ], text


@given(st.text())
def test_any_text_becomes_lines_without_breaks_in_them(text: str) -> None:
    """No line holds a line break or a control character, and all can be written as UTF-8."""
    for line in logseq_lines(text):
        assert len(line.splitlines()) <= 1
        assert not any(ord(character) < 32 and character != "\t" for character in line)
        line.encode()
