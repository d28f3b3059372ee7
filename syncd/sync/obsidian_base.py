"""The Base that lists a vault's documents (Obsidian): made with the first note, then its owner's.

A Base is YAML; its syntax, and what its filters may ask, is Obsidian's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from syncd.errors import DocumentError
from syncd.page.front_matter import scalar
from syncd.state import vaults
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import base_path
from syncd.vault.read import PageChanged

_NOTES = 'file.ext == "md"'
_COLUMNS = ("file.name", "author", "category", "url", "tags")


def base_text(folder: str) -> str:
    """A table of the notes in `folder` and below it.

    Of all documents' notes where that is the vault itself ("").
    """
    among = (
        f"file.inFolder({json.dumps(folder, ensure_ascii=False)})"
        if folder
        else 'file.hasProperty("readwise")'
    )
    return "\n".join(
        [
            "filters:",
            "  and:",
            f"    - {scalar(among)}",
            f"    - {scalar(_NOTES)}",
            "views:",
            "  - type: table",
            "    name: Documents",
            "    order:",
            *(f"      - {column}" for column in _COLUMNS),
            "",
        ]
    )


def make_base(run: VaultRun, *, again: bool = False) -> None:
    """Make the vault's Base where that was never done; `again`: where it was tried and failed.

    One that is there already is its owner's, and so is the wish to have none. A failure is a
    warning: the notes do not need it.
    """
    path = base_path(run.graph, run.vault.namespace)
    if path is None or vaults.base_file(run.db, run.id) != ("wanted" if again else None):
        return
    made = os.path.lexists(run.root / path)
    if not made:
        try:
            run.writer.write(Path(path), base_text(path.rpartition("/")[0]).encode(), None)
            made = True
        except (DocumentError, PageChanged) as error:
            run.report.warnings.append(str(error))
    vaults.note_base_file(run.db, run.id, "made" if made else "wanted")
