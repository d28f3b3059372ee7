"""`syncd status`: how things stand, from the state alone, whether or not a service runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from syncd.commands.console import print_json
from syncd.commands.say import say
from syncd.config import settings
from syncd.config.settings import Config, Vault
from syncd.errors import StateError, Stopped
from syncd.page.names import is_conflict_copy
from syncd.report import (
    WAITS,
    Conflict,
    Failure,
    Gone,
    Report,
    VaultReport,
    conflict_copy_line,
    counted,
    deleted_lines,
    held_line,
    one_line,
    unplaced_line,
)
from syncd.service.status_file import ServiceStatus, read_service_status
from syncd.service.supervisor import supervisor_problems
from syncd.state import account, bases, pending, runs
from syncd.state.schema import open_to_read
from syncd.state.vaults import find_vault
from syncd.vault.scan import walk

_LATE = timedelta(minutes=5)  # a run that is overdue for longer does not come
_TOLD = timedelta(days=7)  # for which the owner's deletions are shown
_RUNS = 100  # runs looked through for the last that failed
_LONG = 10  # lines of one kind
_HANG = 10  # columns of the head of a line


class LastRun(msgspec.Struct):
    """A run: when (UTC), its exit status, what it brought in one sentence."""

    started: datetime
    ended: datetime
    code: int
    message: str


class VaultStatus(msgspec.Struct):
    """A vault: how many documents wait to be written, which failed and why, what is odd in it."""

    name: str
    path: str
    watching: str | None = None  # how the service notices the owner's edits, while it runs
    waiting: int = 0
    failed: list[Failure] = []
    conflicts: list[Conflict] = []
    unplaced: list[Conflict] = []  # what changed in Readwise and has no place on its page
    deleted: list[Gone] = []  # by the owner, in the last week
    held: list[Gone] = []  # gone, and nobody's doing: the vault is not whole
    conflict_copies: list[str] = []  # paths in the vault
    warnings: list[str] = []  # of the last run


class Status(msgspec.Struct):
    """How things stand now; times are UTC. `well` only where `problems` is empty."""

    well: bool
    running: bool
    pid: int | None
    since: datetime | None
    busy_since: datetime | None
    last_run: LastRun | None
    last_failure: LastRun | None
    next_run: datetime | None
    problems: list[str]
    vaults: list[VaultStatus]


def status(config_option: str | None, *, as_json: bool) -> int:
    """Print how things stand. Returns 0 only where all is well."""
    path = settings.config_path(config_option).absolute()
    found = current_status(settings.load(path))
    found.problems += supervisor_problems(path)
    found.well = not found.problems
    if as_json:
        print_json(found)
    else:
        for problem in _problem_lines(found):
            say(problem)
        for line in _lines(found, datetime.now(UTC)):
            say(line, hang=_HANG)
    return 0 if found.well else 1


# --- what is found --------------------------------------------------------------------------------


def current_status(config: Config) -> Status:
    """How the service, the last runs and the vaults stand. Raises ConfigError, StateError."""
    folder = settings.state_dir(config)
    sign, running = read_service_status(folder)
    history, vaults = _from_state(config, folder)
    idle = ServiceStatus(pid=0, started=datetime.now(UTC))  # as a service that has nothing to say
    service = sign if running and sign is not None else idle
    last = _last_run(history[:1])
    trouble = _trouble(service, last)
    for vault in vaults:
        vault.watching = service.watching.get(vault.name)
    problems = _service_problems(sign, running, last)
    problems += _run_problems(history, service, trouble.get(""))
    for vault in vaults:
        problems += _vault_problems(vault, running)
        problems += _new_trouble(vault, trouble.get(vault.name), problems)
        problems += _new_trouble(vault, service.unwatched.get(vault.name), problems)
    return Status(
        well=not problems,
        running=running,
        pid=service.pid if running else None,
        since=service.started if running else None,
        busy_since=service.busy_since,
        last_run=last,
        last_failure=_last_run(run for run in history if _has_failed(run.report)),
        next_run=service.next_run,
        problems=problems,
        vaults=vaults,
    )


def _from_state(config: Config, folder: Path) -> tuple[list[runs.Run], list[VaultStatus]]:
    """The last runs, the latest first, and the vaults, by the state in `folder`."""
    database = folder / "syncd.db"
    if not database.exists() or not database.stat().st_size:  # as where there was no room for it
        return [], [_vault_on_disk(vault, None) for vault in config.vaults]
    try:
        with closing(open_to_read(database)) as db:
            history = runs.latest(db, _RUNS)
            reports = {one.name: one for run in history[:1] for one in run.report.vaults}
            vaults = [_vault_on_disk(vault, reports.get(vault.name)) for vault in config.vaults]
            for vault in vaults:
                _add_from_state(db, vault)
    except sqlite3.Error as error:
        raise StateError(f"{database}: {error}; `syncd sync` says more") from error
    return history, vaults


def _vault_on_disk(vault: Vault, last: VaultReport | None) -> VaultStatus:
    """The vault with its conflict copies as they are now, and the last run's other warnings."""
    paths = [path for path, _ in walk(vault.path, {})]
    copies = [path for path in paths if is_conflict_copy(path.rpartition("/")[2])]
    warnings = last.warnings if last is not None else []
    others = [text for text in warnings if not text.startswith(tuple(copies))]
    return VaultStatus(vault.name, str(vault.path), conflict_copies=copies, warnings=others)


