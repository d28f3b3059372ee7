"""Chapter headings of hostile words, as Logseq's own parser reads them."""

from __future__ import annotations

from datetime import UTC

import pytest

from syncd.formats.format import LOGSEQ, ORG, Format
from syncd.model import Document, Highlight
from tests.support import hostile, logseq_oracle, logseq_parser, mldoc_tree, org_oracle

LIVE = {"md": logseq_oracle._LIVE, "org": org_oracle.LIVE}
TEXTS = hostile.texts(11, 300)


def page(form: Format, text: str) -> str:
    """A page of one heading, and a block behind it."""
    item = Highlight(7, text, ".h2", "https://x.com/example_a_/status/123")
    lines = form.highlight(Document(1), item, UTC).lines(syntax=form.syntax)
    return "\n".join([*lines, *form.syntax.bullet(["the end"], "")])


@pytest.mark.needs("logseq-parser")
@pytest.mark.parametrize("form", [LOGSEQ, ORG], ids=["markdown", "org"])
def test_a_heading_is_one_of_its_level_and_nothing_in_it_acts(form: Format) -> None:
    """Whatever it says; its block ends where it ends."""
    extension = form.extension.removeprefix(".")
    texts = [page(form, text) for text in TEXTS]
    found = logseq_parser.pages(texts, extension)
    trees = logseq_parser.syntax(texts, "Markdown" if extension == "md" else "Org")
    for text, read, tree in zip(texts, found, trees, strict=True):
        first, last = read["blocks"]
        said = first.get("properties", {})
        assert (last["content"], read["blockCount"]) == ("the end", 2), text
        assert str(first.get("heading", said.pop("heading", None))) == "2", text
        assert not said, text
        assert not list(mldoc_tree.alive(tree, LIVE[extension] - {"Property_Drawer"})), text
