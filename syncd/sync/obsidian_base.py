"""The Base that lists a vault's documents (Obsidian): made with the first note, then its owner's.

A Base is YAML; its syntax, and what its filters may ask, is Obsidian's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from syncd.errors import DocumentError
from syncd.page.front_matter import scalar
from syncd.state import vaults
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import base_path
from syncd.vault.read import PageChanged

_NOTES = 'file.ext == "md"'
_COLUMNS = ("file.name", "author", "category", "highlights", "last-highlighted", "url", "tags")
_ON_CARDS = ("file.name", "author", "highlights", "last-highlighted")
_CATEGORIES = ("tweets", "books", "articles", "podcasts")
_OF_NOTES = ("file.name", "document", "date", "location", "tags")


def base_text(folder: str, *, notes: bool = False) -> str:
    """Views of the notes in `folder` and below it, newest first.

    As cards with their covers, as a table that counts their highlights, by author, and one for each
    category. Of all documents' notes where the folder is the vault itself (""). With `notes` of
    highlights these have a table of their own.
    """
    everywhere = 'file.hasProperty("readwise")'
    everywhere += ' || file.hasProperty("highlight")' if notes else ""
    among = f"file.inFolder({json.dumps(folder, ensure_ascii=False)})" if folder else everywhere
    documents = _only('file.hasProperty("category")') if notes else []
    counted = ["    summaries:", "      highlights: Sum"]
    by_author = ["    groupBy:", "      property: author", "      direction: ASC"]
    lines = ["filters:", "  and:", f"    - {scalar(among)}", f"    - {scalar(_NOTES)}", "views:"]
    lines += _view("cards", "Covers", _ON_CARDS, [*documents, "    image: note.cover"])
    lines += _view("table", "Documents", _COLUMNS, [*documents, *counted])
    lines += _view("table", "Authors", _COLUMNS, [*documents, *by_author, *counted])
    for category in _CATEGORIES:
        chosen = _only(f'category == "{category}"')
        lines += _view("table", category.capitalize(), _COLUMNS, [*chosen, *counted])
    if notes:
        chosen = _only('file.hasProperty("highlight")')
        lines += _view("table", "Highlights", _OF_NOTES, chosen, newest="date")
    return "\n".join([*lines, ""])


def _only(condition: str) -> list[str]:
    """The lines of a view that has only the notes of which this holds."""
    return ["    filters:", "      and:", f"        - {scalar(condition)}"]


def _view(
    kind: str,
    name: str,
    columns: Sequence[str],
    more: Sequence[str],
    newest: str = "last-highlighted",
) -> list[str]:
    """The lines of a view, the newest first by this property."""
    order = [f"      - {column}" for column in columns]
    sort = ["    sort:", f"      - property: {newest}", "        direction: DESC"]
    return [f"  - type: {kind}", f"    name: {name}", *more, "    order:", *order, *sort]


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
            text = base_text(path.rpartition("/")[0], notes=run.vault.layout != "page")
            run.writer.write(Path(path), text.encode(), None)
            made = True
        except (DocumentError, PageChanged) as error:
            run.report.warnings.append(str(error))
    vaults.note_base_file(run.db, run.id, "made" if made else "wanted")
