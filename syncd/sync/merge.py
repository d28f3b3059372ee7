"""Who changed what, and so what happens to each highlight of one document. Pure.

Three states decide: what the account has now (`Wanted`), what stands in the vault (its place), and
what was last agreed (its base, with two sides). A part that stands as it stood then may be updated;
any other is its owner's and stays. Of a highlight with a base but without a place a fate tells
whether its owner deleted it; one with neither is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec

from syncd.page.base import TAKEN, UNSETTLED, Base, Past
from syncd.page.blocks import Page, app_lines, digest
from syncd.page.rendered import PARTS, Digests, Labels, Part
from syncd.page.splice import Edit
from syncd.sync.absence import Fate
from syncd.sync.highlight_blocks import Elsewhere, NoteBlock, Own, PageBlock, Place, Wanted

_PAST = 4  # earlier states of a part that are remembered

Step = Literal["agree", "leave", "write", "write again", "conflict"]


class Case(msgspec.Struct, frozen=True, dict=True):
    """All that a decision on one document rests on.

    `page` is empty where the document has none yet; `found` are the highlights' places; `adopted`
    the bases of those that stand there and have none. `fates` are those of highlights that have a
    base and no place. `moment`: when (ns) a write would be made; `killed`: when a run made one that
    was killed before it was recorded, 0 for none. `remove`: whether upstream
    deletions are carried out; `restyle`: whether blocks that syncd wrote are brought to how it
    writes them now; `notes`: whether each new highlight has a note of its own.
    """

    wanted: Sequence[Wanted]  # in reading order, duplicates of other documents' highlights left out
    bases: Mapping[int, Base]
    page: Page
    found: Mapping[int, Place]
    adopted: Mapping[int, Base] = msgspec.field(default_factory=dict)
    fates: Mapping[int, Fate] = msgspec.field(default_factory=dict)
    labels: Labels = msgspec.field(default_factory=Labels)
    moment: int = 0
    killed: int = 0
    remove: bool = False
    restyle: bool = False
    notes: bool = False

    @cached_property
    def joined(self) -> frozenset[int]:
        """The blocks that are several highlights: their owner joined them."""
        counts = Counter(one.at for one in self.found.values() if isinstance(one, PageBlock))
        return frozenset(at for at, count in counts.items() if count > 1)


class Plan(msgspec.Struct):
    """What to do to the page, and what to remember once it is done. Lists hold highlight ids.

    `steps` are what happens to each part of those that stand; `bases` those that change, None to
    forget one; `returned` are those written again since the page had gone back in time, in `added`
    or `updated` too; `unplaced` the parts that changed upstream and have no place. `notes` are the
    edits of highlights' own notes, by path, `new` those that are to be made.
    """

    edits: list[Edit] = msgspec.field(default_factory=list)
    notes: dict[str, list[Edit]] = msgspec.field(default_factory=dict)
    new: list[Wanted] = msgspec.field(default_factory=list)
    steps: dict[int, Mapping[Part, Step]] = msgspec.field(default_factory=dict)
    bases: dict[int, Base | None] = msgspec.field(default_factory=dict)
    added: list[int] = msgspec.field(default_factory=list)
    updated: list[int] = msgspec.field(default_factory=list)
    removed: list[int] = msgspec.field(default_factory=list)
    kept: list[int] = msgspec.field(default_factory=list)
    returned: list[int] = msgspec.field(default_factory=list)
    conflicts: dict[int, list[Part]] = msgspec.field(default_factory=dict)
    unplaced: dict[int, list[Part]] = msgspec.field(default_factory=dict)


def merge(case: Case) -> Plan:
    """Decide on every highlight of a document."""
    plan = Plan()
    adding: set[int] = set()
    for item in case.wanted:
        place, base = case.found.get(item.id), case.bases.get(item.id)
        if not item.live:
            _remove(plan, case, item, place, base)
        elif place is not None:
            _bring_together(plan, case, item, place)
        elif base is None:
            if item.comes:
                adding.add(item.id)
        elif case.fates.get(item.id) == "again":
            adding.add(item.id)
            plan.returned.append(item.id)
        else:
            plan.kept.append(item.id)
    _add(plan, case, adding)
    return plan


# --- what is gone upstream ------------------------------------------------------------------------


def _remove(plan: Plan, case: Case, item: Wanted, place: Place | None, base: Base | None) -> None:
    """Take a block away that nobody but syncd wrote, where deletions are carried out."""
    if place is None:
        if base is not None:
            plan.bases[item.id] = None
        return
    if not (
        case.remove and base and isinstance(place, PageBlock) and _is_untouched(case, place, base)
    ):
        plan.kept.append(item.id)
        return
    page = case.page
    after = page.subtree(place.at) - 1
    plan.edits.append(Edit(page.blocks[place.at].start, page.blocks[after].own_end, []))
    plan.bases[item.id] = None
    plan.removed.append(item.id)


def _is_untouched(case: Case, place: PageBlock, base: Base) -> bool:
    """Whether nothing of a block is its owner's: no word, no child, no reference to it."""
    page = case.page
    block, children = page.blocks[place.at], page.children(place.at)
    ours = [at for at in children_of(page, place, case.labels, base) if at is not None]
    return (
        part_digests(page, place, case.labels, base) == base.page
        and place.digest != base.seen
        and page.subtree(place.at) - place.at - 1 == len(children)
        and set(children) == set(ours)
        and block.own_end == block.end
        and not any(line.startswith("id::") for line in app_lines(page.content(block)))
    )


