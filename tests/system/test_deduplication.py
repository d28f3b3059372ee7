"""What is in the vault already does not come again, whoever wrote it, wherever it stands.

Everything else does.
"""

from itertools import permutations
from typing import Any

import pytest

from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

HOSTS = [
    "https://twitter.com/example_owl/status/1790000000000000001",
    "https://x.com/example_owl/status/1790000000000000001?s=20&t=abc",
    "http://www.twitter.com/Example_Owl/statuses/1790000000000000001",
    "https://mobile.x.com/i/web/status/1790000000000000001/photo/1",
    "https://m.twitter.com/i/status/1790000000000000001/video/1#m",
    "Https://X.com/example_owl/status/1790000000000000001/",
]


def reader_tweet(library: Library, status: int, *texts: str, **fields: Any) -> int:
    """A tweet saved in Reader (shape B) with selections of its text."""
    book = library.add_book(
        title=texts[0],
        author="Eule",
        source="reader",
        source_url=f"https://x.com/example_owl/status/{status}/?rw_tt_thread=True",
        **fields,
    )
    for number, text in enumerate(texts):
        url = f"https://read.readwise.io/read/01{book:08d}{number}"
        library.add_highlight(book, text=text, url=url, location=number, location_type="offset")
    return book


def test_one_tweet_in_many_documents_stands_in_the_vault_once(world: World) -> None:
    """Each document brings it under another address; one has a tweet of its own besides."""
    for number, url in enumerate(HOSTS):
        add_book(world.library, f"Sammlung {number}", {"text": "夜の梟", "url": url})
    book = add_book(
        world.library, "Sammlung 9", {"text": "夜の梟", "url": HOSTS[1]}, tweet(5, "eigenes")
    )
    report = world.sync()
    assert world.text().count("夜の梟") == 1
    assert world.text().count("eigenes") == 1
    assert (only(report).highlights.added, only(report).highlights.duplicate) == (2, len(HOSTS))
    assert len(world.pages()) == 2, "a document with nothing of its own makes no page"
    assert world.sync(full=True).message == "notes: nothing new"
    world.library.add_highlight(book, **tweet(6, "noch eins"))
    world.sync()
    assert world.text().count("noch eins") == 1
    assert world.text().count("夜の梟") == 1


@pytest.mark.parametrize("url", HOSTS)
@pytest.mark.parametrize(
    "place",
    [
        (
            "journals/2024_05_05.md",
            "- Heute gelesen\n\t- 夜の梟 ([View Tweet]({url})) #Highlight #[[2024-05-05]]\n",
        ),
        ("pages/Vögel.md", "title:: Vögel\n\n- 夜の梟 ([View Tweet]({url}))\n"),
        ("pages/Vögel.md", "- eine Notiz von mir dazu\n  夜の梟\n  [View Tweet]({url})\n"),
        (
            "pages/old/Tweets.md",
            "category:: #tweets\n- ganz anders geschrieben ([View Tweet]({url})) hinterher mehr\n",
        ),
        (
            "pages/ordner/crlf.md",
            "\ufeff- 夜の梟 ([View Tweet]({url})) #Highlight\r\n  id:: 65f0\r\n",
        ),
    ],
)
def test_a_tweet_that_stands_anywhere_in_the_vault_does_not_come_again(
    world: World, place: tuple[str, str], url: str
) -> None:
    """In a journal, on a page of the owner's, on one of another plugin's, under any address."""
    world.put(place[0], place[1].format(url=url))
    before = snapshot(world.root)
    add_book(world.library, "Eule", tweet(1790000000000000001, "夜の梟"))
    report = world.sync()
    assert snapshot(world.root) == before
    assert report.message == "notes: nothing new"
    assert not only(report).pages.created


