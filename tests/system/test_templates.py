"""Vaults whose pages are written by templates: Readwise's own, and their owner's."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event

import pytest

from syncd.sandbox.library import Library
from syncd.sync.compare import Comparison, compare_all
from tests.support import logseq_parser
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

STOCK = "readwise-default"
PAGE = "pages/Eulen (highlights).md"
NOTE = "Readwise/Tweets/Eulen.md"


def owls(world: World) -> int:
    """A document of three tweets, one with tags and a note, written."""
    book = add_book(
        world.library,
        "Eulen",
        tweet(11, "eins 🦉"),
        tweet(12, "दो\n\nzwei", note="Notiz", tags=[{"name": "nachts"}]),
        tweet(13, "三"),
        source_url="https://twitter.com/example_owl/status/11",
    )
    world.sync()
    return book


def highlight(world: World, book: int, text: str) -> int:
    """The id of the highlight that says this."""
    (found,) = (
        item["id"]
        for one in world.library.books
        if one["user_book_id"] == book
        for item in one["highlights"]
        if item["text"] == text
    )
    return int(found)


def nothing_new(world: World) -> None:
    """A run and a full one write nothing."""
    before = snapshot(world.root)
    assert [world.sync(full=full).message for full in (False, True)] == ["notes: nothing new"] * 2
    assert snapshot(world.root) == before


def put_templates(world: World, **texts: str) -> Path:
    """The owner's templates, where the world's configuration names them."""
    folder = world.folder / "vorlagen"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.j2").write_text(text, encoding="utf-8")
    return folder


# --- Readwise's own -------------------------------------------------------------------------------


def link(number: int) -> str:
    """A tweet's link."""
    return f"([View Tweet](https://twitter.com/example_owl/status/{number}))"


def test_a_page_by_readwises_templates_for_logseq(make_world: MakeWorld, library: Library) -> None:
    """As Readwise's own plugin writes it, with `title::`."""
    world = make_world(library, template=STOCK)
    owls(world)
    text = world.read(PAGE)
    day = re.search(r"\[\[(\w{3} \d+\w\w, \d{4})\]\]", text)
    assert day is not None
    assert text.split("\n") == [
        "title:: Eulen (highlights)",
        "author:: [[@example_owl on Twitter]]",
        'full-title:: "Eulen"',
        "category:: #tweets",
        "url:: https://twitter.com/example_owl/status/11",
        f"- Highlights first synced by [[Readwise]] [[{day[1]}]]",
        f"\t- eins 🦉 {link(11)}",
        "\t- दो",
        "\t  ",
        f"\t  zwei {link(12)}",
        "\t\t- **Tags**: #[[nachts]]",
        "\t\t- **Note**: Notiz",
        f"\t- 三 {link(13)}",
    ]
    nothing_new(world)


def test_a_note_by_readwises_templates_for_obsidian(
    make_world: MakeWorld, library: Library
) -> None:
    """As Readwise's own plugin writes it."""
    world = make_world(library, edn=None, template=STOCK)
    owls(world)
    assert world.read(NOTE).split("\n") == [
        "# Eulen",
        "",
        "## Metadata",
        "- Author: [[@example_owl on Twitter]]",
        "- Full Title: Eulen",
        "- Category: #tweets",
        "- URL: https://twitter.com/example_owl/status/11",
        "",
        "## Highlights",
        f"- eins 🦉 {link(11)}",
        "- दो",
        "  ",
        f"  zwei {link(12)}",
        "\t- Tags: [[nachts]]",
        "\t- Note: Notiz",
        f"- 三 {link(13)}",
    ]
    nothing_new(world)


@pytest.mark.needs("logseq-parser")
def test_the_bundled_library_by_readwises_templates_as_logseq_reads_it(
    make_world: MakeWorld,
) -> None:
    """Every page has its properties, and each highlight below the one parent."""
    world = make_world(Library.load(), template=STOCK)
    report = world.sync()
    assert report.code == 0
    pages = [text for path, text in world.pages().items() if path.startswith("pages/")]
    assert len(pages) > 20
    found = 0
    for text, page in zip(pages, logseq_parser.pages(pages), strict=True):
        assert {"title", "full-title", "category"} <= set(page["properties"]), text
        (parent,) = page["blocks"]
        assert parent["content"].startswith("Highlights first synced by [[Readwise]]")
        found += len(parent["children"])
    assert found == only(report).highlights.added
    nothing_new(world)


