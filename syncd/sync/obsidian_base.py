"""The Base that lists a vault's documents.

Made with the first note that syncd makes, and then its owner's.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import DocumentError
from syncd.formats.obsidian_base import base
from syncd.report import VaultReport
from syncd.state import ledger
from syncd.sync.vault_run import Target
from syncd.vault.page_names import base_path
from syncd.vault.read import PageChanged

if TYPE_CHECKING:
    from syncd.sync.apply import PageWriter


def make_base(
    db: sqlite3.Connection,
    target: Target,
    writer: PageWriter,
    report: VaultReport,
    *,
    again: bool = False,
) -> None:
    """Make the vault's Base where that was never done; `again`: where it was tried and failed.

    One that is there already is its owner's, and so is the wish to have none. A failure is a
    warning: the notes do not need it.
    """
    path = base_path(target.graph, target.vault.namespace)
    if path is None or ledger.base_file(db, target.id) != ("wanted" if again else None):
        return
    made = os.path.lexists(target.root / path)
    if not made:
        try:
            writer.write(Path(path), base(path.rpartition("/")[0]).encode(), None)
            made = True
        except (DocumentError, PageChanged) as error:
            report.warnings.append(str(error))
    ledger.note_base_file(db, target.id, "made" if made else "wanted")
