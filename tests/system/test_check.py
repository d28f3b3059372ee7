"""What `check` finds before it hurts: pages that share a title."""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from contextlib import closing
from threading import Event

import pytest
from support import LEGACY, TRIPLE_LOWBAR, MakeWorld, World, add_book, snapshot, tweet

from syncd import health
from syncd.sandbox.library import Library

PAGE = "pages/Readwise___Highlights___雨の音.md"
NOTE = "Readwise/Tweets/雨の音.md"
DAY_PATTERN = '{:file/name-format :triple-lowbar :journal/page-title-format "EEEE, dd.MM.yyyy"}'


def problems(world: World) -> list[str]:
    """What is found, without the vault's folder."""
    return [one.message.removeprefix(f"{world.root}: ") for one in health.findings(world.config, Event())]


def one_page(world: World, *paths: str) -> bool:
    """Whether the one finding is that these are one page to Logseq."""
    (found,) = problems(world)
    return found.startswith(f"{', '.join(sorted(paths))} are one page to Logseq (")


# --- pages that share a title ---


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    ("edn", "one", "other"),
    [
        (TRIPLE_LOWBAR, ("pages/a.md", "title:: काम की सूची\n\n- x"), ("pages/काम की सूची.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/Größe.md", "- x"), ("pages/größe.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/مقهى.md", "- x"), ("pages/مقهى.org", "* y")),
        (TRIPLE_LOWBAR, ("pages/b.org", "#+TITLE: Café 🎈\n* x"), ("pages/c.md", "\ufefftitle:: CAFÉ 🎈\n")),
        (TRIPLE_LOWBAR, ("pages/b.org", ":PROPERTIES:\n:title: 猫\n:END:\n* x"), ("pages/猫.markdown", "")),
        (TRIPLE_LOWBAR, ("pages/One___Two.md", "- x"), ("pages/other.md", "title:: one/two\n- y")),
        (TRIPLE_LOWBAR, ("pages/What%3F.md", "- x"), ("pages/deeper/what%3f.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/Jul 1st, 2024.md", "- x"), ("journals/2024_07_01.md", "- y")),
        (TRIPLE_LOWBAR, ("journals/2024_07_01.org", "* x"), ("journals/2024_07_01.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/x.md", "title:: 2024-07-01\n"), ("journals/2024_07_01.md", "- y")),
        (DAY_PATTERN, ("pages/x.md", "title:: Monday, 01.07.2024\n"), ("journals/2024_07_01.md", "- y")),
        (LEGACY, ("pages/one.two.md", "- x"), ("pages/One%2Ftwo.md", "- y")),
        (TRIPLE_LOWBAR, (unicodedata.normalize("NFD", "pages/が.md"), "- x"), ("pages/が.md", "- y")),
    ],
)  # fmt: skip
def test_two_files_that_logseq_takes_for_one_page_are_named(
    library: Library,
    make_world: MakeWorld,
    edn: str,
    one: tuple[str, str],
    other: tuple[str, str],
    indexed: bool,
) -> None:
    """Before the first run as after it; the status is 1."""
    world = make_world(library, edn=edn)
    for path, text in (one, other):
        world.put(path, text)
    if indexed:
        world.sync()
    assert one_page(world, one[0], other[0])


@pytest.mark.parametrize("indexed", [False, True])
def test_files_of_different_pages_are_no_finding(world: World, indexed: bool) -> None:
    """What Logseq hides is none of its pages, a conflict copy is a finding already, and a link is the same file."""
    world.put("logseq/config.edn", '{:file/name-format :triple-lowbar :hidden ["/archive"]}')
    for path in ("pages/a.md", "archive/a.md", "logseq/bak/pages/a.md", "pages/b.md", "journals/2024_07_01.md"):
        world.put(path, "- 一")
    world.put("pages/Jul 2nd, 2024.md", "- x")
    world.put("pages/2024-13-01.md", "- x")
    world.put("journals/2024_13_01.md", "- x")
    world.put("pages/titled.md", "title:: Тиша\n")
    (world.root / "pages/link.md").symlink_to("titled.md")
    if indexed:
        world.sync()
    assert problems(world) == []
    world.put("pages/a.sync-conflict-20240701-120000-ABCDEFG.md", "title:: b\n")
    (found,) = problems(world)
    assert "is a conflict copy" in found


