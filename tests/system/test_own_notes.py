"""A note for each highlight (`layout = "note-per-highlight"`), through whole runs."""

from __future__ import annotations

import os
import shutil
from threading import Event

import pytest
import yaml

from syncd.page.markdown import parse_markdown
from syncd.sandbox.library import Library
from syncd.sync.restore import restore_missing
from syncd.sync.settle import diff_all, settle_all
from tests.support.obsidian_notes import nothing_new, properties
from tests.support.web import JPEG, PNG, Server
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet
from tests.system.test_media import sync
from tests.system.test_obsidian_adoption import NAMES, PROGRAMS, Make, account, adopted

INDEX = "Readwise/Tweets/Eulen/Eulen.md"
ONE = "Readwise/Tweets/Eulen/Der Waldkauz ruft.md"
TWO = "Readwise/Tweets/Eulen/猫头鹰在夜里飞.md"
MINE = "\n\nMein Gedanke dazu.\n- [ ] nachhören\n"


@pytest.fixture
def notes(library: Library, make_world: MakeWorld) -> World:
    """An Obsidian vault in which each highlight has a note, and an account with two tweets."""
    world = make_world(library, edn=None, layout="note-per-highlight")
    add_book(
        library,
        "Eulen",
        tweet(11, "Der Waldkauz ruft."),
        tweet(12, "猫头鹰在夜里飞。", note="Notiz", tags=[{"name": "nachts"}, {"name": "Vögel"}]),
        source_url="https://twitter.com/example_owl/status/11",
    )
    world.sync()
    return world


def ids(world: World) -> list[int]:
    """The highlights' ids."""
    return [item["id"] for book in world.library.books for item in book["highlights"]]


def again(world: World) -> World:
    """The same vault, an hour later, with a state that is lost."""
    shutil.rmtree(world.state)
    for path in world.root.rglob("*.md"):
        before = path.stat().st_mtime - 3600
        os.utime(path, (before, before))
    return world


def edit(world: World, path: str, *changes: tuple[str, str]) -> None:
    """Its owner edits a page."""
    text = world.read(path)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    world.put(path, text)


def count(world: World, words: str) -> int:
    """How often something stands in the vault."""
    return world.text().count(words)


def test_a_document_is_a_folder_with_an_index_and_a_note_for_each_highlight(notes: World) -> None:
    """The index has the document's front matter, each note its highlight's."""
    one, two = ids(notes)
    pages = notes.pages()
    assert set(pages) == {INDEX, ONE, TWO}
    front, _, body = pages[INDEX].partition("\n---\n")
    assert "title: Eulen\n" in front and "readwise: " in front
    assert body.splitlines() == [
        "- [[Readwise/Tweets/Eulen/Der Waldkauz ruft|Der Waldkauz ruft]]",
        "- [[Readwise/Tweets/Eulen/猫头鹰在夜里飞|猫头鹰在夜里飞]]",
    ]
    assert pages[TWO] == (
        f"---\nhighlight: {two}\n"
        'document: "[[Readwise/Tweets/Eulen/Eulen|Eulen]]"\n'
        "date: 2024-05-05\ntags:\n  - nachts\n  - Vögel\n---\n"
        f"猫头鹰在夜里飞。 ([View Tweet](https://twitter.com/example_owl/status/12)) ^rw-{two}\n\n"
        "- **Note**: Notiz"
    )
    assert properties(pages[ONE])["highlight"] == one
    nothing_new(notes)


def test_the_base_lists_documents_and_highlights_apart(notes: World) -> None:
    """Each in its own views."""
    base = yaml.safe_load(notes.read("Readwise/Readwise.base"))
    views = {view["name"]: view for view in base["views"]}
    only_notes = {"and": ['file.hasProperty("highlight")']}
    assert views["Highlights"]["filters"] == only_notes
    assert "date" in views["Highlights"]["order"]
    assert views["Documents"]["filters"] == {"and": ['file.hasProperty("category")']}


