"""What pages look like by settings of their owner's: links of days, properties."""

from __future__ import annotations

import re
from threading import Event
from typing import Any

import pytest
from msgspec import structs

from syncd.formats.companions import COMPANIONS
from syncd.page.callouts import CALLOUTS
from syncd.page.links import fingerprint, links_in, own_key
from syncd.sandbox.library import Library
from syncd.state import homes
from syncd.sync.session import opened
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

ORG = '{:file/name-format :triple-lowbar :preferred-format "Org"}\n'
APPS: dict[str, dict[str, Any]] = {"logseq": {}, "org": {"edn": ORG}, "obsidian": {"edn": None}}
EACH = pytest.mark.parametrize("app", APPS)


def set_up(world: World, **settings: object) -> None:
    """From the next run on."""
    (vault,) = world.config.vaults
    world.config = structs.replace(world.config, vaults=(structs.replace(vault, **settings),))


def page(world: World) -> str:
    """The one page that is there, of either syntax."""
    (path,) = [*world.root.rglob("*.md"), *world.root.rglob("*.org")]
    return path.read_text(encoding="utf-8")


def writes_nothing(world: World) -> None:
    """Neither a run nor a full one has anything to do."""
    before = snapshot(world.root)
    world.sync()
    world.sync(full=True)
    assert snapshot(world.root) == before


@EACH
def test_days_are_links_or_plain_as_the_owner_chooses(
    make_world: MakeWorld, library: Library, app: str
) -> None:
    """A change reaches untouched blocks with the next full run; after a lost state none doubles."""
    world = make_world(library, **APPS[app])
    add_book(library, "Eulen", tweet(11, "ثعلب"), tweet(12, "貓頭鷹在夜裡飛"))
    world.sync()
    linked = page(world)
    assert linked.count("[[2024-05-05]]") == 2
    set_up(world, date_links=False)
    world.sync()
    assert page(world) == linked
    world.sync(full=True)
    plain = page(world)
    assert plain.count("#Highlight 2024-05-05") == 2 and "[[2024-05-05]]" not in plain
    writes_nothing(world)
    (world.state / "syncd.db").unlink()
    set_up(world, date_links=True)
    world.sync()
    assert page(world) == plain
    world.library.edit_highlight(
        max(one["id"] for one in world.library.books[0]["highlights"]), note="Notiz"
    )
    world.sync()
    assert page(world).count("Notiz") == page(world).count("貓頭鷹在夜裡飛") == 1


def test_a_block_is_the_same_with_and_without_a_link_of_its_day() -> None:
    """By its link, and by its words."""
    linked = "Eule ([View Tweet](https://x.com/a/status/11)) #Highlight #[[2024-05-05]]"
    plain = linked.replace("#[[2024-05-05]]", "2024-05-05")
    assert {own_key(links_in([one]), marked=True) for one in (plain, linked)} == {"tweet:11"}
    assert fingerprint(plain) == fingerprint(linked)


# --- what a note says of its document -------------------------------------------------------------


def owls(library: Library, **fields: Any) -> int:
    """A document with two highlights and all that a note can say of it."""
    given = {
        "source_url": "https://x.com/a/status/1768887349017398736",
        "cover_image_url": "https://example.org/b.jpg",
        "summary": "Was die Eule sieht.\n\n- [Seite](https://e.org) #nachts {{query}}",
        "document_note": "لا تنسَ",
        **fields,
    }
    return add_book(library, "Eulen", tweet(11, "eins zwei"), tweet(12, "drei vier"), **given)


EINS = (
    "- eins zwei ([View Tweet](https://twitter.com/example_owl/status/11))"
    " #Highlight [[2024-05-05]] ^rw-1"
)


def test_a_note_says_what_its_document_is(vault: World) -> None:
    """In its front matter, and below it what was said of it, in which nothing acts."""
    owls(vault.library)
    vault.sync()
    assert page(vault).partition("readwise: ")[2].splitlines()[1:15] == [
        "cover: https://example.org/b.jpg",
        "highlights: 2",
        "last-highlighted: 2024-05-05",
        "published: 2024-03-16",
        "---",
        "> [!abstract] Summary",
        "> Was die Eule sieht.",
        ">",
        r"> \- [Seite]\(https\://e.org) \#nachts {\{query}}",
        "",
        "> [!note] Note",
        "> لا تنسَ",
        "",
        EINS,
    ]
    writes_nothing(vault)


