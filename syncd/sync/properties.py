"""Merges a page's properties, one by one: who changed which. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from syncd.page.blocks import Page, Property, digest
from syncd.page.callouts import CALLOUTS
from syncd.page.front_matter import front_matter_length
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
    held: Collection[str] = (),
    quiet: Collection[str] = (),
) -> Properties:
    """Merge a page's properties one by one, and the callouts below them.

    `local` are the page's own, `want` each key's lines. The title is the page's name: it never
    changes. A property that syncd never wrote is its owner's. Those `held` stay as they are, and
    those that are `quiet` are never told to differ.
    """
    wishes = {key: digest(lines) for key, lines in want.items()}
    above = [one for key, one in local.items() if key not in CALLOUTS]
    if base is None or not above:
        return Properties([], dict(base or wishes), [])
    merged = Properties([], dict(base), [])
    behind = local["title"].end if "title" in local else min(one.start for one in above)
    below = front_matter_length(page.lines)
    for key in {**want, **base}:
        if key == "title":
            continue
        place = local.get(key)
        wish, known, now = wishes.get(key, b""), base.get(key, b""), digest_of(page, place)
        if key in held:
            wish = known
        if now == known != wish:
            lines = want.get(key, [])
            at = below if key in CALLOUTS else behind
            edit = Edit(place.start, place.end, lines) if place else Edit(at, at, lines)
            merged.edits.append(_set_off(page, edit) if key in CALLOUTS else edit)
            now = wish
        if now == wish:
            merged.header[key] = wish
        elif place and known not in (wish, b"") and key not in quiet:
            merged.differing.append(key)
        if key in CALLOUTS:
            below = place.end if place else below
        else:
            behind = place.end if place else behind
    return merged


def _set_off(page: Page, edit: Edit) -> Edit:
    """The edit of a callout with the blank line that keeps it from what follows."""
    start, end, lines = edit
    blank = end < len(page.lines) and not page.lines[end].strip()
    if not lines:
        return Edit(start, end + blank, [])
    if start < end:
        return edit
    if start > front_matter_length(page.lines):  # behind the other one
        return Edit(start, start, ["", *lines] if blank else ["", *lines, ""])
    return Edit(start, start, [*lines, ""])


def digest_of(page: Page, place: Property | None) -> bytes:
    """What stands there of a property; b"" where it does not."""
    if place is None:
        return b""
    return digest([line.strip("\ufeff\r\n") for line in page.lines[place.start : place.end]])
