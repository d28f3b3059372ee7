"""The day's review from Readwise, in the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import convert

from syncd.errors import ReadwiseError
from syncd.readwise.decode import decode_review
from syncd.sandbox.faults import Fault
from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet
from tests.system.test_looks import set_up

LINE = "- Today's review from Readwise: "


def today() -> str:
    """The day in the vault's zone."""
    return str(datetime.now(UTC).date())


def reviewing(make_world: MakeWorld, library: Library, edn: Any) -> World:
    """A world of two documents that wants reviews."""
    add_book(library, "梟 Eulen", tweet(1, "eins"), tweet(2, "zwei"))
    add_book(library, "بوم", tweet(3, "drei"))
    settings = {} if edn == "" else {"edn": edn}
    return make_world(library, journal=True, review=True, **settings)


def asked(world: World) -> int:
    """How often the review was asked for."""
    return sum("/review/" in path for _, path in world.sandbox.requests)


def test_the_days_review_links_to_blocks_in_obsidian(
    make_world: MakeWorld, library: Library
) -> None:
    """Once a day, whatever its owner makes of the line; what does not stand there is left out."""
    world = reviewing(make_world, library, None)
    add_book(library, "Bücher", {"text": "nie"}, category="supplementals")
    world.sync()
    text = world.read(f"{today()}.md")
    (line,) = (line for line in text.splitlines() if line.startswith(LINE))
    links = set(line.removeprefix(LINE).split(", "))
    assert links == {
        "[[梟 Eulen#^rw-1|梟 Eulen]]",
        "[[梟 Eulen#^rw-2|梟 Eulen]]",
        "[[بوم#^rw-3|بوم]]",
    }
    before = snapshot(world.root)
    world.sync()
    assert snapshot(world.root) == before
    world.put(f"{today()}.md", text.replace(LINE, "- Gelesen: "))
    before = snapshot(world.root)
    world.sync()
    assert (snapshot(world.root), asked(world)) == (before, 1)


def test_the_days_review_links_to_pages_in_logseq(make_world: MakeWorld, library: Library) -> None:
    """Each once; a highlight that its owner deleted has no link."""
    world = reviewing(make_world, library, "")
    set_up(world, review=False)
    world.sync()
    (page,) = (path for path in world.pages() if "بوم" in path)
    world.put(page, world.read(page).partition("\n- ")[0] + "\n- meins")
    world.sync()
    set_up(world, review=True)
    world.sync()
    (journal,) = (world.root / "journals").iterdir()
    assert journal.read_text().splitlines()[1:] == [f"{LINE}[[Readwise/Highlights/梟 Eulen]]"]


@pytest.mark.parametrize("kind", ["500", "html", "truncated", "429"])
def test_a_review_that_fails_is_a_warning_and_comes_later(
    make_world: MakeWorld, library: Library, kind: str
) -> None:
    """All else came; nothing waits for it."""
    world = reviewing(make_world, library, "")
    world.sandbox.faults += [Fault("pass"), convert({"kind": kind}, Fault)]
    report = world.sync()
    assert (report.code, only(report).highlights.added) == (0, 3)
    (warning,) = only(report).warnings
    assert warning.startswith("the day's review is not in the journal: ")
    (journal,) = (world.root / "journals").iterdir()
    assert LINE not in journal.read_text()
    assert only(world.sync()).warnings == []
    assert LINE in journal.read_text()


@pytest.mark.parametrize("body", [b"", b"<p>", b"[]", b"{}", b'{"highlights": [1]}'])
def test_an_answer_that_is_no_review_is_named(body: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ReadwiseError, match="no review"):
        decode_review(body)


def test_of_a_review_the_ids_count() -> None:
    """Each once; what has none is nothing of the account's."""
    body = b'{"review_id": 7, "highlights": [{"id": 2, "text": "x"}, {"id": 1}, {"id": 2}, {}]}'
    assert decode_review(body) == [2, 1]