def _add_from_state(db: sqlite3.Connection, vault: VaultStatus) -> None:
    """Add what waits, failed and differs."""
    number = find_vault(db, vault.name)
    if number is None:
        return
    vault.failed = [
        Failure(document, account.title(db, document), code, message)
        for document, code, message in pending.failures(db, number)
        if code not in WAITS
    ]
    vault.waiting = pending.behind(db, number) - len(vault.failed)
    vault.failed += [
        Failure(document, title, "not-understood", reason)
        for document, title, reason in account.rejected(db)
    ]
    for one in bases.conflicts(db, number):
        for parts, told in ((one.differing, vault.conflicts), (one.unplaced, vault.unplaced)):
            if parts:
                told.append(Conflict(one.document, one.highlight, parts, one.page))
    lately = bases.absences(db, number, since=datetime.now(UTC) - _TOLD)
    vault.deleted = [one.gone for one in lately if one.verdict != "held"]
    vault.held = [one.gone for one in bases.absences(db, number, verdict="held")]


def _last_run(history: Iterable[runs.Run]) -> LastRun | None:
    """The first of these runs."""
    for run in history:
        return LastRun(run.started, run.ended, run.report.code, run.report.message)
    return None


def _has_failed(report: Report) -> bool:
    """Whether something went wrong; a page that waits for its owner is nothing wrong."""
    if report.code != 1:
        return report.code > 1
    failures = [failure for vault in report.vaults for failure in vault.failed]
    return not failures or any(failure.code not in WAITS for failure in failures)


def _last_error(history: list[runs.Run]) -> str | None:
    """What ended the last run that asked Readwise, or a later one, as a sentence; else None.

    A run without a request does not show that Readwise can be reached again. A run of status 1 was
    not ended: some documents failed, and each is named elsewhere.
    """
    for number, run in enumerate(history):
        report = run.report
        is_latest = number == 0
        if report.code > 1 and (is_latest or not report.vaults):
            how = "was" if report.code == Stopped.exit_status else "failed:"
            return f"the last run {how} {report.message}"
        if report.fetched.requests:
            break
    return None


def _trouble(service: ServiceStatus, last: LastRun | None) -> dict[str, str]:
    """What the service met since the last run, by vault; "" are the runs."""
    return {
        name: trouble.message
        for name, trouble in service.problems.items()
        if last is None or trouble.when > last.ended
    }


def _service_problems(sign: ServiceStatus | None, running: bool, last: LastRun | None) -> list[str]:
    if sign is None:
        return []
    if running:
        late = sign.next_run is not None and datetime.now(UTC) - sign.next_run > _LATE
        hangs = late and sign.busy_since is None
        return ["the next run is overdue: the service hangs; restart it"] if hangs else []
    if sign.stopped is None:
        how = "without a word (killed, or the machine went down)"
        return [f"the service ended {how}; start it again"]
    if last is not None and last.started > sign.stopped:
        return []  # who runs `sync` by another timer needs no service
    return ["the service was stopped, and nothing was synced since"]


def _run_problems(
    history: list[runs.Run], service: ServiceStatus, trouble: str | None
) -> Iterator[str]:
    if not history and service.busy_since is None:
        once, always = "`syncd sync` does it once", "`syncd service install` for good"
        yield f"nothing was synced yet; {once}, {always}"
    if ended := _last_error(history):
        yield ended
    elif trouble:
        yield f"the last run failed: {trouble}"


