"""What differs between account and vault, block by block, and how its owner settles it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from syncd.page.base import TAKEN, UNSETTLED, Base
from syncd.page.blocks import Page, Property, digest
from syncd.page.rendered import PARTS, Digests, Part
from syncd.sync.highlight_blocks import Elsewhere, NoteBlock, Own, PageBlock, Wanted
from syncd.sync.merge import Case, Plan, Step, base_of, part_contents, part_digests

# conflict: both sides changed it; unplaced: changed in Readwise, and has no place on the page;
# edited, deleted: by its owner; held: gone, and the vault is not whole; missing: not written yet
Kind = Literal["conflict", "unplaced", "held", "edited", "deleted", "missing"]

OPEN: tuple[Kind, ...] = ("conflict", "unplaced", "held")  # until their owner says what holds

_STEPS: dict[Step, Kind] = {
    "leave": "edited",
    "write": "missing",
    "write again": "missing",
    "conflict": "conflict",
}
_FATES: dict[str | None, Kind] = {"deleted": "deleted", "accepted": "deleted", "held": "held"}


class Difference(NamedTuple):
    """A part of a highlight (or, where that is 0, a page's property) that is not alike.

    `page` is where it stands or stood, None where it never did; `moved`: that is not its document's
    page, and syncd does not write there. `vault` and `account` are the lines that each side has.
    """

    highlight: int
    part: str
    kind: Kind
    page: str | None
    vault: list[str]
    account: list[str]
    moved: bool = False


def differences(
    case: Case,
    plan: Plan,
    gone: Mapping[int, str],
    path: str | None,
    elsewhere: Mapping[int, list[str]],
) -> Iterator[Difference]:
    """What differs of a document's highlights, in reading order.

    `gone` are the verdicts or fates of those that are gone, `path` is the document's page, and
    `elsewhere` are the lines of the blocks that stand on other pages.
    """
    for item in case.wanted:
        place = case.found.get(item.id)
        if not item.live:
            continue
        if isinstance(place, PageBlock):
            yield from _on_its_page(case, plan, item, place, path)
        elif isinstance(place, NoteBlock):
            yield from _on_its_page(case, plan, item, place, place.path)
        elif isinstance(place, Elsewhere):
            yield from _moved(case, plan, item, place, elsewhere.get(item.id, []))
        elif item.comes or item.id in case.bases:
            kind = _gone_kind(case.bases.get(item.id), gone.get(item.id))
            yield Difference(item.id, "text", kind, path, [], item.rendered.text)


def _gone_kind(base: Base | None, verdict: str | None) -> Kind:
    if base is not None and base.account is None:
        return "deleted"  # an older syncd knew that it was gone
    return _FATES.get(verdict, "missing")


def _on_its_page(
    case: Case, plan: Plan, item: Wanted, place: Own, path: str | None
) -> Iterator[Difference]:
    base = base_of(case, item)
    contents = part_contents(case.page, place, case.labels, base)
    standing = part_digests(case.page, place, case.labels, base)
    for part in PARTS:
        untouched = getattr(standing, part) == getattr(base.page, part)
        kind = _kind(plan, item.id, part, untouched=untouched)
        if kind is not None:
            yield Difference(item.id, part, kind, path, contents[part], _wish(item, part))


def _moved(
    case: Case, plan: Plan, item: Wanted, place: Elsewhere, lines: list[str]
) -> Iterator[Difference]:
    """Of a block on another page only its own lines are known, and none of running text."""
    text = base_of(case, item).page.text
    for part in PARTS:
        untouched = part != "text" or place.digest in (b"", text)
        kind = _kind(plan, item.id, part, untouched=untouched)
        if kind is not None:
            shown = lines if part == "text" else []
            wish = _wish(item, part)
            yield Difference(item.id, part, kind, place.path, shown, wish, moved=True)


def _kind(plan: Plan, highlight: int, part: Part, *, untouched: bool) -> Kind | None:
    """None where account and page agree, or differ in looks alone."""
    step = plan.steps[highlight][part]
    if step == "leave" and untouched:
        return None
    if part in plan.unplaced.get(highlight, ()):
        return "unplaced"
    return _STEPS.get(step)


def _wish(item: Wanted, part: Part) -> list[str]:
    return getattr(item.rendered, part) or []


def property_differences(
    page: Page,
    local: Mapping[str, Property],
    want: Mapping[str, list[str]],
    differing: Iterable[str],
    path: str | None,
) -> Iterator[Difference]:
    """The properties that both sides changed, which merge_properties names."""
    for key in differing:
        stands = _lines_of(page, local.get(key))
        yield Difference(0, key, "conflict", path, stands, want.get(key, []))


def _lines_of(page: Page, place: Property | None) -> list[str]:
    if place is None:
        return []
    return [line.strip("\ufeff\r\n") for line in page.lines[place.start : place.end]]


def _digest(lines: list[str]) -> bytes:
    return digest(lines) if lines else b""


# --- what its owner says --------------------------------------------------------------------------


def settled_bases(case: Case, chosen: Iterable[Difference], *, take: bool) -> dict[int, Base]:
    """The bases by which the next merge settles these differences.

    With `take` the page counts as untouched, so that the account's words are written; else what the
    account says now is known, and the page's words are their owner's.
    """
    parts: dict[int, set[str]] = {}
    for one in chosen:
        parts.setdefault(one.highlight, set()).add(one.part)
    return {
        item.id: _settled(case, item, parts[item.id], take=take)
        for item in case.wanted
        if item.id in parts
    }


def _settled(case: Case, item: Wanted, parts: set[str], *, take: bool) -> Base:
    base, place = base_of(case, item), case.found.get(item.id)
    page, account = base.page._asdict(), _account(base, item)._asdict()
    for part in parts:
        account[part] = TAKEN if take else getattr(item.account, part)
    if take and isinstance(place, Own):
        standing = part_digests(case.page, place, case.labels, base)
        page |= {part: getattr(standing, part) for part in parts}
    seen = None if take and "text" in parts else base.seen
    return base._replace(page=Digests(**page), account=Digests(**account), seen=seen)


def _account(base: Base, item: Wanted) -> Digests:
    """What the account said; where that is not known, by what syncd writes."""
    if base.account is not None:
        return base.account
    same = {part: getattr(base.page, part) == getattr(item.page, part) for part in PARTS}
    return Digests(
        **{part: getattr(item.account, part) if same[part] else UNSETTLED for part in PARTS}
    )


def settled_header(
    header: Mapping[str, bytes], chosen: Iterable[Difference], *, take: bool
) -> dict[str, bytes]:
    """The same for a page's properties."""
    return {**header, **{one.part: _digest(one.vault if take else one.account) for one in chosen}}
