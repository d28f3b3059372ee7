"""Which page is a document's where programs and owners left several, or none that says so."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from syncd.sync.compare import Comparison, compare_all
from tests.support.world import World, add_book, only, tweet
from tests.system.test_real_pages import HEAD, LINK, PAGE, U, nothing_comes

ARTICLE = {"category": "articles", "source": "web_clipper", "author": "A. B."}


def items(*texts: str) -> list[dict[str, Any]]:
    """Highlights without a link."""
    return [{"text": text, "location": at} for at, text in enumerate(texts)]


FIRST = ("die Eule sitzt im Baum", "sie wartet auf die Nacht", "dann fliegt sie lautlos")
SECOND = ("das Papier hält die Tinte", "die Seite raschelt leise", "so endet das Buch")


def official_note(title: str, url: str, texts: tuple[str, ...]) -> str:
    """A note as Readwise's plugin for Obsidian writes it, without links."""
    metadata = f"- Full Title: {title}\n- Category: #articles\n- URL: {url}\n"
    body = "".join(f"- {text}\n" for text in texts)
    return f"# {title}\n\n## Metadata\n{metadata}\n## Highlights\n{body}"


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_documents_of_one_title_each_has_the_page_with_its_words(
    vault: World, swapped: bool
) -> None:
    """Although their addresses differ in a query alone."""
    urls = ("https://example.org/a?utm_source=x", "https://example.org/a")
    books = [
        add_book(vault.library, "Eulen", *items(*texts), source_url=url, **ARTICLE)
        for url, texts in zip(urls, (FIRST, SECOND), strict=True)
    ]
    names = ["Eulen.md", "Eulen-2.md"][:: -1 if swapped else 1]
    for name, url, texts in zip(names, urls, (FIRST, SECOND), strict=True):
        vault.put(f"Readwise/Articles/{name}", official_note("Eulen", url, texts))
    nothing_comes(vault)
    for book, text in zip(books, ("neu vom Baum", "neu vom Papier"), strict=True):
        vault.library.add_highlight(book, text=text, location=9)
    vault.sync()
    pages = vault.pages()
    for name, old, text in zip(names, (FIRST, SECOND), ("Baum", "Papier"), strict=True):
        assert old[0] in pages[f"Readwise/Articles/{name}"]
        assert f"neu vom {text}" in pages[f"Readwise/Articles/{name}"]


@pytest.mark.parametrize("shape", ["- {} ([View Tweet]({}))\n", "{} ([View Tweet]({}))\n\n"])
@pytest.mark.parametrize("head", ["# Eulen\n\n", "---\ntags: [x]\n---\n\n# Eulen\n"])
def test_a_note_with_all_highlights_below_the_title_is_the_documents(
    vault: World, shape: str, head: str
) -> None:
    """Whatever its file is called, and though it has no metadata."""
    tweets = [tweet(n, f"nummer {n}") for n in (1, 2, 3)]
    book = add_book(vault.library, "Eulen", *tweets, source_url=U.format(1))
    body = "".join(shape.format(one["text"], one["url"]) for one in tweets)
    vault.put("Lesen/2023-05 Nachtvögel.md", head + body)
    nothing_comes(vault)
    vault.library.add_highlight(book, **tweet(4, "nummer 4"))
    assert only(vault.sync()).pages.updated == ["Lesen/2023-05 Nachtvögel.md"]


@pytest.mark.parametrize(
    ("path", "head", "numbers"),
    [
        ("Thema Vögel.md", "# Vögel\n", (1, 2, 3)),
        ("Thema Vögel.md", "# Eulen\n", (1,)),
        ("2024-05-05.md", "# Eulen\n", (1, 2, 3)),
    ],
)
def test_a_topic_note_or_a_journal_is_no_documents_page(
    vault: World, path: str, head: str, numbers: tuple[int, ...]
) -> None:
    """It stays as it is; what is there counts, and what is new makes a page."""
    book = add_book(vault.library, "Eulen", *(tweet(n, f"nummer {n}") for n in (1, 2, 3)))
    text = head + "".join(f"- nummer {n} {LINK.format(n)}\n" for n in numbers)
    note = vault.put(path, text)
    vault.sync()
    vault.library.add_highlight(book, **tweet(4, "nummer 4"))
    assert only(vault.sync()).highlights.added == 1
    assert note.read_text() == text


def test_a_documents_second_page_counts_though_nothing_on_it_has_a_link(world: World) -> None:
    """The plugin made one anew when it was set up again."""
    head = HEAD.format("articles") + "url:: https://example.org/a\n"
    linked = [
        {"text": text, "url": f"https://read.readwise.io/read/0{n}"} for n, text in enumerate(FIRST)
    ]
    add_book(
        world.library,
        "Eulen",
        *linked,
        *items(*SECOND),
        source_url="https://example.org/a",
        **ARTICLE,
    )
    body = "".join(f"- {one['text']} ([View Highlight]({one['url']}))\n" for one in linked)
    world.put(PAGE, head + body)
    other = head.replace("title:: Readwise/Highlights/Eulen\n", "", 1)
    world.put("pages/Eulen (highlights).md", other + "".join(f"- {text}\n" for text in SECOND))
    nothing_comes(world)


