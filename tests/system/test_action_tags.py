"""Chapter headings and inline tags, Readwise's action tags, on whole runs."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from msgspec import structs

from syncd.page.blocks import digest
from syncd.page.rendered import Digests
from syncd.sandbox.library import Library
from syncd.state import account, bases, homes
from syncd.sync.said import _digest, account_digests
from syncd.sync.session import opened
from tests.support.world import MakeWorld, World, add_book, only, tweet
from tests.system.test_looks import APPS, EACH, page, writes_nothing

STOCK = [("logseq", "#"), ("obsidian", "###")]
FIRST, LAST = "第一章 夜の本", "ثانيًا: الصباح"
MADE = {
    "logseq": "- # 第一章 夜の本 ([View Tweet](https://twitter.com/example_owl/status/11))"
    " #Highlight #[[2024-05-05]]\n- eins",
    "org": "* 第一章 夜の本 ([[https://twitter.com/example_owl/status/11][View Tweet]])"
    " #Highlight #[[2024-05-05]]\n:PROPERTIES:\n:heading: 1\n:END:\n* eins",
    "obsidian": "- # 第一章 夜の本 ([View Tweet](https://twitter.com/example_owl/status/11))"
    " #Highlight [[2024-05-05]] ^rw-1\n- eins",
}


def tags(*names: str) -> list[dict[str, Any]]:
    """Tags as the account has them."""
    return [{"id": at, "name": name} for at, name in enumerate(names)]


def chapters(library: Library) -> int:
    """A document with two headings and a highlight below each."""
    return add_book(
        library,
        "Eulen",
        tweet(11, FIRST, note=".h1", tags=tags("h1")),
        tweet(12, "eins zwei drei vier"),
        tweet(13, LAST, note=".h2"),
        tweet(14, "fünf sechs sieben acht", note=".idee .5 bleibt", tags=tags("idee")),
    )


def edit(world: World, id_: int, **fields: Any) -> None:
    """An edit in the account, some time later."""
    world.library.edit_highlight(id_, **fields)


@EACH
def test_a_chapters_heading_is_one_and_edits_of_it_arrive(
    make_world: MakeWorld, library: Library, app: str
) -> None:
    """Its words, its level, a note; and it is a highlight like others once its mark is gone."""
    world = make_world(library, **APPS[app])
    chapters(library)
    world.sync()
    assert MADE[app] in page(world)
    assert "h1" not in page(world) and "Note**: .5 bleibt" in page(world).replace(
        "Note*:", "Note**:"
    )
    writes_nothing(world)
    edit(world, 1, text=f"{FIRST}?", note=".h3 warum")
    world.sync()
    marks = {"org": ":heading: 3\n"}.get(app, "- ### 第一章 夜の本? (")
    assert marks in page(world) and "*: warum\n" in page(world)
    edit(world, 1, note="", tags=[])
    world.sync()
    assert marks not in page(world) and page(world).count(FIRST) == 1
    writes_nothing(world)


def test_the_owners_words_in_a_heading_stay(world: World) -> None:
    """A change of its level is a conflict then, and of another one it is not."""
    chapters(world.library)
    world.sync()
    (path,) = world.pages()
    world.put(path, world.read(path).replace(f"# {FIRST}", "# Mein Kapitel"))
    world.sync()
    edit(world, 1, note=".h2 warum", tags=[])
    edit(world, 3, note=".h4")
    report = world.sync()
    text = world.read(path)
    assert "- # Mein Kapitel (" in text and f"- #### {LAST} (" in text and "**Note**: warum" in text
    assert [(one.highlight, one.parts) for one in only(report).conflicts] == [(1, ["text"])]


@pytest.mark.parametrize(("app", "marks"), STOCK)
@pytest.mark.parametrize("change", ["", "Kapitel", "Etwas ganz anderes"])
@pytest.mark.parametrize("lost", [True, False])
def test_readwises_own_templates_show_headings_without_a_link(
    make_world: MakeWorld, library: Library, app: str, marks: str, change: str, lost: bool
) -> None:
    """Changed by their owner they are known by their place, also without the state."""
    world = make_world(library, **APPS[app], template="readwise-default")
    book = chapters(library)
    world.sync()
    text = page(world)
    assert f"- {marks} {FIRST}\n" in text and f"- {marks}# {LAST}\n" in text
    (path,) = world.pages()
    if change:
        text = text.replace(f"{marks} {FIRST}", f"{marks} {change}")
        world.put(path, text)
        world.sync()
    if lost:
        (world.state / "syncd.db").unlink()
    world.library.add_highlight(book, **tweet(15, "neun zehn elf zwölf"))
    report = world.sync()
    assert not only(report).deleted
    (added,) = set(page(world).splitlines()) - set(text.splitlines())
    assert "neun zehn elf" in added
    assert page(world).count("\n") == text.count("\n") + 1
    edit(world, 3, text=f"{LAST}!")
    world.sync()
    assert f"- {marks}# {LAST}!\n" in page(world)


def test_headings_that_readwises_plugin_wrote_count(
    make_world: MakeWorld, library: Library
) -> None:
    """They are lines of their own there; what is new goes behind its predecessor all the same."""
    world = make_world(library, edn=None, template="readwise-default")
    book = chapters(library)
    url = "https://twitter.com/example_owl/status"
    there = [
        "# Eulen",
        "",
        "## Metadata",
        "- Author: [[@example_owl on Twitter]]",
        "- Full Title: Eulen",
        "- Category: #tweets",
        "",
        "## Highlights",
        f"### {FIRST}",
        f"- eins zwei drei vier ([View Tweet]({url}/12))",
        f"#### {LAST}",
        f"- fünf sechs sieben acht ([View Tweet]({url}/14))",
        "    - Tags: [[idee]] ",
        "    - Note: .idee .5 bleibt",
        "",
    ]
    world.put("Readwise/Tweets/Eulen.md", "\n".join(there))
    assert world.sync().message == "notes: nothing new"
    assert world.sync(full=True).message == "notes: nothing new"
    library.add_highlight(book, **tweet(15, "neun zehn elf zwölf"))
    world.sync()
    there.insert(14, f"- neun zehn elf zwölf ([View Tweet]({url}/15))")
    assert page(world) == "\n".join(there)


def settle_as_older(world: World, path: str) -> None:
    """What an older syncd remembered of a page's highlight: a note's marks were words to it."""
    block, names, note = world.read(path).splitlines()[-3:]
    with opened(world.config, Event()) as db:
        (item,) = account.highlights_of(db, 1)
        base = bases.of(db, 1, [item.id])[item.id]
        said = account_digests(structs.replace(item, note=""), "tweet:11")
        old = Digests(said.text, said.tags, _digest(item.note))
        stood = Digests(*(digest([line.lstrip("\t")[2:]]) for line in (block, names, note)))
        homes.set_mark(db, 1, 1, homes.Mark("", 1))
        bases.settle(db, 1, {item.id: base._replace(account=old, page=stood)})


@pytest.mark.parametrize("owner", [False, True])
def test_pages_of_an_older_syncd_are_written_by_a_full_run_alone(world: World, owner: bool) -> None:
    """A block that its owner changed stays, and is no conflict."""
    add_book(world.library, "Eulen", tweet(11, FIRST, note=".h1", tags=tags("h1")))
    world.sync()
    (path,) = world.pages()
    new = world.read(path)
    old = new.replace("- # ", "- ") + "\n\t- **Tags**: #[[h1]]\n\t- **Note**: .h1"
    world.put(path, old)
    settle_as_older(world, path)
    if owner:
        old = old.replace(FIRST, "Meins")
        world.put(path, old)
    add_book(world.library, "Spechte", tweet(21, "neu"))
    assert world.sync().message == "notes: 1 added on 1 page"
    edit(world, 1, color="blue")  # its document waits, and nothing of the block changed
    report = world.sync()
    assert world.read(path) == old
    assert only(report).conflicts == []
    report = world.sync(full=True)
    left = old.splitlines()[:5] if owner else new.splitlines()
    assert world.read(path).splitlines() == left
    assert only(report).conflicts == []
    writes_nothing(world)


def test_an_edit_of_what_an_older_syncd_wrote_is_written_and_the_rest_with_a_full_run(
    world: World,
) -> None:
    """Each part by itself, as always."""
    add_book(world.library, "Eulen", tweet(11, FIRST, note=".h1", tags=tags("h1")))
    world.sync()
    (path,) = world.pages()
    new = world.read(path)
    world.put(path, new.replace("- # ", "- ") + "\n\t- **Tags**: #[[h1]]\n\t- **Note**: .h1")
    settle_as_older(world, path)
    edit(world, 1, text=f"{FIRST}!")
    world.sync()
    assert f"- # {FIRST}! (" in world.read(path) and "Note**: .h1" in world.read(path)
    world.sync(full=True)
    assert world.read(path) == new.replace(FIRST, f"{FIRST}!")
    writes_nothing(world)
