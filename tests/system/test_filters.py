"""Filters: what is left out does not come, what is there stays, and what is let in again comes."""

from __future__ import annotations

from datetime import date
from threading import Event
from typing import Any

import msgspec

from syncd.config.settings import Vault
from syncd.sandbox.library import Library
from syncd.sync.compare import compare_all
from syncd.sync.restore import restore_all
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet


def filtered(world: World, **filters: Any) -> World:
    """The world, its vault's filters changed."""
    (vault,) = world.config.vaults
    world.config = msgspec.structs.replace(
        world.config, vaults=(msgspec.structs.replace(vault, **filters),)
    )
    return world


def test_a_filter_that_narrows_removes_nothing_and_one_that_widens_brings_what_was_left_out(
    world: World,
) -> None:
    """By document and by highlight, without a full run and with nothing new in the account."""
    add_book(
        world.library, "猫", tweet(1, "eins", tags=[{"id": 1, "name": "خاص"}]), tweet(2, "zwei")
    )
    add_book(
        world.library,
        "Podcast",
        {"text": "gehört"},
        category="podcasts",
        source="snipd",
        author="Ada",
    )
    world.sync()
    before = snapshot(world.root)
    narrow: list[dict[str, Any]] = [
        {"categories": ("books",)}, {"sources": ("-twitter",)}, {"authors": ("Grace",)},
        {"documents": (-1, -2)},
        {"tags": ("none",)}, {"since": date(2030, 1, 1)},
    ]  # fmt: skip
    for filters in narrow:
        for setting in filters, {key: getattr(Vault(world.root), key) for key in filters}:
            report = only(filtered(world, **setting).sync())
            assert (report.changed, report.highlights.added) == (False, 0), filters
    assert snapshot(world.root) == before
    filtered(world, sources=("twitter",), tags=("-خاص",))
    add_book(
        world.library, "Neu", tweet(3, "drei", tags=[{"id": 2, "name": "خاص"}]), tweet(4, "vier")
    )
    add_book(world.library, "Buch", {"text": "fünf"}, category="books", source="kindle")
    assert only(world.sync()).highlights.added == 1
    assert "vier" in world.text()
    assert only(filtered(world, sources=(), tags=()).sync()).highlights.added == 2
    assert world.text().count("drei") == world.text().count("fünf") == 1
    assert not only(world.sync()).changed


def test_a_document_without_a_wanted_highlight_makes_no_page(
    make_world: MakeWorld, library: Library
) -> None:
    """Until one of them is wanted: then only that one comes, in its place."""
    world = make_world(library, tags=("keep",))
    book = add_book(library, "बाघ", tweet(1, "erster"), tweet(2, "zweiter"))
    world.sync()
    assert world.pages() == {}
    second = library.books[0]["highlights"][1]["id"]
    library.edit_highlight(second, tags=[{"id": 1, "name": "keep"}])
    world.sync()
    assert "zweiter" in world.read(world.page_of("बाघ"))
    assert "erster" not in world.text()
    library.edit_book(book, book_tags=[{"id": 2, "name": "Keep"}])
    world.sync(full=True)
    assert world.text().index("erster") < world.text().index("zweiter")


def test_a_highlight_that_no_filter_wants_any_more_is_still_kept_up_to_date(
    world: World, library: Library
) -> None:
    """It is in the vault; only what is new is filtered."""
    add_book(library, "Faden", tweet(1, "alt"))
    world.sync()
    (one,) = library.books[0]["highlights"]
    library.edit_highlight(one["id"], text="neu", tags=[{"id": 1, "name": "x"}])
    assert only(filtered(world, tags=("-x",)).sync()).highlights.updated == 1
    assert "neu" in world.text()


def test_a_discarded_highlight_does_not_come_and_one_that_is_there_stays(
    make_world: MakeWorld,
) -> None:
    """Discarded is said of the daily review; it is no deletion."""
    library = Library()
    add_book(library, "Faden", tweet(1, "bleibt"), tweet(2, "verworfen 🗑️", is_discard=True))
    world = make_world(library, on_delete="remove")
    world.sync()
    assert "verworfen" not in world.text()
    library.edit_highlight(library.books[0]["highlights"][0]["id"], is_discard=True)
    before = world.pages()
    assert not only(world.sync()).changed
    assert world.pages() == before
    assert only(filtered(world, discarded=True).sync()).highlights.added == 1
    assert "verworfen" in world.text()