@pytest.mark.parametrize("app", ["logseq", "obsidian"])
def test_the_bundled_library_is_found_again_without_the_state(
    make_world: MakeWorld, app: str
) -> None:
    """What templates wrote is known by its links and its words: nothing comes twice."""
    world = make_world(
        Library.load(), template=STOCK, **({"edn": None} if app == "obsidian" else {})
    )
    assert world.sync().code == 0
    before = snapshot(world.root)
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


@pytest.mark.parametrize(("app", "path"), [("logseq", PAGE), ("obsidian", NOTE)])
def test_what_changes_upstream_arrives_and_the_owners_words_stay(
    make_world: MakeWorld, library: Library, app: str, path: str
) -> None:
    """Texts, notes and tags, new highlights behind their predecessor.

    An edited block is its owner's.
    """
    world = make_world(library, template=STOCK, **({"edn": None} if app == "obsidian" else {}))
    book = owls(world)
    mine = world.read(path).replace("eins 🦉", "eins, und mehr").replace("Notiz", "Notiz von mir")
    world.put(path, mine)
    first, second = highlight(world, book, "eins 🦉"), highlight(world, book, "दो\n\nzwei")
    library.edit_highlight(first, text="eins neu")
    library.edit_highlight(second, text="zwei neu", tags=[{"name": "tags"}, {"name": "b"}])
    library.edit_highlight(highlight(world, book, "三"), note="Erste\nNotiz")
    library.add_highlight(book, **tweet(14, "vier"))
    report = world.sync()
    text = world.read(path)
    assert "eins, und mehr" in text
    assert "eins neu" not in text
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(first, ["text"])]
    label = "**Tags**: #[[tags]] #[[b]]" if app == "logseq" else "Tags: [[tags]] [[b]]"
    assert f"- zwei neu {link(12)}\n" in text
    assert f"- {label}\n" in text
    assert "Notiz von mir" in text
    indent = "\t" if app == "logseq" else ""
    assert text.endswith(
        f"Note**: Erste\n\t\t  Notiz\n\t- vier {link(14)}" if indent else f"\n- vier {link(14)}"
    )
    assert only(world.sync()).pages.updated == []


def test_a_page_by_the_official_plugin_is_taken_over(
    make_world: MakeWorld, library: Library
) -> None:
    """Its highlights stand under the same parent, in the same words: nothing is written."""
    world = make_world(library, template=STOCK)
    world.put(
        "pages/Eulen (highlights).md",
        'title:: Eulen (highlights)\nauthor:: [[@example_owl on Twitter]]\nfull-title:: "Eulen"\n'
        "category:: #tweets\n"
        "url:: https://twitter.com/example_owl/status/11\n\n"
        f"- Highlights first synced by [[Readwise]] [[Nov 19th, 2022]]\n\t- eins 🦉 {link(11)}\n"
        f"\t- दो\n\t  \n\t  zwei {link(12)}\n\t\t- **Tags**: #[[nachts]] \n\t\t- **Note**: Notiz\n",
    )
    before = world.read(PAGE)
    owls(world)
    assert list(world.pages()) == [PAGE]
    assert world.read(PAGE) == before.rstrip("\n") + f"\n\t- 三 {link(13)}\n"


# --- the owner's ----------------------------------------------------------------------------------

OWN = {
    "page_title": "{{ category }}/{{ title }}",
    "page_metadata": (
        "autor:: [[{{ author }}]]\nurl:: {{ url }}\nseit:: {{ date|date('Y') }}\n"
        "![]({{ image_url }})"
    ),
    "highlights_header": "Zitate",
    "highlight": (
        "> {{ highlight_text|replace('\\n', ' ') }} ([{{ highlight_location }}]({{ "
        "highlight_location_url }}))\n"
        "    Schlagworte: {% for tag in highlight_tags %}#{{ tag }} {% endfor %}\n"
        "    {% if highlight_note %}Meine Notiz: {{ highlight_note }}{% endif %}"
    ),
}


