"""Where a highlight came from and when, as every format shows it. Pure."""

from __future__ import annotations

from datetime import timedelta, tzinfo

from syncd.formats.escape import link_target
from syncd.model import Document, Highlight
from syncd.page.dates import local_time
from syncd.page.identity import highlight_link, status_id

_BLANK = "\u00a0"  # in a label with a number Readwise's plugins write a no-break space


def place(document: Document, item: Highlight) -> tuple[str, str]:
    """What the highlight's link says, and where it leads; "" for what there is not."""
    address = highlight_link(document, item)
    url = link_target(address) or ""
    if status_id(address) is not None:
        label = "View Tweet"
    elif url and item.location_type == "time_offset" and item.location is not None:
        label = f"Time{_BLANK}{timedelta(seconds=int(item.location))}"
    elif url and item.url and item.url.strip():
        label = "View Highlight"
    elif url:
        label = f"Location{_BLANK}{item.location:g}"
    elif item.location_type == "page" and item.location is not None:
        label = f"Page{_BLANK}{item.location:g}"
    else:
        label = ""
    return label, url


def origin(document: Document, item: Highlight) -> str:
    """The highlight's link in parentheses, or its page without one; "" where it has neither."""
    label, url = place(document, item)
    if url:
        return f"([{label}]({url}))"
    return f"({label})" if label else ""


def day(item: Highlight, zone: tzinfo) -> str:
    """The day of `highlighted_at` in `zone` as YYYY-MM-DD; "" where none can be read."""
    moment = local_time(item.highlighted_at, zone)
    return str(moment.date()) if moment else ""