def test_headings_tags_and_properties_are_as_on_a_page(
    library: Library, make_world: MakeWorld
) -> None:
    """A chapter's heading is one in its note; marks of a note are tags, properties entries."""
    world = make_world(
        library, edn=None, layout="note-per-highlight", properties=("color", "favorite")
    )
    add_book(
        library,
        "Karten",
        {"text": "Erstes Kapitel", "note": ".h2", "color": "yellow", "is_favorite": True},
        {"text": "Satz", "note": ".wichtig gut", "tags": [{"name": "wichtig"}]},
        category="books",
    )
    world.sync()
    one, two = ids(world)
    text = world.read("Readwise/Books/Karten/Erstes Kapitel.md")
    assert f"\n## Erstes Kapitel ^rw-{one}" in text and "**Note**" not in text
    assert properties(text)["color"] == "yellow" and properties(text)["favorite"] is True
    text = world.read("Readwise/Books/Karten/Satz.md")
    assert text.endswith(f"Satz ^rw-{two}\n\n- **Note**: gut")
    assert properties(text)["tags"] == ["wichtig"]
    nothing_new(world)
    library.edit_highlight(one, text="Anfang", color="blue", is_favorite=False, note=".h3 hm")
    world.sync()
    text = world.read("Readwise/Books/Karten/Erstes Kapitel.md")
    assert f"\n### Anfang ^rw-{one}\n\n- **Note**: hm" in text
    assert properties(text)["color"] == "blue" and "favorite" not in properties(text)
    nothing_new(world)


def test_what_changes_in_readwise_arrives_in_untouched_parts(notes: World) -> None:
    """Text, tags and note, each by itself; what its owner wrote around them stays."""
    one, two = ids(notes)
    notes.put(TWO, notes.read(TWO).replace("---\nhigh", "---\nmine: ja\nhigh", 1) + MINE)
    notes.put(ONE, notes.read(ONE) + MINE)
    nothing_new(notes)
    notes.library.edit_highlight(two, text="猫头鹰白天睡觉。", note="Andere\n\nNotiz", tags=[])
    notes.library.edit_highlight(one, note="Neu", tags=[{"name": "laut"}], location=7)
    report = only(notes.sync())
    assert report.conflicts == [] and report.highlights.updated == 2
    assert notes.read(TWO) == (
        f"---\nmine: ja\nhighlight: {two}\n"
        'document: "[[Readwise/Tweets/Eulen/Eulen|Eulen]]"\n'
        "date: 2024-05-05\n---\n"
        f"猫头鹰白天睡觉。 ([View Tweet](https://twitter.com/example_owl/status/12)) ^rw-{two}\n\n"
        "- **Note**: Andere\n  \n  Notiz" + MINE
    )
    text = notes.read(ONE)
    assert f"^rw-{one}\n\n- **Note**: Neu\n\nMein Gedanke" in text
    assert "location: 7\ntags:\n  - laut\n---\n" in text
    notes.library.edit_highlight(one, note="", tags=[], location=None)
    notes.sync()
    assert f"^rw-{one}\n\nMein Gedanke" in notes.read(ONE)
    assert "tags" not in notes.read(ONE) and "location" not in notes.read(ONE)
    nothing_new(notes)


