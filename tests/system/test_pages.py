"""What pages a run makes, from the account on the wire to the bytes in the vault."""

import json
from typing import Any

import pytest

from syncd.sandbox.library import Library
from tests.support import logseq_parser
from tests.support.world import GOLDEN, LEGACY, MakeWorld, World, add_book, only, tweet

HEAD = (
    "title:: Readwise/Highlights/{0}\nauthor:: [[@example_owl on Twitter]]\nfull-title:: {0}\n"
    "category:: #tweets\n"
)


def one_block(world: World, **highlight: Any) -> str:
    """The block that a tweets document with this one highlight gets."""
    add_book(world.library, "一", highlight)
    world.sync()
    return world.read("pages/Readwise___Highlights___一.md").removeprefix(HEAD.format("一"))


def test_the_golden_export_becomes_the_golden_page_byte_for_byte(make_world: MakeWorld) -> None:
    """Also the file's name is that of the recorded page."""
    world = make_world(Library.load(GOLDEN / "logseq-thread.export.json"))
    report = world.sync()
    path = "pages/Readwise___Highlights___SemiAnalysis 今早发布了一份 Goo...___.md"
    assert only(report).pages.created == [path]
    assert (world.root / path).read_bytes() == (GOLDEN / "logseq-thread.md").read_bytes()
    assert list(world.pages()) == [path]


def test_the_golden_export_needs_no_key_that_old_recordings_lack(make_world: MakeWorld) -> None:
    """`is_deleted`, `summary`, `external_id` and more may be missing, unknown keys be there."""
    (book,) = json.loads((GOLDEN / "logseq-thread.export.json").read_text())["results"]
    for old in (
        "is_deleted",
        "summary",
        "external_id",
        "readable_title",
        "unique_url",
        "document_note",
        "book_tags",
    ):
        del book[old]
    for highlight in book["highlights"]:
        for old in (
            "is_deleted",
            "external_id",
            "end_location",
            "tags",
            "note",
            "is_discard",
            "color",
        ):
            del highlight[old]
        highlight["mood"] = {"new": ["in", "2031"]}
    world = make_world(Library([book]))
    world.sync()
    assert list(world.pages().values()) == [(GOLDEN / "logseq-thread.md").read_text()]


@pytest.mark.parametrize(
    ("edn", "path"),
    [
        (LEGACY, "pages/Readwise%2FHighlights%2FSemiAnalysis 今早发布了一份 Goo....md"),
        (
            '{:pages-directory "karteikarten" ; mine\n :file/name-format :triple-lowbar}',
            "karteikarten/Readwise___Highlights___SemiAnalysis 今早发布了一份 Goo...___.md",
        ),
    ],
)
def test_pages_stand_where_the_graphs_own_config_puts_them(
    make_world: MakeWorld, edn: str, path: str
) -> None:
    """The naming rule and the folder are the graph's."""
    world = make_world(Library.load(GOLDEN / "logseq-thread.export.json"), edn=edn)
    world.sync()
    assert world.pages() == {path: (GOLDEN / "logseq-thread.md").read_text()}


