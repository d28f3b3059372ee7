"""The merge: account, page, and what both said when they were last settled. Each row is a sentence.

`A` to `D` stand for the words of one part, "" for a part that is not there. All on values alone.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from syncd.formats import obsidian
from syncd.model import Highlight, Tag
from syncd.page.base import UNSETTLED, Base, Past
from syncd.page.blocks import Page, digest
from syncd.page.markdown import parse_markdown
from syncd.page.rendered import PARTS, Digests, Labels, Part, Rendered, Rendering
from syncd.page.splice import splice
from syncd.sync.absence import Fate
from syncd.sync.differences import Difference, settled_bases
from syncd.sync.highlight_blocks import Elsewhere, Place, Wanted, blocks_of
from syncd.sync.merge import Case, Plan, merge, part_digests
from syncd.sync.properties import merge_properties
from syncd.sync.said import account_digests

NOW = 9_000
LINE = {"text": "- {}\n", "tags": "\t- **Tags**: {}\n", "note": "\t- **Note**: {}\n"}


def wanted(
    id_: int = 1,
    text: str = "",
    tags: str = "",
    note: str = "",
    *,
    live: bool = True,
    comes: bool = True,
) -> Wanted:
    """A highlight as the account has it, with one tag or none."""
    item = Highlight(id_, text, note, tags=(Tag(tags),) if tags else ())
    rendered = Rendered(
        [text], [f"**Tags**: {tags}"] if tags else None, [f"**Note**: {note}"] if note else None
    )
    account = account_digests(item, None)
    return Wanted(id_, None, Rendering(lambda: rendered), account, text, live, comes)


def page_of(*highlights: dict[str, str]) -> Page:
    """A page with these highlights' blocks."""
    lines = [LINE[part].format(one[part]) for one in highlights for part in PARTS if one.get(part)]
    return parse_markdown("title:: x\n" + "".join(lines))


def found_on(page: Page, *ids: int) -> dict[int, Place]:
    """The blocks of a page are these highlights', in their order."""
    return dict(zip(ids, blocks_of(page, Labels()), strict=False))


def said_there(page: str, part: Part) -> str:
    """What a page of one highlight says of a part."""
    start = LINE[part].split("{", maxsplit=1)[0]
    lines = [line for line in page.splitlines()[1:] if line.startswith(start)]
    return lines[0].removeprefix(start) if lines else ""


class Row(NamedTuple):
    """What was settled, what account and page say now, earlier words of ours; then: page, told."""

    sentence: str
    settled: str
    account: str
    page: str
    past: str
    then: str
    told: str = ""


ROWS = [
    Row("nothing changed: nothing happens", "A", "A", "A", "", "A"),
    Row("the account changed it: the account's is written", "A", "B", "A", "", "B", "updated"),
    Row("the owner changed it: it is theirs, and nothing to tell", "A", "A", "B", "", "B"),
    Row("both changed it to the same words: settled", "A", "B", "B", "", "B"),
    Row("both changed it: the owner's stays, and is told", "A", "B", "C", "", "C", "conflict"),
    Row("it went back to what we wrote once: again", "B", "B", "A", "A", "B", "returned"),
    Row("it went back, and the account goes on", "B", "C", "A", "A", "C", "returned"),
    Row("it went back to the second last of ours", "C", "C", "A", "AB", "C", "returned"),
    Row("it is none of our earlier ones: the owner's", "B", "B", "C", "A", "C"),
    Row("none of our earlier ones, and the account's too", "B", "D", "C", "A", "C", "conflict"),
    Row("the account took back what differed: nothing differs", "A", "A", "C", "B", "C"),
]

CHILDREN = [
    Row("one comes where there was none", "", "A", "", "", "A", "updated"),
    Row("the account takes it away", "A", "", "A", "", "", "updated"),
    Row("the owner takes the line away: it stays away", "A", "A", "", "", ""),
    Row("the owner took it away, the account edits it", "A", "B", "", "", "", "conflict"),
    Row("the owner writes one where we wrote none", "", "", "C", "", "C"),
    Row("the owner wrote one, then the account does", "", "A", "C", "", "C", "conflict"),
    Row("the account takes away what the owner edited", "A", "", "C", "", "C", "conflict"),
    Row("both take it away: settled", "A", "", "", "", ""),
    Row("it went back to before it came: again", "A", "A", "", "-", "A", "returned"),
]


def cases() -> list[object]:
    """Each row for each part that it may be about."""
    every = [(row, part) for row in ROWS for part in PARTS]
    every += [(row, part) for row in CHILDREN for part in PARTS if part != "text"]
    return [pytest.param(row, part, id=f"{part}: {row.sentence}") for row, part in every]


