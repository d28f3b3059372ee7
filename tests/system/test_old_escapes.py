"""Blocks that an earlier escape wrote: named by `check --full`, written anew by `sync --full`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from threading import Event

from syncd.page.blocks import digest
from syncd.sync.compare import Comparison, compare_all
from tests.support.world import World, add_book, snapshot, tweet

NOW = r"夜{\{query (todo now)}} ✨"
ONCE = NOW.replace("\\", "")


def outdated(world: World) -> list[int]:
    """The highlights that are named."""
    (found,) = compare_all(world.config, Event()).values()
    assert isinstance(found, Comparison)
    assert found.agrees
    return [one.highlight for one in found.differences if one.kind == "outdated"]


def as_once(world: World) -> None:
    """The page as an escape wrote it that did not know of queries, and the state of that time."""
    (path,) = world.pages()
    world.put(path, world.read(path).replace(NOW, ONCE))
    block = next(line for line in world.read(path).split("\n") if line.startswith(f"- {ONCE}"))
    with closing(sqlite3.connect(world.state / "syncd.db")) as db, db:
        db.execute("DELETE FROM mark")
        written = digest([block.removeprefix("- ")])
        db.execute("UPDATE base SET text = ? WHERE highlight = 1", (written,))


def test_only_a_full_run_writes_anew_what_an_old_escape_wrote(world: World) -> None:
    """And only where it would write otherwise; what its owner touched stays."""
    add_book(world.library, "Eulen", tweet(11, ONCE), tweet(12, "نص"), tweet(13, f"b {ONCE}"))
    world.sync()
    assert outdated(world) == []
    as_once(world)
    (path,) = world.pages()
    before = snapshot(world.root)
    assert outdated(world) == [1]
    world.sync()
    assert snapshot(world.root) == before
    world.sync(full=True)
    text = world.read(path)
    assert text.count(NOW) == 1  # the third differs from its base: its owner's
    assert text.count(ONCE) == 1
    assert outdated(world) == []
    after = snapshot(world.root)
    world.sync(full=True)
    assert snapshot(world.root) == after
