"""`syncd` as a process: what it prints, where, what it ends with, and what it must never show."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syncd.commands.cli import main
from syncd.sandbox.faults import Fault
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from syncd.sync.lock import locked
from tests.support.wait import PATIENCE, until
from tests.support.world import TOKEN, World, add_book, snapshot, tweet


@pytest.fixture
def filled(world: World) -> World:
    """An account with two documents, and a configuration file."""
    add_book(world.library, "Eulen 🦉", tweet(1, "夜の梟"), tweet(2, "صباح"))
    add_book(
        world.library,
        "Buch",
        {"text": "Seite", "location": 5, "location_type": "page"},
        category="books",
    )
    world.write_config()
    return world


def lines(text: str) -> list[str]:
    """Its lines without the last, empty one."""
    return text.rstrip("\n").split("\n") if text else []


def test_a_run_says_what_it_did_in_one_line_and_ends_with_0(filled: World) -> None:
    """The result on standard output, nothing on standard error where that is no terminal."""
    done = filled.command("sync")
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done.stdout) == ["notes: 3 added on 2 pages"]
    done = filled.command("sync")
    assert (done.returncode, done.stderr, lines(done.stdout)) == (0, "", ["notes: nothing new"])
    assert len(filled.pages()) == 2


@pytest.mark.parametrize("behind", [False, True])
def test_quiet_says_nothing_and_verbose_names_the_pages(filled: World, behind: bool) -> None:
    """-q and -v, before the command and behind it."""
    done = filled.command(*(("sync", "-v") if behind else ("-v", "sync")))
    assert "created pages/Readwise___Highlights___Eulen 🦉.md" in done.stderr
    done = filled.command(*(("sync", "--full", "-q") if behind else ("-q", "sync", "--full")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# what the vaults have besides, documented with what it is for
EXTRA = frozenset({"warnings", "error", "unplaced", "deleted", "returned", "held"})
SHAPE: dict[str, Any] = {
    "code": int,
    "message": str,
    "fetched": {"requests": int, "documents": int, "highlights": int},
    "vaults": [
        {
            "name": str,
            "pages": {"created": [str], "updated": [str], "unchanged": int},
            "highlights": dict.fromkeys(("added", "updated", "removed", "kept", "duplicate"), int),
            "failed": [{"document": int, "title": str, "code": str, "message": str}],
            "conflicts": list,
        }
    ],
}


def assert_shape(value: Any, shape: Any, extra: frozenset[str] = frozenset()) -> None:
    """The value has all of the shape's keys and types, and no key beyond them but `extra`."""
    if isinstance(shape, dict):
        assert shape.keys() <= value.keys() <= shape.keys() | extra
        for key, inner in shape.items():
            assert_shape(value[key], inner, extra)
    elif isinstance(shape, list):
        for inner in value:
            assert_shape(inner, shape[0], extra)
    else:
        assert isinstance(value, shape)


def test_json_is_one_object_of_the_documented_shape(filled: World) -> None:
    """Also where a document failed, and where nothing was done."""
    (filled.root / "pages" / "Readwise___Highlights___Buch.md").mkdir(parents=True)
    done = filled.command("sync", "--json")
    found = json.loads(done.stdout)
    assert_shape(found, SHAPE, EXTRA)
    assert (done.returncode, found["code"], done.stderr) == (1, 1, "")
    (vault,) = found["vaults"]
    assert vault["pages"] == {
        "created": ["pages/Readwise___Highlights___Eulen 🦉.md"],
        "updated": [],
        "unchanged": 0,
    }
    assert vault["highlights"] == {
        "added": 2,
        "updated": 0,
        "removed": 0,
        "kept": 0,
        "duplicate": 0,
    }
    (failed,) = vault["failed"]
    assert (failed["title"], failed["code"]) == ("Buch", "in-the-way")
    assert found["fetched"] == {"requests": 1, "documents": 2, "highlights": 3}
    shutil.rmtree(filled.root / "pages" / "Readwise___Highlights___Buch.md")
    found = json.loads(filled.command("sync", "--json").stdout)
    assert_shape(found, SHAPE, EXTRA)
    assert found["code"] == 0