def highlight(part: Part, words: str) -> dict[str, str]:
    """One that says this of the part, and always the same of the others."""
    return {"text": "text", "tags": "tag", "note": "note", part: words}


def saying(part: Part, words: str) -> Wanted:
    """It, as the account has it."""
    return wanted(1, *(highlight(part, words)[one] for one in PARTS))


def digests(part: Part, words: str) -> tuple[Digests, Digests]:
    """What page and account say of it."""
    item = saying(part, words)
    return item.page, item.account


@pytest.mark.parametrize(("row", "part"), cases())
def test_who_changed_what_decides(row: Row, part: Part) -> None:
    """Remote, local, base and past of one part; the other parts stay."""
    item, page = saying(part, row.account), page_of(highlight(part, row.page))
    past = [getattr(digests(part, "" if one == "-" else one)[0], part) for one in row.past]
    earlier = tuple(Past(part, one, at) for at, one in enumerate(past, 1))
    base = Base(*digests(part, row.settled), past=earlier)
    found = found_on(page, 1)
    plan = merge(Case([item], {1: base}, page, found, moment=NOW))
    after = splice(page, plan.edits)
    assert said_there(after, part) == row.then
    assert [said_there(after, one) for one in PARTS if one != part] == [
        highlight(part, "")[one] for one in PARTS if one != part
    ]
    told = {"updated" if plan.updated else "", "returned" if plan.returned else ""}
    told |= {"conflict" if plan.conflicts == {1: [part]} else ""}
    assert told - {""} == ({"updated", row.told} if row.told == "returned" else {row.told}) - {""}
    assert not (plan.unplaced or plan.added or plan.kept)
    again = parse_markdown(after)
    settled = plan.bases.get(1) or base
    second = merge(Case([item], {1: settled}, again, found_on(again, 1), moment=NOW + 1))
    assert (second.edits, second.updated) == ([], [])
    assert bool(second.conflicts) == (row.told == "conflict")


@pytest.mark.parametrize("part", PARTS)
def test_what_goes_back_a_second_time_is_the_owners(part: Part) -> None:
    """It is written again once."""
    item, old = saying(part, "B"), page_of(highlight(part, "A"))
    base = Base(*digests(part, "A"))
    first = merge(Case([item], {1: base}, old, found_on(old, 1), moment=NOW)).bases[1]
    assert first is not None
    assert first.past == (Past(part, getattr(base.page, part), NOW),)
    again = merge(Case([item], {1: first}, old, found_on(old, 1), moment=NOW))
    assert again.returned == [1]
    second = again.bases[1]
    assert second is not None
    assert merge(Case([item], {1: second}, old, found_on(old, 1), moment=NOW)).edits == []


def test_four_earlier_states_of_a_part_are_remembered() -> None:
    """The oldest is forgotten."""
    base: Base | None = Base(*digests("note", "0"))
    for number in range(1, 8):
        page = page_of(highlight("note", str(number - 1)))
        assert base is not None
        item = saying("note", str(number))
        base = merge(Case([item], {1: base}, page, found_on(page, 1), moment=number)).bases[1]
    assert base is not None
    assert [one.until for one in base.past] == [4, 5, 6, 7]


# --- two sides: another program's blocks, other templates -----------------------------------------


@pytest.mark.parametrize(
    ("sentence", "account", "page", "restyle", "is_adopted", "then", "told"),
    [
        ("as that program wrote it: it stays", "A", "a", False, True, "a", ""),
        ("the account edits it: it arrives", "B", "a", False, True, "B", "updated"),
        ("its owner changed it: it stays", "A", "mine", False, True, "mine", ""),
        ("both changed it: told", "B", "mine", False, True, "mine", "conflict"),
        (
            "a full run brings no block of another program to our look",
            "A",
            "a",
            True,
            True,
            "a",
            "",
        ),
        ("our look changed: nothing, but for a full run", "A", "a", False, False, "a", ""),
        ("a full run brings our blocks to their new look", "A", "a", True, False, "A", "updated"),
        ("but not what its owner changed", "A", "mine", True, False, "mine", ""),
    ],
)
def test_a_base_has_two_sides(
    sentence: str, account: str, page: str, restyle: bool, is_adopted: bool, then: str, told: str
) -> None:
    """The account said `A` and the page `a`, its look of another program or another template."""
    there = page_of({"text": page})
    base = Base(digests_of("a"), wanted(text="A").account, adopted=is_adopted)
    case = Case([wanted(text=account)], {1: base}, there, found_on(there, 1), restyle=restyle)
    plan = merge(case)
    assert said_there(splice(there, plan.edits), "text") == then, sentence
    assert (bool(plan.updated), bool(plan.conflicts)) == (told == "updated", told == "conflict")