@pytest.mark.parametrize(
    ("part", "change", "old", "new"),
    [
        ("text", {"text": "Anders."}, "Der Waldkauz ruft. (", "Der Kauz ruft mir. ("),
        ("text", {"text": "Anders."}, "date: 2024-05-05", "date: 2024-05-06"),
        ("tags", {"tags": [{"name": "b"}]}, "tags:\n  - a", "tags:\n  - a\n  - meins"),
        ("tags", {"tags": [{"name": "b"}]}, "tags:\n  - a", "tags: [mine]"),
        ("note", {"note": "Anders."}, "**Note**: Notiz", "**Note**: Notiz von mir"),
    ],
)
def test_a_part_that_its_owner_edited_is_theirs(
    notes: World, part: str, change: dict[str, object], old: str, new: str
) -> None:
    """The others still arrive; the difference is named, and `take` and `keep` settle it."""
    one, _ = ids(notes)
    notes.library.edit_highlight(one, tags=[{"name": "a"}], note="Notiz")
    notes.sync()
    edit(notes, ONE, (old, new))
    nothing_new(notes)
    more = {"tags": [{"name": "c"}]} if part != "tags" else {"note": "Mehr"}
    notes.library.edit_highlight(one, **change, **more)
    report = only(notes.sync())
    assert [(found.highlight, found.parts) for found in report.conflicts] == [(one, [part])]
    assert [found.page for found in report.conflicts] == [ONE]
    assert new in notes.read(ONE)
    assert ("- c\n" if part != "tags" else "**Note**: Mehr") in notes.read(ONE)
    before = snapshot(notes.root)
    assert len(only(notes.sync()).conflicts) == 1
    assert snapshot(notes.root) == before
    differing = diff_all(notes.config, "Der Waldkauz ruft", Event())[0].differences
    assert [(found.part, found.kind, found.page) for found in differing] == [
        (part, "conflict", ONE)
    ]
    assert new.splitlines()[-1].strip() in "\n".join(differing[0].vault)
    kept = notes.folder / "kept"
    for folder in ("notes", "state"):
        shutil.copytree(notes.folder / folder, kept / folder)
    assert settle_all(notes.config, str(one), Event(), take=False)[0].left == []
    assert new in notes.read(ONE)
    nothing_new(notes)
    for folder in ("notes", "state"):
        shutil.rmtree(notes.folder / folder)
        shutil.copytree(kept / folder, notes.folder / folder)
    assert settle_all(notes.config, ONE, Event(), take=True)[0].left == []
    assert new not in notes.read(ONE)
    assert only(notes.sync()).conflicts == []
    nothing_new(notes)


@pytest.mark.parametrize("to", ["Mine/Kauz.md", "Readwise/Tweets/Eulen/Ein Kauz.md", "Kauz.md"])
def test_a_note_that_its_owner_renames_or_moves_is_found_again(notes: World, to: str) -> None:
    """By its front matter, also where the state is lost; edits arrive there."""
    one, _ = ids(notes)
    (notes.root / to).parent.mkdir(exist_ok=True)
    (notes.root / ONE).rename(notes.root / to)
    nothing_new(notes)
    notes.library.edit_highlight(one, text="Er ruft lauter.")
    notes.sync()
    assert "Er ruft lauter." in notes.read(to)
    again(notes).sync()
    nothing_new(notes)
    notes.library.edit_highlight(one, note="und öfter")
    notes.sync()
    assert "**Note**: und öfter" in notes.read(to)
    assert len(notes.pages()) == 3


def test_a_renamed_index_is_found_again(notes: World) -> None:
    """New notes are listed there, and lie beside it."""
    (notes.root / "Readwise/Tweets/Eulen").rename(notes.root / "Readwise/Tweets/Käuze")
    (notes.root / "Readwise/Tweets/Käuze/Eulen.md").rename(
        notes.root / "Readwise/Tweets/Käuze/Käuze.md"
    )
    nothing_new(notes)
    book = notes.library.books[0]["user_book_id"]
    notes.library.add_highlight(book, **tweet(13, "Der Uhu schweigt."))
    notes.sync()
    assert "- [[Readwise/Tweets/Käuze/Der Uhu schweigt|Der Uhu schweigt]]" in notes.read(
        "Readwise/Tweets/Käuze/Käuze.md"
    )
    text = notes.read("Readwise/Tweets/Käuze/Der Uhu schweigt.md")
    assert properties(text)["document"] == "[[Readwise/Tweets/Käuze/Käuze|Käuze]]"
    nothing_new(notes)


def test_a_note_that_is_gone_was_deleted_and_can_be_restored(notes: World) -> None:
    """It is told once, stays deleted whatever changes upstream, and comes again when asked for."""
    one, _ = ids(notes)
    (notes.root / ONE).unlink()
    report = only(notes.sync())
    assert [found.highlight for found in report.deleted] == [one]
    notes.library.edit_highlight(one, text="Der Waldkauz ruft wieder.")
    assert only(notes.sync()).deleted == []
    notes.sync(full=True)
    assert not (notes.root / ONE).exists() and count(notes, "wieder") == 0
    assert restore_missing(notes.config, None, Event()) == {"notes": 1}
    notes.sync()
    assert "wieder" in notes.read(ONE.replace("ruft", "ruft wieder"))
    assert "**Note**" in notes.read(TWO)
    nothing_new(notes)


