"""In which order a document's highlights stand on its page. On values alone."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import msgspec

from syncd.model import Highlight
from syncd.page.identity import reading_order

EPOCH = datetime.fromisoformat("2010-11-04T01:42:54.657Z")


def posted(when: str) -> str:
    """The address of a tweet that was posted then."""
    status = round((datetime.fromisoformat(when) - EPOCH).total_seconds() * 1000) << 22
    return f"https://x.com/a/status/{status}"


def test_highlights_stand_by_place_then_time_then_number() -> None:
    """A tweet's time is when it was posted, whenever it was saved.

    Else that of the highlight, else of its coming; places come first.
    """
    right = [
        Highlight(90, location=1, highlighted_at="2024-01-01T00:00:00Z"),
        Highlight(10, location=2, highlighted_at="2023-01-01T00:00:00Z"),
        Highlight(9, url=posted("2022-03-01T10:00:00Z"), highlighted_at="2024-02-02T00:00:00Z"),
        Highlight(5, highlighted_at="2022-03-01T11:00:00+00:00"),
        Highlight(8, url=posted("2022-03-01T11:30:00Z"), highlighted_at="2024-02-01T00:00:00Z"),
        Highlight(2, created_at="2022-03-02T00:00:00.000Z"),
        Highlight(3, highlighted_at="2022-03-02T00:00:00Z"),
        Highlight(4, highlighted_at="2022-03-02T00:00:00Z"),
        Highlight(1),
    ]
    for some in (*permutations(right[:5]), *permutations(right[4:])):
        ids = [one.id for one in sorted(some, key=reading_order)]
        assert ids == [one.id for one in right if one in some]


def test_when_a_highlight_came_is_kept_only_where_it_decides() -> None:
    """So that the mirror of an account that is there already does not change."""
    wire = b'{"id": 1, "created_at": "2024-01-01T00:00:00Z", "highlighted_at": %s}'
    dated = msgspec.json.decode(wire % b'"2023-01-01T00:00:00Z"', type=Highlight)
    assert msgspec.json.encode(dated) == b'{"id":1,"highlighted_at":"2023-01-01T00:00:00Z"}'
    undated = msgspec.json.decode(wire % b"null", type=Highlight)
    assert undated.created_at == "2024-01-01T00:00:00Z"
