"""A run with all that it needs.

The locks, the token, the state, and its place in the run history.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import msgspec

from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.token import read_token
from syncd.errors import StateError, SyncdError, ThrottledError
from syncd.progress import Progress, silent, tell_wait
from syncd.readwise.client import Client
from syncd.report import Report, VaultReport
from syncd.state import account, pending, runs
from syncd.state import schema as state
from syncd.sync.index_vault import index_vault
from syncd.sync.lock import locked
from syncd.sync.run import run
from syncd.sync.vault_run import RunOptions, RunTools, open_vault

_log = logging.getLogger(__name__)


@contextmanager
def opened(
    config: Config, stop: Event, progress: Progress = silent
) -> Iterator[sqlite3.Connection]:
    """The state, with the locks on it and on the vaults held.

    Raises LockedError, ConfigError, StateError, Stopped.
    """
    folder = settings.state_dir(config)
    with (
        locked([folder, *(vault.path for vault in config.vaults)], stop, progress=progress),
        state.opened(folder) as db,
    ):
        yield db


def sync_once(
    config: Config,
    options: RunOptions,
    stop: Event,
    progress: Progress,
    env: Mapping[str, str] = os.environ,
) -> Report:
    """One run, kept in the run history; `env` is where the token may be.

    A damaged state is made anew. Raises what `run` and `opened` raise, TokenError.
    """
    try:
        return _sync_once(config, options, stop, progress, env)
    except StateError as error:
        if error.code != "state-damaged":
            raise
        _log.warning("%s", error)
        return _sync_once(config, options, stop, progress, env)


def _sync_once(
    config: Config, options: RunOptions, stop: Event, progress: Progress, env: Mapping[str, str]
) -> Report:
    with opened(config, stop, progress) as db:
        started = datetime.now(UTC)
        if options.fetch:
            await_pause(db, config)
        try:
            client = client_of(config, stop, env, progress) if options.fetch else None
            report = run(db, config, client, stop, options, progress=progress)
        except SyncdError as error:
            if isinstance(error, ThrottledError):
                account.set_pause(db, config.readwise.api_url, error.until)
            runs.record(db, started, Report(code=error.exit_status, message=error.message))
            raise
        if options.fetch or not report.code or any(vault.changed for vault in report.vaults):
            runs.record(db, started, report)
        return report


def await_pause(db: sqlite3.Connection, config: Config) -> None:
    """Raises ThrottledError where Readwise asked for a pause that is not over."""
    until = account.pause(db, config.readwise.api_url)
    if until is not None:
        raise ThrottledError(until)


def look(config: Config, name: str, stop: Event) -> VaultReport:
    """Bring the index of the vault `name` up to its folder.

    Raises VaultError, ConfigError, what `opened` raises.
    """
    report = VaultReport(name)
    (vault,) = (vault for vault in config.vaults if vault.name == name)
    with opened(msgspec.structs.replace(config, vaults=(vault,)), stop) as db:
        index_vault(open_vault(db, vault, RunOptions(), RunTools(stop), report))
    return report


@contextmanager
def copied(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A copy of the state, gone after the body."""
    import tempfile

    with (
        tempfile.TemporaryDirectory(prefix="syncd-") as scratch,
        state.copied(db, Path(scratch)) as copy,
    ):
        yield copy


def unfinished_aside(db: sqlite3.Connection) -> AbstractContextManager[sqlite3.Connection]:
    """The state for what fetches and writes no page; a copy of it where a killed run wrote one.

    That page is compared with the account as it was, by the next run that writes.
    """
    return copied(db) if pending.is_any_begun(db) else nullcontext(db)


def client_of(
    config: Config,
    stop: Event,
    env: Mapping[str, str] = os.environ,
    progress: Progress = silent,
) -> Client:
    """A conversation with Readwise. Raises TokenError, ConfigError."""
    token = read_token(config.readwise, env)

    def on_wait(reason: str, seconds: float) -> None:
        tell_wait(progress, f"Readwise: {reason.removeprefix('Readwise ')}", seconds)

    return Client(config.readwise.api_url, token, stop, on_wait=on_wait)
