"""A Readwise account in an Obsidian vault.

Notes, their names, whose they are, foreign text, and the Base.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import frontmatter
import pytest
import yaml
from markdown_it import MarkdownIt

from syncd.errors import DocumentError
from syncd.readwise.client import Client
from syncd.sandbox.library import Library
from syncd.sync.run import run
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions
from syncd.vault.write import Seen, Writer
from tests.support.obsidian_notes import HOME, ID, bullet, nothing_new, owls, properties
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

# --- notes and their names ------------------------------------------------------------------------


def test_the_bundled_account_becomes_notes_by_category(make_world: MakeWorld) -> None:
    """Each document one note, each of its highlights there once by its id.

    The second run writes nothing.
    """
    world = make_world(Library.load(), edn=None)
    report = world.sync()
    assert (report.code, only(report).failed, only(report).warnings) == (0, [], [])
    books = {book["readwise_url"]: book for book in world.library.books}
    found: list[int] = []
    for path, text in world.pages().items():
        said = properties(text)
        book = books[said["readwise"]]
        assert Path(path).parent == Path("Readwise", book["category"].capitalize())
        assert Path(path).stem == said["title"]
        assert said.get("url") == book["source_url"]
        assert said.get("author", []) == [
            f"[[{name}]]" for name in (book["author"] or "").split(", ") if name
        ]
        assert said.keys() <= {
            *("title", "author", "full-title", "category", "url", "tags", "readwise"),
            *("cover", "highlights", "last-highlighted", "published"),
        }
        assert said.get("cover") == (book["cover_image_url"] or None)
        assert said["highlights"] == len(ID.findall(text))
        ids = [int(id_) for id_ in ID.findall(text)]
        assert set(ids) <= {one["id"] for one in book["highlights"] if not one["is_deleted"]}
        found += ids
    assert len(set(found)) == len(found) == only(report).highlights.added > 400
    nothing_new(world)


def test_a_note_is_as_the_format_says(vault: World) -> None:
    """Byte for byte: front matter, then a bullet for each highlight."""
    book = owls(vault)
    first = vault.library.books[0]["highlights"][0]["id"]
    assert vault.pages() == {
        HOME.format("Eulen"): "\n".join(
            [
                "---",
                "title: Eulen",
                "author:",
                '  - "[[@example_owl on Twitter]]"',
                "full-title: Eulen",
                "category: tweets",
                "url: https://twitter.com/example_owl/status/11",
                "tags:",
                "  - Vögel",
                f"readwise: https://readwise.io/bookreview/{book}",
                "highlights: 3",
                "last-highlighted: 2024-05-05",
                "published: 2010-11-04",
                "---",
                bullet(first, 11, "eins"),
                bullet(first + 1, 12, "zwei"),
                "\t- **Tags**: #nachts",
                "\t- **Note**: Notiz",
                bullet(first + 2, 13, "drei"),
            ]
        )
    }


@pytest.mark.parametrize(
    "title",
    [
        "../../../etc/passwd", "a/b\\c", 'wer: "was"? <wo>|*', "#tag ^block [[link]] %%x%%", "CON",
        "lpt1.txt", "...", ".hidden", " ", "", "x.",
        "a\nreadwise: https://readwise.io/bookreview/9", "---", "\x00\ud800", "\u202ertl", "@x",
        "on", "12:30", "2024-05-05", "🏳️‍🌈" * 60, "語" * 300, "a\u0301" * 200, "हिन्दी" * 40,
        "Readwise",
    ],
)  # fmt: skip
def test_any_title_names_two_notes_that_every_device_can_hold(vault: World, title: str) -> None:
    """In their folder, at most 200 bytes, nothing that ends a link.

    Two documents of one title have two notes.
    """
    for number in (1, 2):
        add_book(vault.library, title, tweet(number, f"nummer {number}"))
    assert vault.sync().code == 0
    pages = vault.pages()
    assert len({unicodedata.normalize("NFC", path).casefold() for path in pages}) == len(pages) == 2
    for path, text in pages.items():
        assert Path(path).parent == Path("Readwise/Tweets")
        stem = Path(path).name.removesuffix(".md")
        assert len(stem.encode()) <= 197
        assert stem.isprintable() or "\u200d" in stem
        assert not re.search(
            r'[\\/:*?"<>|#^\[\]]|%%|^[. ]|[. ]$|^(con|lpt1)(\.|$)', stem, re.IGNORECASE
        )
        assert properties(text)["title"] == stem
        assert str(properties(text)["readwise"]).rpartition("/")[2] in {"1", "2"}
    nothing_new(vault)


@pytest.mark.parametrize(
    "path",
    [
        "Café au lait.md",
        "Sonst/wo/CAFÉ AU LAIT.md",
        unicodedata.normalize("NFD", "Readwise/Tweets/Café au lait.md"),
        "readwise/tweets/café au lait.md",
        "Readwise/Books/Café au lait.md",
    ],
)
def test_a_note_of_the_owners_keeps_its_name_in_every_folder(vault: World, path: str) -> None:
    """Links go by the base name alone, in any case and Unicode form.

    The document's note steps aside.
    """
    vault.put(path, "---\ntags: [mine]\n---\n- mine")
    before = snapshot(vault.root)
    book = add_book(vault.library, "Café au lait", tweet(1, "neu"))
    assert only(vault.sync()).pages.created == [HOME.format(f"Café au lait ({book})")]
    assert snapshot(vault.root).items() > before.items()
    nothing_new(vault)


def test_documents_of_one_title_in_two_categories_have_two_base_names(vault: World) -> None:
    """`[[Echo]]` must lead to one of them."""
    add_book(vault.library, "Echo", tweet(1, "eins"))
    book = add_book(vault.library, "ECHO", {"text": "zwei"}, category="books")
    vault.sync()
    assert set(vault.pages()) == {HOME.format("Echo"), f"Readwise/Books/ECHO ({book}).md"}


@pytest.mark.parametrize("category", ["../../böse", ".versteckt", "a/b:c", "con", None])
def test_a_category_that_nobody_knows_is_one_folder_in_its_place(
    vault: World, category: str | None
) -> None:
    """Whatever it is called."""
    add_book(vault.library, "Titel", tweet(1, "x"), category=category)
    assert vault.sync().code == 0
    (path,) = vault.pages()
    folder = Path(path).parent
    assert folder.parent == Path("Readwise")
    assert not re.search(r'[\\:*?"<>|]|^\.|^con$', folder.name, re.IGNORECASE)
    nothing_new(vault)


# --- whose note -----------------------------------------------------------------------------------


def test_without_its_state_syncd_knows_each_note_by_its_front_matter(make_world: MakeWorld) -> None:
    """Renamed and moved notes too; the next highlight arrives where its document is."""
    library = Library()
    for number in (1, 2, 3):
        add_book(
            library,
            "Things I Learned",
            {"text": f"nummer{number}"},
            source_url="https://example.org/",
        )
    world = make_world(library, edn=None)
    world.sync()
    moved = world.root / "Readwise/Tweets/Things I Learned (2).md"
    (world.root / "Archiv").mkdir()
    moved.rename(world.root / "Archiv" / "Gelernt.md")
    (world.state / "syncd.db").unlink()
    nothing_new(world)
    for number in (1, 2, 3):
        library.add_highlight(number, text=f"später{number}")
    world.sync()
    pages = world.pages()
    assert set(pages) == {
        HOME.format("Things I Learned"),
        HOME.format("Things I Learned (3)"),
        "Archiv/Gelernt.md",
    }
    for text in pages.values():
        document = str(properties(text)["readwise"])[-1]
        assert re.findall(r"^- (\w+) ", text, re.MULTILINE) == [
            f"nummer{document}",
            f"später{document}",
        ]


def test_a_retitled_document_keeps_its_note_and_is_found_by_its_new_title(vault: World) -> None:
    """`aliases` has the new title, until the old one is back."""
    book = owls(vault)
    before = vault.pages()
    (path,) = before
    vault.library.edit_book(book, title='Käuze: "nachts"')
    vault.sync(full=True)
    (text,) = vault.pages().values()
    assert set(vault.pages()) == {path}
    said = properties(text)
    assert (said["title"], said["full-title"], said["aliases"]) == (
        "Eulen",
        'Käuze: "nachts"',
        ['Käuze: "nachts"'],
    )
    nothing_new(vault)
    vault.library.edit_book(book, title="Eulen")
    vault.sync(full=True)
    assert vault.pages() == before
    nothing_new(vault)


def test_aliases_of_the_owners_stay_and_are_no_difference_to_be_told(vault: World) -> None:
    """The new title cannot join them: the entry is not syncd's."""
    book = owls(vault)
    path = HOME.format("Eulen")
    mine = vault.read(path).replace("---\n- eins", "aliases: [Kauz, '1.10'] # meine\n---\n- eins")
    vault.put(path, mine)
    vault.library.edit_book(book, title="Käuze")
    report = vault.sync(full=True)
    assert vault.read(path) == mine.replace("full-title: Eulen", "full-title: Käuze")
    assert only(report).conflicts == []
    assert report.message == "notes: properties updated on 1 page"
    nothing_new(vault)