# --- what stands ----------------------------------------------------------------------------------


def part_digests(page: Page, place: Own, labels: Labels, base: Base | None) -> Digests:
    """What stands on the page of a highlight's block and its two children, or in its own note."""
    if isinstance(place, NoteBlock):
        return place.note.digests
    children = children_of(page, place, labels, base)
    said = [b"" if at is None else digest(page.content(page.blocks[at])) for at in children]
    return Digests(place.digest, *said)


def children_of(
    page: Page, place: PageBlock, labels: Labels, base: Base | None
) -> tuple[int | None, int | None]:
    """The children of a highlight's block that hold its tags and its note."""
    tags, note = (base.page.tags, base.page.note) if base else (b"", b"")
    return _child(page, place.at, labels.tags, tags), _child(page, place.at, labels.note, note)


def part_contents(
    page: Page, place: Own, labels: Labels, base: Base | None
) -> dict[Part, list[str]]:
    """The lines of a highlight's block and its two children, [] for a child that it lacks.

    Or of the parts of its own note.
    """
    if isinstance(place, NoteBlock):
        return place.note.contents
    tags, note = children_of(page, place, labels, base)
    return {
        "text": page.content(page.blocks[place.at]),
        "tags": [] if tags is None else page.content(page.blocks[tags]),
        "note": [] if note is None else page.content(page.blocks[note]),
    }


def base_of(case: Case, item: Wanted) -> Base:
    """What was last agreed on a highlight that stands somewhere."""
    known = case.adopted.get(item.id) or case.bases.get(item.id)
    place, since = case.found.get(item.id), 0
    if isinstance(place, NoteBlock):
        since = place.since
    elif isinstance(place, PageBlock):
        since = case.killed
    return known or Base(item.page, item.account, since=since)


def _bring_together(plan: Plan, case: Case, item: Wanted, place: Place) -> None:
    """Bring a block and its children up to date where they are as they were last settled."""
    known, base = case.bases.get(item.id), base_of(case, item)
    if known is None and base.since:
        plan.added.append(item.id)
    if isinstance(place, Elsewhere):
        if known is None and place.digest not in (item.page.text, b""):
            page = base.page._replace(text=place.digest)  # whose words these are nobody knows
            base = base._replace(page=page, adopted=True, seen=place.digest)
        merged = _moved(plan, item, place, base)
    else:
        merged = _on_its_page(plan, case, item, place, base)
    if merged != known:
        plan.bases[item.id] = merged


