"""What the owner can do where account and vault differ: `diff`, `take`, `keep`, as processes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

PAGE = "pages/Readwise___Highlights___雨の音.md"
MINE, THEIRS = "雨が好き", "雨が降る ☔"


@pytest.fixture
def both(world: World) -> World:
    """A page of three highlights: the first was changed on both sides, the second by its owner."""
    library = world.library
    add_book(library, "雨の音", tweet(1, "雨"), tweet(2, "مطر"), tweet(3, "дождь"))
    world.write_config()
    world.sync()
    edit(world, "雨 (", f"{MINE} (")
    edit(world, "مطر", "مطر غزير")
    library.edit_highlight(1, text=THEIRS)
    world.sync()
    return world


def edit(world: World, old: str, new: str, path: str = PAGE) -> None:
    """The owner's edit of a page."""
    text = world.read(path)
    assert old in text
    world.put(path, text.replace(old, new, 1))


def said(world: World, *arguments: str, status: int) -> str:
    """What the command prints on standard output; it ends with `status`."""
    done = world.command(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# --- diff -----------------------------------------------------------------------------------------


def test_diff_shows_open_conflicts_with_both_texts_and_ends_with_1(both: World) -> None:
    """The page's words and the account's, and nothing of what its owner alone changed."""
    shown = said(both, "diff", status=1)
    assert f"{PAGE}: highlight 1 (text): changed in Readwise and by you" in shown
    assert f"\n- {MINE} (" in shown
    assert f"\n+ {THEIRS} (" in shown
    assert "مطر" not in shown


def test_diff_of_a_page_shows_what_its_owner_changed_too(both: World) -> None:
    """Block by block; what is alike on both sides is not shown."""
    shown = said(both, "diff", "雨の音", status=1)
    assert f"{PAGE}: highlight 2 (text): changed by you" in shown
    assert "\n- مطر غزير (" in shown
    assert "\n+ مطر (" in shown
    assert f"- {MINE}" in shown
    assert "дождь" not in shown


def test_diff_of_one_highlight_shows_that_alone(both: World) -> None:
    """By its id or its link."""
    for what in ("2", "https://x.com/someone/status/2"):
        shown = said(both, "diff", what, status=1)
        assert "highlight 2" in shown
        assert "highlight 1" not in shown
    assert said(both, "diff", "3", status=0) == ""


def test_diff_where_nothing_differs_says_nothing_and_ends_with_0(world: World) -> None:
    """With a name and without; nothing in the vault is touched."""
    add_book(world.library, "雨の音", tweet(1, "雨"))
    world.write_config()
    world.sync()
    before = snapshot(world.root)
    assert said(world, "diff", status=0) == ""
    assert said(world, "diff", "雨の音", status=0) == ""
    assert snapshot(world.root) == before


def test_diff_asks_no_network(both: World) -> None:
    """The mirror is enough, and no token is needed."""
    both.write_config(api_url="http://127.0.0.1:9", token_file="/nowhere")
    assert MINE in said(both, "diff", status=1)


def test_diff_shows_tags_notes_and_properties(world: World) -> None:
    """Each by its name; what is missing on one side is empty there."""
    book = add_book(
        world.library, "雨の音", tweet(1, "雨", note="eins"), source_url="https://a.example/"
    )
    world.write_config()
    world.sync()
    edit(world, "**Note**: eins", "**Note**: meins")
    edit(world, "author:: ", "author:: me, ")
    world.library.edit_highlight(1, note="zwei", tags=[{"name": "neu"}])
    world.library.edit_book(book, author="@someone on Twitter")
    world.sync()
    shown = said(world, "diff", status=1)
    assert f"{PAGE}: highlight 1 (note): changed in Readwise and by you" in shown
    assert "\n- **Note**: meins\n+ **Note**: zwei\n" in shown
    assert f"{PAGE}: properties (author): changed in Readwise and by you" in shown
    assert "\n- author:: me, " in shown


def test_diff_of_a_page_names_what_its_owner_deleted(both: World) -> None:
    """The page has no words there."""
    text = both.read(PAGE)
    (line,) = (one for one in text.splitlines(keepends=True) if "дождь" in one)
    both.put(PAGE, text.replace(line, ""))
    both.sync()
    shown = said(both, "diff", "3", status=1)
    assert f"{PAGE}: highlight 3 (text): deleted by you" in shown
    assert "\n+ дождь (" in shown


def test_diff_has_colours_on_a_terminal_and_no_title_can_paint_it(both: World) -> None:
    """Red for the vault's words, green for the account's; foreign control characters are gone."""
    both.put(PAGE, both.read(PAGE).replace(MINE, "mi\x1b[2Jne\u202e"))
    child, own = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "diff"],
        env=both.environment() | {"TERM": "xterm"},
        stdout=own,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    shown = os.read(child, 65536).decode()
    os.close(own)
    os.close(child)
    assert done.returncode == 1, done.stderr
    assert "\x1b[31m- mi[2Jne" in shown
    assert f"\x1b[32m+ {THEIRS}" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("command", ["diff", "take", "keep"])
