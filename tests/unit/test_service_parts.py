"""The service's small parts, each alone."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.__main__ import _is_service
from syncd.errors import LockedError, StateError, VaultError
from syncd.report import Failure, Gone, Report, VaultReport
from syncd.service.debounce import Debounce
from syncd.service.heartbeat import Heartbeat
from syncd.service.inotify import FolderWatcher, concerns, is_remote
from syncd.service.notify import notify, notify_reloading, watchdog_seconds
from syncd.service.problem_log import ProblemLog
from syncd.service.status_file import ServiceStatus, StatusFile, read_service_status
from tests.support.wait import PATIENCE


def test_a_flurry_is_over_when_it_is_quiet_or_lasts_too_long() -> None:
    """Two seconds after the last event, thirty after the first."""
    debounce = Debounce()
    assert debounce.due is None
    assert not debounce.take(0)
    assert debounce.touch(100)
    assert not debounce.touch(101)
    assert debounce.due == 103
    assert not debounce.take(102.9)
    assert debounce.take(103)
    assert debounce.due is None
    for second in range(200, 240):
        debounce.touch(second)
    assert debounce.due == 230


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    """Over a socket in a folder, or one with an abstract name."""
    name = f"@syncd-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0") if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=नमस्ते")
        assert listener.recv(100).decode() == "READY=1\nSTATUS=नमस्ते"
        notify_reloading()
        first, _, second = listener.recv(100).decode().partition("\n")
        assert first == "RELOADING=1"
        assert second.removeprefix("MONOTONIC_USEC=").isdecimal()
    assert not notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert notify("READY=1")


def test_systemd_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it reads nothing and its queue is full, the message is lost, and that is told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        sent = sum(notify("WATCHDOG=1") for _ in range(1000))
        assert 0 < sent < 1000
        listener.recv(100)
        assert notify("READY=1")


def test_the_watchdog_is_this_processes_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As sd_watchdog_enabled decides."""
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    assert watchdog_seconds() == 1.5
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None


def test_a_long_wait_shows_life_and_ends_with_the_stop() -> None:
    """Whoever waits is not silent for the length of the wait."""
    heart = Heartbeat()
    waiter = threading.Thread(target=heart.wait, args=(60,))
    waiter.start()
    heart.last_beat = 0.0
    while heart.last_beat == 0.0:
        threading.Event().wait(0.05)
    heart.set()
    waiter.join(PATIENCE)
    assert not waiter.is_alive()
    assert not Heartbeat().wait(0.01)


def test_a_sign_is_read_by_others_and_a_second_service_is_refused(tmp_path: Path) -> None:
    """Whether it runs is decided by the lock, not by what was written."""
    assert read_service_status(tmp_path) == (None, False)
    status_file = StatusFile(tmp_path)
    status = ServiceStatus(1, datetime.now(UTC), watching={"notes": "inotify"})
    status_file.write(
        ServiceStatus(1, datetime.now(UTC), watching={"a much longer name": "inotify"})
    )
    status_file.write(status)
    assert read_service_status(tmp_path) == (status, True)
    with pytest.raises(LockedError):
        StatusFile(tmp_path)
    status_file.close()
    assert read_service_status(tmp_path) == (status, False)


def test_a_state_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """By the service and by `status`; a disk that is full later does not end the service."""
    (tmp_path / "service.json").mkdir()
    for use in (StatusFile, read_service_status):
        with pytest.raises(StateError, match=r"service\.json: Is a directory; "):
            use(tmp_path)
    (tmp_path / "service.json").rmdir()
    (tmp_path / "service.json").symlink_to("/dev/full")
    status_file = StatusFile(tmp_path)
    status_file.write(ServiceStatus(1, datetime.now(UTC)))
    status_file.close()


