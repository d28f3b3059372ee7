"""Where a highlight came from and when, as every format shows it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from syncd.formats.escape import link_target
from syncd.model import Document, Highlight
from syncd.page.identity import highlight_link, status_id


def place(document: Document, item: Highlight) -> tuple[str, str]:
    """What the highlight's link says, and where it leads; "" for what there is not."""
    address = highlight_link(document, item)
    url = link_target(address)
    if url is None:
        at_page = item.location_type == "page" and item.location is not None
        return (f"Page {item.location:g}" if at_page else ""), ""
    if status_id(address) is not None:
        return "View Tweet", url
    return (
        "View Highlight" if item.url and item.url.strip() else f"Location {item.location:g}"
    ), url


def origin(document: Document, item: Highlight) -> str:
    """The highlight's link in parentheses, or its page without one; "" where it has neither."""
    label, url = place(document, item)
    return f"([{label}]({url}))" if url else f"({label})" if label else ""


def day(item: Highlight, zone: tzinfo) -> str:
    """The day of `highlighted_at` in `zone` as YYYY-MM-DD.

    "" where there is none that can be read.
    """
    if not item.highlighted_at:
        return ""
    try:
        moment = datetime.fromisoformat(item.highlighted_at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return str(moment.astimezone(zone).date())
    except (ValueError, OverflowError):
        return ""
