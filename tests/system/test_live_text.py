"""Vaults in which nothing of the texts from Readwise is live (`live_text = "none"`)."""

from __future__ import annotations

import pytest
from msgspec import structs

from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, snapshot, tweet

TEXT = "`#code` zu #नक्शा und [[Seite]], [hier](https://e.org/x) oder https://e.org/地 ![](https://e.org/b.png)"
MARKDOWN = (
    TEXT.replace("#न", r"\#न").replace("[[", r"[\[").replace("](", r"]\(").replace("://", r"\://")
)
PLAIN = {
    "logseq": MARKDOWN,
    "org": TEXT.replace("#न", "＃न").replace("`", "~"),  # and marks that are not seen
    "obsidian": MARKDOWN,
    "readwise-default": MARKDOWN,
}
EDN = {"org": '{:file/name-format :triple-lowbar :preferred-format "Org"}\n'}


def with_live_text(world: World, live_text: str) -> None:
    """From the next run on."""
    (vault,) = world.config.vaults
    world.config = structs.replace(
        world.config, vaults=(structs.replace(vault, live_text=live_text),)
    )


def pages(world: World) -> str:
    """All that stands in the vault's pages, of either syntax."""
    found = [*world.root.rglob("*.md"), *world.root.rglob("*.org")]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(found))


@pytest.mark.parametrize("kind", PLAIN)
def test_hashtags_links_and_pictures_are_plain_text(
    make_world: MakeWorld, library: Library, kind: str
) -> None:
    """In the text and the note.

    What syncd writes itself stays live, and a second run has nothing to do.
    """
    settings = {"format": "obsidian" if kind == "obsidian" else "logseq", "live_text": "none"}
    if kind == "readwise-default":
        settings["template"] = kind
    world = make_world(library, **({"edn": EDN[kind]} if kind in EDN else {}), **settings)
    add_book(library, "Eulen", tweet(11, TEXT, note=f"N {TEXT}", tags=[{"name": "nachts"}]))
    world.sync()
    text = pages(world)
    assert text.replace("\u200b", "").count(PLAIN[kind]) == 2, text
    assert text.count("https://e.org") == 0
    assert "(https://twitter.com/example_owl/status/11" in text.replace("[[h", "(h")
    assert "nachts" in text
    before = snapshot(world.root)
    assert [world.sync(full=full).message for full in (False, True)] == ["notes: nothing new"] * 2
    assert snapshot(world.root) == before


def test_a_change_of_the_option_reaches_what_its_owner_left_as_it_was(world: World) -> None:
    """With the next full run, and back again; blocks that were edited stay."""
    add_book(world.library, "Eulen", tweet(11, TEXT), tweet(12, f"zwei {TEXT}"))
    world.sync()
    (path,) = world.pages()
    written = world.read(path)
    mine = written.replace("zwei ", "zwei, meins: ")
    world.put(path, mine)
    with_live_text(world, "none")
    assert world.sync().message == "notes: nothing new"
    world.sync(full=True)
    assert PLAIN["logseq"] in world.read(path)
    assert f"zwei, meins: {TEXT}" in world.read(path)
    with_live_text(world, "links")
    world.sync(full=True)
    assert world.read(path) == mine
