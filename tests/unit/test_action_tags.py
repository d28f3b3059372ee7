"""Readwise's action tags: what a page shows of a note that begins with marks. On values alone."""

from __future__ import annotations

from datetime import UTC

import pytest

from syncd.formats.format import LOGSEQ, OBSIDIAN, ORG, Format
from syncd.model import Document, Highlight, Tag
from syncd.page.action_tags import read_note
from syncd.page.base import Base
from syncd.page.links import block_ids
from syncd.page.rendered import Digests, Rendering
from syncd.sync.highlight_blocks import Wanted
from syncd.sync.said import account_digests, settled_before

URL = "https://x.com/a/status/11"
OF = Document(1, title="Eulen")


@pytest.mark.parametrize(
    ("note", "tags", "level", "shown", "left"),
    [
        ("", [], 0, "", []),
        ("nur Worte", ["idee"], 0, "nur Worte", ["idee"]),
        (".h1", [], 1, "", []),
        (".h1", ["h1"], 1, "", []),
        (".H3 warum?", ["h3", "idee"], 3, "warum?", ["idee"]),
        (".h6\nzwei\n  Zeilen", [], 6, "zwei\n  Zeilen", []),
        (".h7", [], 0, ".h7", []),
        (".h2 .h4", [], 2, "", []),
        (".idee warum?", ["idee"], 0, "warum?", ["idee"]),
        (" .Idee", ["idee"], 0, "", ["idee"]),
        (".فكرة .想法 لماذا؟", ["想法", "فكرة"], 0, "لماذا؟", ["想法", "فكرة"]),
        (".idee .neu .h2 .5 bleibt", ["neu", "idee"], 2, ".5 bleibt", ["neu", "idee"]),
        (".idee warum?", [], 0, ".idee warum?", []),
        (".5 of all", ["all"], 0, ".5 of all", ["all"]),
        (". idee", ["idee"], 0, ". idee", ["idee"]),
        ("... und weiter", ["und"], 0, "... und weiter", ["und"]),
        ("Wort .idee", ["idee"], 0, "Wort .idee", ["idee"]),
        (".c1", ["c1"], 0, "", []),
        (".c12 .idee und dann", ["idee"], 0, "und dann", ["idee"]),
        ("h1", ["h1"], 0, "h1", ["h1"]),
    ],
)
def test_marks_go_where_they_say_something_and_words_stay(
    note: str, tags: list[str], level: int, shown: str, left: list[str]
) -> None:
    """A mark is a tag that the account has, a heading, or a join; what follows it stays."""
    assert read_note(note, tags) == (level, shown, left)


def heading(form: Format, text: str, note: str = ".h2") -> list[str]:
    """The lines of a heading's block."""
    item = Highlight(7, text, note, URL, highlighted_at="2024-05-05T10:00:00Z")
    rendered = form.highlight(OF, item, UTC)
    return rendered.lines(unit=form.syntax.unit, syntax=form.syntax)


def test_a_heading_is_one_in_each_format() -> None:
    """With link, date and, in Obsidian, id; the note is gone."""
    assert heading(LOGSEQ, "第一章\n夜") == [
        f"- ## 第一章 夜 ([View Tweet]({URL})) #Highlight #[[2024-05-05]]"
    ]
    assert heading(OBSIDIAN, "第一章 夜") == [
        f"- ## 第一章 夜 ([View Tweet]({URL})) #Highlight [[2024-05-05]] ^rw-7"
    ]
    assert heading(ORG, "第一章 夜", ".h3 warum?") == [
        f"* 第一章 夜 ([[{URL}][View Tweet]]) #Highlight #[[2024-05-05]]",
        ":PROPERTIES:",
        ":heading: 3",
        ":END:",
        "** *Note*: warum?",
    ]


@pytest.mark.parametrize("form", [LOGSEQ, OBSIDIAN])
def test_a_heading_of_foreign_words_names_no_highlight(form: Format) -> None:
    """`## id123` is how another program says which highlight follows."""
    first, *_ = heading(form, "id12345 und mehr")
    assert set(block_ids([first.removeprefix("- ")])) <= {7}


@pytest.mark.parametrize("form", [LOGSEQ, OBSIDIAN, ORG])
@pytest.mark.parametrize("text", ["- a\n- b", "```\nx\n```", "# a", "TODO a", "", "a:: b", "| a |"])
def test_a_heading_is_one_block(form: Format, text: str) -> None:
    """Whatever it says."""
    from syncd.page.blocks import parse

    item = Highlight(7, text, ".h1", URL)
    rendered = form.highlight(OF, item, UTC)
    page = parse("\n".join(rendered.lines(syntax=form.syntax)), form.syntax)
    (block,) = page.blocks
    assert page.content(block) == [line.rstrip() for line in rendered.text]


# --- what the account said ------------------------------------------------------------------------


def old_digests(item: Highlight, key: str | None) -> Digests:
    """As they were before notes were read: of the same words in a note without marks."""
    plain = Highlight(item.id, item.text, "x " + (item.note or ""), tags=item.tags)
    text = account_digests(Highlight(item.id, item.text), key).text
    note = account_digests(Highlight(1, note=item.note, tags=()), None).note
    if item.note and item.note.startswith("."):
        from syncd.sync.said import _digest

        note = _digest(item.note)
    return Digests(text, account_digests(plain, key).tags, note)


def lifted(then: Highlight, now: Highlight) -> dict[int, Base]:
    """The bases of an older syncd that are others now, where it settled `then`."""
    base = Base(Digests(b"p", b"p", b"p"), old_digests(then, None))
    form = LOGSEQ.highlight(OF, now, UTC)
    said = account_digests(now, None)
    wanted = [Wanted(1, None, Rendering(lambda: form), said, now.text or "", True, True)]
    document = Document(1, highlights=(now,))
    return dict(settled_before(document, wanted, {1: base}))


MARKED = Highlight(1, "Kapitel", ".h1", tags=(Tag("h1"), Tag("idee")))


def test_a_digest_changes_for_a_heading_alone() -> None:
    """So that what stands in vaults counts as it did; a level is of the text part."""
    bare, noted = Highlight(1, "Kapitel"), Highlight(1, "Kapitel", "warum?", tags=(Tag("idee"),))
    assert account_digests(noted, None) == old_digests(noted, None)
    first = account_digests(Highlight(1, "Kapitel", ".h1"), None)
    second = account_digests(Highlight(1, "Kapitel", ".h2"), None)
    assert len({first.text, second.text, account_digests(bare, None).text}) == 3
    assert first.note == second.note == b""


def test_what_an_older_syncd_settled_counts_as_settled() -> None:
    """Its base knew the note with its mark, and no level."""
    (base,) = lifted(MARKED, MARKED).values()
    assert base.account == account_digests(MARKED, None)


def test_a_text_that_changed_since_has_changed() -> None:
    """Its note alone counts as settled."""
    now = Highlight(1, "Kapitel eins", ".h1", tags=MARKED.tags)
    (base,) = lifted(MARKED, now).values()
    want = account_digests(now, None)
    assert base.account is not None and base.account.text != want.text
    assert base.account[1:] == want[1:]


def test_a_note_that_became_a_mark_since_makes_a_heading_of_it() -> None:
    """Nothing of that was settled."""
    assert lifted(Highlight(1, "Kapitel", "warum?"), MARKED) == {}
