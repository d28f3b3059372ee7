"""The service: it runs by the schedule, follows the vaults and obeys signals, until it is ended.

There are three kinds of threads: watchdog's see that something changed, APScheduler's one worker
does all the work, and the main thread decides. What happens elsewhere reaches the main thread as
calls in a queue, so that all decisions are made one after the other.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.token import read_token
from syncd.errors import ConfigError, LockedError, Stopped, SyncdError, ThrottledError, TokenError
from syncd.progress import silent
from syncd.readwise.client import Client
from syncd.report import WAITS, Report, VaultReport
from syncd.service.heartbeat import Heartbeat
from syncd.service.log import set_up
from syncd.service.notify import notify, notify_reloading, watchdog_seconds
from syncd.service.problem_log import ProblemLog
from syncd.service.schedule import JobSchedule, trigger
from syncd.service.signals import ENDING, catch_signals, end_within, received
from syncd.service.status_file import Problem, ServiceStatus, StatusFile
from syncd.service.watch import VaultWatch
from syncd.sync.session import look, sync_once
from syncd.sync.vault_format import vault_format
from syncd.sync.vault_run import RunOptions
from syncd.vault.graph import read_graph

_log = logging.getLogger("syncd.service")

# All in seconds.
_TICK = 10.0  # between two looks at the clock, the configuration file and the vaults' folders
_FIRST_RETRY, _LAST_RETRY = 60.0, 1800.0  # after a run that failed
_REJECTED = 3600.0  # between two tries with a token that Readwise rejects
_GRACE = 1.5  # for the running job when the service is told to end
_LAST_GRACE = 1.8  # for everything else then
_MARGIN = 0.2  # after a page's `quiet` is over

_NO_TOKEN = "none"  # noqa: S105  # no request is sent with it


class Daemon:
    """The service for the configuration at `path`.

    Raises what keeps it from starting: ConfigError, TokenError, LockedError, StateError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _stamp(path)
        self._config = settings.load(path)
        self._folder = settings.state_dir(self._config)
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._heart = Heartbeat()
        _check_account(self._config)
        self._started = datetime.now(UTC)
        self._jobs = JobSchedule(
            self._in_this_thread(self._done), self._in_this_thread(self._missed)
        )
        self._schedule(self._config)
        self._status_file = StatusFile(self._folder)
        self._problems = ProblemLog(_log)
        self._watches: dict[str, VaultWatch] = {}
        self._busy, self._busy_since = "", self._started
        self._again: set[str] = set()
        self._failures = 0
        self._rejected, self._paused_until = False, self._started
        self._owes_fetch = False  # a run that could write no vault did not ask Readwise
        self._ready_told = False
        self._ticked = 0.0
        self._last_run, self._last_notified = "no run yet", ""
        self._watchdog = watchdog_seconds()

    # --- the loop ---------------------------------------------------------------------------------

    def serve(self) -> int:
        """Run until SIGTERM or SIGINT; returns the exit status."""
        faulthandler.enable()  # shows where it hung when systemd's watchdog aborts it
        end_within(_LAST_GRACE)
        catch_signals(lambda: self._calls.put(_nothing))  # a queue's put is safe in a handler
        for step in (self._jobs.start, self._log_vault_errors, self._watch, self._begin):
            if not self._ending:
                step()
        while not self._ending:
            self._step(self._until_next())
        return self._finish()

    def _begin(self) -> None:
        self._run_now()
        self._tell_ready()
        _log.info("started for %s", ", ".join(vault.name for vault in self._config.vaults))

    @property
    def _ending(self) -> bool:
        return not ENDING.isdisjoint(received)

    def _tell_ready(self) -> None:
        self._ready_told = notify("READY=1")

    def _step(self, seconds: float) -> None:
        with suppress(Empty):
            self._calls.get(timeout=seconds)()
        self._obey()
        for watch in self._watches.values():
            watch.look_when_quiet()
        now = time.monotonic()
        if now - self._ticked >= self._tick_seconds():
            self._ticked = now
            self._tick()

    def _tick_seconds(self) -> float:
        return min(_TICK, (self._watchdog or 1e9) / 4)

    def _until_next(self) -> float:
        dues = [due for watch in self._watches.values() if (due := watch.debounce.due) is not None]
        now = time.monotonic()
        return max(0.0, min([self._ticked + self._tick_seconds(), *dues]) - now)

    def _tick(self) -> None:
        if self._watchdog is not None and self._silence() < self._watchdog:
            notify("WATCHDOG=1")
        if not self._ready_told:
            self._tell_ready()
        self._jobs.follow_clock()
        for watch in self._watches.values():
            watch.follow_folder()
        if _stamp(self._path) not in (self._file, None):
            self._reload()
        self._show()

    def _silence(self) -> float:
        """For how many seconds the running job, or one that is due, has shown no sign of life."""
        return self._heart.silence if self._busy else self._jobs.late_by()

    def _in_this_thread(self, handle: Callable[..., None]) -> Callable[..., None]:
        """A function for other threads, which has `handle` called in the main thread."""
        return lambda *values: self._calls.put(partial(handle, *values))

    def _show(self) -> None:
        """Tell `syncd status` and systemd how things are."""
        kinds = ["retry", "now"] + (["run", "settle"] if self._may_run() else [])
        next_run = self._jobs.next_due(*kinds)
        busy_since = self._busy_since if self._busy else None
        self._status_file.write(
            ServiceStatus(
                os.getpid(),
                self._started,
                busy_since,
                next_run,
                watching={name: watch.how for name, watch in self._watches.items()},
                unwatched=self._unwatched(),
                problems=self._open_problems(),
            )
        )
        line = self._last_run
        if busy_since:
            line = f"at work since {busy_since.astimezone():%H:%M:%S}; {line}"
        if next_run:
            line = f"{line}; next {next_run.astimezone():%H:%M}"
        if line != self._last_notified and notify(f"STATUS={line}"):
            self._last_notified = line

    def _open_problems(self) -> dict[str, Problem]:
        """What is wrong with the vaults, by name, and with the runs, by ""."""
        subjects = {"": "run"} | {name: f"vault {name}" for name in self._watches}
        found = {name: self._problems.problem(subject) for name, subject in subjects.items()}
        return {name: problem for name, problem in found.items() if problem is not None}

    def _unwatched(self) -> dict[str, str]:
        """Why vaults are polled that should be watched."""
        polled = [name for name, watch in self._watches.items() if watch.how == "poll"]
        found = {name: self._problems.problem(f"watch {name}") for name in polled}
        return {name: problem.message for name, problem in found.items() if problem is not None}

    # --- signals ----------------------------------------------------------------------------------

    def _obey(self) -> None:
        """Do what signals asked for. One of a kind says as much as many."""
        for number, action in ((signal.SIGHUP, self._reload), (signal.SIGUSR1, self._run_now)):
            if number in received and not self._ending:
                received.discard(number)
                action()

    def _finish(self) -> int:
        self._heart.set()
        notify("STOPPING=1", "STATUS=stopping")
        _log.info("stopping")
        self._jobs.stop()
        until = time.monotonic() + _GRACE
        while self._busy and (left := until - time.monotonic()) > 0:
            with suppress(Empty):
                self._calls.get(timeout=min(left, 0.1))
        self._status_file.write(
            ServiceStatus(os.getpid(), self._started, None, None, datetime.now(UTC))
        )
        if self._busy:
            _log.warning(
                "the running job does not end; what is written is whole, "
                "and the next run goes on from there"
            )
            os._exit(0)  # the worker may be stuck in the kernel, and nothing depends on its end
        self._status_file.close()
        return 0

    def _reload(self) -> None:
        notify_reloading()
        self._file = _stamp(self._path)
        try:
            config = settings.load(self._path)
            if settings.state_dir(config) != self._folder:
                raise ConfigError("another state_dir is taken over only by a restart")
            _check_address(config)
            self._schedule(config)
        except SyncdError as error:
            _log.error("%s (the configuration in force stays)", error.message)
        else:
            self._config = config
            self._watch()
            _log.info("configuration read again")
            self._run_now()
        self._tell_ready()
        self._show()

    def _run_now(self) -> None:
        self._jobs.add_once("now", 0, self._work, "now", self._run)

    # --- the schedule -----------------------------------------------------------------------------

    def _schedule(self, config: Config) -> None:
        zone = settings.system_zone() if config.schedule.cron else UTC
        when = trigger(config.schedule, self._started, zone)
        self._jobs.add("run", when, self._work, "run", self._run)

    def _log_vault_errors(self) -> None:
        """Log at the start what is wrong with the vaults.

        The service starts all the same: a vault may come back.
        """
        for vault in self._config.vaults:
            try:
                vault_format(vault, read_graph(vault.path, vault.format))
            except SyncdError as error:
                self._problems.open_error(f"vault {vault.name}", error)

    def _watch(self) -> None:
        for watch in self._watches.values():
            watch.end()
        self._watches = {
            vault.name: VaultWatch(
                vault, self._jobs, self._look, self._in_this_thread(self._show), self._problems
            )
            for vault in self._config.vaults
        }

    # --- in the worker thread ---------------------------------------------------------------------

    def _work(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a job. Returns what it returned or raised."""
        if self._ending or (name == "run" and not self._may_run()):
            return Stopped("not now")
        self._heart.last_beat = time.monotonic()
        self._busy, self._busy_since = name, datetime.now(UTC)
        self._calls.put(self._show)
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # no run ends the service
            return error
        finally:
            self._busy = ""

    def _may_run(self) -> bool:
        """Whether a run by the schedule makes sense now."""
        return not self._rejected and datetime.now(UTC) >= self._paused_until

    def _run(self) -> Report:
        return sync_once(self._config, RunOptions(patient=True), self._heart, silent)

    def _settle(self) -> Report:
        return sync_once(self._config, RunOptions(patient=True, fetch=False), self._heart, silent)

    def _look(self, vault: str) -> Any:
        return self._work(f"look:{vault}", partial(look, self._config, vault, self._heart))

    # --- after a job ------------------------------------------------------------------------------

    def _missed(self, name: str) -> None:
        """A job came due while it was being done: do it again when it is over."""
        if self._busy:
            self._again.add(name)
        else:
            self._do_again(name)

    def _do_again(self, name: str) -> None:
        kind, _, vault = name.partition(":")
        if not kind.startswith("look"):
            self._run_now()
        elif vault in self._watches:
            self._watches[vault].look_soon()

    def _done(self, name: str, result: Any) -> None:
        kind, _, vault = name.partition(":")
        if isinstance(result, Stopped):
            return
        if not kind.startswith("look"):
            self._ran(kind, result)
        elif vault in self._watches:
            self._looked(self._watches[vault], result)
        again, self._again = self._again, set()
        for one in again:
            self._do_again(one)
        self._show()

    def _looked(self, watch: VaultWatch, result: Any) -> None:
        name = watch.vault.name
        if isinstance(result, LockedError):  # by a `sync` whose own look may have come too early
            watch.debounce.touch(time.monotonic())
        elif isinstance(result, VaultReport):
            self._problems.set_warnings(result)
            if self._problems.problem(f"vault {name}"):
                self._catch_up()
        else:
            self._problems.open_error(f"vault {name}", result)

    def _catch_up(self) -> None:
        """A vault is in order again: what it kept from being fetched or written may come now."""
        if self._owes_fetch:
            self._jobs.add_once("catch-up", 0, self._work, "run", self._run)
        else:
            self._jobs.add_once("settle", 0, self._work, "settle", self._settle)

    def _ran(self, kind: str, result: Any) -> None:
        now = datetime.now().strftime("%H:%M")  # noqa: DTZ005  # for people
        if isinstance(result, Report):
            if kind != "settle" or self._problems.problem("run") is None:
                self._last_run = f"last run {now}: {result.message}"
            self._problems.add_run(result, fetched=kind != "settle")
            self._settle_later(result)
            if kind != "settle":
                self._rejected, self._failures = False, 0
                self._owes_fetch = result.fetched.requests == 0
                self._paused_until = self._started
                self._jobs.remove("retry")
            return
        self._problems.open_error("settle" if kind == "settle" else "run", result)
        if kind == "settle":
            self._jobs.add_once("settle", _FIRST_RETRY, self._work, "settle", self._settle)
            return
        self._last_run = f"last run {now} failed: {result}"
        self._rejected = isinstance(result, TokenError) and result.code != "token-command"
        delay = min(_LAST_RETRY, _FIRST_RETRY * 2**self._failures)
        if self._rejected:
            delay = _REJECTED
        if isinstance(result, ThrottledError):
            self._paused_until = result.until
            delay = (result.until - datetime.now(UTC)).total_seconds() + _MARGIN
        self._failures += 1
        self._jobs.add_once("retry", delay, self._work, "retry", self._run)

    def _settle_later(self, report: Report) -> None:
        """Come back later to the pages that their owners are writing now."""
        waiting = {
            vault.name
            for vault in report.vaults
            for failure in vault.failed
            if failure.code in WAITS
        }
        quiet = [
            vault.quiet.total_seconds() for vault in self._config.vaults if vault.name in waiting
        ]
        if quiet:
            self._jobs.add_once("settle", max(quiet) + _MARGIN, self._work, "settle", self._settle)


def _nothing() -> None:
    """Wake the main thread, which then looks at the signals."""


def _check_account(config: Config) -> None:
    """Raises TokenError, ConfigError where the service cannot begin.

    A `token_command` is left to the first run: it may have to wait for what starts later, and what
    it fails for may pass.
    """
    _check_address(config)
    if not config.readwise.token_command:
        read_token(config.readwise, os.environ)


def _check_address(config: Config) -> None:
    Client(config.readwise.api_url, _NO_TOKEN, Event())  # refuses an unsafe address


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes with the file; None where it is missing: an editor may be replacing it."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def run(config_option: str | None, *, verbose: bool, quiet: bool) -> int:
    """`syncd run`: serve until a signal ends it. Returns the exit status."""
    set_up(verbose=verbose, quiet=quiet)
    try:
        daemon = Daemon(settings.config_path(config_option))
    except SyncdError as error:
        _log.error("%s", error.message)
        return error.exit_status
    return daemon.serve()
