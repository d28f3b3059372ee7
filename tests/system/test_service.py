"""`syncd run` as a process of its own: signals, the schedule, watched vaults.

And `syncd status` beside it.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox.faults import Fault
from tests.support.wait import until
from tests.support.world import TRIPLE_LOWBAR, World, add_book, tweet


class Service:
    """`syncd run` for a world.

    It looks at clock, configuration and folders several times a second.
    """

    def __init__(
        self, world: World, *options: str, wrapper: tuple[str, ...] = (), **env: str
    ) -> None:
        self.world = world
        self.errors = world.folder / "errors"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = world.folder / f"notify{time.monotonic_ns()}"
        self.listener.bind(str(address))
        self.listener.setblocking(False)
        self.told = ""
        env = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "800000", **env}
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "syncd", *options, "run"],
                env=world.environment() | env, cwd=world.folder, stderr=errors,
            )  # fmt: skip

    def hears(self, line: str) -> bool:
        """Whether systemd was told this."""
        try:
            while True:
                self.told += self.listener.recv(4096).decode() + "\n"
        except BlockingIOError:
            return line in self.told

    def log(self) -> str:
        """What it wrote."""
        return self.errors.read_text()

    def catches(self, number: signal.Signals) -> bool:
        """Whether the process handles this signal by now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        (caught,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
        return bool(int(caught, 16) >> (number - 1) & 1)

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and see it end."""
        if self.process.poll() is None:
            self.send(number)
        status = self.process.wait(10)
        self.hears("")
        self.listener.close()
        assert self.world.sandbox.token not in self.log()
        return status

    def indexed(self) -> set[str]:
        """The pages that the index knows."""
        with closing(sqlite3.connect(f"file:{self.world.state}/syncd.db?mode=ro", uri=True)) as db:
            return {row[0] for row in db.execute("SELECT path FROM page")}

    def status(self) -> dict[str, Any]:
        """What `syncd status` says."""
        done = self.world.command("status", "--json")
        found: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if found["well"] else 1)
        return found


Start = Callable[..., Service]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a service; whatever comes, it is gone at the end."""
    started: list[Service] = []

    def begin(world: World, *options: str, **env: Any) -> Service:
        if not world.config_file.exists():
            world.write_config()
        started.append(Service(world, *options, **env))
        return started[-1]

    yield begin
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait(10)
        service.listener.close()


@pytest.fixture
def filled(world: World) -> World:
    """A world with a thread in its account."""
    add_book(world.library, "Threads of the owl", tweet(1, "एक 🦉"), tweet(2, "اثنان"))
    return world


def test_it_runs_at_the_start_on_usr1_and_ends_on_term(filled: World, start: Start) -> None:
    """And tells systemd every step."""
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    service.send(signal.SIGUSR1)
    until(lambda: "status/3" in filled.text(), "USR1 brought nothing")
    until(lambda: service.hears("WATCHDOG=1"), "no sign of life")
    until(lambda: service.hears("1 added on 1 page; next"), "no status")
    assert service.end() == 0
    assert service.told.index("READY=1") < service.told.index("STOPPING=1")
    assert "Traceback" not in service.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_before_it_began(filled: World, start: Start, number: signal.Signals) -> None:
    """A signal in its first moments, long before it has read its configuration."""
    service = start(filled)
    until(lambda: service.catches(signal.SIGUSR1), "it hears nothing")
    assert service.end(number) == 0
    assert not filled.pages()


def test_signals_of_its_first_moments_are_obeyed_later(filled: World, start: Start) -> None:
    """Nothing is lost, and it does not end of them."""
    service = start(filled)
    until(lambda: service.catches(signal.SIGUSR1), "it hears nothing")
    service.send(signal.SIGHUP)
    service.send(signal.SIGUSR1)
    until(lambda: "configuration read again" in service.log(), "HUP was lost")
    until(lambda: "status/2" in filled.text(), "nothing came")
    assert service.end() == 0


def test_it_ends_in_a_storm_of_signals(filled: World, start: Start) -> None:
    """TERM does not queue behind what was asked for before."""
    service = start(filled)
    until(lambda: service.hears("READY=1"), "it did not start")
    for _ in range(300):
        service.send(signal.SIGHUP)
        service.send(signal.SIGUSR1)
    assert service.end() == 0
    assert service.log().count("configuration read again") < 300


def test_nobody_reads_what_systemd_is_told(filled: World, start: Start) -> None:
    """The service works and ends all the same, and says that it is ready when it can."""
    filled.write_config('[schedule]\nevery = "1s"\njitter = "0s"\n')
    service = start(filled)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"X=1", service.listener.getsockname())
    until(lambda: "status/2" in filled.text(), "nothing came")
    until(lambda: service.hears("READY=1"), "it was not told later")
    assert service.end() == 0


