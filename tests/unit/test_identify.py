"""Which block is which highlight: by id, link, base, words, place, in this order.

Each row is a page and what stands for which highlight on it, on values alone. `U(n)` is the address
of a tweet, `([View Tweet](U(n)))` its link in a block.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import pytest

from syncd.model import Document, Highlight
from syncd.page.base import Base, Past
from syncd.page.blocks import digest
from syncd.page.identity import highlight_key, link_key
from syncd.page.links import id_key
from syncd.page.markdown import parse_markdown
from syncd.page.rendered import Labels, Rendered, Rendering
from syncd.sync.highlight_blocks import Elsewhere, PageBlock, Wanted, blocks_of
from syncd.sync.identify import identify
from syncd.sync.said import account_digests

ARTICLE = "https://example.org/artikel"
LONG = "a sentence about owls that is long enough"


def address(number: int) -> str:
    """That of a tweet."""
    return f"https://twitter.com/example_owl/status/{number}"


def linked(text: str, number: int) -> str:
    """A tweet's block."""
    return f"{text} ([View Tweet]({address(number)})) #Highlight"


def said(id_: int, text: str, url: str | None = None) -> Wanted:
    """A highlight as the account has it."""
    item = Highlight(id_, text, url=url)
    key = highlight_key(Document(1), item)
    rendered = Rendered([f"{text} ([View Highlight]({url}))" if url else text])
    return Wanted(
        id_, key, Rendering(lambda: rendered), account_digests(item, key), text, True, True
    )


def saw(item: Wanted, *block: str) -> Base:
    """What syncd last saw of a highlight: as it would write it, else this block."""
    page = item.page._replace(text=digest(list(block))) if block else item.page
    return Base(page, item.account)


def found(
    page: str,
    *items: Wanted,
    bases: Mapping[int, Base] | None = None,
    elsewhere: Mapping[str, list[Elsewhere]] | None = None,
    gone: Collection[int] = (),
) -> dict[int, str]:
    """Where each highlight stands: the number of its block, else the page."""
    known = {item.id: saw(item) for item in items} if bases is None else bases
    there = parse_markdown(page)
    blocks = blocks_of(there, Labels())
    places = identify(items, known, blocks, elsewhere or {}, there.lines, gone)
    return {
        id_: str(place.at) if isinstance(place, PageBlock) else place.path
        for id_, place in places.items()
    }


class Row(NamedTuple):
    """A page, the highlights, and which block is which."""

    sentence: str
    page: str
    items: tuple[Wanted, ...]
    places: dict[int, str]


T11, T12, T13 = (said(n, f"tweet {n} {LONG}", address(n)) for n in (11, 12, 13))
P1, P2, P3 = (said(n, f"{word} {LONG}") for n, word in ((1, "first"), (2, "second"), (3, "third")))
A1, A2, A3 = (said(n, f"{word} {LONG}", ARTICLE) for n, word in ((1, "one"), (2, "two"), (3, "x")))


def article(text: str) -> str:
    """A block with the article's address."""
    return f"- {text} ([View Highlight]({ARTICLE}))\n"