def test_a_page_holds_only_what_does_not_stand_elsewhere(world: World) -> None:
    """One tweet of a document is in the owner's journal already, another is new.

    The new page has the new one.
    """
    world.put("journals/2024_05_05.md", f"- 夜の梟 ([View Tweet]({HOSTS[3]})) #Highlight\n")
    add_book(
        world.library,
        "Eule",
        tweet(1790000000000000001, "夜の梟"),
        tweet(1790000000000000002, "朝の梟"),
    )
    report = world.sync()
    assert only(report).highlights.added == 1
    assert world.text().count("夜の梟") == 1
    assert world.text().count("朝の梟") == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "- I read [this]({url}) and liked it",
        "- {url}",
        "- see ([View Tweet]({url})) for what she says about owls",
        "- {{{{tweet {url}}}}}",
        "- [[Vögel]] laut {url} #wichtig",
        "```\n- 夜の梟 ([View Tweet]({url})) #Highlight\n```",
        "- ![bild]({url})",
    ],
)
def test_a_mere_mention_by_the_owner_is_no_highlight(world: World, sentence: str) -> None:
    """The tweet comes, and the owner's page stays as it is."""
    path = world.put("pages/Notizen.md", sentence.format(url=HOSTS[1]))
    before = path.read_bytes()
    add_book(world.library, "Eule", tweet(1790000000000000001, "夜の梟"))
    assert only(world.sync()).highlights.added == 1
    assert path.read_bytes() == before
    assert world.text().count("夜の梟 ([View Tweet](https://twitter.com/example_owl/") == 1


def test_a_file_that_the_app_does_not_read_holds_no_highlight(world: World) -> None:
    """Backups, recycled pages and hidden folders are no part of the graph."""
    for path in (
        "logseq/bak/a.md",
        "logseq/.recycle/b.md",
        ".git/c.md",
        "node_modules/d.md",
        "logseq/version-files/e.md",
    ):
        world.put(path, f"- 夜の梟 ([View Tweet]({HOSTS[0]})) #Highlight")
    add_book(world.library, "Eule", tweet(1790000000000000001, "夜の梟"))
    assert only(world.sync()).highlights.added == 1


def test_different_highlights_of_one_address_all_arrive(world: World) -> None:
    """Articles give each of their highlights the article's address.

    Also those that differ in a sign.
    """
    url = "https://example.org/langer-text?utm_source=x"
    texts = [
        "eins zwei drei vier fünf",
        "zwei drei vier",
        "eins",
        "六七八九十",
        "eins!",
        "a + b",
        "a - b",
    ]
    book = add_book(
        world.library,
        "Langer Text",
        *({"text": text, "url": url, "location": number} for number, text in enumerate(texts)),
        category="articles",
        source_url=url,
    )
    assert only(world.sync()).highlights.added == len(texts)
    (text,) = world.pages().values()
    assert [line[2:].split(" (")[0] for line in text.split("\n") if line.startswith("- ")] == texts
    assert world.sync(full=True).message == "notes: nothing new"
    world.library.add_highlight(book, text="zwischen", url=url, location=1.5)
    world.sync()
    (text,) = world.pages().values()
    assert [line[2:].split(" (")[0] for line in text.split("\n") if line.startswith("- ")] == [
        *(*texts[:2], "zwischen", *texts[2:])
    ]


def test_different_highlights_of_one_address_are_found_again_without_the_state(
    world: World,
) -> None:
    """The pages alone tell what is there."""
    url = "https://example.org/langer-text"
    for title in ("Langer Text", "Langer Text, zweite Fassung"):
        fields = {"category": "articles", "source_url": url}
        add_book(
            world.library,
            title,
            *({"text": f"{title} {n} sagt etwas", "url": url} for n in range(4)),
            **fields,
        )
    world.sync()
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    report = world.sync()
    assert report.message == "notes: nothing new"
    assert snapshot(world.root) == before