def test_a_note_that_comes_back_is_as_before(notes: World) -> None:
    """It was away while a folder was synced."""
    one, _ = ids(notes)
    text = notes.read(ONE)
    (notes.root / ONE).unlink()
    notes.sync()
    notes.put(ONE, text)
    notes.sync()
    notes.library.edit_highlight(one, text="Er ruft.")
    notes.sync()
    assert "Er ruft." in notes.read(ONE)
    nothing_new(notes)


def test_many_notes_that_are_gone_at_once_are_held_back(
    library: Library, make_world: MakeWorld
) -> None:
    """The vault is not whole; `sync --accept-deletions` says otherwise."""
    world = make_world(library, edn=None, layout="note-per-highlight")
    add_book(library, "Eulen", *(tweet(n, f"Ruf {n} im Wald") for n in range(11, 41)))
    world.sync()
    for n in range(11, 31):
        (world.root / f"Readwise/Tweets/Eulen/Ruf {n} im Wald.md").unlink()
    report = only(world.sync())
    assert len(report.held) == 20 and report.deleted == []
    report = only(world.sync(accept_deletions=True))
    assert report.held == [] and len(report.deleted) == 20
    assert len(world.pages()) == 11


def test_a_folder_that_is_gone_was_deleted(notes: World, library: Library) -> None:
    """By the second look; what is new gets a new index, and is alone there."""
    notes.put("Meins.md", "Meins\n")
    shutil.rmtree(notes.root / "Readwise/Tweets")
    told = [len(only(notes.sync()).deleted) for _ in range(3)]
    assert told == [0, 2, 0]
    library.add_highlight(library.books[0]["user_book_id"], **tweet(13, "Der Uhu schweigt."))
    notes.sync()
    made = {INDEX, "Readwise/Tweets/Eulen/Der Uhu schweigt.md"}
    assert set(notes.pages()) == {*made, "Meins.md"}
    assert count(notes, "- [[") == 1
    nothing_new(notes)


def test_a_note_that_stands_in_a_conflict_copy_is_written_again(notes: World) -> None:
    """A syncing tool put an older folder there, and the newer file beside it."""
    library = notes.library
    three = library.add_highlight(library.books[0]["user_book_id"], **tweet(13, "Uhu"))
    notes.sync()
    path = "Readwise/Tweets/Eulen/Uhu.md"
    copy = path.replace(".md", ".sync-conflict-20240204-101112-ABCDEF2.md")
    (notes.root / path).rename(notes.root / copy)
    report = only(notes.sync())
    assert [found.highlight for found in report.returned] == [three] and report.deleted == []
    assert notes.read(path) == notes.read(copy)


def test_a_note_takes_another_name_where_a_conflict_copy_has_its_own(notes: World) -> None:
    """A second highlight of the same first words would be named like the copy of the first."""
    three = max(ids(notes)) + 1
    copy = ONE.replace(".md", f" ({three}).md")
    notes.put(copy, notes.read(ONE))
    before = notes.read(copy)
    book = notes.library.books[0]["user_book_id"]
    assert notes.library.add_highlight(book, **tweet(13, "Der Waldkauz ruft.")) == three
    report = only(notes.sync())
    assert (report.failed, report.highlights.added) == ([], 1)
    assert notes.read(copy) == before


