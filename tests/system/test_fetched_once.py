"""Nothing is fetched twice: what a dry run or a stopped run brought is not asked for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from urllib.parse import parse_qsl, urlsplit

import pytest

from syncd.errors import ReadwiseError, Stopped
from syncd.progress import Progress
from syncd.sandbox.faults import Fault
from syncd.sandbox.library import Library
from syncd.state import fetching
from syncd.state import schema as state
from syncd.sync.compare import compare_all
from syncd.sync.dry_run import PageDiff, rehearse
from syncd.sync.vault_run import RunOptions
from tests.support.world import NOON, Clock, MakeWorld, World, add_book, only, snapshot, tweet

SINCE = (NOON + timedelta(minutes=55)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def threads(world: World, clock: Clock) -> World:
    """Three documents, each of them a page of the export, and then an hour of nothing."""
    for number in range(3):
        owls = [tweet(number * 1000 + n, f"Eule {number} {n} 🦉") for n in range(500)]
        add_book(world.library, f"Faden {number}", *owls)
    clock.forward(hours=1)
    return world


def asked(world: World) -> list[tuple[str | None, str | None]]:
    """The requests since the last call: `updatedAfter` and `pageCursor`."""
    queries = [dict(parse_qsl(urlsplit(target).query)) for _, target in world.sandbox.requests]
    world.sandbox.requests.clear()
    return [(query.get("updatedAfter"), query.get("pageCursor")) for query in queries]


def stops(stop: Event, what: str, number: int) -> Progress:
    """Sets `stop` where so many of that are done."""

    def progress(stage: str, done: int, _total: int | None) -> None:
        if what in stage and done >= number:
            stop.set()

    return progress


def dry_run(world: World, *, full: bool = False) -> list[PageDiff]:
    """What a dry run shows."""
    shown: list[PageDiff] = []
    rehearse(world.config, RunOptions(full=full), Event(), shown.append)
    return shown


def test_a_dry_run_keeps_what_it_fetched(threads: World) -> None:
    """A second one, and the run itself, show and write it, and ask only for what is new."""
    before = snapshot(threads.root)
    shown = dry_run(threads)
    assert [since for since, _ in asked(threads)] == [None] * 3
    assert dry_run(threads) == shown
    assert asked(threads) == [(SINCE, None)]
    assert snapshot(threads.root) == before
    assert only(threads.sync()).highlights.added == 1500
    assert asked(threads) == [(SINCE, None)]
    threads.sync()
    assert dry_run(threads, full=True) == []


def test_a_run_that_is_stopped_while_it_writes_is_not_fetched_again(threads: World) -> None:
    """The next one asks for what is new, and writes the rest."""
    stop = Event()
    with pytest.raises(Stopped):
        threads.sync(stops(stop, "documents", 1), stop)
    asked(threads)
    assert only(threads.sync()).highlights.added == 1000
    assert asked(threads) == [(SINCE, None)]


@pytest.mark.parametrize("again", ["sync", "dry run", "check"])
def test_a_fetch_that_is_stopped_goes_on_where_it_was(threads: World, again: str) -> None:
    """Whatever asks next."""
    stop = Event()
    with pytest.raises(Stopped):
        threads.sync(stops(stop, "fetched", 1000), stop)
    (_, first), (_, second) = asked(threads)
    assert (first, second) == (None, "3")
    if again == "check":
        compare_all(threads.config, Event())
    elif again == "dry run":
        dry_run(threads)
    else:
        assert only(threads.sync()).highlights.added == 1500
    assert asked(threads) == [(None, "2")]
    threads.sync()
    assert asked(threads) == [(SINCE, None)]
    assert threads.text().count("- Eule") == 1500


def old_cursor(world: World) -> None:
    """The server forgets what it said."""
    world.sandbox.faults.append(Fault("400"))


def emptied_page(world: World) -> None:
    """The server does not say that it forgot: the old cursor leads to an empty last page."""
    with state.opened(world.state) as db:
        point = fetching.point(db)
        assert point is not None
        fetching.keep(db, fetching.Point(point.server, None, point.started, point.kept, "1"))


def days_ago(world: World) -> None:
    """It was long ago."""
    with state.opened(world.state) as db:
        point = fetching.point(db)
        assert point is not None
        then = point.kept - timedelta(days=2)
        fetching.keep(db, fetching.Point(point.server, None, point.started, then, point.cursor))


def another_account(world: World) -> None:
    """It was begun with the token of another account."""
    world.sandbox.token = world.sandbox.token[::-1]
    (world.folder / "token").write_text(world.sandbox.token)


@pytest.mark.parametrize("why", [old_cursor, emptied_page, days_ago, another_account])
def test_where_it_cannot_go_on_it_begins_anew(threads: World, why: Callable[[World], None]) -> None:
    """And nothing is missing, twice, or taken for deleted."""
    stop = Event()
    with pytest.raises(Stopped):
        threads.sync(stops(stop, "fetched", 500), stop)
    why(threads)
    asked(threads)
    assert only(threads.sync()).highlights.added == 1500
    assert (None, None) in asked(threads)


def test_what_is_missing_after_a_stop_is_gone_only_if_a_whole_fetch_lacks_it(
    make_world: MakeWorld,
) -> None:
    """Two were erased: one before a fetch was stopped, one of what it had brought, after it."""
    library = Library()
    world = make_world(library, on_delete="remove")
    for number in range(3):
        owls = [tweet(number * 1000 + n, f"Eule {number} {n} 🦉") for n in range(500)]
        add_book(library, f"Faden {number}", *owls)
    world.sync()
    library.erase_highlight(library.books[2]["highlights"][7]["id"])
    world.sandbox.faults += [Fault("pass"), *[Fault("500")] * 6]
    with pytest.raises(ReadwiseError):
        world.sync_impatiently(full=True)
    library.erase_highlight(library.books[0]["highlights"][7]["id"])
    asked(world)
    report = world.sync(full=True)
    assert [cursor for _, cursor in asked(world)] == ["3", "2", None, "2"]
    assert only(report).highlights.removed == 2
    assert world.text().count("- Eule") == 1498
