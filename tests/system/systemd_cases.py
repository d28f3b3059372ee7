"""What must hold under a real systemd.

Run by test_systemd.py within one that is booted for each case.
"""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from syncd.sandbox.faults import Fault
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from tests.support import wait
from tests.support.world import TOKEN, TRIPLE_LOWBAR, tweet

HOME = Path("/home/alice")
VAULT = HOME / "notes"
QUICK = "[Service]\nRestartSec=200ms\nTimeoutStopSec=2s\nTimeoutAbortSec=500ms\n"


def call(*command: str, **env: str) -> str:
    """What a command printed; it must succeed."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **env}
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}{log()}"
    return done.stdout


def log() -> str:
    """The journal, for when something fails."""
    return subprocess.run(
        ["journalctl", "-o", "cat", "-n", "50"], capture_output=True, text=True
    ).stdout


until = partial(wait.until, log=log)


class Service:
    """A unit, with the systemctl that knows it."""

    def __init__(self, unit: str, *systemctl: str) -> None:
        self.unit, self._systemctl = unit, systemctl or ("systemctl",)

    def ctl(self, *words: str) -> str:
        """Systemctl with these words and the unit."""
        return call(*self._systemctl, *words, self.unit)

    def shows(self, name: str) -> str:
        """One of its properties."""
        return self.ctl("show", "--value", "-p", name).strip()

    @property
    def pid(self) -> int:
        """Of the service itself."""
        return int(self.shows("MainPID"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account with one thread."""
    library = Library()
    book = library.add_book(
        title="Tweets From Ada 🦉", author="@ada_of_the_test", category="tweets", source="twitter"
    )
    for number in range(1, 4):
        library.add_highlight(book, **tweet(number, f"पहला {number} — أول"))
    with Sandbox(library, token=TOKEN) as server:
        yield server


@pytest.fixture
def config(sandbox: Sandbox) -> Path:
    """Alice, her vault, her configuration, and a token that only root can read."""
    call(
        "mount", "--make-rshared", "/"
    )  # as on a machine that booted; else no service sees its credentials
    call("useradd", "--create-home", "--shell", "/bin/bash", "alice")
    (VAULT / "logseq").mkdir(parents=True)
    (VAULT / "logseq" / "config.edn").write_text(TRIPLE_LOWBAR)
    etc = Path("/etc/syncd")
    etc.mkdir()
    token = etc / "alice.token"
    token.touch(0o600)
    token.write_text(sandbox.token)
    path = etc / "alice.toml"
    path.write_text(
        f'[readwise]\ntoken_file = "{token}"\napi_url = "{sandbox.url}"\n'
        f'[[vault]]\npath = "{VAULT}"\ntimezone = "UTC"\n'
    )
    call("chown", "-R", "alice:alice", str(HOME))
    return path


@pytest.fixture
def service(config: Path) -> Iterator[Service]:
    """The template's instance for alice, as `service install` writes it, with shorter waits."""
    call(sys.executable, "-m", "syncd", "--config", str(config), "service", "install")
    drop_in = Path("/etc/systemd/system/syncd@alice.service.d/quick.conf")
    drop_in.parent.mkdir()
    drop_in.write_text(QUICK)
    call("systemctl", "daemon-reload")
    yield Service("syncd@alice.service")
    subprocess.run(["systemctl", "stop", "syncd@alice.service"])


def text() -> str:
    """All pages."""
    return "\n".join(path.read_text() for path in VAULT.rglob("*.md"))


def add(sandbox: Sandbox, number: int) -> None:
    """One more highlight."""
    sandbox.library.add_highlight(
        sandbox.library.books[0]["user_book_id"], **tweet(number, f"nouveau {number}")
    )


