"""Three states, and a memory: what is gone, went back in time, moved or was edited on both sides.

Each test is a case of its kind, in a Logseq graph and in an Obsidian vault, with real files, real
git, and times set where time must pass.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from syncd.errors import StateError
from syncd.page.blocks import digest
from syncd.readwise.client import Client
from syncd.report import Report
from syncd.sandbox.library import Library
from syncd.state import account
from syncd.state import schema as state
from syncd.sync.compare import compare_all
from syncd.sync.dry_run import rehearse
from syncd.sync.run import run
from syncd.sync.vault_run import RunOptions
from syncd.vault.read import Seen, digest_of
from syncd.vault.write import Writer
from tests.support.world import TRIPLE_LOWBAR, Clock, MakeWorld, World, add_book, only, tweet

LATER = 600  # seconds: long after an editor's old buffer would be saved


@pytest.fixture(params=["logseq", "obsidian"])
def either(request: pytest.FixtureRequest, library: Library, make_world: MakeWorld) -> World:
    """A fresh Logseq graph, and a fresh Obsidian vault."""
    return make_world(library, edn=TRIPLE_LOWBAR if request.param == "logseq" else None)


def path_of(world: World, title: str) -> Path:
    """The one page of this name."""
    (found,) = (path for path in world.root.rglob("*.md") if path.stem.endswith(title))
    return found


def block_of(world: World, text: str) -> str:
    """The line in the vault that begins with this text."""
    (found,) = (line for line in world.text().splitlines() if line.lstrip("- \t").startswith(text))
    return found


def count(world: World, text: str) -> int:
    """How often a text stands in the vault."""
    return world.text().count(text)


def edit(path: Path, change: Callable[[str], str], after: float = LATER) -> None:
    """Its owner saves a page, so many seconds after now."""
    old = path.read_bytes().decode()
    new = change(old)
    assert new != old
    path.write_bytes(new.encode())
    then = time.time() + after
    os.utime(path, (then, then))


def without(*texts: str) -> Callable[[str], str]:
    """Takes the lines away that hold one of these texts."""

    def change(page: str) -> str:
        lines = page.splitlines(keepends=True)
        return "".join(line for line in lines if not any(text in line for text in texts))

    return change


def told(report: Report) -> dict[str, int]:
    """How many highlights a run named as deleted, written again, held back."""
    vault = only(report)
    counts = {
        "deleted": len(vault.deleted),
        "returned": len(vault.returned),
        "held": len(vault.held),
    }
    return {name: number for name, number in counts.items() if number}


def is_quiet(world: World) -> bool:
    """Whether a run and a full one write nothing and tell nothing."""
    reports = [world.sync(full=full) for full in (False, True)]
    quiet = [report.message == "notes: nothing new" and not told(report) for report in reports]
    return all(quiet)


def copy(source: Path, target: Path, *, times: bool = True) -> None:
    """Make `target` what `source` is, with its files' times, or with the present one."""
    for one in target.iterdir() if target.exists() else ():
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    function = shutil.copy2 if times else shutil.copyfile
    shutil.copytree(source, target, copy_function=function, dirs_exist_ok=True)