def test_a_change_since_the_last_run_is_seen_and_nothing_is_written(world: World) -> None:
    """Neither into the vault nor into the state; the page that syncd writes is the one to merge into."""
    add_book(world.library, "雨の音", tweet(1, "静か"))
    world.sync()
    assert problems(world) == []
    world.put("pages/mine.md", "title:: readwise/highlights/雨の音\n\n- मेरा")
    world.put("pages/gone.md", "- x").unlink()
    before = snapshot(world.root), (world.state / "syncd.db").read_bytes()
    (found,) = problems(world)
    assert found == (
        f'{PAGE}, pages/mine.md are one page to Logseq ("readwise/highlights/雨の音"), which shows one of them alone; '
        f"merge them by hand (syncd writes only into {PAGE})"
    )
    assert (snapshot(world.root), (world.state / "syncd.db").read_bytes()) == before


def test_many_files_of_one_page_are_counted(world: World) -> None:
    """The line stays a line."""
    for number in range(9):
        world.put(f"pages/{number}.md", "title:: 同じ\n")
    (found,) = problems(world)
    assert found.startswith("pages/0.md, pages/1.md, pages/2.md, pages/3.md, pages/4.md and 4 more are one page to")


def test_two_notes_of_one_name_are_named_where_syncd_keeps_or_links_one(
    library: Library, make_world: MakeWorld
) -> None:
    """Its notes, the log page, authors, days of highlights; nobody's READMEs, and no days without a highlight."""
    add_book(library, "雨の音", tweet(1, "静か"), author="Олена Птах, أمل")
    world = make_world(library, edn=None, log_page="Log")
    for folder in ("one", "two"):
        for name in ("README.md", "2024-05-06.md", "olena.md", "notes.org"):
            world.put(f"{folder}/{name}", "x")
    world.sync()
    assert problems(world) == []
    for path in (
        "old/雨の音.md",
        "x/олена птах.md",
        "y/Олена Птах.md",
        "x/2024-05-05.md",
        "y/2024-05-05.md",
        "x/log.md",
    ):
        world.put(path, "x")
    found = problems(world)
    assert found[-1] == (
        f"{NOTE}, old/雨の音.md have one name, and a link [[雨の音]] leads to one of them alone; "
        f"merge or rename them by hand (syncd writes only into {NOTE})"
    )
    assert [one.partition(" have one name, ")[0] for one in found] == [
        "x/2024-05-05.md, y/2024-05-05.md",
        "Readwise/Log.md, x/log.md",
        "x/олена птах.md, y/Олена Птах.md",
        f"{NOTE}, old/雨の音.md",
    ]


def test_before_the_first_run_no_note_of_obsidians_is_syncds(vault: World) -> None:
    """There is no state, and none is made."""
    vault.put("one/README.md", "x")
    vault.put("two/readme.md", "x")
    assert problems(vault) == []
    assert not vault.state.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_page_that_cannot_be_read_is_named(world: World) -> None:
    """It may have any title."""
    world.put("pages/a.md", "- x").chmod(0)
    (found,) = problems(world)
    assert found.endswith("pages/a.md: Permission denied; let syncd's user read it")


@pytest.mark.parametrize("made", [b"", None])
def test_a_state_that_is_just_being_made_is_none(world: World, made: bytes | None) -> None:
    """The file is there before its tables are."""
    world.state.mkdir()
    if made is None:
        with closing(sqlite3.connect(world.state / "syncd.db")) as db:
            db.execute("PRAGMA journal_mode=WAL")
    else:
        (world.state / "syncd.db").write_bytes(made)
    world.put("pages/a.md", "title:: ב\n")
    world.put("pages/b.md", "title:: ב\n")
    assert one_page(world, "pages/a.md", "pages/b.md")


def test_a_state_that_cannot_be_read_is_a_finding(world: World) -> None:
    """The rest is looked at nonetheless."""
    world.state.mkdir()
    (world.state / "syncd.db").write_bytes(b"no database" * 100)
    world.put("pages/a.sync-conflict-20240701-120000-ABCDEFG.md", "x")
    copy, state = problems(world)
    assert "is a conflict copy" in copy
    assert state == f"{world.state}/syncd.db: file is not a database; `syncd sync` says more"


@pytest.mark.parametrize(
    ("name", "said"),
    [(b"line\nfeed \x1b[31m", "are one page to Logseq"), (b"not \xff utf-8", "is not UTF-8; rename it")],
)
def test_any_file_name_can_be_shown(world: World, name: bytes, said: str) -> None:
    """In words and as JSON, each on one line."""
    for ending in ("md", "markdown"):
        world.put(f"pages/{os.fsdecode(name)}.{ending}", "- x")
    world.write_config()
    done = world.command("check")
    assert (done.returncode, "\x1b" in done.stderr) == (1, False)
    found = json.loads(world.command("check", "--json").stdout)["problems"]
    assert all(said in problem for problem in found)
    assert sorted(done.stderr.splitlines()) == sorted(f"problem: {problem}" for problem in found)