# --- the Base -------------------------------------------------------------------------------------

BASE = "Readwise/Readwise.base"


@pytest.mark.parametrize(
    ("namespace", "path", "filter_"),
    [
        (None, BASE, 'file.inFolder("Readwise")'),
        ('Quel"len/Über', 'Quel"len/Über/Readwise.base', 'file.inFolder("Quel\\"len/Über")'),
        ("", "Readwise.base", 'file.hasProperty("readwise")'),
    ],
)
def test_a_base_lists_the_notes_of_the_folder(
    library: Library, make_world: MakeWorld, namespace: str | None, path: str, filter_: str
) -> None:
    """Beside the folders of the categories, as YAML that Obsidian understands."""
    world = make_world(library, edn=None, namespace=namespace)
    owls(world)
    base = yaml.safe_load(world.read(path))
    assert base["filters"] == {"and": [filter_, 'file.ext == "md"']}
    cards, table, authors, *categories = base["views"]
    assert (cards["type"], cards["image"]) == ("cards", "note.cover")
    assert (table["type"], table["summaries"]) == ("table", {"highlights": "Sum"})
    assert authors["groupBy"] == {"property": "author", "direction": "ASC"}
    assert [view["filters"]["and"][0] for view in categories][:2] == [
        'category == "tweets"',
        'category == "books"',
    ]
    newest = [{"property": "last-highlighted", "direction": "DESC"}]
    assert all(view["sort"] == newest for view in base["views"])
    (note,) = world.pages().values()
    said = {"file.name", *properties(note)}
    assert {column for view in base["views"] for column in view["order"]} <= said
    nothing_new(world)


