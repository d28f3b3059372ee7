"""A run with all that it needs: the locks, the token, the state, and its place in the run history."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from syncd import config as configuration
from syncd.config import Config
from syncd.errors import SyncdError
from syncd.lock import locked
from syncd.mirror import db as state
from syncd.mirror import runs
from syncd.preview import Preview
from syncd.readwise.client import Client
from syncd.report import Report
from syncd.sync import Progress, Wishes, run
from syncd.token import read_token


def sync_once(config: Config, wishes: Wishes, stop: Event, progress: Progress) -> Report:
    """One run, kept in the run history. Raises what `run` raises, LockedError, TokenError, ConfigError."""
    folder = configuration.state_dir(config)
    with locked([folder, *(vault.path for vault in config.vaults)], stop), closing(state.open_state(folder)) as db:
        started = datetime.now(UTC)
        try:
            report = run(db, config, _client(config, stop), stop, wishes, progress=progress)
        except SyncdError as error:
            runs.record(db, started, Report(code=error.exit_status, message=error.message))
            raise
        runs.record(db, started, report)
        return report


def rehearse(config: Config, wishes: Wishes, stop: Event, show: Callable[[str], None]) -> Report:
    """What `sync_once` would do, as diffs to `show`: on a copy of the state, and nothing is written."""
    folder = configuration.state_dir(config)
    with (
        tempfile.TemporaryDirectory(prefix="syncd-") as scratch,
        locked([folder, *(vault.path for vault in config.vaults)], stop),
        closing(state.open_state(folder)) as db,
        closing(state.copy(db, Path(scratch))) as copy,
    ):
        return run(copy, config, _client(config, stop), stop, wishes, writer=lambda root: Preview(root, show))


def _client(config: Config, stop: Event) -> Client:
    return Client(config.readwise.api_url, read_token(config.readwise, os.environ), stop)
