"""Blocks that another program wrote: as it writes them, or changed by their owner."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from syncd.adopt.adopt import Found, adopt, with_dialects
from syncd.model import Highlight, Tag
from syncd.page.base import UNSETTLED, Base
from syncd.page.blocks import digest
from syncd.page.rendered import PARTS, Digests, Labels, Part
from syncd.sync.said import account_digests

LINK = "https://twitter.com/example_owl/status/11"
ITEM = Highlight(
    1,
    "Owls *hoot* <a href='https://example.org/n'>at night</a>",
    "two\nlines",
    url=LINK,
    tags=(Tag("night"), Tag("barn owl")),
)
ACCOUNT = account_digests(ITEM, "tweet:11")
WANT = Digests(digest(["as we write it"]), digest(["our tags"]), digest(["our note"]))


def block(text: str, tags: str = "", note: str = "") -> Found:
    """A block with its children as they stand; "" for one that is not there."""
    contents: dict[Part, list[str]] = {
        "text": text.split("\n"),
        "tags": tags.split("\n") if tags else [],
        "note": note.split("\n") if note else [],
    }
    there = Digests(*(digest(contents[part]) if contents[part] else b"" for part in PARTS))
    return Found(ITEM, contents, there, WANT, ACCOUNT)


class Row(NamedTuple):
    """A block with its children, and which parts stand as that program wrote them."""

    sentence: str
    block: Found
    untouched: str


ALL = "text tags note"
SAYS = "Owls *hoot* [at night](https://example.org/n)"
TEXT = f"{SAYS} ([View\u00a0Tweet]({LINK}))"
TAGS, NOTE = "**Tags**: #[[night]] #[[barn owl]]", "**Note**: two\nlines"
ROWS = [
    Row("Readwise's plugin for Logseq", block(TEXT, TAGS, NOTE), ALL),
    Row(
        "with a blank in the label",
        block(TEXT.replace("\u00a0", " "), TAGS, NOTE),
        ALL,
    ),
    Row("with the mark and a date", block(f"{TEXT} #Highlight #[[2023-05-05]]"), ALL),
    Row(
        "Readwise's plugin for Obsidian",
        block(TEXT, "Tags: [[night]] [[barn owl]] ", "Note: two\nlines"),
        ALL,
    ),
    Row(
        "readwise-mirror",
        block(f"{SAYS} ^1", "**Tags**: #night #[[barn owl]]", NOTE),
        ALL,
    ),
    Row("a place in a book", block(f"{SAYS} (Page\u00a047)"), ALL),
    Row(
        "a place with a link",
        block(f"{SAYS} ([Location\u00a0181](https://readwise.io/to_kindle?x=1))"),
        ALL,
    ),
    Row(
        "HTML as it came",
        block(f"{ITEM.text} ([View Tweet]({LINK}))"),
        ALL,
    ),
    Row(
        "escapes make no difference",
        block(rf"Owls \*hoot\* at **night** ([View Tweet]({LINK}))"),
        "tags note",
    ),
    Row("no children: written before there were any", block(TEXT), ALL),
    Row("tags in another order", block(TEXT, "Tags: [[barn owl]] [[night]]", NOTE), ALL),
    Row("its owner changed a word", block(TEXT.replace("hoot", "howl"), TAGS, NOTE), "tags note"),
    Row("its owner wrote before it", block(f"Look: {TEXT}", TAGS, NOTE), "tags note"),
    Row("its owner wrote behind it", block(f"{TEXT} nice", TAGS, NOTE), "tags note"),
    Row(
        "its owner wrote a link behind it", block(f"{TEXT} ([p](https://example.org))"), "tags note"
    ),
    Row("its owner took a tag away", block(TEXT, "**Tags**: #[[night]]", NOTE), "text note"),
    Row("its owner wrote into the note", block(TEXT, TAGS, f"{NOTE}\nmine"), "text tags"),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.sentence for row in ROWS])
def test_a_part_that_stands_as_its_program_wrote_it_is_untouched(row: Row) -> None:
    """Its base is what stands there; any other is its owner's, its base what we would write."""
    base = adopt(row.block, None)
    assert base.account == ACCOUNT
    for part in PARTS:
        known = getattr(row.block.digests, part)
        expected = known if part in row.untouched.split() else getattr(WANT, part)
        assert getattr(base.page, part) == expected, part
    assert base.adopted == ("text" in row.untouched)


def test_a_block_as_we_write_it_is_ours() -> None:
    """Nothing is taken over; children that are not there were taken away by their owner."""
    found = block("as we write it")
    assert adopt(found, None) == Base(WANT, ACCOUNT)


OLD = Digests(digest(["older look"]), digest(["older tags"]), b"")


@pytest.mark.parametrize(
    ("sentence", "text", "page", "account"),
    [
        ("as it wrote it then", "older look", OLD.text, UNSETTLED),
        ("as it would be written now", "as we write it", OLD.text, UNSETTLED),
        ("as another program writes it", TEXT, digest([TEXT]), ACCOUNT.text),
        ("its owner changed it", "my words", OLD.text, UNSETTLED),
    ],
)
def test_what_an_older_version_knew_is_kept(
    sentence: str, text: str, page: bytes, account: bytes
) -> None:
    """It did not keep what the account said: what it would write otherwise now is open."""
    base = adopt(block(text), Base(OLD))
    assert base.account is not None
    assert (base.page.text, base.account.text) == (page, account), sentence


def test_another_look_since_then_is_no_change_of_the_accounts() -> None:
    """Where nothing came upstream since: what its owner changed is theirs, and no difference."""
    for text in ("older look", "as we write it", "my words"):
        base = adopt(block(text), Base(OLD), doubted=())
        assert (base.page.text, base.account) == (OLD.text, ACCOUNT), text
    assert adopt(block("my words"), Base(OLD), ["text"]).account == ACCOUNT._replace(text=UNSETTLED)


def test_what_an_older_version_would_write_still_is_settled() -> None:
    """Whatever its owner made of it."""
    assert adopt(block("my words", "my tags", "my note"), Base(WANT)) == Base(WANT, ACCOUNT)


def test_labels_of_all_programs_begin_a_child() -> None:
    """Those of the format first, each once."""
    labels = with_dialects(Labels())
    assert (labels.tags[0], labels.note[0]) == ("**Tags**:", "**Note**:")
    assert {"Tags:", "**Tags:**"} <= set(labels.tags)
    assert len(set(labels.note)) == len(labels.note)