@pytest.mark.parametrize(
    ("book", "highlight", "line"),
    [
        (
            {},
            tweet(20, "twitter"),
            "- twitter ([View Tweet](https://twitter.com/example_owl/status/20))",
        ),
        (
            {},
            {"text": "x", "url": "https://x.com/i/web/status/21?s=20"},
            "- x ([View Tweet](https://x.com/i/web/status/21?s=20))",
        ),
        (
            {"category": "articles", "source": "web_clipper"},
            {"text": "مقال", "url": "https://example.org/a_(b)#c"},
            "- مقال ([View Highlight](https://example.org/a_%28b%29#c))",
        ),
        (
            {"category": "podcasts", "source": "snipd"},
            {"text": "Folge", "url": "https://example.net/12?t=3"},
            "- Folge ([View Highlight](https://example.net/12?t=3))",
        ),
        (
            {"category": "podcasts", "source": "snipd"},
            {
                "text": "Minute",
                "url": "https://example.net/13",
                "location": 1995,
                "location_type": "time_offset",
            },
            "- Minute ([Time\u00a00:33:15](https://example.net/13))",
        ),
        (
            {"category": "books", "source": "kindle", "asin": "B00EXAMPLE"},
            {"text": "बाघ", "location": 117, "location_type": "location"},
            (
                "- बाघ ([Location\u00a0"
                "117](https://readwise.io/to_kindle?action=open&asin=B00EXAMPLE&location=117))"
            ),
        ),
        (
            {"category": "books", "source": "physical"},
            {"text": "Seite", "location": 5, "location_type": "page"},
            "- Seite (Page\u00a05)",
        ),
        (
            {"category": "books", "source": "kindle"},
            {"text": "ohne", "location": 9, "location_type": "order"},
            "- ohne",
        ),
        ({"category": "articles"}, {"text": "none", "url": ""}, "- none"),
        ({}, {"text": "gone", "url": None}, "- gone"),
        ({}, {"text": "script", "url": "javascript:alert(1)"}, "- script"),
    ],
)
def test_every_category_has_its_link_and_label(
    world: World, book: dict[str, Any], highlight: dict[str, Any], line: str
) -> None:
    """A tweet, another address, a place in a Kindle book, a page of paper, and nothing at all."""
    fields = {"location": None, **highlight, "highlighted_at": "2024-02-29T12:00:00Z"}
    add_book(world.library, "Buch", fields, author=None, **book)
    world.sync()
    category = book.get("category", "tweets")
    expected = (
        f"title:: Readwise/Highlights/Buch\nfull-title:: Buch\ncategory:: #{category}\n{line}"
    )
    assert world.pages() == {
        "pages/Readwise___Highlights___Buch.md": f"{expected} #Highlight #[[2024-02-29]]"
    }


def test_supplementals_come_only_where_they_are_asked_for(make_world: MakeWorld) -> None:
    """Books that the user never read are left out by default."""
    for settings, pages in (
        ({}, 1),
        ({"categories": ("supplementals", "tweets")}, 2),
        ({"categories": ("books",)}, 0),
    ):
        library = Library()
        add_book(
            library,
            "Extra",
            {"text": "never read"},
            category="supplementals",
            source="supplemental",
        )
        add_book(library, "Tweet", tweet(1, "read"))
        world = make_world(library, **settings)
        world.sync()
        assert len(world.pages()) == pages


def test_a_missing_date_is_left_out(world: World) -> None:
    """`highlighted_at` may be null; no day is made up."""
    assert one_block(world, text="wann?", highlighted_at=None) == "- wann? #Highlight"


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2024-05-04"), ("Asia/Shanghai", "2024-05-05"), ("America/Los_Angeles", "2024-05-04")],
)
def test_the_day_is_the_owners(make_world: MakeWorld, zone: str, day: str) -> None:
    """By the vault's time zone, with or without a fraction of a second."""
    for moment in ("2024-05-04T20:30:00Z", "2024-05-04T20:30:00.123Z", "2024-05-04T20:30:00+00:00"):
        world = make_world(Library(), timezone=zone)
        assert one_block(world, text="x", highlighted_at=moment) == f"- x #Highlight #[[{day}]]"


def test_tags_and_notes_are_children_and_keep_their_lines(world: World) -> None:
    """Repeated tags once, in their order; a note of several lines in one block."""
    block = one_block(
        world,
        **tweet(
            7,
            "erste\n\n- zweite\n# dritte",
            tags=[{"id": 1, "name": "鳥"}, {"id": 2, "name": "b c"}, {"id": 9, "name": "鳥"}],
            note=".tag Eine Notiz\n\nid:: 1234\n- Liste",
        ),
    )
    assert block == (
        "- erste\n  \n  \\- zweite\n  \\# dritte "
        "([View Tweet](https://twitter.com/example_owl/status/7))"
        " #Highlight #[[2024-05-05]]\n"
        "\t- **Tags**: #[[鳥]] #[[b c]]\n"
        "\t- **Note**: .tag Eine Notiz\n\t  \n\t  id:\\: 1234\n\t  \\- Liste"
    )


@pytest.mark.parametrize("nothing", [None, "", "  \n"])
def test_no_note_makes_no_child(world: World, nothing: str | None) -> None:
    """Null, empty and blank are the same."""
    assert (
        one_block(world, text="x", note=nothing, tags=[], highlighted_at=None) == "- x #Highlight"
    )


