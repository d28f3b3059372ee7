"""Who changed what in an Obsidian note.

Its front matter, entry by entry, and its highlights, block by block.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from syncd.sandbox.library import Library
from tests.support.obsidian_notes import HOME, bullet, nothing_new, owls
from tests.support.world import MakeWorld, World, add_book, only, tweet

# --- front matter ---------------------------------------------------------------------------------

FRONT = """---
# mine
rating: 4.50   # of 5
"quoted key": 'it''s'
title: Eulen
author:
  - "[[@example_owl on Twitter]]"

# and this
cssclasses: [wide, dark]
full-title: Eulen
category: tweets
zeit: 12:30
url: https://twitter.com/example_owl/status/11
text: |
  --
  a: b
tags:
  - Vögel
on: yes
---
"""


@pytest.mark.parametrize("form", ["lf", "crlf", "bom"])
def test_upstream_changes_entries_of_the_front_matter_and_no_other_byte(
    vault: World, form: str
) -> None:
    """The owner's keys, comments, order, quotes and line ends stay."""
    book = owls(vault)
    path = HOME.format("Eulen")
    _, _, body = vault.read(path).partition("\n---\n")
    forms: dict[str, Callable[[str], str]] = {
        "lf": lambda text: text,
        "crlf": lambda text: text.replace("\n", "\r\n"),
        "bom": lambda text: f"\ufeff{text}",
    }
    vault.put(path, forms[form](FRONT + body))
    nothing_new(vault)
    tags = [{"name": "Käuze"}, {"name": "bei Nacht"}]
    vault.library.edit_book(
        book, title="Käuze: nachts", author="Ana, Bo", book_tags=tags, source_url=None
    )
    report = vault.sync(full=True)
    expected = (FRONT + body).replace("full-title: Eulen", 'full-title: "Käuze: nachts"')
    expected = expected.replace(
        '  - "[[@example_owl on Twitter]]"\n', '  - "[[Ana]]"\n  - "[[Bo]]"\n'
    )
    expected = expected.replace("url: https://twitter.com/example_owl/status/11\n", "")
    expected = expected.replace(
        "  - Vögel\n", '  - Käuze\n  - bei-Nacht\naliases:\n  - "Käuze: nachts"\n'
    )
    assert vault.read(path) == forms[form](expected)
    assert only(report).conflicts == []
    nothing_new(vault)


def test_an_entry_that_its_owner_changed_stays_and_is_told_of(vault: World) -> None:
    """One that they took out stays out, and nothing is to be told of it."""
    book = owls(vault)
    path = HOME.format("Eulen")
    mine = (
        vault.read(path)
        .replace("  - Vögel\n", "  - Vögel\n  - meins\n")
        .replace("category: tweets\n", "")
    )
    vault.put(path, mine)
    vault.library.edit_book(book, book_tags=[{"name": "Käuze"}], category="articles")
    report = vault.sync(full=True)
    assert vault.read(path) == mine
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(0, ["tags"])]
    nothing_new(vault)


@pytest.mark.parametrize(
    "front",
    [
        "",
        "---\n---\n",
        "---\nauthor: @me\n---\n",
        "---\na: [b\nc: }\n---\n",
        "---\n- a\n---\n",
        "---\nno end: here\n\n",
        '---json\n{"a": 1}\n---\n',
        "# Eulen\n\nmein Vorwort\n\n***\n",
    ],
)
def test_a_note_with_another_or_no_front_matter_goes_on(vault: World, front: str) -> None:
    """Nothing is put into what cannot be read or is not there.

    The highlights come as ever, with no state too.
    """
    book = owls(vault)
    path = HOME.format("Eulen")
    _, _, body = vault.read(path).partition("\n---\n")
    vault.put(path, front + body)
    nothing_new(vault)
    (vault.state / "syncd.db").unlink()
    nothing_new(vault)
    vault.library.edit_book(book, title="Käuze")
    id_ = vault.library.add_highlight(book, **tweet(14, "vier"))
    report = vault.sync(full=True)
    assert vault.read(path) == front + body + "\n" + bullet(id_, 14, "vier")
    assert only(report).conflicts == []
    nothing_new(vault)


# --- merge ----------------------------------------------------------------------------------------


