"""Pages as programs and owners really leave them: the first run adds nothing, changes no byte."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from syncd.page.blocks import digest
from syncd.sandbox.library import Library
from syncd.sync.compare import Comparison, compare_all
from tests.support.obsidian_plugins import official
from tests.support.plugin_graph import PluginGraph
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, only, snapshot, tweet

U = "https://twitter.com/example_owl/status/{}"
LINK = "([View Tweet](" + U + "))"
K = "https://readwise.io/to_kindle?action=open&asin=B0XX&location={}"
HEAD = "title:: Readwise/Highlights/Eulen\nfull-title:: Eulen\ncategory:: #{}\n"
PAGE = "pages/Readwise___Highlights___Eulen.md"
NOW = "2024-06-01T10:00:00Z"
MARK = " #Highlight #[[2023-05-05]]"


def nothing_comes(world: World) -> None:
    """In the first run, the second, a full one, and without the state; no byte changes."""
    before = snapshot(world.root)
    for full in (False, False, True):
        report = world.sync(full=full)
        assert (report.message, only(report).conflicts) == ("notes: nothing new", [])
        assert (only(report).deleted, only(report).returned) == ([], [])
    (world.state / "syncd.db").unlink()
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before


# --- labels with a no-break space, short texts, texts that were corrected since -------------------

PLACES = (
    (
        "([Location\u00a0181](" + K.format(181) + "))",
        {"location": 181, "location_type": "location"},
    ),
    ("(Page\u00a047)", {"location": 47, "location_type": "page"}),
    (
        "([Time\u00a00:33:15](https://share.snipd.com/snip/x))",
        {"location": 1995, "location_type": "time_offset", "url": "https://share.snipd.com/snip/x"},
    ),
)


@pytest.mark.parametrize("mark", ["", MARK])
@pytest.mark.parametrize("text", ["So ist es", "Ja", "So jst es"])
@pytest.mark.parametrize(("label", "fields"), PLACES)
def test_a_place_says_which_highlight_it_is(
    world: World, label: str, fields: dict[str, Any], text: str, mark: str
) -> None:
    """However short its text is, or corrected since, and though no address of it is known."""
    item = {"text": text if text != "So jst es" else "So ist es", **fields}
    add_book(world.library, "Eulen", item, category="books", author="A. B.")
    world.put(PAGE, HEAD.format("books") + f"- {text} {label}{mark}\n- meins\n")
    nothing_comes(world)


@pytest.mark.parametrize("kind", ["pages", "locations", "nothing"])
@pytest.mark.parametrize("app", ["logseq", "obsidian"])
def test_with_one_letter_corrected_in_every_tenth_highlight_nothing_is_doubled(
    make_world: MakeWorld, app: str, kind: str
) -> None:
    """By place and likeness; the page stays, and the corrections are named nowhere as lost."""
    library = Library([])
    words = ["eule", "nacht", "wald", "mond", "zweig", "maus", "feder", "ruf", "stille", "nebel"]
    book = library.add_book(title="Eulen", author="A. B.", category="books", source="kindle")
    for n in range(60):
        text = " ".join(words[(n * k + k) % 10] for k in range(1, 3 + n % 7)) + f" {n}"
        place: dict[str, Any] = {"location": n // 2, "location_type": kind.rstrip("s")}
        library.add_highlight(book, text=text, **place)
    world = make_world(library, edn=TRIPLE_LOWBAR if app == "logseq" else None)
    if kind == "locations":
        library.edit_book(book, asin="B0XX")
    peer = PluginGraph(library, legacy=False).files if app == "logseq" else official(library)
    for path, data in peer.items():
        world.put(path, data)
    library.edit_book(book, asin=None)
    for one in library.books[0]["highlights"][::10]:
        library.edit_highlight(one["id"], text=one["text"].replace("e", "é", 1) + "x")
    nothing_comes(world)


@pytest.mark.parametrize("where", ["journals/2024_05_05.md", "pages/Meine Seite.md"])
@pytest.mark.parametrize("mark", ["", MARK])
def test_a_highlight_with_a_place_counts_where_its_owner_moved_it(
    world: World, where: str, mark: str
) -> None:
    """With all of its words, and with Readwise's label or its mark."""
    items = [
        {"text": text, "location": at, "location_type": "page"}
        for at, text in ((47, "So ist es"), (48, "und so auch hier"))
    ]
    add_book(world.library, "Eulen", *items, category="books", author="A. B.")
    world.put(PAGE, HEAD.format("books") + "- und so auch hier (Page\u00a048)\n")
    world.put(where, f"- gestern\n- So ist es (Page\u00a047){mark}\n")
    nothing_comes(world)


# --- what Logseq's blocks may look like -----------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        "- vorher\n- die Eule wartet\n  id:: 64f0a1b2-0000-4000-8000-000000000001\n- nachher\n",
        "- vorher\n- die Eule wartet\n  collapsed:: true\n\t- meine Notiz\n- nachher\n",
    ],
)
def test_logseqs_own_lines_hide_no_highlight_without_a_link(world: World, block: str) -> None:
    """They are no words of it."""
    texts = ("vorher", "die Eule wartet", "nachher")
    add_book(world.library, "Eulen", *({"text": text} for text in texts), author="A. B.")
    world.put(PAGE, HEAD.format("tweets") + block)
    nothing_comes(world)


