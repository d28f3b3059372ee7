"""A document as a Logseq page in Markdown. Pure: values in, lines out."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from syncd.model import Document, Highlight, highlight_link
from syncd.render.block import NOTE, TAGS, Rendered
from syncd.render.escape import link_target, logseq_lines, logseq_name, logseq_value
from syncd.tweets import status_id
from syncd.vault.names import short_title


def header(document: Document, title: str) -> dict[str, str]:
    """The page's properties, each key with its line; `title` is the page's whole title."""
    authors = [logseq_name(name) for name in (document.author or "").split(", ")]
    tags = [f"#[[{name}]]" for name in map(logseq_name, document.tag_names) if name]
    url = link_target(document.source_url)
    values = {
        "title": title,
        "author": ", ".join(f"[[{name}]]" for name in authors if name),
        "full-title": full_title(document),
        "category": f"#{logseq_name(document.category or '') or 'articles'}",
        "url": url or "",
        "tags": " ".join(tags),
    }
    return {key: f"{key}:: {value}" for key, value in values.items() if value}


def full_title(document: Document) -> str:
    """The value of the property that holds a document's whole title."""
    return logseq_value(document.title or "") or short_title("")


def highlight(document: Document, item: Highlight, zone: tzinfo) -> Rendered:
    """The block of one highlight; its date is the day of `highlighted_at` in `zone`."""
    text = logseq_lines(item.text or "")
    tail = " ".join(filter(None, (_origin(document, item), "#Highlight", _day(item, zone))))
    if text[-1].startswith(("```", "~~~")):
        text.append(tail)
    else:
        text[-1] = f"{text[-1]} {tail}" if text[-1] else tail
    tags = [f"#[[{name}]]" for name in map(logseq_name, item.tag_names) if name]
    note = logseq_lines(item.note) if item.note and item.note.strip() else None
    return Rendered(
        text,
        [f"{TAGS} {' '.join(tags)}"] if tags else None,
        [f"{NOTE} {note[0]}", *note[1:]] if note else None,
    )


def _origin(document: Document, item: Highlight) -> str:
    address = highlight_link(document, item)
    url = link_target(address)
    if url is None:
        at_page = item.location_type == "page" and item.location is not None
        return f"(Page {item.location:g})" if at_page else ""
    if status_id(address) is not None:
        return f"([View Tweet]({url}))"
    if item.url and item.url.strip():
        return f"([View Highlight]({url}))"
    return f"([Location {item.location:g}]({url}))"


def _day(item: Highlight, zone: tzinfo) -> str:
    if not item.highlighted_at:
        return ""
    try:
        moment = datetime.fromisoformat(item.highlighted_at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return f"#[[{moment.astimezone(zone).date()}]]"
    except (ValueError, OverflowError):
        return ""
