"""What a run asks of the state for each document or page is found by an index, and few pages read.

Else a run's cost would grow with pages times documents. SQLite chooses how it looks by the query
alone, where its tables were not analysed: a small state tells.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from syncd.page.blocks import Page
from syncd.readwise.client import Client
from syncd.sandbox.library import Library
from syncd.sync.run import run
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions
from syncd.vault.read import Seen, page_at
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, only, tweet

LARGE = "page|home|base|block|highlight|document"
LOOKS_THROUGH = re.compile(
    rf"SCAN (?:{LARGE})\b|SEARCH (?:{LARGE})\b(?!.*home_away).*\(vault=\?\)$"
)
VAULTS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "Logseq": (TRIPLE_LOWBAR, {"on_delete": "remove", "log_page": "Log"}),
    "Obsidian": (None, {}),
    "own notes": (None, {"layout": "note-per-highlight"}),
}


def repeated(world: World, **options: Any) -> dict[str, str]:
    """The statements that a run makes more than thrice: how each begins, and one of it whole."""
    said: list[str] = []
    stop = Event()
    with opened(world.config, stop) as db:
        db.set_trace_callback(said.append)
        client = Client(world.sandbox.url, world.sandbox.token, stop)
        run(db, world.config, client, stop, RunOptions(**options))
        db.set_trace_callback(None)
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for statement in said:
        start = re.sub(r"\s+|'[^']*'|\d+", " ", statement)[:150]
        counts[start] = counts.get(start, 0) + 1
        found[start] = statement
    return {start: found[start] for start, count in counts.items() if count > 3}


def plan(db: sqlite3.Connection, statement: str) -> list[str]:
    """How SQLite looks for what a statement asks; nothing for those that ask for nothing."""
    if statement.split(maxsplit=1)[0] not in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"):
        return []
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.parametrize("kind", VAULTS)
def test_nothing_is_looked_through_for_each_page(
    make_world: MakeWorld, library: Library, kind: str
) -> None:
    """Of first runs, owners' edits, lost pages, and documents of one title."""
    edn, settings = VAULTS[kind]
    world = make_world(library, edn=edn, **settings)
    for at in range(10, 100, 10):
        add_book(library, f"題名 {at % 30}", tweet(at, "एक"), tweet(at + 1, "b"))
    statements = repeated(world)
    paths = sorted(path for path in world.pages() if "題名" in path)
    for path in paths[:4]:
        (world.root / path).unlink()
    for path in paths[4:]:
        world.put(path, world.read(path).replace("एक", "दो"))
    statements |= repeated(world)
    ids = [one["id"] for book in library.books for one in book["highlights"]]
    for edited, deleted in zip(ids[::2], ids[1::2], strict=True):
        library.edit_highlight(edited, text="三")
        library.delete_highlight(deleted)
    statements |= repeated(world, full=True)
    with opened(world.config, Event()) as db:
        steps = {one: plan(db, one) for one in statements.values()}
    wrong = {one: bad for one in steps if (bad := list(filter(LOOKS_THROUGH.match, steps[one])))}
    assert not wrong
    assert len(steps) > 20


def test_documents_of_one_title_do_not_read_each_others_pages(
    make_world: MakeWorld, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one looks at no page that syncd made for another."""
    world = make_world(library)
    for at in range(1, 40):
        add_book(library, "ohne Titel", tweet(at, f"القهوة {at}"))
    read: list[str] = []

    def counted(path: Path) -> tuple[Page, Seen]:
        read.append(path.name)
        return page_at(path)

    monkeypatch.setattr("syncd.sync.inputs.page_at", counted)
    world.sync()
    assert sum("ohne Titel" in path for path in world.pages()) == 39
    assert not read


def test_pages_that_were_copied_or_restored_are_no_changed_ones(
    make_world: MakeWorld, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have other times and inodes, and say what they said: no document is looked at."""
    world = make_world(library)
    for at in range(1, 6):
        add_book(library, f"Seite {at}", tweet(at, f"पन्ना {at}"))
    world.sync()
    for path, text in world.pages().items():
        (world.root / path).unlink()
        world.put(path, text)
    looked: list[int] = []
    monkeypatch.setattr(
        "syncd.sync.look_at.look_at", lambda _run, id_, *_, **__: looked.append(id_)
    )
    for _ in range(2):
        assert only(world.sync()).changed is False
    assert not looked
