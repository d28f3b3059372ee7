"""The Obsidian format: front matter, highlights, and the front matter of existing notes."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.formats import obsidian
from syncd.formats.obsidian_escape import MAX_NESTING, obsidian_lines
from syncd.model import Document, Highlight, Tag
from syncd.page import front_matter as frontmatter
from syncd.page.blocks import Page
from syncd.page.front_matter import front_matter_length
from syncd.page.markdown import MARKDOWN
from syncd.page.rendered import Rendered

TAIL = "([View Tweet](https://x.com/quill/status/7)) #Highlight [[2023-05-05]] ^rw-42"


def document(**values: Any) -> Document:
    """A document about rivers, changed as given."""
    rivers: dict[str, Any] = {
        "id": 1,
        "title": "Über Flüsse",
        "author": "@quill on Twitter",
        "category": "tweets",
    }
    return Document(**rivers | values)


def rendered(text: str, **values: Any) -> Rendered:
    """The block of a tweet's highlight."""
    given: dict[str, Any] = {
        "id": 42,
        "url": "https://x.com/quill/status/7",
        "highlighted_at": "2023-05-05T10:00:00Z",
    }
    return obsidian.highlight(
        document(), Highlight(**(given | {"text": text} | values)), ZoneInfo("UTC")
    )


def page(text: str) -> Page:
    """A page of these lines, its blocks not looked for."""
    return Page(text.splitlines(keepends=True), [], 0, MARKDOWN)


def test_the_header_lists_the_properties_in_order_as_obsidian_writes_them() -> None:
    """Every key of the format, lists below their key, links in quotes, addresses plain."""
    given = document(
        author="@quill on Twitter, Ana Núñez",
        source_url="https://x.com/quill/status/7",
        tags=(Tag("machine learning"), Tag("水")),
        readwise_url="https://readwise.io/bookreview/1",
    )
    lines = [line for entry in obsidian.header(given, "Über Flüsse (2)").values() for line in entry]
    assert lines == [
        "title: Über Flüsse (2)",
        "author:",
        '  - "[[@quill on Twitter]]"',
        '  - "[[Ana Núñez]]"',
        "full-title: Über Flüsse",
        "category: tweets",
        "url: https://x.com/quill/status/7",
        "tags:",
        "  - machine-learning",
        "  - 水",
        "readwise: https://readwise.io/bookreview/1",
    ]


def test_what_has_no_value_has_no_entry() -> None:
    """No author, address or tags: no such keys; a category is always there."""
    assert list(obsidian.header(document(author=None, category=None), "T")) == [
        "title",
        "full-title",
        "category",
    ]


TITLES = [
    "@x", "on", "On", "yes", "n", "~", "null", "Null", "1.10", "1e3", "0x1f", "1_000", "0o7",
    "12:30", "2023-05-05", ".inf", "NaN", "-1", "true", "=", "<<", "---", "...", "[[a]]", '"x"',
    "it's", "'x'", "a\\b", "a: b", "a #b", "#a", "- a", "? a", ": a", "a:", "  lead", "trail  ",
    "{a: b}", "[a", "&a", "*a", "!a", "%a", "`a`", ">a", "\\n", "🦊 fox", "العربية: نص", "हिन्दी",
    "日本語、です", 'key: "v" # c', "\uffff", "\u2060a", "e\u0301", "a,b",
    "https://x.com/a?b=c#d", "é", "a\xa0b", "a\xa0#b", "n° 5", "y: ✓", "e\u0301", "𝟙a",
]  # fmt: skip


@pytest.mark.parametrize("title", TITLES)
def test_a_value_stays_the_text_that_it_is(title: str) -> None:
    """Whatever a title looks like, YAML reads the same text back, as a text, from one line."""
    lines = obsidian.header(document(title=title), title)["full-title"]
    assert len(lines) == 1
    assert yaml.safe_load(lines[0]) == {"full-title": title}


def test_line_breaks_and_controls_never_leave_a_value() -> None:
    """A value is one line of text without control characters."""
    entry = obsidian.header(document(title="a\r\nkey: v\u2028\x00b\tc"), "T")["full-title"]
    assert yaml.safe_load("\n".join(entry)) == {"full-title": "a key: v b c"}


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("machine learning", "machine-learning"),
        ("c++ / rust", "c/rust"),
        ("1984", "_1984"),
        ("12:30", "12-30"),
        ("हिन्दी", "हिन्दी"),
        ("🔥", "🔥"),
        ("snake_case", "snake_case"),
        ("#a, [[b]] %%c", "a-b-c"),
        ("a\nb: c", "a-b-c"),
    ],
)
def test_tag_names_become_valid_tags(name: str, tag: str) -> None:
    """Letters, digits and the marks that Obsidian allows stay; the rest becomes a dash.

    Digits alone get company.
    """
    assert obsidian.tags([name]) == [tag]


