"""Hostile texts on an Obsidian page.

A CommonMark parser and syncd's own see only what syncd wrote.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import obsidian_oracle
from tests.support.obsidian_oracle import MARKS, WORDS

texts = st.lists(
    st.sampled_from(WORDS) | st.sampled_from(MARKS) | st.text(max_size=2), max_size=14
).map("".join)
highlights = st.lists(st.tuples(texts, texts), min_size=4, max_size=4)

# Texts that once broke a page or were live on it, each the shortest of its kind.
FOUND = [
    "c\n\u2003* [ ]",
    "[`]:()zeta`\n:",
    "[\n`]: zeta`",
    "* $\n\u2003\n#",
    "[![^",
    "`<%http://`",
    "`::#`",
    "[[{{]]",
    "`a``I`<img src=http://x>`",
    "[a](https://e.org/```&nbsp;\nx\n```)",
    "zeta](https://e.org/&lt;)",
    '[zeta](https://e.org "https://e.org/[[x]]")',
    "✅\n2025-01-01",
    "//e.org/x mailto:a@b ]://",
    "//e.o`x`",
    "[a](https://e.org/&nbsp;)`` <2023-01-01 Sun> ``",
    'www.[](http:// "http://")[[',
]


def test_texts_that_once_broke_a_page_do_not() -> None:
    """Each of them."""
    assert obsidian_oracle.problems(FOUND) == []


@settings(max_examples=300)
@given(highlights)
def test_a_page_holds_its_highlights_and_nothing_else(given_texts: list[tuple[str, str]]) -> None:
    """One list of one item a highlight, its tail in the item itself, its tags and note below.

    No word is lost.
    """
    obsidian_oracle.one_item_each(given_texts)


@settings(max_examples=300)
@given(highlights)
def test_syncds_own_parser_finds_every_block_as_it_was_written(
    given_texts: list[tuple[str, str]],
) -> None:
    """As many blocks as highlights and children, each with the digest that is remembered of it."""
    obsidian_oracle.found_again(given_texts)


@settings(max_examples=500)
@given(texts, texts)
def test_nothing_in_a_text_runs_in_obsidian_or_its_plugins(text: str, note: str) -> None:
    """Nothing of what Obsidian or its plugins act on is left outside code."""
    obsidian_oracle.inert(text, note)


@settings(max_examples=300)
@given(texts, texts)
def test_no_link_or_hashtag_of_a_plain_text_is_live(text: str, note: str) -> None:
    """Nor is a picture (`live_text = "none"`): the one link and the tags are syncd's own.

    No word is lost.
    """
    obsidian_oracle.plain(text, note)


@settings(max_examples=500)
@given(texts)
def test_a_reader_sees_what_was_written(text: str) -> None:
    """Every letter and every backslash, in their order, and no others."""
    obsidian_oracle.reads(text)


@settings(max_examples=500)
@given(texts)
def test_plugins_read_nothing_in_a_text(text: str) -> None:
    """Dataview no field, Tasks no date, Templater no tag, in code and addresses neither."""
    obsidian_oracle.unread_by_plugins(text)


@settings(max_examples=500)
@given(st.text(max_size=12) | texts)
def test_any_text_is_one_line_of_yaml_that_reads_as_this_text(text: str) -> None:
    """Front matter values stay what they are, in items of lists too."""
    obsidian_oracle.yaml_reads(text)