def test_behind_a_code_fence_the_link_has_a_line_of_its_own(world: World) -> None:
    """A fence's last line cannot hold anything else."""
    block = one_block(world, **tweet(8, "so:\n```py\nx = '- y'\n```"))
    tail = "([View Tweet](https://twitter.com/example_owl/status/8)) #Highlight #[[2024-05-05]]"
    assert block == f"- so:\n  ```py\n  x = '- y'\n  ```\n  {tail}"


def test_all_page_properties_in_their_order(world: World) -> None:
    """Several authors, tags, an address, a `#` in a long title with a slash."""
    title = "C#/F# und andere Tonarten: eine sehr lange Überschrift, die man kürzt"
    add_book(
        world.library,
        title,
        {"text": "Ton", "highlighted_at": None},
        author="Ada Erfunden, 架空 太郎",
        category="articles",
        source_url="https://example.org/töne?a=1#b",
        book_tags=[{"id": 1, "name": "musik"}, {"id": 2, "name": "日本 語"}],
    )
    world.sync()
    (text,) = world.pages().values()
    assert text.split("\n") == [
        f"title:: Readwise/Highlights/{title.replace('/', '-')[:45]}...",
        "author:: [[Ada Erfunden]], [[架空 太郎]]",
        f"full-title:: {title.replace('#', chr(92) + '#')}",
        "category:: #articles",
        "url:: https://example.org/töne?a=1#b",
        "tags:: #[[musik]] #[[日本 語]]",
        "- Ton #Highlight",
    ]


def test_a_document_of_nulls_still_has_a_page(world: World) -> None:
    """Nothing but ids and an empty highlight: a page with a name, and no line that breaks it."""
    add_book(
        world.library, "", {"text": "", "tags": None}, author=None, source=None, category="articles"
    )
    report = world.sync()
    assert report.code == 0
    (text,) = world.pages().values()
    assert text.startswith(
        "title:: Readwise/Highlights/Untitled\nfull-title:: Untitled\ncategory:: #articles\n- "
    )


def test_highlights_stand_by_location_then_by_status(world: World) -> None:
    """Whatever order they arrive in; those without a location are last."""
    add_book(
        world.library,
        "Faden",
        tweet(30, "c", location=None),
        tweet(12, "b", location=1),
        tweet(11, "a", location=1),
        tweet(40, "first", location=0),
        tweet(29, "before c", location=None),
    )
    world.sync()
    (text,) = world.pages().values()
    assert [line[2:].split(" (")[0] for line in text.split("\n") if line.startswith("- ")] == [
        *("first", "a", "b", "before c", "c")
    ]


def test_a_highlight_deleted_upstream_before_it_came_is_not_written(world: World) -> None:
    """A tombstone on the first fetch, and a deleted document, make nothing."""
    book = add_book(world.library, "Faden", tweet(1, "bleibt"), tweet(2, "geht"))
    world.library.delete_highlight(world.library.books[0]["highlights"][1]["id"])
    world.library.delete_book(add_book(world.library, "Fort", tweet(3, "weg")))
    world.library.edit_book(book, title="Faden")
    report = world.sync()
    assert only(report).highlights.added == 1
    assert len(world.pages()) == 1
    assert "geht" not in world.text()


@pytest.mark.needs("logseq-parser")
def test_logseqs_own_parser_finds_every_highlight_as_one_block(make_world: MakeWorld) -> None:
    """Over the bundled account.

    The page's title, and a block for each highlight and each child, no more.
    """
    world = make_world(Library.load())
    report = only(world.sync())
    texts = list(world.pages().values())
    found = logseq_parser.pages(texts)
    tops = 0
    for text, page in zip(texts, found, strict=True):
        assert text.startswith(f"title:: {page['title']}\n")
        assert set(page["properties"]) <= {
            "title",
            "author",
            "full-title",
            "category",
            "url",
            "tags",
        }
        children = text.count("\n\t- ")
        tops += page["blockCount"] - children
    properties = len([block for page in found for block in page["blocks"] if block.get("preBlock")])
    assert tops - properties == report.highlights.added