ROWS = [
    Row("an id goes before all", "- other words ^rw-2\n- first\n", (P1, P2), {2: "0"}),
    Row(
        "an id goes before another one's link",
        f"- {linked('x', 11)} ^rw-12\n- {linked('y', 12)} ^rw-11\n",
        (T11, T12),
        {12: "0", 11: "1"},
    ),
    Row(
        "a copy with an id is no other highlight's",
        f"- first {LONG} ^rw-1\n- second {LONG} ^rw-1\n",
        (P1, P2),
        {1: "0"},
    ),
    Row("a link of its own", f"- {linked('my words', 12)}\n", (T11, T12), {12: "0"}),
    Row(
        "on whatever host",
        "- my words ([View Tweet](https://x.com/i/web/status/12?s=20))\n",
        (T12,),
        {12: "0"},
    ),
    Row(
        "a link that the owner adds behind it hides nothing",
        f"- {linked('a', 11)} see ([paper](https://example.org/p))\n",
        (T11, T12),
        {11: "0"},
    ),
    Row(
        "nor does another one's with a label",
        f"- {linked('a', 11)} see {linked('', 99)}\n",
        (T11, T12),
        {11: "0"},
    ),
    Row(
        "two blocks that their owner joined are both",
        f"- {linked('a', 11)} {linked('b', 12)}\n- {linked('c', 13)}\n",
        (T11, T12, T13),
        {12: "0", 11: "0", 13: "1"},
    ),
    Row(
        "a link within its text is no other highlight's",
        f"- as shown in ([that]({address(12)})) by {linked('owls', 11)}\n",
        (said(11, f"as shown in ([that]({address(12)})) by owls", address(11)), T12),
        {11: "0"},
    ),
    Row(
        "nor is it in the middle of a sentence of the owner's",
        f"- as I said [there]({address(12)}), see\n",
        (T12,),
        {},
    ),
    Row(
        "of two blocks with its link the one that says its words",
        f"- {linked('mine', 11)}\n- {linked(T11.text, 11)}\n",
        (T11,),
        {11: "1"},
    ),
    Row(
        "one address for all: by their words",
        article(A2.text) + article(A1.text),
        (A1, A2),
        {2: "0", 1: "1"},
    ),
    Row(
        "a copy of one that has its address is no other one's",
        article(A1.text) * 3,
        (A1, A2),
        {1: "0"},
    ),
    Row(
        "what is left of one address: in order",
        article("rewritten") + article(A2.text),
        (A1, A2),
        {2: "1", 1: "0"},
    ),
    Row(
        "between its neighbours",
        article(A1.text) + article("rewritten") + article(A3.text),
        (A1, A2, A3),
        {1: "0", 3: "2", 2: "1"},
    ),
    Row("its words", f"- second {LONG}\n- first {LONG}\n", (P1, P2), {1: "1", 2: "0"}),
    Row(
        "whatever marks it has",
        "- **First** a *sentence* about OWLS that is long enough\n",
        (P1,),
        {1: "0"},
    ),
    Row("a part of its words", "- a sentence about owls\n", (P1,), {1: "0"}),
    Row("too short a part", "- owls\n", (P1,), {}),
    Row(
        "a mended letter between its neighbours",
        f"- first {LONG}\n- secnod {LONG}, mended\n- third {LONG}\n",
        (P1, P2, P3),
        {1: "0", 3: "2", 2: "1"},
    ),
    Row(
        "something else between its neighbours",
        f"- first {LONG}\n- what its owner thinks of all that here\n- third {LONG}\n",
        (P1, P2, P3),
        {1: "0", 3: "2"},
    ),
    Row(
        "a block that is one highlight lends no words to another",
        f"- {linked(f'first {LONG}', 11)}\n",
        (P1, T11),
        {11: "0"},
    ),
    Row(
        "two that say the same: one block is one of them",
        f"- {P1.text}\n",
        (P1, said(9, P1.text)),
        {1: "0"},
    ),
    Row("children that hold tags or a note are none", f"- x\n\t- **Note**: {P1.text}\n", (P1,), {}),
    Row(
        "headings are none without an id",
        f"- # first {LONG}\n### id1234 first {LONG}\n",
        (P1,),
        {1: "0"},
    ),
    Row("nothing stands there", "- nothing of it\n", (P1, T11, A1), {}),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.sentence for row in ROWS])
def test_which_block_is_which(row: Row) -> None:
    """On the document's page, where syncd knows of each highlight."""
    assert found(row.page, *row.items) == row.places


def test_what_syncd_saw_goes_before_words() -> None:
    """A block that stands as it was seen is its own, whatever the account says now."""
    now = said(1, "quite another text than that which was")
    page = f"- {LONG} seen\n- {now.text}\n"
    assert found(page, now, bases={1: saw(now, f"{LONG} seen")}) == {1: "0"}


