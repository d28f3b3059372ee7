"""Merges a page's properties, one by one: who changed which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from syncd.page.blocks import Page, Property, digest
from syncd.page.splice import Edit


class Properties(NamedTuple):
    """What happens to a page's properties.

    The edits, the digests to remember by key, and the keys in which both sides differ.
    """

    edits: list[Edit]
    header: dict[str, bytes]
    differing: list[str]


def merge_properties(
    page: Page,
    local: Mapping[str, Property],
    want: Mapping[str, list[str]],
    base: Mapping[str, bytes] | None,
) -> Properties:
    """Merge a page's properties one by one.

    `local` are the page's own, `want` each key's lines. The title is the page's name: it never
    changes. A property that syncd never wrote is its owner's.
    """
    wishes = {key: digest(lines) for key, lines in want.items()}
    if base is None or not local:
        return Properties([], dict(base or wishes), [])
    merged = Properties([], dict(base), [])
    first = min(one.start for one in local.values())
    behind = local["title"].end if "title" in local else first
    for key in {**want, **base}:
        if key == "title":
            continue
        place = local.get(key)
        wish, known, now = wishes.get(key, b""), base.get(key, b""), _digest_of(page, place)
        if now == known != wish:
            start, end = (place.start, place.end) if place else (behind, behind)
            merged.edits.append(Edit(start, end, want.get(key, [])))
            now = wish
        if now == wish:
            merged.header[key] = wish
        elif place and known not in (wish, b""):
            merged.differing.append(key)
        behind = place.end if place else behind
    return merged


def _digest_of(page: Page, place: Property | None) -> bytes:
    if place is None:
        return b""
    return digest([line.strip("\ufeff\r\n") for line in page.lines[place.start : place.end]])