def test_notes_of_a_vault_that_went_back_in_time_are_written_again(
    notes: World, library: Library
) -> None:
    """A backup lacks what came since, and has an edit's earlier words; other deletions stay."""
    one, two = ids(notes)
    backup = shutil.copytree(notes.root, notes.folder / "backup")
    book = library.books[0]["user_book_id"]
    library.add_highlight(book, **tweet(13, "Der Uhu schweigt."))
    notes.sync()
    library.edit_highlight(one, text="Er ruft.")
    notes.sync()
    after = notes.pages()
    shutil.rmtree(notes.root)
    shutil.copytree(backup, notes.root)
    (notes.root / TWO).unlink()
    report = only(notes.sync())
    assert [found.highlight for found in report.deleted] == [two]
    assert {found.highlight for found in report.returned} == {one, two + 1}
    del after[TWO]
    index = sorted(after.pop(INDEX).replace("highlights: 3", "highlights: 2").splitlines())
    assert sorted(notes.read(INDEX).splitlines()) == index
    assert {**notes.pages(), **after} == notes.pages()
    nothing_new(notes)


def test_a_bullet_that_its_owner_took_away_stays_away(notes: World, library: Library) -> None:
    """A new note's bullet stands behind its nearest predecessor's, wherever that is."""
    edit(notes, INDEX, ("- [[Readwise/Tweets/Eulen/猫头鹰在夜里飞|猫头鹰在夜里飞]]", "\n## Meins"))
    book = library.books[0]["user_book_id"]
    library.add_highlight(book, **tweet(13, "Der Uhu schweigt."))
    library.edit_highlight(ids(notes)[1], text="猫头鹰睡觉。")
    notes.sync()
    assert notes.read(INDEX).partition("\n---\n")[2] == (
        "- [[Readwise/Tweets/Eulen/Der Waldkauz ruft|Der Waldkauz ruft]]\n"
        "- [[Readwise/Tweets/Eulen/Der Uhu schweigt|Der Uhu schweigt]]\n\n## Meins"
    )
    again(notes).sync()
    assert count(notes, "猫头鹰在夜里飞") == 0
    nothing_new(notes)


def test_a_lost_state_is_found_again_in_the_notes(notes: World) -> None:
    """Untouched notes get edits again, others are their owner's; nothing is written."""
    one, two = ids(notes)
    edit(notes, TWO, ("夜里飞。", "夜里飞来。"))
    notes.put(ONE, notes.read(ONE) + MINE)
    again(notes)
    before = snapshot(notes.root)
    notes.sync()
    assert snapshot(notes.root) == before
    nothing_new(notes)
    notes.library.edit_highlight(one, text="Er ruft.")
    notes.library.edit_highlight(two, text="Sie schläft.")
    report = only(notes.sync())
    assert [found.highlight for found in report.conflicts] == [two]
    assert "Er ruft." in notes.read(ONE) and notes.read(ONE).endswith(MINE)
    assert "夜里飞来。" in notes.read(TWO)


def test_a_note_without_its_front_matter_or_mark_is_its_owners(notes: World) -> None:
    """It still is the highlight; what cannot be placed is named, and nothing is lost or doubled."""
    one, two = ids(notes)
    notes.put(ONE, notes.read(ONE).rpartition("---\n")[2] + MINE)
    edit(notes, TWO, (f" ^rw-{two}", ""))
    before = notes.pages()
    nothing_new(notes)
    notes.library.edit_highlight(one, text="Er ruft.", tags=[{"name": "neu"}])
    notes.library.edit_highlight(two, text="Sie schläft.")
    report = only(notes.sync())
    assert {found.highlight for found in [*report.conflicts, *report.unplaced]} == {one, two}
    assert notes.pages() == before
    for id_ in (one, two):
        settle_all(notes.config, str(id_), Event(), take=True)
    assert notes.pages() == before
    again(notes).sync()
    assert notes.pages() == before


def test_a_highlight_that_its_owner_took_into_another_note_stands_there(notes: World) -> None:
    """Into the index, or below another highlight's text; its own note is gone."""
    one, two = ids(notes)
    body = notes.read(TWO).rpartition("---\n")[2].splitlines()[0]
    for path in (INDEX, ONE):
        before = notes.read(path)
        kept = notes.read(TWO)
        notes.put(path, f"{before}\n\n- {body}\n")
        (notes.root / TWO).unlink()
        report = only(notes.sync())
        assert report.deleted == [] and not (notes.root / TWO).exists()
        again(notes).sync()
        assert count(notes, f"^rw-{two}") == 1 and count(notes, f"^rw-{one}") == 1
        notes.put(TWO, kept)
        notes.put(path, before)
        notes.sync()
        nothing_new(notes)


