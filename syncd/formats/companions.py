"""What a page says of its document beside what the account calls it. Pure.

These values go with whatever else is written: for none of them alone is a page written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from syncd.formats.escape import link_target
from syncd.formats.origin import day
from syncd.model import Document, Highlight
from syncd.page.dates import local_time
from syncd.page.identity import status_id, tweet_time

COUNTED = ("highlights", "last-highlighted")  # from the highlights that stand there
COMPANIONS = ("cover", *COUNTED, "published")


def companions(document: Document, standing: Iterable[Highlight], zone: tzinfo) -> dict[str, str]:
    """The values by key, in their order; `standing` are the highlights that stand on the page.

    Days are those in `zone`. What has no value has no entry.
    """
    days = [day(item, zone) for item in standing]
    status = status_id(document.source_url)
    posted = local_time(tweet_time(status), zone) if status else None
    values = (
        link_target(document.cover_image_url),
        str(len(days)),
        max(days, default=""),
        str(posted.date()) if posted else "",
    )
    return {key: value for key, value in zip(COMPANIONS, values, strict=True) if value}