@pytest.mark.parametrize("state", ["none", "old"])
def test_a_dry_run_shows_diffs_and_writes_nothing(filled: World, state: str) -> None:
    """Not a byte of the vault; in the state only what came. The real run does what was shown."""
    if state == "old":
        filled.command("sync")
        filled.library.add_highlight(1, **tweet(3, "نیا الو"))
        add_book(filled.library, "Neu", tweet(9, "ganz neu"))
    vault, whole = snapshot(filled.root), snapshot(filled.folder)
    done = filled.command("sync", "--dry-run")
    assert done.returncode == 0
    assert snapshot(filled.root) == vault
    changed = {path for path, now in snapshot(filled.folder).items() if whole.get(path) != now}
    assert changed <= {"state", "state/syncd.db"}
    expected = "+++ b/pages/Readwise___Highlights___" + ("Neu.md" if state == "old" else "Buch.md")
    assert expected in done.stdout
    if state == "old":
        assert "--- a/pages/Readwise___Highlights___Eulen 🦉.md" in done.stdout
        assert (
            "+- نیا الو ([View Tweet](https://twitter.com/example_owl/status/3)) #Highlight"
            in done.stdout
        )
    added = done.stdout.count("\n+- ")
    done = filled.command("sync", "--json")
    assert json.loads(done.stdout)["vaults"][0]["highlights"]["added"] == added
    assert filled.command("sync", "--dry-run").stdout == "notes: nothing new\n"


def test_a_dry_run_whose_reader_has_seen_enough_ends_silently(filled: World) -> None:
    """As in `syncd sync --dry-run | head`: no page is told to have failed."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "syncd", "sync", "--dry-run"]
    done = subprocess.run(
        command, env=filled.environment(), stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_one_vault_by_its_name(filled: World) -> None:
    """--vault; a name that is none is a mistake, with the nearest that there is."""
    other = filled.folder / "other"
    (other / "logseq").mkdir(parents=True)
    (other / "logseq" / "config.edn").write_text("{}")
    filled.write_config(f'[[vault]]\nname = "other"\npath = "{other}"\n')
    done = filled.command("sync", "--vault", "other")
    assert lines(done.stdout) == ["other: 3 added on 2 pages"]
    assert filled.pages() == {}
    done = filled.command("sync", "--vault", "othr")
    assert (done.returncode, done.stdout) == (2, "")
    assert lines(done.stderr) == ["syncd: there is no vault othr; did you mean other?"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('colour = "red"', ["config.toml:", "colour"]),
        ('timezon = "UTC"', ["config.toml:", "timezon", "timezone"]),
        ('format = "logsec"', ["config.toml:", "logsec", "logseq"]),
        ("[schedule]\nevery = 30", ["config.toml:", "every", '"30m"']),
        ("[[vault", ["config.toml"]),
    ],
)
def test_a_configuration_that_is_wrong_ends_with_2_and_one_line(
    filled: World, extra: str, said: list[str]
) -> None:
    """The file, the line, the key and what is allowed; the vault is not touched."""
    filled.write_config(extra)
    done = filled.command("sync")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = lines(done.stderr)
    assert all(word in line for word in said), line
    assert filled.pages() == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("sink",),
        ("sync", "--ful"),
        ("sync", "extra"),
        ("--config", "/nowhere/c.toml", "sync"),
        ("sync", "--vault"),
    ],
)
def test_wrong_usage_ends_with_2(filled: World, arguments: tuple[str, ...]) -> None:
    """Commands, options and files that are not there."""
    done = filled.command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_no_token_or_a_wrong_one_ends_with_3(filled: World) -> None:
    """Missing, empty, readable by others, rejected by Readwise: one line each, with the way out."""
    token = filled.folder / "token"
    token.write_text("wrong-token-of-mine")
    changes: tuple[tuple[Callable[[], None], str], ...] = (
        (lambda: None, "rejected"),
        (lambda: token.chmod(0o644), "chmod 600"),
        (token.unlink, "missing"),
    )
    for change, word in changes:
        change()
        done = filled.command("sync")
        assert (done.returncode, done.stdout) == (3, "")
        (line,) = lines(done.stderr)
        assert word in line
        assert "wrong-token" not in line
    assert filled.pages() == {}


def test_the_token_may_come_from_the_environment_or_a_credential(filled: World) -> None:
    """READWISE_TOKEN, or systemd's credential, before the file."""
    (filled.folder / "token").unlink()
    assert filled.command("sync", READWISE_TOKEN=TOKEN).returncode == 0
    (filled.folder / "credentials").mkdir()
    (filled.folder / "credentials" / "readwise-token").write_text(f"{TOKEN}\n")
    assert (
        filled.command("sync", CREDENTIALS_DIRECTORY=str(filled.folder / "credentials")).returncode
        == 0
    )


