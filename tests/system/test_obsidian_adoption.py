"""The first run over a vault that other programs wrote in Obsidian.

What is there counts, and not a byte changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from syncd.sandbox.library import Library
from tests.support.obsidian_plugins import Files, mirror, official, plain
from tests.support.plugin_graph import generated_books
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

Make = Callable[..., Files]
PROGRAMS = [official, mirror, partial(mirror, version=2), partial(mirror, version=0), plain]
NAMES = ["official", "mirror", "mirror 2", "mirror bare", "obsidian-readwise"]


def account(count: int, seed: int = 7) -> Library:
    """The bundled account and as many generated documents."""
    return Library([*Library.load().books, *generated_books(count, seed)])


def adopted(
    make_world: MakeWorld, library: Library, make: Make, seed: int, **settings: str
) -> World:
    """A world whose vault another program wrote from the same account."""
    world = make_world(library, edn=None, **settings)
    for path, data in make(library, seed=seed).items():
        world.put(path, data)
    return world


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("make", PROGRAMS, ids=NAMES)
def test_the_first_run_adds_nothing_and_changes_no_byte(
    make_world: MakeWorld, make: Make, seed: int
) -> None:
    """And says so; nor do the second run, a full one, and one without the state."""
    world = adopted(make_world, account(100, seed), make, seed)
    before = snapshot(world.root)
    report = world.sync()
    counts = only(report).highlights
    assert (counts.added, counts.updated, counts.removed) == (0, 0, 0)
    assert (only(report).failed, only(report).conflicts) == ([], [])
    assert (report.code, report.message) == (0, "notes: nothing new")
    assert [world.sync(full=full).message for full in (False, True)] == ["notes: nothing new"] * 2
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize("make", PROGRAMS, ids=NAMES)
def test_after_that_a_new_highlight_arrives_once_on_its_documents_note(
    make_world: MakeWorld, make: Make
) -> None:
    """Not on another's; every line that was there stays, in its order.

    Where obsidian-readwise put two documents into one note, or all of a document stands elsewhere,
    it makes a new one.
    """
    library = account(60)
    world = adopted(make_world, library, make, seed=3)
    world.sync()
    before = world.pages()
    books = [
        book
        for book in library.books
        if book["category"] != "supplementals" and not book.get("is_deleted")
    ]
    new = {}
    for book in books:
        number = book["user_book_id"]
        # As one of the others begins
        first = f"{book['highlights'][0]['text'].strip()[:20]} ganz neu in {number}"
        new[library.add_highlight(number, text=first, location=10_000)] = book
    report = world.sync()
    titles = Counter(book["title"] for book in books)
    assert only(report).highlights.added == len(books)
    after = world.pages()
    for id_, book in new.items():
        (path,) = (path for path, text in after.items() if f"^rw-{id_}" in text)
        if make is plain and (titles[book["title"]] > 1 or book["source"] == "reader"):
            continue
        assert path in before
        assert world.text().count(f"ganz neu in {book['user_book_id']} ") == 1
        texts = [
            one["text"].strip().split("\n")[0][:30]
            for one in book["highlights"]
            if not one.get("is_deleted")
        ]
        assert any(text in before[path] for text in texts), "not a note of another document"
    for path, text in before.items():
        rest = iter(after[path].splitlines())
        assert all(line in rest for line in text.splitlines())
    assert world.sync(full=True).message == "notes: nothing new"


OFFICIAL = """# Eulen