def test_it_starts_syncs_on_usr1_reloads_and_stops(
    service: Service, sandbox: Sandbox, config: Path
) -> None:
    """The life of the template's instance, and where the token is not."""
    service.ctl("start")
    until(lambda: "status/3" in text(), "the first run brought nothing")
    (page,) = VAULT.rglob("*Ada*.md")
    assert page.stat().st_uid == pwd.getpwnam("alice").pw_uid
    assert page.stat().st_mode & 0o777 == 0o644
    process = Path("/proc", str(service.pid))
    assert (
        TOKEN.encode()
        not in process.joinpath("environ").read_bytes() + process.joinpath("cmdline").read_bytes()
    )
    add(sandbox, 10)
    service.ctl("kill", "--signal=USR1", "--kill-who=main")
    until(lambda: "status/10" in text(), "USR1 brought nothing")
    until(lambda: "next" in service.shows("StatusText"), "no status")
    good = config.read_text()
    config.write_text("nonsense = 1\n")
    service.ctl("reload")
    until(lambda: "nonsense is unknown" in log(), "the reason was not said")
    config.write_text(good)
    service.ctl("reload")
    until(lambda: service.shows("ActiveState") == "active", "it is not ready again")
    service.ctl("stop")
    assert service.shows("Result") == "success"


def test_nothing_else_is_writable(service: Service) -> None:
    """In the service's view of the file system even root writes only the vault and the state."""
    service.ctl("start")
    inside = ["nsenter", "--target", str(service.pid), "--mount", "--"]

    def writable(folder: str) -> bool:
        return (
            subprocess.run([*inside, "touch", f"{folder}/.probe"], capture_output=True).returncode
            == 0
        )

    assert writable(str(VAULT))
    assert writable("/var/lib/syncd/alice")
    for folder in (
        "/",
        "/etc",
        "/etc/syncd",
        "/usr",
        "/var",
        "/var/lib",
        "/opt",
        "/srv",
        "/boot",
        str(Path.cwd()),
    ):
        assert not writable(folder), folder
    call(*inside, "test", "!", "-e", "/home/alice/.bashrc")