@pytest.mark.parametrize("fault", ["400", "repeat-cursor"])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_readwise_that_answers_nonsense_ends_with_4(
    filled: World, fault: Any, as_json: bool
) -> None:
    """Nothing is written; with --json the reason is in the object."""
    filled.sandbox.faults += [Fault(fault)] * 3
    done = filled.command("sync", *["--json"] * as_json)
    assert done.returncode == 4
    if as_json:
        found = json.loads(done.stdout)
        assert_shape(found, SHAPE)
        assert found["code"] == 4
        assert found["message"]
    else:
        assert done.stdout == ""
        (line,) = lines(done.stderr)
        assert line.startswith("syncd: Readwise")
    assert filled.pages() == {}


def test_a_missing_vault_ends_with_5_and_is_not_made(filled: World) -> None:
    """One line names it."""
    shutil.rmtree(filled.root)
    done = filled.command("sync")
    assert done.returncode == 5
    (line,) = lines(done.stdout + done.stderr)
    assert str(filled.root) in line
    assert "missing" in line
    assert not filled.root.exists()


def test_rejected_and_failed_documents_end_with_1_and_are_named(filled: World) -> None:
    """The others are there."""
    filled.sandbox.faults.append(Fault("garbage-document", document=1))
    (filled.root / "pages" / "Readwise___Highlights___Buch.md").mkdir(parents=True)
    done = filled.command("sync")
    assert done.returncode == 1
    assert len([line for line in lines(done.stderr) if line.startswith("failed:")]) == 2
    assert "[not-understood]" in done.stderr
    assert "Buch: " in done.stderr


@pytest.mark.parametrize("arguments", [["-v", "sync"], ["sync", "--dry-run"], ["sync", "--json"]])
def test_no_title_or_text_can_paint_the_terminal(world: World, arguments: list[str]) -> None:
    """No control characters of foreign text reach it, in names, reasons or diffs."""
    add_book(world.library, "Bad \x1b[31mtitle\x07\r", tweet(5, "te\x1b]0;owned\x07xt"))
    add_book(world.library, "Blocked \x1b[2J\x1b[31mtitle", tweet(6, "x"))
    (world.root / "pages" / "Readwise___Highlights___Blocked [2J[31mtitle.md").mkdir(parents=True)
    world.write_config()
    done = CliRunner().invoke(main, ["--config", str(world.config_file), *arguments], color=True)
    assert done.exit_code == (0 if "--dry-run" in arguments else 1), done.output
    assert "Blocked" in done.output
    assert not [
        character for character in done.output if ord(character) < 32 and character not in "\n\t"
    ]


@pytest.mark.parametrize("arguments", [["status"], ["check", "--full"], ["restore", "Gone [2J"]])
def test_no_title_can_paint_the_terminal_afterwards(world: World, arguments: list[str]) -> None:
    """Of documents that failed, highlights that differ, and titles that are near."""
    add_book(world.library, "Stays", tweet(4, "x"))
    add_book(world.library, "Gone \x07\x1b[2J\u202e", tweet(5, "x"))
    add_book(world.library, "Blocked \x07\x1b[2J\u202etitle", tweet(6, "x"))
    (world.root / "pages" / "Readwise___Highlights___Blocked [2Jtitle.md").mkdir(parents=True)
    world.write_config()
    assert world.command("sync").returncode == 1
    (gone,) = (world.root / "pages").glob("*Gone*")
    gone.unlink()
    done = CliRunner().invoke(main, ["--config", str(world.config_file), *arguments], color=True)
    assert "Gone" in done.output or "Blocked" in done.output
    assert [mark for mark in ("\x07", "\x1b[2J", "\u202e") if mark in done.output] == []