def test_one_tweet_in_two_documents_comes_with_the_one_that_is_wanted(
    make_world: MakeWorld,
) -> None:
    """Whichever came first in the account, also if the other is discarded or before `since`."""
    for filters, first in (
        ({"tags": ("-no",)}, {"tags": [{"id": 1, "name": "no"}]}),
        ({}, {"is_discard": True}),
        ({"since": date(2024, 1, 1)}, {"highlighted_at": "2020-01-01T00:00:00Z"}),
        ({"authors": ("-Ada",)}, {"author": "Ada"}),
    ):
        library = Library()
        author = {"author": first.pop("author")} if "author" in first else {}
        add_book(library, "Erstes", tweet(7, "dasselbe", **first), **author)
        add_book(library, "Zweites", tweet(7, "dasselbe"))
        world = make_world(library, **filters)
        assert only(world.sync()).highlights.added == 1
        assert list(world.pages()) == ["pages/Readwise___Highlights___Zweites.md"]
        assert not only(world.sync(full=True)).changed
        assert (
            only(
                filtered(world, discarded=True, tags=(), since=None, authors=()).sync()
            ).highlights.added
            == 0
        )
        assert world.text().count("dasselbe") == 1


def test_a_block_of_an_unwanted_highlight_is_not_taken_for_a_wanted_one(
    make_world: MakeWorld,
) -> None:
    """On a page by Readwise's plugin: both have one address, and the wanted one is missing."""
    library = Library()
    link = "https://example.org/essay"
    add_book(
        library, "Essay",
        {
            "text": "wurde verworfen, steht aber schon da",
            "url": link,
            "is_discard": True,
            "highlighted_at": None,
        },
        {"text": "فصل جديد تمامًا", "url": link, "highlighted_at": None},
        category="articles", author=None,
    )  # fmt: skip
    world = make_world(library)
    old = f"- wurde verworfen, steht aber schon da ([View Highlight]({link}))"
    page = "pages/Readwise___Highlights___Essay.md"
    world.put(
        page,
        f"title:: Readwise/Highlights/Essay\nfull-title:: Essay\ncategory:: #articles\n\n{old}\n",
    )
    assert only(world.sync()).highlights.added == 1
    assert old in world.read(page)
    assert "فصل جديد" in world.read(page)
    assert not only(world.sync(full=True)).changed


def test_check_full_counts_only_what_the_filters_want(make_world: MakeWorld) -> None:
    """What is left out is not missing."""
    library = Library()
    add_book(
        library,
        "Faden",
        tweet(1, "da"),
        tweet(2, "weg", is_discard=True),
        tweet(3, "alt", highlighted_at="2020-01-01T00:00:00Z"),
    )
    add_book(library, "Buch", {"text": "nie"}, category="books", source="kindle")
    world = make_world(library, sources=("-kindle",), since=date(2021, 1, 1))
    world.sync()
    (found,) = compare_all(world.config, Event()).values()
    assert not isinstance(found, Exception)
    assert (found.upstream, found.present, found.differences) == (1, 1, [])


def test_restore_brings_back_nothing_that_the_filters_leave_out(world: World) -> None:
    """Neither a document nor a highlight; once it is wanted again, it can be restored."""
    add_book(
        world.library,
        "猫",
        tweet(1, "eins"),
        tweet(2, "zwei", tags=[{"id": 1, "name": "خاص"}]),
        tweet(3, "drei"),
    )
    world.sync()
    (page,) = world.pages()
    world.put(page, world.read(page).partition("- eins")[0].rstrip())
    world.sync()
    for filters, count in (
        ({"categories": ("books",)}, 0),
        ({"categories": (), "tags": ("-خاص",)}, 2),
        ({"tags": ()}, 1),
    ):
        assert restore_all(filtered(world, **filters).config, "猫", Event()) == {"notes": count}
        assert only(world.sync()).highlights.added == count
