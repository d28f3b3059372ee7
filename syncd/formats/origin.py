"""Where a highlight came from and when, as every format shows it. Pure."""

from __future__ import annotations

import re
from datetime import timedelta, tzinfo
from functools import lru_cache

from syncd.formats.escape import link_target
from syncd.model import Document, Highlight
from syncd.page.dates import local_time
from syncd.page.identity import highlight_link, status_id
from syncd.regex import regex

_BLANK = "\u00a0"  # in a label with a number Readwise's plugins write a no-break space
_ZOTERO = regex(r"zotero://(?:select|open-pdf|open)/[\w/.?=&-]+", re.ASCII)
_LONGEST = 100 * 3600  # seconds of a recording; above it a number means something else
_PLACES = {"page": "Page", "location": "Location", "time_offset": "Time"}


def place_name(item: Highlight) -> str | None:
    """A highlight's place as labels say it, without an address; None where it has none."""
    kind = _PLACES.get(item.location_type or "")
    if kind is None or item.location is None:
        return None
    whole = int(item.location)
    number = str(whole if whole == item.location else item.location)
    if kind == "Time" and 0 <= whole < _LONGEST:
        number = str(timedelta(seconds=whole))
    return f"{kind}{_BLANK}{number}"


def place(document: Document, item: Highlight) -> tuple[str, str]:
    """What the highlight's link says, and where it leads; "" for what there is not."""
    address = highlight_link(document, item)
    url = link_target(address) or _in_zotero(address)
    name = place_name(item) or ""
    if status_id(address) is not None:
        return "View Tweet", url
    if url and item.url and item.url.strip():
        return (name if item.location_type == "time_offset" and name else "View Highlight"), url
    is_shown = url or item.location_type == "page"  # a location of no known book says nothing
    return (name if is_shown else ""), url


def _in_zotero(address: str | None) -> str:
    """The address where it opens a place in Zotero, and holds nothing else; "" where not."""
    return address if address and _ZOTERO.fullmatch(address) else ""


def origin(document: Document, item: Highlight) -> str:
    """The highlight's link in parentheses, or its page without one; "" where it has neither."""
    label, url = place(document, item)
    if url:
        return f"([{label}]({url}))"
    return f"({label})" if label else ""


def day(item: Highlight, zone: tzinfo) -> str:
    """The day of `highlighted_at` in `zone` as YYYY-MM-DD; "" where none can be read."""
    return _day(item.highlighted_at, zone)


@lru_cache(maxsize=1024)  # a page's properties ask for the days of its highlights again
def _day(text: str | None, zone: tzinfo) -> str:
    moment = local_time(text, zone)
    return str(moment.date()) if moment else ""
