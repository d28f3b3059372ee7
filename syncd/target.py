"""One vault as a run sees it."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from syncd.config import Vault
from syncd.vault.graph import Graph


class Target(NamedTuple):
    """One vault as a run sees it.

    `remove`: whether upstream deletions are carried out; `patient`: whether a page is left alone that its owner is
    just writing.
    """

    id: int
    root: Path
    graph: Graph
    vault: Vault
    zone: tzinfo
    remove: bool
    patient: bool = False
