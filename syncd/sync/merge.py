"""Who changed what, and so what happens to each highlight of one document. Pure.

Values in, actions out.

Three states decide: what the account has now (`Wanted`), what stands in the vault (`Page`,
`Stand`), and what syncd last wrote (`bases`). A block equal to its base may be updated; any other
is its owner's and stays. A highlight with a base but no block was deleted by its owner and stays
so; one with neither is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from syncd.page.blocks import Page, Property, Syntax, app_lines, digest
from syncd.page.markdown import MARKDOWN
from syncd.page.rendered import Hashes, Labels
from syncd.page.splice import Edit
from syncd.sync.identify import Local, Stand, Wanted, locals_of, match

Part = Literal["text", "tags", "note"]


class Case(NamedTuple):
    """All that a decision on one document rests on. `page` is None where the document has none yet.

    `redressed`: whether the bases were written by other templates than the highlights are rendered
    by now. Then the owner's blocks differ from what is wanted merely for that: they stay, and are
    no conflicts.
    """

    wanted: Sequence[Wanted]  # in reading order, duplicates of other documents' highlights left out
    bases: Mapping[int, Hashes]
    page: Page | None
    elsewhere: Mapping[str, Sequence[Stand]]
    remove: bool = False  # whether upstream deletions are carried out
    labels: Labels = Labels()
    redressed: bool = False
    syntax: Syntax = MARKDOWN  # of a page that is not there yet


@dataclass
class Plan:
    """What to do to the page, and what to remember once it is done. Lists hold highlight ids."""

    edits: list[Edit] = field(default_factory=list)
    bases: dict[int, Hashes | None] = field(default_factory=dict)  # changed ones; None: forget
    added: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    conflicts: dict[int, list[Part]] = field(default_factory=dict)
    present: int = 0


def places(case: Case) -> dict[int, Local | Stand]:
    """Where each highlight of a document stands that is in the vault."""
    page = case.page or Page([], [], 0, case.syntax)
    return match(case.wanted, case.bases, locals_of(page, case.labels), case.elsewhere, page.lines)


def plan(case: Case) -> Plan:
    """Decide on every highlight of a document."""
    page = case.page or Page([], [], 0, case.syntax)
    found = places(case)
    result = Plan()
    adding: list[Wanted] = []
    for item in case.wanted:
        place, base = found.get(item.id), case.bases.get(item.id)
        result.present += place is not None
        if not item.live:
            _gone_upstream(result, case, item, place, base)
        elif place is not None:
            _merge(result, case, page, item, place, base)
        elif base is not None:
            result.kept.append(item.id)
        elif item.comes:
            adding.append(item)
    _add(result, page, case.wanted, adding, found)
    return result


def _gone_upstream(
    result: Plan, case: Case, item: Wanted, place: Local | Stand | None, base: Hashes | None
) -> None:
    if place is None:
        if base is not None:
            result.bases[item.id] = None
        return
    page = case.page
    if (
        case.remove
        and base
        and page
        and isinstance(place, Local)
        and _untouched(case, page, place, base)
    ):
        after = page.subtree(place.at) - 1
        result.edits.append(Edit(page.blocks[place.at].start, page.blocks[after].own_end, []))
        result.bases[item.id] = None
        result.removed.append(item.id)
    else:
        result.kept.append(item.id)


def _untouched(case: Case, page: Page, place: Local, base: Hashes) -> bool:
    """Whether nothing of a block is its owner's: no word, no child, no reference to it."""
    block = page.blocks[place.at]
    children = page.children(place.at)
    ours = [
        _child(page, place.at, case.labels.tags, base.tags),
        _child(page, place.at, case.labels.note, base.note),
    ]
    hashes = Hashes(
        place.hash, *(digest(page.content(page.blocks[i])) if i is not None else b"" for i in ours)
    )
    return (
        hashes == base
        and page.subtree(place.at) - place.at - 1 == len(children)
        and set(children) == {i for i in ours if i is not None}
        and block.own_end == block.end
        and not any(line.startswith("id::") for line in app_lines(page.content(block)))
    )


def _merge(
    result: Plan, case: Case, page: Page, item: Wanted, place: Local | Stand, base: Hashes | None
) -> None:
    """Bring a block and its children up to date where they are as syncd wrote them."""
    want = item.hashes
    if base is None:
        result.bases[item.id] = want
        return
    if isinstance(place, Stand):
        text = (
            want.text if place.hash == want.text else _owners(result, case, item, base.text, "text")
        )
        merged = base._replace(text=text)
    else:
        merged = Hashes(
            _merge_text(result, case, page, item, place, base.text),
            _merge_child(result, case, page, item, place, base.tags, "tags"),
            _merge_child(result, case, page, item, place, base.note, "note"),
        )
    if merged != base:
        result.bases[item.id] = merged


def _owners(result: Plan, case: Case, item: Wanted, base: bytes, part: Part) -> bytes:
    """A part that is its owner's stays; returns what is remembered of it."""
    want: bytes = getattr(item.hashes, part)
    if case.redressed or base in item.alike:
        return want
    if want != base:
        result.conflicts.setdefault(item.id, []).append(part)
    return base


