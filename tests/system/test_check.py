"""What `check` finds before it hurts.

Pages that share a title, and other tools that bring the same highlights.
"""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from syncd.commands.check import find_problems
from syncd.sandbox.library import Library
from tests.support.world import LEGACY, TRIPLE_LOWBAR, MakeWorld, World, add_book, snapshot, tweet

PAGE = "pages/Readwise___Highlights___雨の音.md"
NOTE = "Readwise/Tweets/雨の音.md"
DAY_PATTERN = '{:file/name-format :triple-lowbar :journal/page-title-format "EEEE, dd.MM.yyyy"}'


def problems(world: World) -> list[str]:
    """What is found, without the vault's folder."""
    return [
        one.message.removeprefix(f"{world.root}: ") for one in find_problems(world.config, Event())
    ]


def one_page(world: World, *paths: str) -> bool:
    """Whether the one finding is that these are one page to Logseq."""
    (found,) = problems(world)
    return found.startswith(f"{', '.join(sorted(paths))} are one page to Logseq (")


# --- pages that share a title ---------------------------------------------------------------------


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    ("edn", "one", "other"),
    [
        (
            TRIPLE_LOWBAR,
            ("pages/a.md", "title:: काम की सूची\n\n- x"),
            ("pages/काम की सूची.md", "- y"),
        ),
        (TRIPLE_LOWBAR, ("pages/Größe.md", "- x"), ("pages/größe.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/مقهى.md", "- x"), ("pages/مقهى.org", "* y")),
        (
            TRIPLE_LOWBAR,
            ("pages/b.org", "#+TITLE: Café 🎈\n* x"),
            ("pages/c.md", "\ufefftitle:: CAFÉ 🎈\n"),
        ),
        (
            TRIPLE_LOWBAR,
            ("pages/b.org", ":PROPERTIES:\n:title: 猫\n:END:\n* x"),
            ("pages/猫.markdown", ""),
        ),
        (TRIPLE_LOWBAR, ("pages/One___Two.md", "- x"), ("pages/other.md", "title:: one/two\n- y")),
        (TRIPLE_LOWBAR, ("pages/What%3F.md", "- x"), ("pages/deeper/what%3f.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/Jul 1st, 2024.md", "- x"), ("journals/2024_07_01.md", "- y")),
        (TRIPLE_LOWBAR, ("journals/2024_07_01.org", "* x"), ("journals/2024_07_01.md", "- y")),
        (TRIPLE_LOWBAR, ("pages/x.md", "title:: 2024-07-01\n"), ("journals/2024_07_01.md", "- y")),
        (
            DAY_PATTERN,
            ("pages/x.md", "title:: Monday, 01.07.2024\n"),
            ("journals/2024_07_01.md", "- y"),
        ),
        (LEGACY, ("pages/one.two.md", "- x"), ("pages/One%2Ftwo.md", "- y")),
        (
            TRIPLE_LOWBAR,
            (unicodedata.normalize("NFD", "pages/が.md"), "- x"),
            ("pages/が.md", "- y"),
        ),
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
    """What Logseq hides is none of its pages.

    A conflict copy is a finding already, and a link is the same file.
    """
    world.put("logseq/config.edn", '{:file/name-format :triple-lowbar :hidden ["/archive"]}')
    for path in (
        "pages/a.md",
        "archive/a.md",
        "logseq/bak/pages/a.md",
        "pages/b.md",
        "journals/2024_07_01.md",
    ):
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
    """Neither into the vault nor into the state.

    The page that syncd writes is the one to merge into.
    """
    add_book(world.library, "雨の音", tweet(1, "静か"))
    world.sync()
    assert problems(world) == []
    world.put("pages/mine.md", "title:: readwise/highlights/雨の音\n\n- मेरा")
    world.put("pages/gone.md", "- x").unlink()
    before = snapshot(world.root), (world.state / "syncd.db").read_bytes()
    (found,) = problems(world)
    assert found == (
        f'{PAGE}, pages/mine.md are one page to Logseq ("readwise/highlights/雨の音"), which shows '
        f"one of them alone; "
        f"merge them by hand (syncd writes only into {PAGE})"
    )
    assert (snapshot(world.root), (world.state / "syncd.db").read_bytes()) == before


def test_many_files_of_one_page_are_counted(world: World) -> None:
    """The line stays a line."""
    for number in range(9):
        world.put(f"pages/{number}.md", "title:: 同じ\n")
    (found,) = problems(world)
    assert found.startswith(
        "pages/0.md, pages/1.md, pages/2.md, pages/3.md, pages/4.md and 4 more are one page to"
    )


def test_two_notes_of_one_name_are_named_where_syncd_keeps_or_links_one(
    library: Library, make_world: MakeWorld
) -> None:
    """Its notes, the log page, authors, days of highlights.

    Nobody's READMEs, and no days without a highlight.
    """
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
    [
        (b"line\nfeed \x1b[31m", "are one page to Logseq"),
        (b"not \xff utf-8", "is not UTF-8; rename it"),
    ],
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


# --- other tools ----------------------------------------------------------------------------------

OFFICIAL = {"token": "not-this-one", "readwiseDir": "Eingang/読書"}
MIRROR = {"apiToken": "not-this-one", "baseFolderName": "Eingang/読書"}
COMMUNITY = {"highlightStoragePath": "Eingang/読書", "syncOnBoot": True}
LOGSEQ = {"readwiseAccessToken": "not-this-one", "isLoadAuto": False, "frequency": "60"}
SETTINGS = ".logseq/settings/logseq-readwise-official-plugin.json"


def install(world: World, plugin: str, settings: Any, enabled: Any = None) -> Path:
    """A plugin of Obsidian's with its settings, turned on; returns the settings' file."""
    world.put(
        ".obsidian/community-plugins.json",
        json.dumps(["dataview", plugin] if enabled is None else enabled),
    )
    return world.put(f".obsidian/plugins/{plugin}/data.json", json.dumps(settings))


def install_in_logseq(home: Path, settings: Any, folder: str = "") -> Path:
    """Readwise's plugin for Logseq below a home."""
    file = home / folder / SETTINGS
    file.parent.mkdir(parents=True)
    (file.parents[1] / "plugins" / file.stem).mkdir(parents=True)
    file.write_text(json.dumps(settings))
    return file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("plugin", "name", "settings"),
    [
        ("readwise-official", "Readwise Official", OFFICIAL),
        (
            "readwise-official",
            "Readwise Official",
            OFFICIAL | {"triggerOnLoad": False, "frequency": "720"},
        ),
        ("readwise-mirror", "Readwise Mirror", MIRROR),
        ("obsidian-readwise", "Readwise Community", COMMUNITY),
        (
            "obsidian-readwise",
            "Readwise Community",
            COMMUNITY | {"syncOnBoot": False, "autoSyncInterval": 3},
        ),
    ],
)
def test_a_plugin_that_fetches_by_itself_is_named_with_its_folder(
    vault: World, plugin: str, name: str, settings: dict[str, Any]
) -> None:
    """The message has the file that shows it, why it hurts, and how it is turned off; no token."""
    file = install(vault, plugin, settings)
    (found,) = problems(vault)
    assert found.startswith(
        f"{file}: the plugin {name} is on and fetches into Eingang/読書 by itself: "
    )
    assert "come twice" in found
    assert "; turn it off in Obsidian, or " in found
    assert "not-this-one" not in found


