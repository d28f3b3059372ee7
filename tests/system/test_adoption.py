"""The first run over a graph that Readwise's own plugin wrote.

What is there counts, and not a byte changes.
"""

import pytest

from syncd.sandbox.library import Library
from tests.support.plugin_graph import PluginGraph, generated_books
from tests.support.world import (
    LEGACY,
    TRIPLE_LOWBAR,
    MakeWorld,
    World,
    add_book,
    only,
    snapshot,
    tweet,
)


def account(count: int, seed: int = 7) -> Library:
    """The bundled account and as many generated documents."""
    return Library([*Library.load().books, *generated_books(count, seed)])


def adopted(make_world: MakeWorld, library: Library, *, legacy: bool, seed: int) -> World:
    """A world whose graph the plugin wrote from the same account."""
    world = make_world(library, edn=LEGACY if legacy else TRIPLE_LOWBAR)
    for path, data in PluginGraph(library, legacy=legacy, seed=seed).files.items():
        world.put(path, data)
    return world


@pytest.mark.parametrize(("legacy", "seed"), [(True, 1), (False, 2)])
def test_the_first_run_over_a_graph_by_the_plugin_adds_nothing_and_changes_no_byte(
    make_world: MakeWorld, legacy: bool, seed: int
) -> None:
    """Nor do the second run and a full one."""
    library = account(150, seed)
    world = adopted(make_world, library, legacy=legacy, seed=seed)
    before = snapshot(world.root)
    report = world.sync()
    vault = only(report)
    assert (vault.pages.created, vault.pages.updated, vault.failed) == ([], [], [])
    assert snapshot(world.root) == before
    assert (report.code, report.message) == (0, "notes: nothing new")
    assert (vault.highlights.added, vault.highlights.updated, vault.highlights.removed) == (0, 0, 0)
    for full in (False, True):
        assert world.sync(full=full).message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize("legacy", [True, False])
def test_after_adoption_a_new_highlight_arrives_once_on_its_documents_page(
    make_world: MakeWorld, legacy: bool
) -> None:
    """Beside the highlights of its document, at their indent; every line that was there stays."""
    library = account(100)
    world = adopted(make_world, library, legacy=legacy, seed=9)
    world.sync()
    before = world.pages()
    books = [
        book
        for book in library.books
        if book["source"] == "twitter" and book["highlights"][0]["url"]
    ]
    for book in books:
        new = tweet(book["user_book_id"], f"ganz neu in {book['user_book_id']}", location=10_000)
        library.add_highlight(book["user_book_id"], **new)
    report = world.sync()
    assert only(report).highlights.added == len(books)
    after = world.pages()
    for book in books:
        (path,) = (
            path
            for path, text in after.items()
            if f"- ganz neu in {book['user_book_id']} (" in text
        )
        assert after[path].count(f"/status/{book['user_book_id']})") == 1
        urls = [one["url"] for one in book["highlights"] if one["url"]]
        homes = [page for page, text in before.items() if any(url in text for url in urls)]
        assert homes in ([], [path]), "not a page of another document"
    for path, text in before.items():
        rest = [line for line in after[path].splitlines() if "ganz neu in" not in line]
        assert rest == text.splitlines()
    assert set(after) == set(before)
    assert world.sync(full=True).message == "notes: nothing new"


def test_a_new_highlight_stands_below_the_plugins_parent_block(world: World) -> None:
    """As deep as the others are, with the page's own line ends."""
    page = (
        "author:: [[@example_owl on Twitter]]\r\n"
        'full-title:: "Eulen"\r\n'
        "category:: #tweets\r\n"
        "url:: https://twitter.com/example_owl\r\n\r\n"
        "- Highlights first synced by [[Readwise]] [[May 5th, 2023]]\r\n"
        "\t- eins ([View Tweet](https://twitter.com/example_owl/status/1))\r\n"
        "\t- drei ([View Tweet](https://twitter.com/example_owl/status/3))\r\n"
        "- meine Gedanken\r\n"
    )
    world.put("pages/Eulen (highlights).md", page)
    add_book(
        world.library,
        "Eulen",
        *(tweet(n, text, note="Notiz") for n, text in ((1, "eins"), (2, "zwei"), (3, "drei"))),
        source_url="https://twitter.com/example_owl",
    )
    world.sync()
    new = (
        "\t- zwei ([View Tweet](https://twitter.com/example_owl/status/2)) #Highlight "
        "#[[2024-05-05]]\r\n"
        "\t\t- **Note**: Notiz\r\n"
    )
    drei = page.index("\t- drei")
    assert world.pages() == {"pages/Eulen (highlights).md": page[:drei] + new + page[drei:]}


@pytest.mark.parametrize(
    "block",
    [
        "- Tips",
        "- Tips\n  - eine Sache über Eulen\n  - noch eine",
        (
            "- Tips\n  - eine Sache über Eulen\n  - noch eine "
            "([View Tweet](https://twitter.com/example_owl/status/2))"
        ),
        "- Tips\n\t- eine Sache über Eulen\n\t- noch eine #Highlight #[[2024-05-05]]",
    ],
)
def test_a_block_that_lost_its_list_counts_as_the_highlight(world: World, block: str) -> None:
    """Readwise's export cuts or splits blocks at list lines.

    What is left of it is the highlight.
    """
    head = "category:: #tweets\nurl:: https://twitter.com/example_owl\nfull-title:: Eulen\n"
    page = f"{head}- eins ([View Tweet](https://twitter.com/example_owl/status/1))\n{block}\n"
    path = world.put("pages/Eulen.md", page)
    book = add_book(
        world.library,
        "Eulen",
        tweet(1, "eins"),
        tweet(2, "Tips\n- eine Sache über Eulen\n- noch eine"),
        source_url="https://twitter.com/example_owl",
    )
    assert world.sync().message == "notes: nothing new"
    assert path.read_text() == page
    world.library.add_highlight(book, **tweet(3, "Tips\n- etwas anderes"))
    world.sync()
    assert path.read_text().startswith(page.rstrip("\n"))
    assert path.read_text().count("etwas anderes") == 1


def test_what_upstream_has_more_than_the_graph_comes_and_what_the_graph_has_more_stays(
    world: World,
) -> None:
    """A page of the plugin's: one highlight is gone from the account, two are missing here."""
    head = (
        "title:: Readwise/Highlights/Eulen\nauthor:: [[x]]\nfull-title:: Eulen\n"
        "category:: #tweets\n"
    )
    gone = (
        "- gelöscht ([View Tweet](https://twitter.com/example_owl/status/9)) #Highlight "
        "#[[2020-01-01]]\n"
    )
    two = "- zwei, von mir ergänzt ([View Tweet](https://x.com/example_owl/status/2)) #Highlight\n"
    path = world.put("pages/Readwise___Highlights___Eulen.md", head + two + gone)
    add_book(world.library, "Eulen", *(tweet(n, f"nummer {n}") for n in (1, 2, 3)))
    report = world.sync()
    assert only(report).highlights.added == 2
    line = (
        "- nummer {0} ([View Tweet](https://twitter.com/example_owl/status/{0})) #Highlight "
        "#[[2024-05-05]]\n"
    )
    assert path.read_text() == head + line.format(1) + two + line.format(3) + gone
