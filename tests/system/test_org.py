"""A Logseq graph whose preferred format is Org.

The same promises on `.org` pages, beside pages in Markdown.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncd.sandbox.library import Library
from tests.support import logseq_parser
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, only, snapshot, tweet

ORG = '{:file/name-format :triple-lowbar :preferred-format "Org"}\n'
HEAD = """:PROPERTIES:
:title: Readwise/Highlights/梟
:author: [[@example_owl on Twitter]]
:full-title: 梟
:category: #tweets
:END:
"""
PAGE = "pages/Readwise___Highlights___梟.org"


def tail(number: int) -> str:
    """What ends a tweet's block."""
    return (
        f"([[https://twitter.com/example_owl/status/{number}][View Tweet]]) #Highlight "
        f"#[[2024-05-05]]"
    )


@pytest.fixture
def graph(make_world: MakeWorld, library: Library) -> World:
    """An empty graph in Org."""
    return make_world(library, edn=ORG)


def owls(world: World) -> int:
    """A document of three tweets, one with tags and a note, written."""
    tags = [{"name": "夜 鳥"}, {"name": "paper"}]
    book = add_book(
        world.library,
        "梟",
        tweet(1, "eins 🦉", location=1),
        tweet(3, "तीन\n\n**fett**", location=3, tags=tags, note="Notiz\n- Liste"),
        tweet(5, "خمسة", location=5),
    )
    world.sync()
    return book


OWLS = f"""{HEAD}* eins 🦉 {tail(1)}
* तीन

*fett* {tail(3)}
** *Tags*: #[[夜 鳥]] #[[paper]]
** *Note*: Notiz
- Liste
* خمسة {tail(5)}"""


DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"


def orgs(world: World) -> dict[str, str]:
    """Every page in Org: path and text."""
    return {
        str(path.relative_to(world.root)): path.read_bytes().decode()
        for path in sorted(world.root.rglob("*.org"))
    }


def id_of(library: Library, text: str) -> int:
    """The id of the highlight that begins so."""
    (found,) = (
        one["id"]
        for book in library.books
        for one in book["highlights"]
        if one["text"].startswith(text)
    )
    return int(found)


def nothing_new(world: World) -> None:
    """No run writes a thing."""
    before = snapshot(world.root)
    for full in (False, True):
        assert world.sync(full=full).message == "notes: nothing new"
    assert snapshot(world.root) == before


def test_a_document_becomes_a_page_in_org(graph: World) -> None:
    """Properties in a drawer, a headline for each highlight, children below it.

    And a second run writes nothing.
    """
    owls(graph)
    assert orgs(graph) == {PAGE: OWLS}
    assert graph.pages() == {}
    nothing_new(graph)


def test_the_page_that_the_document_shows_is_real(make_world: MakeWorld) -> None:
    """Under its path, byte for byte."""
    world = make_world(Library.load(), edn=ORG)
    world.sync()
    shown = re.search(
        r"^`([^`\n]+\.org)`\n\n```org\n(.*?)\n```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    assert world.read(shown[1]) == shown[2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Siehe [hier](https://example.org/a_(b)) und `x = 1`",
            "Siehe [[https://example.org/a%5F%28b%29][hier]] und ~x = 1~",
        ),
        (
            "Bild\n\n![](https://pbs.twimg.com/media/A_.jpg)",
            "Bild\n\n[[https://pbs.twimg.com/media/A%5F.jpg]]",
        ),
        ("**fett** *schräg* _auch_ ~~weg~~", "*fett* /schräg/ /auch/ +weg+"),
        ("(https://t.co/x) https://t.co/y.", "([[https://t.co/x]]) https://t.co/y."),
        ("* eins\n* zwei", "- eins\n- zwei"),
        ("#Hashtag und [[Seite]]", "#Hashtag und [[Seite]]"),
        ("** keine Überschrift", "\u200b** keine Überschrift"),
        ("TODO nichts", "\u200bTODO nichts"),
        (
            "a\n#+title: b\n:c: d\nid:: e\n# f",
            "a\n\u200b#+title: b\n\u200b:c: d\n\u200bid:: e\n\u200b# f",
        ),
        (
            "{{query x}} ((y)) [[file:z]]",
            "{\u200b{\u200bquery x}} (\u200b(\u200by)) [\u200b[\u200bfile:z]]",
        ),
        ("1/2 und/oder A / B, C:\\Users", "1/2 und/oder A / B, C:\\\u200bUsers"),
        ('<a href="https://x.com/eule">@eule</a>', "[[https://x.com/eule][@eule]]"),
    ],
)
def test_text_is_org_and_nothing_in_it_runs(graph: World, text: str, shown: str) -> None:
    """Markdown becomes Org.

    What would do something there is kept from it by a space that is not seen.
    """
    add_book(graph.library, "梟", tweet(1, text))
    graph.sync()
    assert graph.read(PAGE) == f"{HEAD}* {shown} {tail(1)}"