def _moved(plan: Plan, item: Wanted, place: Elsewhere, base: Base) -> Base:
    """A block on another page, or in running text.

    Its owner put it there, and nothing is written.
    """
    steps: dict[Part, Step] = {}
    for part in PARTS:
        if part == "text" and place.digest == item.page.text:
            steps[part] = "agree"
        elif not _changed_upstream(base, item, part):
            steps[part] = "leave"
        else:
            steps[part] = "conflict"
            told = plan.conflicts if part == "text" and place.digest else plan.unplaced
            told.setdefault(item.id, []).append(part)
    plan.steps[item.id] = steps
    standing = base.page._replace(text=place.digest) if place.digest else base.page
    return _settled(base, item, standing, steps, 0)._replace(place=place.path or None)


def _on_its_page(plan: Plan, case: Case, item: Wanted, place: Own, base: Base) -> Base:
    standing = part_digests(case.page, place, case.labels, base)
    steps: dict[Part, Step] = {}
    for part in PARTS:
        step = _decide(case, item, base, part, getattr(standing, part))
        if step in ("write", "write again"):
            if not _write(plan, case, item, place, base, part):
                step = "conflict"
                plan.unplaced.setdefault(item.id, []).append(part)
        elif step == "conflict":
            plan.conflicts.setdefault(item.id, []).append(part)
        steps[part] = step
    plan.steps[item.id] = steps
    taken = set(steps.values())
    if taken & {"write", "write again"}:
        plan.updated.append(item.id)
    if "write again" in taken:
        plan.returned.append(item.id)
    return _settled(base, item, standing, steps, case.moment)._replace(place=None)


def _write(plan: Plan, case: Case, item: Wanted, place: Own, base: Base, part: Part) -> bool:
    """Plan to write a part as the account has it; False where it has no place."""
    if isinstance(place, PageBlock):
        edit = _edit(case, item, place, base, part)
        plan.edits += [edit] if edit else []
        return edit is not None
    edits = place.note.edits(part, getattr(item.rendered, part) or [])
    if edits is not None:
        plan.notes.setdefault(place.path, []).extend(edits)
    return edits is not None


def _changed_upstream(base: Base, item: Wanted, part: Part) -> bool:
    """Whether the account changed a part; where what it said is not known, by what syncd writes."""
    if base.account is None:
        return bool(getattr(base.page, part) != getattr(item.page, part))
    return bool(getattr(base.account, part) != getattr(item.account, part))


def _decide(case: Case, item: Wanted, base: Base, part: Part, now: bytes) -> Step:
    """What happens to one part: account and page, each against what was agreed."""
    was, changed = getattr(base.page, part), _changed_upstream(base, item, part)
    pictured = part == "text" and was in item.alike
    redone = changed or pictured or (case.restyle and not base.adopted)
    if now == was and not redone:
        return "leave"  # what syncd would write is not even asked for
    if now == getattr(item.page, part):
        return "agree"
    if now == was and not (part == "text" and now == base.seen):
        return "write"
    if any(past.part == part and past.digest == now for past in base.past):
        return "write again"
    return "conflict" if changed else "leave"


def _settled(
    base: Base, item: Wanted, standing: Digests, steps: Mapping[Part, Step], moment: int
) -> Base:
    """The base when the steps are taken."""
    page, account, past = {}, {}, list(base.past)
    for part in PARTS:
        step, now = steps[part], getattr(standing, part)
        said = UNSETTLED if base.account is None else getattr(base.account, part)
        page[part], account[part] = getattr(base.page, part), said
        if step in ("write", "write again"):
            past = [one for one in past if (one.part, one.digest) != (part, now)]
            if step == "write" and said != TAKEN:
                past.append(Past(part, now, moment))
        if step in ("agree", "write", "write again"):
            page[part] = getattr(item.page, part)
        if step != "conflict":
            account[part] = getattr(item.account, part)
    kept = [one for part in PARTS for one in [p for p in past if p.part == part][-_PAST:]]
    kept.sort(key=lambda one: one.until)
    stays = steps["text"] in ("leave", "conflict")
    owners = stays and (standing.text != base.page.text or standing.text == base.seen)
    return base._replace(
        page=Digests(**page),
        account=Digests(**account),
        past=tuple(kept),
        seen=standing.text if owners else None,
    )