def test_pages_by_the_owners_templates(make_world: MakeWorld, library: Library) -> None:
    """Their names, properties, labels; changes from both sides are merged by them."""
    world = make_world(library)
    world = make_world(library, template=put_templates(world, **OWN))
    book = owls(world)
    path = "pages/tweets___Eulen.md"
    assert [found for found in world.pages() if found.startswith("pages/")] == [path]
    text = world.read(path)
    assert text.startswith(
        "title:: tweets/Eulen\nautor:: [[@example_owl on Twitter]]\nurl:: https://twitter.com/"
    )
    assert f"- Zitate\n\t- > eins 🦉 {link(11)}\n" in text
    assert (
        f"\t- > दो  zwei {link(12)}\n\t\t- Schlagworte: #nachts\n\t\t- Meine Notiz: Notiz\n" in text
    )
    nothing_new(world)
    world.put(path, text.replace("Meine Notiz: Notiz", "Meine Notiz: Notiz, ergänzt"))
    second = highlight(world, book, "दो\n\nzwei")
    library.edit_highlight(second, tags=[{"name": "neu"}])
    library.edit_book(book, author="Wer anders")
    report = world.sync(full=True)
    text = world.read(path)
    assert "\t\t- Schlagworte: #neu\n\t\t- Meine Notiz: Notiz, ergänzt\n" in text
    assert "autor:: [[Wer anders]]\n" in text
    assert only(report).conflicts == []


def test_removed_upstream_a_block_by_a_template_goes_whole(
    make_world: MakeWorld, library: Library
) -> None:
    """With its children, which are known by their labels."""
    world = make_world(library)
    world = make_world(library, template=put_templates(world, **OWN), on_delete="remove")
    book = owls(world)
    library.delete_highlight(highlight(world, book, "दो\n\nzwei"))
    world.sync(allow_removals=True)
    text = world.text()
    assert "zwei" not in text
    assert "Notiz" not in text
    assert "nachts" not in text


def test_a_change_of_templates_counts_for_all_pages_with_a_full_run(
    make_world: MakeWorld, library: Library
) -> None:
    """Blocks as syncd wrote them are rendered anew.

    The owner's stay, and are no conflicts merely for that.
    """
    world = make_world(library)
    owls(world)
    path = "pages/Readwise___Highlights___Eulen.md"
    mine = (
        world.read(path)
        .replace("eins 🦉", "eins, und mehr")
        .replace("category:: #tweets", "category:: #vögel")
    )
    world.put(path, mine)
    world = _with_template(world, put_templates(world, **OWN))
    assert world.sync().message == "notes: nothing new"
    assert world.read(path) == mine
    report = world.sync(full=True)
    text = world.read(path)
    assert only(report).conflicts == []
    assert text.startswith("title:: Readwise/Highlights/Eulen\n")
    assert f"- eins, und mehr {link(11)} #Highlight #[[2024-05-05]]\n" in text
    assert (
        f"- > दो  zwei {link(12)}\n\t- Schlagworte: #nachts\n\t- Meine Notiz: Notiz\n"
        f"- > 三 {link(13)}" in text
    )
    assert "category:: #vögel\n" in text
    assert "**Tags**" not in text
    nothing_new(world)
    world = _with_template(world, "")
    assert only(world.sync(full=True)).conflicts == []
    text = world.read(path)
    assert "Schlagworte" not in text
    assert (
        f"zwei {link(12)} #Highlight #[[2024-05-05]]\n\t- **Tags**: #[[nachts]]\n"
        f"\t- **Note**: Notiz" in text
    )
    assert "eins, und mehr" in text
    nothing_new(world)


def test_after_a_change_of_templates_a_true_conflict_is_told_again(
    make_world: MakeWorld, library: Library
) -> None:
    """What is the owner's is still known as such."""
    world = make_world(library)
    book = owls(world)
    path = "pages/Readwise___Highlights___Eulen.md"
    world.put(path, world.read(path).replace("eins 🦉", "eins, und mehr"))
    world = _with_template(world, STOCK)
    world.sync(full=True)
    first = highlight(world, book, "eins 🦉")
    library.edit_highlight(first, text="eins neu")
    assert [(one.highlight, one.parts) for one in only(world.sync()).conflicts] == [
        (first, ["text"])
    ]
    assert "eins, und mehr" in world.read(path)


def _with_template(world: World, template: Path | str) -> World:
    """The same world, its vault's templates others."""
    import msgspec

    (vault,) = world.config.vaults
    vault = msgspec.structs.replace(vault, template=template)
    world.config = msgspec.structs.replace(world.config, vaults=(vault,))
    return world