def test_highlights_without_an_address_are_found_again_without_the_state(world: World) -> None:
    """By their text, on their own page; the same words in two books are two highlights."""
    for title in ("雪国", "雪国 二", "Buch"):
        add_book(
            world.library,
            title,
            {"text": "雪"},
            {"text": "ein Satz, der länger ist"},
            {"text": "!"},
            {"text": "![](https://example.org/a.jpg)"},
            category="books",
            source="physical",
        )
    report = world.sync()
    assert only(report).highlights.added == 12
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


THREAD = [
    "Eulen hören, was wir nicht hören 🦉",
    "Sie drehen den Kopf\n\nweiter als wir",
    "Und sie schweigen dabei.",
]


@pytest.mark.parametrize("order", list(permutations("AB")))
@pytest.mark.parametrize("together", [True, False])
def test_a_selection_saved_in_reader_that_repeats_the_tweet_adds_nothing(
    world: World, order: tuple[str, str], together: bool
) -> None:
    """In both orders of arrival, in one run or two: whole tweets stand there once."""
    for shape in order:
        if shape == "A":
            add_book(
                world.library,
                "Eulen Hören, Was Wir Nic...",
                *(tweet(70 + n, text) for n, text in enumerate(THREAD)),
            )
        else:
            reader_tweet(world.library, 70, THREAD[0], "weiter als wir")
        if not together:
            world.sync()
    world.sync()
    assert world.text().count(f"- {THREAD[0]}") == 1
    before = snapshot(world.root)
    assert world.sync(full=True).message == "notes: nothing new"
    assert snapshot(world.root) == before
    if together or order[0] == "A":
        assert world.text().count("weiter als wir") == 1
        assert len(world.pages()) == 1


def test_selections_of_a_tweet_that_is_not_there_arrive(world: World) -> None:
    """Also those of another tweet of the same words, and those that say more than the tweet."""
    add_book(world.library, "Eulen", tweet(70, THREAD[0]))
    reader_tweet(world.library, 71, "was wir nicht hören")
    reader_tweet(world.library, 70, THREAD[0] + " und dann kommt noch ein Satz von der Eule")
    world.sync()
    assert "- was wir nicht hören ([View Highlight](https://read.readwise.io/read/" in world.text()
    assert "noch ein Satz von der Eule ([View Highlight](" in world.text()


def test_a_selection_of_a_tweet_that_only_the_owner_has_adds_nothing(world: World) -> None:
    """The plugin's page of an account long gone counts as much as a document."""
    world.put(
        "pages/alt.md",
        f"category:: #tweets\n- {THREAD[0]} ([View Tweet](https://twitter.com/a/status/70))\n",
    )
    before = snapshot(world.root)
    reader_tweet(world.library, 70, "was wir nicht hören")
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize("between", ["nothing", "the owner deletes it"])
def test_a_tweet_that_is_there_as_a_selection_does_not_come_again_without_the_state(
    world: World, between: str
) -> None:
    """The selection of the whole tweet was there first, so the tweet added nothing.

    The vault's pages tell it again.
    """
    reader_tweet(world.library, 70, THREAD[0])
    world.sync()
    add_book(world.library, "Eulen", tweet(70, THREAD[0]), tweet(71, "eine andere"))
    world.sync()
    assert world.text().count(f"- {THREAD[0]} (") == 1
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before
    if between == "the owner deletes it":
        (path,) = (path for path, text in world.pages().items() if f"- {THREAD[0]} (" in text)
        world.put(path, world.read(path).partition("- ")[0])
    before = snapshot(world.root)
    assert world.sync(full=True).message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize(
    "url",
    [
        "https://e.org/1) [a](b",
        "https://e.org/1\n- x",
        "https://[::1]/1",
        "https://[e/1",
        "https://e℀/1",
        "mailto:a@b",
    ],
)
def test_a_highlight_is_known_by_its_address_however_that_must_be_written(
    world: World, url: str
) -> None:
    """What would end the link stands there encoded.

    Also without the state, and where its owner moved it.
    """
    add_book(world.library, "Eulen", {"text": "eine Stelle", "url": url}, tweet(71, "eine andere"))
    world.sync()
    assert world.text().count("eine Stelle") == 1
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before
    (path,) = world.pages()
    text = world.read(path)
    (moved,) = (line for line in text.splitlines(keepends=True) if "eine Stelle" in line)
    world.put(path, text.replace(moved, ""))
    world.put("journals/2024_05_05.md", moved)
    (world.state / "syncd.db").unlink()
    before = snapshot(world.root)
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


