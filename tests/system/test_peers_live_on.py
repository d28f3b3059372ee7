"""Pages that another program wrote go on: edits, notes and tags arrive in its blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any

import pytest

from syncd.sandbox.library import Library
from syncd.sync.compare import Comparison, compare_all
from tests.support.obsidian_plugins import mirror, official, plain
from tests.support.plugin_graph import PluginGraph, generated_books
from tests.support.world import LEGACY, TRIPLE_LOWBAR, MakeWorld, World, only

Peer = tuple[str | None, Callable[[Library], dict[str, bytes]]]


def _graph(library: Library, *, legacy: bool) -> dict[str, bytes]:
    return PluginGraph(library, legacy=legacy, seed=4).files


PEERS: dict[str, Peer] = {
    "Logseq, legacy names": (LEGACY, partial(_graph, legacy=True)),
    "Logseq, triple lowbar": (TRIPLE_LOWBAR, partial(_graph, legacy=False)),
    "Readwise's in Obsidian": (None, official),
    "readwise-mirror": (None, mirror),
    "readwise-mirror, address": (None, partial(mirror, version=2)),
    "readwise-mirror, bare": (None, partial(mirror, version=0)),
    "obsidian-readwise": (None, plain),
}
EACH = pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)


def account() -> Library:
    """Documents that no other one shares a title with, so that every peer has a page for each."""
    books = {book["title"]: book for book in generated_books(60, seed=12)}
    return Library(list(books.values()))


def some(library: Library, count: int) -> list[dict[str, Any]]:
    """One highlight of as many documents: none that Readwise's plugin for Logseq would cut."""
    firsts = [book["highlights"][-1] for book in library.books]
    whole = [one for one in firsts if "\n" not in one["text"] and "<a " not in one["text"]]
    return [one for one in whole if not one["note"] and not one["tags"]][:count]


def written_by(peer: Peer, make_world: MakeWorld, library: Library) -> World:
    """A world whose vault the peer wrote from the account."""
    edn, write = peer
    world = make_world(library, edn=edn)
    for path, data in write(library).items():
        world.put(path, data)
    return world


@EACH
def test_an_edit_a_note_and_a_tag_arrive_in_every_block_that_stands_as_it_was_written(
    make_world: MakeWorld, peer: Peer
) -> None:
    """Ten of ten, once each; nothing else changes, and a second run has nothing to do."""
    library = account()
    world = written_by(peer, make_world, library)
    assert world.sync().message == "notes: nothing new"
    chosen = some(library, 10)
    assert len(chosen) == 10
    for field in ("text", "note", "tags"):
        for one in chosen:
            word = f"{field}neu{one['id']}"
            value = {"text": f"{word} und mehr", "note": word, "tags": [{"name": word}]}[field]
            library.edit_highlight(one["id"], **{field: value})
        report = world.sync()
        vault = only(report)
        assert (vault.conflicts, vault.failed, vault.highlights.updated) == ([], [], 10)
        counts = [world.text().count(f"{field}neu{one['id']}") for one in chosen]
        assert counts == [1] * 10
        assert world.sync(full=True).message == "notes: nothing new"
    text = world.text()
    assert not any(one["text"] in text.split("\n") for one in chosen)


@EACH
def test_what_a_peer_wrote_counts_as_nobodys_edit(make_world: MakeWorld, peer: Peer) -> None:
    """Lists, handles, pictures and composed letters too; nor is anything missing or twice."""
    world = written_by(peer, make_world, account())
    world.sync()
    (found,) = compare_all(world.config, Event()).values()
    assert isinstance(found, Comparison)
    assert [one for one in found.differences if one.kind != "adopted"] == []


@EACH
def test_an_edit_arrives_in_a_highlight_whose_list_the_app_takes_for_blocks(
    make_world: MakeWorld, peer: Peer
) -> None:
    """All of it is written anew, once; where its owner changed a line of it, all of it stays."""
    library = account()
    world = written_by(peer, make_world, library)
    world.sync()
    text = world.text()
    listed = [one for book in library.books for one in book["highlights"] if "\n-" in one["text"]]
    whole = [one for one in listed if one["text"].strip().split("\n")[-1] in text]
    edited, kept = whole[:4], whole[4:6]
    assert len(kept) == 2
    for one in kept:
        last = one["text"].split("\n")[-1]
        (path,) = (path for path, page in world.pages().items() if last in page)
        world.put(path, world.read(path).replace(last, f"{last}, sage ich"))
    for one in edited + kept:
        words = f"{one['id']}: ganz\n- neu\n- gelistet {one['id']}"
        world.library.edit_highlight(one["id"], text=words)
    report = only(world.sync())
    assert (report.highlights.updated, len(report.conflicts)) == (4, 2)
    after = world.text()
    for one in edited:
        assert after.count(f"{one['id']}: ganz") == after.count(f"gelistet {one['id']}") == 1
        assert one["text"].split("\n")[-1] not in after
    assert after.count("sage ich") == 2
    assert world.sync(full=True).message == "notes: nothing new"


@EACH
def test_a_peer_that_wrote_half_of_the_account_leaves_nothing_doubled_and_nothing_lost(
    make_world: MakeWorld, peer: Peer
) -> None:
    """Also where a highlight says what another one says."""
    library = account()
    for book in library.books[::3]:
        first = book["highlights"][0]
        same = {"id": first["id"] + 50, "text": first["text"], "location": 90}
        if first["url"]:
            same["url"] = f"https://twitter.com/again/status/{first['id'] + 50}"
        book["highlights"].append({**first, **same})
    half = Library([{**book, "highlights": book["highlights"][::2]} for book in library.books])
    edn, write = peer
    world = make_world(library, edn=edn)
    for path, data in write(half).items():
        world.put(path, data)
    before = world.pages()
    report = world.sync()
    everything = sum(len(book["highlights"]) for book in library.books)
    there = sum(len(book["highlights"]) for book in half.books)
    assert only(report).highlights.added == everything - there
    after = world.pages()
    for path, text in before.items():
        rest = iter(after[path].splitlines())
        assert all(line in rest for line in text.splitlines())
    assert world.sync(full=True).message == "notes: nothing new"
