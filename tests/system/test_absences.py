"""What a run says of highlights that are gone, and what their owner can do about it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.world import World, add_book, only, tweet

SMALL = "pages/Readwise___Highlights___小.md"


def titled(number: int) -> str:
    """A page with ten highlights."""
    return f"pages/Readwise___Highlights___本 {number}.md"


@pytest.fixture
def full(world: World) -> World:
    """A vault of seven pages: six with ten highlights each, and one with three."""
    for number in range(6):
        rows = [tweet(100 * number + row, f"行 {number}-{row}") for row in range(10)]
        add_book(world.library, f"本 {number}", *rows)
    add_book(world.library, "小", tweet(901, "一"), tweet(902, "二"), tweet(903, "三"))
    world.write_config()
    world.sync()
    return world


def lose(world: World, *pages: str) -> None:
    """Pages that are gone."""
    for page in pages:
        (world.root / page).unlink()


def drop(world: World, page: str, word: str) -> None:
    """A block that its owner deletes."""
    kept = [
        line for line in world.read(page).splitlines(keepends=True) if f"- {word} (" not in line
    ]
    world.put(page, "".join(kept))


def vault_of(world: World, *command: str) -> dict[str, Any]:
    """The one vault that a command's `--json` has."""
    (vault,) = json.loads(world.command(*command, "--json").stdout)["vaults"]
    found: dict[str, Any] = vault
    return found


# --- what is told ---------------------------------------------------------------------------------


def test_what_its_owner_deleted_is_told_once_with_its_page_and_the_way_back(full: World) -> None:
    """On standard error; the status stays 0, and the next run says nothing."""
    drop(full, SMALL, "二")
    done = full.command("sync")
    assert done.returncode == 0
    assert done.stderr == (
        f"deleted: {SMALL}: 1 highlight deleted by you; `syncd restore` brings back what you name\n"
    )
    assert full.command("sync").stderr == ""


def test_status_shows_the_owners_deletions_for_a_week_and_all_is_well(full: World) -> None:
    """In words and in JSON."""
    drop(full, SMALL, "二")
    full.sync()
    done = full.command("status")
    assert done.returncode == 0, done.stdout
    assert f"deleted   {SMALL}: 1 highlight deleted by you" in done.stdout
    assert vault_of(full, "status")["deleted"] == [{"document": 7, "highlight": 62, "page": SMALL}]
    with_time(full, timedelta(days=8))
    assert "deleted" not in full.command("status").stdout


def with_time(world: World, age: timedelta) -> None:
    """All that is gone was seen to be gone that long ago."""
    with closing(sqlite3.connect(world.state / "syncd.db")) as db, db:
        db.execute("UPDATE absence SET seen = ?", ((datetime.now(UTC) - age).isoformat(),))


def test_what_went_back_in_time_is_told_with_its_page(full: World) -> None:
    """And that it was written again."""
    old = full.read(SMALL)
    full.library.edit_highlight(61, text="壱")
    full.library.add_highlight(7, **tweet(904, "四"))
    full.sync()
    full.put(SMALL, old)
    done = full.command("sync")
    assert done.returncode == 0
    assert done.stderr == (
        f"returned: {SMALL}: it had gone back in time; 2 highlights written again\n"
    )
    assert full.command("sync").stderr == ""


def test_a_vault_that_is_not_whole_is_named_by_run_status_and_check(full: World) -> None:
    """With the way out, and a status of 1 until its owner says what holds."""
    lose(full, titled(1), titled(2))
    for _ in range(2):
        done = full.command("sync")
        assert done.returncode == 1
        assert "gone: 20 highlights on 2 pages that were there are gone" in done.stderr
        assert "`syncd restore --missing`" in done.stderr
        assert "`syncd sync --accept-deletions`" in done.stderr
    done = full.command("status")
    assert done.returncode == 1
    assert "notes: 20 highlights on 2 pages that were there are gone" in done.stdout
    assert len(vault_of(full, "status")["held"]) == 20
    done = full.command("check")
    assert done.returncode == 1
    assert "20 highlights on 2 pages that were there are gone" in done.stderr
    assert "deleted" not in done.stderr.replace("deleted them", "").replace("accept-deletions", "")
    shown = full.command("diff")
    assert shown.returncode == 1
    assert f"{titled(1)}: highlight 11 (text): gone; is the vault whole?" in shown.stdout


# --- restore --missing, sync --accept-deletions ---------------------------------------------------


@pytest.mark.parametrize("looked", [False, True])
def test_restore_missing_brings_all_back_that_is_gone(full: World, looked: bool) -> None:
    """What was held and what was deleted, whether or not a run saw it first."""
    before = full.pages()
    if looked:
        drop(full, SMALL, "二")
        full.sync()
    lose(full, titled(1), titled(2))
    if looked:
        full.sync()
    done = full.command("restore", "--missing")
    assert (done.returncode, done.stderr) == (0, "")
    count = 21 if looked else 20
    assert done.stdout == f"notes: {count} of the gone highlights come back with the next sync\n"
    done = full.command("sync")
    assert (done.returncode, done.stderr) == (0, "")
    assert full.pages() == before
    assert not only(full.sync()).changed


