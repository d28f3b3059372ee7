"""Which page is a document's: remembered, found again, or none. On values alone.

The document of each row has the id 7, the title `Owls`, the address `U`, and four highlights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from syncd.errors import DocumentError
from syncd.state.homes import Home
from syncd.state.index import Candidate
from syncd.sync.home_page import Facts, Held, choose_page

U = "url:example.org/owls"
NAME, NUMBERED, TITLE = "readwise/highlights/owls", "readwise/highlights/owls (7)", "owls"
HOME = Home("owls.md", {}, TITLE, U, b"bytes")


def facts(had: int = 0, **changed: Any) -> Facts:
    """What the document may be known by; `had` of its highlights were on its page."""
    return Facts([NAME, NUMBERED], U, TITLE, 7, 4, had)._replace(**changed)


def page(path: str, keys: int = 0, words: int = 0, **said: Any) -> Held:
    """A page that holds so many of its highlights by link or id, and so many by words."""
    known = {
        "name": "notes/x",
        "url": None,
        "title": None,
        "book": None,
        "own": False,
        "digest": b"other",
        "highlights": 4,
        "settled": False,
        **said,
    }
    return Held(Candidate(path, **known), {f"tweet:{one}" for one in range(keys)}, lambda: words)


SAYS: dict[str, Any] = {"name": NAME, "url": U, "title": TITLE}


class Row(NamedTuple):
    """The pages that may be the document's, and the one that is."""

    sentence: str
    pages: list[Held]
    then: str | None


FIRST = [
    Row("no page says anything of it", [], None),
    Row("address and title, and its highlights", [page("a.md", 4, **SAYS)], "a.md"),
    Row("its id in the page's metadata", [page("a.md", book=7)], "a.md"),
    Row("another document's id, whatever it holds", [page("a.md", 4, book=8, **SAYS)], None),
    Row("most of what the page holds is this document's", [page("a.md", 3, url="url:x")], "a.md"),
    Row("one of its name and another address", [page("a.md", name=NAME, url="url:x")], None),
    Row("but with a tweet of it: two share it", [page("a.md", 1, name=NAME, url="url:x")], "a.md"),
    Row("a page with its name alone", [page("a.md", name=NAME)], None),
    Row("a page with its name, and most of its words", [page("a.md", 0, 3, name=NAME)], "a.md"),
    Row("a page with its name, and few of its words", [page("a.md", 0, 2, name=NAME)], None),
    Row("it is another document's already", [page("a.md", 0, settled=True, **SAYS)], None),
    Row(
        "one that another program let two documents share",
        [page("a.md", 2, settled=True, highlights=9, **SAYS)],
        "a.md",
    ),
    Row(
        "of two the one that holds more of it, not the first by path",
        [page("a.md", 1, **SAYS), page("b.md", 3, **SAYS)],
        "b.md",
    ),
    Row(
        "of two the one that is its own, not a shared one",
        [page("a.md", 2, settled=True, highlights=9, **SAYS), page("b.md", 2, **SAYS)],
        "b.md",
    ),
    Row(
        "of two that hold as much the one with less besides",
        [page("a.md", 2, highlights=9, **SAYS), page("b.md", 2, **SAYS)],
        "b.md",
    ),
    Row(
        "of two that fit alike the one that has its name",
        [page("a.md", 2, **{**SAYS, "name": f"{NAME} (9)"}), page("b.md", 2, **SAYS)],
        "b.md",
    ),
]


@pytest.mark.parametrize("row", FIRST, ids=[row.sentence for row in FIRST])
def test_a_documents_first_page(row: Row) -> None:
    """By id or metadata, or by what it holds."""
    assert choose_page(facts(), None, is_there=False, held=row.pages) == row.then


def test_what_fits_two_pages_equally_is_left_alone() -> None:
    """Both are named, and what to do."""
    pages = [page("a.md", 2, **SAYS), page("b.md", 2, **SAYS)]
    with pytest.raises(DocumentError, match=r"a\.md and b\.md") as error:
        choose_page(facts(), None, is_there=False, held=pages)
    assert error.value.code == "which-page"


THERE = [
    Row("whatever other pages say", [page("b.md", 1, **SAYS)], "owls.md"),
    Row("another one with as much of it", [page("b.md", 2, **SAYS)], "owls.md"),
    Row("one that comes back with more of it is its page again", [page("b.md", 3, **SAYS)], "b.md"),
    Row("the owner's, of its name alone", [page("b.md", 4, name=NAME)], "owls.md"),
    Row("the owner's, of another name", [page("b.md", 4)], "owls.md"),
    Row("another document's", [page("b.md", 4, settled=True, **SAYS)], "owls.md"),
    Row("of another document's id", [page("b.md", 4, book=8, **SAYS)], "owls.md"),
]


@pytest.mark.parametrize("row", THERE, ids=[row.sentence for row in THERE])
def test_a_page_that_is_there_is_kept(row: Row) -> None:
    """It holds two of the highlights, whatever its owner made of its title and properties."""
    here = page("owls.md", 2, settled=True)
    assert choose_page(facts(3), HOME, is_there=True, held=[here, *row.pages]) == row.then


GONE = [
    Row("and nothing else says that it is this document's", [], None),
    Row("the same bytes under another name", [page("b.md", digest=b"bytes")], "b.md"),
    Row("most of what it held", [page("b.md", 3, highlights=9)], "b.md"),
    Row("less than half of what it held, among others", [page("b.md", 1, highlights=9)], None),
    Row("its address and title, and something of it", [page("b.md", 1, **SAYS)], "b.md"),
    Row(
        "the address and title as the page said them, retitled since in the account",
        [page("b.md", 1, url=U, title="the old title")],
        "b.md",
    ),
    Row("its id", [page("b.md", book=7)], "b.md"),
    Row("of another document's id, with most of it", [page("b.md", 3, book=8)], None),
    Row("another document's page", [page("b.md", 1, settled=True, highlights=9)], None),
    Row(
        "of two the one that holds more of it",
        [page("a.md", 2, **SAYS), page("b.md", 3, **SAYS)],
        "b.md",
    ),
]


@pytest.mark.parametrize("row", GONE, ids=[row.sentence for row in GONE])
def test_a_page_that_is_gone_is_found_where_another_says_so(row: Row) -> None:
    """It held four highlights; the account may have retitled the document."""
    home = HOME._replace(title="the old title")
    assert choose_page(facts(4), home, is_there=False, held=row.pages) == row.then