def test_code_and_tables_end_before_the_link(graph: World) -> None:
    """Code stands between its own lines; what would close it early does not."""
    add_book(
        graph.library,
        "梟",
        tweet(1, "so:\n```py\n* x = `1`\n#+END_SRC\n```"),
        tweet(2, "```\ny\n```"),
        tweet(3, "|a|"),
    )
    graph.sync()
    code = "#+BEGIN_SRC py\n* x = `1`\n\u200b#+END_SRC\n#+END_SRC"
    blocks = f"* so:\n{code}\n{tail(1)}\n* \n#+BEGIN_SRC\ny\n#+END_SRC\n{tail(2)}\n* |a|\n{tail(3)}"
    assert graph.read(PAGE) == HEAD + blocks
    nothing_new(graph)


@pytest.mark.needs("logseq-parser")
def test_logseq_reads_every_page_of_the_account_as_it_is_meant(make_world: MakeWorld) -> None:
    """Its title and properties, a block for each highlight, tag line and note, and nothing else."""
    org, markdown = make_world(Library.load(), edn=ORG), make_world(Library.load())
    org.sync()
    markdown.sync()
    written, other = orgs(org), markdown.pages()
    assert {path.removesuffix(".org") for path in written} == {
        path.removesuffix(".md") for path in other
    }
    twins = [other[f"{path.removesuffix('.org')}.md"] for path in written]
    read, same_read = logseq_parser.pages(list(written.values()), "org"), logseq_parser.pages(twins)
    for (path, text), twin, page, same in zip(written.items(), twins, read, same_read, strict=True):
        assert (page["title"], page["blockCount"]) == (same["title"], same["blockCount"]), path
        assert list(page["properties"]) == list(same["properties"]), path
        for block in page["blocks"]:
            assert "#Highlight" in block["refs"], path
        assert text.count("][View Tweet]])") == twin.count("[View Tweet]("), path
        assert "](http" not in text, path


def test_what_changes_upstream_changes_untouched_blocks_alone(graph: World) -> None:
    """Text, tags and note.

    The owner's words, children, and what Logseq hangs on a block stay where they are.
    """
    owls(graph)
    drawer = ":PROPERTIES:\n:id: 65f0-1\n:collapsed: true\n:END:"
    mine = OWLS.replace(
        f"* eins 🦉 {tail(1)}", f"* eins 🦉 {tail(1)}\n{drawer}\n** mein Gedanke\n*** und mehr"
    )
    mine = mine.replace("* خمسة ", "* meine خمسة ")
    graph.put(PAGE, mine + "\n* ans Ende\nmit Text\n")
    nothing_new(graph)
    graph.library.edit_highlight(id_of(graph.library, "eins"), text="eins neu\nzweite")
    graph.library.edit_highlight(id_of(graph.library, "तीन"), note="andere", tags=[])
    graph.library.edit_highlight(id_of(graph.library, "خمسة"), text="خمسة neu")
    report = only(graph.sync())
    assert report.highlights.updated == 2
    assert [conflict.parts for conflict in report.conflicts] == [["text"]]
    expected = (
        mine.replace(f"* eins 🦉 {tail(1)}\n{drawer}", f"* eins neu\n{drawer}\nzweite {tail(1)}")
        .replace("** *Tags*: #[[夜 鳥]] #[[paper]]\n", "")
        .replace("** *Note*: Notiz\n- Liste\n", "** *Note*: andere\n")
    )
    assert graph.read(PAGE) == expected + "\n* ans Ende\nmit Text\n"
    before = snapshot(graph.root)
    graph.sync(full=True)
    assert snapshot(graph.root) == before