def test_the_base_is_made_once_and_then_its_owners(vault: World) -> None:
    """Changed, it stays; deleted, it stays deleted, though more notes come."""
    owls(vault)
    vault.put(BASE, "views: []\n")
    add_book(vault.library, "Mehr", tweet(21, "x"))
    vault.sync()
    assert vault.read(BASE) == "views: []\n"
    (vault.root / BASE).unlink()
    add_book(vault.library, "Noch mehr", tweet(22, "x"))
    report = vault.sync(full=True)
    assert only(report).pages.created
    assert not (vault.root / BASE).exists()


def test_a_base_that_is_there_is_never_syncds(vault: World) -> None:
    """Not with a fresh state either; a folder of its name is no fault."""
    vault.put(BASE, "# mine\n")
    owls(vault)
    (vault.state / "syncd.db").unlink()
    vault.sync()
    assert vault.read(BASE) == "# mine\n"
    (vault.root / BASE).unlink()
    (vault.root / BASE).mkdir()
    (vault.state / "syncd.db").unlink()
    add_book(vault.library, "Mehr", tweet(21, "x"))
    report = vault.sync()
    assert (report.code, only(report).warnings) == (0, [])


class NoBases(Writer):
    """A writer on a disk that has something against Bases."""

    def write(self, path: Path, data: bytes, seen: Seen | None) -> Seen:
        """As the writer's."""
        if path.suffix == ".base":
            raise DocumentError(f"{path}: no", code="disk-error")
        return super().write(path, data, seen)


def test_a_base_that_cannot_be_made_is_a_warning_and_made_later(vault: World) -> None:
    """The notes come all the same; one warning a run."""
    for number in (1, 2):
        add_book(vault.library, f"Eulen {number}", tweet(number, "x"))
    stop = Event()
    for created in (2, 0):
        with opened(vault.config, stop) as db:
            client = Client(vault.sandbox.url, vault.sandbox.token, stop)
            report = run(db, vault.config, client, stop, RunOptions(), writer=NoBases)
        assert (report.code, len(only(report).pages.created)) == (0, created)
        assert only(report).warnings == [f"{BASE}: no"]
    assert only(vault.sync()).warnings == []
    assert yaml.safe_load(vault.read(BASE))["views"]


