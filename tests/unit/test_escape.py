"""The escapes for Logseq, rule by rule, and what must come through untouched."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from syncd.formats import escape, obsidian_escape, org_escape
from syncd.formats.escape import (
    clean,
    from_html,
    link_target,
    logseq_lines,
    logseq_name,
    logseq_value,
)
from syncd.formats.obsidian_escape import obsidian_lines
from syncd.formats.org_escape import org_lines
from tests.support import hostile, obsidian_oracle, org_oracle

ESCAPES = [
    ("- eins", r"\- eins"),
    ("-", r"\-"),
    ("あ\n  - 二", "あ\n  \\- 二"),
    ("a\n-#", "a\n\\-#"),
    ("# Überschrift", r"\# Überschrift"),
    ("a\n### b", "a\n\\### b"),
    ("#+title: neu", r"\#+title: neu"),
    ("> #+title: neu", r"> \#+title: neu"),
    ("[#A] #+title: neu", r"[\#A] #+title: neu"),
    ("key:: v", r"key:\: v"),
    ("a\nkey::", "a\nkey:\\:"),
    ("作者:: 王", r"作者:\: 王"),
    ("**Note**:: x", r"**Note**:\: x"),
    ("`key:: v`", r"\`key:\: v\`"),
    ("a ``` b", r"a \`\`\` b"),
    ("````\nx\n````", "\\`\\`\\`\\`\nx\n\\`\\`\\`\\`"),
    ("```py\nx = 1", "\\`\\`\\`py\nx = 1"),
    ("~~~\nx", "\\~~~\nx"),
    ("a `b", r"a \`b"),
    ("a $$ b", r"a \$\$ b"),
    ("<!-- x -->", r"\<!-- x -->"),
    ("<div>x</div>", r"\<div>x\</div>"),
    (r"\begin{a} x", r"\\begin{a} x"),
    ("DEADLINE: <2023-01-01 Sun>", r"DEADLINE: \<2023-01-01 Sun>"),
    ("SCHEDULED: <2023-01-01>", r"SCHEDULED: \<2023-01-01>"),
    ("CLOCK: [2023-01-01 Sun 10:00]", r"CLOCK: \[2023-01-01 Sun 10:00]"),
    ("a\n:PROPERTIES:\n:id: 1\n:END:", "a\n\\:PROPERTIES:\n:id: 1\n\\:END:"),
    ("a\nterm\n: meaning", "a\nterm\n\\: meaning"),
    ("a\n[^1]: note", "a\n[\\^1]: note"),
    ("IN-PROGRESS x", r"\IN-PROGRESS x"),
    ("TODO", r"\TODO"),
    ("[#A] x", r"[\#A] x"),
    ("{{query (todo)}}", r"{\{query (todo)}}"),
    ("{{{x}}}", r"{\{\{x}}}"),
    ("((6421a0b1-0000-4000-8000-000000000000))", r"(\(6421a0b1-0000-4000-8000-000000000000))"),
    ("a [[b", r"a [\[b"),
    ("a #[[b", r"a \#[\[b"),
    ('[:div "x"]', r'[\:div "x"]'),
    ("@@html: <b>@@", r"\@\@html: \<b>\@\@"),
    ("[x](javascript:alert)", r"[x]\(javascript:alert)"),
    ("[[k:: v]] [[a]]", r"[\[k:\: v]] [[a]]"),
    ("[[k]]:: v", r"[[k]]:\: v"),
    ("$$k:: v$$", r"\$\$k:\: v\$\$"),
    ("a\nid::\t\nb", "a\nid:\\:\t\nb"),
    (
        "logseq://graph Obsidian://open https://e.org",
        r"logseq\://graph Obsidian\://open https://e.org",
    ),
    ("an _open end", r"an \_open end"),
    ("电话\n13800000000. 王", "电话\n13800000000\\. 王"),
    ("a\n* [ ] b\n> 1. [x] c", "a\n* \\[ ] b\n> 1. \\[x] c"),
    (r"C:\alpha", r"C:\\alpha"),
    ("$$\n- x\n$$", "\\$\\$\n\\- x\n\\$\\$"),
    ("https://e.org<b>", r"https\://e.org\<b>"),
    (
        "[a](https://e.org/){b} ![](https://e.org/c.png){{d}}",
        r"[a](https://e.org/)\{b} ![](https://e.org/c.png)\{\{d}}",
    ),
    ("[x](y) and [^1]", r"[x]\(y) and [\^1]"),
    # A backslash of the text is a character.
    (r"¯\_(ツ)_/¯", r"¯\\\_(ツ)\_/¯"),
    (r"\- \# \[x\] key:\: \(y\) \z", r"\\- \\# \\[x\\] key:\\: \\(y\\) \\z"),
    # Code and mathematics are text where another mark stands on the line, or above it.
    ("**a** `b`", r"**a** \`b\`"),
    ("price $5 or `$x {{y}}`", r"price \$5 or \`\$x {\{y}}\`"),
    ("[a [b\n`]](http://a) {{x}}`", "[a [b\n\\`]]\\(http://a) {\\{x}}\\`"),
    ("**a**\n\n`{{x}}`", "**a**\n\n`{{x}}`"),
    ("$TSLA/$AAPL $5k/$10k", r"\$TSLA/\$AAPL \$5k/\$10k"),
    ("a<http://a_javascript://%0aalert(1)>", r"a\<http\://a_javascript\://%0aalert(1)>"),
    ("a<http://_x>", r"a\<http\://\_x>"),
    # A link's label has nothing in it that hides an escape, its title nothing but words.
    (r"[a `b` [c]](https://e.org)", r"[a \`b\` [c]]\(https://e.org)"),
    ('[a](https://e.org "{{b}}")', r'[a]\(https://e.org "{\{b}}")'),
    # Numbers of a date as the parser's language reads them
    ("`a` <-5-3-1 t>", r"`a` \<-5-3-1 t>"),
    ("a <2025-03_-01 Sa - b", r"a \<2025-03_-01 Sa - b"),
    # A fence keeps a known language, and never options.
    ("```clojure :results\n(x)\n```", "```clojure\n:results\n(x)\n```"),
    ("```mermaid\nx\n```", "```\nmermaid\nx\n```"),
]

UNTOUCHED = [
    "",
    "* eins\n+ zwei\n1. drei\n• vier",
    "a\n---\nb",
    "> Zitat\n> noch eins",
    "|a|b|\n|-|-|\n|1|2|",
    "<% today %> and 1 < 2 <3",
    "$x^2$ costs $5 or $6, in $TSLA",
    "a $$x + y$$ b",
    "$$\nx\n$$\nb",
    "\\begin{align}\nx\n\\end{align}",
    "```py\n- x\n# y\nkey:: {{z}} ((w))\n#+a: b\n```\nb",
    "see `{{x}} - [[y` and ``a ` b`` here",
    "https://example.org/a_b/_c_(d)?q={1}#frag-x and <https://example.org/>",
    "[[Seite]] #tag #[[zwei Wörter]] @name_ **fett** _kursiv_ ~~weg~~ ==mark== snake_case",
    "[text](https://example.org/) ![](https://example.org/x.jpg)",
    "नमस्ते दुनिया 🧵👩🏽‍🚀 e\u0301 مرحبا \u202bثنائي\u202c",
    "the TODO: of a line\nTODO x\nfoo bar:: x and std::vector",
    "a space before the break stays \n\n![](https://pbs.example.org/media/x_y.jpg)",
]


@pytest.mark.parametrize(("text", "expected"), ESCAPES)
def test_what_breaks_a_page_gets_a_backslash(text: str, expected: str) -> None:
    """Each rule as it is written."""
    assert "\n".join(logseq_lines(text)) == expected


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    """Lists, quotes, tables, code, addresses and emphasis come out byte for byte."""
    assert "\n".join(logseq_lines(text)) == text


def test_the_golden_texts_come_through_byte_for_byte() -> None:
    """A real thread in Chinese, with an image: nothing in it needs care."""
    export = json.loads(
        (Path(__file__).parents[1] / "golden/logseq-thread.export.json").read_bytes()
    )
    for highlight in export["results"][0]["highlights"]:
        assert "\n".join(logseq_lines(highlight["text"])) == highlight["text"]
        assert link_target(highlight["url"]) == highlight["url"]


def test_a_fence_in_words_is_no_fence() -> None:
    """After `**Note**: ` no fence can open, so its marks are escaped."""
    assert logseq_lines("```\nx\n```", inline=True) == ["\\`\\`\\`", "x", "\\`\\`\\`"]


def test_a_fence_in_a_list_that_its_content_would_end_is_no_fence() -> None:
    """The parser ends a list at a blank line, even in code.

    The end of the fence would open another one.
    """
    assert logseq_lines("* a\n```\n\nx\n```")[1] == "\\`\\`\\`"
    assert logseq_lines("* a\n```\nx\n```")[1] == "```"


def test_clean_knows_every_line_break_and_drops_what_is_no_text() -> None:
    """Foreign breaks become line feeds.

    Controls, byte order marks and half surrogates do not reach a file.
    """
    assert clean("a\r\nb\rc\u2028d\u2029e\x85f\vg\fh") == "a\nb\nc\nd\ne\nf\ng\nh"
    assert clean("\ufeffa\0b\x1bc\x9fd\te\u202ef") == "abcd\te\u202ef"
    assert clean("a\ud83db") == "a\ufffdb"


def test_raw_html_of_tweets_becomes_markdown() -> None:
    """Images, links and videos.

    An element without a web address is left, and shown instead of run.
    """
    assert from_html("<img src='https://e.org/a_b.jpg'/>") == "![](https://e.org/a_b.jpg)"
    assert (
        from_html('<a href="https://e.org/?a=1&amp;b=2">@x_</a>!')
        == "[@x_](https://e.org/?a=1&b=2)!"
    )
    sources = (
        '<source src="https://e.org/v.m3u8">\n\n<source src="https://e.org/v.mp4?tag=1"> Sorry.'
    )
    video = f"<video controls>\n{sources}</video>"
    assert from_html(f"a {video} b") == "a [Video](https://e.org/v.mp4?tag=1) b"
    assert from_html('<a href="javascript:x">y</a>') == '<a href="javascript:x">y</a>'
    assert from_html("<b>x</b> <video> a < b") == "<b>x</b> <video> a < b"
    assert (
        from_html("[a](<https://e.org/b c>) <https://e.org>")
        == "[a](https://e.org/b%20c) <https://e.org>"
    )


def test_html_with_a_backslash_is_text() -> None:
    """Its backslash is shown too."""
    assert logseq_lines(r"\<img src='https://b.c/x'>") == [r"\\\<img src='https://b.c/x'>"]
    assert from_html(r"\<img src='https://b.c/x'>") == r"\<img src='https://b.c/x'>"


def test_html_in_code_is_code() -> None:
    """Who shows how an element is written meant the words, not the picture."""
    text = "`<img src='https://e.org/a.jpg'>` ``[a](<https://e.org/>)``\n```html\n<a href='https://e.org/'>x</a>\n```"
    assert from_html(text) == text
    assert from_html("a ` <img src='https://e.org/a.jpg'>") == "a ` ![](https://e.org/a.jpg)"


def test_link_target_takes_web_addresses_only_and_keeps_them() -> None:
    """What could end a link is percent-encoded; a usual address stays byte for byte."""
    usual = "https://x.com/a_b/status/1?s=20&t=%20-#r"
    assert link_target(f" {usual} ") == usual
    assert link_target("https://e.org/a (b)/[c]?q='d'\n\u3000`$") == (
        "https://e.org/a%20%28b%29/%5Bc%5D?q=%27d%27%0A%E3%80%80%60%24"
    )
    for other in (
        None,
        "",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//e.org",
        "https://",
        "https:// x",
    ):
        assert link_target(other) is None


def test_names_and_values_are_one_line() -> None:
    """A name cannot close its brackets or become two tags; a value has its `#` escaped once."""
    assert logseq_name(" a ]] [[b,\nc，d\\ ") == "a )) ((b c d＼"
    assert logseq_name("\n\0") == ""
    assert logseq_name("https://e.org") == "https：//e.org"
    assert logseq_name("@name on Twitter") == "@name on Twitter"
    assert logseq_value("Die #1\nder \\#2 {{x}}") == r"Die \#1 der \\\#2 {\{x}}"


MARKS = [
    "[",
    "(",
    "`",
    "$",
    "_",
    "{",
    "<",
    "*",
    "\\",
    ":",
    "#",
    "-",
    "~",
    "@",
    ">",
    "[[",
    "[a](",
    "`` ",
    "a_",
    "_a ",
]
MARKS += [
    "$a",
    "\\(",
    "\\begin{a}\n",
    "```\n",
    "* \n```\n\n",
    "<video>",
    "<a ",
    "<img ",
    "https://a.b/(",
    "<https://",
    "a:: ",
]
MARKS += [
    "1.",
    "\\a",
    "](a:",
    "[^",
    "#+",
    " ",
    "\n",
    "&#",
    "<a href='https://a.b'>x",
    "<video><video",
    "[1-",
    "$$a",
    "\u3000",
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("mark", MARKS)
def test_a_bomb_of_one_mark_is_linear(mark: str) -> None:
    """No work grows with the square of a text, here five times the longest there is."""
    text = mark * (40_000 // len(mark))
    lines = "\n".join([mark * 50] * (1_000 // len(mark)))
    for bomb, plain in ((text, False), (f"x{text}y", True), (f"x{text}y", False), (lines, False)):
        logseq_lines(bomb, plain=plain)
        logseq_value(bomb, plain=plain)
        org_lines(bomb, plain=plain)
        obsidian_lines(bomb, plain=plain)
        link_target("https://e.org/" + bomb)


@pytest.mark.parametrize(
    ("room", "tokens"),
    [
        (escape, []),
        (obsidian_escape, obsidian_oracle.MARKS),
        (org_escape, org_oracle.TOKENS),
    ],
)
def test_the_first_look_misses_nothing(room: ModuleType, tokens: list[str]) -> None:
    """A text that is passed without a closer look has nothing that the closer look would change."""
    for text in map(str.strip, hostile.texts(7, 5_000, tokens)):
        if not escape.needs_care(text, room._CARE):
            lines = text.split("\n")
            assert room._written(lines) == lines
            assert from_html(clean(text)).strip() == text
