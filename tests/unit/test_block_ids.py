"""The ids by which programs mark highlights in Obsidian."""

from __future__ import annotations

import pytest

from syncd.page.links import block_id, labelled_keys, links_in
from syncd.page.markdown import parse_markdown
from syncd.page.occurrences import occurrences


@pytest.mark.parametrize(
    ("line", "id_"),
    [
        ("text #Highlight ^rw-7", 7),
        ("  ^rw-61602823  ", 61602823),
        ("text ^rwhi-12", 12),
        ("text ^rw12\r\n", 12),
        ("水 ^123456789\n", 123456789),
        ("text %% Color: red %% ^123456789", 123456789),
        ("text %% highlight_id: 5 %%", 5),
        ("text ^rw61602823 #to-process #inbox", 61602823),
        ("### id61602823", 61602823),
        ("### id 61602823", None),
        ("- [Open in Readwise](https://readwise.io/open/61602823)", None),
        ("text ^12", None),
        ("2^123456789", None),
        ("[[note#^rw-7]]", None),
        ("![[note#^123456789]]", None),
        ("note#^rw-7", None),
        ("text \\^rw-7", None),
        ("text ^rw-7 and more", None),
        ("text ^my-own-id", None),
        ("text ^rw-٧", None),
        ("%% a comment %%", None),
        ("text ^rw-1234567890123456789", None),
    ],
)
def test_a_line_says_its_highlight_by_the_id_at_its_end(line: str, id_: int | None) -> None:
    """Set off by a blank; links to ids and powers are none."""
    assert block_id(line) == id_


def test_a_link_to_the_highlight_in_readwise_says_its_id_on_a_documents_page() -> None:
    """Elsewhere its owner merely mentions it."""
    line = "([View Tweet](https://twitter.com/example_owl/status/20)), [Open in Readwise](https://readwise.io/open/7)"
    assert (block_id(line, at_home=True), block_id(line)) == (7, None)
    assert labelled_keys(links_in([line]))[0] == "tweet:20"


def test_where_paragraphs_have_ids_their_links_do_not_count_too() -> None:
    """Else a highlight that is there by its id would hide another with the same address."""
    link = "[View Highlight](https://example.org/a)"
    with_ids = parse_markdown(f"# T\n\neins ^1234\n\n{link}\n\n---\n")
    assert dict(occurrences(with_ids, is_document=True, by_id=True)) == {"rw:1234": b""}
    without = parse_markdown(f"# T\n\neins ({link})\n\nzwei ({link})\n")
    assert occurrences(without, is_document=True, by_id=True) == [("url:example.org/a", b"")] * 2
    assert occurrences(without, is_document=False, by_id=True) == [("url:example.org/a", b"")] * 2
