"""The account as JSON, CSV and Markdown, from values."""

from __future__ import annotations

import csv
import json
from datetime import UTC
from io import StringIO

from markdown_it import MarkdownIt

from syncd.formats.export import as_csv, as_json, as_markdown
from syncd.model import Document, Highlight, Tag

BOOK = Document(
    id=7,
    title="Das Buch <b>, [das](https://example.org/x)\nEule heißt",
    author="Ada Eule, ابن الليل",
    asin="B0EULE",
    source_url="https://example.org/a?b=1&c=(2)",
    tags=(Tag("夜"),),
    highlights=(
        Highlight(
            id=1,
            text='=SUM(1) "sagt" er,\n梟は夜に飛ぶ',
            note="@jemand\n# kein Titel",
            location=12,
            location_type="page",
            color="yellow",
            highlighted_at="2024-05-05T10:00:00.123Z",
            tags=(Tag("eins"), Tag("zwei")),
        ),
        Highlight(id=2),
    ),
)


def test_json_is_one_array_of_documents_as_readwise_names_them() -> None:
    """Also of none."""
    (book, other) = json.loads("".join(as_json([BOOK, Document(id=8)])))
    assert (book["user_book_id"], other["user_book_id"]) == (7, 8)
    assert book["highlights"][0]["text"] == BOOK.highlights[0].text
    assert book["book_tags"] == [{"name": "夜"}]
    assert json.loads("".join(as_json([]))) == []


def test_csv_has_the_texts_as_they_are_under_readwises_own_names() -> None:
    """A line for each highlight; no mark is put before what a spreadsheet may take for a sum."""
    rows = list(csv.DictReader(StringIO("".join(as_csv([BOOK])), newline="")))
    assert rows[0] == {
        "Highlight": '=SUM(1) "sagt" er,\n梟は夜に飛ぶ',
        "Book Title": BOOK.title,
        "Book Author": "Ada Eule, ابن الليل",
        "Amazon Book ID": "B0EULE",
        "Note": "@jemand\n# kein Titel",
        "Color": "yellow",
        "Tags": "eins,zwei",
        "Location Type": "page",
        "Location": "12",
        "Highlighted at": "2024-05-05 10:00:00+00:00",
        "Document tags": "夜",
    }
    assert (rows[1]["Highlight"], rows[1]["Highlighted at"], len(rows)) == ("", "", 2)


def test_markdown_has_a_chapter_for_each_document_and_inert_texts() -> None:
    """No title in a note, no link or HTML in a title: by a parser that is not ours."""
    text = "".join(
        as_markdown([BOOK, Document(id=8, highlights=(Highlight(id=3, text="x"),))], UTC)
    )
    tokens = MarkdownIt().parse(text)
    heads = [tokens[n + 1] for n, one in enumerate(tokens) if one.type == "heading_open"]
    assert [head.content.replace("\\", "") for head in heads] == [
        "Das Buch <b>, [das](https://example.org/x) Eule heißt",
        "8",
    ]
    inside = {one.type for head in heads for one in head.children or ()}
    assert inside <= {"text", "text_special"}
    said = [child.content for one in tokens for child in one.children or ()]
    assert {'=SUM(1) "sagt" er,', "# kein Titel", "Ada Eule, ابن الليل · "} <= set(said)