def test_a_note_is_not_written_for_its_numbers_alone(vault: World) -> None:
    """They go with whatever else is written; what its owner made of them stays."""
    book = owls(vault.library)
    vault.sync()
    before = page(vault)
    vault.library.edit_book(book, cover_image_url="https://example.org/c.jpg")
    vault.sync(full=True)
    assert page(vault) == before
    vault.library.add_highlight(book, **tweet(13, "fünf", highlighted_at="2024-06-06T10:00:00Z"))
    vault.sync()
    new = page(vault)
    for line in (
        "cover: https://example.org/c.jpg",
        "highlights: 3",
        "last-highlighted: 2024-06-06",
    ):
        assert f"\n{line}\n" in new
    (path,) = vault.pages()
    vault.put(path, new.replace("highlights: 3", "highlights: viele").replace("cover: h", "x: h"))
    vault.library.add_highlight(book, **tweet(14, "sechs"))
    vault.library.edit_book(book, cover_image_url="https://example.org/d.jpg")
    report = vault.sync()
    assert "\nhighlights: viele\n" in page(vault) and "\ncover:" not in page(vault)
    assert report.vaults[0].conflicts == []
    writes_nothing(vault)


def as_older(world: World, own: str = "") -> str:
    """The one note as an older syncd would have made it; `own` is a line of its owner's."""
    lines = page(world).splitlines()
    top = [line for line in lines[: lines.index("---", 1)] if line.partition(":")[0] not in NEW]
    body = [line for line in lines if line.startswith(("- ", "\t"))]
    (path,) = world.pages()
    text = "\n".join([*top, *([own] if own else []), "---", *body])
    world.put(path, text)
    with opened(world.config, Event()) as db:
        home = homes.find(db, 1, [1])[1]
        header = {key: value for key, value in home.header.items() if key not in NEW}
        homes.settle(db, 1, 1, home._replace(header=header))
        homes.set_mark(db, 1, 1, homes.Mark("", 1))
    return text


NEW = (*COMPANIONS, *CALLOUTS)


def test_notes_that_stood_there_before_get_it_by_a_full_run(vault: World) -> None:
    """Where no property of that name is there; no other run adds any."""
    book = owls(vault.library)
    vault.sync()
    whole = page(vault)
    old = as_older(vault, "cover: mein.jpg")
    vault.library.add_highlight(book, **tweet(13, "fünf sechs"))
    vault.sync()
    (line,) = set(page(vault).splitlines()) - set(old.splitlines())
    assert "fünf sechs" in line
    vault.sync(full=True)
    want = whole.replace("https://example.org/b.jpg", "mein.jpg").replace("hts: 2", "hts: 3")
    assert page(vault) == f"{want}\n{line}"
    writes_nothing(vault)


def test_a_documents_summary_and_note_are_merged_like_all_else(vault: World) -> None:
    """An edit arrives; what their owner changed stays, and is told where the account changes it."""
    book = owls(vault.library, document_note="")
    vault.sync()
    vault.library.edit_book(book, summary="Neu.", document_note="eine Notiz")
    vault.sync()
    new = "---\n> [!abstract] Summary\n> Neu.\n\n> [!note] Note\n> eine Notiz\n\n- eins"
    assert new in page(vault)
    writes_nothing(vault)
    (path,) = vault.pages()
    mine = page(vault).replace("> Neu.", "> Neu.\n> Meins.").replace("- eins", "Ich.\n\n- eins")
    vault.put(path, mine)
    vault.library.edit_book(book, summary="Neuer.", document_note="")
    report = vault.sync()
    assert page(vault) == mine.replace("> [!note] Note\n> eine Notiz\n\n", "")
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(0, ["> Summary"])]
    vault.put(path, page(vault).replace("> Neu.\n> Meins.", "> Neuer."))
    assert only(vault.sync()).conflicts == []
    writes_nothing(vault)


def test_no_words_of_a_summary_say_what_page_it_is(vault: World) -> None:
    """Nor that a highlight stands there."""
    url = "https://x.com/a/status/12"
    words = f"Readwise URL: https://readwise.io/bookreview/1\n([View Tweet]({url})) ^rw-2"
    owls(vault.library)
    add_book(vault.library, "Spechte", tweet(21, "neu"), summary=words)
    vault.sync()
    (vault.state / "syncd.db").unlink()
    assert vault.sync().message == "notes: nothing new"
    assert vault.text().count(" ^rw-2") == 1