def test_what_is_deleted_in_readwise_removes_no_file(
    library: Library, make_world: MakeWorld
) -> None:
    """Nor any of its words, with `on_delete = "remove"` too."""
    world = make_world(library, edn=None, layout="note-per-highlight", on_delete="remove")
    book = add_book(library, "Eulen", *(tweet(n, f"Ruf {n}") for n in range(11, 21)))
    world.sync()
    before = world.pages()
    library.delete_highlight(ids(world)[0])
    world.sync()
    library.delete_book(book)
    world.sync(full=True, allow_removals=True)
    assert world.pages() == before


def test_changing_the_layout_moves_nothing(library: Library, make_world: MakeWorld) -> None:
    """A document keeps what it has, also where the state is lost; new ones take the new layout."""
    world = make_world(library, edn=None)
    book = add_book(library, "Eulen", tweet(11, "Der Waldkauz ruft."))
    world.sync()
    (vault,) = world.config.vaults
    settings = {name: getattr(vault, name) for name in vault.__struct_fields__}

    def lay_out(layout: str) -> None:
        vaults = (type(vault)(**{**settings, "layout": layout}),)
        world.config = type(world.config)(
            vaults, world.config.readwise, world.config.schedule, world.state
        )

    lay_out("note-per-highlight")
    other = add_book(library, "Uhus", tweet(21, "Der Uhu schweigt."))
    library.add_highlight(book, **tweet(12, "Noch ein Ruf."))
    world.sync()
    pages = {"Readwise/Tweets/Eulen.md", "Readwise/Tweets/Uhus/Uhus.md"}
    assert set(world.pages()) == pages | {"Readwise/Tweets/Uhus/Der Uhu schweigt.md"}
    assert "- Noch ein Ruf." in world.read("Readwise/Tweets/Eulen.md")
    nothing_new(world)
    world.write_config('layout = "note-per-highlight"')
    assert "notes: 1 document has another layout" in world.command("check").stdout
    again(world).sync()
    nothing_new(world)
    lay_out("page")
    library.add_highlight(other, **tweet(22, "Jetzt doch."))
    world.sync()
    assert "Jetzt doch." in world.read("Readwise/Tweets/Uhus/Jetzt doch.md")
    again(world).sync()
    assert len(world.pages()) == 4
    nothing_new(world)


def test_a_tweet_is_there_once_whichever_document_brings_it(notes: World, library: Library) -> None:
    """Also where the state is lost, and where its note has a name of its owner's."""
    (notes.root / ONE).rename(notes.root / "Kauz.md")
    add_book(library, "Kauz", tweet(11, "Der Waldkauz ruft."), tweet(31, "Etwas anderes."))
    for _ in range(2):
        notes.sync()
        assert count(notes, "status/11))") == 1 and count(notes, "status/31))") == 1
        nothing_new(notes)
        again(notes)


