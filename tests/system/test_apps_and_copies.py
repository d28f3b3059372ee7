"""What syncing tools, git, apps' plugins and other sources leave in a vault and an account."""

from __future__ import annotations

import json
from datetime import date

import pytest

from syncd.page.dates import obsidian_day
from syncd.page.names import is_conflict_copy
from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, only, tweet


@pytest.mark.parametrize(
    "name",
    [
        "夜 鳥_DiskStation_Feb-04-101112-2024_Conflict.md",
        "夜 鳥 (SFConflict a@example.org 2024-02-04-10-11-12).md",
        "夜 鳥.Conflict.md",
        "夜 鳥 [conflicted].md",
        "夜 鳥 (mega conflict 2024-02-04).md",
        "夜 鳥.dup.md",
        "夜 鳥.conflict.2024-02-04.md",
        "夜 鳥 (Conflict copy 2024-02-04).md",
        "夜 鳥~20240204-101112.md",
    ],
)
def test_the_copies_of_other_syncing_tools_are_known_by_their_names(name: str) -> None:
    """Synology, Seafile, Resilio, pCloud, Mega, Remotely Save, Tresorit, Syncthing before 1.0."""
    assert is_conflict_copy(name)


@pytest.mark.parametrize(
    "name", ["Conflict.md", "On conflict.md", "dup.md", "A_b_Conflict.md", "Eulen ~2024.md"]
)
def test_titles_with_such_words_are_none(name: str) -> None:
    """Only the tools' own forms count."""
    assert not is_conflict_copy(name)


@pytest.mark.parametrize("name", ["{} (1).md", "{} 2.md", "{}-DESKTOP-AB12CD3.md"])
def test_a_copy_beside_its_page_is_named_and_not_read(vault: World, name: str) -> None:
    """Where it has the same highlights; OneDrive, Google Drive and iCloud name copies like that."""
    book = add_book(vault.library, "Eulen", tweet(1, "eins"), tweet(2, "zwei"))
    vault.sync()
    page = "Readwise/Tweets/Eulen.md"
    copy = f"Readwise/Tweets/{name.format('Eulen')}"
    vault.put(copy, vault.read(page))
    vault.put(f"Readwise/Tweets/{name.format('Käuze')}", vault.read(page).replace("rw-", "rw-9"))
    vault.library.add_highlight(book, **tweet(3, "drei"))
    report = only(vault.sync())
    assert report.pages.updated == [page]
    assert len([warning for warning in report.warnings if copy in warning]) == 1
    vault.write_config()
    assert copy in vault.command("check").stderr


def test_a_note_of_another_document_with_such_a_name_is_no_copy(vault: World) -> None:
    """It stays a page."""
    add_book(vault.library, "Eulen", tweet(1, "eins"))
    add_book(vault.library, "Eulen 2", tweet(2, "zwei"))
    vault.sync()
    report = only(vault.sync(full=True))
    assert report.warnings == []
    assert len(vault.pages()) == 2


def test_gits_marks_of_a_conflict_are_named(vault: World) -> None:
    """By `check`, with the page."""
    vault.put("Mein.md", "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n")
    vault.put("Kein.md", "a <<<<<<< b\n")
    vault.write_config()
    done = vault.command("check")
    assert "Mein.md has git's marks of a conflict" in done.stderr
    assert "Kein.md" not in done.stderr


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("gggg-[W]ww", "2024-W01"),
        ("gggg/w", "2024/1"),
        ("YYYY-[Q]Q", "2024-Q1"),
        ("dd DD", "Mo 01"),
        ("L", "01/01/2024"),
    ],
)
def test_weeks_quarters_and_short_weekdays_are_known(pattern: str, expected: str) -> None:
    """In English, as Obsidian has them by default."""
    assert obsidian_day(pattern, date(2024, 1, 1)) == expected


def test_weeks_begin_on_sunday_and_the_first_has_january_1st() -> None:
    """As in English."""
    days = (date(2023, 12, 30), date(2023, 12, 31), date(2024, 1, 7), date(2022, 1, 1))
    assert [obsidian_day("gggg ww", day) for day in days] == [
        "2023 52",
        "2024 01",
        "2024 02",
        "2022 01",
    ]


def test_periodic_notes_says_where_daily_notes_stand(make_world: MakeWorld) -> None:
    """Where that plugin is on and makes them."""
    library = Library()
    add_book(library, "Eulen", tweet(1, "eins"))
    world = make_world(library, edn=None, journal=True)
    world.put(".obsidian/daily-notes.json", '{"folder": "nicht hier"}')
    world.put(".obsidian/community-plugins.json", '["periodic-notes"]')
    own = {"daily": {"enabled": True, "folder": "Tage", "format": "gggg-[W]ww/YYYY-MM-DD"}}
    world.put(".obsidian/plugins/periodic-notes/data.json", json.dumps(own))
    assert only(world.sync()).warnings == []
    assert [path.split("/")[0] for path in world.pages()] == ["Readwise", "Tage"]


def test_check_names_a_pattern_of_days_that_is_not_known(make_world: MakeWorld) -> None:
    """Not only each run."""
    world = make_world(Library(), edn=None, journal=True)
    world.put(".obsidian/daily-notes.json", '{"format": "BB"}')
    world.write_config("journal = true\n")
    assert "the date pattern 'BB'" in world.command("check").stderr


def test_authors_on_lines_of_their_own_are_several(vault: World) -> None:
    """As KOReader sends them."""
    add_book(
        vault.library,
        "Eulen",
        tweet(1, "eins"),
        author="A. Eule\nB. Kauz\r\nC. Uhu, D. Nachtschwalbe",
    )
    vault.sync()
    (text,) = vault.pages().values()
    for name in ("A. Eule", "B. Kauz", "C. Uhu", "D. Nachtschwalbe"):
        assert f"[[{name}]]" in text


@pytest.mark.parametrize("template", ["", 'template = "readwise-default"\n'])
@pytest.mark.parametrize("app", [None, "{:file/name-format :triple-lowbar}"])
def test_a_link_into_zotero_stays_a_link(
    make_world: MakeWorld, app: str | None, template: str
) -> None:
    """What is not plainly one is none."""
    library = Library()
    good = "zotero://open-pdf/library/items/AB12CD34?page=3&annotation=EF56"
    bad = "zotero://select/x) [y](javascript:alert(1)"
    add_book(library, "Eulen", {"text": "eins", "url": good}, {"text": "zwei", "url": bad})
    world = make_world(library, edn=app, **({"template": "readwise-default"} if template else {}))
    world.sync()
    text = world.text()
    assert f"eins ([View Highlight]({good}))" in text
    assert "javascript" not in text
    assert world.sync(full=True).message == "notes: nothing new"