@pytest.mark.parametrize("linked", [True, False])
def test_two_documents_that_the_plugin_put_onto_one_page_stay_there(
    world: World, linked: bool
) -> None:
    """Also when the first gets a new highlight in the same run, or later."""
    head = HEAD.format("articles") + "url:: https://example.org/a\n"
    books = []
    body = ""
    for number, texts in enumerate((FIRST, SECOND)):
        ours = [
            {**one, "url": f"https://read.readwise.io/read/{number}{one['location']}"}
            if linked
            else one
            for one in items(*texts)
        ]
        url = f"https://example.org/{'ab'[number]}"
        books.append(add_book(world.library, "Eulen", *ours, source_url=url, **ARTICLE))
        for one in ours:
            body += f"- {one['text']}"
            body += f" ([View Highlight]({one['url']}))\n" if linked else "\n"
    path = world.put(PAGE, head + body)
    for text in ("ganz neu dazu", "später noch eines"):
        world.library.add_highlight(books[0], text=text, location=50)
        report = only(world.sync())
        assert (report.highlights.added, report.pages.created) == (1, [])
    for text in (*FIRST, *SECOND):
        assert path.read_text().count(f"- {text}") == 1
    assert world.sync(full=True).message == "notes: nothing new"


@pytest.mark.parametrize("text", ["3. Leverage\n\nund mehr\n4. Code", "• Leverage\n• Code\n• Zeit"])
def test_a_cut_tweet_is_known_by_its_head(world: World, text: str) -> None:
    """Be that a list line itself, and short."""
    add_book(world.library, "Eulen", tweet(1, "eins"), tweet(2, text), tweet(3, "drei"))
    first = text.split("\n", maxsplit=1)[0]
    world.put(
        PAGE,
        HEAD.format("tweets") + f"- eins {LINK.format(1)}\n- {first}\n- drei {LINK.format(3)}\n",
    )
    nothing_comes(world)


def test_a_foreign_hashtag_behind_a_short_text_hides_it_not(world: World) -> None:
    """As flash cards have it."""
    add_book(world.library, "Eulen", *items("&> FILE", "2> x", "etwas anderes"), **ARTICLE)
    block = "- &> FILE #flashcard\n- 2> x #flashcard #[[shell]]\n- etwas anderes\n"
    world.put(PAGE, HEAD.format("articles") + block)
    nothing_comes(world)


def test_a_note_for_each_highlight_counts_by_the_id_in_its_front_matter(vault: World) -> None:
    """As readwise-atoms writes them."""
    book = add_book(vault.library, "Eulen", *items(*FIRST), **ARTICLE)
    ids = [one["id"] for one in vault.library.books[-1]["highlights"]]
    folder = "Readwise Atoms/A. B. - Eulen"
    for id_, text in zip(ids, FIRST, strict=True):
        note = f'---\nid: {id_}\nsource: "[[Eulen/index]]"\n---\n\n{text}\n'
        vault.put(f"{folder}/quotes/{id_}.md", note)
    embeds = "".join(f"![[{id_}]]\n" for id_ in ids)
    vault.put(
        f"{folder}/index.md", f"---\ntitle: Eulen\nauthor: A. B.\n---\n\n## Quotes\n\n{embeds}"
    )
    vault.put("Anderes.md", f"---\nid: {ids[0]}\n---\nmeins\n")
    nothing_comes(vault)
    vault.library.add_highlight(book, text="noch eines", location=9)
    assert only(vault.sync()).highlights.added == 1


def test_what_logseq_does_not_read_is_not_present(world: World) -> None:
    """Folders and files that begin with a path in `:hidden`."""
    world.put(
        "logseq/config.edn", '{:file/name-format :triple-lowbar :hidden ["/alt" "pages/weg.md"]}'
    )
    add_book(world.library, "Eulen", tweet(1, "eins"), tweet(2, "zwei"))
    for path, n, text in (("alt/x.md", 1, "eins"), ("pages/weg.md", 2, "zwei")):
        world.put(path, f"- {text} {LINK.format(n)}\n")
    assert only(world.sync()).highlights.added == 2


@pytest.mark.parametrize("head", ["---\ntitle: {}\n---\n", "#+title: {}\n\n", "#+TITLE: {}\n"])
def test_a_page_that_its_front_matter_titles_keeps_its_title(world: World, head: str) -> None:
    """No other page takes the name."""
    world.put("pages/anders.md", head.format("Readwise/Highlights/Eulen") + "- meins\n")
    book = add_book(world.library, "Eulen", tweet(1, "eins"))
    assert only(world.sync()).pages.created == [f"pages/Readwise___Highlights___Eulen ({book}).md"]


@pytest.mark.parametrize("inside", [False, True])
def test_notes_in_a_linked_folder_are_seen_once(world: World, inside: bool) -> None:
    """Wherever the link leads; a link to a folder above ends somewhere."""
    target = world.root / "pages" if inside else world.folder / "anderswo"
    target.mkdir(exist_ok=True)
    (target / "alt.md").write_text(f"- eins {LINK.format(1)}\n")
    (world.root / "verweis").symlink_to(target)
    (world.root / "kreis").symlink_to(world.root)
    add_book(world.library, "Eulen", tweet(1, "eins"))
    nothing_comes(world)
    world.write_config()
    (found,) = compare_all(world.config, Event()).values()
    assert isinstance(found, Comparison)
    assert [one for one in found.differences if one.kind != "adopted"] == []


@pytest.mark.parametrize("first", [True, False])
def test_a_highlight_with_a_link_is_not_there_for_another_ones_words(
    world: World, first: bool
) -> None:
    """What stands without a link is the highlight that has none."""
    linked = {**tweet(7, "die Eule sitzt im Baum"), "location": 0 if first else 9}
    plain = {"text": "die Eule sitzt im Baum", "location": 5}
    add_book(world.library, "Eulen", linked, plain)
    text = HEAD.format("tweets") + "- die Eule sitzt im Baum\n"
    world.put(PAGE, text)
    assert only(world.sync()).highlights.added == 1
    assert world.read(PAGE).count(LINK.format(7)) == 1
    assert world.read(PAGE).count("die Eule") == 2