@pytest.mark.parametrize(
    ("plugin", "settings", "enabled"),
    [
        ("readwise-official", OFFICIAL, ["dataview"]),
        ("readwise-official", OFFICIAL, []),
        ("readwise-official", OFFICIAL | {"triggerOnLoad": False}, None),
        ("readwise-official", OFFICIAL | {"triggerOnLoad": False, "frequency": "0"}, None),
        ("readwise-official", OFFICIAL | {"token": ""}, None),
        ("readwise-mirror", MIRROR | {"autoSync": False}, None),
        ("readwise-mirror", MIRROR | {"apiToken": None}, None),
        ("obsidian-readwise", {"syncOnBoot": False, "autoSyncInterval": 0}, None),
        ("obsidian-readwise", {}, None),
        ("some-other-plugin", OFFICIAL, None),
    ],
)
def test_a_plugin_that_is_off_or_waits_to_be_asked_is_no_finding(
    vault: World, plugin: str, settings: Any, enabled: Any
) -> None:
    """Nor is one that has no token, or that is another."""
    install(vault, plugin, settings, enabled)
    assert problems(vault) == []


def test_a_plugin_that_was_never_set_up_or_is_not_installed_is_no_finding(vault: World) -> None:
    """Obsidian's list may name what is not there, and a plugin may be in no list."""
    file = install(vault, "readwise-official", OFFICIAL)
    file.unlink()
    assert problems(vault) == []
    install(vault, "readwise-official", OFFICIAL)
    (vault.root / ".obsidian/community-plugins.json").unlink()
    assert problems(vault) == []


