"""Whose page is whose.

Titles that collide with each other or with the owner's pages, and titles that change.
"""

import inspect
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest

from syncd.sandbox.library import Library
from syncd.vault.scan import walk
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

NAME = "pages/Readwise___Highlights___{}.md"


def both_pages(world: World) -> dict[str, str]:
    """Which document (by what its highlight says) stands on which page."""
    return {
        text.rpartition("\n- ")[2].partition(" ")[0]: path for path, text in world.pages().items()
    }


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first_is_older", [True, False])
def test_of_two_documents_with_one_title_the_second_gets_its_id(
    library: Library, make_world: MakeWorld, first_is_older: bool, together: bool
) -> None:
    """In whichever order they arrive; neither ever writes on the other's page."""
    one, two = library.add_book(title="雨の音"), library.add_book(title="雨の音")
    first, second = (one, two) if first_is_older else (two, one)
    world = make_world(library)
    library.add_highlight(first, **tweet(first, "eins"))
    if not together:
        world.sync()
    library.add_highlight(second, **tweet(second, "zwei"))
    world.sync()
    if together:
        first, second = one, two
    pages = world.pages()
    assert sorted(pages) == sorted([NAME.format("雨の音"), NAME.format(f"雨の音 ({second})")])
    assert f"status/{first})" in pages[NAME.format("雨の音")]
    assert f"status/{second})" in pages[NAME.format(f"雨の音 ({second})")]
    assert (
        f"title:: Readwise/Highlights/雨の音 ({second})\n"
        in pages[NAME.format(f"雨の音 ({second})")]
    )

    library.add_highlight(first, **tweet(first + 1000, "mehr"))
    library.add_highlight(second, **tweet(second + 1000, "mehr"))
    report = world.sync()
    assert not only(report).pages.created
    assert f"status/{first + 1000})" in world.read(NAME.format("雨の音"))
    assert f"status/{second + 1000})" in world.read(NAME.format(f"雨の音 ({second})"))


def test_documents_whose_titles_collide_find_their_pages_again_without_the_state(
    library: Library, make_world: MakeWorld
) -> None:
    """The pages' own properties and highlights tell whose they are."""
    for number in (1, 2, 3):
        add_book(
            library,
            "Things I Learned This We...",
            tweet(number, f"nummer{number}"),
            source_url=f"https://x.com/a/status/{number}",
        )
    world = make_world(library)
    world.sync()
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    report = world.sync()
    assert snapshot(world.root) == before
    assert report.message == "notes: nothing new"
    for book in library.books:
        library.add_highlight(book["user_book_id"], **tweet(book["user_book_id"] + 100, "später"))
    world.sync()
    for text in world.pages().values():
        first = int(text.partition("/status/")[2].partition("\n")[0])
        assert f"- nummer{first} (" in text
        assert text.count("- später (") == 1
        assert f"status/{first + 100})" in text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pages/something else.md", "title:: readwise/highlights/CAFÉ au lait\n\n- mine"),
        (
            "pages/something else.md",
            f"title:: {unicodedata.normalize('NFD', 'Readwise/Highlights/Café au lait')}\n- mine",
        ),
        ("pages/sub/deep.md", "\ufefftitle:: Readwise/Highlights/Café au lait\r\n- mine"),
        (NAME.format("Café au lait"), "- mine"),
        (NAME.format("CAFÉ AU LAIT"), "- mine"),
        (NAME.format(unicodedata.normalize("NFD", "Café au lait")), "- mine"),
        (NAME.format("Café au lait"), "title:: Ganz anders\n- mine"),
        ("pages/Readwise___Highlights___Café au lait.org", "* mine"),
        ("journals/x.md", "title:: Readwise/Highlights/Café au lait\n- mine"),
    ],
)
def test_a_page_of_the_owners_keeps_its_name_and_every_byte(
    world: World, path: str, text: str
) -> None:
    """By its `title::`, its case, its Unicode form or its file name.

    The document's page steps aside.
    """
    world.put(path, text)
    before = snapshot(world.root)
    book = add_book(world.library, "Café au lait", tweet(1, "neu"))
    report = world.sync()
    assert only(report).pages.created == [NAME.format(f"Café au lait ({book})")]
    assert snapshot(world.root).items() > before.items()


