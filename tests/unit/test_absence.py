"""What is gone: deleted by its owner, gone back in time, or a vault that is not whole.

Each row is a sentence about one page; times are seconds, on values alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pytest

from syncd.page.base import Base, Past
from syncd.page.rendered import Part
from syncd.sync.absence import Effect, Fate, Look, effects_of, judge
from syncd.sync.highlight_blocks import Elsewhere, PageBlock
from tests.unit.test_merge import wanted

SECOND = 1_000_000_000


def brought(highlight: int, at: int, *, gone: bool = False) -> Effect:
    """A write of ours brought a highlight (`at` 0: it stood there before any)."""
    return Effect(highlight, None, at * SECOND, gone)


def edited(highlight: int, at: int, part: Part = "text", *, gone: bool = False) -> Effect:
    """A write of ours edited a part; `gone`: it says again what it said before."""
    return Effect(highlight, part, at * SECOND, gone)


def look(
    *effects: Effect,
    document: int = 1,
    saved: int | None = 10_000,
    unsure: bool = False,
    git_moved: bool = False,
    copied: Collection[int] = (),
    again: Collection[int] = (),
) -> Look:
    """A document's page that was last saved at a time (None: it is gone)."""
    mtime = None if saved is None else saved * SECOND
    return Look(document, "Seite.md", mtime, effects, unsure, git_moved, copied, again)


def judged(*looks: Look) -> dict[int, Fate]:
    """What became of what is gone, in a large vault that is whole."""
    fates, whole = judge(looks, recent=0, total=1000, accepted=False)
    assert whole
    return fates


class Row(NamedTuple):
    """A page, and what became of its highlights that are gone."""

    sentence: str
    look: Look
    fates: dict[int, Fate]


OLD, GONE = brought(1, 100), brought(2, 200, gone=True)
PAGES = [
    Row("its owner deleted a block", look(OLD, brought(3, 200), GONE), {2: "deleted"}),
    Row("the block that came last, long after", look(OLD, GONE), {2: "deleted"}),
    Row("the same, saved within a minute of our write", look(OLD, GONE, saved=201), {2: "again"}),
    Row("the page is older than our write", look(OLD, GONE, saved=150), {2: "again"}),
    Row("by less than a coarse clock's tick", look(OLD, GONE, saved=199), {2: "again"}),
    Row(
        "older than our write, but an older block is gone too",
        look(brought(1, 100, gone=True), brought(3, 100), GONE, saved=150),
        {1: "deleted", 2: "deleted"},
    ),
    Row(
        "an edit of ours is undone too",
        look(OLD, edited(1, 200, gone=True), GONE),
        {2: "again"},
    ),
    Row(
        "a note of ours is undone too, by one later write",
        look(OLD, GONE, edited(1, 300, "note", gone=True)),
        {2: "again"},
    ),
    Row(
        "of two edits of one write just one is undone",
        look(OLD, edited(1, 200, gone=True), edited(3, 200), GONE),
        {2: "deleted"},
    ),
    Row(
        "all that our last two writes brought is gone, and all older stands",
        look(OLD, GONE, brought(3, 300, gone=True)),
        {2: "again", 3: "again"},
    ),
    Row(
        "and something older too",
        look(OLD, brought(4, 100, gone=True), GONE, brought(3, 300, gone=True)),
        {2: "deleted", 3: "deleted", 4: "deleted"},
    ),
    Row(
        "one of three that came with our last write",
        look(OLD, GONE, brought(3, 200), brought(4, 200), saved=201),
        {2: "deleted"},
    ),
    Row(
        "what stood there before any write of ours is its owner's deletion, whatever the signs",
        look(OLD, edited(1, 200, gone=True), brought(2, 0, gone=True), saved=201),
        {2: "deleted"},
    ),
    Row(
        "so is what stood before the write that is undone",
        look(OLD, brought(2, 100, gone=True), edited(1, 200, gone=True)),
        {2: "deleted"},
    ),
    Row("a conflict copy holds what is missing", look(OLD, GONE, copied=[2]), {2: "again"}),
    Row("a conflict copy holds something else", look(OLD, GONE, copied=[1]), {2: "deleted"}),
    Row("git's HEAD or stash moved", look(OLD, GONE, git_moved=True), {2: "again"}),
    Row(
        "it was written again before, whatever the signs",
        look(OLD, GONE, saved=201, git_moved=True, again=[2]),
        {2: "deleted"},
    ),
    Row("the page was emptied by hand", look(GONE), {2: "deleted"}),
    Row("the page is gone", look(GONE, saved=None), {2: "deleted"}),
    Row("the page is gone, and may come back", look(GONE, saved=None, unsure=True), {}),
    Row("the page is gone while git moved", look(GONE, saved=None, git_moved=True), {2: "again"}),
]


@pytest.mark.parametrize("row", PAGES, ids=[row.sentence for row in PAGES])
def test_signs_decide_on_what_is_gone(row: Row) -> None:
    """One page alone, in a vault that is whole."""
    assert judged(row.look) == row.fates


BACK = look(OLD, GONE, saved=150)


