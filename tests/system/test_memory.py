"""Three states, and a memory: what is gone, went back in time, moved or was edited on both sides.

Each test is a case of its kind, in a Logseq graph and in an Obsidian vault, with real files, real
git, and times set where time must pass.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.report import Report
from syncd.sandbox.library import Library
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, only, tweet

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


# --- M1: much of a vault is gone -----------------------------------------------------------------


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
    for options in ({}, {}, {"full": True}):
        report = either.sync(**options)
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


# --- no false resurrection -----------------------------------------------------------------------


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


# --- M3: branches, sync tools, old buffers ---------------------------------------------------------


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