def git(folder: Path, *arguments: str) -> str:
    """A git command in a folder, with nothing of this machine's user in it."""
    name = ["-c", "user.name=Owner", "-c", "user.email=owner@example.org"]
    done = subprocess.run(
        ["git", *name, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def owls(world: World, number: int = 3, title: str = "Eulen", first: int = 11) -> int:
    """A document of so many tweets, `eule11`, `eule12`…; returns its id."""
    tweets = [tweet(at, f"eule{at} उल्लू") for at in range(first, first + number)]
    return add_book(world.library, title, *tweets)


# --- M1: much of a vault is gone ------------------------------------------------------------------


@pytest.mark.parametrize(("pages", "vanish"), [(200, 199), (30, 20), (6, 4)])
def test_a_vault_of_which_much_is_gone_is_not_its_owners_doing(
    either: World, pages: int, vanish: int
) -> None:
    """Nothing counts as deleted, nothing is written for it; when the files are back all is well."""
    for number in range(pages):
        owls(either, 3, f"Eulen {number:03}", 1000 + 10 * number)
    either.sync()
    copy(either.root, either.folder / "kept")
    gone = sorted(path for path in either.root.rglob("*.md"))[:vanish]
    for path in gone:
        path.unlink()
    for full in (False, False, True):
        report = either.sync(full=full)
        assert (report.code, told(report)) == (1, {"held": 3 * vanish})
        assert not only(report).pages.created
    either.library.edit_highlight(1, text="in Readwise geändert")
    report = either.sync()
    assert (report.code, only(report).pages.created) == (1, [])
    copy(either.folder / "kept", either.root)
    report = either.sync()
    assert (report.code, told(report)) == (0, {})
    assert count(either, "in Readwise geändert") == 1
    assert is_quiet(either)


def test_its_owner_takes_a_large_absence_for_their_doing(either: World) -> None:
    """All stays deleted then, also when the account edits it."""
    for number in range(30):
        owls(either, 3, f"Eulen {number:03}", 1000 + 10 * number)
    either.sync()
    for path in sorted(either.root.rglob("*.md"))[:20]:
        path.unlink()
    assert told(either.sync()) == {"held": 60}
    report = either.sync(accept_deletions=True)
    assert (report.code, told(report)) == (0, {"deleted": 60})
    for highlight in range(1, 91):
        either.library.edit_highlight(highlight, text=f"neu {highlight}")
    report = either.sync()
    assert (report.code, only(report).highlights.added) == (0, 0)
    assert len(list(either.root.rglob("*.md"))) == 10
    assert is_quiet(either)


def test_a_block_that_goes_while_much_is_gone_is_held_back_too(either: World) -> None:
    """What is seen of a vault that is not whole proves nothing."""
    for number in range(30):
        owls(either, 3, f"Eulen {number:03}", 1000 + 10 * number)
    either.sync()
    kept = either.folder / "kept"
    copy(either.root, kept)
    pages = sorted(path for path in either.root.rglob("*.md"))
    for path in pages[:20]:
        path.unlink()
    assert told(either.sync()) == {"held": 60}
    edit(pages[-1], without("eule1291"))
    assert told(either.sync()) == {"held": 61}
    copy(kept, either.root)
    report = either.sync()
    assert (report.code, told(report)) == (0, {})


# --- no false resurrection ------------------------------------------------------------------------


def touch_upstream(world: World, *highlights: int) -> None:
    """The account edits these highlights: text and note."""
    for highlight in highlights:
        world.library.edit_highlight(highlight, text=f"geändert {highlight}", note="neue Notiz")


def test_a_block_that_its_owner_deleted_stays_deleted(either: World) -> None:
    """Also when the account edits it; it is told once."""
    owls(either)
    either.sync()
    edit(path_of(either, "Eulen"), without("eule12"))
    assert told(either.sync()) == {"deleted": 1}
    assert told(either.sync()) == {}
    touch_upstream(either, 2)
    report = either.sync()
    assert told(report) == {}
    assert count(either, "geändert 2") == count(either, "eule12") == 0
    assert is_quiet(either)


def test_a_page_that_its_owner_deleted_stays_deleted(either: World) -> None:
    """One of three meets no brake; an edit upstream does not bring it back."""
    for number in range(3):
        owls(either, 3, f"Eulen {number}", 100 * number + 11)
    either.sync()
    path_of(either, "Eulen 1").unlink()
    reports = [either.sync(), either.sync()]
    assert [told(report) for report in reports] == [{}, {"deleted": 3}]
    assert [report.code for report in reports] == [0, 0]
    touch_upstream(either, 4, 5, 6)
    report = either.sync()
    assert (report.code, told(report)) == (0, {})
    assert len(list(either.root.rglob("*.md"))) == 2
    assert is_quiet(either)


def test_twelve_blocks_of_a_large_page_stay_deleted(either: World) -> None:
    """Its owner may thin out what is long."""
    book = owls(either, 80)
    either.sync()
    gone = [f"{at} उल्लू" for at in range(20, 32)]
    edit(path_of(either, "Eulen"), without(*gone))
    report = either.sync()
    assert (report.code, told(report)) == (0, {"deleted": 12})
    either.library.add_highlight(book, **tweet(200, "ein neuer"))
    touch_upstream(either, *range(10, 22))
    report = either.sync()
    assert (told(report), only(report).highlights.added) == ({}, 1)
    assert not any(count(either, text) for text in gone)
    assert is_quiet(either)


@pytest.mark.parametrize("alone", [True, False])
def test_the_block_that_came_last_stays_deleted(either: World, alone: bool) -> None:
    """Its owner deletes what came a few minutes ago: it alone, or an older one with it."""
    book = owls(either)
    either.sync()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.sync()
    edit(path_of(either, "Eulen"), without("neu20", *([] if alone else ["eule11"])))
    report = either.sync()
    assert told(report) == {"deleted": 1 if alone else 2}
    touch_upstream(either, 4)
    assert told(either.sync()) == {}
    assert count(either, "geändert 4") == count(either, "neu20") == 0
    assert is_quiet(either)


def test_what_was_written_again_and_goes_a_second_time_is_its_owners(either: World) -> None:
    """Whatever the signs."""
    book = owls(either)
    either.sync()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.sync()
    page = path_of(either, "Eulen")
    edit(page, without("neu20"), after=1)
    assert told(either.sync()) == {"returned": 1}
    edit(page, without("neu20"), after=1)
    assert told(either.sync()) == {"deleted": 1}
    touch_upstream(either, 4)
    assert told(either.sync()) == {}
    assert count(either, "geändert 4") == count(either, "neu20") == 0


def test_an_older_block_stays_deleted_where_a_page_went_back(either: World) -> None:
    """What stood before the write that is undone is its owner's deletion, whatever the signs."""
    book = owls(either)
    either.sync()
    old = path_of(either, "Eulen").read_text()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.library.edit_highlight(1, note="eine Notiz")
    either.sync()
    edit(path_of(either, "Eulen"), lambda _: without("eule12")(old), after=1)
    report = either.sync()
    assert told(report) == {"returned": 2, "deleted": 1}
    assert (count(either, "neu20"), count(either, "eine Notiz")) == (1, 1)
    assert count(either, "eule12") == 0
    assert is_quiet(either)


# --- M2: an old copy is put back ------------------------------------------------------------------


@pytest.mark.parametrize("times", [True, False])
def test_an_old_copy_of_the_vault_costs_nothing(either: World, times: bool) -> None:
    """A highlight, an edit, a note and a new document come again, and are told as such."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    copy(either.root, either.folder / "kept")
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.library.edit_highlight(1, text="eins, neu gefasst")
    either.library.edit_highlight(5, note="eine Notiz")
    owls(either, 2, "Neue", 211)
    either.sync()
    wanted = either.pages()
    copy(either.folder / "kept", either.root, times=times)
    reports = [either.sync(), either.sync()]
    assert sum(told(report).get("returned", 0) for report in reports) == 5
    assert not any(only(report).deleted for report in reports)
    assert either.pages() == wanted
    assert is_quiet(either)


@pytest.mark.parametrize("what", ["highlight", "note", "edit", "several highlights"])
def test_one_page_of_a_backup_costs_nothing(either: World, what: str) -> None:
    """The page is older than syncd's last write, and lacks just what that brought."""
    book = owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    then = time.time() - 3600
    os.utime(page, (then, then))
    either.sync()
    kept = either.folder / "kept.md"
    shutil.copy2(page, kept)
    if what == "note":
        either.library.edit_highlight(1, note="neu20")
    elif what == "edit":
        either.library.edit_highlight(1, text="neu20")
    else:
        for number in range(1 if what == "highlight" else 4):
            either.library.add_highlight(book, **tweet(20 + number, f"neu2{number}"))
    either.sync()
    wanted = either.pages()
    shutil.copy2(kept, page)
    report = either.sync()
    assert told(report) == {"returned": 4 if what == "several highlights" else 1}
    assert either.pages() == wanted
    assert is_quiet(either)


# --- M3: branches, sync tools, old buffers --------------------------------------------------------


def repository(world: World) -> None:
    """The vault is a git repository; what is there is committed."""
    git(world.root, "init", "-q", "-b", "main")
    git(world.root, "add", "-A")
    git(world.root, "commit", "-qm", "first")


def test_another_branch_and_back_costs_nothing(either: World) -> None:
    """A run while another branch is checked out brings it all there; the way back loses nothing."""
    book = owls(either)
    either.sync()
    repository(either)
    git(either.root, "branch", "other")
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.library.edit_highlight(1, note="eine Notiz")
    owls(either, 2, "Neue", 211)
    either.sync()
    wanted = either.pages()
    git(either.root, "add", "-A")
    git(either.root, "commit", "-qm", "second")
    for branch in ("other", "main"):
        git(either.root, "checkout", "-q", branch)
        reports = [either.sync(), either.sync()]
        assert not any(only(report).deleted for report in reports)
        assert either.pages() == wanted
        git(either.root, "add", "-A")
        if git(either.root, "status", "--porcelain"):
            git(either.root, "commit", "-qm", branch)
    assert is_quiet(either)


def test_a_stash_costs_nothing(either: World) -> None:
    """It takes away what syncd wrote since the last commit, and brings it back."""
    book = owls(either)
    either.sync()
    repository(either)
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.sync()
    wanted = either.pages()
    page = path_of(either, "Eulen")
    git(either.root, "stash", "-q")
    then = time.time() + LATER
    os.utime(page, (then, then))
    assert "neu20" not in page.read_text()
    assert told(either.sync()) == {"returned": 1}
    assert either.pages() == wanted
    git(either.root, "checkout", "-q", ".")
    git(either.root, "stash", "pop", "-q")
    either.sync()
    assert either.pages() == wanted
    assert is_quiet(either)


def test_a_pull_with_rebase_costs_nothing(either: World) -> None:
    """Another device's commit lands below what syncd wrote here."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    repository(either)
    server, device = either.folder / "server.git", either.folder / "device"
    git(either.folder, "clone", "-q", "--bare", str(either.root), str(server))
    git(either.folder, "clone", "-q", str(server), str(device))
    git(either.root, "remote", "add", "origin", str(server))
    git(either.root, "fetch", "-q", "origin")
    for turn in range(4):
        (theirs,) = (path for path in device.rglob("*.md") if path.stem.endswith("Dohlen"))
        theirs.write_text(f"{theirs.read_text()}- meine Zeile {turn}\n")
        git(device, "commit", "-qam", f"mine {turn}")
        git(device, "push", "-q")
        either.library.add_highlight(book, **tweet(20 + turn, f"neu2{turn}"))
        either.sync()
        git(either.root, "commit", "-qam", f"syncd {turn}")
        git(either.root, "pull", "-q", "--rebase", "origin", "main")
        git(either.root, "push", "-q", "origin", "HEAD:main")
        git(device, "pull", "-q", "--rebase")
        report = either.sync()
        assert told(report) == {}
    assert [count(either, f"neu2{turn}") for turn in range(4)] == [1] * 4
    assert [count(either, f"meine Zeile {turn}") for turn in range(4)] == [1] * 4
    assert is_quiet(either)


def test_a_merge_of_branches_costs_nothing(either: World) -> None:
    """Of one on which syncd wrote and one on which the owner did."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    repository(either)
    for turn in range(3):
        git(either.root, "checkout", "-q", "-b", f"mine{turn}")
        theirs = path_of(either, "Dohlen")
        theirs.write_text(f"{theirs.read_text()}- meine Zeile {turn}\n")
        git(either.root, "commit", "-qam", f"mine {turn}")
        git(either.root, "checkout", "-q", "main")
        either.library.add_highlight(book, **tweet(20 + turn, f"neu2{turn}"))
        either.library.edit_highlight(1, note=f"Notiz {turn}")
        either.sync()
        git(either.root, "commit", "-qam", f"syncd {turn}")
        git(either.root, "merge", "-q", "--no-edit", f"mine{turn}")
        report = either.sync()
        assert told(report) == {}
    assert [count(either, f"neu2{turn}") for turn in range(3)] == [1] * 3
    assert [count(either, f"meine Zeile {turn}") for turn in range(3)] == [1] * 3
    assert (count(either, "Notiz 2"), count(either, "Notiz 1")) == (1, 0)
    assert is_quiet(either)


COPIES = [
    "{}.sync-conflict-20240204-101112-ABCDEFG.md",
    "{} (Conflicted copy laptop 202402041011).md",
    "{} (Anna's conflicted copy 2024-02-04).md",
    "{} (conflicted copy 2024-02-04 101112).md",
]


@pytest.mark.parametrize("name", COPIES)
def test_an_old_file_that_a_sync_tool_let_win_costs_nothing(either: World, name: str) -> None:
    """What syncd wrote is in the conflict copy; it comes again, and the copy is named."""
    book = owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    old = page.read_text()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.sync()
    new = page.read_text()
    page.rename(page.with_name(name.format(page.stem)))
    page.write_text(f"{old}- meine Zeile\n")
    then = time.time() + LATER
    os.utime(page, (then, then))
    report = either.sync()
    assert told(report) == {"returned": 1}
    assert any("conflict" in line and "Eulen" in line for line in only(report).warnings)
    assert "neu20" in page.read_text()
    assert "meine Zeile" in page.read_text()
    assert page.with_name(name.format(page.stem)).read_text() == new
    assert is_quiet(either)


@pytest.mark.parametrize("what", ["highlight", "note", "edit", "two writes"])
def test_an_editor_that_saves_its_old_buffer_costs_nothing(either: World, what: str) -> None:
    """With one line of the owner's, a second after a run: the line stays, and all comes again."""
    book = owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    old = page.read_text()
    if what in ("highlight", "two writes"):
        either.library.add_highlight(book, **tweet(20, "neu20"))
    if what == "note":
        either.library.edit_highlight(1, note="neu20")
    if what == "edit":
        either.library.edit_highlight(1, text="neu20")
    either.sync()
    if what == "two writes":
        either.library.add_highlight(book, **tweet(21, "neu21"))
        either.sync()
    edit(page, lambda _: f"{old}- meine Zeile\n", after=LATER if what == "two writes" else 1)
    report = either.sync()
    assert told(report) == {"returned": 2 if what == "two writes" else 1}
    assert (count(either, "neu20"), count(either, "meine Zeile")) == (1, 1)
    assert is_quiet(either)


@pytest.mark.parametrize("url", [None, "https://example.org/artikel"])
def test_an_old_page_whose_words_were_all_edited_since_costs_nothing(
    either: World, url: str | None
) -> None:
    """Highlights without a link of their own are known by what the page said before the edit."""
    passages(either, "owls fly by night", "a wholly different thing", "so it ends", url=url)
    either.sync()
    page = path_of(either, "Buch")
    old = page.read_text()
    either.library.edit_highlight(1, text="Eulen jagen, wenn es dunkel ist")
    either.library.edit_highlight(2, text="etwas, das kein Wort davon hat")
    either.sync()
    edit(page, lambda _: f"{old.rstrip()}\n- meine Zeile\n")
    assert told(either.sync()) == {"returned": 2}
    assert count(either, "#Highlight") == 3
    assert count(either, "wenn es dunkel ist") == count(either, "kein Wort davon") == 1
    assert count(either, "meine Zeile") == 1
    assert is_quiet(either)


def test_what_the_owner_wrote_only_in_a_conflict_copy_is_named(either: World) -> None:
    """The copy is named in each run until it is gone; nothing of it is taken or lost."""
    owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    beside = page.with_name(COPIES[0].format(page.stem))
    beside.write_text(f"{page.read_text()}- nur hier\n")
    for _ in range(2):
        report = either.sync()
        assert (report.code, told(report)) == (0, {})
        assert any(beside.name in line for line in only(report).warnings)
    assert count(either, "nur hier") == 1


# --- M4: edits reach what another program wrote ---------------------------------------------------

STOCK = {
    "logseq": (
        "pages/Eulen (highlights).md",
        ("author:: [[@example_owl on Twitter]]\nfull-title:: \"Eulen\"\ncategory:: #tweets\n"
        "url:: https://twitter.com/example_owl\n\n"
        "- Highlights first synced by [[Readwise]] [[May 5th, 2023]]\n"),
        "\t- {text} ([View\u00a0Tweet](https://twitter.com/example_owl/status/{number}))\n",
        "\t\t- **Tags**: #[[{tag}]]\n",
        "\t\t- **Note**: {note}\n",
    ),
    "obsidian": (
        "Readwise/Tweets/Eulen.md",
        ("# Eulen\n\n## Metadata\n- Author: [[@example_owl on Twitter]]\n- Full Title: Eulen\n"
        "- Category: #tweets\n- URL: https://twitter.com/example_owl\n\n## Highlights\n"),
        "- {text} ([View Tweet](https://twitter.com/example_owl/status/{number}))\n",
        "    - Tags: [[{tag}]] \n",
        "    - Note: {note}\n",
    ),
}  # fmt: skip


def adopted(world: World) -> Path:
    """A page of Readwise's plugin in its stock template: three tweets, the second with a note."""
    path, head, block, tags, note = STOCK[
        "logseq" if (world.root / "logseq").exists() else "obsidian"
    ]
    text = head
    for number in (11, 12, 13):
        text += block.format(text=f"eule{number} उल्लू", number=number)
        if number == 12:
            text += tags.format(tag="nachts") + note.format(note="alte Notiz")
    page = world.put(path, text)
    tweets = [tweet(number, f"eule{number} उल्लू") for number in (11, 12, 13)]
    tweets[1] |= {"note": "alte Notiz", "tags": [{"name": "nachts"}]}
    add_book(world.library, "Eulen", *tweets, source_url="https://twitter.com/example_owl")
    return page


def test_edits_arrive_in_what_the_plugin_wrote(either: World) -> None:
    """Text, note and tags, new ones and changed ones; before, not a byte changes."""
    page = adopted(either)
    before = page.read_bytes()
    assert either.sync().message == "notes: nothing new"
    assert is_quiet(either)
    assert page.read_bytes() == before
    either.library.edit_highlight(1, text="erste, neu gefasst")
    either.library.edit_highlight(2, note="neue Notiz", tags=[{"name": "abends"}])
    either.library.edit_highlight(3, note="dritte Notiz", tags=[{"name": "morgens"}])
    report = either.sync()
    assert (only(report).conflicts, only(report).unplaced) == ([], [])
    for text in ("erste, neu gefasst", "neue Notiz", "abends", "dritte Notiz", "morgens"):
        assert count(either, text) == 1, text
    for text in ("eule11", "alte Notiz", "nachts"):
        assert count(either, text) == 0, text
    assert count(either, "/status/11)") == 1
    assert is_quiet(either)


def test_what_its_owner_changed_on_a_plugins_page_is_the_owners(either: World) -> None:
    """The text stays, and the difference is named; what nobody touched is brought up to date."""
    page = adopted(either)
    edit(page, lambda text: text.replace("eule12 उल्लू", "meine Eule12 उल्लू"))
    assert either.sync().message == "notes: nothing new"
    either.library.edit_highlight(2, text="anders gefasst", note="neue Notiz")
    report = either.sync()
    assert [one.parts for one in only(report).conflicts] == [["text"]]
    assert (count(either, "meine Eule12"), count(either, "anders gefasst")) == (1, 0)
    assert (count(either, "neue Notiz"), count(either, "alte Notiz")) == (1, 0)


# --- M5, M6: a document's page is remembered ------------------------------------------------------


def test_a_page_that_is_renamed_while_a_run_reads_stays_the_documents(either: World) -> None:
    """Between the scan and the reading: what is new lands on it, and no second page is made."""
    one, other = owls(either), owls(either, 3, "Dohlen", 111)
    either.sync()
    page = path_of(either, "Dohlen")
    either.library.add_highlight(one, **tweet(20, "neu20"))
    either.library.add_highlight(other, **tweet(120, "neu120"))

    def rename(what: str, done: int, _total: int | None) -> None:
        if "documents" in what and done == 1:
            page.rename(page.with_name("Rabenvögel.md"))

    reports = [either.sync(progress=rename), either.sync()]
    assert len(list(either.root.rglob("*.md"))) == 2
    assert "neu120" in page.with_name("Rabenvögel.md").read_text()
    assert not any(only(report).deleted for report in reports)
    assert is_quiet(either)


@pytest.mark.parametrize("renamed", [True, False])
@pytest.mark.parametrize("news", ["nothing", "before", "meanwhile"])
def test_a_page_that_is_away_during_one_run_comes_back(
    either: World, renamed: bool, news: str
) -> None:
    """What came meanwhile waits, and lands on it."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    page, away = path_of(either, "Eulen"), either.folder / "away.md"
    page.rename(away)
    if news == "before":
        either.library.add_highlight(book, **tweet(20, "neu20"))
    report = either.sync()
    assert told(report) == {}
    if news == "meanwhile":
        either.library.add_highlight(book, **tweet(20, "neu20"))
    back = page.with_name("Nachtvögel.md") if renamed else page
    away.rename(back)
    reports = [either.sync(), either.sync()]
    assert [told(report) for report in reports] == [{}, {}]
    assert len(list(either.root.rglob("*.md"))) == 2
    assert back.read_text().count("eule1") == 3
    assert back.read_text().count("neu20") == (0 if news == "nothing" else 1)
    assert reports[1].code == 0
    assert is_quiet(either)


def test_a_page_that_comes_back_late_is_its_documents_page_again(either: World) -> None:
    """Its highlights counted as deleted, and what was new has another page: nothing is twice."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    page, away = path_of(either, "Eulen"), either.folder / "away.md"
    page.rename(away)
    either.library.add_highlight(book, **tweet(20, "neu20"))
    for _ in range(3):
        either.sync()
    assert count(either, "neu20") == 1
    back = page.with_name("Nachtvögel.md")
    away.rename(back)
    either.library.edit_highlight(1, note="eine Notiz")
    either.library.add_highlight(book, **tweet(21, "neu21"))
    reports = [either.sync(), either.sync()]
    assert [told(report) for report in reports] == [{}, {}]
    text = back.read_text()
    assert (text.count("eine Notiz"), text.count("neu21"), text.count("eule1")) == (1, 1, 3)
    assert (count(either, "neu20"), count(either, "eule11 ")) == (1, 1)
    assert is_quiet(either)


def test_a_page_that_is_gone_at_two_runs_gives_way_to_a_new_one(either: World) -> None:
    """For what is new; what stood on it is deleted by its owner."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    path_of(either, "Eulen").unlink()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    first, second = either.sync(), either.sync()
    assert [one.code for one in only(first).failed] == ["page-away"]
    assert (first.code, told(first)) == (1, {})
    assert (second.code, told(second)) == (0, {"deleted": 3})
    assert "neu20" in path_of(either, "Eulen").read_text()
    assert (count(either, "eule1"), count(either, "eule11 ")) == (3, 0)
    assert is_quiet(either)


def test_a_renamed_page_with_another_tweet_on_it_stays_its_page(either: World) -> None:
    """The account retitles the document, a note and a highlight come: one page, all arrives."""
    book = owls(either)
    owls(either, 3, "Dohlen", 111)
    either.sync()
    page, other = path_of(either, "Eulen"), path_of(either, "Dohlen")
    moved = next(line for line in other.read_text().splitlines() if "eule111" in line)
    edit(other, without("eule111"))
    renamed = page.rename(page.with_name("Meine Nachtvögel.md"))
    edit(renamed, lambda text: f"{text}{moved}\n")
    either.library.edit_book(book, title="Käuze")
    either.library.edit_highlight(1, note="eine Notiz")
    either.library.add_highlight(book, **tweet(20, "neu20"))
    reports = [either.sync(full=True), either.sync(full=True)]
    assert [told(report) for report in reports] == [{}, {}]
    assert len(list(either.root.rglob("*.md"))) == 2
    assert renamed.read_text().count("neu20") == renamed.read_text().count("eine Notiz") == 1
    assert count(either, "eule111") == 1
    assert is_quiet(either)


# --- M7 to M12: which block is which highlight ----------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        " see ([paper](https://example.org/p))",
        " [paper](https://example.org/p)",
        " — siehe https://example.org/p",
        " ([View Tweet](https://twitter.com/somebody/status/99))",
    ],
)
def test_what_an_owner_adds_to_a_block_hides_nothing(either: World, words: str) -> None:
    """It is the same highlight, edited; with lost state too."""
    owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    line = block_of(either, "eule12")
    stem, mark, id_ = line.partition(" ^rw-")
    edit(page, lambda text: text.replace(line, f"{stem}{words}{mark}{id_}"))
    assert told(either.sync()) == {}
    either.library.edit_highlight(2, note="eine Notiz")
    assert told(either.sync()) == {}
    assert (count(either, "eule12"), count(either, "eine Notiz")) == (1, 1)
    shutil.rmtree(either.state)
    report = either.sync()
    assert (told(report), only(report).highlights.added) == ({}, 0)
    assert count(either, "eule12") == 1
    assert is_quiet(either)


def test_two_blocks_that_their_owner_joined_are_both_there(either: World) -> None:
    """Neither counts as deleted; with lost state neither comes again."""
    owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    edit(page, lambda text: text.replace("\n- eule13", " eule13"))
    assert told(either.sync()) == {}
    either.library.edit_highlight(3, text="anders", note="eine Notiz")
    report = either.sync()
    assert told(report) == {}
    vault = only(report)
    named = {one.highlight for one in [*vault.conflicts, *vault.unplaced]}
    assert 3 in named or count(either, "eine Notiz") == 1
    shutil.rmtree(either.state)
    report = either.sync()
    assert only(report).highlights.added == 0
    assert count(either, "eule13") == 1


def test_a_link_in_another_highlights_text_is_not_its_tweet(either: World) -> None:
    """A book's highlight links a tweet of the account: the tweet arrives, the book's stays."""
    link = "https://twitter.com/example_owl/status/20"
    book = add_book(
        either.library,
        "Buch",
        {"text": f"as shown ([here]({link})), see", "location": 1, "location_type": "page"},
        {"text": "ein anderer Satz daraus", "location": 2, "location_type": "page"},
        category="books",
        source="kindle",
        author="Erfundene Person",
    )
    either.sync()
    owls(either, 1, "Eulen", 20)
    either.sync()
    assert count(either, "eule20") == 1
    either.library.edit_highlight(1, note="eine Notiz")
    either.library.add_highlight(book, text="noch ein Satz", location=3, location_type="page")
    assert told(either.sync()) == {}
    lines = path_of(either, "Buch").read_text()
    assert (lines.count("eine Notiz"), lines.count("noch ein Satz")) == (1, 1)
    assert count(either, "as shown") == 1
    assert is_quiet(either)


def passages(world: World, *texts: str, **fields: Any) -> int:
    """A book's highlights without links; with `url` those of an article, which all have it."""
    url = fields.pop("url", None)
    items = [
        {"text": text, "location": 10 * at, "location_type": "order", "url": url}
        for at, text in enumerate(texts, 1)
    ]
    kind = {"category": "articles", "source": "web_clipper", "author": "Erfundene Person"}
    return add_book(world.library, "Buch", *items, **{**kind, **fields})


def test_a_mended_letter_makes_no_stranger_of_a_highlight(either: World) -> None:
    """Without a link: the owner's; a note arrives; what both edit is named; it is there once."""
    passages(either, "the first sentence", "the quick brwon fox", "the last sentence")
    either.sync()
    page = path_of(either, "Buch")
    edit(page, lambda text: text.replace("brwon", "brown"))
    assert told(either.sync()) == {}
    either.library.edit_highlight(2, note="eine Notiz")
    assert told(either.sync()) == {}
    assert count(either, "eine Notiz") == 1
    either.library.edit_highlight(2, text="the quick brwon wolf")
    report = either.sync()
    assert [one.parts for one in only(report).conflicts] == [["text"]]
    assert (count(either, "brown fox"), count(either, "wolf")) == (1, 0)
    shutil.rmtree(either.state)
    report = either.sync()
    assert only(report).highlights.added == 0
    assert count(either, "the quick") == 1


WORDS = ("the first of all", "the quick brwon fox jumps", "a third, on ravens", "the last one here")


def mended(world: World) -> Path:
    """A book's page on which its owner mended a letter, which a run has seen."""
    passages(world, *WORDS)
    world.sync()
    page = path_of(world, "Buch")
    edit(page, lambda text: text.replace("brwon", "brown"))
    assert is_quiet(world)
    return page


def test_a_mended_block_is_known_though_the_account_changes_all_its_words(either: World) -> None:
    """What its owner wrote there was seen: the difference is named, and nothing is deleted."""
    page = mended(either)
    either.library.edit_highlight(2, text="etwas, das kein Wort davon hat")
    assert [one.highlight for one in only(either.sync()).conflicts] == [2]
    edit(page, lambda text: text.rstrip("\n") + "\n- meine Zeile\n", 900)
    vault = only(either.sync())
    assert (vault.deleted, [one.highlight for one in vault.conflicts]) == ([], [2])


def test_a_mended_block_is_known_on_another_page(either: World) -> None:
    """Its owner takes it there, by the words that were seen."""
    page = mended(either)
    (line,) = (one for one in page.read_text().split("\n") if "brown" in one)
    page.with_name("Mein.md").write_text(line + "\n")
    edit(page, lambda text: text.replace(line + "\n", ""), 900)
    assert only(either.sync()).deleted == []
    assert is_quiet(either)


@pytest.mark.parametrize("first", ["mended", "moved"])
def test_a_moved_block_with_a_mended_letter_is_no_stranger(either: World, first: str) -> None:
    """Whichever comes first: it is the owner's, there once, and gone when its owner deletes it."""
    passages(either, "the first sentence", "the quick brwon fox", "a third one", "the last one")
    either.sync()
    page = path_of(either, "Buch")

    def moved(text: str) -> str:
        lines = text.rstrip().split("\n")
        lines.sort(key=lambda line: "quick" in line)
        return "\n".join(lines) + "\n"

    changes = [lambda text: text.replace("brwon", "brown"), moved]
    for change in changes if first == "mended" else reversed(changes):
        edit(page, change)
        assert told(either.sync()) == {}
    assert count(either, "#Highlight") == 4
    assert is_quiet(either)
    edit(page, without("brown fox"))
    assert told(either.sync()) == {"deleted": 1}
    either.library.edit_highlight(2, note="eine Notiz")
    either.sync()
    assert count(either, "fox") == count(either, "Notiz") == 0


def test_a_new_highlight_comes_beside_a_rewritten_block_of_the_same_address(
    either: World,
) -> None:
    """An article's highlights share its address: a rewritten block is no new highlight's."""
    book = passages(either, "erster Satz", "zweiter Satz", url="https://example.org/artikel")
    either.sync()
    edit(path_of(either, "Buch"), lambda text: text.replace("erster Satz", "ganz was anderes"))
    new = {"text": "ein neuer davor", "location": 1, "location_type": "order"}
    either.library.add_highlight(book, **new, url="https://example.org/artikel")
    report = either.sync()
    assert told(report) == {}
    for text in ("ein neuer davor", "ganz was anderes", "zweiter Satz"):
        assert count(either, text) == 1
    assert count(either, "erster Satz") == 0
    assert is_quiet(either)


def test_two_highlights_that_say_the_same_are_two(either: World) -> None:
    """The page holds one of them; the other one comes."""
    book = passages(either, "ein Satz davor", "der gleiche Satz")
    either.sync()
    new = {"text": "der gleiche Satz", "location": 30, "location_type": "order"}
    either.library.add_highlight(book, **new)
    assert only(either.sync()).highlights.added == 1
    assert count(either, "der gleiche Satz") == 2
    assert is_quiet(either)


def test_of_two_that_say_the_same_the_one_that_is_missing_comes(vault: World) -> None:
    """The page has one of them, by its id, when syncd first sees it."""
    passages(vault, "davor", "der gleiche Satz", "der gleiche Satz")
    vault.sync()
    edit(path_of(vault, "Buch"), without("^rw-3"))
    shutil.rmtree(vault.state)
    assert only(vault.sync()).highlights.added == 1
    assert (count(vault, "^rw-2"), count(vault, "^rw-3")) == (1, 1)


@pytest.mark.parametrize("remove", [False, True])
def test_a_shorter_selection_with_a_new_link_comes(
    make_world: MakeWorld, library: Library, remove: bool
) -> None:
    """The old highlight, which held its words, is deleted upstream."""
    world = make_world(library, **({"on_delete": "remove"} if remove else {}))
    words = "ein langer Satz über die Eulen und ihre Nester"
    link = "https://read.readwise.io/read/01h0000000000000000000000{}"
    book = add_book(
        library,
        "Artikel",
        {"text": words, "url": link.format(1), "location": 5},
        {"text": "ein anderer", "url": link.format(2), "location": 9},
        category="articles",
        source="reader",
    )
    world.sync()
    library.delete_highlight(1)
    library.add_highlight(book, text="die Eulen und ihre", url=link.format(3), location=6)
    world.sync(allow_removals=True)
    assert count(world, link.format(3)) == 1
    assert count(world, link.format(1)) == (0 if remove else 1)
    assert is_quiet(world)


# --- M13: the state that could not be read once ---------------------------------------------------


@pytest.mark.parametrize("message", ["disk I/O error", "database disk image is malformed"])
def test_a_fault_of_a_sound_state_sets_nothing_aside(either: World, message: str) -> None:
    """SQLite is asked anew; the state stays, and with it what its owner deleted."""
    owls(either)
    either.sync()
    edit(path_of(either, "Eulen"), without("eule12"))
    either.sync()
    with pytest.raises(StateError) as error, state.opened(either.state):
        raise sqlite3.DatabaseError(message)
    assert error.value.code != "state-damaged"
    assert sorted(path.name for path in either.state.glob("*damaged*")) == []
    assert is_quiet(either)
    assert count(either, "eule12") == 0


@pytest.mark.needs("strace")
def test_a_read_of_the_state_that_fails_once_ends_the_run(world: World) -> None:
    """Exit 5, the state is kept, and the next run is right."""
    owls(world)
    world.sync()
    edit(path_of(world, "Eulen"), without("eule12"))
    world.sync()
    world.write_config()
    ended = set()
    for at in (1, 2, 4, 6):
        fault = ["strace", "-f", "-qq", "-o", os.devnull, "-P", str(world.state / "syncd.db")]
        fault += ["-e", "trace=pread64", "-e", f"inject=pread64:error=EIO:when={at}"]
        command = [*fault, sys.executable, "-m", "syncd", "sync"]
        done = subprocess.run(command, env=world.environment(), capture_output=True, text=True)
        ended.add(done.returncode)
        assert "Traceback" not in done.stderr
        assert not list(world.state.glob("*damaged*")), at
    assert ended <= {0, 5}
    assert 5 in ended
    assert is_quiet(world)
    assert count(world, "eule12") == 0


# --- M14 to M16: a run that was killed ------------------------------------------------------------


class Killed(Writer):
    """The writer of a run that is killed behind so many of its writes."""

    left = 0

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """As the writer's."""
        if self.left == 0:
            raise KeyboardInterrupt
        Killed.left -= 1
        return super().write(path, data, seen)


def killed_after(world: World, writes: int) -> None:
    """A run that is killed behind so many writes of pages."""
    Killed.left = writes
    stop = Event()
    with state.opened(world.state) as db, pytest.raises(KeyboardInterrupt):
        client = Client(world.sandbox.url, world.sandbox.token, stop)
        run(db, world.config, client, stop, RunOptions(), writer=Killed)


@pytest.mark.parametrize("look", ["dry run", "check"])
def test_a_look_between_a_kill_and_the_next_run_makes_no_conflict(world: World, look: str) -> None:
    """The account changed meanwhile; what the killed run wrote is not the owner's."""
    world.state.mkdir(0o700)
    owls(world, 2)
    owls(world, 2, "Dohlen", 111)
    killed_after(world, 1)
    (path,) = world.pages()
    first = 11 if "eule11" in world.read(path) else 111
    (id_,) = (
        one["id"]
        for book in world.library.books
        for one in book["highlights"]
        if one["url"].endswith(f"/{first}")
    )
    world.library.edit_highlight(id_, text="anders उल्लू")
    if look == "check":
        compare_all(world.config, Event())
    else:
        rehearse(world.config, RunOptions(), Event(), lambda _page: None)
    assert only(world.sync()).conflicts == []
    assert "anders उल्लू" in world.read(path) and f"eule{first} " not in world.read(path)


@pytest.mark.parametrize("kills", [1, 2])
def test_what_a_killed_run_wrote_is_told_once(
    library: Library, make_world: MakeWorld, kills: int
) -> None:
    """On the log page and in the journal: all 20 new pages, in whatever runs they were written."""
    world = make_world(library, log_page="Readwise", journal=True)
    world.state.mkdir(0o700)
    for number in range(20):
        owls(world, 2, f"Eulen {number:02}", 1000 + 10 * number)
    for kill in range(kills):
        killed_after(world, 7 + 5 * kill)
    report = world.sync()
    assert only(report).highlights.added == 40
    for path in (world.root / "pages/Readwise.md", *(world.root / "journals").iterdir()):
        told_there = path.read_text()
        for number in range(20):
            assert told_there.count(f"[[Readwise/Highlights/Eulen {number:02}]]") == 1, path
    assert is_quiet(world)


def test_what_went_back_in_time_comes_again_though_a_run_is_killed(either: World) -> None:
    """What such a run had found out before it could write is found out once more."""
    book = owls(either)
    either.sync()
    page = path_of(either, "Eulen")
    old = page.read_text()
    either.library.add_highlight(book, **tweet(20, "neu20"))
    either.sync()
    edit(page, lambda _: old, after=-LATER)
    killed_after(either, 0)
    assert told(either.sync()) == {"returned": 1}
    assert count(either, "neu20") == 1
    assert is_quiet(either)


def test_what_goes_wrong_after_a_kill_is_told_once(either: World) -> None:
    """Though the documents of the killed run are tried before the others, and again with them."""
    owls(either)
    other = owls(either, 3, "Dohlen", 111)
    either.sync()
    page = path_of(either, "Dohlen")
    beside = either.put(f"pages/{COPIES[0].format(page.stem)}", "nur hier")
    either.library.edit_highlight(1, note="eine Notiz")
    either.library.add_highlight(other, **tweet(120, "neu120"))
    killed_after(either, 1)
    page.unlink()
    vault = only(either.sync())
    assert [(one.document, one.code) for one in vault.failed] == [(other, "page-away")]
    assert sum(beside.name in line for line in vault.warnings) == 1
    assert len(vault.warnings) == len(set(vault.warnings))


def test_what_is_deleted_behind_a_kill_is_told_as_ever(either: World) -> None:
    """On a page that the killed run was writing: it is judged with all that is gone."""
    owls(either)
    either.sync()
    either.library.edit_highlight(1, note="eine Notiz")
    killed_after(either, 0)
    page = path_of(either, "Eulen")
    edit(page, without("eule12"))
    vault = only(either.sync())
    assert [one.highlight for one in vault.deleted] == [2]
    assert "eule12" not in page.read_text()
    assert is_quiet(either)


def test_what_another_program_wrote_before_a_kill_is_no_news(
    library: Library, make_world: MakeWorld
) -> None:
    """It stood there before the run that was killed."""
    world = make_world(library, log_page="Readwise")
    world.state.mkdir(0o700)
    owls(world)
    world.sync()
    page = path_of(world, "Eulen")
    os.utime(page, (1, 1))
    text = page.read_text()
    shutil.rmtree(world.state)
    shutil.rmtree(world.root / "pages")
    world.put(str(page.relative_to(world.root)), text)
    os.utime(page, (1, 1))
    world.state.mkdir(0o700)
    owls(world, 2, "Neue", 211)
    killed_after(world, 0)
    world.sync()
    log = world.read("pages/Readwise.md")
    assert "Eulen" not in log
    assert log.count("[[Readwise/Highlights/Neue]]") == 1


@pytest.mark.parametrize("folder", ["", "journals/", "pages/", "Readwise/Tweets/"])
@pytest.mark.parametrize("known", [True, False])
def test_temporary_files_are_swept_wherever_they_stand(
    either: World, folder: str, known: bool
) -> None:
    """Those that hold what syncd knows; another text becomes a conflict copy, and is named."""
    owls(either)
    either.sync()
    holds = digest_of(b"owner's" if known else b"ours").hex()[:12]
    unfinished = either.put(f"{folder}.syncd.0123456789ab.part", "half a pa")
    swapped = either.put(f"{folder}.syncd.0123456789ab.{'0' * 12}.{holds}.tmp", "owner's")
    for path in (unfinished, swapped):
        os.utime(path, (1, 1))
    report = either.sync()
    assert not list(either.root.rglob(".syncd.*"))
    copies = [path for path in either.root.rglob("*.md") if path.read_text() == "owner's"]
    assert len(copies) == (0 if known else 1)
    assert all(path.parent == swapped.parent for path in copies)
    assert len(only(report).warnings) == len(copies)


# --- M17 to M20, R16 ------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", ["ours", "Readwise's"])
def test_a_time_in_the_future_counts_as_none(
    library: Library, make_world: MakeWorld, clock: Clock, ahead: str
) -> None:
    """After a run with a clock a year ahead the next one takes the whole account."""
    world = make_world(library)
    owls(world)
    if ahead == "Readwise's":
        clock.forward(days=365)
    world.sync()
    if ahead == "ours":
        with state.opened(world.state) as db:
            account.set_cursor(db, datetime.now(UTC) + timedelta(days=365), "full")
    else:
        clock.forward(days=-365)
    library.erase_highlight(3)  # which no `updatedAfter` shows
    library.edit_highlight(1, note="eine Notiz")
    fetched = [world.sync().fetched.highlights, world.sync().fetched.requests]
    assert fetched == [2, 1]
    assert count(world, "eine Notiz") == 1
    with state.opened(world.state) as db:
        assert account.cursor(db) == clock() - timedelta(minutes=5)
        last = account.cursor(db, "full")
        assert last is not None
        assert last <= datetime.now(UTC)
        assert [one.id for one in account.highlights_of(db, 1) if one.is_deleted] == [3]


PARAGRAPHS = (
    "---\nkind: note\n---\n# Eulen\n\n## Highlights\n\n"
    "eule11 उल्लू ([View Tweet](https://twitter.com/example_owl/status/11))\n\n"
    "eule12 उल्लू ([View Tweet](https://twitter.com/example_owl/status/12))\n\n"
    "Mein Absatz zu alldem.\n"
)


def test_a_note_on_a_page_of_paragraphs_is_not_placed(vault: World) -> None:
    """Nothing tells where a highlight ends: the page stays, and the note is named, in each run."""
    page = vault.put("Readwise/Tweets/Eulen.md", PARAGRAPHS)
    owls(vault, 2)
    assert vault.sync().message == "notes: nothing new"
    vault.library.edit_highlight(1, note="eine Notiz", tags=[{"name": "nachts"}])
    for _ in range(2):
        report = vault.sync()
        assert [(one.highlight, one.parts) for one in only(report).unplaced] == [
            (1, ["tags", "note"])
        ]
        assert (report.code, only(report).conflicts) == (0, [])
    assert page.read_text() == PARAGRAPHS


@pytest.mark.parametrize("field", ["is_favorite", "unique_url"])
def test_what_no_page_shows_queues_no_document(either: World, field: str) -> None:
    """A star, or another address of Readwise's own."""
    book = owls(either)
    either.sync()
    if field == "is_favorite":
        either.library.edit_highlight(1, is_favorite=True)
    else:
        either.library.edit_book(book, unique_url="https://read.readwise.io/new/read/01h")
    report = either.sync(full=False)
    assert only(report).pages.unchanged == 0
    assert is_quiet(either)


@pytest.mark.parametrize("page", ["stays", "is deleted", "is another device's"])
def test_an_articles_highlights_of_one_address_stand_once(either: World, page: str) -> None:
    """One more comes, both sides edit one: each is there once, and the difference is told."""
    url = "https://example.org/artikel"
    owls(either)
    book = passages(either, "erster Satz hier", "zweiter Satz dort", "dritter Satz", url=url)
    either.sync()
    new = {"text": "vierter Satz, neu", "location": 15, "location_type": "order", "url": url}
    either.library.add_highlight(book, **new)
    if page == "is deleted":
        path_of(either, "Buch").unlink()
        either.sync()
    if page == "is another device's":
        shutil.copytree(either.state, either.folder / "other")
        either.sync()
        shutil.rmtree(either.state)
        (either.folder / "other").rename(either.state)
    either.sync()
    mine = "vierter" if page == "is deleted" else "zweiter"
    changed = 7 if page == "is deleted" else 5
    edit(path_of(either, "Buch"), lambda text: text.replace(mine, f"mein {mine}"))
    either.library.edit_highlight(changed, text="ganz anders gefasst")
    report = either.sync()
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(changed, ["text"])]
    assert count(either, f"mein {mine}") == 1
    for text in ("erster Satz", "dritter Satz"):
        assert count(either, text) == (0 if page == "is deleted" else 1)
    assert count(either, "vierter Satz") == 1
    assert only(either.sync(full=True)).highlights.added == 0


def test_a_page_that_is_in_the_cloud_alone_is_not_deleted(either: World) -> None:
    """Its highlights stay, and it is named; when it is back, what came meanwhile lands on it."""
    book = owls(either)
    owls(either, 1, "Dohlen", 111)
    either.sync()
    page = path_of(either, "Eulen")
    text = page.read_text()
    page.unlink()
    placeholder = page.with_name(f".{page.name}.icloud")
    placeholder.write_bytes(b"bplist00")
    either.library.edit_highlight(1, note="eine Notiz")
    either.library.add_highlight(book, **tweet(20, "neu20"))
    for _ in range(3):
        report = either.sync()
        assert (told(report), only(report).pages.created) == ({}, [])
        assert any(page.name in line for line in only(report).warnings)
    placeholder.unlink()
    page.write_text(text)
    report = either.sync()
    assert (told(report), report.code) == ({}, 0)
    assert (page.read_text().count("neu20"), page.read_text().count("eine Notiz")) == (1, 1)
    assert is_quiet(either)


# --- a vault and a state of the version before ----------------------------------------------------

_OLDER = 4  # migrations that the state had then


def by_the_version_before(world: World, would_write: World) -> None:
    """Make the state what the version before this one left.

    It knew of each highlight one digest for each part, of what it would have written: as it stands
    in the state of `would_write`, a vault of the same account that nobody touched.
    """
    with state.opened(would_write.state) as db:
        bases = db.execute("SELECT text, tags, note, highlight FROM base").fetchall()
    with state.opened(world.state) as db:
        db.executemany("UPDATE base SET text = ?, tags = ?, note = ? WHERE highlight = ?", bases)
        db.execute("DROP INDEX home_away")
        for table, column in (
            *(("base", one) for one in ("account", "past", "since", "flags")),
            *(("home", one) for one in ("title", "url", "hash", "away", "notes")),
            ("pending", "look"),
            ("writing", "moment"),
        ):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("DROP INDEX page_note")
        db.execute("ALTER TABLE page DROP COLUMN note")
        db.execute("DROP INDEX base_place")
        db.execute("ALTER TABLE base DROP COLUMN place")
        db.execute("ALTER TABLE base DROP COLUMN seen")
        db.execute("DROP TABLE absence")
        db.execute("DROP TABLE change")
        db.execute("DELETE FROM setting WHERE key = 'mirror'")
        db.execute("DROP TABLE seen")
        db.execute("ALTER TABLE mark DROP COLUMN version")
        db.execute(f"PRAGMA user_version = {_OLDER}")


@pytest.fixture
def older(either: World, make_world: MakeWorld) -> World:
    """A vault of the version before: what its owner deleted, edited and moved, and an adopted page.

    Highlights 1 to 3 are on the adopted page, with 1 edited; of 4 to 8, on syncd's own, 4 is
    deleted, 5 edited, 6 moved to a page of the owner's.
    """
    page = adopted(either)
    owls(either, 5, "Dohlen", 111)
    either.sync()
    would_write = make_world(
        either.library, edn=None if (either.root / ".obsidian").exists() else TRIPLE_LOWBAR
    )
    would_write.sync()
    edit(page, lambda text: text.replace("eule11 उल्लू", "meine eule11"))
    own = path_of(either, "Dohlen")
    moved = block_of(either, "eule113")
    edit(own, without("eule111", "eule113"))
    edit(own, lambda text: text.replace("eule112", "meine eule112"))
    either.put("pages/Meine Seite.md", f"- eigene Worte\n{moved}\n")
    either.sync()
    by_the_version_before(either, would_write)
    return either


def test_a_vault_of_the_version_before_is_quiet(older: World) -> None:
    """The first run of this one writes, deletes and names nothing; nor do those after it."""
    before = older.pages()
    for full in (False, False, True):
        report = older.sync(full=full)
        assert (report.code, report.message, told(report)) == (0, "notes: nothing new", {})
        assert (only(report).conflicts, only(report).unplaced) == ([], [])
    assert older.pages() == before


def test_what_the_account_edits_before_the_first_run_of_this_version_arrives(older: World) -> None:
    """In what nobody touched, also on the adopted page; the owner's stays, and is named."""
    for highlight in range(1, 9):
        older.library.edit_highlight(
            highlight, text=f"neu gefasst {highlight}", note=f"Notiz {highlight}"
        )
    report = older.sync()
    assert told(report) == {}
    for highlight in (2, 3, 7, 8):
        assert count(older, f"neu gefasst {highlight}") == 1, highlight
    for highlight in (1, 4, 5, 6):
        assert count(older, f"neu gefasst {highlight}") == 0, highlight
    assert [count(older, f"Notiz {highlight}") for highlight in range(1, 9)] == [
        1,
        1,
        1,
        0,
        1,
        0,
        1,
        1,
    ]
    conflicts = {one.highlight: one.parts for one in only(report).conflicts}
    assert conflicts == {1: ["text"], 5: ["text"], 6: ["text"]}
    assert (
        count(older, "meine eule11 "),
        count(older, "meine eule112"),
        count(older, "eule113"),
    ) == (1, 1, 1)
    before = older.pages()
    for full in (False, True):
        report = older.sync(full=full)
        assert (told(report), only(report).highlights.added) == ({}, 0)
    assert older.pages() == before


@pytest.mark.parametrize("first", ["sync", "check"])
def test_another_look_since_the_version_before_changes_and_names_nothing(
    older: World, first: str
) -> None:
    """It wrote no mark; a later edit arrives, or is named where the owner edited, too."""
    mark = " #Highlight"
    page = path_of(older, "Dohlen")
    line = block_of(older, "eule114")
    edit(page, lambda text: text.replace(line, line.replace(mark, "")))
    kept = page.read_text()
    with state.opened(older.state) as db:
        db.execute("UPDATE base SET text = ? WHERE highlight = 5", (digest(["older look"]),))
        looked = digest([block_of(older, "eule114").removeprefix("- ")])
        db.execute("UPDATE base SET text = ? WHERE highlight = 7", (looked,))
    if first == "sync":
        report = older.sync()
        assert (report.message, only(report).conflicts) == ("notes: nothing new", [])
        assert page.read_text() == kept
    for highlight in (5, 7):
        older.library.edit_highlight(highlight, text=f"neu gefasst {highlight}")
    if first == "check":
        older.write_config()
        older.command("check", "--full")
    report = older.sync()
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(5, ["text"])]
    assert (count(older, "neu gefasst 7"), count(older, "meine eule112")) == (1, 1)
