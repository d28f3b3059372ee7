"""The pages in the documents are those that syncd writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncd.sandbox.library import Library
from tests.support.world import TRIPLE_LOWBAR, MakeWorld

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "formats.md").read_text(encoding="utf-8")
ORG = '{:file/name-format :triple-lowbar :preferred-format "Org"}\n'


@pytest.mark.parametrize(
    ("edn", "layout"),
    [(TRIPLE_LOWBAR, "page"), (ORG, "page"), (None, "page"), (None, "note-per-highlight")],
    ids=["logseq", "org", "obsidian", "notes"],
)
def test_each_page_that_the_document_shows_is_real(
    make_world: MakeWorld, edn: str | None, layout: str
) -> None:
    """Under its path, byte for byte; in Obsidian the Base too, and what an index lists."""
    world = make_world(Library.load(), edn=edn, layout=layout)
    world.sync()
    shown = dict(
        re.findall(
            r"^`([^`\n]+)`\n\n```(?:markdown|org)\n(.*?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL
        )
    )
    assert len(shown) == 4
    assert [
        world.read(path) == text for path, text in shown.items() if (world.root / path).exists()
    ] == [True]
    if layout != "page":
        folder = "Readwise/Tweets/How To Fold A Map That H…"
        index = world.read(f"{folder}/How To Fold A Map That H….md")
        assert f"```markdown\n{index.rpartition('---')[2].strip()}\n```\n" in DOCUMENT
    elif edn is None:
        assert f"```yaml\n{world.read('Readwise/Readwise.base')}```\n" in DOCUMENT


def test_the_example_of_templates_writes_the_page_that_is_shown(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """Byte for byte, in a graph that has changed no setting; the hint for Obsidian holds too."""
    document = (DOCS / "templates.md").read_text(encoding="utf-8")
    templates = re.findall(
        r"^`templates/([^`\n]+)`\n\n```jinja\n(.*?)^```$", document, re.MULTILINE | re.DOTALL
    )
    (shown,) = re.findall(
        r"`(pages/[^`\n]+)`\n\n```markdown\n(.*?)\n```$", document, re.MULTILINE | re.DOTALL
    )
    for name, text in templates:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(templates) == 3
    world = make_world(Library.load(), template=tmp_path)
    world.sync()
    assert world.read(shown[0]) == shown[1]

    own = tmp_path / "highlight.j2"
    own.write_text(own.read_text(encoding="utf-8").replace("\n    ", "\n    - "), encoding="utf-8")
    vault = make_world(Library.load(), edn=None, template=tmp_path)
    vault.sync()
    assert "\n\t- Why I kept it: Thread\n" in vault.read(
        "Readwise/Tweets/How To Fold A Map That H….md"
    )