def test_tags_without_a_letter_are_dropped_and_none_is_there_twice() -> None:
    """What leaves nothing is no tag."""
    assert obsidian.tags(["--", "a b", "a-b", "/", "?!"]) == ["a-b"]


def test_an_author_cannot_end_the_link() -> None:
    """Brackets and the marks of aliases, headings and folders are replaced."""
    entry = obsidian.header(document(author="A ]] [[B|c#d^e/f"), "T")["author"]
    assert yaml.safe_load("\n".join(entry)) == {"author": ["[[A )) ((B-cde-f]]"]}


@pytest.mark.parametrize(
    "text", ["<% tp.x %>", "a <%* b", "k:: v", "[k::v]", ":::", "https://e.org/a::b"]
)
def test_no_value_holds_what_plugins_look_for(text: str) -> None:
    """Templater and Dataview read the front matter's source.

    What is theirs is written in YAML's own escapes.
    """
    for key, lines in obsidian.header(document(title=text, category=text), "T").items():
        assert not re.search("<%|::", "".join(lines))
        if key in ("full-title", "category"):
            assert yaml.safe_load(lines[0]) == {key: text}


def test_a_name_in_a_link_is_no_html_and_no_template() -> None:
    """By a template an author stands in the note's text."""
    assert obsidian.link_name("<% x %> <b> $$y$$ %%z") == "(% x %) (b) $y$ %z"


def test_a_highlight_is_a_bullet_with_tags_and_note_below() -> None:
    """The whole form of a highlight."""
    block = rendered("Wasser\n\nfließt", tags=(Tag("a b"), Tag("水")), note="gut\nsehr")
    assert block.lines() == [
        "- Wasser",
        "  ",
        f"  fließt {TAIL}",
        "\t- **Tags**: #a-b #水",
        "\t- **Note**: gut",
        "\t  sehr",
    ]


def test_a_note_of_nothing_is_none() -> None:
    """Blanks and control characters are no note."""
    assert rendered("x", note=" \x1b ").note is None


def test_without_text_address_and_date_the_tail_remains() -> None:
    """A picture's highlight may have no text; a broken date is left out."""
    assert rendered("", url=None, highlighted_at="soon").text == ["#Highlight ^rw-42"]


@pytest.mark.parametrize(
    "end",
    [
        "* b",
        "1. b",
        "> b",
        "> a\nlazy",
        "| a |\n|---|\n| b |",
        "a | b\n--|--\nc | d",
        "    x",
        "* a\n\n  b",
    ],
)
def test_behind_a_list_quote_or_table_the_tail_is_a_paragraph(end: str) -> None:
    """The link and the block id belong to the highlight, not to the last item, quote or cell."""
    assert rendered(f"one\n\n{end}").text == ["one", "", *end.split("\n"), "", TAIL]


def test_behind_a_code_fence_the_tail_has_its_own_line() -> None:
    """A fence ends with its marks alone."""
    assert rendered("```py\nx\n```").text == ["```py", "x", "```", TAIL]


