"""Draws the documentation's pictures anew: `python docs/pictures [FOLDER]`, by default this folder.

Each is of a page that syncd writes now. A test fails where a picture is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

import real_pages
import views


def pictures() -> dict[str, str]:
    """Each picture's file name, and what it holds."""
    return {
        "logseq.svg": views.view(real_pages.page(real_pages.TWEETS, "logseq")),
        "org.svg": views.view(real_pages.page(real_pages.ARTICLE, "org")),
        "obsidian.svg": views.view(real_pages.page(real_pages.TWEETS, "obsidian")),
        "chapters.svg": views.view(real_pages.chapters()),
        "merge.svg": views.change(real_pages.merge()),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent
    for name, svg in pictures().items():
        (folder / name).write_text(svg, encoding="utf-8")
