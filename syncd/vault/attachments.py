"""The folder in which a vault keeps copies of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from syncd.vault.graph import Graph
from syncd.vault.page_names import home_folder

_LOGSEQ = "assets/readwise"  # Logseq shows what lies below assets/, and looks nowhere else
_OBSIDIAN = "assets"


def picture_folder(root: Path, graph: Graph, namespace: str | None) -> str:
    """The folder for copies of pictures, as a path in the vault.

    In Obsidian it is the folder for attachments, by `attachmentFolderPath` in `.obsidian/app.json`.
    Where that is the vault itself (Obsidian's default), hidden or relative to each note (`./…`), it
    is a folder beside those of the categories.
    """
    if graph.format == "logseq":
        return _LOGSEQ
    levels = [level for level in _attachment_folder(root).split("/") if level]
    in_home = levels[:1] == ["."]
    if in_home:
        levels = levels[1:]
    if not levels or any(level.startswith(".") for level in levels):
        in_home, levels = True, [_OBSIDIAN]
    base = home_folder(graph, namespace) if in_home else ""
    return "/".join(filter(None, [base, *levels]))


def _attachment_folder(root: Path) -> str:
    """What Obsidian's settings say; "" where they say nothing that can be understood."""
    try:
        data = (root / ".obsidian" / "app.json").read_bytes()
        found = msgspec.json.decode(data, type=dict[str, Any]).get("attachmentFolderPath")
    except (OSError, msgspec.MsgspecError):
        return ""
    return found if isinstance(found, str) else ""
