"""What pages look like by settings of their owner's: links of days, properties."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from syncd.page.links import fingerprint, links_in, own_key
from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, snapshot, tweet

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
