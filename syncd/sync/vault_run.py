"""One vault as a run sees it."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from syncd.config.settings import Vault
from syncd.formats.format import Format
from syncd.vault.graph import Graph


class Target(NamedTuple):
    """One vault as a run sees it.

    `form`: how its pages are written; `remove`: whether upstream deletions are carried out;
    `patient`: whether a page is left alone that its owner is just writing; `vacated`: where
    documents had their pages before this run found them moved.
    """

    id: int
    root: Path
    graph: Graph
    form: Format
    vault: Vault
    zone: tzinfo
    remove: bool
    patient: bool
    vacated: set[str]
