"""The pictures in the documents show pages as syncd writes them today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = sorted(path.name for path in (DOCS / "pictures").glob("*.svg"))


def test_the_pictures_are_what_the_script_draws_now(tmp_path: Path) -> None:
    """To the byte, wherever on earth and whoever draws them; else.

    `make pictures`, look at them, and commit them.
    """
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    env = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "TZ": "Pacific/Chatham", "LC_ALL": "C"}
    subprocess.run([sys.executable, DOCS / "pictures", drawn], env=env, check=True, timeout=60)
    assert sorted(path.name for path in drawn.iterdir()) == PICTURES
    for name in PICTURES:
        assert (drawn / name).read_bytes() == (DOCS / "pictures" / name).read_bytes(), name


def test_each_picture_is_small_whole_and_shown() -> None:
    """A vector graphic with a title that loads nothing, in the document on formats."""
    document = (DOCS / "formats.md").read_text(encoding="utf-8")
    for name in PICTURES:
        text = (DOCS / "pictures" / name).read_text(encoding="utf-8")
        svg = ElementTree.fromstring(text)
        assert svg[0].tag.endswith("title") and svg[0].text
        assert len(text.encode()) < 40_000
        assert "href" not in text and "url(" not in text
        assert f"](pictures/{name})" in document