def test_lines_carry_their_level_for_the_journal(filled: World, start: Start) -> None:
    """And not on a terminal or in a file."""
    service = start(filled, JOURNAL_STREAM="8:1")
    until(lambda: "<6>notes: 2 added on 1 page" in service.log(), "no line with a level")
    service.end()


def test_a_broken_configuration_is_refused_and_a_good_one_taken_over(
    filled: World, start: Start
) -> None:
    """With HUP, and without it when the file changed."""
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    filled.write_config("nonsense = 1")
    service.send(signal.SIGHUP)
    until(lambda: "nonsense is unknown" in service.log(), "not refused")
    assert service.hears("RELOADING=1\nMONOTONIC_USEC=")
    filled.write_config(api_url="http://example.com")
    service.send(signal.SIGHUP)
    until(
        lambda: "unencrypted; use https:// (the configuration in force stays)" in service.log(),
        "not refused",
    )
    second = filled.folder / "second"
    (second / "logseq").mkdir(parents=True)
    (second / "logseq" / "config.edn").write_text(TRIPLE_LOWBAR)
    filled.write_config(f'[[vault]]\npath = "{second}"\n')
    until(lambda: list(second.rglob("*owl*.md")), "the new vault is empty")
    assert service.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    "fault",
    [Fault("hang"), Fault("429", retry_after="600"), Fault("slow", pause=0.5)],
    ids=["hang", "wait", "slow"],
)
def test_it_ends_during_a_fetch(filled: World, start: Start, fault: Fault) -> None:
    """Whatever Readwise does; and a long wait is no hang."""
    filled.sandbox.faults += [fault] * 5
    service = start(filled)
    until(lambda: filled.sandbox.requests, "it asked for nothing")
    service.told = ""
    until(lambda: service.hears("WATCHDOG=1"), "no sign of life")
    assert service.end() == 0
    assert not filled.pages()


