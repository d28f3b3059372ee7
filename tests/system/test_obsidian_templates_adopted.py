"""The first run over notes that the plugin for Obsidian made with the owner's templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.world import World, add_book, only, snapshot, tweet

Highlight = dict[str, Any]
Shape = Callable[[int, Highlight, str, str], str]

TWEETS = (
    tweet(11, "die Eule wartet\n\nbis es dunkel ist", note="merken", tags=[{"name": "nacht"}]),
    tweet(12, "वह बिना आवाज़ के उड़ती है"),
    tweet(13, "وفي الصباح تعود إلى عشها"),
    tweet(14, "ein Stück Code:\n```\nx = 1\n- kein Punkt\n```"),
    tweet(15, "🦉🦉 und so endet die Nacht"),
)
PAGES = tuple(
    {"text": text, "location": at, "location_type": "page", "note": note}
    for at, text, note in (
        (5, "Papier hält die Tinte besser als jeder Bildschirm", ""),
        (9, "ページをゆっくりめくって、その音を聞いてください", "langsam"),
        (11, "so endet das Buch", ""),
    )
)


def _quoted(text: str) -> str:
    return "> " + text.replace("\n", "\n> ")


SHAPES: dict[str, Shape] = {
    "headings with ids": lambda id_, item, label, url: (
        f"### id{id_}\n\n{_quoted(item['text'])}\n"
        + (f"> \\- [({label})]({url})\n" if url else f"({label})\n")
    ),
    "headings with places": lambda _id, item, label, url: (
        f"### {label}\n\n{_quoted(item['text'])}\n" + (f" * _[{label}]({url})_\n" if url else "\n")
    ),
    "callouts": lambda _id, item, _label, url: (
        f"> [!quote]- {item['text']} [🔗]({url})\n"
        + (f">> [!info] Notiz\n{item['note']}\n" if item.get("note") else "")
    ),
    "marks": lambda _id, item, _label, _url: (
        f"<mark>{item['text']}</mark> #x\n"
        + (f"### Notiz\n{item['note']}\n" if item.get("note") else "")
    ),
    "a line each": lambda _id, item, label, _url: (
        f"> {item['text']}\n- Notiz: {item.get('note', '')}\n({label})"
    ),
    "notes above": lambda _id, item, label, url: (
        f"{item.get('note', '')}\n\n> {item['text']} ([{label}]({url}))\n\n---"
    ),
    "opened in Readwise": lambda id_, item, label, url: (
        f"- {item['text']}"
        + (f"([{label}]({url})), " if url else " ")
        + f"[Open in Readwise](https://readwise.io/open/{id_})"
    ),
    "ids and tags": lambda id_, item, label, url: (
        f"---\n\n- {item['text']} ([{label}]({url}))\n^rw{id_} #lesen\n"
    ),
}


def adopted(world: World, shape: Shape, newline: str = "\n", metadata: bool = True) -> list[int]:
    """Two documents, a thread and a book, and their notes; returns the documents' ids."""
    books = []
    for title, items, fields in (
        ("Eulen: bei Nacht", TWEETS, {"source_url": "https://twitter.com/example_owl/status/11"}),
        ("Das Papier", PAGES, {"category": "books", "author": "A. B."}),
    ):
        before = set(ids(world))
        books.append(add_book(world.library, title, *items, **fields))
        made = [id_ for id_ in ids(world) if id_ not in before]
        said = (
            f"## Metadata\n- Full Title: {title}\n- Category: #x\n"
            f"- URL: {fields.get('source_url', '')}\n\n"
        )
        body = "\n".join(
            shape(
                id_,
                item,
                "View Tweet" if "url" in item else f"Page {item['location']}",
                item.get("url", ""),
            )
            for id_, item in zip(made, items, strict=True)
        )
        page = f"# {title}\n\n{said if metadata else ''}## Highlights\n{body}\n"
        name = title.replace(":", "" if metadata else "-")
        world.put(
            f"Readwise/{fields.get('category', 'tweets').title()}/{name}.md",
            page.replace("\n", newline),
        )
    return books