@pytest.mark.parametrize(
    ("sentence", "other", "fate"),
    [
        ("a page is gone where another one went back", look(saved=None), "again"),
        ("what came last is missing where another page went back", look(brought(5, 90)), "again"),
        ("what is older is missing where another page went back", None, "deleted"),
    ],
)
def test_pages_that_went_back_are_a_sign_for_others(
    sentence: str, other: Look | None, fate: Fate
) -> None:
    """Of what a write of ours brought there, since which nothing stands."""
    missing = brought(9, 200, gone=True)
    effects = (*(other.effects if other else [brought(5, 300)]), missing)
    page = look(*effects, document=2, saved=None if other and other.mtime is None else 10_000)
    gone = page.mtime is None  # and was there at the look before
    page = page._replace(unsure=gone)
    assert judged(page, BACK) == {2: "again", 9: fate}, sentence
    assert judged(page) == ({} if gone else {9: "deleted"})


def test_pages_that_are_merely_gone_are_a_sign_for_nobody() -> None:
    """Their owner may delete several."""
    looks = [look(brought(at, 200, gone=True), document=at, saved=None) for at in (1, 2, 3)]
    assert judged(*looks) == dict.fromkeys((1, 2, 3), "deleted")


@pytest.mark.parametrize(
    ("sentence", "gone", "recent", "total", "whole"),
    [
        ("one page of three in a small vault", 3, 0, 9, True),
        ("nine of ten: too few to tell", 9, 0, 10, True),
        ("ten, which are no more than a fifth", 10, 0, 50, True),
        ("ten, which are more than a fifth", 10, 0, 49, False),
        ("fifty of many", 50, 0, 10_000, True),
        ("more than fifty", 51, 0, 10_000, False),
        ("with what went in the last 24 hours", 6, 45, 10_000, False),
        ("what is held back already alone is too much", 0, 51, 10_000, False),
    ],
)
def test_a_vault_of_which_much_is_gone_is_not_whole(
    sentence: str, gone: int, recent: int, total: int, whole: bool
) -> None:
    """Then nothing of it counts as deleted, before its owner says so."""
    page = look(*(brought(at, 200, gone=True) for at in range(gone)), brought(9999, 200))
    fate: Fate = "deleted" if whole else "held"
    fates = dict.fromkeys(range(gone), fate)
    assert judge([page], recent=recent, total=total, accepted=False) == (fates, whole), sentence
    accepted = judge([page], recent=recent, total=total, accepted=True)
    assert accepted == (dict.fromkeys(range(gone), "deleted"), True)


def test_pages_that_may_come_back_are_held_too_where_the_vault_is_not_whole() -> None:
    """They count toward the number; what went back in time does not."""
    away = look(*(brought(at, 200, gone=True) for at in range(51)), saved=None, unsure=True)
    back = look(brought(101, 100), brought(102, 200, gone=True), document=2, git_moved=True)
    held = dict.fromkeys(range(51), "held")
    assert judge([away, back], recent=0, total=1000, accepted=False) == (
        held | {102: "again"},
        False,
    )


# --- what our writes did --------------------------------------------------------------------------

A, B, C = (wanted(1, text).page for text in "ABC")


def effects(base: Base, now: str | None, known: Collection[int] = ()) -> list[Effect]:
    """Those on a highlight that says this, or stands nowhere."""
    item = wanted(1, "C")
    places = {} if now is None else {1: PageBlock(0, (), (), b"")}
    standing = {} if now is None else {1: wanted(1, now).page}
    return effects_of([item], {1: base}, places, standing, known)


def test_an_edit_is_undone_where_the_page_says_what_it_said_before() -> None:
    """And so is each later one."""
    account = wanted(1, "C").account
    past = (Past("text", A.text, 20), Past("text", B.text, 30))
    base = Base(C, account, past, since=10)

    def undone(now: str) -> list[tuple[int, bool]]:
        return [(one.moment, one.undone) for one in effects(base, now)]

    assert undone("C") == [(10, False), (20, False), (30, False)]
    assert undone("B") == [(10, False), (20, False), (30, True)]
    assert undone("A") == [(10, False), (20, True), (30, True)]
    assert undone("mine") == [(10, False), (20, False), (30, False)]


@pytest.mark.parametrize(
    ("sentence", "base", "known", "moment"),
    [
        ("it came with a write of ours", Base(C, wanted(1, "C").account, since=10), (), 10),
        ("its owner had moved it", Base(C, wanted(1, "C").account, since=10, place="o.md"), (), 0),
        ("it is known to be gone", Base(C, wanted(1, "C").account, since=10), (1,), None),
        ("an older version knew that it was gone", Base(C), (), None),
    ],
)
def test_what_stands_nowhere_is_undone(
    sentence: str, base: Base, known: Collection[int], moment: int | None
) -> None:
    """If it is not known yet."""
    expected = [] if moment is None else [Effect(1, None, moment, undone=True)]
    assert effects(base, None, known) == expected, sentence


def test_what_stands_elsewhere_is_neither_there_nor_gone() -> None:
    """Its owner moved it."""
    base = Base(C, wanted(1, "C").account, since=10)
    place = Elsewhere("o.md", C.text)
    assert effects_of([wanted(1, "C")], {1: base}, {1: place}, {}, ()) == []


def test_what_is_gone_upstream_is_not_looked_for() -> None:
    """Nobody has to be told where it went."""
    item = wanted(1, "C", live=False)
    base = Base(item.page, item.account, since=10)
    assert effects_of([item], {1: base}, {}, {}, ()) == []