def test_highlights_of_one_address_have_a_note_each(
    library: Library, make_world: MakeWorld
) -> None:
    """As those of an article, in two documents of the account too."""
    world = make_world(library, edn=None, layout="note-per-highlight")
    books = [
        add_book(
            library,
            "Über Eulen",
            *({"text": f"Satz {n} von {book}."} for n in range(3)),
            category="articles",
            source_url="https://example.org/eulen",
        )
        for book in range(2)
    ]
    world.sync()
    assert len(world.pages()) == 8
    nothing_new(world)
    (gone,) = world.root.rglob("Satz 1 von 0.md")
    gone.unlink()
    assert len(only(world.sync()).deleted) == 1
    library.add_highlight(books[0], text="Satz 4 von 0.")
    world.sync()
    assert len(world.pages()) == 8 and count(world, "Satz 1 von 0.") == 0
    again(world).sync()
    nothing_new(world)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kurz.", "Kurz"),
        ("Eulen", "Eulen ({id})"),
        ("2024-05-05", "2024-05-05 (Readwise)"),
        ("…", "{id}"),
        (None, "{id}"),
        ("![](https://example.org/a.png)", "{id}"),
        ("[Ein *Link*](https://example.org) und https://example.org/b", "Ein Link und"),
        ("# Ein Titel: [[so]] a/b? <c>", None),
        ("Viele Wörter, von denen nur die ersten im Namen stehen, da er sonst zu lang wäre", None),
        ("猫头鹰" * 60, "猫头鹰" * 16 + "猫头"),
        ("👩‍👩‍👧‍👦" * 30, None),
    ],
)
def test_a_note_is_called_by_its_first_words(
    library: Library, make_world: MakeWorld, text: str | None, name: str | None
) -> None:
    """Safe on every disk and in every link; the name never changes."""
    world = make_world(library, edn=None, layout="note-per-highlight")
    add_book(library, "Eulen", {"text": text}, {"text": text}, category="books")
    world.sync()
    made = [path.stem for path in (world.root / "Readwise/Books/Eulen").glob("*.md")]
    assert len(made) == 3 and "Eulen" in made
    for one in made:
        assert len(one) < 70 and not set('\\/:*?"<>|#^[]') & set(one)
    if name is not None:
        assert name.format(id=ids(world)[0]) in made
    assert len([one for one in made if one.endswith(f"{ids(world)[1]})") or one.isdigit()]) >= 1
    world.library.edit_highlight(ids(world)[0], text="Ganz anders")
    world.sync()
    assert made == [path.stem for path in (world.root / "Readwise/Books/Eulen").glob("*.md")]
    nothing_new(world)


def test_a_copied_note_stays_its_owners(notes: World) -> None:
    """Edits arrive in the one that stands as it was."""
    one, _ = ids(notes)
    notes.put("Entwurf.md", notes.read(ONE).replace("ruft", "ruft mir") + MINE)
    nothing_new(notes)
    notes.library.edit_highlight(one, text="Er ruft.")
    notes.sync()
    assert "ruft mir" in notes.read("Entwurf.md") and "Er ruft." in notes.read(ONE)
    nothing_new(notes)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_files_habits_stay(notes: World, ending: str) -> None:
    """Line ends, a byte order mark, and a blank line below the front matter."""
    one, two = ids(notes)
    for path in (ONE, TWO):
        text = notes.read(path).replace("---\n", "---\n\n").replace("---\n\nhigh", "---\nhigh")
        notes.put(path, "\ufeff" + (text + MINE).replace("\n", ending))
    nothing_new(notes)
    notes.library.edit_highlight(one, text="Er ruft\n\nund ruft.", note="oft", tags=[{"name": "a"}])
    notes.library.edit_highlight(two, text="Sie schläft.", note="", tags=[])
    notes.sync()
    text = notes.read(ONE)
    assert text.startswith("\ufeff---") and text.endswith(MINE.replace("\n", ending))
    assert f"---{ending}{ending}Er ruft{ending}{ending}und ruft. (" in text
    assert "\n" not in text.replace("\r\n", "") or ending == "\n"
    assert "**Note**" not in notes.read(TWO)
    nothing_new(notes)


def test_it_is_for_obsidian_alone(library: Library, make_world: MakeWorld) -> None:
    """Elsewhere, and with templates, it is a mistake in the configuration."""
    world = make_world(library, layout="note-per-highlight")
    assert "is for Obsidian" in str(only(world.sync()).error)
    world.write_config('layout = "note-per-highlight"\ntemplate = "readwise-default"')
    done = world.command("sync")
    assert done.returncode == 2 and "template exclude each other" in done.stderr


