"""Which documents and highlights a vault's filters let in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.config.settings import Vault
from syncd.model import Document, Highlight, Tag
from syncd.sync.filters import scope, wants_document, wants_highlight


def vault(**filters: Any) -> Vault:
    """A vault with these filters."""
    return Vault(path=Path("/x"), **filters)


def wanted(filters: dict[str, Any], *documents: dict[str, Any]) -> list[bool]:
    """Whether each document belongs into a vault with these filters."""
    return [
        wants_document(vault(**filters), Document(**{"id": 1, "category": "tweets", **one}))
        for one in documents
    ]


def comes(
    filters: dict[str, Any], zone: str = "UTC", book_tags: tuple[Tag, ...] = (), **highlight: Any
) -> bool:
    """Whether a highlight comes, of a document with these tags."""
    document = Document(id=1, tags=book_tags)
    return wants_highlight(vault(**filters), ZoneInfo(zone), document, Highlight(id=2, **highlight))


def test_supplementals_come_only_when_listed() -> None:
    """By default everything comes but the books that the user never read.

    A category of tomorrow comes, too.
    """
    documents = [{"category": category} for category in ("tweets", "videos", None, "supplementals")]
    assert wanted({}, *documents) == [True, True, True, False]
    assert wanted({"categories": ("tweets", "supplementals")}, *documents) == [
        True,
        False,
        False,
        True,
    ]


def test_words_choose_and_words_with_a_dash_leave_out() -> None:
    """Without a word to choose all come but those that are left out.

    Capitals make no difference.
    """
    sources = [{"source": source} for source in ("twitter", "Kindle", None)]
    assert wanted({"sources": ("twitter", "kindle")}, *sources) == [True, True, False]
    assert wanted({"sources": ("-KINDLE",)}, *sources) == [True, False, True]
    assert wanted({"sources": ("twitter", "- kindle")}, *sources) == [True, False, False]


def test_an_author_is_known_by_handle_by_whole_name_and_as_one_of_several() -> None:
    """Readwise says `@handle on Twitter` for people there, and joins names with commas."""
    authors = [
        {"author": one}
        for one in ("@example_owl on Twitter", "Ada Beispiel, अनाम लेखक", "Ada", None)
    ]
    assert wanted({"authors": ("@Example_Owl",)}, *authors) == [True, False, False, False]
    assert wanted({"authors": ("अनाम लेखक",)}, *authors) == [False, True, False, False]
    without = ("-ada beispiel, अनाम लेखक", "-@example_owl on Twitter")
    assert wanted({"authors": without}, *authors) == [False, False, True, True]


def test_a_document_is_named_by_its_id_and_all_filters_must_let_it_pass() -> None:
    """A negative id leaves out."""
    documents = [
        {"id": 12, "source": "reader"},
        {"id": 345, "source": "reader"},
        {"id": 6, "source": "snipd"},
    ]
    assert wanted({"documents": (12,)}, *documents) == [True, False, False]
    assert wanted({"documents": (-345,)}, *documents) == [True, False, True]
    assert wanted({"documents": (-345,), "sources": ("reader",)}, *documents) == [
        True,
        False,
        False,
    ]


def test_a_highlight_has_its_own_tags_and_its_documents() -> None:
    """Also in other scripts, composed or not."""
    mine = (Tag("café"), Tag("खास"))
    assert comes({"tags": ("cafe\u0301",)}, tags=mine)
    assert comes({"tags": ("Buch",)}, tags=mine, book_tags=(Tag("buch"),))
    assert not comes({"tags": ("Buch",)}, tags=mine)
    assert not comes({"tags": ("-खास",)}, tags=mine)
    assert comes({"tags": ("-खास",)})
    assert not comes({"tags": ("-buch",)}, tags=mine, book_tags=(Tag("Buch"),))


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("UTC", "2023-01-01T00:00:00Z", True),
        ("UTC", "2022-12-31T23:59:59.999Z", False),
        ("Asia/Tokyo", "2022-12-31T16:00:00Z", True),
        ("America/Lima", "2023-01-01T04:00:00Z", False),
        ("UTC", None, True),
        ("UTC", "yesterday", True),
    ],
)
def test_since_counts_from_the_owners_midnight(
    zone: str, moment: str | None, expected: bool
) -> None:
    """What has no date comes: nothing tells that it is older."""
    assert comes({"since": date(2023, 1, 1)}, zone, highlighted_at=moment) is expected


def test_discarded_highlights_come_only_where_they_are_asked_for() -> None:
    """Readwise's review threw them out; that is no deletion."""
    assert [comes({}, is_discard=gone) for gone in (True, False, None)] == [False, True, True]
    assert comes({"discarded": True}, is_discard=True)


def test_the_scope_tells_settings_apart_that_decide_what_belongs_into_the_vault() -> None:
    """Others make no difference."""
    every: list[dict[str, Any]] = [
        {}, {"on_delete": "remove"}, {"categories": ("tweets",)}, {"sources": ("tweets",)},
        {"tags": ("tweets",)},
        {"authors": ("tweets",)}, {"documents": (1,)}, {"since": date(2023, 1, 1)},
        {"discarded": True},
    ]  # fmt: skip
    assert len({scope(vault(**one)) for one in every}) == len(every)
    assert scope(vault(name="b", journal=True, log_page="x")) == scope(vault())
