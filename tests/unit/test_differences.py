"""What differs between account and vault, and how its owner settles it: on values alone."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from syncd.model import Highlight
from syncd.page.base import TAKEN, Base
from syncd.page.blocks import Page, parse
from syncd.page.markdown import MARKDOWN
from syncd.page.rendered import Labels, Rendered, Rendering
from syncd.page.splice import splice
from syncd.sync.differences import Difference, differences, settled_bases
from syncd.sync.highlight_blocks import Elsewhere, Place, Wanted, blocks_of
from syncd.sync.merge import Case, Plan, merge
from syncd.sync.said import account_digests

PATH = "pages/雨.md"


def wanted(text: str) -> Wanted:
    """A highlight as the account has it."""
    rendered = Rendered([text])
    said = account_digests(Highlight(1, text), None)
    return Wanted(1, None, Rendering(lambda: rendered), said, text, live=True, comes=True)


def page_of(text: str) -> Page:
    """A page with one block; "" without any."""
    return parse(f"- {text}\n" if text else "title:: x\n", MARKDOWN)


def case_of(settled: str, account: str, page: str, base: Base | None = None) -> Case:
    """What was settled, and what account and page say now; "" where nothing was, or stands."""
    there = page_of(page)
    found: dict[int, Place] = {1: blocks_of(there, Labels())[0]} if page else {}
    known = base or (Base(wanted(settled).page, wanted(settled).account) if settled else None)
    return Case([wanted(account)], {1: known} if known else {}, there, found)


def differing(case: Case, gone: str = "") -> list[Difference]:
    """What differs; `gone` is the verdict on what is gone."""
    return list(differences(case, merge(case), {1: gone} if gone else {}, PATH, {}))


class Row(NamedTuple):
    """What was settled, what account and page say now, the verdict; then: how it differs."""

    sentence: str
    settled: str
    account: str
    page: str
    gone: str
    kind: str


@pytest.mark.parametrize(
    "row",
    [
        Row("both say the same", "A", "A", "A", "", ""),
        Row("both changed to the same words", "A", "B", "B", "", ""),
        Row("the account's edit is not written yet", "A", "B", "A", "", "missing"),
        Row("the owner changed it", "A", "A", "B", "", "edited"),
        Row("both changed it", "A", "B", "C", "", "conflict"),
        Row("it is new", "", "A", "", "", "missing"),
        Row("the owner deleted it", "A", "A", "", "deleted", "deleted"),
        Row("the owner confirmed that", "A", "B", "", "accepted", "deleted"),
        Row("the vault is not whole", "A", "A", "", "held", "held"),
        Row("it went back in time, and comes again", "A", "A", "", "again", "missing"),
        Row("nobody looked yet", "A", "A", "", "", "missing"),
    ],
    ids=lambda row: row.sentence,
)
def test_how_a_highlight_differs(row: Row) -> None:
    """With the page on which it stands or stood, and the lines of both sides."""
    found = differing(case_of(row.settled, row.account, row.page), row.gone)
    stands = [row.page] if row.page else []
    expected = Difference(1, "text", row.kind, PATH, stands, [row.account])  # type: ignore[arg-type]
    assert found == ([expected] if row.kind else [])


def test_a_block_in_another_look_does_not_differ() -> None:
    """Account and page are as they were settled: only syncd would write it in other ways now."""
    item = wanted("A")
    written = Rendered(["A, as it was written"]).digests()
    case = case_of("", "A", "A, as it was written", Base(written, item.account))
    assert differing(case) == []


def test_a_block_on_another_page_is_shown_as_moved() -> None:
    """With its lines, where they are known."""
    there = blocks_of(page_of("C"), Labels())[0]
    base = Base(wanted("A").page, wanted("A").account)
    place = Elsewhere("mine.md", there.digest)
    case = Case([wanted("B")], {1: base}, page_of(""), {1: place})
    (found,) = differences(case, merge(case), {}, PATH, {1: ["C"]})
    assert found == Difference(1, "text", "conflict", "mine.md", ["C"], ["B"], moved=True)


def settled(case: Case, *, take: bool) -> tuple[Plan, str]:
    """The merge after its owner said what holds, and the page."""
    bases = settled_bases(case, differing(case), take=take)
    plan = merge(Case(case.wanted, bases, case.page, case.found))
    return plan, splice(case.page, plan.edits)


@pytest.mark.parametrize("account", ["A", "B"])
def test_taken_words_of_the_account_are_written_and_the_owners_are_no_state_of_ours(
    account: str,
) -> None:
    """Were they, they would be replaced again if their owner put them back."""
    plan, page = settled(case_of("A", account, "C"), take=True)
    assert (page, plan.conflicts) == (f"- {account}\n", {})
    base = plan.bases[1]
    assert base is not None
    assert (base.past, base.account) == ((), wanted(account).account)
    again = case_of("", account, "C", base)
    assert (merge(again).edits, merge(again).conflicts) == ([], {})


def test_taken_words_that_their_owner_edits_before_they_are_replaced_stay() -> None:
    """What was given up is not what stands there now."""
    case = case_of("A", "B", "C")
    (base,) = settled_bases(case, differing(case), take=True).values()
    assert base.account is not None
    assert base.account.text == TAKEN
    plan = merge(case_of("", "B", "D", base))
    assert (plan.edits, plan.conflicts) == ([], {1: ["text"]})


def test_kept_words_stay_and_a_later_edit_is_a_new_conflict() -> None:
    """The account's side alone is settled: the words are their owner's."""
    case = case_of("A", "B", "C")
    (base,) = settled_bases(case, differing(case), take=False).values()
    plan = merge(case_of("", "B", "C", base))
    assert (plan.edits, plan.conflicts) == ([], {})
    plan = merge(case_of("", "D", "C", base))
    assert (plan.edits, plan.conflicts) == ([], {1: ["text"]})


@pytest.mark.parametrize("take", [True, False])
def test_a_base_that_does_not_know_what_the_account_said_is_settled_too(take: bool) -> None:
    """As an older syncd left it."""
    case = case_of("", "B", "C", Base(wanted("A").page))
    plan, page = settled(case, take=take)
    assert plan.conflicts == {}
    assert page == ("- B\n" if take else "- C\n")