def _vault_problems(vault: VaultStatus, running: bool) -> Iterator[str]:
    if not Path(vault.path).is_dir():
        yield f"{vault.name}: {vault.path} is not there"
        return
    if vault.failed:
        yield f"{vault.name}: {counted(len(vault.failed), 'document')} failed"
    if vault.held:
        yield f"{vault.name}: {held_line(vault.held)}"
    if vault.waiting and not running:  # else the service comes back to them
        yield f"{vault.name}: {counted(vault.waiting, 'document')} not written yet"


def _new_trouble(vault: VaultStatus, text: str | None, problems: list[str]) -> list[str]:
    """The service's trouble with a vault that is there, where `problems` do not say it yet."""
    if not text or not Path(vault.path).is_dir() or any(text in problem for problem in problems):
        return []
    return [f"{vault.name}: {text.removeprefix(f'{vault.name}: ')}"]


# --- for people -----------------------------------------------------------------------------------


def _problem_lines(status: Status) -> Iterator[str]:
    """Whether all is well, and what is not."""
    if status.well:
        yield click.style("all is well", fg="green", bold=True)
    else:
        yield click.style("not all is well", fg="red", bold=True)
    for problem in status.problems:
        yield "  " + click.style(one_line(problem), fg="red")


def _lines(status: Status, now: datetime) -> Iterator[str]:
    """All else, with colours; `now` is what other times are compared with."""
    for head, text in _facts(status, now):
        yield f"{head:{_HANG}}{one_line(text)}"
    for vault in status.vaults:
        yield from _vault_lines(vault)


def _facts(status: Status, now: datetime) -> Iterator[tuple[str, str]]:
    """What is told of service and runs, each with its head."""
    if status.running and status.since is not None:
        yield "service", f"runs since {_when(status.since, now)} (pid {status.pid})"
    else:
        yield "service", "does not run"
    if status.busy_since is not None:
        yield "now", f"at work since {_when(status.busy_since, now)}"
    if status.last_run is not None:
        yield "last run", f"{_when(status.last_run.ended, now)}: {status.last_run.message}"
    if status.last_failure is not None and status.last_failure != status.last_run:
        yield "failed", f"{_when(status.last_failure.ended, now)}: {status.last_failure.message}"
    if status.next_run is not None:
        yield "next run", _when(status.next_run, now)


def _vault_lines(vault: VaultStatus) -> Iterator[str]:
    watched = f", watched ({vault.watching})" if vault.watching else ""
    yield f"{click.style(vault.name, bold=True)}  {vault.path}{watched}"
    yield from _list("red", "failed", map(str, vault.failed))
    if vault.waiting:
        yield f"  waits     {counted(vault.waiting, 'document')}"
    yield from _list("yellow", "differs", map(str, vault.conflicts))
    yield from _list("yellow", "no place", map(unplaced_line, vault.unplaced))
    yield from _list("yellow", "deleted", deleted_lines(vault.deleted))
    yield from _list("yellow", "copy", map(conflict_copy_line, vault.conflict_copies))
    yield from _list("yellow", "warning", vault.warnings)


def _list(colour: str, head: str, texts: Iterable[str]) -> Iterator[str]:
    """The first of the texts, each behind the head, and how many more there are."""
    found = list(texts)
    for text in found[:_LONG]:
        yield f"  {click.style(f'{head:9}', fg=colour)} {one_line(text)}"
    if len(found) > _LONG:
        yield f"  {head:9} and {len(found) - _LONG} more; --json names all"


def _when(moment: datetime, now: datetime) -> str:
    """A time in the system's zone, with how far off it is: "14:05 (in 20 min)"."""
    local = moment.astimezone()
    is_today = local.date() == now.astimezone().date()
    text = f"{local:%H:%M}" if is_today else f"{local:%Y-%m-%d %H:%M}"
    minutes = round((moment - now).total_seconds() / 60)
    if minutes == 0:
        return f"{text} (now)"
    distance = abs(minutes)
    span = f"{distance} min" if distance < 120 else f"{distance // 60} h"
    return f"{text} (in {span})" if minutes > 0 else f"{text} ({span} ago)"
