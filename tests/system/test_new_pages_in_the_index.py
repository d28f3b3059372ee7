"""What the index keeps of a new page is known from what was rendered, without reading it again.

It is what reading the page gives.
"""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from syncd.sandbox.library import Library
from syncd.state import index, vaults
from syncd.sync.session import opened
from syncd.vault.entry import page_entry
from syncd.vault.graph import read_graph
from syncd.vault.read import page_at
from tests.support import hostile
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, tweet

LINKS = [
    "see ([paper](https://example.org/p))",
    "siehe ([View Tweet](https://twitter.com/a/status/99)) #Highlight",
    "[a](https://example.org/a_(b)) und [[https://example.org/c][d]]",
    "末尾 ^rw-123",
    "[Open in Readwise](https://readwise.io/open/77)",
]
VAULTS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "Logseq": (TRIPLE_LOWBAR, {}),
    "Logseq, plain": (TRIPLE_LOWBAR, {"live_text": "none", "properties": ("summary", "color")}),
    "Org": ('{:preferred-format "Org" :file/name-format :triple-lowbar}', {}),
    "Obsidian": (None, {}),
    "by templates": (TRIPLE_LOWBAR, {"template": "readwise-default"}),
}


def fill(world: World) -> None:
    """Documents with hostile texts and notes, with links of every kind, and without any."""
    texts = hostile.texts(7, 240) + LINKS * 4
    for at in range(0, len(texts), 4):
        add_book(
            world.library,
            f"Dokument {at}: {texts[at][:30]}",
            tweet(100 + at, texts[at], note=texts[at + 1]),
            {"text": texts[at + 2], "url": f"https://example.org/{at}_(x)?a=b c#{at}"},
            {"text": texts[at + 3], "location": 7, "location_type": "page"},
            {"text": texts[at + 1], "url": "https://[unsinn", "tags": [{"name": "عربي"}]},
        )


@pytest.mark.parametrize("kind", VAULTS)
def test_it_is_as_if_the_page_had_been_read(
    make_world: MakeWorld, library: Library, kind: str
) -> None:
    """Identities, digests, and what a page says of its document."""
    edn, settings = VAULTS[kind]
    world = make_world(library, edn=edn, **settings)
    fill(world)
    world.sync()
    graph = read_graph(world.root.resolve(), "auto")
    with opened(world.config, Event()) as db:
        vault = vaults.find_vault(db, "notes")
        assert vault is not None
        for path in index.stamps(db, vault):
            _, seen = page_at(world.root / path)
            read = page_entry(path, world.read(path), seen, graph, own=True)
            ((*row, page),) = db.execute(
                "SELECT mtime, size, inode, hash, name, url, title, book, own, note, id FROM page"
                " WHERE path = ?",
                (path,),
            )
            assert row == list(read[1:-1]), path
            rows = db.execute("SELECT key, hash FROM block WHERE page = ?", (page,)).fetchall()
            assert sorted(rows) == sorted(read.highlights), path
        assert index.count(db, vault) > 50