def test_a_failed_title_is_clean_for_every_reader(world: World) -> None:
    """For a script, for a terminal and for the service's log alike."""
    add_book(world.library, "Blocked \x07\x1b]52;c;eA\x07\r\n\u202etitle", tweet(6, "x"))
    name = "Readwise___Highlights___Blocked ]52;c;eA title.md"
    (world.root / "pages" / name).mkdir(parents=True)
    world.write_config()
    report = json.loads(world.command("sync", "--json").stdout)
    assert report["vaults"][0]["failed"][0]["title"] == "Blocked ]52;c;eA title"
    done = world.command("sync")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", done.stdout + done.stderr)


def test_two_runs_at_once_take_turns(filled: World) -> None:
    """Four processes start together: all end well, and each highlight is there once."""
    start = [sys.executable, "-m", "syncd", "sync"]
    running = [
        subprocess.Popen(
            start,
            env=filled.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ended = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert sorted(out for (out, _), _ in ended) == [
        "notes: 3 added on 2 pages\n",
        *["notes: nothing new\n"] * 2,
    ]
    assert filled.text().count("#Highlight") == 3


def test_a_run_waits_for_the_one_that_holds_the_vault(filled: World) -> None:
    """It begins as soon as the other has ended."""
    descriptor = os.open(filled.root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    process = subprocess.Popen(
        [sys.executable, "-m", "syncd", "sync"],
        env=filled.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=1.5)
    assert filled.pages() == {}
    os.close(descriptor)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "notes: 3 added on 2 pages\n")


def test_a_run_that_waited_in_vain_ends_with_6(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the folder; the patience is shortened here."""
    monkeypatch.setattr("syncd.sync.session.locked", partial(locked, patience=0.3))
    descriptor = os.open(filled.root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        done = CliRunner().invoke(main, ["--config", str(filled.config_file), "sync"])
    finally:
        os.close(descriptor)
    assert done.exit_code == 6
    (line,) = lines(done.stderr)
    assert "another syncd" in line
    assert str(filled.root) in line


def test_a_signal_ends_a_run_within_two_seconds_and_the_next_one_goes_on(filled: World) -> None:
    """While Readwise lets it wait; one line, no traceback, nothing written."""
    filled.sandbox.faults.append(Fault("429", retry_after="300"))
    process = subprocess.Popen(
        [sys.executable, "-m", "syncd", "sync"],
        env=filled.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: filled.sandbox.requests, "it asked for nothing")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    (line,) = lines(err)
    assert "stopped" in line
    assert filled.pages() == {}
    assert filled.command("sync").returncode == 0


def wrote_or_ended(world: World, process: subprocess.Popen[bytes], pages: int) -> bool:
    """Whether the vault has that many pages, or the process is over."""
    return len(list(world.root.rglob("*.md"))) >= pages or process.poll() is not None


def test_a_killed_run_leaves_whole_pages_and_the_next_one_completes(tmp_path: Path) -> None:
    """SIGKILL at any moment of the first run over the bundled account."""
    with Sandbox(Library.load(), token=TOKEN) as sandbox:
        undisturbed = World(tmp_path / "undisturbed", sandbox)
        undisturbed.sync()
        expected = undisturbed.pages()
        world = World(tmp_path / "killed", sandbox)
        world.write_config()
        for _ in range(3):
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd", "sync"], env=world.environment()
            )
            wanted = len(world.pages()) + 5
            until(partial(wrote_or_ended, world, process, wanted), "it wrote nothing")
            process.kill()
            process.wait()
            assert world.pages().items() <= expected.items()
        assert world.command("sync").returncode == 0
        assert world.pages() == expected


def test_help_and_version(world: World) -> None:
    """Without any configuration."""
    assert world.command("--version").stdout.strip().endswith("0.1.0")
    assert "sync" in world.command("--help").stdout
    assert "--dry-run" in world.command("sync", "--help").stdout


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("arguments", [(), ("service",), ("init",), ("sync",), ("restore",)])
def test_help_is_whole_on_a_narrow_terminal(
    world: World, width: int, arguments: tuple[str, ...]
) -> None:
    """No line is cut, none is too long, and none breaks within a word of the program's."""
    shown = world.command(*arguments, "--help", COLUMNS=str(width)).stdout
    usage, _, body = shown.partition("\n")
    assert usage.startswith("Usage: ")
    assert "..." not in body
    assert [line for line in body.splitlines() if len(line) > width] == []


def test_a_command_that_does_not_exist_gets_the_nearest_one(world: World) -> None:
    """As an option does."""
    done = world.command("stauts")
    assert (done.returncode, "Did you mean 'status'?" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("a thred", 'did you mean "A thread"?'),
        ("nope", "name a page by its file or title, a highlight by its link, or either by its id"),
    ],
)
def test_restore_of_what_nobody_knows_names_the_nearest_title_or_what_is_allowed(
    filled: World, what: str, hint: str
) -> None:
    """The status is 1, as where nothing was deleted."""
    add_book(filled.library, "A thread", tweet(7, "鳥"))
    assert filled.command("sync").returncode == 0
    done = filled.command("restore", what)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"syncd: nothing is called {what}; {hint}\n"


def test_restore_of_what_stands_says_that_nothing_of_it_was_deleted(filled: World) -> None:
    """The status is 1."""
    add_book(filled.library, "A thread", tweet(7, "鳥"))
    assert filled.command("sync").returncode == 0
    done = filled.command("restore", "A thread")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "syncd: nothing of A thread was deleted\n"


def test_the_demo_shows_a_whole_run_without_an_account(world: World, tmp_path: Path) -> None:
    """A first sync, one more highlight, a second sync, and nothing new in the third."""
    done = world.command("demo", str(tmp_path / "demo"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "notes: 1 added on 1 page" in done.stdout
    assert "notes: nothing new" in done.stdout
    pages = list((tmp_path / "demo" / "notes" / "pages").glob("*.md"))
    assert len(pages) > 60
    again = world.command("demo", str(tmp_path / "demo"))
    assert again.returncode == 2
    assert "not empty" in again.stderr


def test_the_sandbox_alone_serves_any_library_to_a_run(world: World, tmp_path: Path) -> None:
    """`syncd sandbox` as a process, and `syncd sync` against it."""
    library = tmp_path / "library.json"
    fields = {"user_book_id": 1, "title": "Aus Datei", "highlights": [{"id": 1, "text": "梟"}]}
    library.write_text(json.dumps([fields]))
    server = subprocess.Popen(
        [sys.executable, "-m", "syncd", "sandbox", "--library", str(library)],
        env=world.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline().split()
        url, token = said[0], said[-1]
        world.write_config(api_url=url)
        done = world.command("sync", READWISE_TOKEN=token)
        assert (done.returncode, done.stdout) == (0, "notes: 1 added on 1 page\n")
    finally:
        server.terminate()
        out, _ = server.communicate(timeout=20)
    assert server.returncode == 0
    assert out == ""


WITHOUT_LINUX = """
import ctypes, errno, fcntl, os, socket, sqlite3, subprocess, sys
import apscheduler.schedulers.background, platformdirs, requests, tzlocal, watchdog.observers
for module, names in (
    (os, "listxattr getxattr setxattr removexattr posix_fadvise memfd_create pidfd_open"),
    (fcntl, "F_SETLEASE F_GETLEASE F_SETSIG F_GETSIG F_NOTIFY"),
    (socket, "SOCK_CLOEXEC SOCK_NONBLOCK"),
):
    for name in names.split():
        delattr(module, name)
sys.platform = "darwin"
sys.argv[0] = "syncd"
from syncd.__main__ import main
main()
"""


@pytest.mark.parametrize("command", ["sync", "status", "run"])
def test_nothing_needs_linux(filled: World, command: str) -> None:
    """In syncd itself: the names of Linux's own features are taken away, as on a Mac."""
    filled.write_config()
    if command == "status":
        assert filled.command("sync").returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_LINUX, command],
        env=filled.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if command == "run":
        until(lambda: "status/1" in filled.text(), "nothing came")
        process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "status/1" in filled.text()


def test_windows_is_told_the_way_out() -> None:
    """In one line, before anything is imported that is not there."""
    script = (
        "import sys; sys.platform = 'win32'; sys.argv = ['syncd', 'sync']\n"
        "from syncd.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("syncd: Windows is not supported; install WSL")