def digests_of(text: str) -> Digests:
    """What a page of one block says."""
    return Digests(digest([text]), b"", b"")


def test_what_an_older_version_did_not_settle_differs_until_both_agree() -> None:
    """It does not know what the account said."""
    page, item = page_of({"text": "mine"}), wanted(text="A")
    unknown = item.account._replace(text=UNSETTLED)
    base = Base(digests_of("old"), unknown)
    plan = merge(Case([item], {1: base}, page, found_on(page, 1)))
    assert (plan.edits, plan.conflicts) == ([], {1: ["text"]})
    page = page_of({"text": "A"})
    settled = merge(Case([item], {1: base}, page, found_on(page, 1))).bases[1]
    assert settled is not None
    assert settled[:2] == (item.page, item.account)


def test_an_adopted_base_goes_before_one_of_an_older_version() -> None:
    """That knew only what it would have written."""
    page, old = page_of({"text": "a"}), wanted(text="A")
    adopted = Base(digests_of("a"), old.account, adopted=True)
    found = found_on(page, 1)
    plan = merge(Case([old], {1: Base(old.page)}, page, found, adopted={1: adopted}))
    assert plan.bases[1] == adopted


# --- places that are none of the page's blocks ----------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "account", "place", "conflicts", "unplaced"),
    [
        ("its owner moved it: it stays", "A", Elsewhere("o.md", digest(["A"])), [], []),
        ("and edited it there", "A", Elsewhere("o.md", digest(["mine"])), [], []),
        ("the account edits what was moved", "B", Elsewhere("o.md", digest(["A"])), ["text"], []),
        ("to the words that stand there", "B", Elsewhere("o.md", digest(["B"])), [], []),
        ("it stands in running text", "A", Elsewhere("", b""), [], []),
        ("where an edit has no place", "B", Elsewhere("", b""), [], ["text"]),
    ],
)
def test_nothing_is_written_where_the_owner_put_it(
    sentence: str, account: str, place: Elsewhere, conflicts: list[Part], unplaced: list[Part]
) -> None:
    """What the account changes is named."""
    known = wanted(text="A")
    case = Case([wanted(text=account)], {1: Base(known.page, known.account)}, page_of(), {1: place})
    plan = merge(case)
    assert plan.edits == [], sentence
    assert plan.conflicts == ({1: conflicts} if conflicts else {})
    assert plan.unplaced == ({1: unplaced} if unplaced else {})


def test_what_was_first_seen_elsewhere_is_never_taken_for_ours() -> None:
    """After a lost state nobody knows whose words they are: they stay, also when they come home."""
    old, new, page = wanted(text="A"), wanted(text="B"), page_of({"text": "meine A"})
    away = Elsewhere("o.md", digest(["meine A"]))
    bases: dict[int, Base] = {}
    for case in (
        Case([old], {}, page_of(), {1: away}),
        Case([old], bases, page_of(), {1: away}),
        Case([old], bases, page, found_on(page, 1)),
        Case([new], bases, page, found_on(page, 1)),
    ):
        plan = merge(case)
        assert plan.edits == []
        bases |= {id_: base for id_, base in plan.bases.items() if base is not None}
    assert plan.conflicts == {1: ["text"]}
    deleted = msgspec.structs.replace(case, wanted=[wanted(text="B", live=False)], remove=True)
    assert merge(deleted).edits == []
    taken = settled_bases(case, [Difference(1, "text", "conflict", "o.md", [], [])], take=True)
    plan = merge(msgspec.structs.replace(case, bases=taken))
    assert splice(page, plan.edits).endswith("- B\n")


def test_a_note_of_joined_blocks_is_not_placed() -> None:
    """Whose it would be nobody could tell; the text differs."""
    page = page_of({"text": "A B"})
    (block,) = blocks_of(page, Labels())
    items = [wanted(1, text="A", note="neu"), wanted(2, text="B")]
    old = [wanted(1, text="A"), wanted(2, text="B")]
    bases = {one.id: Base(one.page, one.account) for one in old}
    plan = merge(Case(items, bases, page, {1: block, 2: block}))
    assert (plan.edits, plan.unplaced, plan.conflicts) == ([], {1: ["note"]}, {})