def test_restore_missing_where_nothing_is_gone_says_0(full: World) -> None:
    """The status is 0: nothing is missing."""
    done = full.command("restore", "--missing")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "notes: 0 of the gone highlights come back with the next sync\n"


@pytest.mark.parametrize("since", ["2d", "ISO"])
def test_restore_missing_since_a_time_leaves_what_was_gone_before(full: World, since: str) -> None:
    """A span or a time."""
    drop(full, SMALL, "一")
    full.sync()
    with_time(full, timedelta(days=3))
    drop(full, SMALL, "二")
    full.sync()
    if since == "ISO":
        since = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="minutes")
    done = full.command("restore", "--missing", "--since", since)
    assert done.stdout == "notes: 1 of the gone highlights come back with the next sync\n"
    full.sync()
    assert "- 二 (" in full.read(SMALL)
    assert "- 一 (" not in full.read(SMALL)


def test_accepted_deletions_are_the_owners_and_come_back_since_a_time_or_by_name(
    full: World,
) -> None:
    """Not with all that is gone: its owner has confirmed them."""
    lose(full, titled(1), titled(2))
    assert full.command("sync").returncode == 1
    done = full.command("sync", "--accept-deletions")
    assert done.returncode == 0
    assert f"deleted: {titled(1)}: 10 highlights deleted by you" in done.stderr
    assert full.command("sync").stderr == ""
    assert full.command("status").returncode == 0
    assert "0 of the gone" in full.command("restore", "--missing").stdout
    assert "10 of the deleted" in full.command("restore", "本 1").stdout
    assert "10 of the gone" in full.command("restore", "--missing", "--since", "1h").stdout
    full.sync()
    assert titled(1) in full.pages()
    assert titled(2) in full.pages()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--missing", "--since", "soon"], '--since is "soon", which is no time; write a time'),
        (["--missing", "小"], "name a page or an id, or give --missing for all that is gone"),
        ([], "name a page or an id, or give --missing for all that is gone"),
        (["小", "--since", "2d"], "--since goes with --missing"),
    ],
)
def test_wrong_usage_of_restore_is_named(full: World, arguments: list[str], reason: str) -> None:
    """With the status 2."""
    done = full.command("restore", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr


# --- check --full ---------------------------------------------------------------------------------


def test_check_full_names_conflicts_and_ends_with_1(full: World) -> None:
    """What the owner alone edited or deleted changes no status."""
    full.put(SMALL, full.read(SMALL).replace("- 二 (", "- 弐 ("))
    drop(full, SMALL, "三")
    full.sync()
    done = full.command("check", "--full")
    assert done.returncode == 0, done.stdout
    assert "0 missing, 0 changed on both sides, 1 deleted by you, 0 twice, 1 edited by you" in (
        done.stdout
    )
    full.put(SMALL, full.read(SMALL).replace("- 一 (", "- 壱 ("))
    full.library.edit_highlight(61, text="壹")
    full.sync()
    done = full.command("check", "--full")
    assert done.returncode == 1
    assert f"  conflict: highlight 61 of 小 ({SMALL})" in done.stdout
    vault = vault_of(full, "check", "--full")
    kinds = ("missing", "conflict", "deleted", "twice", "edited", "adopted")
    assert [len(vault[kind]) for kind in kinds] == [0, 1, 1, 0, 1, 0]
    full.command("keep", "61")
    assert full.command("check", "--full").returncode == 0


def test_check_full_calls_no_edit_that_is_on_its_way_the_owners(full: World) -> None:
    """It is missing until a run has written it."""
    full.library.edit_highlight(61, text="壹")
    done = full.command("check", "--full")
    assert done.returncode == 1
    assert "1 missing" in done.stdout
    assert "0 edited by you" in done.stdout
    full.sync()
    assert full.command("check", "--full").returncode == 0


def test_check_full_tells_adopted_from_edited(world: World) -> None:
    """A block as another program writes it, and one that its owner changed."""
    add_book(world.library, "小", tweet(901, "一"), tweet(902, "二"))
    link = "([View Tweet](https://twitter.com/example_owl/status/{}))"
    world.put(
        SMALL, f"full-title:: 小\n\n- 一\u00a0{link.format(901)}\n- mine {link.format(902)}\n"
    )
    world.write_config()
    world.sync()
    done = world.command("check", "--full")
    assert done.returncode == 0
    assert "1 edited by you, 1 adopted" in done.stdout
    vault = vault_of(world, "check", "--full")
    assert [len(vault[kind]) for kind in ("edited", "adopted")] == [1, 1]
