"""How things stand, for `syncd status`: read from the state alone, whether or not anything runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from syncd.config import settings as configuration
from syncd.config.settings import Config, Vault
from syncd.errors import StateError
from syncd.page.names import is_conflict_copy
from syncd.report import WAITS, Conflict, Failure, Report, VaultReport
from syncd.service.status_file import Sign, read_sign
from syncd.state import account, bases, pending, runs, vaults
from syncd.state.schema import open_to_read
from syncd.vault.scan import walk

_LATE = timedelta(minutes=5)  # a run that is overdue for longer does not come
_SHOWN = 100  # runs looked through for the last that failed


class LastRun(msgspec.Struct):
    """A run: when (UTC), its exit status, what it brought in one sentence."""

    started: datetime
    ended: datetime
    code: int
    message: str


class VaultStatus(msgspec.Struct):
    """A vault: how many documents wait to be written, which failed and why; what differs.

    What is odd.
    """

    name: str
    path: str
    watching: str | None = None
    waiting: int = 0
    failed: list[Failure] = []
    conflicts: list[Conflict] = []
    conflict_copies: list[str] = []
    warnings: list[str] = []


class Status(msgspec.Struct):
    """Everything at one look. `well` only where `problems` is empty."""

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


def look(config: Config) -> Status:
    """How the service, the last runs and the vaults stand. Raises ConfigError, StateError."""
    folder = configuration.state_dir(config)
    sign, running = read_sign(folder)
    history, vaults = _read(config, folder)
    past = [LastRun(run.started, run.ended, run.report.code, run.report.message) for run in history]
    if running and sign is not None:
        for vault in vaults:
            vault.watching = sign.watching.get(vault.name)
    service = sign if running else None
    busy = service is not None and service.busy_since is not None
    last = past[0] if past else None
    problems = _of_service(sign, running, last)
    if last is None and not busy:
        problems.append(
            "nothing was synced yet; `syncd sync` does it once, `syncd service install` for good"
        )
    known = service.trouble if service else {}
    trouble = {
        name: one.message for name, one in known.items() if last is None or one.when > last.ended
    }
    if message := _failure(history) or trouble.get(""):
        problems.append(f"the last run failed: {message}")
    for vault in vaults:
        problems += _of_vault(vault, running)
        text = trouble.get(vault.name)
        if text and Path(vault.path).is_dir() and not any(text in problem for problem in problems):
            problems.append(f"{vault.name}: {text.removeprefix(f'{vault.name}: ')}")
    return Status(
        well=not problems,
        running=running,
        pid=service.pid if service else None,
        since=service.started if service else None,
        busy_since=service.busy_since if service else None,
        last_run=last,
        last_failure=next(
            (past[number] for number, run in enumerate(history) if _has_failed(run.report)), None
        ),
        next_run=service.next_run if service else None,
        problems=problems,
        vaults=vaults,
    )


def _has_failed(report: Report) -> bool:
    """Whether something went wrong: a page that waits for its owner did not."""
    waits = [failure.code in WAITS for vault in report.vaults for failure in vault.failed]
    return report.code > 1 or (report.code == 1 and not (waits and all(waits)))


def _failure(history: list[runs.Run]) -> str | None:
    """What ended the last run.

    What was written later without asking Readwise does not mend that it was away.

    A run that ended at status 1 did not fail: some documents did, which are told one by one.
    """
    for number, run in enumerate(history):
        report = run.report
        if report.code > 1 and not (number and report.vaults):
            return report.message
        if report.fetched.requests:
            break
    return None


def _read(config: Config, folder: Path) -> tuple[list[runs.Run], list[VaultStatus]]:
    database = folder / "syncd.db"
    if not database.exists() or not database.stat().st_size:  # as where there was no room for it
        return [], [_vault(None, vault) for vault in config.vaults]
    try:
        with closing(open_to_read(database)) as db:
            past = runs.latest(db, _SHOWN)
            last = {vault.name: vault for run in past[:1] for vault in run.report.vaults}
            vaults = [_vault(db, vault, last.get(vault.name)) for vault in config.vaults]
    except sqlite3.Error as error:
        raise StateError(f"{database}: {error}; `syncd sync` says more") from error
    return past, vaults


def _vault(
    db: sqlite3.Connection | None, vault: Vault, last: VaultReport | None = None
) -> VaultStatus:
    status = VaultStatus(vault.name, str(vault.path))
    lost: dict[str, str] = {}
    status.conflict_copies = [
        p for p, _ in walk(vault.path, lost) if is_conflict_copy(p.rpartition("/")[2])
    ]
    if last is not None:
        status.warnings = [
            text for text in last.warnings if not text.startswith(tuple(status.conflict_copies))
        ]
    number = vaults.find_vault(db, vault.name) if db is not None else None
    if db is None or number is None:
        return status
    failures = pending.failures(db, number)
    status.failed = [
        Failure(id_, account.title(db, id_), *why) for id_, *why in failures if why[0] not in WAITS
    ]
    status.waiting = len(pending.waiting(db, number)) - len(status.failed)
    status.failed += [
        Failure(id_, title, "not-understood", why) for id_, title, why in account.rejected(db)
    ]
    status.conflicts = [
        Conflict(document, highlight, parts.split(","), page)
        for document, highlight, parts, page in bases.conflicts(db, number)
    ]
    return status


def _of_service(sign: Sign | None, running: bool, last: LastRun | None) -> list[str]:
    if running and sign is not None:
        late = sign.next_run is not None and datetime.now(UTC) - sign.next_run > _LATE
        return (
            ["the next run is overdue: the service hangs; restart it"]
            if late and sign.busy_since is None
            else []
        )
    if sign is None or (
        last is not None and last.started > (sign.stopped or sign.started) and sign.stopped
    ):
        return []  # whoever runs `sync` by another timer needs no service
    if sign.stopped is not None:
        return ["the service was stopped, and nothing was synced since"]
    return ["the service ended without a word (killed, or the machine went down); start it again"]


def _of_vault(vault: VaultStatus, running: bool) -> list[str]:
    if not Path(vault.path).is_dir():
        return [f"{vault.name}: {vault.path} is not there"]
    failed = len(vault.failed)
    waiting = vault.waiting
    problems = [f"{vault.name}: {failed} document{'s' * (failed != 1)} failed"] if failed else []
    if waiting and not running:  # else the service comes back to them
        problems.append(f"{vault.name}: {waiting} document{'s' * (waiting != 1)} not written yet")
    return problems


def status(config_option: str | None, *, as_json: bool) -> int:
    """Show how things stand. Returns 0 only where all is well."""
    found = look(configuration.load(configuration.config_path(config_option)))
    if as_json:
        import click

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        from syncd.commands.status_text import tell

        tell(found)
    return 0 if found.well else 1