![rw-book-cover](https://example.org/eule.jpg)

## Metadata
- Author: [[@example_owl on Twitter]]
- Full Title: Eulen in der Nacht
- Category: #tweets
- Summary: Zwei Sätze.

- eine Liste darin
- URL: https://twitter.com/example_owl/status/11

## Highlights
- eins ([View Tweet](https://twitter.com/example_owl/status/11))
    - Note: Thread
- drei
  und mehr ([View Tweet](https://twitter.com/example_owl/status/13))

## New highlights added May 5, 2023 at 1:23 PM
- vier ([View Tweet](https://twitter.com/example_owl/status/14))
"""


def test_on_the_official_plugins_note_a_new_highlight_stands_behind_the_one_before_it(
    vault: World,
) -> None:
    """As deep, with its children as far in as the others'; upstream's metadata change no line."""
    vault.put("Readwise/Tweets/Eulen.md", OFFICIAL)
    texts = {11: "eins", 12: "zwei", 13: "drei\n\nund mehr", 14: "vier", 15: "fünf"}
    book = add_book(
        vault.library,
        "Eulen in der Nacht",
        *(
            tweet(number, text, note="Notiz" if number == 12 else "")
            for number, text in texts.items()
        ),
        source_url="https://twitter.com/example_owl/status/11",
        book_tags=[{"name": "neu"}],
    )
    vault.sync()
    tail = (
        "([View Tweet](https://twitter.com/example_owl/status/{})) #Highlight [[2024-05-05]] "
        "^rw-{}\n"
    )
    two = "- zwei " + tail.format(12, 2) + "    - **Note**: Notiz\n"
    expected = OFFICIAL.replace("- drei\n", two + "- drei\n") + "- fünf " + tail.format(15, 5)
    assert vault.pages() == {"Readwise/Tweets/Eulen.md": expected}
    vault.library.edit_book(book, title="Käuze")
    report = vault.sync(full=True)
    assert (report.message, only(report).conflicts) == ("notes: nothing new", [])
    assert vault.pages() == {"Readwise/Tweets/Eulen.md": expected}


@pytest.mark.parametrize(
    "text",
    [
        "Eulen in der Nacht",
        "wir sahen Eulen in der Nacht",
        "eine Liste darin",
        "im ganzen Text steht es auch",
    ],
)
def test_what_stands_above_the_highlights_is_none(vault: World, text: str) -> None:
    """A highlight without a link is no heading, no metadata, and no line of the whole document."""
    whole = "## Full Document\n# Kapitel\n- im ganzen Text steht es auch\n\n## Highlights\n"
    page = OFFICIAL.replace("# Eulen\n", "# Eulen in der Nacht\n").replace("## Highlights\n", whole)
    vault.put("Readwise/Tweets/Eulen.md", page)
    add_book(
        vault.library,
        "Eulen in der Nacht",
        {"text": text},
        *(tweet(number, "x") for number in (11, 13, 14)),
        source_url="https://twitter.com/example_owl/status/11",
    )
    assert only(vault.sync()).highlights.added == 1
    assert vault.read("Readwise/Tweets/Eulen.md").count(f"- {text} #Highlight ") == 1


@pytest.mark.parametrize(
    "body",
    [
        "eins ([View Tweet]({0}/11))\n\nzwei\n\nund mehr ([View Tweet]({0}/12))\n",
        "> eins\n> \\- [View Tweet]({0}/11)\n\n> zwei ([View Tweet]({0}/12))\n",
        (
            "### eins ^11\n> eins\n([View Tweet]({0}/11))\n\n### zwei\n> zwei\n\n"
            "[View Tweet]({0}/12)\n"
        ),
        "- eins\n\nnoch eins ([View Tweet]({0}/11))\n- zwei ([View Tweet]({0}/12))\n",
        "eins ^rw1\nzwei ^rwhi-2\n",
        "- eins ^rw-1\n  zwei ^rw-2\n",
        (
            "Text\n- eins %% highlight_id: 1 %%\nNote: x\n\nText\n- zwei %% highlight_id: 2 %%\n"
            "Note: y\n"
        ),
    ],
)
def test_templates_of_the_owners_count_by_link_or_id(vault: World, body: str) -> None:
    """Paragraphs, quotes, headings.

    What comes then stands at the end where there is no telling what ends where.
    """
    page = (
        f"---\nurl: {{0}}/11\ntitle: Eulen\n---\n# Eulen\n- Full Title: Eulen\n## Highlights\n"
        f"{body}"
    )
    page = page.format("https://twitter.com/example_owl/status")
    vault.put("Readwise/Tweets/Eulen.md", page)
    book = add_book(
        vault.library,
        "Eulen",
        tweet(11, "eins"),
        tweet(12, "zwei"),
        source_url="https://twitter.com/example_owl/status/11",
    )
    assert vault.sync().message == "notes: nothing new"
    vault.library.add_highlight(book, **tweet(10, "davor"))
    vault.library.add_highlight(book, **tweet(13, "danach"))
    assert only(vault.sync()).highlights.added == 2
    after = vault.read("Readwise/Tweets/Eulen.md")
    assert [
        line for line in after.splitlines() if "^rw-3" not in line and "^rw-4" not in line
    ] == page.splitlines()
    assert vault.sync(full=True).message == "notes: nothing new"


def test_an_owners_custom_front_matter_and_no_metadata_do(vault: World) -> None:
    """A note by the document's name that holds its highlights is its note."""
    page = "- eins ([View Tweet](https://twitter.com/example_owl/status/11))\n"
    vault.put("Readwise/Tweets/Eulen.md", page)
    vault.put(
        "Täglich/heute.md", "- Eulen gelesen: [hier](https://twitter.com/example_owl/status/12)"
    )
    add_book(
        vault.library,
        "Eulen",
        tweet(11, "eins"),
        tweet(12, "zwei"),
        source_url="https://twitter.com/example_owl",
    )
    report = vault.sync()
    assert only(report).pages.updated == ["Readwise/Tweets/Eulen.md"]
    assert vault.read("Readwise/Tweets/Eulen.md").startswith(page + "- zwei (")
