"""The pages in the documents are those that syncd writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import TRIPLE_LOWBAR, MakeWorld

from syncd.sandbox.library import Library

DOCUMENT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("edn", [TRIPLE_LOWBAR, None], ids=["logseq", "obsidian"])
def test_each_page_that_the_document_shows_is_real(make_world: MakeWorld, edn: str | None) -> None:
    """Under its path, byte for byte; in Obsidian the Base too."""
    world = make_world(Library.load(), edn=edn)
    world.sync()
    shown = dict(re.findall(r"^`([^`\n]+\.md)`\n\n```markdown\n(.*?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL))
    pages = world.pages()
    assert len(shown) == 2
    assert [pages[path] == text for path, text in shown.items() if path in pages] == [True]
    if edn is None:
        assert f"```yaml\n{world.read('Readwise/Readwise.base')}```\n" in DOCUMENT