def test_titles_that_differ_only_in_case_get_pages_that_differ_in_more(world: World) -> None:
    """A disk without case, and Logseq, would take them for one."""
    add_book(world.library, "Straße nach Süden", tweet(1, "klein"))
    book = add_book(world.library, "STRAßE NACH SÜDEN", tweet(2, "gross"))
    nfd = add_book(
        world.library, unicodedata.normalize("NFD", "Straße nach Süden"), tweet(3, "zerlegt")
    )
    world.sync()
    stems = [Path(path).name for path in world.pages()]
    folded = {unicodedata.normalize("NFC", stem.casefold()) for stem in stems}
    assert len(folded) == 3
    assert sum(f"({book})" in stem for stem in stems) == 1
    assert sum(f"({nfd})" in stem for stem in stems) == 1


def test_a_document_named_as_anothers_stepped_aside_page_is_told_apart_too(world: World) -> None:
    """A title that ends in `(2)` is not the document 2's."""
    add_book(world.library, "Echo", tweet(1, "eins"))
    add_book(world.library, "Echo", tweet(2, "zwei"))
    add_book(world.library, "Echo (2)", tweet(3, "drei"))
    world.sync()
    pages = world.pages()
    assert len(pages) == 3
    assert sorted(text.count("#Highlight") for text in pages.values()) == [1, 1, 1]
    assert len({text.split("\n")[0].lower() for text in pages.values()}) == 3


@pytest.mark.parametrize("edn", [LEGACY, "{:file/name-format :triple-lowbar}"])
@pytest.mark.parametrize(
    "title", ["𠀀" * 60, "#" * 60, "🏳️‍🌈" * 30, "%41" * 20, "a\u0301" * 40, "…" * 50, "С" * 300]
)
def test_file_names_fit_and_differ_whatever_the_title(
    make_world: MakeWorld, edn: str, title: str
) -> None:
    """At most 200 bytes; two documents of one long title stay apart, and are found again."""
    library = Library()
    add_book(library, title, tweet(1, "eins"))
    add_book(library, title, tweet(2, "zwei"))
    world = make_world(library, edn=edn)
    report = world.sync()
    names = [Path(path).name for path in only(report).pages.created]
    assert len({name.casefold() for name in names}) == 2
    assert all(len(name.encode()) <= 200 for name in names)
    before = snapshot(world.root)
    assert world.sync(full=True).message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize(
    "title",
    [
        "2024-05-05",
        "May 5th, 2024",
        "../../../etc/passwd",
        "/",
        "CON",
        "...",
        "a\nb:: c",
        "x]] y",
        "\u202ertl",
        "\x00",
    ],
)
def test_no_title_leaves_the_pages_folder_or_becomes_a_journal(world: World, title: str) -> None:
    """Names are foreign text: each makes one ordinary file, and sets no other property."""
    add_book(world.library, title, tweet(1, "x"))
    report = world.sync()
    assert report.code == 0
    ((path, text),) = world.pages().items()
    assert Path(path).parent == Path("pages")
    assert [line.partition(":: ")[0] for line in text.split("\n")[:-1]] == [
        "title",
        "author",
        "full-title",
        "category",
    ]
    assert [path.name for path in world.folder.iterdir() if path.suffix == ".md"] == []


def test_a_new_title_upstream_changes_the_full_title_and_renames_nothing(world: World) -> None:
    """Links to the page must not break; the rest of the page stays byte for byte."""
    book = add_book(world.library, "Tweets From 旧", tweet(1, "eins"))
    world.sync()
    before = world.pages()
    world.library.edit_book(book, title="Tweets From 新", author="@neu on Twitter")
    world.library.add_highlight(book, **tweet(2, "zwei"))
    world.sync()
    (path,) = before
    expected = before[path].replace("full-title:: Tweets From 旧", "full-title:: Tweets From 新")
    expected = expected.replace("[[@example_owl on Twitter]]", "[[@neu on Twitter]]")
    added = (
        "\n- zwei ([View Tweet](https://twitter.com/example_owl/status/2)) #Highlight "
        "#[[2024-05-05]]"
    )
    assert world.pages() == {path: expected + added}


@pytest.mark.parametrize("again", [False, True])
def test_a_document_may_take_a_title_that_a_retitled_one_gave_up(world: World, again: bool) -> None:
    """The page still bears the old title, so the newcomer steps aside."""
    first = add_book(world.library, "Alt", tweet(1, "eins"))
    world.sync()
    world.library.edit_book(first, title="Anders")
    if again:
        world.sync(full=True)
    second = add_book(world.library, "Alt", tweet(2, "zwei"))
    world.sync(full=True)
    pages = world.pages()
    assert set(pages) == {NAME.format("Alt"), NAME.format(f"Alt ({second})")}
    assert "full-title:: Anders\n" in pages[NAME.format("Alt")]
    assert "status/2)" not in pages[NAME.format("Alt")]


