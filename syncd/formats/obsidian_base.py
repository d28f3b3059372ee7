"""The Obsidian Base that lists the documents' notes as a table. Pure: values in, text out.

A Base is YAML; its syntax, and what its filters may ask, is Obsidian's.
"""

from __future__ import annotations

import json

from syncd.page.front_matter import scalar

_NOTES = 'file.ext == "md"'
_COLUMNS = ("file.name", "author", "category", "url", "tags")


def base(folder: str) -> str:
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