def test_a_page_in_logseq_says_what_its_owner_wants(
    make_world: MakeWorld, library: Library
) -> None:
    """By name, as properties of the page; before that none of it."""
    book = owls(library)
    world = make_world(library)
    world.sync()
    before = page(world)
    assert not re.search("^(cover|summary|note|highlights)::", before, re.MULTILINE)
    names = ("cover", "highlights", "last-highlighted", "published", "summary", "note")
    set_up(world, properties=names)
    world.sync()
    assert page(world) == before
    world.sync(full=True)
    added = [line for line in page(world).splitlines() if line not in before.splitlines()]
    assert added == [
        r"summary:: Was die Eule sieht. - [Seite]\(https\://e.org) \#nachts {\{query}}",
        "note:: لا تنسَ",
        "cover:: https://example.org/b.jpg",
        "highlights:: 2",
        "last-highlighted:: 2024-05-05",
        "published:: 2024-03-16",
    ]
    writes_nothing(world)
    library.edit_book(book, summary="Neu.", cover_image_url="https://example.org/c.jpg")
    world.sync()
    assert "summary:: Neu.\n" in page(world) and "/c.jpg\n" in page(world)
    set_up(world, properties=())
    world.sync(full=True)
    assert page(world) == before


@EACH
def test_colours_and_favourites_show_where_their_owner_wants_it(
    make_world: MakeWorld, library: Library, app: str
) -> None:
    """A change of them arrives then; the choice alone changes no page and makes no conflict."""
    shown = {
        "logseq": ["  color:: yellow", "  favorite:: true"],
        "org": [":color: yellow", ":favorite: true"],
        "obsidian": ["[color:: yellow] [favorite:: true] ^rw-1"],
    }[app]
    world = make_world(library, **APPS[app])
    fields = {"color": "yellow", "is_favorite": True}
    book = add_book(
        library, "Eulen", tweet(11, "eins\nzwei", **fields), tweet(12, "drei vier", **fields)
    )
    world.sync()
    (path,) = [*world.root.rglob("*.md"), *world.root.rglob("*.org")]
    before = page(world).replace("drei vier", "drei, meins")
    path.write_text(before, encoding="utf-8")
    set_up(world, properties=("color", "favorite"))
    library.edit_book(book, author="@other on Twitter")
    assert only(world.sync()).conflicts == []
    assert page(world).count("yellow") == 0
    assert only(world.sync(full=True)).conflicts == []
    text = page(world)
    assert all(text.count(line) == 1 for line in shown) and "drei, meins" in text
    writes_nothing(world)
    library.edit_highlight(1, color="blue")
    world.sync()
    assert page(world) == text.replace("yellow", "blue")
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    set_up(world, properties=())
    world.sync(full=True)
    assert "blue" not in page(world)


def test_notes_of_other_programs_say_what_they_say(vault: World) -> None:
    """Whatever run and whatever is written there, also where an older syncd adopted them."""
    url = "https://twitter.com/example_owl/status"
    top = f"---\ntags: [x]\n---\n# Eulen\n\n## Metadata\n- Full Title: Eulen\n- URL: {url}/11\n"
    there = f"{top}\n## Highlights\n- eins zwei ([View Tweet]({url}/11))\n"
    vault.put("Readwise/Tweets/Eulen.md", there)
    book = add_book(
        vault.library, "Eulen", tweet(11, "eins zwei"), source_url=f"{url}/11", summary="Neu."
    )
    assert vault.sync().message == "notes: nothing new"
    with opened(vault.config, Event()) as db:
        homes.set_mark(db, 1, 1, homes.Mark("", 1))
    for number, full in ((12, False), (13, True), (14, False)):
        vault.library.add_highlight(book, **tweet(number, f"noch {number}"))
        vault.library.edit_book(
            book, summary=f"Neu {number}.", cover_image_url="https://e.org/a.jpg"
        )
        vault.sync(full=full)
        assert page(vault).startswith(there) and f"noch {number}" in page(vault)
    writes_nothing(vault)
