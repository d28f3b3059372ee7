"""The keys by which highlights are recognised anywhere: of tweets, and of any other link.

A tweet's identity is its status id, whatever host, path form or query brought it. Any other link is
known by its address without the parts that only say who shared it. Pure: text in, values out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import inf
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from syncd.model import Document, Highlight
from syncd.page.dates import local_time
from syncd.regex import regex

_STATUS = regex(
    r"https?://(?:www\.|m\.|mobile\.)?(?:twitter|x)\.com(?::\d+)?/"
    r"(?:i/web/|i/|(?:#!/)?\w{1,30}/)?status(?:es)?/(\d{1,19})(?![\w])",
    re.IGNORECASE | re.ASCII,
)
WEB = regex(r"https?://[^\s/]", re.IGNORECASE)  # what an address of the web begins with
_USUAL = regex(r"https?://(?:www\.)?+([a-z0-9.-]+)(/[\w./~-]*)?", re.ASCII)  # all stays as it is
_REFUSED = regex(r"[\t\r\n\[\]]")
_NOISE = regex(
    r"utm_\w+|fbclid|gclid|mc_[ce]id|igshid|ref_src|ref_url|rw_tt_thread|si", re.IGNORECASE
)
_TWITTER_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)


@lru_cache(maxsize=4096)  # each address is asked for several times within a document
def status_id(url: str | None) -> int | None:
    """The status id in a tweet's address, or None where `url` is not one.

    >>> status_id("https://mobile.twitter.com/i/web/status/20?s=21#top")
    20
    """
    found = _STATUS.match(url.strip()) if url else None
    return int(found[1]) if found else None


def tweet_time(status: int) -> datetime:
    """When a tweet was posted (UTC), from its status id.

    The bits above the lowest 22 are the milliseconds since Twitter's epoch.
    """
    return _TWITTER_EPOCH + timedelta(milliseconds=status >> 22)


@lru_cache(maxsize=4096)
def link_key(url: str | None) -> str | None:
    """The identity of a link: `tweet:<status id>` or `url:<address without noise>`.

    Scheme, `www.`, a trailing slash, percent-encoding, tracking parameters and the case of the host
    make no difference. None for what is no web address, which no page links.
    """
    if not url or not WEB.match(url.strip()):
        return None
    status = status_id(url)
    if status is not None:
        return f"tweet:{status}"
    usual = _USUAL.fullmatch(url)
    if usual:
        return f"url:{usual[1]}{(usual[2] or '').rstrip('/')}"
    # what urlsplit would drop or refuse, as it stands in a page's link
    url = _REFUSED.sub(lambda found: f"%{ord(found[0]):02X}", url.strip())
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"url:{unquote(url)}"
    host = unquote(parts.netloc).lower().removeprefix("www.")
    query = ""
    if parts.query:
        kept = [
            p for p in parse_qsl(parts.query, keep_blank_values=True) if not _NOISE.fullmatch(p[0])
        ]
        query = "?" + urlencode(kept) if kept else ""
    fragment = f"#{unquote(parts.fragment)}" if parts.fragment else ""
    return f"url:{host}{unquote(parts.path).rstrip('/')}{query}{fragment}"


def highlight_link(document: Document, highlight: Highlight) -> str | None:
    """The address that opens a highlight: its own, else its place in the Kindle book, else None."""
    if highlight.url and (url := highlight.url.strip()):
        return url
    if document.asin and highlight.location is not None and highlight.location_type == "location":
        place = f"asin={document.asin}&location={int(highlight.location)}"
        return f"https://readwise.io/to_kindle?action=open&{place}"
    return None


def highlight_key(document: Document, highlight: Highlight) -> str | None:
    """The identity of a highlight's link (see `link_key`), None where it has none."""
    return link_key(highlight_link(document, highlight))


def reading_order(highlight: Highlight) -> tuple[bool, float, float, int]:
    """The key that sorts a document's highlights: by location, then time, then id.

    A tweet's time is when it was posted, any other highlight's when it was made, or came into the
    account; what has none is last.
    """
    status = status_id(highlight.url)
    moment = tweet_time(status) if status else None
    moment = moment or local_time(highlight.highlighted_at or highlight.created_at, UTC)
    time = moment.timestamp() if moment else inf
    return highlight.location is None, highlight.location or 0, time, status or highlight.id


def is_reader_tweet(document: Document) -> bool:
    """Whether this is a tweet saved in Reader, whose highlights are selections of its text."""
    return document.source == "reader" and status_id(document.source_url) is not None
