"""The second run and those after it: what is new goes to its place, and every other byte stays."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from syncd.config.settings import Schedule
from syncd.errors import Stopped
from syncd.page.identity import link_key
from syncd.sandbox.library import Library
from tests.support.world import NOON, Clock, MakeWorld, World, add_book, only, snapshot, tweet

TEXTS = ["一つ目 🌱", "ثانيا\n\nعلى سطرين", "तीसरा", "vierter", "пятый"]


def thread(numbers: list[int]) -> list[dict[str, Any]]:
    """Those tweets of a thread of five; each second one with tags and a note."""
    extra = {"tags": [{"id": 1, "name": "鳥"}], "note": "zwei\nZeilen"}
    return [tweet(100 + n, TEXTS[n], location=n, **(extra if n % 2 else {})) for n in numbers]


def with_owners_words(text: str) -> str:
    """Words before the first block, behind the second one as a child, and at the end."""
    lines = text.split("\n")
    first = next(n for n, line in enumerate(lines) if line.startswith("- "))
    after = 1 + next(n for n, line in enumerate(lines) if line.startswith("- तीसरा"))
    mine = ["- mein eigener Block", "\t- mit Kind ([siehe](https://example.org))"]
    return "\n".join(
        [
            *lines[:first],
            *mine,
            *lines[first:after],
            "\t- Gedanke dazu",
            *lines[after:],
            "- ans Ende",
            "",
        ]
    )


def test_another_server_is_another_account_and_fetched_whole(
    make_world: MakeWorld, world: World
) -> None:
    """Who tried the sandbox first misses nothing of the account that follows in that state."""
    add_book(world.library, "Probe", tweet(1, "эскиз"))
    world.sync()
    there = make_world(Library(now=lambda: NOON - timedelta(days=400)))
    add_book(there.library, "leer", tweet(9, "weg"))  # so that no id is in both
    there.library.erase_highlight(1)
    add_book(there.library, "Echt", tweet(2, "昔の鳥"), tweet(3, "पुराना"))
    world.config = msgspec.structs.replace(world.config, readwise=there.config.readwise)
    assert world.sync().message == "notes: 2 added on 1 page"
    there.sandbox.requests.clear()
    assert world.sync().message == "notes: nothing new"
    assert ["updatedAfter" in target for _, target in there.sandbox.requests] == [True]


FORMS: dict[str, Callable[[str], str]] = {
    "as it was": lambda text: text,
    "with a final newline": lambda text: text + "\n",
    "with three": lambda text: text + "\n\n\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CRLF and a final one": lambda text: text.replace("\n", "\r\n") + "\r\n",
    "with a BOM": lambda text: "\ufeff" + text,
    "with spaces for tabs": lambda text: text.replace("\t", "    "),
    "with a blank line after the properties": lambda text: text.replace("\n- ", "\n\n- ", 1),
    "with Logseq's own lines": lambda text: re.sub(
        r"(?m)^- तीसरा(.*)$", r"- तीसरा\1\n  id:: 65f0-1\n  collapsed:: true", text
    ),
    "with the owner's words": with_owners_words,
    "with an edited block": lambda text: text.replace("तीसरा", "तीसरा (meins)"),
    "with bytes that are no UTF-8": lambda text: text.replace("तीसरा", "तीसरा \udcff"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("late", [1, 3, 4])
def test_a_new_highlight_goes_behind_its_predecessor_and_the_rest_stays_byte_for_byte(
    make_world: MakeWorld, form: str, late: int
) -> None:
    """In the page's own line ends and indent, whatever its owner's apps made of the page."""
    early = [n for n in range(5) if n != late]
    whole, grown = make_world(Library()), make_world(Library())
    add_book(whole.library, "Faden", *thread(list(range(5))))
    whole.sync()
    expected = FORMS[form](next(iter(whole.pages().values())))

    book = add_book(grown.library, "Faden", *thread(early))
    grown.sync()
    ((path, text),) = grown.pages().items()
    grown.put(path, FORMS[form](text).encode("utf-8", "surrogateescape"))
    grown.library.add_highlight(book, **thread([late])[0])
    report = grown.sync()
    if late == 4 and form == "with the owner's words":
        expected = expected.replace("- ans Ende\n", "")
        expected = expected.rstrip("\n") + "\n- ans Ende\n"
    assert (grown.root / path).read_bytes().decode("utf-8", "surrogateescape") == expected
    assert (only(report).highlights.added, only(report).pages.updated) == (1, [path])


def test_with_nothing_new_no_file_is_touched_and_one_request_is_made(make_world: MakeWorld) -> None:
    """Over the whole bundled account; the second run and a full one."""
    world = make_world(Library.load())
    report = world.sync()
    assert report.fetched.requests == 2
    assert only(report).highlights.added > 500
    before, requests = snapshot(world.root), len(world.sandbox.requests)
    report = world.sync()
    assert report.message == "notes: nothing new"
    assert (report.fetched.requests, len(world.sandbox.requests) - requests) == (1, 1)
    assert (report.fetched.documents, report.fetched.highlights) == (0, 0)
    assert snapshot(world.root) == before
    assert world.sync(full=True).message == "notes: nothing new"
    assert snapshot(world.root) == before


def test_an_account_that_came_in_small_steps_is_there_as_if_it_had_come_at_once(
    make_world: MakeWorld,
) -> None:
    """Every third highlight, then the last of three, then the rest.

    The same highlights, each once, in their order.
    """
    books = [book for book in Library.load().books if book["source"] != "reader"]
    whole = make_world(Library(books))
    whole.sync()
    steps = make_world(Library([{**book, "highlights": book["highlights"][::3]} for book in books]))
    steps.sync()
    for part in (2, 1):
        for book in books:
            for highlight in book["highlights"][part::3]:
                fields = {
                    key: highlight[key]
                    for key in highlight
                    if key not in ("id", "book_id", "readwise_url", "updated_at")
                }
                steps.library.add_highlight(book["user_book_id"], **fields)
        steps.sync()

    def keys(world: World) -> set[str | None]:
        found = [
            link_key(url)
            for url in re.findall(r"\(\[View \w+\]\((\S+?)\)\) #Highlight", world.text())
        ]
        tweets = [key for key in found if key and key.startswith("tweet:")]
        assert len(tweets) == len(set(tweets))
        return set(found)

    assert keys(steps) == keys(whole)
    assert steps.text().count("#Highlight") == whole.text().count("#Highlight")


def asked_after(world: World) -> list[str | None]:
    """The `updatedAfter` of each request so far."""
    queries = [parse_qs(urlsplit(path).query) for _, path in world.sandbox.requests]
    return [query.get("updatedAfter", [None])[0] for query in queries]


@pytest.mark.parametrize("years", [-30, 0, 30])
def test_what_changes_while_a_run_is_under_way_is_found_by_the_next(
    world: World, clock: Clock, years: int
) -> None:
    """The cursor is the server's time at the first answer, less five minutes.

    Whatever this machine's clock says.
    """
    clock.time = NOON.replace(year=NOON.year + years)
    book = add_book(world.library, "Faden", tweet(1, "eins"))
    start = clock.time

    def meanwhile(what: str, _done: int, _total: int | None) -> None:
        if "fetched" in what and clock.time == start:
            clock.forward(seconds=2)
            world.library.add_highlight(book, **tweet(2, "zwei"))
            clock.forward(hours=3)

    world.sync(progress=meanwhile)
    assert "zwei" not in world.text()
    report = world.sync()
    assert only(report).highlights.added == 1
    assert world.text().count("- zwei") == 1
    assert asked_after(world) == [
        None,
        (start - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    ]


def test_the_cursor_goes_on_with_every_run(world: World, clock: Clock) -> None:
    """Each run asks for what changed since the one before."""
    add_book(world.library, "Faden", tweet(1, "eins"))
    for _ in range(3):
        world.sync()
        clock.forward(hours=1)
    minutes = [text and text[11:16] for text in asked_after(world)]
    assert minutes == [None, "11:55", "12:55"]


def test_quiet_edits_are_found_by_a_full_run_alone(world: World, clock: Clock) -> None:
    """Edits of title, author, tags and notes that do not move `updated_at`."""
    book = add_book(world.library, "Alt", tweet(1, "eins", note="alt"), tweet(2, "zwei"))
    world.sync()
    before = snapshot(world.root)
    old = NOON.isoformat()
    first, second = (one["id"] for one in world.library.books[0]["highlights"])
    clock.forward(days=1)
    world.sync()
    world.library.edit_book(book, author="Neu", book_tags=[{"id": 1, "name": "mappe"}])
    world.library.edit_highlight(first, note="neu", updated_at=old)
    world.library.edit_highlight(second, tags=[{"id": 1, "name": "vogel"}], updated_at=old)
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before
    report = world.sync(full=True)
    assert only(report).highlights.updated == 2
    text = world.text()
    assert "author:: [[Neu]]\n" in text
    assert "\ntags:: #[[mappe]]\n" in text
    assert "\t- **Note**: neu" in text
    assert "\t- **Note**: alt" not in text
    assert "\t- **Tags**: #[[vogel]]" in text


def test_a_full_run_looks_only_at_pages_that_are_not_as_they_were_settled(
    world: World, clock: Clock
) -> None:
    """One whose owner wrote, one that is behind, and one of which all stands elsewhere."""
    for number in range(4):
        add_book(world.library, f"Regal {number}", tweet(number + 1, f"雨の音 {number}"))
    add_book(world.library, "Regal 4", tweet(1, "雨の音 0"))
    world.sync()
    clock.forward(hours=1)
    settled = only(world.sync(full=True)).pages
    assert (settled.unchanged, settled.updated, settled.created) == (0, [], [])
    path = world.page_of("Regal 2")
    world.put(path, world.read(path) + "- ein eigener Satz\n")
    world.sync()
    with (world.root / world.page_of("Regal 3")).open("a") as page:
        page.write("- noch einer\n")
    looked = only(world.sync(full=True)).pages
    assert (looked.unchanged, looked.updated, looked.created) == (1, [], [])


def test_a_full_run_comes_by_itself_when_it_is_due(world: World, clock: Clock) -> None:
    """Every `full_every`."""
    book = add_book(world.library, "Alt", tweet(1, "eins"))
    world.sync()
    clock.forward(days=1)
    world.sync()
    world.library.edit_book(book, author="Neu")
    world.config = msgspec.structs.replace(world.config, schedule=Schedule(full_every=timedelta(0)))
    world.sync()
    assert "author:: [[Neu]]" in world.text()


def test_an_edit_upstream_reaches_an_untouched_block_and_no_other(world: World) -> None:
    """The owner's edit of another block stays; what both changed stays the owner's and is told."""
    add_book(world.library, "Faden", tweet(1, "eins"), tweet(2, "zwei"), tweet(3, "drei"))
    world.sync()
    ((path, text),) = world.pages().items()
    world.put(
        path, text.replace("- zwei", "- zwei, sage ich").replace("- drei", "- drei, sage ich")
    )
    one, two, _ = (highlight["id"] for highlight in world.library.books[0]["highlights"])
    world.library.edit_highlight(one, text="eins!")
    world.library.edit_highlight(two, text="zwei!")
    report = world.sync()
    assert world.read(path) == text.replace("- eins", "- eins!").replace(
        "- zwei", "- zwei, sage ich"
    ).replace("- drei", "- drei, sage ich")
    (conflict,) = only(report).conflicts
    assert (conflict.highlight, conflict.parts, conflict.page) == (two, ["text"], path)
    assert report.code == 0


def test_deletions_upstream_are_carried_out_only_where_the_owner_wants_them(
    make_world: MakeWorld,
) -> None:
    """With "keep" the block stays.

    With "remove" an untouched one goes, byte for byte, an edited one stays.
    """
    for setting in ("keep", "remove"):
        library = Library()
        book = add_book(library, "Faden", *(tweet(n, f"nummer {n}") for n in range(1, 12)))
        world = make_world(library, on_delete=setting)
        world.sync()
        ((path, text),) = world.pages().items()
        mine = text.replace("nummer 3 ", "nummer 3, meine ")
        world.put(path, mine)
        ids = [highlight["id"] for highlight in library.books[0]["highlights"]]
        library.delete_highlight(ids[1])
        library.delete_highlight(ids[2])
        world.sync()
        line = next(line for line in text.split("\n") if line.startswith("- nummer 2 "))
        assert world.read(path) == (mine if setting == "keep" else mine.replace(f"{line}\n", ""))
        library.add_highlight(book, **tweet(50, "danach"))
        world.sync(full=True)
        assert world.text().count("nummer 3, meine") == 1
        assert world.text().count("nummer 2 ") == (setting == "keep")


def test_an_account_that_is_suddenly_empty_removes_nothing(make_world: MakeWorld) -> None:
    """A warning, and not a byte of the vault."""
    library = Library()
    add_book(library, "Faden", tweet(1, "eins"), tweet(2, "zwei"))
    world = make_world(library, on_delete="remove")
    world.sync()
    before = snapshot(world.root)
    for highlight in library.books[0]["highlights"]:
        library.erase_highlight(highlight["id"])
    report = world.sync(full=True)
    assert snapshot(world.root) == before
    assert only(report).highlights.removed == 0


def test_a_run_that_is_stopped_is_completed_by_the_next(make_world: MakeWorld) -> None:
    """After a few documents; the vault is then as if nobody had stopped it."""
    undisturbed, world = make_world(Library.load()), make_world(Library.load())
    undisturbed.sync()
    stop = Event()

    def until_ten(what: str, done: int, _total: int | None) -> None:
        if "documents" in what and done == 10:
            stop.set()

    with pytest.raises(Stopped):
        world.sync(progress=until_ten, stop=stop)
    assert 0 < len(world.pages()) <= 10
    world.sync()
    assert world.pages() == undisturbed.pages()


def test_a_lost_state_is_rebuilt_without_one_duplicate(make_world: MakeWorld) -> None:
    """Over the whole bundled account, with an owner's edit in it.

    Then a new highlight finds its page.
    """
    world = make_world(Library.load())
    world.sync()
    path = world.page_of("Tweets From The Night Tram")
    world.put(path, world.read(path).replace("- ", "- > ", 1))
    before = snapshot(world.root)
    for left in Path(world.state).glob("syncd.db*"):
        left.unlink()
    report = world.sync()
    assert report.message == "notes: nothing new"
    assert snapshot(world.root) == before
    world.library.add_highlight(7314264, **tweet(99, "neu"))
    assert only(world.sync()).pages.updated == [path]
    assert world.sync().message == "notes: nothing new"
