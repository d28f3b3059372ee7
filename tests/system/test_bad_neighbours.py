"""What goes wrong with one document, or during a run, costs the others nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from syncd.readwise.client import Client
from syncd.report import VaultReport
from syncd.sandbox.library import Library
from syncd.sync.look_at import look_at
from syncd.sync.run import run
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions, RunTools, open_vault
from syncd.vault.write import Seen, Writer
from tests.support.world import TRIPLE_LOWBAR, Clock, MakeWorld, World, add_book, only, tweet


def reset(world: World, **settings: Any) -> None:
    """Change settings of the one vault."""
    (vault,) = world.config.vaults
    world.config = replace(world.config, vaults=(replace(vault, **settings),))


def test_a_place_in_a_recording_that_makes_no_sense_is_shown_as_it_is(world: World) -> None:
    """Such as one in microseconds; and the next document comes."""
    pod = world.library.add_book(title="Nachtfunk", category="podcasts", source_url="https://a.b/p")
    url = "https://share.example.org/1"
    place = {"location": 1714900000000000, "location_type": "time_offset"}
    world.library.add_highlight(pod, text="leise", url=url, **place)
    add_book(world.library, "Eulen", tweet(2, "夜"))
    world.sync()
    assert "leise" in world.text()
    assert "夜" in world.text()


def test_a_page_that_lost_blocks_during_a_run_is_judged_by_the_next(
    world: World, clock: Clock
) -> None:
    """Nothing is written into it before, and what is gone is told or comes back."""
    books = [
        add_book(world.library, f"Regal {at}", tweet(at * 10, f"alt {at}"), tweet(at * 10 + 1, "b"))
        for at in (1, 2)
    ]
    world.sync()
    clock.forward(hours=1)
    for at, book in enumerate(books, 1):
        world.library.add_highlight(book, **tweet(at * 10 + 3, f"neu {at}"))
    page, done = world.root / world.page_of("Regal 2"), list[int]()

    def progress(what: str, number: int, _total: int | None) -> None:
        if what.endswith(": documents") and number == 1 and not done:
            done.append(page.write_text(""))

    report = only(world.sync(progress=progress))
    assert [one.code for one in report.failed] == ["page-busy"]
    told = only(world.sync()).deleted
    assert told or "alt 2" in world.text()
    assert "neu 2" in world.text()


def test_a_fault_of_the_state_is_no_fault_of_a_document(world: World) -> None:
    """It ends the look at a page, instead of passing for a page that cannot be told."""
    add_book(world.library, "Eulen", tweet(1, "eins"))
    world.sync()
    (vault,) = world.config.vaults
    with opened(world.config, Event()) as db:
        run = open_vault(db, vault, RunOptions(), RunTools(Event()), VaultReport(vault.name))
        assert look_at(run, 1, None, git_moved=False)
        db.execute("DROP TABLE absence")
        with pytest.raises(sqlite3.Error):
            look_at(run, 1, None, git_moved=False)


def test_a_removal_that_was_held_back_is_carried_out_by_a_full_run(
    world: World, clock: Clock
) -> None:
    """Once it is no large one any more."""
    reset(world, on_delete="remove")
    add_book(world.library, "Eulen", tweet(1, "eins"), tweet(2, "zwei"), tweet(3, "drei"))
    world.sync()
    clock.forward(hours=1)
    world.library.delete_highlight(1)
    assert only(world.sync()).warnings
    clock.forward(hours=1)
    add_book(world.library, "Regal", *[tweet(10 + at, f"t{at}") for at in range(10)])
    world.sync()
    world.sync(full=True)
    assert "eins" not in world.text()


@pytest.mark.parametrize("edn", [None, TRIPLE_LOWBAR])
def test_a_second_page_of_one_title_is_no_conflict_copy(
    library: Library, make_world: MakeWorld, clock: Clock, edn: str | None
) -> None:
    """Though its owner took its block to the first one too."""
    world = make_world(library, edn=edn)
    add_book(library, "Eulen", tweet(1, "eins"))
    book = add_book(library, "Eulen", tweet(2, "zwei"))
    world.sync()
    ends = ("Eulen.md", "Eulen (2).md")
    first, second = (next(path for path in world.pages() if path.endswith(end)) for end in ends)
    block = next(line for line in world.read(second).split("\n") if line.startswith("- zwei"))
    world.put(first, f"{world.read(first)}\n{block}\n")
    world.put(second, f"{world.read(second)}\n- eigene Gedanken\n")
    assert not only(world.sync()).warnings
    clock.forward(hours=1)
    library.add_highlight(book, **tweet(3, "drei"))
    world.sync()
    assert "drei" in world.read(second)


@pytest.mark.parametrize("edn", [None, TRIPLE_LOWBAR])
def test_a_conflict_copy_takes_no_documents_place(
    library: Library, make_world: MakeWorld, clock: Clock, edn: str | None
) -> None:
    """Though it has the name that a new document of that title gets."""
    world = make_world(library, edn=edn)
    add_book(library, "Eulen", tweet(1, "eins"))
    world.sync()
    (path,) = (path for path in world.pages() if path.endswith("Eulen.md"))
    copy = path.replace("Eulen.md", "Eulen (2).md")
    world.put(copy, world.read(path))
    before = world.read(copy)
    clock.forward(hours=1)
    add_book(library, "Eulen", tweet(2, "zwei 茶"))
    report = only(world.sync())
    assert (report.failed, report.highlights.added) == ([], 1)
    assert world.read(copy) == before
    assert world.text().count("zwei 茶") == 1


@pytest.mark.parametrize("edn", [None, TRIPLE_LOWBAR])
def test_a_document_titled_like_a_conflict_copy_keeps_its_page(
    library: Library, make_world: MakeWorld, clock: Clock, edn: str | None
) -> None:
    """Also after its owner wrote on it."""
    world = make_world(library, edn=edn)
    book = add_book(library, "Bericht (conflicted copy 2024-01-01)", tweet(1, "eins"))
    world.sync()
    (path,) = (path for path in world.pages() if "Bericht" in path)
    world.put(path, f"{world.read(path)}- eigene Gedanken 茶\n")
    assert not only(world.sync()).warnings
    clock.forward(hours=1)
    library.add_highlight(book, **tweet(2, "zwei"))
    report = only(world.sync())
    assert (report.failed, report.warnings, report.deleted) == ([], [], [])
    assert "zwei" in world.read(path)
    assert "eigene Gedanken 茶" in world.read(path)
    world.write_config()
    assert "conflict" not in world.command("check").stdout


def test_a_look_that_was_tried_and_given_up_leaves_no_page_between_two(
    world: World, clock: Clock
) -> None:
    """A full run brings all of it to the one that holds."""
    book = add_book(world.library, "Eulen", tweet(1, "eins"))
    world.sync()
    reset(world, date_links=False)
    clock.forward(hours=1)
    world.library.add_highlight(book, **tweet(2, "zwei"))
    world.sync()
    reset(world, date_links=True)
    world.sync(full=True)
    assert world.text().count("[[2024-05-05]]") == 2


class KilledError(BaseException):
    """A run ends at its first page."""


class Killed(Writer):
    """Ends the run."""

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        raise KilledError


def run_with(world: World, writer: type[Writer]) -> VaultReport:
    """A run that writes so."""
    stop = Event()
    with opened(world.config, stop) as db:
        client = Client(world.sandbox.url, world.sandbox.token, stop)
        return only(run(db, world.config, client, stop, RunOptions(), writer=writer))


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("gone", ["a block", "the page"])
def test_what_changes_while_a_run_writes_is_judged_once(
    world: World, clock: Clock, gone: str, *, killed: bool
) -> None:
    """A page that its owner saves just before it is written has this run read the vault again."""
    first = add_book(world.library, "Eulen", tweet(1, "eins"))
    add_book(world.library, "Käuze", tweet(2, "zwei"), tweet(3, "drei"), tweet(4, "四"))
    world.sync()
    eulen, owls = (world.root / world.page_of(title) for title in ("Eulen", "Käuze"))
    clock.forward(hours=1)
    world.library.add_highlight(first, **tweet(5, "خمسة"))
    saved: list[Path] = []

    class Slow(Writer):
        """Its owner is faster, once."""

        def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
            if not saved:
                saved.append(path)
                eulen.write_text(f"{eulen.read_text()}- mein\n")
                lines = owls.read_text().splitlines(keepends=True)
                owls.write_text("".join(line for line in lines if "drei" not in line))
                if gone == "the page":
                    owls.unlink()
            return super().write(path, data, seen)

    if killed:  # what it had begun is finished first
        world.library.edit_highlight(2, note="टिप्पणी")
        with pytest.raises(KilledError):
            run_with(world, Killed)
    report = run_with(world, Slow)
    assert "خمسة" in eulen.read_text()
    lost = {"a block": 1, "the page": 3}[gone]
    assert len([*report.deleted, *only(world.sync()).deleted]) == lost
    assert not only(world.sync()).deleted