def test_a_broken_template_is_told_before_anything_is_written(
    make_world: MakeWorld, library: Library
) -> None:
    """By the command, with file and line and the status of wrong configuration.

    `check` tells it too.
    """
    world = make_world(library)
    add_book(library, "Eulen", tweet(11, "eins"))
    folder = put_templates(world, highlight="{{ highlight_text }}\n{{ highlight_txt }}")
    world.write_config(f'template = "{folder}"')
    for command in ("sync", "check"):
        done = world.command(command)
        assert done.returncode == 2
        assert (
            f"{folder}/highlight.j2:2: there is no variable highlight_txt; did you mean "
            f"highlight_text?" in (done.stderr + done.stdout)
        )
    assert world.pages() == {}


def test_a_template_that_fails_on_one_document_stops_no_other(
    make_world: MakeWorld, library: Library
) -> None:
    """It is named, with file and line, and tried again."""
    world = make_world(library)
    text = "{{ highlight_text }}{% if highlight_text == 'zwei' %}{{ 1 / 0 }}{% endif %}"
    world = make_world(library, template=put_templates(world, highlight=text))
    for title in ("eins", "zwei", "drei"):
        add_book(library, title, {"text": title})
    report = world.sync()
    assert (report.code, only(report).highlights.added) == (1, 2)
    (failed,) = only(report).failed
    assert (failed.title, failed.code) == ("zwei", "template")
    assert "highlight.j2:1: division by zero" in failed.message


def test_a_document_on_which_the_template_fails_later_is_named_by_every_look(
    make_world: MakeWorld, library: Library
) -> None:
    """A run keeps it waiting, though its page did not change; `check --full` compares others."""
    other = make_world(library)
    folder = put_templates(other, highlight="{{ highlight_text }}")
    world = make_world(library, template=folder)
    add_book(library, "eins", {"text": "uno"})
    add_book(library, "zwei", {"text": "dos"}, {"text": "tres"})
    world.sync()
    before = world.pages()
    fails = "{{ highlight_text }}{% if highlight_text == 'tres' %}{{ 1 / 0 }}{% endif %}"
    put_templates(other, highlight=fails)
    for _ in range(2):
        (failed,) = only(world.sync(full=True)).failed
        assert (failed.title, failed.code) == ("zwei", "template")
    (found,) = compare_all(world.config, Event()).values()
    assert isinstance(found, Comparison)
    assert (found.upstream, found.present) == (1, 1)
    ((title, reason),) = found.unclear
    assert title == "zwei"
    assert "division by zero" in reason
    assert world.pages() == before


@pytest.mark.parametrize("template", ["", STOCK])
def test_the_log_is_told_by_the_notification(
    make_world: MakeWorld, library: Library, template: str
) -> None:
    """Readwise's says when, how many, from how many books."""
    world = make_world(library, template=template, log_page="Readwise")
    owls(world)
    text = world.read("pages/Readwise.md")
    by_readwise = re.fullmatch(
        (
            r"- On \[\[\w{3} \d+\w\w, \d{4}\]\] at \d+:\d\d [AP]M Readwise synced 3 highlights "
            r"from "
            r"1 book\.\n?"
        ),
        text,
    )
    assert bool(by_readwise) == bool(template), text
    nothing_new(world)


def test_in_obsidian_readwises_log_names_each_document_below(
    make_world: MakeWorld, library: Library
) -> None:
    """With how many came, as its plugin does; a later run adds another block."""
    world = make_world(library, edn=None, template=STOCK, log_page="Log")
    book = owls(world)
    world.library.add_highlight(book, **tweet(14, "四"))
    add_book(world.library, "Käuze", tweet(20, "noch einer"))
    world.sync()
    (path,) = (path for path in world.pages() if path.endswith("Log.md"))
    when = r"- \[\[\d{4}-\d\d-\d\d\]\] \d+:\d\d [AP]M — Synced "
    first = rf"{when}3 highlights from 1 document\.\n\t- 3 highlights from \[\[Eulen\]\]\n"
    each = "".join(rf"\t- 1 highlight from \[\[{title}\]\]\n" for title in ("Eulen", "Käuze"))
    second = rf"{when}2 highlights from 2 documents\.\n{each}?"
    assert re.fullmatch(first + second, world.read(path))
    nothing_new(world)