def test_many_reader_documents_of_one_tweet(world: World) -> None:
    """Saved twice, with selections that overlap.

    Each stands there once, whatever document it came with.
    """
    reader_tweet(world.library, 70, "was wir nicht hören", "Eulen hören")
    reader_tweet(world.library, 70, "was wir nicht hören")
    world.sync()
    assert world.text().count("- was wir nicht hören (") >= 1
    assert world.text().count("- Eulen hören (") == 1
    before = snapshot(world.root)
    assert world.sync(full=True).message == "notes: nothing new"
    assert snapshot(world.root) == before


def test_categories_that_are_not_wanted_take_no_highlight_away(
    library: Library, make_world: MakeWorld
) -> None:
    """A tweet in a document that stays outside comes with the one that is wanted."""
    url = HOSTS[0]
    add_book(library, "Artikel", {"text": "夜の梟", "url": url}, category="articles")
    add_book(library, "Tweets", {"text": "夜の梟", "url": HOSTS[2]})
    world = make_world(library, categories=("tweets",))
    world.sync()
    assert world.text().count("夜の梟") == 1


def test_what_one_document_gives_up_another_may_bring(world: World) -> None:
    """A tweet whose first document is deleted upstream stays where it is, once."""
    first = add_book(world.library, "Eins", tweet(1, "夜の梟"), tweet(2, "anderes"))
    add_book(world.library, "Zwei", {"text": "夜の梟", "url": "https://x.com/a/status/1"})
    world.sync()
    world.library.delete_book(first)
    world.sync()
    world.sync(full=True)
    assert world.text().count("夜の梟") == 1


def test_a_moved_highlight_is_still_there(world: World) -> None:
    """Its owner carried the block into a journal.

    It does not come back, and new ones go to the page.
    """
    book = add_book(world.library, "Umzug", tweet(1, "eins"), tweet(2, "zwei"), tweet(3, "drei"))
    world.sync()
    ((path, text),) = world.pages().items()
    lines = text.split("\n")
    moved = next(line for line in lines if line.startswith("- zwei"))
    world.put(path, "\n".join(line for line in lines if line != moved))
    world.put("journals/2024_05_06.md", f"- für heute\n\t{moved}\n")
    world.library.add_highlight(book, **tweet(4, "vier"))
    world.sync(full=True)
    assert world.text().count("zwei") == 1
    assert world.read(path).count("#Highlight") == 3


def test_a_highlight_that_its_owner_deleted_stays_deleted(world: World) -> None:
    """The block, or the whole page: neither a new highlight nor a full run brings it back."""
    book = add_book(world.library, "Weg", tweet(1, "eins"), tweet(2, "zwei"))
    other = add_book(world.library, "Ganz weg", tweet(11, "elf"))
    world.sync()
    path, gone = world.page_of("Weg"), world.page_of("Ganz weg")
    world.put(
        path, "\n".join(line for line in world.read(path).split("\n") if "- zwei" not in line)
    )
    (world.root / gone).unlink()
    for _ in range(2):
        world.library.add_highlight(book, **tweet(3, "drei"))
        world.sync(full=True)
        assert "zwei" not in world.text()
        assert "- elf" not in world.text()
    assert world.text().count("- drei") == 1
    world.library.add_highlight(other, **tweet(12, "zwölf"))
    world.sync()
    assert world.text().count("zwölf") == 1
    assert "- elf" not in world.text()