def _edit(case: Case, item: Wanted, place: PageBlock, base: Base, part: Part) -> Edit | None:
    """What puts a part as the account has it in its place; None where it has none."""
    page = case.page
    if part == "text":
        return _replaced(page, place.at, item.rendered.text)
    content = getattr(item.rendered, part)
    child = _child(page, place.at, getattr(case.labels, part), getattr(base.page, part))
    if child is None:
        return _new_child(case, item, place, part, content)
    if not content and page.subtree(child) > child + 1:
        return None  # its owner wrote below it
    return _replaced(page, child, content)


def _replaced(page: Page, at: int, content: list[str] | None) -> Edit:
    """A block's own lines with this content in their place; Logseq's own lines stay."""
    block = page.blocks[at]
    if not content:
        return Edit(block.start, block.own_end, [])
    lines = _with_app_lines(content, app_lines(page.content(block)))
    return Edit(block.start, block.own_end, page.written(lines, block))


def _new_child(
    case: Case, item: Wanted, place: PageBlock, part: Part, content: list[str]
) -> Edit | None:
    if place.at in case.joined:
        return None  # whose it would be nobody could tell
    page = case.page
    at = page.blocks[place.at].end
    if part == "note":
        at = _behind_tags(page, place.at, case.labels.tags, item.page.tags)
    block = page.blocks[place.at]
    child = block._replace(indent=block.indent + page.indent_unit)
    return Edit(at, at, page.written(content, child))


def _with_app_lines(content: list[str], kept: list[str]) -> list[str]:
    """Put Logseq's own lines where Logseq puts them.

    Behind the first line, or last where that opens a fence.
    """
    at = len(content) if content[0].startswith(("```", "~~~")) else 1
    return content[:at] + kept + content[at:]


def _child(page: Page, index: int, labels: tuple[str, ...], base: bytes) -> int | None:
    """The child of a block that holds its tags or note.

    By what was last settled, else by what it begins with.
    """
    children = page.children(index)
    if base:
        for child in children:
            if digest(page.content(page.blocks[child])) == base:
                return child
    for child in children:
        if page.content(page.blocks[child])[0].lstrip(" \t-").startswith(labels):
            return child
    return None


def _behind_tags(page: Page, index: int, labels: tuple[str, ...], base: bytes) -> int:
    tags = _child(page, index, labels, base)
    return page.blocks[index].end if tags is None else page.blocks[page.subtree(tags) - 1].end


# --- what is new ----------------------------------------------------------------------------------


def _add(plan: Plan, case: Case, adding: set[int]) -> None:
    """Put each new block behind its nearest predecessor on the page.

    Else before its successor, else at the end. At the end too where highlights are paragraphs: they
    and blocks do not mix, as headings and blocks do.
    """
    page, found = case.page, case.found
    outside = any(
        isinstance(place := found.get(item.id), Elsewhere) and not (place.digest or item.level)
        for item in case.wanted
    )
    if outside or any(block.bare for block in page.blocks):
        found = {}
    spots = [place for item in case.wanted if isinstance(place := found.get(item.id), PageBlock)]
    at, indent = _before_all(page, spots)
    unit = page.indent_unit if adding else ""
    for item in case.wanted:
        place = found.get(item.id)
        if isinstance(place, PageBlock):
            at = page.blocks[page.subtree(place.at) - 1].end
            indent = page.blocks[place.at].indent
        elif item.id in adding:
            if case.notes:
                plan.new.append(item)
            else:
                lines = item.rendered.lines(indent, unit, page.syntax)
                plan.edits.append(Edit(at, at, lines))
            again = item.id in case.bases
            plan.bases[item.id] = Base(item.page, item.account, since=case.moment, again=again)
            plan.added.append(item.id)


def _before_all(page: Page, spots: list[PageBlock]) -> tuple[int, str]:
    if spots:
        block = page.blocks[spots[0].at]
        return block.start, block.indent
    return end_of(page), ""


def end_of(page: Page) -> int:
    """The line behind all that stands on a page."""
    if page.blocks:
        return page.blocks[-1].end
    end = len(page.lines)
    while end and not page.lines[end - 1].strip():
        end -= 1
    return end
