"""The service: runs by the schedule, follows the vaults, obeys signals, until it is told to end.

Three kinds of threads: watchdog's tell that something changed, APScheduler's single worker does all
the work, and this one decides. What happens reaches it as calls in a queue, so that all decisions
are made one after the other.
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
from types import FrameType
from typing import Any

from tzlocal import get_localzone

from syncd.config import settings
from syncd.config.settings import Config
from syncd.errors import ConfigError, LockedError, Stopped, SyncdError, TokenError
from syncd.readwise.client import Client
from syncd.report import WAITS, Report, VaultReport
from syncd.service.heartbeat import Pulse
from syncd.service.log import set_up
from syncd.service.notify import notify, reloading, watchdog_seconds
from syncd.service.problem_log import Teller
from syncd.service.schedule import Timetable, trigger
from syncd.service.status_file import Beacon, Sign
from syncd.service.watch import Watch
from syncd.sync.session import client_of, look, sync_once
from syncd.sync.vault_format import vault_format
from syncd.sync.vault_run import RunOptions
from syncd.vault.graph import read_graph

_log = logging.getLogger("syncd.service")

_TICK = (
    10.0  # seconds between two looks at the clock, the configuration file and the vaults' folders
)
_FIRST_RETRY, _LAST_RETRY = 60.0, 1800.0  # seconds
_REJECTED = 3600.0  # seconds between two tries with a token that Readwise does not take
_PATIENCE = 1.5  # seconds for the work in hand when the service is told to end
_MARGIN = 0.2  # seconds
_NO_TOKEN = "none"  # noqa: S105  # nothing is asked with it


class Daemon:
    """The service for the configuration at `path`.

    Raises what keeps it from starting: ConfigError, TokenError, LockedError, StateError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _stamp(path)
        self._config = settings.load(path)
        self._folder = settings.state_dir(self._config)
        self._mail: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pulse = Pulse()
        client_of(self._config, self._pulse)
        self._started = datetime.now(UTC)
        self._times = Timetable(self._deliver(self._done), self._deliver(self._missed))
        self._schedule(self._config)
        self._beacon = Beacon(self._folder)
        self._teller = Teller(_log)
        self._watches: dict[str, Watch] = {}
        self._busy, self._busy_since = "", self._started
        self._again: set[str] = set()
        self._failures = 0
        self._rejected = False
        self._ending = False
        self._ticked = 0.0
        self._last, self._shown = "no run yet", ""
        self._watchdog = watchdog_seconds()

    # --- the loop ---------------------------------------------------------------------------------

    def serve(self) -> int:
        """Run until SIGTERM or SIGINT; returns the exit status."""
        faulthandler.enable()  # where it hung, when systemd's watchdog aborts it
        actions = {
            signal.SIGTERM: self._end, signal.SIGINT: self._end,
            signal.SIGHUP: self._reload, signal.SIGUSR1: self._run_now,
        }  # fmt: skip

        def on_signal(number: int, _frame: FrameType | None) -> None:
            self._mail.put(actions[signal.Signals(number)])  # the one thing that is safe here

        for number in actions:
            signal.signal(number, on_signal)
        self._times.start()
        self._check_vaults()
        self._watch()
        self._run_now()
        notify("READY=1")
        _log.info("started for %s", ", ".join(vault.name for vault in self._config.vaults))
        while not self._ending:
            self._step(self._until_next())
        return self._finish()

    def _step(self, seconds: float) -> None:
        with suppress(Empty):
            self._mail.get(timeout=seconds)()
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
        self._times.look()
        for watch in self._watches.values():
            watch.check()
        if _stamp(self._path) not in (self._file, None):
            self._reload()
        self._show()

    def _silence(self) -> float:
        """For how many seconds the work shows no life.

        That in hand, or that which is due and does not begin.
        """
        return self._pulse.silence if self._busy else self._times.late_by()

    def _deliver(self, handle: Callable[..., None]) -> Callable[..., None]:
        """What calls `handle` in this thread when it is called in another."""
        return lambda *values: self._mail.put(partial(handle, *values))

    def _show(self) -> None:
        names = ("retry", "now") if self._rejected else ("run", "retry", "now", "settle")
        following = self._times.next_of(*names)
        watching = {name: watch.how for name, watch in self._watches.items()}
        busy = self._busy_since if self._busy else None
        subjects = {"": "run"} | {name: f"vault {name}" for name in watching}
        trouble = {
            name: one
            for name, subject in subjects.items()
            if (one := self._teller.trouble(subject))
        }
        self._beacon.show(
            Sign(os.getpid(), self._started, busy, following, None, watching, trouble)
        )
        then = f"; next {following.astimezone():%H:%M}" if following else ""
        status = (
            (f"at work since {busy.astimezone():%H:%M:%S}; " if busy else "") + self._last + then
        )
        if status != self._shown:
            self._shown = status
            notify(f"STATUS={status}")

    # --- signals ----------------------------------------------------------------------------------

    def _end(self) -> None:
        self._ending = True
        self._pulse.set()

    def _finish(self) -> int:
        notify("STOPPING=1", "STATUS=stopping")
        _log.info("stopping")
        self._times.stop()
        until = time.monotonic() + _PATIENCE
        while self._busy and (left := until - time.monotonic()) > 0:
            with suppress(Empty):
                self._mail.get(timeout=min(left, 0.1))
        self._beacon.show(Sign(os.getpid(), self._started, None, None, datetime.now(UTC)))
        if self._busy:
            _log.warning(
                "the work in hand does not end; what is written is whole, and the next run goes on from there"
            )
            os._exit(0)  # the worker may be stuck in the kernel, and nothing depends on its end
        self._beacon.close()
        return 0

    def _reload(self) -> None:
        reloading()
        self._file = _stamp(self._path)
        try:
            config = settings.load(self._path)
            if settings.state_dir(config) != self._folder:
                raise ConfigError("another state_dir is taken over only by a restart")
            Client(
                config.readwise.api_url, _NO_TOKEN, self._pulse
            )  # refuses an address that is not safe
            self._schedule(config)
        except SyncdError as error:
            _log.error("%s (the configuration in force stays)", error.message)
        else:
            self._config = config
            self._watch()
            _log.info("configuration read again")
            self._run_now()
        notify("READY=1")
        self._show()

    def _run_now(self) -> None:
        self._times.soon("now", 0, self._work, "now", self._run)

    # --- the timetable ----------------------------------------------------------------------------

    def _schedule(self, config: Config) -> None:
        self._times.put(
            "run",
            trigger(config.schedule, self._started, get_localzone()),
            self._work,
            "run",
            self._run,
        )

    def _check_vaults(self) -> None:
        """Say at once what is wrong with them.

        A vault may come back, so that it does not keep the service away.
        """
        for vault in self._config.vaults:
            try:
                vault_format(vault, read_graph(vault.path, vault.format))
            except SyncdError as error:
                self._teller.error(f"vault {vault.name}", error)

    def _watch(self) -> None:
        for watch in self._watches.values():
            watch.end()
        self._watches = {
            vault.name: Watch(
                vault, self._times, self._look, self._deliver(self._show), self._teller
            )
            for vault in self._config.vaults
        }

    # --- in the worker thread ---------------------------------------------------------------------

    def _work(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a job; what it raises is returned."""
        if self._ending or (name == "run" and self._rejected):
            return Stopped("not now")
        self._pulse.beaten = time.monotonic()
        self._busy, self._busy_since = name, datetime.now(UTC)
        self._mail.put(self._show)
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # no run ends the service
            return error
        finally:
            self._busy = ""

    def _run(self) -> Report:
        return sync_once(self._config, RunOptions(patient=True), self._pulse, _silent)

    def _settle(self) -> Report:
        return sync_once(self._config, RunOptions(patient=True, fetch=False), self._pulse, _silent)

    def _look(self, vault: str) -> Any:
        return self._work(f"look:{vault}", partial(look, self._config, vault, self._pulse))

    # --- what came of it --------------------------------------------------------------------------

    def _missed(self, name: str) -> None:
        """A job came due while it was being done: do it again afterwards."""
        if self._busy:
            self._again.add(name)
        else:
            self._begin_again(name)

    def _begin_again(self, name: str) -> None:
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
            self._begin_again(one)
        self._show()

    def _looked(self, watch: Watch, result: Any) -> None:
        name = watch.vault.name
        if isinstance(result, LockedError):  # by a `sync` whose own look may have come too early
            watch.debounce.touch(time.monotonic())
        elif isinstance(result, VaultReport):
            self._teller.warnings(result)
            if self._teller.trouble(
                f"vault {name}"
            ):  # what ended there may go on now, which the writing shows
                self._times.soon("settle", 0, self._work, "settle", self._settle)
        else:
            self._teller.error(f"vault {name}", result)

    def _ran(self, kind: str, result: Any) -> None:
        now = datetime.now().strftime("%H:%M")  # noqa: DTZ005  # for people
        if isinstance(result, Report):
            if kind != "settle" or self._teller.trouble("run") is None:
                self._last = f"last run {now}: {result.message}"
            self._teller.run(result, asked=kind != "settle")
            self._settle_later(result)
            if kind != "settle":
                self._rejected, self._failures = False, 0
                self._times.drop("retry")
            return
        self._teller.error("settle" if kind == "settle" else "run", result)
        if kind == "settle":
            self._times.soon("settle", _FIRST_RETRY, self._work, "settle", self._settle)
            return
        self._last = f"last run {now} failed: {result}"
        self._rejected = isinstance(result, TokenError)
        delay = _REJECTED if self._rejected else min(_LAST_RETRY, _FIRST_RETRY * 2**self._failures)
        self._failures += 1
        self._times.soon("retry", delay, self._work, "retry", self._run)

    def _settle_later(self, report: Report) -> None:
        """Come back to the pages that their owners were just writing."""
        waiting = [
            one.name
            for one in report.vaults
            if any(failure.code in WAITS for failure in one.failed)
        ]
        quiet = [
            vault.quiet.total_seconds() for vault in self._config.vaults if vault.name in waiting
        ]
        if quiet:
            self._times.soon("settle", max(quiet) + _MARGIN, self._work, "settle", self._settle)


def _silent(_what: str, _done: int, _total: int | None) -> None:
    """A service shows no progress."""


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where it is not there: an editor may be replacing it."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def run(config_option: str | None, *, verbose: bool, quiet: bool) -> int:
    """What `syncd run` does. Returns the exit status."""
    set_up(verbose=verbose, quiet=quiet)
    try:
        daemon = Daemon(settings.config_path(config_option))
    except SyncdError as error:
        _log.error("%s", error.message)  # its traceback says nothing
        return error.exit_status
    return daemon.serve()