def _merge_text(
    result: Plan, case: Case, page: Page, item: Wanted, place: Local, base: bytes
) -> bytes:
    want, block = item.hashes.text, page.blocks[place.at]
    if place.hash == want:
        return want
    if place.hash != base:
        return _owners(result, case, item, base, "text")
    new = page.syntax.bullet(
        _with_app_lines(item.rendered.text, app_lines(page.content(block))), block.indent
    )
    result.edits.append(Edit(block.start, block.own_end, new))
    _note_update(result, item)
    return want


def _with_app_lines(content: list[str], kept: list[str]) -> list[str]:
    """Put Logseq's own lines where Logseq puts them.

    Behind the first line, or last where that opens a fence.
    """
    at = len(content) if content[0].startswith(("```", "~~~")) else 1
    return content[:at] + kept + content[at:]


def _merge_child(
    result: Plan,
    case: Case,
    page: Page,
    item: Wanted,
    place: Local,
    base: bytes,
    part: Literal["tags", "note"],
) -> bytes:
    want = getattr(item.hashes, part)
    index = _child(page, place.at, getattr(case.labels, part), base)
    local = digest(page.content(page.blocks[index])) if index is not None else b""
    if local == want:
        return bytes(want)
    if local != base or (index is not None and not want and page.subtree(index) > index + 1):
        return _owners(result, case, item, base, part)
    content = item.rendered.tags if part == "tags" else item.rendered.note
    if index is not None:
        block = page.blocks[index]
        kept = app_lines(page.content(block))
        new = page.syntax.bullet(_with_app_lines(content, kept), block.indent) if content else []
        result.edits.append(Edit(block.start, block.own_end, new))
    elif content:
        parent = page.blocks[place.at]
        at = (
            _behind_tags(page, place.at, case.labels.tags, item.hashes.tags)
            if part == "note"
            else parent.end
        )
        result.edits.append(
            Edit(at, at, page.syntax.bullet(content, parent.indent + page.indent_unit))
        )
    _note_update(result, item)
    return bytes(want)


def _note_update(result: Plan, item: Wanted) -> None:
    if not result.updated or result.updated[-1] != item.id:
        result.updated.append(item.id)


def _child(page: Page, index: int, labels: tuple[str, ...], base: bytes) -> int | None:
    """The child of a block that holds its tags or note.

    By what syncd wrote, else by what it begins with.
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


def _add(
    result: Plan,
    page: Page,
    wanted: Sequence[Wanted],
    adding: list[Wanted],
    found: Mapping[int, Local | Stand],
) -> None:
    """Put each new block behind its nearest predecessor on the page, else before its successor, else at the end.

    At the end too where highlights stand outside of blocks: nothing tells where one of those begins or ends.
    """
    if any(isinstance(place, Stand) and not place.hash for place in found.values()):
        found = {}
    new = {item.id for item in adding}
    spots = [place for item in wanted if isinstance(place := found.get(item.id), Local)]
    at, indent = _before_all(page, spots)
    for item in wanted:
        place = found.get(item.id)
        if isinstance(place, Local):
            at = page.blocks[page.subtree(place.at) - 1].end
            indent = page.blocks[place.at].indent
        elif item.id in new:
            result.edits.append(
                Edit(at, at, item.rendered.lines(indent, page.indent_unit, page.syntax))
            )
            result.bases[item.id] = item.hashes
            result.added.append(item.id)


def _before_all(page: Page, spots: list[Local]) -> tuple[int, str]:
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


def plan_header(
    page: Page,
    local: Mapping[str, Property],
    want: Mapping[str, list[str]],
    base: Mapping[str, bytes] | None,
) -> tuple[list[Edit], dict[str, bytes], list[str]]:
    """Merge a page's properties one by one: the edits, what to remember, and the keys that differ.

    `local` are the page's own, `want` each key's lines. The title is the page's name: it never
    changes. A property that syncd never wrote is its owner's.
    """
    hashes = {key: digest(lines) for key, lines in want.items()}
    if base is None or not local:
        return [], dict(base or hashes), []
    edits: list[Edit] = []
    merged = dict(base)
    differing: list[str] = []
    behind = (
        local["title"].end if "title" in local else min(found.start for found in local.values())
    )
    for key in [key for key in {**want, **base} if key != "title"]:
        place, wish, known = local.get(key), hashes.get(key, b""), base.get(key, b"")
        now = (
            digest([line.strip("\ufeff\r\n") for line in page.lines[place.start : place.end]])
            if place
            else b""
        )
        if now == known != wish:
            start, end = (place.start, place.end) if place else (behind, behind)
            edits.append(Edit(start, end, want.get(key, [])))
            now = wish
        if now == wish:
            merged[key] = wish
        elif place and known not in (wish, b""):
            differing.append(key)
        if place:
            behind = place.end
    return edits, merged, differing