def test_new_highlights_tags_and_notes_come_to_their_places(graph: World) -> None:
    """Behind the predecessor with all its children, at its depth; in the file's own line ends."""
    book = owls(graph)
    text = OWLS.replace(f"* خمسة {tail(5)}", f"* Kopf\n** خمسة {tail(5)}\n*** Kind").replace(
        "\n", "\r\n"
    )
    graph.put(PAGE, text + "\r\n")
    graph.library.add_highlight(book, **tweet(2, "zwei", location=2, note="dazu"))
    graph.library.add_highlight(book, **tweet(6, "sechs", location=6))
    graph.library.edit_highlight(id_of(graph.library, "خمسة"), tags=[{"name": "spät"}])
    assert only(graph.sync()).highlights.added == 2
    two = f"* zwei {tail(2)}\r\n** *Note*: dazu\r\n* तीन"
    expected = text.replace("* तीन", two, 1).replace(
        "*** Kind", f"*** *Tags*: #[[spät]]\r\n*** Kind\r\n** sechs {tail(6)}"
    )
    assert sorted(graph.read(PAGE).splitlines()) == sorted(expected.splitlines())
    assert graph.read(PAGE).index("zwei") < graph.read(PAGE).index("तीन")
    assert graph.read(PAGE).endswith(f"** sechs {tail(6)}\r\n")
    nothing_new(graph)


def test_what_the_owner_deleted_or_moved_stays_so(graph: World) -> None:
    """A moved block counts where it is; a deleted one comes back when it is asked for."""
    book = owls(graph)
    first, _, rest = OWLS.removeprefix(HEAD).partition("\n")
    graph.put("journals/2024_05_06.org", f"* heute\n** {first.removeprefix('* ')}")
    graph.put(PAGE, HEAD + rest.partition(f"\n* خمسة {tail(5)}")[0])
    nothing_new(graph)
    graph.write_config()
    assert graph.command("restore", PAGE.rpartition("/")[2]).returncode == 0
    graph.sync()
    assert graph.read(PAGE) == HEAD + rest
    graph.library.edit_book(book, title="梟 neu")
    graph.sync()
    assert list(orgs(graph)) == ["journals/2024_05_06.org", PAGE]


def test_upstream_deletions_take_the_whole_block(make_world: MakeWorld, library: Library) -> None:
    """With its children, where nothing of it is the owner's."""
    world = make_world(library, edn=ORG, on_delete="remove")
    owls(world)
    world.library.delete_highlight(id_of(library, "तीन"))
    world.sync(allow_removals=True)
    assert world.read(PAGE) == f"{HEAD}* eins 🦉 {tail(1)}\n* خمسة {tail(5)}"


def test_properties_are_merged_in_the_drawer(graph: World) -> None:
    """New ones come into it, changed ones change, the owner's stay."""
    book = owls(graph)
    graph.put(PAGE, OWLS.replace(":category: #tweets", ":meins: ja\n:category: #tweets"))
    graph.library.edit_book(book, source_url="https://twitter.com/example_owl", author="A, B")
    graph.sync()
    head = (
        HEAD.replace(":author: [[@example_owl on Twitter]]", ":author: [[A]], [[B]]")
        .replace(":category:", ":meins: ja\n:category:")
        .replace(":END:", ":url: https://twitter.com/example_owl\n:END:")
    )
    assert graph.read(PAGE) == OWLS.replace(HEAD, head)