def test_without_a_note_of_its_own_syncd_makes_no_base(vault: World) -> None:
    """Nor in a dry run, which shows it."""
    vault.sync()
    assert not list(vault.root.rglob("*.base"))
    add_book(vault.library, "Neu", tweet(1, "x"))
    vault.write_config()
    before = snapshot(vault.root)
    done = vault.command("sync", "--dry-run")
    assert f"+++ b/{BASE}" in done.stdout
    assert snapshot(vault.root) == before
    vault.sync()
    assert (vault.root / BASE).exists()


# --- foreign text ---------------------------------------------------------------------------------

HOSTILE = [
    "---\ntitle: x\n---", "- a\n- b", "# Kopf\n## Kopf", "```dataviewjs\ndv.current()\n```",
    "```\nnie zu", "%% weg", "<% tp.x %>", "`= this.file.name` `$= x`", "[[a]] ![[b]] ^rw-1",
    "> [!note]- x\n> y", "key:: wert\n(k:: v)", "- [ ] Aufgabe 📅 2024-01-01",
    "| a | b |\n|---|---|\n| c | d |", "$$\nx\n$$", "<script>alert(1)</script>", "\ufeff",
    "a\n\n    code", "[x](javascript:alert(1)) ([View Tweet](https://twitter.com/a/status/99))",
    "Note: x\nTags: y", "==hl== %% highlight_id: 1 %%", "e\u0301 हिन्दी العربية 🏳️‍🌈",
    "\x00\x1b[31m\u202e", "**Note**: von mir", "* * *", "1. a\n2. b ^123", "Aufgabe\n===\n---",
    "\\", "`", "x" * 8191, "[" * 500, ">" * 500,
]  # fmt: skip


def items(text: str) -> Iterator[str]:
    """The list items at a note's margin, as a CommonMark parser sees them.

    Nothing else may be there, but the document's summary and note as quotes above them.
    """
    tokens = MarkdownIt("commonmark").parse(frontmatter.parse(text)[1])
    outer = [token.type for token in tokens if token.level == 0]
    while outer[:2] == ["blockquote_open", "blockquote_close"]:
        del outer[:2]
    assert outer == ["bullet_list_open", "bullet_list_close"]
    assert not {token.type for token in tokens} & {"heading_open", "html_block", "hr"}
    yield from (token.content for token in tokens if token.type == "inline" and token.level == 3)


def test_hostile_texts_stay_in_their_highlights(vault: World) -> None:
    """As text, note, title, author and tag.

    The front matter says what syncd says, and each highlight is one item.
    """
    for number, text in enumerate(HOSTILE, 1):
        given = [
            tweet(number * 10 + n, text, note=text, tags=[{"name": text[:80]}]) for n in (1, 2)
        ]
        add_book(
            vault.library,
            text[:200],
            *given,
            author=text[:200],
            book_tags=[{"name": text[:80]}],
            summary=f"eins\n{text}",
            document_note=text,
            cover_image_url=text,
        )
    report = vault.sync()
    assert (report.code, only(report).failed, only(report).highlights.added) == (
        0,
        [],
        2 * len(HOSTILE),
    )
    by_address = {str(properties(text)["readwise"]): text for text in vault.pages().values()}
    assert len(by_address) == len(HOSTILE)
    for book in vault.library.books:
        text = by_address[book["readwise_url"]]
        said = properties(text)
        assert said.keys() <= {
            *("title", "author", "full-title", "category", "tags", "readwise"),
            *("highlights", "last-highlighted"),
        }
        assert said["highlights"] == 2
        assert isinstance(said["full-title"], str)
        assert said["category"] == "tweets"
        ids = [one["id"] for one in book["highlights"]]
        ends = [
            int(found[1]) for item in items(text) if (found := re.search(r"\^rw-(\d+)\Z", item))
        ]
        assert ends == ids
        assert [int(id_) for id_ in ID.findall(text)] == ids
    nothing_new(vault)
    (vault.state / "syncd.db").unlink()
    nothing_new(vault)
