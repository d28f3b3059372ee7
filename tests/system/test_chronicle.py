"""The log page and the journal: what came is told once, among the owner's words, and quietly."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from syncd.page.dates import logseq_day
from syncd.sandbox.library import Library
from tests.support.world import LEGACY, MakeWorld, World, add_book, only, snapshot, tweet

LOG = re.compile(r"- \d{4}-\d\d-\d\d \d\d:\d\d: (\d+) highlights? on (.*)")


def today(pattern: str = "yyyy_MM_dd") -> str:
    """The day, in the vault's zone, by a pattern."""
    return logseq_day(pattern, datetime.now(UTC).date())


@pytest.fixture
def told(make_world: MakeWorld, library: Library) -> World:
    """A graph with both, and one page already there."""
    world = make_world(library, log_page="Readwise", journal=True)
    add_book(library, "一", tweet(1, "eins"), tweet(2, "zwei"))
    return world


def test_nothing_is_told_unless_asked_for(world: World, library: Library) -> None:
    """Both are off by default."""
    add_book(library, "一", tweet(1, "eins"))
    world.sync()
    assert list(world.pages()) == ["pages/Readwise___Highlights___一.md"]


def test_a_run_that_brought_something_is_told_with_links_to_its_pages(
    told: World, library: Library
) -> None:
    """On a page of its own, newest last; and in one line of the day's journal."""
    told.sync()
    add_book(library, "두 번째", tweet(3, "drei"))
    library.add_highlight(1, **tweet(4, "vier"))
    told.sync()
    lines = told.read("pages/Readwise.md").split("\n")
    first, second = "[[Readwise/Highlights/一]]", "[[Readwise/Highlights/두 번째]]"
    assert [match and match.groups() for match in map(LOG.fullmatch, lines)] == [
        ("2", first),
        ("2", f"{first}, {second}"),
    ]
    (journal,) = (told.root / "journals").iterdir()
    assert journal.name == f"{lines[-1][2:12].replace('-', '_')}.md"
    assert told.read(f"journals/{journal.name}") == f"- Highlights from Readwise: {first}, {second}"


def test_nothing_new_writes_nothing(told: World, library: Library) -> None:
    """No time changes.

    Edits, full runs and dry runs tell nothing either, nor do the lines count as highlights.
    """
    told.sync()
    library.edit_highlight(1, text="anders")
    told.sync()
    before = snapshot(told.root)
    assert not only(told.sync()).changed
    report = only(told.sync(full=True))
    assert (report.changed, report.warnings, report.conflicts) == (False, [], [])
    assert snapshot(told.root) == before
    assert told.read("pages/Readwise.md").count("\n") == 0


def test_the_owners_words_on_both_pages_stay(told: World, library: Library) -> None:
    """Their line ends too; and a page that the owner named so, whatever its file, is the log."""
    told.put("pages/mein log.md", "title:: readwise\r\n\r\n- meins\r\n\t- darunter\r\n\r\n")
    told.put(f"journals/{today()}.md", "- Morgen\n\t- TODO Kaffee\n- ")
    told.sync()
    log = told.read("pages/mein log.md")
    assert log.startswith("title:: readwise\r\n\r\n- meins\r\n\t- darunter\r\n- 2")
    assert log.endswith("[[Readwise/Highlights/一]]\r\n\r\n")
    assert not (told.root / "pages/Readwise.md").exists()
    expected = (
        "- Morgen\n\t- TODO Kaffee\n- \n- Highlights from Readwise: [[Readwise/Highlights/一]]"
    )
    assert told.read(f"journals/{today()}.md") == expected


def test_a_journal_line_that_its_owner_changed_is_followed_by_another(
    told: World, library: Library
) -> None:
    """Which links what came since."""
    told.sync()
    (path,) = (path for path in told.pages() if path.startswith("journals/"))
    mine = told.read(path).replace("Highlights from", "Gelesen bei")
    told.put(path, mine)
    for number in (5, 6):
        add_book(library, f"Neu {number}", tweet(number, "mehr"))
        told.sync()
    links = "[[Readwise/Highlights/Neu 5]], [[Readwise/Highlights/Neu 6]]"
    assert told.read(path) == f"{mine}\n- Highlights from Readwise: {links}"


@pytest.mark.parametrize(
    ("edn", "journal"),
    [
        (LEGACY, "journals/{yyyy_MM_dd}.md"),
        (
            '{:journals-directory "tage" :journal/file-name-format "yyyy-MM-dd EEEE"}',
            "tage/{yyyy-MM-dd EEEE}.md",
        ),
    ],
)
def test_a_graphs_journals_are_where_its_config_puts_them(
    make_world: MakeWorld, edn: str, journal: str
) -> None:
    """Folder and file name are the graph's."""
    library = Library()
    add_book(library, "一", tweet(1, "eins"))
    world = make_world(library, edn=edn, journal=True)
    world.sync()
    pattern = re.search(r"\{(.*)\}", journal)
    assert pattern is not None
    assert journal.replace(pattern[0], today(pattern[1])) in world.pages()