def test_what_syncd_saw_earlier_goes_behind_what_it_saw_last() -> None:
    """A page that went back in time says what it said before an edit of all the words."""
    items = [said(1, "now this"), said(2, "once that"), said(3, "and so on")]
    bases = {item.id: saw(item) for item in items}
    earlier = tuple(Past("text", digest([text]), 5) for text in ("once that", "long ago"))
    bases[1] = bases[1]._replace(past=earlier)
    assert found("- long ago\n- once that\n- and so on\n", *items, bases=bases) == {
        1: "0",
        2: "1",
        3: "2",
    }


def test_a_block_too_many_is_no_new_highlights() -> None:
    """Of highlights of one address the one that syncd knows was changed."""
    assert found(article("rewritten"), A1, A2, bases={2: saw(A2)}) == {2: "0"}


def test_a_changed_block_is_none_that_is_known_to_be_gone() -> None:
    """Those come back only by what they say."""
    assert found(article("rewritten"), A1, A2, gone=[1]) == {2: "0"}
    assert found(article("rewritten"), A1, A2, gone=[1, 2]) == {}
    assert found(article(A1.text), A1, A2, gone=[1, 2]) == {1: "0"}
    page = f"- first {LONG}\n- secnod {LONG}, mended\n"
    assert found(page, P1, P2, gone=[2]) == {1: "0"}


def test_without_any_memory_all_may_stand_there() -> None:
    """By link in order, and by the head of a text that was cut at a list."""
    assert found(article("rewritten") + article("this too"), A1, A2, bases={}) == {1: "0", 2: "1"}
    assert found(article("rewritten"), A1, A2, bases={}) == {}, "a peer wrote only one of them"
    cut = said(1, "Tips\n- one about owls\n- another one")
    assert found("- Tips\n", cut, bases={}) == {1: "0"}
    assert found("- Tips\n", cut, P2, bases={2: saw(P2)}) == {}


KEY = link_key(address(11)) or ""


@pytest.mark.parametrize(
    ("sentence", "page", "places", "then"),
    [
        ("by its link", "- x\n", {KEY: ["mine.md"]}, {11: "mine.md"}),
        ("by its id", "- x\n", {id_key(11): ["mine.md"]}, {11: "mine.md"}),
        ("its own page goes first", f"- {linked('x', 11)}\n", {KEY: ["mine.md"]}, {11: "0"}),
        (
            "its link elsewhere goes before words here",
            f"- {T11.text}\n",
            {KEY: ["o.md"]},
            {11: "o.md"},
        ),
        ("another one's link", "- x\n", {link_key(address(99)) or "": ["mine.md"]}, {}),
    ],
)
def test_highlights_stand_on_other_pages(
    sentence: str, page: str, places: dict[str, list[str]], then: dict[int, str]
) -> None:
    """Their owner moved them there, or another program wrote them."""
    elsewhere = {
        key: [Elsewhere(path, digest(["x"])) for path in paths] for key, paths in places.items()
    }
    assert found(page, T11, elsewhere=elsewhere) == then, sentence


def test_of_places_elsewhere_each_highlight_takes_its_own() -> None:
    """By what syncd wrote there; a copy is no other one's."""
    key = link_key(ARTICLE) or ""
    places = [Elsewhere("b.md", A2.page.text), Elsewhere("a.md", A1.page.text)]
    assert found("", A1, A2, elsewhere={key: places}) == {1: "a.md", 2: "b.md"}
    copies = [Elsewhere("a.md", A1.page.text), Elsewhere("copy.md", A1.page.text)]
    assert found("", A1, A2, elsewhere={key: copies}) == {1: "a.md"}


def test_what_stands_in_running_text_stands_there() -> None:
    """Below the heading of the highlights; nothing tells where one begins or ends."""
    page = f"# Seite\n\n## Highlights\n\n> first {LONG}\n\nsecond {LONG}\n"
    assert found(page, P1, P2, P3, bases={}) == {1: "", 2: ""}
    assert found(page, P1, P2, bases={3: saw(P3)}) == {}, "on a page by syncd that is no new one's"