# --- what stands nowhere --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "known", "comes", "fate", "then"),
    [
        ("it is new: it comes", False, True, None, "added"),
        ("it is new, and a filter leaves it out", False, False, None, ""),
        ("its owner deleted it: it stays deleted", True, True, "deleted", "kept"),
        ("the vault is not whole: nothing is written for it", True, True, "held", "kept"),
        ("it is known to be gone", True, True, None, "kept"),
        ("its page went back in time: written again", True, True, "again", "added returned"),
        ("also where a filter leaves out what is new", True, False, "again", "added returned"),
    ],
)
def test_what_is_absent_is_new_deleted_or_gone_back(
    sentence: str, known: bool, comes: bool, fate: Fate | None, then: str
) -> None:
    """The fates are proved elsewhere (test_absence.py)."""
    item = wanted(text="A", comes=comes)
    bases = {1: Base(item.page, item.account)} if known else {}
    plan = merge(Case([item], bases, page_of(), {}, fates={1: fate} if fate else {}, moment=NOW))
    names = ("added", "kept", "returned", "updated", "removed")
    assert " ".join(name for name in names if getattr(plan, name) == [1]) == then, sentence
    assert bool(plan.edits) == ("added" in then)
    if "added" in then:
        assert plan.bases[1] == Base(item.page, item.account, since=NOW, again=known)


@pytest.mark.parametrize(
    ("there", "adding", "order"),
    [
        ((1, 3), (2,), [1, 2, 3]),
        ((2, 3), (1,), [1, 2, 3]),
        ((1, 2), (3,), [1, 2, 3]),
        ((3, 1), (2,), [3, 1, 2]),
        ((), (1, 2, 3), [1, 2, 3]),
        ((2,), (1, 3), [1, 2, 3]),
    ],
)
def test_what_is_new_goes_behind_its_nearest_predecessor(
    there: tuple[int, ...], adding: tuple[int, ...], order: list[int]
) -> None:
    """Else before what follows it, else to the end; the owner's order stays."""
    items = [wanted(number, text=str(number)) for number in (1, 2, 3)]
    page = page_of(*({"text": str(number)} for number in there))
    bases = {item.id: Base(item.page, item.account) for item in items if item.id in there}
    plan = merge(Case(items, bases, page, found_on(page, *there)))
    assert sorted(plan.added) == sorted(adding)
    after = parse_markdown(splice(page, plan.edits))
    assert [after.content(block) for block in after.blocks] == [[str(one)] for one in order]


def test_what_a_killed_run_brought_counts_as_added() -> None:
    """A block without a base that stands as we write it, on a page that such a run wrote."""
    item, page = wanted(text="A"), page_of({"text": "A"})
    plan = merge(Case([item], {}, page, found_on(page, 1), killed=NOW - 1))
    assert (plan.edits, plan.added) == ([], [1])
    assert plan.bases[1] == Base(item.page, item.account, since=NOW - 1)
    assert merge(Case([item], {}, page, found_on(page, 1))).added == []


# --- what is gone upstream ------------------------------------------------------------------------


def deleted_upstream(page: Page, *, remove: bool, found: bool = True) -> Plan:
    """The merge of a highlight `A` with the note `N` that was deleted upstream."""
    item = wanted(text="A", note="N", live=False)
    base = Base(item.page, item.account)
    places = found_on(page, 1) if found else {}
    return merge(Case([item], {1: base}, page, places, remove=remove))


OURS = "- A\n\t- **Note**: N\n"


@pytest.mark.parametrize(
    ("sentence", "page", "remove", "then"),
    [
        ("deletions are not carried out", OURS, False, "kept"),
        ("nobody touched it: it goes, with its note", OURS, True, "removed"),
        ("its owner edited it", "- A, mine\n\t- **Note**: N\n", True, "kept"),
        ("its owner edited the note", "- A\n\t- **Note**: N, mine\n", True, "kept"),
        ("its owner wrote below it", OURS + "\t- mine\n", True, "kept"),
        ("its owner wrote below the note", OURS + "\t\t- mine\n", True, "kept"),
        ("another block refers to it", "- A\n  id:: 64\n\t- **Note**: N\n", True, "kept"),
    ],
)
def test_only_what_nobody_touched_is_removed(
    sentence: str, page: str, remove: bool, then: str
) -> None:
    """And only where deletions are carried out."""
    there = parse_markdown(page + "- after\n")
    plan = deleted_upstream(there, remove=remove)
    assert (plan.removed, plan.kept) == (([1], []) if then == "removed" else ([], [1])), sentence
    after = "- after\n" if then == "removed" else page + "- after\n"
    assert splice(there, plan.edits) == after


def test_what_is_gone_on_both_sides_is_forgotten() -> None:
    """If it came again it would be new."""
    plan = deleted_upstream(page_of(), remove=False, found=False)
    assert (plan.bases, plan.kept, plan.removed) == ({1: None}, [], [])


