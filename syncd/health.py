"""Looks for what will hurt later: the token, the vaults, the limits of the machine, other tools in the same vault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

from syncd.config import Config, Vault, zone
from syncd.errors import SyncdError, VaultError
from syncd.session import client_of
from syncd.templates import form_of
from syncd.vault.graph import read_graph
from syncd.vault.names import is_conflict_copy
from syncd.vault.walk import walk
from syncd.vault.writer import check_space

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
            found += _vault(vault)
        except SyncdError as error:
            found.append(error)
    return found


def _vault(vault: Vault) -> Iterator[SyncdError]:
    form_of(vault, read_graph(vault.path, vault.format))
    zone(vault)
    check_space(vault.path)
    if not os.access(vault.path, os.W_OK | os.X_OK):
        yield VaultError(f"{vault.path} cannot be written; let syncd's user write there")
    folders = set()
    lost: dict[str, str] = {}
    for path, _ in walk(vault.path, lost):
        folders.add(path.rpartition("/")[0])
        if is_conflict_copy(path.rpartition("/")[2]):
            yield SyncdError(f"{vault.path / path} is a conflict copy; merge it by hand and delete it")
    for path, reason in lost.items():
        yield SyncdError(f"{vault.path / path}: {reason}")
    with suppress(OSError, ValueError):
        limit = int(_WATCHES.read_text())
        if len(folders) * 2 > limit:
            yield SyncdError(
                f"{vault.path} has {len(folders)} folders, but fs.inotify.max_user_watches is {limit}; raise it"
            )
