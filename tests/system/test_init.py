"""`syncd init`, as a process of its own.

With everything given, and on a terminal with a person who answers.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.config.settings import load
from syncd.config.token import read_token
from syncd.sandbox.faults import Fault
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from syncd.vault.discover import find_vaults
from tests.support.terminal import Terminal as AnyTerminal
from tests.support.world import TOKEN


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Readwise with the token that nobody may see."""
    with Sandbox(Library(), token=TOKEN) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a Logseq graph in `~/notes`, and the token in a file of its own."""
    home = tmp_path / "Zuhause 家"
    logseq(home / "notes")
    (home / "download.txt").write_text(f"\ufeff {TOKEN}\r\n", encoding="utf-8")
    return home


def logseq(root: Path) -> Path:
    """A folder that Logseq made a graph."""
    (root / "logseq").mkdir(parents=True)
    (root / "logseq" / "config.edn").write_text("{:file/name-format :triple-lowbar}\n")
    return root


def environment(home: Path, **env: str) -> dict[str, str]:
    """What a process of the owner of `home` has around it."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8", **env}


def run(
    home: Path, *arguments: str, given: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """`syncd` without a terminal; whatever it does, it does not show the token."""
    command = [sys.executable, "-m", "syncd", *arguments]
    done = subprocess.run(
        command,
        env=environment(home, **env),
        cwd=home,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


class Terminal(AnyTerminal):
    """`syncd` on the owner's terminal; whatever it does, it does not show the token."""

    def __init__(self, home: Path, *arguments: str, **env: str) -> None:
        super().__init__(home, *arguments, env=environment(home, **env))

    def end(self) -> int:
        """Wait for the end; the exit status."""
        status = super().end()
        assert TOKEN not in self.seen
        return status


def test_with_everything_given_nothing_is_asked(home: Path, sandbox: Sandbox) -> None:
    """The configuration is the example with the vault in it; the token is private.

    The next command works.
    """
    done = run(
        home, "init", "--vault", "notes", "--token-file", "download.txt", "--api-url", sandbox.url
    )
    assert (done.returncode, "syncd sync --dry-run" in done.stdout) == (0, True), done.stderr
    folder = home / ".config" / "syncd"
    assert sorted(path.name for path in folder.iterdir()) == ["config.toml", "token"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "token")] == [
        0o700,
        0o600,
    ]
    text = (folder / "config.toml").read_text("utf-8")
    assert 'path = "~/notes"' in text and '# format = "auto"' in text and "# full_every" in text
    checked = run(home, "check")
    assert (checked.returncode, checked.stdout.endswith("all is well\n")) == (0, True), (
        checked.stderr
    )


def test_a_configuration_that_is_there_is_added_to_and_never_replaced(
    home: Path, sandbox: Sandbox
) -> None:
    """One more vault, by its name, behind what stands there; where that cannot be, nothing."""
    config, token = home / "mine.toml", str(home / "download.txt")
    logseq(home / "vaults" / "notes")
    mine = ("--config", str(config), "init")
    done = run(home, *mine, "--vault", "~/notes", "--api-url", sandbox.url, "--token-file", token)
    assert done.returncode == 0, done.stderr
    config.write_text(before := config.read_text() + "# mine")
    for wrong, said in (
        ((*mine, "--vault", "~/vaults/notes", "--token-file", token), "leave out --token-file"),
        ((*mine, "--vault", "~/notes"), "as notes; edit it there"),
        (mine, "pass --vault DIR to add one more vault"),
    ):
        done = run(home, *wrong)
        assert (done.returncode, said in done.stderr, config.read_text()) == (2, True, before)
    done = run(home, *mine, "--vault", "~/vaults/notes")
    assert (done.returncode, done.stderr) == (0, "")
    added = '\n\n[[vault]]\npath = "~/vaults/notes"\nname = "notes 2"\n'
    assert config.read_text() == before + added
    assert "sync --dry-run" in done.stdout
    config.write_text("vault = []\n")
    done = run(home, *mine, "--vault", "~/notes")
    assert (done.returncode, config.read_text()) == (2, "vault = []\n")


def test_a_second_vault_is_asked_for_on_a_terminal(home: Path, sandbox: Sandbox) -> None:
    """Of those that are found, only what is not in the configuration is offered."""
    logseq(home / "vaults" / "work")
    token = str(home / "download.txt")
    done = run(home, "init", "--vault", "notes", "--api-url", sandbox.url, "--token-file", token)
    assert done.returncode == 0, done.stderr
    with Terminal(home, "init") as terminal:
        terminal.answer("one more vault", "")
        assert terminal.end() == 0, terminal.seen
        assert "1  ~/vaults/work" in terminal.seen and "~/notes  (" not in terminal.seen
    vaults = load(home / ".config/syncd/config.toml").vaults
    assert [one.name for one in vaults] == ["notes", "work"]


def test_a_configuration_elsewhere_has_its_token_beside_it(home: Path, sandbox: Sandbox) -> None:
    """It comes from standard input here; names in any script, and quotes, survive.

    Nothing is put into ~/.config.
    """
    vault = logseq(home / 'नोट्स "und" \\ 笔记')
    config = home / "another place" / "syncd.toml"
    arguments = (
        "init",
        "--vault",
        str(vault),
        "--format",
        "logseq",
        "--token-file",
        "-",
        "--api-url",
        sandbox.url,
    )
    done = run(home, "--config", str(config), *arguments, given=TOKEN)
    assert done.returncode == 0, done.stderr
    assert f"syncd --config '{config}' check" in done.stdout
    loaded = load(config)
    assert (loaded.vaults[0].name, loaded.vaults[0].format) == (vault.name, "logseq")
    assert loaded.readwise.token_file == config.parent / "syncd.token"
    assert read_token(loaded.readwise, {}) == TOKEN
    assert not (home / ".config").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (
            (),
            2,
            (
                "no vault is named, and there is no terminal to ask on; pass --vault DIR (found: "
                "~/notes)"
            ),
        ),
        (("--vault", "notes"), 2, "no token is given; "),
        (("--vault", "nowhere", "--token-file", "download.txt"), 5, "this is no folder; "),
        (
            ("--vault", "empty", "--token-file", "download.txt"),
            2,
            "no app has used it yet; pass --format logseq or ",
        ),
        (
            ("--vault", "notes", "--token-file", "gone.txt"),
            2,
            "--token-file gone.txt: No such file or directory; ",
        ),
        (
            ("--vault", "notes", "--token-file", "notes/logseq/config.edn"),
            3,
            " is no token: it takes one word",
        ),
        (("--vault", "notes", "--token-file", "wrong.txt"), 3, "Readwise rejected the token; "),
        (
            ("--vault", "notes", "--token-file", "wrong.txt", "--api-url", "ftp://x"),
            2,
            "syncd: readwise.api_url is ",
        ),
        (
            ("--vault", "notes", "--format", "org"),
            2,
            "'org' is not one of 'auto', 'logseq', 'obsidian'",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said_and_nothing_is_written(
    home: Path, sandbox: Sandbox, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    """With the option to pass or the way out; a second try finds a clean place."""
    (home / "empty").mkdir()
    (home / "wrong.txt").write_text("not-the-token")
    url = () if "--api-url" in arguments else ("--api-url", sandbox.url)
    done = run(home, "init", *arguments, *url)
    assert done.returncode == code, done.stderr
    assert expected in done.stderr
    assert done.stdout == ""
    assert not [path for path in (home / ".config").rglob("*") if path.is_file()]


def test_a_file_where_the_folder_for_the_configuration_should_be_is_said(
    home: Path, sandbox: Sandbox
) -> None:
    """It is a mistake of the configuration's place, not a fault of syncd."""
    (home / ".config").mkdir()
    (home / ".config" / "syncd").write_text("meins")
    done = run(
        home, "init", "--vault", "notes", "--token-file", "download.txt", "--api-url", sandbox.url
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.rstrip().endswith(
        "/syncd/config.toml cannot be written: File exists; choose another place with --config"
    )
    assert (home / ".config" / "syncd").read_text() == "meins"


def test_where_readwise_cannot_be_asked_all_is_written_and_the_status_says_so(
    home: Path, sandbox: Sandbox
) -> None:
    """A machine that is offline for the moment is set up nonetheless."""
    sandbox.faults += [Fault("503", retry_after="0")] * 3
    done = run(
        home, "init", "--vault", "notes", "--token-file", "download.txt", "--api-url", sandbox.url
    )
    assert done.returncode == 4
    assert "the token could not be checked: " in done.stderr
    assert run(home, "check").returncode == 0


def test_a_token_that_is_stored_already_is_used_and_never_replaced(
    home: Path, sandbox: Sandbox
) -> None:
    """The same token may be given again; another one is refused."""
    folder = home / ".config" / "syncd"
    folder.mkdir(parents=True)
    (folder / "token").touch(0o600)
    (folder / "token").write_text(TOKEN)
    (home / "other.txt").write_text("another-token")
    refused = run(
        home, "init", "--vault", "notes", "--token-file", "other.txt", "--api-url", sandbox.url
    )
    assert (refused.returncode, "token holds another token; " in refused.stderr) == (2, True)
    assert run(home, "init", "--vault", "notes", "--api-url", sandbox.url).returncode == 0
    assert (folder / "token").read_text() == TOKEN


def test_the_token_in_the_environment_is_used_and_not_stored(home: Path, sandbox: Sandbox) -> None:
    """Whoever keeps it there does not want it in a file."""
    done = run(home, "init", "--vault", "notes", "--api-url", sandbox.url, READWISE_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (home / ".config" / "syncd").iterdir()] == ["config.toml"]


def test_on_a_terminal_a_person_is_asked_until_the_answers_are_good(
    home: Path, sandbox: Sandbox
) -> None:
    """The vaults found are listed; the token stays hidden while it is typed.

    Wrong answers are asked for again.
    """
    logseq(home / "Documents" / "日記")
    with Terminal(home, "init", "--api-url", sandbox.url) as terminal:
        terminal.answer("Your vault", "nowhere")
        terminal.answer("Your vault", "2")
        terminal.answer("Token: ", "not-the-token")
        terminal.answer("Token: ", TOKEN)
        assert terminal.end() == 0, terminal.seen
    assert (
        "1  ~/notes  (logseq)" in terminal.seen and "2  ~/Documents/日記  (logseq)" in terminal.seen
    )
    assert "not-the-token" not in terminal.seen
    assert load(home / ".config/syncd/config.toml").vaults[0].name == "日記"
    assert (home / ".config/syncd/token").read_text() == TOKEN + "\n"


@pytest.mark.parametrize("name", ["日記", "Garden", "garden"])
def test_a_vault_that_is_found_can_be_named_by_its_folder_alone(
    home: Path, sandbox: Sandbox, name: str
) -> None:
    """Wherever it is, whatever the case, with no folder of that name here."""
    logseq(home / "Documents" / "日記")
    (home / "Documents" / "Obsidian" / "Garden" / ".obsidian").mkdir(parents=True)
    given = ("--token-file", "download.txt", "--api-url", sandbox.url)
    done = run(home, "init", "--vault", name, *given)
    assert done.returncode == 0, done.stderr
    found = load(home / ".config/syncd/config.toml").vaults[0].path
    assert found.name.casefold() == name.casefold()


def test_a_vault_by_a_name_that_two_have_is_refused_with_both(home: Path, sandbox: Sandbox) -> None:
    """Their folders are named, for the next try."""
    for place in ("Documents", "vaults"):
        logseq(home / place / "日記")
    done = run(home, "init", "--vault", "日記", "--api-url", sandbox.url)
    assert done.returncode == 5
    folders = "~/Documents/日記, ~/vaults/日記"
    assert done.stderr == f"syncd: several vaults are called 日記: {folders}; name one's folder\n"


def test_a_vault_by_a_name_that_none_has_gets_the_nearest(home: Path, sandbox: Sandbox) -> None:
    """It is no folder either."""
    done = run(home, "init", "--vault", "nots", "--api-url", sandbox.url)
    assert done.returncode == 5
    assert done.stderr.endswith("/nots: this is no folder; did you mean ~/notes?\n")


def test_on_a_terminal_a_vault_can_be_named_by_its_folder_alone(
    home: Path, sandbox: Sandbox
) -> None:
    """Beside its number and its folder."""
    logseq(home / "Documents" / "日記")
    with Terminal(home, "init", "--api-url", sandbox.url) as terminal:
        terminal.answer("Your vault", "日記")
        terminal.answer("Token: ", TOKEN)
        assert terminal.end() == 0, terminal.seen
    assert load(home / ".config/syncd/config.toml").vaults[0].path.name == "日記"
    assert "https://readwise.io/access_token" not in terminal.seen


def test_whoever_names_another_server_is_told_whose_token_is_wanted(
    home: Path, sandbox: Sandbox
) -> None:
    """Readwise's own page does not show it."""
    with Terminal(home, "init", "--vault", "notes", "--api-url", sandbox.url) as terminal:
        terminal.answer("Token: ", TOKEN)
        assert terminal.end() == 0, terminal.seen
    assert f"The token is that of {sandbox.url}; `syncd sandbox` prints its own" in terminal.seen
    done = run(home, "--config", "x.toml", "init", "--vault", "notes", "--api-url", sandbox.url)
    assert done.returncode == 2
    assert "no token is given; save the one of http://127.0.0.1" in done.stderr


def test_on_a_terminal_a_new_folder_needs_a_format(home: Path, sandbox: Sandbox) -> None:
    """It is asked for, and written down."""
    (home / "neu").mkdir()
    arguments = ("init", "--vault", "neu", "--token-file", "download.txt", "--api-url", sandbox.url)
    with Terminal(home, *arguments) as terminal:
        terminal.answer("How shall pages be written", "logseq")
        assert terminal.end() == 0, terminal.seen
    assert load(home / ".config/syncd/config.toml").vaults[0].format == "logseq"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can set up for another")
def test_root_is_not_told_to_sync_the_vault_of_another(home: Path, sandbox: Sandbox) -> None:
    """Its pages and folders would be closed to their owner, who the service runs as."""
    os.chown(home / "notes", 65534, -1)
    done = run(
        home, "init", "--vault", "notes", "--token-file", "download.txt", "--api-url", sandbox.url
    )
    assert done.returncode == 0
    assert "syncd check" in done.stdout
    assert "syncd sync  " not in done.stdout


def test_giving_up_at_a_question_leaves_nothing(home: Path, sandbox: Sandbox) -> None:
    """Control-D at the token: no configuration, no draft of one."""
    with Terminal(home, "init", "--vault", "notes", "--api-url", sandbox.url) as terminal:
        terminal.answer("Token: ", "\x04")
        assert terminal.end() == 130, terminal.seen
    assert not [path for path in (home / ".config").rglob("*") if path.is_file()]


def test_vaults_are_found_in_the_lists_of_the_apps_and_in_the_usual_folders(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, what an app lists first.

    Damaged lists, and folders gone, hidden or deep, are passed over.
    """
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    far, flat, documents = (
        home / "disk" / "far" / "ملاحظات",
        home / "snap" / "flat",
        home / "Documents" / "brain",
    )
    for vault in (flat, documents, home / ".hidden", home / "a" / "b" / "c"):
        (vault / ".obsidian").mkdir(parents=True)
    logseq(far)
    lists = {
        ".config/obsidian": json.dumps(
            {"vaults": {"1": {"path": str(documents), "ts": 1}, "2": {"path": "/gone"}}}
        ),
        ".var/app/md.obsidian.Obsidian/config/obsidian": json.dumps(
            {"vaults": {"9": {"path": str(flat)}}, "x": 1}
        ),
        "snap/obsidian/current/.config/obsidian": '{"vaults": [1',
    }
    for folder, text in lists.items():
        (home / folder).mkdir(parents=True)
        (home / folder / "obsidian.json").write_text(text)
    (home / ".logseq" / "graphs").mkdir(parents=True)
    (home / ".logseq" / "graphs" / f"logseq_local_{str(far).replace('/', '++')}.transit").touch()
    assert find_vaults(home) == [documents, flat, far, home / "notes"]


def test_the_shell_completes_the_names_of_the_vaults(home: Path, sandbox: Sandbox) -> None:
    """From the configuration, also one that is named before.

    Where there is none, nothing is offered or said.
    """

    def offered(words: str) -> str:
        env = {
            "_SYNCD_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        syncd = "from syncd.commands.cli import main; main(prog_name='syncd')"
        done = subprocess.run(
            [sys.executable, "-c", syncd],
            env=environment(home, **env),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        return done.stdout.strip()

    assert offered("syncd sync --vault n") == ""
    (home / "c.toml").write_text('[[vault]]\npath = "~/notes"\n[[vault]]\npath = "~/日記"\n')
    assert offered("syncd --config ~/c.toml sync --vault n") == "plain,notes"
    assert offered("syncd --config ~/c.toml sync --vault ''") == "plain,notes\nplain,日記"
    assert "plain,init" in offered("syncd i")
