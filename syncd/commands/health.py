"""Looks for what will hurt later.

The token, the vaults, the limits of the machine, other tools in the same vault.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from threading import Event

from syncd.config import settings as configuration
from syncd.config.settings import Config, Vault, zone
from syncd.errors import ConfigError, StateError, SyncdError, VaultError
from syncd.page.names import is_conflict_copy
from syncd.state.schema import open_to_read
from syncd.sync.session import client_of
from syncd.sync.vault_format import vault_format
from syncd.vault.duplicate_titles import shared_titles
from syncd.vault.graph import Graph, read_graph
from syncd.vault.plugins import rivals
from syncd.vault.scan import walk
from syncd.vault.write import check_space

_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


def findings(config: Config, stop: Event) -> list[SyncdError]:
    """Everything that is wrong, each with its way out; nothing is changed."""
    found: list[SyncdError] = []
    try:
        client_of(config, stop).check_token()
    except SyncdError as error:
        found.append(error)
    for vault in config.vaults:
        try:
            found += _vault(config, vault)
        except SyncdError as error:
            found.append(error)
    return found


def _vault(config: Config, vault: Vault) -> Iterator[SyncdError]:
    graph = read_graph(vault.path, vault.format)
    vault_format(vault, graph)
    zone(vault)
    check_space(vault.path)
    if not os.access(vault.path, os.W_OK | os.X_OK):
        yield VaultError(f"{vault.path} cannot be written; let syncd's user write there")
    lost: dict[str, str] = {}
    files = list(walk(vault.path, lost))
    for path, _ in files:
        if is_conflict_copy(path.rpartition("/")[2]):
            yield SyncdError(
                f"{vault.path / path} is a conflict copy; merge it by hand and delete it"
            )
    yield from _titles(config, vault, graph, files, lost)
    for path, reason in lost.items():
        if not reason.startswith(os.strerror(errno.ENOENT)):  # gone meanwhile
            yield SyncdError(f"{vault.path / path}: {reason}")
    yield from rivals(vault.path, _home())
    folders = {path.rpartition("/")[0] for path, _ in files}
    with suppress(OSError, ValueError):
        limit = int(_WATCHES.read_text())
        if len(folders) * 2 > limit:
            yield SyncdError(
                f"{vault.path} has {len(folders)} folders, but fs.inotify.max_user_watches is {limit}; raise it"
            )


def _titles(
    config: Config,
    vault: Vault,
    graph: Graph,
    files: list[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> Iterator[SyncdError]:
    state = configuration.state_path(config) / "syncd.db"
    try:
        known = state.exists() and state.stat().st_size  # empty: as where there was no room for it
        with closing(open_to_read(state)) if known else nullcontext() as db:
            # a first run that is at work may have made the file, and no tables yet
            made = db is not None and db.execute("PRAGMA user_version").fetchone()[0]
            yield from shared_titles(db if made else None, vault, graph, files, lost)
    except ConfigError as error:
        yield error
    except (OSError, sqlite3.Error) as error:
        yield StateError(f"{state}: {error}; `syncd sync` says more")


def _home() -> Path | None:
    with suppress(RuntimeError):
        return Path.home()
    return None