def test_the_service_leaves_notes_alone_that_are_being_written(
    library: Library, make_world: MakeWorld
) -> None:
    """None of the document is written then, so that nothing is half done."""
    from datetime import timedelta

    world = make_world(library, edn=None, layout="note-per-highlight", quiet=timedelta(hours=1))
    add_book(library, "Eulen", tweet(11, "Eins"), tweet(12, "Zwei"))
    world.sync()
    path = "Readwise/Tweets/Eulen/Zwei.md"
    world.put(path, world.read(path) + MINE)
    for id_ in ids(world):
        library.edit_highlight(id_, note="neu")
    before = world.pages()
    report = only(world.sync(patient=True))
    assert [failure.code for failure in report.failed] == ["deferred"]
    assert world.pages() == before
    world.sync()
    assert count(world, "**Note**: neu") == 2


def test_foreign_texts_stay_where_they_belong(library: Library, make_world: MakeWorld) -> None:
    """Lists, code, quotes, front matter and marks in a text end nothing and begin nothing."""
    world = make_world(library, edn=None, layout="note-per-highlight")
    texts = [
        "---\nhighlight: 5\n---\n# Titel",
        "- eins\n- zwei\n\n1. drei",
        "```\n---\n- **Note**: x\n```",
        "> Zitat\n> ^rw-1",
        "- **Note**: keine\n\n    eingerückt",
        "a ^rw-7\n\nb %% c\ntags:: [[x]]",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "",
    ]
    add_book(library, "Texte", *(tweet(n, text, note=text) for n, text in enumerate(texts, 50)))
    world.sync()
    nothing_new(world)
    for path in world.root.rglob("*.md"):
        text = path.read_text("utf-8")
        if "highlight: " in text.partition("\n---\n")[0]:
            assert text.count(f"^rw-{properties(text)['highlight']}") == 1
            assert len([b for b in parse_markdown(text).blocks if not b.indent]) <= 1
    for id_ in ids(world):
        library.edit_highlight(id_, note="Neu.", tags=[{"name": "z"}])
    assert only(world.sync()).conflicts == []
    assert count(world, "- **Note**: Neu.") == len(texts)
    nothing_new(world)


@pytest.mark.parametrize("make", PROGRAMS[:2], ids=NAMES[:2])
def test_pages_by_other_programs_stay_their_documents(make_world: MakeWorld, make: Make) -> None:
    """Not a byte changes, and what is new comes there."""
    library = account(9)
    world = adopted(make_world, library, make, 1, layout="note-per-highlight")
    before = snapshot(world.root)
    for _ in range(2):
        assert world.sync().message == "notes: nothing new"
        assert snapshot(world.root) == before
        shutil.rmtree(world.state)
    world.sync()
    book = next(one for one in library.books if one["category"] == "tweets" and one["highlights"])
    library.add_highlight(book["user_book_id"], **tweet(999, "Ein neuer Ruf."))
    assert only(world.sync()).pages.created == []
    assert count(world, "Ein neuer Ruf.") == 1


def test_copies_of_pictures_are_linked_from_where_a_note_lies(
    library: Library, make_world: MakeWorld, server: Server
) -> None:
    """In its document's folder, and where its owner moved it."""
    server.pages |= {"/a.png": PNG, "/b.png": JPEG}
    world = make_world(library, edn=None, layout="note-per-highlight", media="copy")
    texts = [f"Bild {one} ![]({server.url}/{one}.png)" for one in "ab"]
    add_book(library, "Karten", *({"text": text} for text in texts), category="books")
    sync(world)
    one, two = (f"Readwise/Books/Karten/Bild {name}.md" for name in "ab")
    assert "Bild a ![](../../assets/" in world.read(one)
    (world.root / one).rename(world.root / "A.md")
    sync(world)
    library.edit_highlight(ids(world)[0], text=f"Bildchen {texts[0]}")
    library.edit_highlight(ids(world)[1], text=f"Bildchen {texts[1]}", note="Notiz")
    report = sync(world)
    assert report.conflicts == [] and report.warnings == []
    assert "Bildchen Bild a ![](Readwise/assets/" in world.read("A.md")
    assert "Bildchen Bild b ![](../../assets/" in world.read(two)
    before = snapshot(world.root)
    assert not sync(world, full=True).changed and snapshot(world.root) == before