# --- properties -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "settled", "account", "page", "then", "differs"),
    [
        ("nothing changed", "A", "A", "A", "A", False),
        ("the account changed it", "A", "B", "A", "B", False),
        ("the owner changed it", "A", "A", "C", "C", False),
        ("both, to the same", "A", "B", "B", "B", False),
        ("both", "A", "B", "C", "C", True),
        ("the owner took it away", "A", "A", "", "", False),
        ("the owner took it away, the account changed it", "A", "B", "", "", False),
        ("a new one of the account's", "", "B", "", "B", False),
        ("one of the owner's that the account has too, later", "", "B", "C", "C", False),
        ("the account took it away", "A", "", "A", "", False),
    ],
)
def test_properties_are_merged_one_by_one(
    sentence: str, settled: str, account: str, page: str, then: str, differs: bool
) -> None:
    """A property that syncd never wrote is its owner's."""
    line = "tags:: {}\n"
    there = parse_markdown("title:: x\n" + (line.format(page) if page else "") + "- A\n")
    base = {"title": digest(["title:: x"])}
    base |= {"tags": digest([f"tags:: {settled}"])} if settled else {}
    want = {"title": ["title:: x"]} | ({"tags": [f"tags:: {account}"]} if account else {})
    edits, _, differing = merge_properties(there, there.properties(), want, base)
    after = splice(there, edits)
    assert after == "title:: x\n" + (line.format(then) if then else "") + "- A\n", sentence
    assert differing == (["tags"] if differs else [])


def test_a_page_of_another_programs_keeps_its_properties() -> None:
    """What it would have is remembered; a later change of the account's arrives then."""
    page = parse_markdown("full-title:: x\n- A\n")
    want = {"title": ["title:: x"], "tags": ["tags:: A"]}
    edits, base, differing = merge_properties(page, page.properties(), want, None)
    assert (edits, differing) == ([], [])
    assert base == {key: digest(lines) for key, lines in want.items()}


def test_the_digests_of_a_block_are_those_of_its_parts() -> None:
    """What stands there of text, tags and note."""
    page = page_of({"text": "A", "tags": "t", "note": "N"})
    (block,) = blocks_of(page, Labels())
    want = wanted(text="A", tags="t", note="N").page
    assert part_digests(page, block, Labels(), None) == want


CALLOUT = ["> [!abstract] Summary", "> A"]


@pytest.mark.parametrize(
    ("sentence", "page", "account", "then"),
    [
        ("it is new", "---\nt: x\n---\n- A\n", CALLOUT, "---\nt: x\n---\n{}\n\n- A\n"),
        ("it is new, on an empty note", "---\nt: x\n---\n", CALLOUT, "---\nt: x\n---\n{}\n\n"),
        ("its owner wrote below", "---\nt: x\n---\n\nI\n", CALLOUT, "---\nt: x\n---\n{}\n\n\nI\n"),
        ("it goes", "---\nt: x\n---\n{}\n\n- A\n", [], "---\nt: x\n---\n- A\n"),
        ("it goes, and nothing follows", "---\nt: x\n---\n{}\n", [], "---\nt: x\n---\n"),
        ("no front matter", "{}\n\n- A\n", [], "{}\n\n- A\n"),
    ],
)
def test_a_callout_stands_apart_from_all_else(
    sentence: str, page: str, account: list[str], then: str
) -> None:
    """Below the front matter, with a blank line behind it that comes and goes with it."""
    there = parse_markdown(page.format("\n".join(CALLOUT)))
    base = {"t": digest(["t: x"])} | ({"> Summary": digest(CALLOUT)} if "{}" in page else {})
    want = {"t": ["t: x"]} | ({"> Summary": account} if account else {})
    edits, _, _ = merge_properties(there, obsidian.properties(there), want, base)
    assert splice(there, edits) == then.format("\n".join(CALLOUT)), sentence


def test_what_is_held_stays_and_what_is_quiet_is_not_told() -> None:
    """What is held is remembered as it was."""
    page = parse_markdown("a:: A\nb:: C\n- A\n")
    base = {key: digest([f"{key}:: A"]) for key in "ab"}
    want = {key: [f"{key}:: B"] for key in "ab"}
    held = merge_properties(page, page.properties(), want, base, held="a", quiet="b")
    assert held == ([], base, [])
    edits, header, differing = merge_properties(page, page.properties(), want, base, quiet="b")
    assert splice(page, edits) == "a:: B\nb:: C\n- A\n"
    assert (header, differing) == (base | {"a": digest(["a:: B"])}, [])
