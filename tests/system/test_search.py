"""`syncd search` and `syncd export`: what the account holds is found, and can be taken along."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syncd.commands.cli import main
from syncd.readwise.decode import decode_page
from syncd.sandbox.library import Library
from syncd.state.schema import open_db
from tests.support.world import Clock, MakeWorld, World, add_book, snapshot, tweet


@pytest.fixture
def filled(world: World) -> World:
    """A synced account with two documents, a configuration, and its files in the vault."""
    add_book(world.library, "Eulen 🦉", tweet(1, "夜の梟は静か"), tweet(2, "صباح الخير"))
    add_book(
        world.library,
        "Buch der Nacht",
        {"text": "Die Eule schläft", "note": "später lesen", "tags": [{"name": "Vögel"}]},
        category="books",
        author="Ada Faro",
    )
    world.write_config()
    world.sync()
    return world


def found(world: World, *words: str) -> list[dict[str, Any]]:
    """What a search finds, as its JSON."""
    done = CliRunner().invoke(
        main, ["--config", str(world.config_file), "search", "--json", *words]
    )
    assert done.exit_code == 0, done.output
    highlights: list[dict[str, Any]] = json.loads(done.stdout)["highlights"]
    return highlights


def texts(world: World, *words: str) -> list[str]:
    """The texts of what a search finds."""
    return [one["text"] for one in found(world, *words)]


def test_a_hit_shows_document_text_page_and_link(filled: World) -> None:
    """And what was asked for set off on a terminal alone; nothing of vault or account changes."""
    before = snapshot(filled.root)
    done = filled.command("search", "梟")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Eulen 🦉 (@example_owl on Twitter)",
        "  夜の梟は静か",
        "  notes: pages/Readwise___Highlights___Eulen 🦉.md",
        "  https://twitter.com/example_owl/status/1",
        "",
    ]
    assert snapshot(filled.root) == before
    assert (filled.state / "search.db").stat().st_mode & 0o777 == 0o600
    coloured = CliRunner().invoke(
        main, ["--config", str(filled.config_file), "search", "梟"], color=True
    )
    assert "夜の\x1b[33m\x1b[4m梟\x1b[0mは静か" in coloured.stdout


def test_nothing_found_is_no_failure_and_no_word_is_wrong_usage(filled: World) -> None:
    """Statuses 0 and 2, each with one line."""
    done = filled.command("search", "nirgends")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no highlight says nirgends\n")
    done = filled.command("search", "?!")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_all_words_must_occur_in_text_note_tags_title_or_author(filled: World) -> None:
    """In any of them, each as the beginning of a word; quoted ones whole and together."""
    for words in (("eule", "FARO"), ("vogel",), ("spater",), ("nacht", "schl"), ('"die eule"',)):
        assert texts(filled, *words) == ["Die Eule schläft"]
    assert texts(filled, "eule", "صباح") == ["صباح الخير"]  # its document is called so
    assert texts(filled, '"eule die"') == []


def test_the_newest_come_first_and_no_more_than_asked_for(filled: World) -> None:
    """With a word on those left out."""
    done = filled.command("search", "eul", "--limit", "2")
    shown = [line for line in done.stdout.splitlines() if line and line[0] != " "]
    assert shown == ["Buch der Nacht (Ada Faro)", "Eulen 🦉 (@example_owl on Twitter)"]
    assert done.stderr == "these are the newest 2; `syncd search --limit 10` shows more\n"


def test_the_index_follows_edits_deletions_and_titles(filled: World, clock: Clock) -> None:
    """By the new words alone, after the next run."""
    library = filled.library
    owl, morning = (one["highlight"] for one in reversed(found(filled, "eulen")))
    clock.forward(hours=1)
    library.edit_highlight(owl, text="夜の猫は静か")
    library.delete_highlight(morning)
    assert texts(filled, "梟") == ["夜の梟は静か"]
    filled.sync()
    assert (texts(filled, "梟"), texts(filled, "猫")) == ([], ["夜の猫は静か"])
    assert texts(filled, "صباح") == []
    library.edit_book(library.books[-1]["user_book_id"], title="Katzen")
    filled.sync(full=True)
    assert (texts(filled, "eulen"), texts(filled, "katzen")) == ([], ["夜の猫は静か"])


def test_much_edited_texts_leave_no_heap_of_old_words(filled: World, clock: Clock) -> None:
    """The index is made anew when most of it is no longer true."""
    book = add_book(filled.library, "viel", *(tweet(n, f"wort{n}") for n in range(100, 160)))
    ids = [one["id"] for one in _book(filled.library, book)["highlights"]]
    for turn in range(5):
        clock.forward(hours=1)
        for id_ in ids:
            filled.library.edit_highlight(id_, text=f"runde{turn}")
        filled.sync()
        assert len(found(filled, f"runde{turn}", "--limit", "100")) == 60
    with closing(sqlite3.connect(filled.state / "search.db")) as index:
        assert index.execute("SELECT count(*) FROM words").fetchone()[0] < 63 + 5 * 60


def _book(library: Library, id_: int) -> dict[str, Any]:
    (book,) = (book for book in library.books if book["user_book_id"] == id_)
    return book


def test_a_damaged_or_lost_index_and_a_new_state_cost_nothing(filled: World) -> None:
    """It is made anew from the mirror; from another mirror too."""
    assert texts(filled, "梟")
    index = filled.state / "search.db"
    index.write_bytes(b"no database at all" * 500)
    assert texts(filled, "梟")
    index.unlink()
    assert texts(filled, "梟")
    for name in ("syncd.db", "syncd.db-wal", "syncd.db-shm"):
        (filled.state / name).unlink(missing_ok=True)
    for id_ in [book["user_book_id"] for book in filled.library.books]:
        filled.library.delete_book(id_)
    add_book(filled.library, "neu", tweet(9, "ein anderes Leben"))
    filled.sync()
    assert (texts(filled, "梟"), texts(filled, "leben")) == ([], ["ein anderes Leben"])


def test_before_the_first_run_there_is_nothing_to_read(world: World) -> None:
    """And it is said what to do."""
    world.write_config()
    for command in (["search", "x"], ["export", "--format", "csv"]):
        done = world.command(*command)
        assert (done.returncode, done.stdout) == (5, "")
        assert done.stderr.endswith("nothing was synced yet; run `syncd sync` once\n")


def test_a_state_of_the_version_before_is_searched_after_one_run(filled: World) -> None:
    """All of it, though nothing is new."""
    with closing(open_db(filled.state / "syncd.db")) as db:
        db.execute("DROP TABLE change")
        db.execute("DROP TABLE seen")
        db.execute("ALTER TABLE mark DROP COLUMN version")
        db.execute("DROP INDEX page_note")
        db.execute("ALTER TABLE page DROP COLUMN note")
        db.execute("ALTER TABLE home DROP COLUMN notes")
        db.execute("DELETE FROM setting WHERE key = 'mirror'")
        db.execute("DROP INDEX home_away")
        db.execute("PRAGMA user_version = 5")
    done = filled.command("search", "梟")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.endswith("was written by an older syncd; run `syncd sync` once\n")
    filled.sync()
    assert texts(filled, "梟") == ["夜の梟は静か"]


def test_a_search_does_not_wait_for_a_run_that_writes(filled: World) -> None:
    """It reads what was there before."""
    with closing(open_db(filled.state / "syncd.db")) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM highlight")
        assert texts(filled, "梟") == ["夜の梟は静か"]
        db.execute("ROLLBACK")


def test_a_hit_names_every_page_on_which_it_stands(filled: World) -> None:
    """Where its owner took it; none where they deleted it, but it is found all the same."""
    page = "pages/Readwise___Highlights___Eulen 🦉.md"
    text = filled.read(page)
    start = text.index("- 夜の梟")
    end = text.index("\n- ", start) + 1
    filled.put(page, text[:start] + text[end:])
    filled.put("pages/meins.md", text[start:end])
    filled.sync()
    assert [one["pages"] for one in found(filled, "梟")] == [
        [{"vault": "notes", "path": "pages/meins.md"}]
    ]
    (filled.root / "pages/meins.md").unlink()
    filled.sync(full=True)
    assert [one["pages"] for one in found(filled, "梟")] == [[]]


@pytest.mark.parametrize("wanted", [False, True])
def test_what_was_discarded_is_found_where_it_may_come(
    library: Library, make_world: MakeWorld, wanted: bool
) -> None:
    """As a vault's setting has it."""
    world = make_world(library, discarded=wanted)
    add_book(library, "Eulen", tweet(1, "weg damit", is_discard=True))
    world.write_config("discarded = true" if wanted else "")
    world.sync()
    assert texts(world, "damit") == (["weg damit"] if wanted else [])