def test_what_is_wrong_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Again when it changed or came back; what waits for the owner is not said."""
    problems = ProblemLog(logging.getLogger("syncd.test"))
    caplog.set_level(logging.INFO, "syncd")
    bad = VaultReport(
        "notes",
        failed=[Failure(7, "Ünï", "page-unreadable", "no"), Failure(8, "", "deferred", "soon")],
    )
    for vault in (
        bad,
        bad,
        VaultReport("notes"),
        bad,
        VaultReport("notes", error="gone"),
        VaultReport("notes"),
    ):
        problems.add_run(Report(vaults=[vault]))
    said = ["notes: Ünï: no [page-unreadable]"] * 2 + ["gone", "notes: the vault is in order again"]
    assert caplog.messages == said


def test_what_is_gone_is_logged_with_its_page(caplog: pytest.LogCaptureFixture) -> None:
    """Each time what was deleted or came back; what is held back once while it lasts."""
    problems = ProblemLog(logging.getLogger("syncd.test"))
    caplog.set_level(logging.INFO, "syncd")
    gone = [Gone(1, 2, "a.md"), Gone(1, 3, "a.md")]
    held = VaultReport("notes", held=gone)
    for vault in (VaultReport("notes", deleted=gone), VaultReport("notes", returned=gone)):
        problems.add_run(Report(vaults=[vault]))
    for vault in (held, held, VaultReport("notes"), held):
        problems.add_run(Report(vaults=[vault]))
    deleted, returned, *whole = caplog.messages
    assert deleted.startswith("notes: a.md: 2 highlights deleted by you")
    assert returned == "notes: a.md: it had gone back in time; 2 highlights written again"
    assert [line.partition(" that ")[0] for line in whole] == ["notes: 2 highlights on 1 page"] * 2


def test_which_paths_concern_the_index() -> None:
    """Pages and folders, nothing hidden, no attachments."""
    assert concerns("pages/नोट.md", folder=False)
    assert concerns("pages", folder=True)
    assert not concerns("assets/cat.png", folder=False)
    assert not concerns(".obsidian/workspace.json", folder=False)
    assert not concerns("pages/.syncd.0123456789ab.tmp", folder=False)
    assert not concerns(".git/objects", folder=True)


def test_a_watcher_tells_of_changes_until_its_folder_is_another(tmp_path: Path) -> None:
    """A page, a page in a new folder; then the folder is replaced."""
    root = tmp_path / "notes"
    root.mkdir()
    changed = threading.Event()
    watcher = FolderWatcher(root, changed.set)
    try:
        for path in ("a.md", "new folder/b.md"):
            (root / path).parent.mkdir(exist_ok=True)
            changed.clear()
            (root / path).write_text("- سلام\n")
            assert changed.wait(PATIENCE), path
        while changed.wait(1):  # one write is several events
            changed.clear()
        (root / "a.md").read_text()
        assert not changed.wait(0.2)
        assert watcher.is_well()
        root.rename(tmp_path / "elsewhere")
        assert not watcher.is_well()
        root.mkdir()
        assert not watcher.is_well()
    finally:
        watcher.stop()


LIMITED = """
import sys; open('/proc/sys/user/max_inotify_watches', 'w').write('5')
from pathlib import Path; from time import sleep
from syncd.service.inotify import FolderWatcher
root = Path(sys.argv[1]); watcher = FolderWatcher(root, lambda: None)
print(watcher.is_well())
for number in range(200):
    (root / f'folder {number}').mkdir(); sleep(0.05)
    if not watcher.is_well(): print('noticed'); break
watcher.stop()
"""


def test_a_limit_that_is_reached_later_is_noticed(tmp_path: Path) -> None:
    """The watcher of a folder in which more and more folders are made is not well any more."""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    if "unshare" in done.stderr or "PermissionError" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.stdout.split() == ["True", "noticed"], done.stderr


def test_signals_are_heard_before_anything_else_is_imported() -> None:
    """Neither the command line nor threads and logs are there yet."""
    script = "import sys, syncd.__main__, syncd.service.signals; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30
    )
    assert not {"click", "logging", "threading", "pathlib", "msgspec"} & set(done.stdout.split())


HANGING = """
import ctypes, sys
from syncd.service.signals import catch_signals, end_within
catch_signals(lambda: None); end_within(0.1)
mutex, library = ctypes.create_string_buffer(64), ctypes.CDLL(None)
library.pthread_mutex_lock(mutex); print('hangs', flush=True)
library.pthread_mutex_lock(mutex)
"""


def test_a_process_whose_main_thread_hangs_is_ended() -> None:
    """In a system call that no signal interrupts, as on a disk of a network that is gone."""
    command = [sys.executable, "-c", HANGING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run"], True),
        (["-v", "--config", "x.toml", "run"], True),
        (["--config=x", "run"], True),
        (["sync", "--vault", "run"], False),
        (["--config", "run"], False),
        ([], False),
    ],
)
def test_which_command_is_the_service(words: list[str], expected: bool) -> None:
    """The first word that is no option."""
    assert _is_service(words) == expected


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    """It is said in one line."""
    with pytest.raises(VaultError, match="cannot be watched"):
        FolderWatcher(tmp_path / "away", lambda: None)


def test_this_disk_is_not_remote(tmp_path: Path) -> None:
    """Nor is a folder that is not there."""
    assert not is_remote(tmp_path)
    assert not is_remote(tmp_path / "away")