def test_the_address_can_set_no_field_and_open_no_comment() -> None:
    """`::` and `%%` in an address are encoded, since Dataview and Obsidian look into links."""
    assert rendered("x", url="https://e.org/a::b%%c").text == [
        "x ([View Highlight](https://e.org/a%3A:b%25%c)) #Highlight [[2023-05-05]] ^rw-42"
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```dataviewjs\nx\n```", "```\ndataviewjs\nx\n```"),
        ("~~~tasks\nx\n~~~", "~~~\ntasks\nx\n~~~"),
        ("```JS {1} x\nx\n```", "```JS\n{1} x\nx\n```"),
        ("```{python}\nx\n```", "```\n{python}\nx\n```"),
        ("```python\nx <% y\n```", "\\`\\`\\`python\nx <\\% y\n\\`\\`\\`"),
        ("```\nopen", "\\`\\`\\`\nopen"),
        ("> ```query\n> ```", "> \\`\\`\\`query\n> \\`\\`\\`"),
        ("`= x` and `y`", "\\`= x\\` and \\`y\\`"),
        ("`$= x`", "\\`\\$= x\\`"),
        ("`INPUT[toggle:a]`", "\\`INPUT[toggle:a]\\`"),
        ("`f(x[0])`", "`f(x[0])`"),
        ("`= a\\`", "\\`= a\\\\\\`"),
        ("a <%* tp %>", "a <\\%* tp %>"),
        ("%%a%% 5%", "\\%\\%a\\%\\% 5%"),
        ("a ^id", "a \\^id"),
        ("> [!note] x", "> \\[!note] x"),
        ("![[a]] [[b]] #c ![](https://e.org/i.png)", "![\\[a]] [[b]] #c ![](https://e.org/i.png)"),
        ("[ ] a\n- [ ] b\n* [x] c", "\\[ ] a\n\\- [ ] b\n* \\[x] c"),
        ("a:: b (c:: d)", "a:\\: b (c:\\: d)"),
        ("<b>x</b> <https://e.org> <3", "\\<b>x\\</b> <https://e.org> <3"),
        ("[^1] ^[a]\n\n[^1]: b", "\\[^1] \\^[a]\n\n\\[^1]\\: b"),
        ("[a]: https://e.org", "[a]\\: https://e.org"),
        ("a\n---\nb\n===\n***", "a\n\\---\nb\n\\===\n\\***"),
        ("# a\n## b\n#c", "\\# a\n\\## b\n#c"),
        ("* a\n+ b\n1. c\n> d", "* a\n+ b\n1. c\n> d"),
        ("$5 or $6, x$y$", "$5 or $6, x\\$y\\$"),
        (
            "[a](javascript:b) [c](https://e.org) obsidian://d",
            "[a]\\(javascript:b) [c](https://e.org) obsidian:\\//d",
        ),
        ("a\\\nb", "a\\\\\nb"),
        ("\\# a \\%\\%", "\\\\# a \\\\%\\\\%"),
        ("<img src='https://e.org/i.png'/>", "![](https://e.org/i.png)"),
        ("```\n= x\n```", "\\`\\`\\`\n= x\n\\`\\`\\`"),
        ("~~~js\n\n $= x\n~~~", "\\~~~js\n\n $\\= x\n\\~~~"),
        ("a\n\n      = x\n\n>     $= y", "a\n\n   \\= x\n\n>   $\\= y"),
        ("a\n\n\tINPUT[toggle:a]\n\tbutton-b", "a\n\n   INPUT\\[toggle:a]\n   button\\-b"),
        ("k\\:: v \\<% x \\%% y", "k\\\\:\\: v \\\\<\\% x \\\\\\%\\% y"),
        ("a|b\n-|-\nc|d", "a|b\n\\-|-\nc|d"),
        ("a\n\nb|c\n-|-", "a\n\nb|c\n-|-"),
        ("![](<https://e.org/a b.png>)", "![](https://e.org/a%20b.png)"),
        (
            "[a](<javascript:b>) [a](<https://e.org/\\_(b)>)",
            "[a]\\(\\<javascript:b>) [a](https://e.org/_%28b%29)",
        ),
    ],
)
def test_marks_that_would_do_something_are_escaped_and_others_stay(text: str, shown: str) -> None:
    """What breaks a page or runs is shown.

    What reads as a list, a quote, code, a link or a picture stays.
    """
    assert "\n".join(obsidian_lines(text)) == shown


def test_deep_nesting_is_cut() -> None:
    """No line opens more than a few quotes or lists inside each other."""
    assert obsidian_lines(">" * 8191) == [">" * MAX_NESTING + "\\" + ">" * (8191 - MAX_NESTING)]


NOTE = """---
# mine
title: "On: rivers"   # why
author:
  - "[[Ana]]"
  # the second one
  - '[[Bo]]'

# below
"12": 12:30
aliases: [a, 1.10]
text: |
  one
  # two

on: yes
empty:
map: {a: 1}
---
body: no
"""