def test_hostile_texts_do_nothing_to_a_terminal(world: World) -> None:
    """No control or direction character of a stranger's is printed."""
    hostile = "böse\x1b]52;c;eA==\x07 \u202eWorte"
    add_book(world.library, hostile, tweet(1, hostile, note=hostile), author=hostile)
    world.write_config()
    world.sync()
    done = world.command("search", "worte")
    assert done.stdout.count("böse") == 5
    assert not set("\x1b\x07\u202e") & set(done.stdout)


# --- export ---------------------------------------------------------------------------------------


def test_an_export_as_json_is_an_account_of_its_own(filled: World, tmp_path: Path) -> None:
    """Without what was deleted; the sandbox serves it, and it decodes to the same."""
    filled.library.delete_highlight(found(filled, "صباح")[0]["highlight"])
    filled.sync(full=True)
    file = tmp_path / "account.json"
    done = filled.command("export", "--format", "json", "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "صباح" not in file.read_text()
    books = Library.load(file).books
    answer = json.dumps({"results": books, "nextPageCursor": None}).encode()
    told = {
        one.title: [item.text for item in one.highlights] for one in decode_page(answer).documents
    }
    assert told == {"Eulen 🦉": ["夜の梟は静か"], "Buch der Nacht": ["Die Eule schläft"]}


def test_an_export_goes_to_standard_output_or_a_new_file(filled: World, tmp_path: Path) -> None:
    """What is there is replaced only when told to, and nothing is left beside it."""
    printed = filled.command("export", "--format", "csv").stdout
    rows = list(csv.DictReader(StringIO(printed)))
    assert sorted(row["Highlight"] for row in rows) == sorted(
        ["夜の梟は静か", "صباح الخير", "Die Eule schläft"]
    )
    file = tmp_path / "out" / "account.md"
    file.parent.mkdir()
    file.write_text("mine")
    command = ("export", "--format", "markdown", "--output", str(file))
    done = filled.command(*command)
    assert (done.returncode, file.read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert filled.command(*command, "--force").returncode == 0
    assert file.read_text().startswith("# Eulen 🦉\n\n@example_owl on Twitter\n\n- 夜の梟は静か")
    assert [path.name for path in file.parent.iterdir()] == ["account.md"]
    done = filled.command(*command[:-1], str(file.parent), "--force")
    assert (done.returncode, file.parent.is_dir()) == (2, True)