@pytest.mark.parametrize(
    "page",
    [
        "{head}eins {0}\n- zwei {1}\n",
        "{head}\neins {0}\n- zwei {1}\n",
        "- {indented}  eins {0}\n- zwei {1}\n",
        "{head}- eins {0}\n- zwei\n\nund noch mehr {1}\n",
        "{head}- eins {0}\n- zwei\n\n  ```\n  x\n  ```\n\nund noch mehr {1}\n- meins\n",
    ],
)
def test_text_behind_the_properties_or_at_the_margin_belongs_to_its_block(
    world: World, page: str
) -> None:
    """As Logseq reads it."""
    head = HEAD.format("tweets") + "url:: https://twitter.com/example_owl\n"
    links = (LINK.format(1), LINK.format(2))
    add_book(
        world.library,
        "Eulen",
        tweet(1, "eins"),
        tweet(2, "zwei\n\nund noch mehr"),
        source_url="https://twitter.com/example_owl",
    )
    world.put(PAGE, page.format(*links, head=head, indented=head.replace("\n", "\n  ")[:-2]))
    nothing_comes(world)


# --- a labelled link on a page of the owner's -----------------------------------------------------

SHAPES = (
    "> eins {}\n",
    "> [!quote] Eulen\n> eins {}\n",
    "Absatz davor\n\neins {}\n",
    "* eins {}\n",
    "1. eins {}\n",
    "| a | b |\n|---|---|\n| eins {} | x |\n",
    "# Gelesen\neins {}\n",
    "# Gelesen\n\neins {}\n",
    "# eins {}\n",
    "- eins {}\n  und mein Satz darunter\n",
    "- meins\n  > eins {}\n",
    "- gelesen:\n  * eins {}\n",
    "> eins {}\nmein Satz darunter\n",
    "eins {} #eule [[2024-05-05]] ^abc\n",
    "- eins {} [[Eule]]\n",
)


@pytest.mark.parametrize("where", ["journal", "note"])
@pytest.mark.parametrize("app", ["logseq", "obsidian"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_labelled_link_counts_on_a_page_of_the_owners(
    make_world: MakeWorld, shape: str, app: str, where: str
) -> None:
    """At the end of a quote, a callout, a paragraph, any list's item, a table's cell."""
    world = make_world(Library([]), edn=TRIPLE_LOWBAR if app == "logseq" else None)
    add_book(world.library, "Eulen", tweet(1, "eins"))
    page = {"journal": "journals/2024_05_05.md", "note": "pages/Meins.md"}[where]
    world.put(page, shape.format(LINK.format(1)))
    nothing_comes(world)


def test_a_mention_in_a_sentence_is_none(world: World) -> None:
    """Nor is a link of another label."""
    add_book(world.library, "Eulen", tweet(1, "eins"), tweet(2, "zwei"))
    text = f"- siehe {LINK.format(1)}, das war gut\n- [hier]({U.format(2)})\n"
    world.put("pages/Meins.md", text)
    assert only(world.sync()).highlights.added == 2


# --- the owner's labels on the document's page ----------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        "- ganz andere Worte [🔗]({})\n",
        "- ganz andere Worte ([via]({}))\n",
        "- ganz andere Worte []({})\n",
        "- {{{{twitter {}}}}}\n",
        "- {{{{tweet {}}}}}\n",
        "- ganz andere Worte {}\n",
    ],
)
def test_a_link_with_any_label_counts_on_the_documents_page(world: World, block: str) -> None:
    """Though its owner changed the text."""
    add_book(world.library, "Eulen", tweet(1, "eins"), tweet(2, "zwei"))
    world.put(
        PAGE, HEAD.format("tweets") + block.format(U.format(1)) + f"- zwei {LINK.format(2)}\n"
    )
    nothing_comes(world)


def test_an_id_in_a_heading_counts_whatever_stands_behind_it(vault: World) -> None:
    """`### id123 owner's words`."""
    items = [{"id": 5_000_001, "text": "eins"}, {"id": 5_000_002, "text": "zwei"}]
    book = vault.library.add_book(title="Eulen", author="A. B.")
    vault.library.books[-1]["highlights"] += [{"updated_at": NOW, **item} for item in items]
    known = f"- Full Title: Eulen\n- Readwise URL: https://readwise.io/bookreview/{book}\n"
    body = "".join(f"### id{one['id']} meine Worte\n\n> ganz anders\n\n" for one in items)
    vault.put("Readwise/Tweets/Eulen.md", f"# Eulen\n## Metadata\n{known}\n## Highlights\n{body}")
    nothing_comes(vault)


# --- what syncd itself wrote with a plain blank ---------------------------------------------------


@pytest.mark.parametrize("known", ["nothing", "the page", "page and account"])
def test_a_label_of_an_earlier_syncd_changes_no_page_and_is_no_edit(
    world: World, known: str
) -> None:
    """Whatever that syncd kept of it; an edit upstream arrives, and brings the new label."""
    item = {"text": "So ist es", "location": 47, "location_type": "page"}
    add_book(world.library, "Eulen", item, category="books", author="A. B.")
    world.sync()
    new = world.read(PAGE)
    old = new.replace("\u00a0", " ")
    assert old != new
    world.put(PAGE, old)
    if known == "nothing":
        (world.state / "syncd.db").unlink()
    else:
        content = old.rpartition("\n- ")[2].split("\n")
        with closing(sqlite3.connect(world.state / "syncd.db", isolation_level=None)) as db:
            db.execute("UPDATE base SET text = ?", (digest(content),))
            if known == "the page":
                db.execute("UPDATE base SET account = NULL")
    for full in (False, True):
        assert world.sync(full=full).message == "notes: nothing new"
    (found,) = compare_all(world.config, Event()).values()
    assert isinstance(found, Comparison)
    assert [one for one in found.differences if one.kind != "adopted"] == []
    assert world.read(PAGE) == old
    world.library.edit_highlight(1, text="So war es")
    world.sync()
    assert world.read(PAGE).count("So war es (Page") == 1