def test_what_nobody_knows_gets_the_nearest_name(both: World, command: str) -> None:
    """As with `restore`; nothing is written."""
    before = snapshot(both.root)
    done = both.command(command, "雨の昔")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'syncd: nothing is called 雨の昔; did you mean "雨の音"?\n'
    assert snapshot(both.root) == before


# --- take -----------------------------------------------------------------------------------------


def test_take_writes_the_accounts_words_and_prints_those_that_they_replace(both: World) -> None:
    """Of open conflicts: what its owner alone changed stays."""
    shown = said(both, "take", "雨の音", status=0)
    assert f"{PAGE}: highlight 1 (text): yours is replaced" in shown
    assert f"\n- {MINE} (" in shown
    assert f"- {THEIRS} (" in both.read(PAGE)
    assert MINE not in both.read(PAGE)
    assert "مطر غزير" in both.read(PAGE)
    assert said(both, "diff", status=0) == ""


def test_what_is_taken_arrives_with_later_edits(both: World) -> None:
    """It is settled: both sides agree."""
    said(both, "take", "1", status=0)
    before = snapshot(both.root)
    report = only(both.sync(full=True))
    assert (report.changed, report.conflicts) == (False, [])
    assert snapshot(both.root) == before
    both.library.edit_highlight(1, text="雨が止む")
    assert only(both.sync()).conflicts == []
    assert "- 雨が止む (" in both.read(PAGE)


def test_words_that_were_replaced_and_come_back_are_their_owners(both: World) -> None:
    """An editor's undo is no page that went back in time."""
    mine = both.read(PAGE)
    said(both, "take", "雨の音", status=0)
    both.put(PAGE, mine)
    report = only(both.sync())
    assert (report.returned, report.changed) == ([], False)
    assert both.read(PAGE) == mine


def test_take_by_id_replaces_what_its_owner_alone_changed(both: World) -> None:
    """Any one block; the page's others stay."""
    shown = said(both, "take", "2", status=0)
    assert "\n- مطر غزير (" in shown
    assert "- مطر (" in both.read(PAGE)
    assert MINE in both.read(PAGE)


def test_take_where_nothing_differs_says_so(both: World) -> None:
    """The status is 1, as where nothing was deleted for `restore`."""
    done = both.command("take", "3")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "syncd: nothing of 3 differs\n"


def test_take_settles_notes_tags_and_properties(world: World) -> None:
    """A tag line that the account lacks goes, and the owner's children stay."""
    book = add_book(world.library, "雨の音", tweet(1, "雨", note="eins", tags=[{"name": "alt"}]))
    world.write_config()
    world.sync()
    edit(world, "**Note**: eins", "**Note**: meins\n\t\t- darunter")
    edit(world, "**Tags**: #[[alt]]", "**Tags**: #[[alt]] #mein")
    edit(world, "author:: ", "author:: me, ")
    world.library.edit_highlight(1, note="zwei", tags=[])
    world.library.edit_book(book, author="@someone on Twitter")
    assert len(only(world.sync()).conflicts) == 2
    shown = said(world, "take", PAGE, status=0)
    for words in ("- **Note**: meins", "- **Tags**: #[[alt]] #mein", "- author:: me, "):
        assert f"\n{words}" in shown
    text = world.read(PAGE)
    assert "**Note**: zwei\n\t\t- darunter" in text
    assert "**Tags**" not in text
    assert "someone" in text.partition("- ")[0]
    assert only(world.sync()).conflicts == []


def test_take_names_what_stands_on_another_page_and_leaves_it(both: World) -> None:
    """No page is written but the document's own; its owner can still keep it."""
    text = both.read(PAGE)
    (line,) = (one for one in text.splitlines(keepends=True) if MINE in one)
    both.put(PAGE, text.replace(line, ""))
    both.put("pages/mine.md", line)
    both.library.edit_highlight(1, text="雨、また雨")
    both.sync()
    done = both.command("take", "1")
    assert done.returncode == 1
    assert "pages/mine.md: highlight 1 (text) is not on its document's page" in done.stderr
    assert both.read("pages/mine.md") == line
    assert "- " + MINE in said(both, "diff", "1", status=1)
    said(both, "keep", "1", status=0)
    assert only(both.sync()).conflicts == []