def test_a_journal_that_is_named_by_its_title_is_the_days(make_world: MakeWorld) -> None:
    """As older versions of Logseq named it."""
    library = Library()
    add_book(library, "一", tweet(1, "eins"))
    world = make_world(library, journal=True)
    path = f"journals/{today('MMM do, yyyy')}.md"
    world.put(path, "- alt")
    world.sync()
    assert world.read(path).startswith("- alt\n- Highlights from Readwise: ")
    assert len(world.pages()) == 2


@pytest.mark.parametrize(
    ("settings", "journal"),
    [
        (None, "{0}.md"),
        ({"folder": "Tage", "format": "", "autorun": True}, "Tage/{0}.md"),
        ({"folder": "/日記/", "format": "YYYY/[T] YYYY-MM-DD"}, "日記/{0:%Y}/T {0}.md"),
    ],
)
def test_in_obsidian_the_log_is_a_note_and_the_journal_the_daily_note(
    make_world: MakeWorld, settings: dict[str, Any] | None, journal: str
) -> None:
    """In the folder of `namespace`, and where the daily notes' own settings say."""
    library = Library()
    add_book(library, "猫/犬", tweet(1, "eins"))
    world = make_world(library, edn=None, log_page="Log: all", journal=True)
    if settings is not None:
        (world.root / ".obsidian/daily-notes.json").write_text(json.dumps(settings))
    world.sync()
    log = world.read("Readwise/Log- all.md")
    assert log.endswith(": 1 highlight on [[猫-犬]]")
    day = date.fromisoformat(log[2:12])
    assert world.read(journal.format(day)) == "- Highlights from Readwise: [[猫-犬]]"
    before = snapshot(world.root)
    assert not only(world.sync(full=True)).changed
    assert snapshot(world.root) == before


def test_what_cannot_be_told_is_a_warning_and_is_told_by_the_next_run_that_can(
    told: World, library: Library
) -> None:
    """The pages are written all the same, and the log, which could be told, is not told twice."""
    folder = told.root / f"journals/{today()}.md"
    folder.mkdir(parents=True)
    report = told.sync()
    assert (report.code, only(report).highlights.added) == (0, 2)
    (warning,) = only(report).warnings
    assert warning.startswith("what came is not in the log or journal: ")
    assert "move it away" in warning
    add_book(library, "二", tweet(9, "neun"))
    told.sync()
    folder.rmdir()
    assert only(told.sync()).warnings == []
    log = [LOG.fullmatch(line)[2] for line in told.read("pages/Readwise.md").split("\n")]  # type: ignore[index]
    assert log == ["[[Readwise/Highlights/一]]", "[[Readwise/Highlights/二]]"]
    assert told.read(f"journals/{today()}.md").endswith(f"Readwise: {', '.join(log)}")


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": "BB-MM"}'])
def test_daily_notes_that_cannot_be_found_are_a_warning(make_world: MakeWorld, damage: str) -> None:
    """No guess makes a note that Obsidian would not show."""
    library = Library()
    add_book(library, "一", tweet(1, "eins"))
    world = make_world(library, edn=None, journal=True)
    (world.root / ".obsidian/daily-notes.json").write_text(damage)
    report = world.sync()
    assert report.code == 0
    assert len(only(report).warnings) == 1
    assert list(world.pages()) == ["Readwise/Tweets/一.md"]


def test_what_a_killed_run_brought_is_told_by_the_next(
    told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together with what that one brings; nothing is told twice."""

    def stopped(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("syncd.sync.announce.announce", stopped)
        told.sync()
    assert list(told.pages()) == ["pages/Readwise___Highlights___一.md"]
    told.sync()
    told.sync()
    assert LOG.fullmatch(told.read("pages/Readwise.md"))


def test_a_dry_run_shows_both_and_writes_neither(told: World) -> None:
    """As diffs, like the pages'."""
    told.write_config('log_page = "Readwise"\njournal = true\n')
    done = told.command("sync", "--dry-run")
    assert "+++ b/pages/Readwise.md" in done.stdout
    assert "+- Highlights from Readwise: [[Readwise/Highlights/一]]" in done.stdout
    assert told.pages() == {}


def test_a_journal_that_its_owner_is_just_writing_is_left_alone(
    make_world: MakeWorld, library: Library
) -> None:
    """By the service: it is told when they pause. A page that syncd wrote last does not wait."""
    world = make_world(library, journal=True, quiet=timedelta(minutes=5))
    add_book(library, "一", tweet(1, "eins"))
    journal = world.put(f"journals/{today()}.md", "- mitten im Sa")
    report = only(world.sync(patient=True))
    assert (report.highlights.added, report.warnings) == (1, [])
    assert journal.read_text() == "- mitten im Sa"
    os.utime(journal, (0, 0))
    world.sync(patient=True)
    assert journal.read_text().endswith("Readwise: [[Readwise/Highlights/一]]")
    add_book(library, "二", tweet(2, "zwei"))
    world.sync(patient=True)
    assert journal.read_text().endswith(
        "Readwise: [[Readwise/Highlights/一]], [[Readwise/Highlights/二]]"
    )