def test_front_matter_is_read_with_its_lines() -> None:
    """Each entry has its exact lines and its text as written; comments belong to none."""
    note = page(NOTE)
    found = frontmatter.properties(note)
    assert {key: entry.value for key, entry in found.items()} == {
        "title": "On: rivers",
        "author": ["[[Ana]]", "[[Bo]]"],
        "12": "12:30",
        "aliases": ["a", "1.10"],
        "text": "one\n# two\n",
        "on": "yes",
        "empty": None,
        "map": None,
    }
    assert ["".join(note.lines[entry.start : entry.end]) for entry in found.values()] == [
        'title: "On: rivers"   # why\n',
        "author:\n  - \"[[Ana]]\"\n  # the second one\n  - '[[Bo]]'\n",
        '"12": 12:30\n',
        "aliases: [a, 1.10]\n",
        "text: |\n  one\n  # two\n\n",
        "on: yes\n",
        "empty:\n",
        "map: {a: 1}\n",
    ]


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing() -> None:
    """The spans are those of the same note with plain line ends."""
    plain, other = page(NOTE), page("\ufeff" + NOTE.replace("\n", "\r\n"))
    spans = [
        [entry[:2] for entry in frontmatter.properties(note).values()] for note in (plain, other)
    ]
    assert spans[0] == spans[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---",
        "---\n---\n",
        "---\na: b\n",
        "x\n---\na: b\n---\n",
        "---\na: @b\n---\n",
        "---\n- a\n---\n",
        "---\n{a: b}\n---\n",
        "---\na: \x00\n---\n",
        f"---\na: {'[' * 50_000}\n---\n",
        f"---\na: {'b' * 70_000}\n---\n",
        "---\na: \udc80\n---\n",
    ],
    ids=range(12),
)
def test_no_or_broken_front_matter_has_no_properties(text: str) -> None:
    """Whatever stands there, reading it ends with nothing found."""
    assert frontmatter.properties(page(text)) == {}


YAML_PIECES = (
    "a|b: |k:|- |  |\n|\n  |\n- |#c|'|\"|[|]|{|}|, |> \n|&a |*a|!!str |?|\\|é|😀|---|%|null|~|1"
    "|\t|\ufeff|\u2028|\x85|\x07|a: b\n|t: [x, y]\n|'q'\n|a?b#c"
)
YAML = st.lists(st.sampled_from([*YAML_PIECES.split("|"), "|\n"]), max_size=9).map("".join)


@given(YAML)
@example("k: [What?, b]\n")
@example("k:\tv\n")
@example("\ufeffk: v\nl: w\n")
@example(f"k: {'- ' * 20_000}\n")
def test_front_matter_is_read_the_same_with_and_without_libyaml(yaml_text: str) -> None:
    """A vault means the same on every machine, and no text overflows the stack."""
    note = page(f"---\n{yaml_text}\n---\n")
    fast = frontmatter.properties(note), frontmatter.plain_values(note)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        assert (frontmatter.properties(note), frontmatter.plain_values(note)) == fast


def test_front_matter_that_holds_itself_is_read_to_its_end() -> None:
    """YAML's aliases can make a list an item of itself."""
    note = page("---\nk: &a\n- b\n- *a\n# mine\nt: x\n---\n")
    found = frontmatter.properties(note)
    assert found == {"k": (1, 4, ["b"]), "t": (5, 6, "x")}
    assert frontmatter.plain_values(note) == {"t": "x"}


def test_lists_of_lists_of_aliases_take_no_time() -> None:
    """Ten levels of ten stand for more items than can be counted; none of them is a text."""
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 11)]
    found = frontmatter.properties(page(f"---\nl0: &l0 [a]\n{''.join(levels)}---\n"))
    assert [entry.value for entry in found.values()] == [["a"], *[[]] * 10]


def test_a_key_that_is_an_alias_makes_front_matter_unreadable() -> None:
    """Its lines are not where its text is, and nothing may be written there."""
    assert frontmatter.properties(page("---\na: &x title\n*x : b\n---\n")) == {}


def test_the_front_matter_ends_behind_its_second_mark() -> None:
    """The number of lines is what a note's body begins behind."""
    texts = ("---\na: b\n---\n---\n", "---\n---", "a\n---\n", "---\na")
    assert [front_matter_length(page(text).lines) for text in texts] == [3, 2, 0, 0]


def test_what_the_header_writes_is_read_back() -> None:
    """Header and reader agree on keys, lines and values."""
    entries = obsidian.header(document(title="- a: [b] #c", tags=(Tag("on"), Tag("x y"))), "12:30")
    note = page("\n".join(["---", *(line for entry in entries.values() for line in entry), "---"]))
    found = frontmatter.properties(note)
    assert {
        key: [line.rstrip() for line in note.lines[at.start : at.end]] for key, at in found.items()
    } == entries
    assert [at.value for at in found.values()] == [
        "12:30", ["[[@quill on Twitter]]"], "- a: [b] #c", "tweets", ["on", "x-y"],
    ]  # fmt: skip
