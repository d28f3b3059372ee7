"""Hostile texts on Org pages, read by Logseq's own parser.

And pages in Org, read and written back.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats.escape import logseq_name
from syncd.formats.org_escape import org_lines, org_value
from syncd.page.blocks import app_lines, digest, parse
from syncd.page.org import ORG
from tests.support import hostile, logseq_parser, mldoc_tree, org_oracle

needs_parser = pytest.mark.needs("logseq-parser")

# Texts that once broke a page, each the shortest of its kind.
FOUND = [
    "~",
    "=",
    "</div>",
    ">q\n\n* end",
    "}}}\n__",
    "a\n@ex_ample",
    "> _a b",
    "* a\n1. :PROPERTIES:",
    "🧵:LOGBOOK:",
    "[[[:div",
    "<!--x\n-->",
    "+~^{",
    "|/+",
    "!http://x.y/((z))",
    "```@/`:a",
    "1_{_a b}::_:c",
    "x<div>y</div>",
    "[[//\\-",
    "x https://t.co/a_b~",
    "|> {_x_1",
    "~~\\~~",
    "\\begin{a}\nx",
    "```\n#+END_SRC\n* x\n```",
    "```\nid:: x\n```",
    "```\na\ncollapsed:: true\n```",
    "a\n13800000000. x",
    "a\n* [ ] x\n1. [x] y",
    "_\\_",
    "*\\*",
    "https://e(HTTPS://E.ORG)",
    "[https://e.org] [[a](https://e.org)]",
    "zotero://select file:///etc/passwd",
    "_[[ {{y}}]]",
    "^[[ {{y}}]]",
    "[[`#`",
    "\u202e`#`",
    "[[`{{x}}`",
    "*[`**`",
    "}`http://-`",
    "```HTTP://E```",
    "~ `{{x}}`",
    "_{_\u3000T",
    "_{ `}<<t>>`",
    "x\u00a0_{_]",
    "x :g:\u00a0\u2028_",
    "a\n[^1]\n[[a $= x]]---",
    "**~*:*~ http://o*/b",
    "$r _$_,",
    "$x https://e.org/$= x$",
    "a <2025-03_-01 Sa - b",
    "<+5-3-1 t> [5-+3-1 t]",
]


@needs_parser
def test_texts_that_once_broke_a_page_do_not() -> None:
    """Each of them, and all of them on one page."""
    assert org_oracle.problems(FOUND) == []


@needs_parser
@pytest.mark.parametrize("seed", range(2))
def test_no_text_breaks_a_page_or_is_live_on_it(seed: int) -> None:
    """Every text is one block with its link and tags, and sets, runs and refers to nothing."""
    assert org_oracle.problems(hostile.texts(seed, 500)) == []


@needs_parser
def test_plain_text_is_inert_and_no_link_of_it_is_live() -> None:
    """Nor is a hashtag, a page or a picture (`live_text = "none"`)."""
    assert org_oracle.problems([*FOUND, *hostile.texts(7, 500)], plain=True) == []


@needs_parser
def test_each_hostile_token_alone_is_inert() -> None:
    """No token, Org's own neither, breaks a page.

    At a text's start, in its middle, at its end, on a line below.
    """
    tokens = [*hostile.TOKENS, *org_oracle.TOKENS]
    texts = [
        f"{before}{token}{after}"
        for token in tokens
        for before, after in (("", ""), ("a ", " b"), ("a\n", ""))
    ]
    assert org_oracle.problems(list(dict.fromkeys(texts))) == []


@needs_parser
def test_names_are_one_reference_and_values_one_property() -> None:
    """A tag's or author's name is one page, and a title one value, whatever they hold."""
    texts = [text for text in hostile.texts(99, 300) if logseq_name(text)]
    drawer = ":PROPERTIES:\n:title: T\n:full-title: {0}\n:END:\n* a #[[{1}]] [[{1}]]"
    pages = [drawer.format(org_value(text), logseq_name(text)) for text in texts]
    for text, page in zip(texts, logseq_parser.pages(pages, "org"), strict=True):
        assert page["properties"] == {"title": "T", "full-title": org_value(text)}, text
        assert page["blockCount"] == 1, text
        assert page["blocks"][0]["refs"] == [
            f"#[[{logseq_name(text)}]]",
            f"[[{logseq_name(text)}]]",
        ], text


@needs_parser
def test_nothing_in_a_pages_value_is_live() -> None:
    """Logseq shows a property's value as a line of text.

    No HTML, date, macro or link but to the web in it.
    """
    words = [
        "<b>x</b>",
        "[:div x]",
        "<2023-01-01 Sun>",
        "zotero://x",
        "[fn:1]",
        "\\alpha",
        "{{x}}",
        "![](file:///x)",
    ]
    for tree in logseq_parser.syntax([f"* a {org_value(word)}" for word in words], "Org"):
        assert list(mldoc_tree.alive(tree, org_oracle.LIVE)) == []


@given(st.text())
def test_any_text_becomes_lines_without_breaks_in_them(text: str) -> None:
    """No line holds a line break or a control character, and all can be written as UTF-8."""
    for line in org_lines(text):
        assert len(line.splitlines()) <= 1
        assert not any(ord(character) < 32 and character != "\t" for character in line)
        line.encode()


@given(st.lists(st.sampled_from(hostile.TOKENS), max_size=12).map("".join))
def test_a_block_is_read_as_it_is_written(text: str) -> None:
    """Among other blocks, with Logseq's own lines in it, whatever it says.

    The same content, depth and digest.
    """
    content = [line.rstrip() for line in org_lines(text, "#Highlight")]
    with_id = [content[0], "id:: 65f0-1", *content[1:]]
    lines = ["* davor", *ORG.bullet(content, "*"), *ORG.bullet(with_id, ""), "* danach"]
    page = parse("\n".join(lines), ORG)
    read = [page.content(block) for block in page.blocks]
    assert read == [["davor"], content, with_id, ["danach"]]
    assert [len(block.indent) for block in page.blocks] == [0, 1, 0, 0]
    assert digest(read[1]) == digest(read[2])
    assert app_lines(read[2]) == ["id:: 65f0-1"]


@given(
    st.lists(
        st.sampled_from(
            ["* a\n", "** b\n", "*\n", "#+BEGIN_SRC\n", "#+END_SRC\n", "```\n", "\n", "x\r\n"]
        )
    )
)
def test_a_page_is_its_lines(lines: list[str]) -> None:
    """Whatever stands in a file, its lines put together are its text, and blocks do not overlap."""
    text = "".join(lines)
    page = parse(text, ORG)
    assert "".join(page.lines) == text
    ends = [0, *(block.end for block in page.blocks)]
    assert all(
        end <= block.start < block.own_end <= block.end
        for end, block in zip(ends, page.blocks, strict=False)
    )


@needs_parser
def test_blocks_begin_where_logseqs_parser_sees_them() -> None:
    """Headlines in code and in blocks of Org are none."""
    texts = [
        "* a\n#+BEGIN_SRC py\n* no\n#+END_SRC\n** b\n* c",
        "* a\n#+begin_quote\n* no\n#+end_quote\n* b",
        "* a\n```\n* no\n```\n* b\n```\n* c",
        "* a\n#+BEGIN_SRC\n* b\n** c",
        "* #+BEGIN_SRC\n* no\n#+END_SRC\n* b",
        "*\n* a\n*b*\n - c\n * d\n***\ttab\n*** e",
    ]
    for text, page in zip(texts, logseq_parser.pages(texts, "org"), strict=True):
        assert len(parse(text, ORG).blocks) == page["blockCount"], text
