"""A document as a Logseq page in Markdown, and what such a page says of its document. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from syncd.formats.companions import companions as companion_values
from syncd.formats.escape import link_target, logseq_lines, logseq_name, logseq_value
from syncd.formats.heading import heading, one_line
from syncd.formats.metadata import Metadata
from syncd.formats.origin import day, origin
from syncd.formats.style import USUAL, Style, block_properties
from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.blocks import Page
from syncd.page.front_matter import plain_values
from syncd.page.identity import link_key
from syncd.page.links import title_key
from syncd.page.names import name_key, short_title
from syncd.page.rendered import NOTE, TAGS, Rendered
from syncd.regex import regex


def header(document: Document, title: str, style: Style = USUAL) -> dict[str, list[str]]:
    """The page's properties, each key with its one line; `title` is the page's title."""
    found = values(document, title, full_title(document, style), style)
    return {key: [f"{key}:: {value}"] for key, value in found.items()}


def companions(
    document: Document, standing: Iterable[Highlight], zone: tzinfo, style: Style = USUAL
) -> dict[str, list[str]]:
    """The properties that go with what else is written, of those that their owner wants."""
    found = companion_values(document, standing, zone)
    return {key: [f"{key}:: {value}"] for key, value in found.items() if key in style.properties}


def values(document: Document, title: str, whole: str, style: Style = USUAL) -> dict[str, str]:
    """The properties' values by key, in their order; `whole` is the document's whole title."""
    texts = {"summary": document.summary, "note": document.document_note}
    category = logseq_name(document.category or "") or "articles"
    found = {
        "title": title,
        "author": ", ".join(f"[[{name}]]" for name in page_names(document.author_names)),
        "full-title": whole,
        "category": f"#{category}" if category.isalnum() else f"#[[{category}]]",
        "url": link_target(document.source_url) or "",
        "tags": tag_line(document.tag_names),
    }
    found |= {
        key: logseq_value(text or "", plain=True)
        for key, text in texts.items()
        if key in style.properties
    }
    return {key: value for key, value in found.items() if value}


def page_names(names: Iterable[str]) -> list[str]:
    """The names as names of pages, without those of which nothing is left."""
    return list(filter(None, map(logseq_name, names)))


def tag_line(names: Sequence[str]) -> str:
    """The names as tags; "" where there is none."""
    if not names:
        return ""
    return " ".join(f"#[[{name}]]" for name in page_names(names))


def full_title(document: Document, style: Style = USUAL) -> str:
    """The value of the property that holds a document's whole title."""
    return logseq_value(document.title or "", plain=style.plain) or short_title("")


def said(document: Document, title: str, style: Style = USUAL) -> Metadata:
    """What `metadata` finds in the properties that `header` makes."""
    return metadata_of(document, title, full_title(document, style))


def metadata_of(document: Document, title: str, whole: str) -> Metadata:
    """What a page's properties say where `whole` is the document's whole title in them."""
    return Metadata(
        name=name_key(title),
        url=link_key(link_target(document.source_url)),
        title=title_key(whole),
        book=None,
        is_document=True,
    )


def highlight(document: Document, item: Highlight, zone: tzinfo, style: Style = USUAL) -> Rendered:
    """The block of one highlight; its date is the day of `highlighted_at` in `zone`."""
    shown, said = shown_of(item), item.text or ""
    if shown.level:
        words = logseq_lines(one_line(said), inline=True, plain=style.plain)
        text = [heading(words, shown.level)]
    else:
        text = logseq_lines(said, plain=style.plain)
    tail = " ".join(filter(None, (origin(document, item), *marks(item, zone, style))))
    if text[-1].startswith(("```", "~~~")):
        text.append(tail)
    else:
        text[-1] = f"{text[-1]} {tail}" if text[-1] else tail
    text = with_properties(text, block_properties(item, style))
    tags = tag_line(shown.tags)
    note = logseq_lines(shown.note, inline=True, plain=style.plain)
    return Rendered(
        text,
        [f"{TAGS} {tags}"] if tags else None,
        [f"{NOTE} {note[0]}", *note[1:]] if any(note) else None,
    )


def with_properties(text: list[str], lines: list[str]) -> list[str]:
    """A block's content with lines of properties where Logseq has them.

    Behind the first line, or last where that opens a fence.
    """
    if not lines:
        return text
    at = len(text) if text[0].startswith(("```", "~~~")) else 1
    return [*text[:at], *lines, *text[at:]]


def marks(item: Highlight, zone: tzinfo, style: Style) -> list[str]:
    """What stands behind a highlight's link: the mark of highlights, and the day."""
    date = day(item, zone)
    return ["#Highlight", f"#[[{date}]]" if date and style.date_links else date]


_DIRECTIVE = regex(r"\s*#\+title:[ \t]*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)


def _other_title(page: Page) -> dict[str, str]:
    """The title where a page in Markdown has it in front matter, or as Org has it."""
    top = "".join(page.lines[: page.first])
    found = _DIRECTIVE.match(top.lstrip("\ufeff"))
    if found:
        return {"title": found[1]}
    title = plain_values(page).get("title") if top.startswith("---") else None
    return {"title": title} if title else {}


def metadata(page: Page, title: str) -> Metadata:
    """What a page in Markdown or Org says in its properties.

    `title` is what its file's name says.
    """
    said = {key: str(found.value).strip() for key, found in page.properties().items()}
    said = _other_title(page) | said
    full_title = said.get("full-title")
    return Metadata(
        name=name_key(said.get("title") or title),
        url=link_key(said.get("url")),
        title=None if full_title is None else title_key(full_title),
        book=None,
        is_document=full_title is not None or "category" in said,
    )