@pytest.mark.parametrize("where", ["data", "list"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"3", b'"x"', b"\xff\xfe", b"\xef\xbb\xbf{}"]
)
def test_settings_that_cannot_be_understood_are_named(
    vault: World, content: bytes, where: str
) -> None:
    """It cannot be told whether the plugin is at work."""
    data = install(vault, "readwise-official", OFFICIAL)
    file = data if where == "data" else vault.root / ".obsidian/community-plugins.json"
    file.write_bytes(content)
    assert problems(vault) == [
        (
            f"{file} is not the JSON that was expected; "
            "if the plugin Readwise Official is on in Obsidian, turn it off"
        )
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_settings_that_cannot_be_read_are_named_and_a_closed_folder_says_nothing(
    library: Library, make_world: MakeWorld, home: Path
) -> None:
    """A home that is another user's is no reason to fail."""
    world = make_world(library, format="logseq")
    files = install(world, "readwise-mirror", MIRROR), install_in_logseq(home, LOGSEQ)
    for file in files:
        file.chmod(0)
    assert [one.partition(";")[0] for one in problems(world)] == [
        f"{file}: Permission denied" for file in files
    ]
    folders = files[0].parents[1], home
    for folder in folders:
        folder.chmod(0)
    assert problems(world) == []
    for folder in folders:
        folder.chmod(0o700)


def test_settings_that_are_no_files_are_passed_over(vault: World) -> None:
    """A folder, a pipe, a broken link, a link in a circle: the app reads none of them."""
    file = install(vault, "readwise-official", OFFICIAL)
    for make in (
        Path.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("gone"),
        lambda path: path.symlink_to(path),
    ):
        file.rmdir() if file.is_dir() else file.unlink()
        make(file)
        assert problems(vault) == []


@pytest.mark.parametrize("folder", ["", ".var/app/com.logseq.Logseq"])
@pytest.mark.parametrize(
    "settings",
    [
        LOGSEQ,
        LOGSEQ | {"isLoadAuto": True, "frequency": "Never"},
        LOGSEQ | {"disabled": False, "currentGraph": None},
        {"readwiseAccessToken": "not-this-one"},
    ],
)
def test_readwises_plugin_for_logseq_is_named(
    world: World, home: Path, settings: dict[str, Any], folder: str
) -> None:
    """It has its settings in the home of whoever runs Logseq, in Flatpak's too."""
    file = install_in_logseq(home, settings, folder)
    (found,) = problems(world)
    assert found.startswith(
        f"{file}: the plugin Readwise Official is on and fetches into this graph by itself: "
    )
    assert "; turn it off in Logseq, or " in found
    assert "not-this-one" not in found


def test_readwises_plugin_for_logseq_is_named_in_its_own_graph_alone(
    world: World, home: Path
) -> None:
    """By whichever way the graph's folder is reached."""
    other = home / "other"
    other.mkdir(parents=True)
    link = home / "link"
    link.symlink_to(world.root)
    file = install_in_logseq(home, {})
    for path, count in ((world.root, 1), (link, 1), (other, 0), (home / "gone", 0), ("\0", 0)):
        file.write_text(
            json.dumps(
                LOGSEQ | {"currentGraph": {"url": f"logseq_local_{path}", "path": str(path)}}
            )
        )
        assert len(problems(world)) == count


@pytest.mark.parametrize(
    "settings",
    [
        LOGSEQ | {"disabled": True},
        LOGSEQ | {"frequency": "Never"},
        LOGSEQ | {"readwiseAccessToken": None},
        {},
    ],
)
def test_readwises_plugin_for_logseq_is_no_finding_where_it_does_nothing(
    world: World, home: Path, settings: dict[str, Any]
) -> None:
    """Turned off, told to wait, not connected."""
    install_in_logseq(home, settings)
    assert problems(world) == []


def test_what_is_left_of_readwises_plugin_for_logseq_is_no_finding(
    world: World, vault: World, home: Path
) -> None:
    """Settings outlive the plugin; and a vault of Obsidian's is no graph."""
    file = install_in_logseq(home, LOGSEQ)
    assert problems(vault) == []
    (file.parents[1] / "plugins" / file.stem).rmdir()
    assert problems(world) == []


def test_settings_of_logseqs_plugin_that_cannot_be_understood_are_named(
    world: World, home: Path
) -> None:
    """As those of Obsidian's are."""
    file = install_in_logseq(home, [])
    assert problems(world) == [
        (
            f"{file} is not the JSON that was expected; "
            "if the plugin Readwise Official is on in Logseq, turn it off"
        )
    ]


# --- the command ----------------------------------------------------------------------------------


def test_what_can_wait_does_not_keep_account_and_vault_from_being_compared(vault: World) -> None:
    """Whoever moves over sees both: the old plugin is on, and a highlight is missing."""
    add_book(vault.library, "雨の音", tweet(1, "静か"))
    vault.write_config()
    assert vault.command("sync").returncode == 0
    assert vault.command("check").returncode == 0
    install(vault, "readwise-official", OFFICIAL)
    assert vault.command("check").returncode == 1
    done = vault.command("check", "--full", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["code"], len(said["problems"]), said["vaults"][0]["present"]) == (
        1,
        1,
        1,
        1,
    )