def ids(world: World) -> list[int]:
    """The ids of the account's highlights."""
    return [one["id"] for book in world.library.books for one in book["highlights"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_comes_twice_and_no_byte_changes(vault: World, shape: Shape, newline: str) -> None:
    """In the first run, the second, a full one, and without the state.

    What is new then comes once, onto the note.
    """
    books = adopted(vault, shape, newline)
    before = snapshot(vault.root)
    for full in (False, False, True):
        report = vault.sync(full=full)
        assert (report.message, only(report).conflicts) == ("notes: nothing new", [])
    (vault.state / "syncd.db").unlink()
    assert vault.sync().message == "notes: nothing new"
    assert snapshot(vault.root) == before
    old = vault.pages()
    for book, text in zip(books, ("etwas Neues vom Abend", "etwas Neues vom Morgen"), strict=True):
        vault.library.add_highlight(book, text=text, url=f"https://example.org/{book}")
    assert only(vault.sync()).highlights.added == 2
    new = vault.pages()
    assert new.keys() == old.keys()
    for path, text in new.items():
        kept = newline.join(line for line in text.split(newline) if "etwas Neues" not in line)
        assert kept.rstrip() == old[path].rstrip()
    (vault.state / "syncd.db").unlink()
    assert vault.sync(full=True).message == "notes: nothing new"


def test_a_note_without_metadata_is_its_documents_by_its_name_and_words(vault: World) -> None:
    """Readwise's page metadata can be empty, and a book has no links."""
    adopted(vault, SHAPES["a line each"], metadata=False)
    before = snapshot(vault.root)
    assert vault.sync().message == "notes: nothing new"
    assert snapshot(vault.root) == before


def test_upstreams_changes_leave_such_a_note_alone(vault: World) -> None:
    """Nothing tells where a highlight ends there, so its words are the owner's."""
    adopted(vault, SHAPES["marks"])
    vault.sync()
    before = snapshot(vault.root)
    for id_ in ids(vault):
        vault.library.edit_highlight(id_, text="ganz andere Worte", note="neu")
    assert only(vault.sync()).highlights.added == 0
    assert snapshot(vault.root) == before


def test_words_that_the_owner_quotes_on_syncds_own_note_hide_no_new_highlight(vault: World) -> None:
    """There every highlight is a block."""
    book = add_book(vault.library, "Eulen", tweet(11, "die Eule wartet"))
    vault.sync()
    (path,) = (path for path in vault.pages() if path.endswith("Eulen.md"))
    vault.put(
        path,
        vault.read(path) + "\n\n## Meine Highlights\nMir gefiel: sie fliegt ohne Laut davon.\n",
    )
    vault.library.add_highlight(book, **tweet(12, "sie fliegt ohne Laut davon"))
    assert only(vault.sync()).highlights.added == 1
    assert len(re.findall("^- sie fliegt ohne Laut davon ", vault.read(path), re.MULTILINE)) == 1


def test_a_book_is_known_by_the_address_of_its_review_and_other_spellings_of_the_metadata(
    vault: World,
) -> None:
    """As callouts, Dataview fields or front matter say them."""
    for number, said in enumerate(
        (
            "> Readwise URL:: https://readwise.io/bookreview/{book}\n",
            "---\nfullTitle: Eulen {number}\nURL: https://example.org/{number}\n---\n",
            "Full Title:: Eulen {number}\n",
        )
    ):
        items = [
            {"text": f"{word} {number} zwölf", "url": f"https://example.org/{number}/{word}"}
            for word in "abc"
        ]
        book = add_book(
            vault.library, f"Eulen {number}", *items[:2], source_url=f"https://example.org/{number}"
        )
        body = "".join(
            f"- {item['text']} ([View Highlight]({item['url']}))\n" for item in items[:2]
        )
        vault.put(
            f"{number}.md", said.format(book=book, number=number) + f"\n## Highlights\n{body}"
        )
        vault.library.add_highlight(book, **items[2])
    assert only(vault.sync()).pages.updated == ["0.md", "1.md", "2.md"]