def test_it_ends_while_its_work_is_stuck(filled: World, start: Start) -> None:
    """In the database, where nothing can be told to stop; and it shows no life meanwhile."""
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    with closing(sqlite3.connect(filled.state / "syncd.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        service.send(signal.SIGUSR1)
        until(lambda: service.hears("STATUS=at work"), "it does not work")
        time.sleep(1.5)
        service.hears("")
        service.told = ""
        time.sleep(0.5)
        assert not service.hears("WATCHDOG=1")
        assert service.end() == 0
    assert "does not end" in service.log()
    service = start(filled)
    until(lambda: service.status()["well"], "not well")
    assert service.end() == 0


def test_it_ends_while_it_writes_and_goes_on_later(world: World, start: Start) -> None:
    """Every page is whole, and none is there twice."""
    for number in range(600):
        add_book(world.library, f"Über {number}", {"text": f"문장 {number}"}, category="articles")
    service = start(world)
    until(lambda: len(world.pages()) > 20, "nothing came")
    assert service.end() == 0
    assert len(world.pages()) < 600
    service = start(world)
    until(lambda: len(world.pages()) == 600 and "added" in service.log(), "it did not go on")
    assert service.end() == 0
    assert all(text.count("- 문장") == 1 for text in world.pages().values())


def test_a_killed_service_comes_back_and_doubles_nothing(world: World, start: Start) -> None:
    """Kill -9 in the middle; `status` knows."""
    for number in range(300):
        add_book(world.library, f"Über {number}", {"text": f"문장 {number}"}, category="articles")
    service = start(world)
    until(lambda: len(world.pages()) > 20, "nothing came")
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    found = service.status()
    assert not found["running"]
    assert "without a word" in " ".join(found["problems"])
    service = start(world)
    until(lambda: len(world.pages()) == 300, "it did not go on")
    until(lambda: service.status()["well"], "not well")
    assert all(text.count("- 문장") == 1 for text in world.pages().values())
    assert service.end() == 0


def test_there_is_one_service_and_sync_works_beside_it(filled: World, start: Start) -> None:
    """A second one is refused; the command waits for its turn."""
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    refused = filled.command("run")
    assert refused.returncode == 6
    assert "another `syncd run`" in refused.stderr
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    assert filled.command("sync").returncode == 0
    assert "status/3" in filled.text()
    assert service.end() == 0


def test_the_index_follows_the_owner(filled: World, start: Start) -> None:
    """New, renamed and deleted pages and folders; and none of that asks Readwise for anything."""
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    asked = len(filled.sandbox.requests)
    filled.put("pages/मेरा पन्ना.md", "- mine\n")
    filled.put("deep/er/page.md", "- mine\n")
    until(
        lambda: {"pages/मेरा पन्ना.md", "deep/er/page.md"} <= service.indexed(),
        "new pages were not seen",
    )
    (filled.root / "pages/मेरा पन्ना.md").rename(filled.root / "pages/renamed.md")
    shutil.rmtree(filled.root / "deep")
    until(
        lambda: (
            "pages/renamed.md" in service.indexed() and "deep/er/page.md" not in service.indexed()
        ),
        "the change was not seen",
    )
    assert "pages/मेरा पन्ना.md" not in service.indexed()
    assert len(filled.sandbox.requests) == asked
    assert service.end() == 0


def test_a_page_that_its_owner_is_writing_waits(filled: World, start: Start) -> None:
    """And is written when it is quiet, without asking Readwise again."""
    config = filled.write_config()
    config.write_text(config.read_text().replace('quiet = "0s"', 'quiet = "3s"'))
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    page = filled.root / filled.page_of("Threads of the owl")
    with page.open("a") as file:
        file.write("\n- my own thought 💭")
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    service.send(signal.SIGUSR1)
    found: dict[str, Any] = {}

    def waits() -> bool:
        found.update(service.status())
        return bool(found["last_run"]["message"] == "notes: 1 waiting for you to pause")

    until(waits, "it does not wait")
    assert found["vaults"][0]["waiting"] == 1
    assert (found["last_failure"], found["problems"]) == (None, [])
    asked = len(filled.sandbox.requests)
    until(lambda: "status/3" in filled.text(), "it was not written")
    assert "my own thought 💭" in page.read_text()
    assert len(filled.sandbox.requests) == asked
    until(lambda: service.status()["well"], "not well")
    assert service.end() == 0


def test_what_waited_is_written_while_readwise_is_away(filled: World, start: Start) -> None:
    """And that it is away is still told: nothing was asked meanwhile."""
    config = filled.write_config()
    config.write_text(config.read_text().replace('quiet = "0s"', 'quiet = "3s"'))
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    with (filled.root / filled.page_of("Threads of the owl")).open("a") as file:
        file.write("\n- my own thought 💭")
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    service.send(signal.SIGUSR1)
    until(lambda: service.status()["vaults"][0]["waiting"] == 1, "it does not wait")
    filled.sandbox.faults.append(Fault("400"))
    service.send(signal.SIGUSR1)
    until(lambda: "refused" in service.log(), "it was not said")
    until(
        lambda: "status/3" in filled.text() and not service.status()["busy_since"],
        "it was not written",
    )
    assert "refused" in " ".join(service.status()["problems"])
    assert "again" not in service.log()
    service.send(signal.SIGUSR1)
    until(lambda: service.status()["well"], "not well")
    assert service.end() == 0


def test_own_pages_do_not_wait(filled: World, start: Start) -> None:
    """What syncd wrote a moment ago is nobody's work."""
    config = filled.write_config()
    config.write_text(config.read_text().replace('quiet = "0s"', 'quiet = "1h"'))
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    service.send(signal.SIGUSR1)
    until(lambda: "status/3" in filled.text(), "it waits for itself")
    assert service.end() == 0


def test_a_rejected_token_is_said_once(filled: World, start: Start) -> None:
    """And the service stays, and takes the new token when it is told to."""
    filled.write_config(
        '[schedule]\nevery = "1s"\njitter = "0s"\n', token_file=str(filled.folder / "bad")
    )
    bad = filled.folder / "bad"
    bad.touch(0o600)
    bad.write_text("wrong-token")
    service = start(filled, "-v")
    until(lambda: "rejected the token" in service.log(), "it was not said")
    asked = len(filled.sandbox.requests)
    time.sleep(2.5)
    assert len(filled.sandbox.requests) == asked
    assert service.log().count("rejected the token") == 1
    assert "rejected" in " ".join(service.status()["problems"])
    bad.write_text(filled.sandbox.token)
    service.send(signal.SIGUSR1)
    until(lambda: "status/2" in filled.text(), "nothing came")
    until(lambda: service.status()["well"], "not well")
    assert service.end() == 0


def test_a_token_command_that_fails_is_tried_again(filled: World, start: Start) -> None:
    """A keyring that is closed when the machine starts does not keep the service away."""
    key = filled.folder / "key"
    config = filled.write_config()
    text = config.read_text()
    line = next(line for line in text.splitlines() if line.startswith("token_file"))
    config.write_text(text.replace(line, f'token_command = ["cat", "{key}"]'))
    service = start(filled)
    until(lambda: "token_command: cat failed (1)" in service.log(), "it was not said")
    assert service.hears("READY=1")
    assert "token_command: cat failed" in " ".join(service.status()["problems"])
    key.write_text(filled.sandbox.token)
    service.send(signal.SIGUSR1)
    until(lambda: service.status()["well"], "not well")
    assert "status/2" in filled.text()
    assert service.end() == 0


def test_a_long_pause_is_kept_and_told(filled: World, start: Start) -> None:
    """Readwise asks for an hour: until then nobody asks it, and everybody says for how long."""
    filled.write_config('[schedule]\nevery = "1s"\njitter = "0s"\n')
    filled.sandbox.faults.append(Fault("429", retry_after="3600"))
    service = start(filled)
    until(lambda: "asks for a pause, for 60 min more" in service.log(), "it was not said")
    found = service.status()
    assert "asks for a pause" in " ".join(found["problems"])
    began = datetime.fromisoformat(found["since"])
    assert datetime.fromisoformat(found["next_run"]) - began > timedelta(minutes=59)
    said = service.log().count("asks for a pause")
    service.send(signal.SIGUSR1)
    time.sleep(1.5)
    done = filled.command("sync")
    assert done.returncode == 4
    assert "asks for a pause" in done.stderr
    assert service.log().count("asks for a pause") >= said
    assert len(filled.sandbox.requests) == 1
    assert service.end() == 0
    service = start(filled)
    until(lambda: service.status()["next_run"] is not None, "no next run")
    assert service.end() == 0
    assert len(filled.sandbox.requests) == 1


def test_when_readwise_is_away_it_is_tried_again_and_the_schedule_is_kept(
    filled: World, start: Start
) -> None:
    """A failure is said once; the next run by the schedule succeeds."""
    filled.write_config('[schedule]\nevery = "1s"\njitter = "0s"\n')
    filled.sandbox.faults += [Fault("400")] * 2
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    until(lambda: "runs succeed again" in service.log(), "it was not said")
    assert service.log().count("refused") == 1
    assert service.end() == 0


def test_a_vault_that_goes_away_and_comes_back(filled: World, start: Start) -> None:
    """Nothing is made where it was.

    What was missed comes when it is back, without waiting for the schedule.
    """
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    away = filled.folder / "away"
    filled.root.rename(away)
    until(lambda: service.status()["vaults"][0]["watching"] == "away", "not noticed")
    filled.library.add_highlight(filled.library.books[0]["user_book_id"], **tweet(3, "三"))
    service.send(signal.SIGUSR1)
    until(lambda: "is missing" in service.log(), "not said")
    until(lambda: service.status()["last_run"]["code"] == 5, "no run while it was away")
    assert not filled.root.exists()
    away.rename(filled.root)
    until(lambda: "status/3" in filled.text(), "it did not pick up")
    until(lambda: service.status()["well"], "not well")
    assert service.end() == 0


def test_a_bare_mount_point_is_told_before_the_next_run(filled: World, start: Start) -> None:
    """`status` says what the service sees, not only what the last run saw."""
    service = start(filled)
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    filled.root.rename(filled.folder / "away")
    filled.root.mkdir()
    until(lambda: "is empty" in " ".join(service.status()["problems"]), "not told")
    assert service.status()["last_run"]["code"] == 0
    filled.root.rmdir()
    (filled.folder / "away").rename(filled.root)
    until(lambda: service.status()["well"], "not well")
    assert "the vault is in order again" in service.log()
    assert service.end() == 0


def test_several_vaults_share_one_fetch_and_fail_alone(filled: World, start: Start) -> None:
    """The second is not there."""
    filled.write_config(f'[[vault]]\nname = "gone"\npath = "{filled.folder}/gone"\n')
    service = start(filled)
    until(lambda: "status/2" in filled.text(), "nothing came")
    until(lambda: len(service.status()["problems"]) == 2, "the missing vault is no problem")
    assert len(filled.sandbox.requests) == 1
    assert service.end() == 0


def test_the_limit_of_inotify_is_named(tmp_path: Path) -> None:
    """In one line, with the setting."""
    for number in range(20):
        (tmp_path / "notes" / f"folder {number}").mkdir(parents=True)
    script = (
        "import sys; open('/proc/sys/user/max_inotify_watches', 'w').write('5')\n"
        "from pathlib import Path; from syncd.service.inotify import FolderWatcher\n"
        "try: FolderWatcher(Path(sys.argv[1]), print)\n"
        "except Exception as error: print(error.code, error)\n"
    )
    python = [sys.executable, "-c", script, str(tmp_path / "notes")]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", *python],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "unshare" in done.stderr or "PermissionError" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.stdout.startswith("inotify-limit ")
    assert "fs.inotify.max_user_watches" in done.stdout


LIMITED = ("unshare", "--user", "--map-root-user", "sh", "-c")
LIMIT = 'echo 8 > /proc/sys/user/max_inotify_watches && exec "$@"'


def test_watches_that_are_used_up_later(filled: World, start: Start) -> None:
    """The vault is then polled, and `status` says why."""
    if subprocess.run([*LIMITED, LIMIT, "sh", "true"], capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    service = start(filled, wrapper=(*LIMITED, LIMIT, "sh"))
    until(lambda: "status/2" in filled.text() and service.status()["well"], "nothing came")
    assert service.status()["vaults"][0]["watching"] == "inotify"
    numbers = iter(range(1000))

    def is_polled() -> bool:
        (filled.root / f"folder {next(numbers)}").mkdir()
        return bool(service.status()["vaults"][0]["watching"] == "poll")

    until(is_polled, "it was not noticed")
    assert "fs.inotify.max_user_watches" in " ".join(service.status()["problems"])
    assert service.end() == 0


def test_status_before_between_and_after(filled: World, start: Start) -> None:
    """Zero only when all is well; in words and as JSON; it makes nothing."""
    filled.write_config()
    found = filled.command("status")
    assert found.returncode == 1
    assert "nothing was synced yet" in found.stdout
    assert filled.command("sync").returncode == 0
    found = filled.command("status")
    assert found.returncode == 0, found.stdout
    assert "2 added on 1 page" in found.stdout
    assert "\x1b[" not in found.stdout
    service = start(filled)
    until(lambda: service.status()["running"] and service.status()["next_run"], "not running")
    assert service.end() == 0
    assert "stopped" in " ".join(service.status()["problems"])
    filled.put("pages/notes.sync-conflict-20240101-101010-ABCDEFG.md", "- x\n")
    assert filled.command("sync").returncode == 0
    assert service.status()["well"]
    assert service.status()["vaults"][0]["conflict_copies"]


def test_status_names_what_failed(filled: World) -> None:
    """A document that Readwise sent malformed, and the reason."""
    filled.write_config()
    filled.sandbox.faults.append(Fault("garbage-document"))
    assert filled.command("sync").returncode == 1
    found = filled.command("status")
    assert found.returncode == 1
    assert "1 document failed" in found.stdout
    assert "[not-understood]" in found.stdout
