"""A highlight's own note: where its parts stand in the file, how they change, and its index."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats.obsidian_note import highlight
from syncd.formats.style import Style
from syncd.model import Document, Highlight, Tag
from syncd.page.markdown import parse_markdown
from syncd.page.note import new_note, read_note
from syncd.page.rendered import PARTS, Part, Rendered
from syncd.page.splice import splice
from syncd.sync.notes import bullets
from tests.support.obsidian_oracle import MARKDOWN, MARKS, WORDS, of_words, shown

URL = "https://x.com/quill/status/3"


def rendered(text: str, note: str = "", *, plain: bool = False, **fields: object) -> Rendered:
    """The parts of highlight 3."""
    values = {"highlighted_at": "2023-05-05T10:00:00Z", "url": URL, **fields}
    item = Highlight(id=3, text=text, note=note, **values)  # type: ignore[arg-type]
    return highlight(Document(id=1), item, UTC, Style(plain))


FULL = rendered("Ein Kauz", "Notiz", tags=(Tag("a"), Tag("b")), location=4.0)
MADE = new_note(3, "[[E/E|E]]", FULL)
BARE = rendered("Ein Kauz", highlighted_at=None)


def test_what_is_made_is_read_again() -> None:
    """Each part as its digest says, and its own note beside it."""
    assert MADE.split("---\n")[1:] == [
        'highlight: 3\ndocument: "[[E/E|E]]"\ndate: 2023-05-05\ntags:\n  - a\n  - b\nlocation: 4\n',
        f"Ein Kauz ([View Tweet]({URL})) ^rw-3\n\n- **Note**: Notiz",
    ]
    assert read_note(parse_markdown(MADE), 3).digests == FULL.digests()


# what its owner does, and which parts are theirs by that
OWNERS: list[tuple[str, str, str, set[Part]]] = [
    ("nothing", "x", "x", set()),
    ("an entry of theirs", "highlight: 3\n", "mine: ja\nhighlight: 3\n", set()),
    ("a comment", "highlight: 3\n", "# so\nhighlight: 3\n", set()),
    ("entries in another order", "date: 2023-05-05\n", "", {"text"}),
    ("a blank line below the front matter", "---\nEin", "---\n\n\nEin", set()),
    ("text between text and note", "^rw-3\n", "^rw-3\n\nMeins\n", set()),
    ("text below", "Notiz", "Notiz\n\nMeins\n\n- **Note**: nein", set()),
    ("text right below the note", "Notiz", "Notiz\nMeins", {"note"}),
    ("a bullet below the note", "Notiz", "Notiz\n\t- Meins", set()),
    ("a word in the text", "Kauz (", "Kauz! (", {"text"}),
    ("a text above it", "---\nEin", "---\nMeins\n\nEin", {"text"}),
    ("another day", "2023-05-05", "2023-05-06", {"text"}),
    ("another place", "location: 4", "location: 5", {"text"}),
    ("no place", "location: 4\n", "", {"text"}),
    ("a tag", "  - b\n", "  - b\n  - c\n", {"tags"}),
    ("tags as they are quicker to type", "tags:\n  - a\n  - b\n", "tags: [a, b]\n", {"tags"}),
    ("no tags", "tags:\n  - a\n  - b\n", "", {"tags"}),
    ("no note", "- **Note**: Notiz", "", {"note"}),
    ("no mark", " ^rw-3", "", {"text"}),
    ("another mark", "^rw-3", "^rw-3 ^meins", {"text"}),
    ("no front matter", MADE.split("---\n")[1], "", {"text", "tags"}),
    ("a front matter that is broken", "highlight: 3\n", "highlight: 3\na: [\n", {"text", "tags"}),
    ("a front matter without an end", "4\n---\n", "4\n", {"text", "tags"}),
]


@pytest.mark.parametrize(("what", "old", "new", "theirs"), OWNERS, ids=[one[0] for one in OWNERS])
def test_what_its_owner_changed_is_theirs(what: str, old: str, new: str, theirs: set[Part]) -> None:
    """All that stands as it was made is told from what does not."""
    assert old in MADE or what == "nothing"
    for text in (MADE.replace(old, new, 1), "\ufeff" + MADE.replace(old, new, 1) + "\n"):
        for ending in ("\n", "\r\n"):
            now = read_note(parse_markdown(text.replace("\n", ending)), 3).digests
            changed = {p for p in PARTS if getattr(now, p) != getattr(FULL.digests(), p)}
            assert changed == theirs


CHANGES: list[tuple[Rendered, Rendered]] = [
    (FULL, BARE),
    (BARE, FULL),
    (FULL, rendered("Zwei\n\nAbsätze\n* Liste", "Erste\n\nZweite", location=5)),
    (rendered("a", tags=(Tag("x"),)), rendered("```\ncode\n```", "n", tags=(Tag("y"),))),
    (rendered("", location=1), rendered("> Zitat", highlighted_at=None, location=2)),
]


@pytest.mark.parametrize("below", ["", "\n", "\n\nMeins\n", "\nMeins", "\n\t- Meins"])
@pytest.mark.parametrize(("was", "wish"), CHANGES)
def test_each_part_changes_by_itself_and_no_other_byte(
    was: Rendered, wish: Rendered, below: str
) -> None:
    """Whatever stands below, and in any order."""
    made = new_note(3, "[[E]]", was).replace("---\nh", "---\nmine: ja\nh", 1) + below
    for order in (PARTS, PARTS[::-1]):
        text = made
        for part in order:
            note = read_note(parse_markdown(text), 3)
            if getattr(note.digests, part) != getattr(was.digests(), part):
                continue  # it is its owner's
            edits = note.edits(part, getattr(wish, part) or [])
            if edits is None:
                assert part == "note" and "\t- Meins" in below
                continue
            after = read_note(parse_markdown(splice(note.page, edits)), 3).digests
            assert getattr(after, part) == getattr(wish.digests(), part)
            for other in set(PARTS) - {part}:
                assert getattr(after, other) == getattr(note.digests, other)
            text = splice(note.page, edits)
        assert "mine: ja\n" in text and text.count("Meins") == made.count("Meins")


def test_a_part_without_its_place_is_not_written() -> None:
    """No end of the text, no front matter that can be read, words below the note."""
    for old, new, parts in (
        (" ^rw-3", "", ["text"]),
        ("highlight: 3\n", "a: [\n", ["text", "tags"]),
        ("Notiz", "Notiz\n\t- Meins", ["note"]),
    ):
        note = read_note(parse_markdown(MADE.replace(old, new)), 3)
        content: dict[Part, list[str]] = {
            "text": ["---", "a ^rw-3"],
            "tags": ["tags: a"],
            "note": [],
        }
        assert [part for part in PARTS if note.edits(part, content[part]) is None] == parts


texts = st.lists(st.sampled_from(MARKS + WORDS) | st.text(max_size=2), max_size=12).map("".join)


@given(texts, st.booleans())
def test_a_text_stays_in_its_part_whatever_it_is(text: str, plain: bool) -> None:
    """It ends nothing, begins no block, heading or front matter, and no word of it is lost."""
    parts = rendered(text, text, plain=plain, tags=(Tag(text), Tag("a")))
    file = new_note(3, "[[E]]", parts)
    page = parse_markdown(file)
    assert read_note(page, 3).digests == parts.digests()
    assert len([block for block in page.blocks if not block.indent]) == (parts.note is not None)
    body = "".join(page.lines[read_note(page, 3).top :])
    tokens = MARKDOWN.parse(body)
    assert not {token.type for token in tokens} & {"heading_open", "html_block", "hr"}
    inline = [token.content for token in tokens if token.type == "inline" and token.level == 1]
    assert sum(one.endswith("^rw-3") for one in inline) == 1
    assert not of_words(text) - of_words(shown(tokens))


# --- the index ------------------------------------------------------------------------------------

INDEX = "---\ntitle: E\n---\n- [[E/a|a]]\n\t- meins\n- [[E/c|c]] schön\n"


@pytest.mark.parametrize(
    ("text", "order", "lines"),
    [
        (INDEX, "a b! c", [(5, "- [[E/b|b]]")]),
        (INDEX, "b! a c", [(3, "- [[E/b|b]]")]),
        (INDEX, "a c b! d!", [(6, "- [[E/b|b]]"), (6, "- [[E/d|d]]")]),
        (INDEX, "a! c! x y", []),
        (INDEX.replace("E/c|c", "c"), "c b!", [(6, "- [[E/b|b]]")]),
        (INDEX.replace("- [[E/c|c]]", "- s. [[E/c#x|c]]"), "c b!", [(6, "- [[E/b|b]]")]),
        ("---\ntitle: E\n---\nMeins.\n\n", "a! b!", [(4, "- [[E/a|a]]"), (4, "- [[E/b|b]]")]),
        ("", "a! b", [(0, "- [[E/a|a]]")]),
        ("siehe [[E/a]]\n- [[E/b|b]]", "a! b c!", [(2, "- [[E/c|c]]")]),
        ("- Liste\n\t- [[E/a|a]]\n", "a b!", [(2, "\t- [[E/b|b]]")]),
    ],
)
def test_new_notes_are_listed_behind_their_nearest_predecessor(
    text: str, order: str, lines: list[tuple[int, str]]
) -> None:
    """Those that are linked anywhere stay where they are, those that are not new stay away."""
    paths = [(f"E/{one.rstrip('!')}.md", one.endswith("!")) for one in order.split()]
    edits = bullets(parse_markdown(text), paths)
    assert [(edit.start, *edit.new) for edit in edits] == lines
