"""The whole account as one text: JSON, CSV, or Markdown to read. Pure, document by document.

JSON and CSV hold the texts as they came. In Markdown they are inert, as on a page.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo

import msgspec

from syncd.formats import obsidian
from syncd.formats.escape import link_target
from syncd.formats.obsidian_escape import obsidian_lines
from syncd.model import Document, Highlight
from syncd.page.dates import local_time

# The columns of Readwise's own export; it reads the same ones
_COLUMNS = (
    *("Highlight", "Book Title", "Book Author", "Amazon Book ID", "Note", "Color", "Tags"),
    *("Location Type", "Location", "Highlighted at", "Document tags"),
)


def as_json(documents: Iterable[Document]) -> Iterator[str]:
    """One array of documents with their highlights, named as in Readwise's interface."""
    before = "[\n"
    for document in documents:
        yield before + msgspec.json.encode(document).decode()
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def as_csv(documents: Iterable[Document]) -> Iterator[str]:
    """A line for each highlight, below one with the columns' names (RFC 4180)."""
    writer = csv.writer(_Echo())
    yield str(writer.writerow(_COLUMNS))
    for document in documents:
        for one in document.highlights:
            yield str(writer.writerow(_cells(document, one)))


def _cells(document: Document, one: Highlight) -> tuple[object, ...]:
    """What the columns say of a highlight; None is an empty cell."""
    moment = local_time(one.highlighted_at, UTC)
    return (
        *(one.text, document.title, document.author, document.asin, one.note, one.color),
        ",".join(one.tag_names),
        *(one.location_type, one.location, moment and moment.replace(microsecond=0)),
        ",".join(document.tag_names),
    )


def as_markdown(documents: Iterable[Document], zone: tzinfo) -> Iterator[str]:
    """A chapter for each document, in it a bullet for each highlight, with days in `zone`."""
    for document in documents:
        lines = [f"# {_inline(obsidian.full_title(document)) or document.id}", ""]
        about = list(filter(None, (_inline(document.author or ""), _source(document))))
        lines += [" · ".join(about), ""] if about else []
        for one in document.highlights:
            lines += obsidian.highlight(document, one, zone).lines(unit="  ")
        yield "\n".join([*lines, "", ""])


def _inline(text: str) -> str:
    return " ".join(" ".join(obsidian_lines(text, inline=True, plain=True)).split())


def _source(document: Document) -> str:
    address = link_target(document.source_url)
    return f"<{address}>" if address else ""