def test_a_hang_is_ended_by_the_watchdog(service: Service, sandbox: Sandbox) -> None:
    """A run that is stuck in its database shows no life; the next process goes on."""
    Path("/etc/systemd/system/syncd@alice.service.d/watchdog.conf").write_text(
        "[Service]\nWatchdogSec=1s\n"
    )
    call("systemctl", "daemon-reload")
    service.ctl("start")
    until(lambda: "status/3" in text(), "the first run brought nothing")
    with closing(sqlite3.connect("/var/lib/syncd/alice/syncd.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        add(sandbox, 11)
        service.ctl("kill", "--signal=USR1", "--kill-who=main")
        until(lambda: int(service.shows("NRestarts")) > 0, "the watchdog did not bite")
        db.execute("ROLLBACK")
    until(lambda: "status/11" in text(), "it did not come back")


def test_a_wait_is_no_hang(service: Service, sandbox: Sandbox) -> None:
    """Readwise asks for a pause that is longer than the watchdog's patience."""
    Path("/etc/systemd/system/syncd@alice.service.d/watchdog.conf").write_text(
        "[Service]\nWatchdogSec=1s\n"
    )
    call("systemctl", "daemon-reload")
    sandbox.faults.append(Fault("429", retry_after="4"))
    service.ctl("start")
    until(lambda: "status/3" in text(), "the run did not end")
    assert service.shows("NRestarts") == "0"


def test_a_killed_service_comes_back_and_doubles_nothing(
    service: Service, sandbox: Sandbox
) -> None:
    """Kill -9 in the middle of a run."""
    sandbox.faults += [Fault("slow", pause=0.01)]
    service.ctl("start")
    until(lambda: bool(sandbox.requests), "it asked for nothing")
    for number in range(1, 4):
        before = service.pid
        call("kill", "-KILL", str(before))
        until(partial(lambda old: service.pid not in (0, old), before), "it was not restarted")
        add(sandbox, 20 + number)
    service.ctl("kill", "--signal=USR1", "--kill-who=main")
    until(lambda: "status/23" in text(), "it did not go on")
    assert [text().count(f"status/{number})") for number in (1, 2, 3, 21, 22, 23)] == [1] * 6


def test_it_stops_at_once_during_a_fetch(service: Service, sandbox: Sandbox) -> None:
    """Two seconds are all that it is given; systemd would call more a timeout."""
    for fault in (Fault("hang"), Fault("429", retry_after="600"), Fault("slow", pause=0.5)):
        sandbox.faults[:] = [fault] * 5
        sandbox.requests.clear()
        service.ctl("start")
        until(lambda: bool(sandbox.requests), "it asked for nothing")
        service.ctl("stop")
        assert service.shows("Result") == "success", fault


def test_it_stops_at_once_while_it_writes(service: Service, sandbox: Sandbox) -> None:
    """With thousands of pages to write; then the next run writes the rest."""
    for number in range(1500):
        book = sandbox.library.add_book(title=f"Über {number}", author="ada", category="articles")
        sandbox.library.add_highlight(book, text=f"문장 {number}")
    service.ctl("start")
    until(lambda: len(list(VAULT.rglob("*.md"))) > 20, "it wrote nothing")
    service.ctl("stop")
    assert service.shows("Result") == "success"
    assert len(list(VAULT.rglob("*.md"))) < 1501
    service.ctl("start")
    until(lambda: len(list(VAULT.rglob("*.md"))) == 1501, "it did not go on")
    assert not list(VAULT.rglob(".syncd.*"))


def test_the_token_is_asked_for_once(service: Service, config: Path) -> None:
    """Without a token the service does not start, says why, and is not started again and again."""
    Path("/etc/syncd/alice.token").write_text("")
    subprocess.run(["systemctl", "start", "syncd@alice.service"], capture_output=True)
    until(lambda: service.shows("ActiveState") == "failed", "it is not failed")
    assert service.shows("ExecMainStatus") == "3"
    assert "readwise.io/access_token" in log()


def test_status_asks_systemd(service: Service, config: Path) -> None:
    """A unit that cannot start, one that was never started, and why."""
    syncd = [sys.executable, "-m", "syncd", "--config", str(config), "status"]
    env = {**os.environ, "STATE_DIRECTORY": "/var/lib/syncd/alice"}

    def said() -> str:
        return subprocess.run(syncd, env=env, capture_output=True, text=True).stdout

    assert "is installed, but was never started; run: systemctl enable --now" in said()
    service.ctl("start")
    until(lambda: "all is well" in said(), "not well")
    service.ctl("stop")
    drop_in = Path("/etc/systemd/system/syncd@alice.service.d/user.conf")
    drop_in.write_text("[Service]\nUser=nosuchuser\n")
    call("systemctl", "daemon-reload")
    subprocess.run(["systemctl", "start", service.unit], capture_output=True)
    until(lambda: "status 217" in said(), "it is not said")
    drop_in.write_text("")
    Path("/etc/syncd/alice.token").write_text("")
    call("systemctl", "daemon-reload")
    subprocess.run(["systemctl", "start", service.unit], capture_output=True)
    until(lambda: "has failed (exit-code, status 3)" in said(), "it is not said")
    assert "readwise.io/access_token" in said()


def test_a_vault_behind_a_link_of_its_owners(config: Path, sandbox: Sandbox) -> None:
    """The configuration has the link; the unit writes where it leads, and a second one as well."""
    call("runuser", "-u", "alice", "--", "mv", str(VAULT), str(HOME / "real"))
    call("runuser", "-u", "alice", "--", "ln", "-s", "real", str(VAULT))
    second = config.with_name("alice-work.toml")
    work = HOME / "work notes"
    (work / ".obsidian").mkdir(parents=True)
    call("chown", "-R", "alice:alice", str(work))
    second.write_text(config.read_text().replace(str(VAULT), str(work)))
    for path in (config, second):
        call(sys.executable, "-m", "syncd", "--config", str(path), "service", "install")
    call("systemctl", "daemon-reload")
    for unit in ("syncd@alice.service", "syncd@alice-work.service"):
        Service(unit).ctl("start")
    until(lambda: "status/3" in text(), "the first run brought nothing")
    until(lambda: bool(list(work.rglob("*Ada*.md"))), "the second account brought nothing")
    assert list((HOME / "real").rglob("*Ada*.md"))
    assert Path("/var/lib/syncd/alice-work").stat().st_mode & 0o777 == 0o700


def alice_of(config: Path, sandbox: Sandbox, **folders: str) -> tuple[str, ...]:
    """Alice's own configuration and systemd; the command that does things as her."""
    call("chmod", "o+x", "/root")  # this machine's Python may live there
    uid = str(pwd.getpwnam("alice").pw_uid)
    own = HOME / ".config" / "syncd"
    own.mkdir(parents=True, exist_ok=True)
    (own / "token").touch(0o600)
    (own / "token").write_text(sandbox.token)
    vault = folders.get("vault", str(VAULT))
    (own / "config.toml").write_text(
        f'[readwise]\napi_url = "{sandbox.url}"\n[[vault]]\npath = "{vault}"\ntimezone = "UTC"\n'
    )
    call("chown", "-R", "alice:alice", str(HOME))
    call("systemctl", "start", f"user@{uid}.service")
    env = [f"XDG_RUNTIME_DIR=/run/user/{uid}", f"HOME={HOME}"]
    return ("runuser", "-u", "alice", "--", "env", *env)


def test_a_desktops_vault_in_tmp_and_a_state_elsewhere(config: Path, sandbox: Sandbox) -> None:
    """The unit has its own /tmp and does not know the shell's variables; both are told to it."""
    vault = Path("/tmp/notes of a day")
    (vault / "logseq").mkdir(parents=True)
    (vault / "logseq" / "config.edn").write_text(TRIPLE_LOWBAR)
    call("chown", "-R", "alice:alice", str(vault))
    alice = (*alice_of(config, sandbox, vault=str(vault)), "XDG_STATE_HOME=/home/alice/else where")
    call(*alice, sys.executable, "-m", "syncd", "service", "install", "--user")
    service = Service("syncd.service", *alice, "systemctl", "--user")
    call(*alice, "systemctl", "--user", "daemon-reload")
    service.ctl("start")
    until(lambda: bool(list(vault.rglob("*Ada*.md"))), "the first run brought nothing")
    assert (HOME / "else where" / "syncd" / "syncd.db").exists()
    service.ctl("stop")


def test_a_user_whose_systemd_may_make_no_namespaces(config: Path, sandbox: Sandbox) -> None:
    """The unit protects less, and works."""
    uid = pwd.getpwnam("alice").pw_uid
    drop_in = Path(f"/etc/systemd/system/user@{uid}.service.d/no-namespaces.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nRestrictNamespaces=~user\n")
    call("systemctl", "daemon-reload")
    alice = alice_of(config, sandbox)
    said = call(*alice, sys.executable, "-m", "syncd", "service", "install", "--user")
    assert "may make no user namespaces" in said
    assert "\nPrivateUsers=" not in (HOME / ".config/systemd/user/syncd.service").read_text()
    service = Service("syncd.service", *alice, "systemctl", "--user")
    call(*alice, "systemctl", "--user", "daemon-reload")
    service.ctl("start")
    until(lambda: "status/3" in text(), "the first run brought nothing")
    service.ctl("stop")


def test_the_desktop_unit(config: Path, sandbox: Sandbox) -> None:
    """Under the user's own systemd: start, USR1, nothing else writable, stop.

    Then it is uninstalled.
    """
    alice = alice_of(config, sandbox)
    own = HOME / ".config" / "syncd"
    syncd = (*alice, sys.executable, "-m", "syncd")
    assert "enable --now syncd.service" in call(*syncd, "service", "install", "--user")
    service = Service("syncd.service", *alice, "systemctl", "--user")
    call(*alice, "systemctl", "--user", "daemon-reload")
    service.ctl("start")
    until(lambda: "status/3" in text(), "the first run brought nothing")
    add(sandbox, 12)
    service.ctl("kill", "--signal=USR1", "--kill-who=main")
    until(lambda: "status/12" in text(), "USR1 brought nothing")
    inside = ["nsenter", "--target", str(service.pid), "--mount", "--"]
    for folder in ("/etc", "/usr", str(HOME), str(own)):
        assert subprocess.run(
            [*inside, "touch", f"{folder}/.probe"], capture_output=True
        ).returncode, folder
    assert '"running": true' in call(*syncd, "status", "--json")
    service.ctl("stop")
    assert service.shows("Result") == "success"
    call(*syncd, "service", "uninstall", "--user")
    assert not (HOME / ".config/systemd/user/syncd.service").exists()