def test_upstream_edits_arrive_in_what_nobody_touched_and_new_highlights_in_their_place(
    vault: World,
) -> None:
    """Text, tags and note, each on its own.

    The block id stays, and so does what its owner wrote below.
    """
    book = owls(vault)
    path = HOME.format("Eulen")
    one, two, three = (item["id"] for item in vault.library.books[0]["highlights"])
    text = vault.read(path).replace(
        "\t- **Note**: Notiz", "\t- **Note**: Notiz\n\t- meins\n\t\t- darunter"
    )
    vault.put(path, f"{text}\n\nmein Nachwort\n")
    vault.library.edit_highlight(one, text="eins, besser\n* a\n* b", note="neu")
    vault.library.edit_highlight(two, tags=[], note="Notiz 2")
    between = vault.library.add_highlight(book, **tweet(12_000, "dazwischen", location=None))
    vault.sync()
    _, _, body = vault.read(path).partition("\n---\n")
    tail = bullet(one, 11, "x")[len("- x ") :]
    assert body == "\n".join(
        [
            *("- eins, besser", "  * a", "  * b", "  ", f"  {tail}", "\t- **Note**: neu"),
            *(bullet(two, 12, "zwei"), "\t- **Note**: Notiz 2", "\t- meins", "\t\t- darunter"),
            *(
                bullet(three, 13, "drei"),
                "",
                "mein Nachwort",
                bullet(between, 12_000, "dazwischen"),
                "",
            ),
        ]
    )
    nothing_new(vault)


def test_an_edited_block_stays_until_both_agree(vault: World) -> None:
    """Its other parts are merged all the same."""
    owls(vault)
    path = HOME.format("Eulen")
    two = vault.library.books[0]["highlights"][1]["id"]
    mine = vault.read(path).replace("- zwei (", "- zwei, **genau** (")
    vault.put(path, mine)
    vault.library.edit_highlight(two, text="zwo", note="Notiz 2")
    report = vault.sync()
    assert vault.read(path) == mine.replace("Notiz", "Notiz 2")
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(two, ["text"])]
    vault.put(path, vault.read(path).replace("- zwei, **genau** (", "- zwo ("))
    assert only(vault.sync()).conflicts == []


@pytest.mark.parametrize(
    "link", ["https://twitter.com/example_owl/status/12", None, "https://example.org/shared"]
)
def test_a_block_that_was_moved_or_deleted_gets_no_twin(vault: World, link: str | None) -> None:
    """Known by its link or, without one, by its id, in a daily note and with other words.

    Deleted ones stay so.
    """
    book = add_book(
        vault.library,
        "Eulen",
        *(
            {"text": f"nummer {n}", "url": link if n == 2 else "https://example.org/shared"}
            for n in (1, 2, 3)
        ),
    )
    vault.sync()
    path = HOME.format("Eulen")
    lines = vault.read(path).split("\n")
    (two,) = (line for line in lines if line.startswith("- nummer 2"))
    lines = [line for line in lines if line != two and "nummer 3" not in line]
    vault.put(path, "\n".join(lines))
    vault.put(
        "Täglich/2024-05-05.md",
        "# Heute\n- Gelesen:\n\t" + two.replace("nummer 2", "ganz anders") + "\n",
    )
    nothing_new(vault)
    (vault.state / "syncd.db").unlink()
    report = vault.sync()
    assert only(report).highlights.added == 1, "without the state the deletion is forgotten"
    assert vault.text().count("^rw-2") == 1
    assert "nummer 2" not in vault.text()
    vault.library.add_highlight(book, text="nummer 4", url="https://example.org/shared")
    assert only(vault.sync()).highlights.added == 1
    nothing_new(vault)


def test_a_copy_of_a_block_hides_no_new_highlight_of_the_same_address(vault: World) -> None:
    """Highlights of one article often share it; the id says which one the copy is."""
    book = add_book(
        vault.library,
        "Teich",
        {"text": "eins", "url": "https://example.org/t"},
        category="articles",
    )
    vault.sync()
    (path,) = vault.pages()
    text = vault.read(path)
    vault.put(
        path,
        text
        + "\n- oben noch einmal:\n"
        + text.rpartition("---\n")[2].replace("- eins", "\t- (eins)"),
    )
    vault.library.add_highlight(book, text="zwei", url="https://example.org/t")
    assert only(vault.sync()).highlights.added == 1
    assert vault.read(path).count("\n- zwei (") == 1


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_deletions_upstream_take_untouched_blocks_where_the_owner_wants_it(
    library: Library, make_world: MakeWorld, ending: str
) -> None:
    """Not what was edited or written under, and no other byte."""
    world = make_world(library, edn=None, on_delete="remove")
    owls(world)
    for number in range(100, 115):
        library.add_highlight(1, **tweet(number, f"mehr {number}"))
    world.sync()
    path = HOME.format("Eulen")
    one, two, three = (item["id"] for item in library.books[0]["highlights"][:3])
    text = world.read(path).replace("- eins (", "- eins! (").replace("\n", ending)
    world.put(path, text + ending)
    for id_ in (one, two, three):
        library.delete_highlight(id_)
    report = world.sync()
    assert only(report).highlights.removed == 2
    rest = [
        line
        for line in (text + ending).split(ending)
        if not re.search(r"zwei|Notiz|nachts|drei", line)
    ]
    rest = ["highlights: 16" if line == "highlights: 18" else line for line in rest]
    assert world.read(path) == ending.join(rest)
    nothing_new(world)
