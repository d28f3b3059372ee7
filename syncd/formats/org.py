"""A document as a page of a Logseq graph in Org. Pure: values in, lines out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from syncd.formats import logseq
from syncd.formats.companions import companions as companion_values
from syncd.formats.heading import one_line
from syncd.formats.metadata import Metadata
from syncd.formats.org_escape import org_lines, org_link, org_value
from syncd.formats.origin import place
from syncd.formats.style import USUAL, Style, block_properties
from syncd.model import Document, Highlight
from syncd.page import rendered as block
from syncd.page.action_tags import shown_of
from syncd.page.names import short_title
from syncd.page.rendered import Labels, Rendered

TAGS, NOTE = "*Tags*:", "*Note*:"
# Readwise's plugin writes Markdown into Org pages
LABELS = Labels((TAGS, block.TAGS), (NOTE, block.NOTE))


def header(document: Document, title: str, style: Style = USUAL) -> dict[str, list[str]]:
    """The entries of the page's drawer, each key with its one line; `title` is the page's title."""
    texts = {"summary": document.summary, "note": document.document_note}
    found = logseq.values(document, title, full_title(document))
    found |= {key: org_value(text or "") for key, text in texts.items() if key in style.properties}
    return {key: [f":{key}: {value}"] for key, value in found.items() if value}


def companions(
    document: Document, standing: Iterable[Highlight], zone: tzinfo, style: Style = USUAL
) -> dict[str, list[str]]:
    """The entries that go with what else is written, of those that their owner wants."""
    found = companion_values(document, standing, zone)
    return {key: [f":{key}: {value}"] for key, value in found.items() if key in style.properties}


def full_title(document: Document, style: Style = USUAL) -> str:  # noqa: ARG001  # as in Markdown
    """The value of the property that holds a document's whole title."""
    return org_value(document.title or "") or short_title("")


def said(document: Document, title: str, style: Style = USUAL) -> Metadata:  # noqa: ARG001
    """What `metadata` finds in the drawer that `header` makes."""
    return logseq.metadata_of(document, title, full_title(document))


def highlight(document: Document, item: Highlight, zone: tzinfo, style: Style = USUAL) -> Rendered:
    """The block of one highlight; its date is the day of `highlighted_at` in `zone`."""
    label, url = place(document, item)
    link = org_link(url, label) if url else label
    tail = " ".join(filter(None, (link and f"({link})", *logseq.marks(item, zone, style))))
    shown, said = shown_of(item), item.text or ""
    text = org_lines(one_line(said) if shown.level else said, tail, plain=style.plain)
    level = [f"heading:: {shown.level}"] if shown.level else []
    text[1:1] = [*level, *block_properties(item, style)]
    tags = logseq.tag_line(shown.tags)
    note = org_lines(shown.note, inline=True, plain=style.plain)
    return Rendered(
        text,
        [f"{TAGS} {tags}"] if tags else None,
        [f"{NOTE} {note[0]}".rstrip(), *note[1:]] if any(note) else None,
    )
