"""Where a vault keeps its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from syncd.vault.graph import Graph
from syncd.vault.page_names import home_folder

_LOGSEQ = "assets/readwise"  # Logseq shows what lies below assets/, and looks nowhere else
_OBSIDIAN = "assets"


def picture_folder(root: Path, graph: Graph, namespace: str | None) -> str:
    """The folder, in the vault, for copies of pictures.

    In Obsidian it is the one for attachments, by `attachmentFolderPath` in `.obsidian/app.json`.
    Where that is the vault itself (Obsidian's default) or relative to each note (`./…`), it is one
    beside the categories' folders.
    """
    if graph.format == "logseq":
        return _LOGSEQ
    levels = [level for level in _configured(root).split("/") if level]
    beside = levels[:1] == ["."]
    levels = levels[1:] if beside else levels
    if not levels or any(level.startswith(".") for level in levels):
        beside, levels = True, [_OBSIDIAN]
    return "/".join(filter(None, [home_folder(graph, namespace) if beside else "", *levels]))


def _configured(root: Path) -> str:
    try:
        data = (root / ".obsidian" / "app.json").read_bytes()
        found = msgspec.json.decode(data, type=dict[str, Any]).get("attachmentFolderPath")
    except (OSError, msgspec.MsgspecError):
        return ""
    return found if isinstance(found, str) else ""