def test_a_page_that_its_owner_renamed_or_moved_keeps_its_document(world: World) -> None:
    """In place, under another title and into a folder: the next highlight arrives there."""
    book = add_book(
        world.library, "Umzug", tweet(1, "eins"), source_url="https://x.com/example_owl/status/1"
    )
    world.sync()
    old = world.root / NAME.format("Umzug")
    new = world.put(
        "pages/archiv/Neues Heim.md",
        old.read_text().replace("title:: Readwise/Highlights/Umzug", "title:: Neues Heim", 1),
    )
    old.unlink()
    world.library.add_highlight(book, **tweet(2, "zwei"))
    report = world.sync()
    assert only(report).pages.updated == ["pages/archiv/Neues Heim.md"]
    assert not only(report).pages.created
    assert new.read_text().count("#Highlight") == 2


def test_another_namespace_and_another_folder(make_world: MakeWorld) -> None:
    """The namespace is the owner's to choose; also none at all."""
    for namespace, path in (
        ("Zettel", "pages/Zettel___A.md"),
        ("", "pages/A.md"),
        ("/x/y/", "pages/x___y___A.md"),
    ):
        library = Library()
        add_book(library, "A", tweet(1, "x"))
        world = make_world(library, namespace=namespace)
        world.sync()
        assert list(world.pages()) == [path]


@pytest.mark.parametrize("edn", [TRIPLE_LOWBAR, LEGACY, None])
@pytest.mark.parametrize("path", [b"pages/\xc3.md", b"pages/\xff/a.md"])
def test_a_file_whose_name_is_no_text_is_named_and_stops_nothing(
    library: Library, make_world: MakeWorld, edn: str | None, path: bytes
) -> None:
    """No app can open it; a folder of such a name is passed over whole."""
    add_book(library, "雨の音", tweet(1, "静か"))
    world = make_world(library, edn=edn)
    world.put(os.fsdecode(path), "- x")
    world.write_config()
    done = world.command("sync", "--json")
    assert done.returncode == 0
    (vault,) = json.loads(done.stdout)["vaults"]
    assert vault["highlights"]["added"] == 1
    assert [one.endswith(": its name is not UTF-8; rename it") for one in vault["warnings"]] == [
        True
    ]


@pytest.mark.parametrize("edn", [TRIPLE_LOWBAR, None])
def test_a_page_that_is_no_utf8_stops_nothing(
    library: Library, make_world: MakeWorld, edn: str | None
) -> None:
    """Its title, its address, the links on it: an old file in Latin-1 may say anything."""
    add_book(library, "雨の音", tweet(1, "静か"))
    world = make_world(library, edn=edn)
    said = (
        b"title:: caf\xe9\nurl:: https://example.org/caf\xe9\nfull-title:: caf\xe9\n"
        b"category:: #books\n\n"
    )
    page = world.put(
        "pages/old.md", said + b"- x ([View Highlight](https://example.org/caf\xe9)) #Highlight\n"
    )
    before = page.read_bytes()
    assert world.sync().code == 0
    assert world.sync().message == "notes: nothing new"
    assert page.read_bytes() == before
    assert "status/1" in b"".join(path.read_bytes() for path in world.root.rglob("*.md")).decode(
        "utf-8", "replace"
    )


def test_a_page_may_lie_deeper_than_calls_may_nest(tmp_path: Path) -> None:
    """Folders are walked, not called."""
    folder = tmp_path
    for _ in range(300):
        folder /= "深"
        folder.mkdir()
    (folder / "a.md").write_text("- x")
    limit, lost = sys.getrecursionlimit(), dict[str, str]()
    sys.setrecursionlimit(len(inspect.stack()) + 200)
    try:
        found = [path for path, _ in walk(tmp_path, lost)]
    finally:
        sys.setrecursionlimit(limit)
    assert (found, lost) == ([f"{'深/' * 300}a.md"], {})


def test_pages_are_called_anew_where_logseqs_file_name_format_changed(
    make_world: MakeWorld, library: Library
) -> None:
    """Though no page changed: a name that is taken by the new format is taken."""
    world = make_world(library)
    world.put("pages/Readwise.Highlights.Neu.md", "- mein 茶\n")
    add_book(library, "Alt", tweet(1, "eins"))
    world.sync()
    world.put("logseq/config.edn", LEGACY)
    add_book(library, "Neu", tweet(2, "zwei"))
    world.sync()
    assert "Readwise.Highlights.Neu.md" in "".join(world.pages())
    assert any("Neu (2)" in path for path in world.pages())