def test_a_lost_state_is_found_again_in_the_pages(graph: World) -> None:
    """Not one block twice, wherever the pages were moved to, and not a byte changed."""
    owls(graph)
    for extra in range(3):
        add_book(
            graph.library,
            "梟",
            {"text": f"ohne Adresse {extra}", "url": None},
            author="B",
            category="articles",
        )
    graph.sync()
    (graph.root / PAGE).rename(graph.root / "pages" / "umbenannt.org")
    before = snapshot(graph.root)
    for file in graph.state.rglob("*"):
        if file.is_file():
            file.unlink()
    assert graph.sync().message == "notes: nothing new"
    assert snapshot(graph.root) == before


def test_pages_that_readwises_plugin_wrote_in_org_are_adopted(graph: World) -> None:
    """Their text is Markdown, their properties stand in a drawer or in lines of their own."""
    for number, head in enumerate((":PROPERTIES:\n{}\n:END:", "{}")):
        lines = [
            ("title", f"Eulen {number}"),
            ("full-title", f'"Eulen {number}"'),
            ("category", "#tweets"),
        ]
        form = "#+{}: {}" if number else ":{}: {}"
        properties = head.format("\n".join(form.format(*line) for line in lines))
        url = f"https://twitter.com/example_owl/status/{number}1"
        block = f"** [*eins*](https://example.org) ([View Tweet]({url}))\n*** **Note**: da"
        graph.put(
            f"pages/Eulen {number}.org",
            f"{properties}\n* Highlights first synced by [[Readwise]]\n{block}\n",
        )
        text = "[*eins*](https://example.org)"
        add_book(
            graph.library, f"Eulen {number}", tweet(int(f"{number}1"), text, note="da", location=1)
        )
    before = snapshot(graph.root)
    assert graph.sync().message == "notes: nothing new"
    assert snapshot(graph.root) == before
    for book in list(graph.library.books):
        id_ = book["user_book_id"]
        graph.library.add_highlight(id_, **tweet(100 + id_, "neu", location=9))
    assert only(graph.sync()).highlights.added == 2
    for number in range(2):
        assert re.search(
            r"\n\*\*\* \*\*Note\*\*: da\n\*\* neu \(\[\[https",
            graph.read(f"pages/Eulen {number}.org"),
        )


@pytest.mark.parametrize("org_first", [True, False])
def test_a_page_keeps_its_syntax_when_the_graph_changes_its_mind(
    make_world: MakeWorld, org_first: bool
) -> None:
    """Old pages are continued as they are; new ones are of the new kind."""
    edns = [ORG, TRIPLE_LOWBAR] if org_first else [TRIPLE_LOWBAR, ORG]
    world = make_world(Library(), edn=edns[0])
    book = owls(world)
    (path,) = [*orgs(world), *world.pages()]
    old = world.read(path)
    world.put("logseq/config.edn", edns[1])
    nothing_new(world)
    world.library.add_highlight(book, **tweet(7, "sieben", location=7))
    add_book(world.library, "Neu", tweet(9, "neun"))
    assert only(world.sync()).conflicts == []
    link = (
        tail(7)
        if org_first
        else "([View Tweet](https://twitter.com/example_owl/status/7)) #Highlight #[[2024-05-05]]"
    )
    assert world.read(path) == f"{old}\n{'*' if org_first else '-'} sieben {link}"
    other = "md" if org_first else "org"
    assert (world.root / f"pages/Readwise___Highlights___Neu.{other}").exists()
    nothing_new(world)


def test_the_log_and_the_journal_are_in_org(make_world: MakeWorld, library: Library) -> None:
    """Each line a headline."""
    world = make_world(library, edn=ORG, log_page="Readwise", journal=True)
    owls(world)
    assert re.fullmatch(
        r"\* .*: 3 highlights on \[\[Readwise/Highlights/梟\]\]", world.read("pages/Readwise.org")
    )
    (journal,) = (world.root / "journals").iterdir()
    assert journal.suffix == ".org"
    assert journal.read_text() == "* Highlights from Readwise: [[Readwise/Highlights/梟]]"
    nothing_new(world)


def test_templates_write_markdown_also_there(make_world: MakeWorld, library: Library) -> None:
    """Logseq reads both kinds in one graph."""
    world = make_world(library, edn=ORG, template="readwise-default")
    owls(world)
    assert orgs(world) == {}
    assert "([View Tweet](" in world.text()
    nothing_new(world)