def test_a_page_that_cannot_be_written_is_named_and_taken_later(both: World) -> None:
    """What was asked for stays asked for."""
    link = both.root / PAGE
    real = both.folder / "outside.md"
    link.rename(real)
    link.symlink_to(real)
    done = both.command("take", "雨の音")
    assert done.returncode == 1
    assert "[outside-vault]" in done.stderr
    assert "yours is replaced" not in done.stdout
    link.unlink()
    real.rename(link)
    assert only(both.sync()).conflicts == []
    assert f"- {THEIRS} (" in both.read(PAGE)


def test_take_tells_what_it_finds_deleted(both: World) -> None:
    """What a run would tell once is not lost because another command looked first."""
    text = both.read(PAGE)
    (line,) = (one for one in text.splitlines(keepends=True) if "дождь" in one)
    both.put(PAGE, text.replace(line, ""))
    done = both.command("take", "雨の音")
    assert done.returncode == 0
    assert f"deleted: {PAGE}: 1 highlight" in done.stderr
    assert "дождь" not in both.read(PAGE)
    assert only(both.sync()).deleted == []


# --- keep -----------------------------------------------------------------------------------------


def test_keep_settles_a_conflict_and_leaves_the_page_as_it_is(both: World) -> None:
    """No byte is written, and nothing is named any more."""
    before = snapshot(both.root)
    shown = said(both, "keep", "雨の音", status=0)
    assert f"{PAGE}: highlight 1 (text): yours is kept" in shown
    assert snapshot(both.root) == before
    assert said(both, "diff", status=0) == ""
    assert only(both.sync(full=True)).conflicts == []
    assert snapshot(both.root) == before


def test_what_was_kept_differs_again_when_the_account_changes_again(both: World) -> None:
    """The words stay the owner's: a later edit upstream is a new conflict."""
    said(both, "keep", "1", status=0)
    both.library.edit_highlight(1, text="雨が止む")
    (conflict,) = only(both.sync()).conflicts
    assert (conflict.highlight, conflict.parts) == (1, ["text"])
    assert MINE in both.read(PAGE)


def test_keep_settles_properties(world: World) -> None:
    """One by one; a later edit upstream is a new conflict."""
    book = add_book(world.library, "雨の音", tweet(1, "雨"))
    world.write_config()
    world.sync()
    edit(world, "author:: ", "author:: me, ")
    for author, conflicts in (("@one on Twitter", 1), ("@two on Twitter", 1)):
        world.library.edit_book(book, author=author)
        assert len(only(world.sync()).conflicts) == conflicts
        said(world, "keep", PAGE, status=0)
        assert only(world.sync(full=True)).conflicts == []
    assert "author:: me, " in world.read(PAGE)


def test_keep_where_nothing_is_open_says_so(both: World) -> None:
    """What its owner alone changed is kept anyway."""
    done = both.command("keep", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "syncd: nothing of 2 is in conflict\n"


def test_in_obsidian_take_and_keep_do_the_same(make_world: MakeWorld, library: Library) -> None:
    """Block ids stay where they are."""
    world = make_world(library, edn=None)
    note = "Readwise/Tweets/雨の音.md"
    add_book(library, "雨の音", tweet(1, "雨"), tweet(2, "مطر"))
    world.write_config()
    world.sync()
    edit(world, "雨 (", f"{MINE} (", note)
    edit(world, "مطر", "مطر غزير", note)
    library.edit_highlight(1, text=THEIRS)
    library.edit_highlight(2, text="ثلج")
    world.sync()
    said(world, "take", "1", status=0)
    said(world, "keep", "2", status=0)
    text = world.read(note)
    assert THEIRS in text
    assert text.count(" ^rw-1") == 1
    assert "مطر غزير" in text
    assert only(world.sync(full=True)).conflicts == []
    assert world.read(note) == text


def test_json_of_a_run_has_conflicts_with_their_pages(both: World) -> None:
    """For scripts."""
    (vault,) = json.loads(both.command("sync", "--json").stdout)["vaults"]
    (conflict,) = vault["conflicts"]
    assert conflict == {"document": 1, "highlight": 1, "parts": ["text"], "page": PAGE}
    assert Path(PAGE).name in both.command("sync").stderr
