"""Copies of pictures: they come after the words, are there once, and disturb nothing."""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from msgspec.structs import replace

from syncd.errors import Stopped
from syncd.readwise.client import Client
from syncd.readwise.picture import fetch_picture
from syncd.report import VaultReport
from syncd.sandbox.library import Library
from syncd.sync.dry_run import rehearse
from syncd.sync.run import run
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions
from tests.support.web import JPEG, OTHER, PNG, SVG, Server, anywhere
from tests.support.world import MakeWorld, World, add_book, only, snapshot, tweet

PAGE = "pages/Readwise___Highlights___地図.md"


def name(data: bytes, extension: str = "png") -> str:
    """The file name of a copy."""
    return f"{sha256(data).hexdigest()[:16]}.{extension}"


def sync(world: World, stop: Event | None = None, **options: Any) -> VaultReport:
    """One run that may fetch pictures from this machine."""
    stop = stop or Event()
    with opened(world.config, stop) as db:
        client = Client(world.sandbox.url, world.sandbox.token, stop)
        picture = partial(fetch_picture, allowed=anywhere)
        return only(run(db, world.config, client, stop, RunOptions(**options), picture=picture))


def set_media(world: World, media: str) -> None:
    """Change the vault's setting."""
    world.config = replace(
        world.config, vaults=tuple(replace(one, media=media) for one in world.config.vaults)
    )


def copies(world: World, folder: str = "assets/readwise") -> list[str]:
    """The files in the folder."""
    return sorted(path.name for path in (world.root / folder).iterdir())


@pytest.fixture
def gallery(server: Server) -> Server:
    """Two pictures."""
    server.pages |= {"/map.exe": PNG, "/tide.png": JPEG}
    return server


@pytest.fixture
def graph(make_world: MakeWorld, library: Library) -> World:
    """A graph that keeps copies."""
    return make_world(library, media="copy")


def test_pictures_are_copied_by_their_content_and_linked(
    graph: World, library: Library, gallery: Server
) -> None:
    """Those in HTML too; a second run asks for nothing and writes nothing."""
    texts = [f"eins ![]({gallery.url}/map.exe)", f'زوج <img src="{gallery.url}/tide.png">\nत']
    add_book(library, "地図", tweet(1, texts[0]), tweet(2, texts[1]))
    report = sync(graph)
    assert copies(graph) == sorted([name(PNG), name(JPEG, "jpg")])
    assert (graph.root / "assets/readwise" / name(PNG)).read_bytes() == PNG
    page = graph.read(PAGE)
    assert f"- eins ![](../assets/readwise/{name(PNG)}) ([View Tweet]" in page
    assert f"- زوج ![](../assets/readwise/{name(JPEG, 'jpg')})\n" in page
    assert (report.pages.created, report.pages.updated, report.warnings) == ([PAGE], [], [])
    before, asked = snapshot(graph.root), list(gallery.asked)
    for full in (False, True):
        assert not sync(graph, full=full).changed
    assert (snapshot(graph.root), gallery.asked) == (before, asked)


def test_nothing_is_fetched_unless_asked_for(
    world: World, library: Library, gallery: Server
) -> None:
    """Pictures are links by default."""
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe)"))
    assert sync(world).warnings == []
    assert f"![]({gallery.url}/map.exe)" in world.read(PAGE)
    assert (gallery.asked, (world.root / "assets").exists()) == ([], False)


def test_a_picture_in_ones_own_network_is_not_asked_for(
    graph: World, library: Library, gallery: Server
) -> None:
    """The page links it, the run is well, and says so once."""
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe)"))
    report = graph.sync()
    (warning,) = only(report).warnings
    assert warning.endswith(
        f"{gallery.url}/map.exe leads to an address that is not on the public internet"
    )
    assert (report.code, gallery.asked) == (0, [])
    assert f"![]({gallery.url}/map.exe)" in graph.read(PAGE)
    assert only(graph.sync()).warnings == []


def test_a_picture_that_fails_is_tried_again_ever_more_rarely(
    graph: World, library: Library, gallery: Server
) -> None:
    """It is told once. A full run tries at once, and when it comes the block shows it."""
    del gallery.pages["/map.exe"]
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe)"), tweet(2, "zwei"))
    assert sync(graph).warnings == [
        f"a picture is not copied yet, and its page links it: {gallery.url}/map.exe answered 404"
    ]
    tried = [bool(sync(graph).warnings) or len(gallery.asked) for _ in range(10)]
    assert tried == [2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
    gallery.pages["/map.exe"] = PNG
    report = sync(graph, full=True)
    assert (report.pages.updated, report.highlights.updated) == ([PAGE], 1)
    assert f"- ![](../assets/readwise/{name(PNG)}) ([View" in graph.read(PAGE)


def test_the_owners_blocks_stay_and_are_no_conflicts(
    graph: World, library: Library, gallery: Server
) -> None:
    """Edited, deleted and moved ones; an edit in Readwise of the same block is a conflict still."""
    gallery.pages["/map.exe"] = 503
    add_book(
        library,
        "地図",
        *(tweet(number, f"Nr. {number} ![]({gallery.url}/map.exe)") for number in range(1, 5)),
    )
    sync(graph)
    blocks = graph.read(PAGE).split("\n- ")
    mine = [blocks[0], blocks[1].replace("Nr.", "meins:"), blocks[3]]
    graph.put(PAGE, "\n- ".join(mine))
    graph.put("journals/2024_07_01.md", f"- {blocks[4]}")
    gallery.pages["/map.exe"] = PNG
    report = sync(graph, full=True)
    mine[2] = mine[2].replace(f"{gallery.url}/map.exe", f"../assets/readwise/{name(PNG)}")
    assert graph.read(PAGE) == "\n- ".join(mine)
    assert graph.read("journals/2024_07_01.md") == f"- {blocks[4]}"
    assert (report.conflicts, sync(graph, full=True).conflicts) == ([], [])
    library.edit_highlight(1, text=f"neu ![]({gallery.url}/map.exe)")
    assert [one.highlight for one in sync(graph).conflicts] == [1]
    assert graph.read(PAGE) == "\n- ".join(mine)


def test_several_pictures_of_one_block_come_one_after_the_other(
    graph: World, library: Library, gallery: Server
) -> None:
    """Each is linked as it comes, also where the block was edited in Readwise meanwhile."""
    gallery.pages |= {"/map.exe": 500, "/sea.gif": OTHER}
    text = f"![]({gallery.url}/map.exe) ![]({gallery.url}/tide.png) ![]({gallery.url}/sea.gif)"
    add_book(library, "地図", tweet(1, text))
    sync(graph)
    tide, sea = (
        f"![](../assets/readwise/{name(JPEG, 'jpg')})",
        f"![](../assets/readwise/{name(OTHER)})",
    )
    assert f"- ![]({gallery.url}/map.exe) {tide} {sea} (" in graph.read(PAGE)
    gallery.pages["/map.exe"] = PNG
    library.edit_highlight(1, text=f"neu {text}")
    sync(graph, full=True)
    assert f"- neu ![](../assets/readwise/{name(PNG)}) {tide} {sea} (" in graph.read(PAGE)


def test_one_picture_is_there_once_for_all(graph: World, library: Library, gallery: Server) -> None:
    """For several documents, and by another address; a file of that name is the copy already."""
    gallery.pages["/again"] = PNG
    for number in (1, 2):
        add_book(
            library,
            f"地図 {number}",
            tweet(number, f"![]({gallery.url}/map.exe) ![]({gallery.url}/again)"),
        )
    graph.put(f"assets/readwise/{name(PNG)}", "cropped by its owner")
    sync(graph)
    assert copies(graph) == [name(PNG)]
    assert graph.text().count(f"![](../assets/readwise/{name(PNG)})") == 4
    assert graph.read(f"assets/readwise/{name(PNG)}") == "cropped by its owner"
    assert sorted(gallery.asked) == ["/again", "/map.exe"]


@pytest.mark.parametrize(
    ("app", "settings", "folder", "link"),
    [
        (None, {}, "Readwise/assets", "../assets/"),
        ({"attachmentFolderPath": "/"}, {"namespace": "Q/R"}, "Q/R/assets", "../assets/"),
        ({"attachmentFolderPath": "Meine Bilder"}, {}, "Meine Bilder", "../../Meine%20Bilder/"),
        ({"attachmentFolderPath": "./Anhang"}, {}, "Readwise/Anhang", "../Anhang/"),
        ({"attachmentFolderPath": "../outside"}, {}, "Readwise/assets", "../assets/"),
        ({"attachmentFolderPath": ["?"]}, {}, "Readwise/assets", "../assets/"),
    ],
)
def test_obsidian_has_them_in_its_folder_for_attachments(
    make_world: MakeWorld,
    gallery: Server,
    app: object,
    settings: dict[str, Any],
    folder: str,
    link: str,
) -> None:
    """Where that is the vault or follows the note, beside the notes' folders."""
    library = Library()
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe)"))
    world = make_world(library, edn=None, media="copy", **settings)
    if app is not None:
        world.put(".obsidian/app.json", json.dumps(app))
    sync(world)
    assert copies(world, folder) == [name(PNG)]
    assert f"- ![]({link}{name(PNG)}) ([View" in world.text()
    assert not sync(world, full=True).changed


def test_a_note_that_was_moved_links_from_where_it_is(
    make_world: MakeWorld, library: Library, gallery: Server
) -> None:
    """Whether Obsidian corrected its links or nobody did.

    An edited block is no conflict for that.
    """
    world = make_world(library, edn=None, media="copy")
    text = f"![]({gallery.url}/map.exe)"
    for number in (1, 2):
        add_book(
            library,
            f"地図 {number}",
            tweet(number, f"eins {text}"),
            tweet(number + 10, f"zwei {text}"),
        )
    sync(world)
    old, new = f"(../assets/{name(PNG)})", f"(../../../Readwise/assets/{name(PNG)})"
    (world.root / "Archiv/2024/地").mkdir(parents=True)
    for number in (1, 2):
        text = world.read(f"Readwise/Tweets/地図 {number}.md").replace("zwei", "meins")
        (world.root / f"Readwise/Tweets/地図 {number}.md").unlink()
        world.put(f"Archiv/2024/地/{number}.md", text.replace(old, new) if number == 2 else text)
    report = sync(world, full=True)
    assert report.conflicts == []
    assert f"- eins ![]{new} (" in world.read("Archiv/2024/地/1.md")
    assert f"- meins ![]{old} (" in world.read("Archiv/2024/地/1.md")
    assert world.read("Archiv/2024/地/2.md").count(new) == 2
    assert not sync(world, full=True).changed


def test_org_pages_link_copies_too(
    make_world: MakeWorld, library: Library, gallery: Server
) -> None:
    """As Org does it."""
    world = make_world(library, edn='{:preferred-format "Org"}', media="copy")
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe)"))
    sync(world)
    (page,) = (world.root / "pages").iterdir()
    assert f"* [[../assets/readwise/{name(PNG)}]] ([[" in page.read_text()


def test_a_lost_state_finds_its_copies_again(
    graph: World, library: Library, gallery: Server
) -> None:
    """Nothing is written twice, and the block is syncd's again."""
    add_book(library, "地図", tweet(1, f"eins ![]({gallery.url}/map.exe)"))
    sync(graph)
    before = snapshot(graph.root)
    for file in graph.state.iterdir():
        file.unlink()
    sync(graph)
    assert snapshot(graph.root) == before
    library.edit_highlight(1, text=f"neu ![]({gallery.url}/map.exe)")
    assert sync(graph).conflicts == []
    assert f"- neu ![](../assets/readwise/{name(PNG)}) (" in graph.read(PAGE)


def test_the_setting_can_be_changed_and_changed_back(
    world: World, library: Library, gallery: Server
) -> None:
    """Pages follow at once, blocks that were edited stay, files too.

    What is known is not fetched again.
    """
    picture = f"![]({gallery.url}/map.exe)"
    add_book(library, "地図", tweet(1, f"eins {picture}"), tweet(2, f"zwei {picture}"))
    sync(world)
    linked = world.put(PAGE, world.read(PAGE).replace("zwei", "meins")).read_text()
    for media, shown in (("copy", f"![](../assets/readwise/{name(PNG)})"), ("link", picture)) * 2:
        set_media(world, media)
        assert sync(world).conflicts == []
        assert world.read(PAGE) == linked.replace(f"- eins {picture}", f"- eins {shown}")
        assert not sync(world).changed
    assert (copies(world), gallery.asked) == ([name(PNG)], ["/map.exe"])


def test_what_another_program_wrote_otherwise_has_no_copies(
    graph: World, library: Library, gallery: Server
) -> None:
    """Its blocks are not changed, so no page would show them; nor is what was deleted fetched."""
    add_book(
        library,
        "地図",
        tweet(1, f"eins ![]({gallery.url}/map.exe)"),
        tweet(2, f"zwei ![]({gallery.url}/tide.png)"),
    )
    tag = "([View Tweet](https://twitter.com/example_owl/status/1)) #Highlight"
    graph.put(
        PAGE,
        (
            f"title:: Readwise/Highlights/地図\nfull-title:: 地図\n"
            f"- anders ![]({gallery.url}/map.exe) {tag}"
        ),
    )
    library.edit_highlight(2, is_deleted=True)
    sync(graph)
    assert gallery.asked == []


def test_no_copy_leaves_the_vault(
    graph: World, library: Library, gallery: Server, tmp_path: Path
) -> None:
    """A folder that leads elsewhere is not followed; what is no picture is not saved."""
    gallery.pages["/evil.png"] = SVG
    add_book(library, "地図", tweet(1, f"![]({gallery.url}/map.exe) ![]({gallery.url}/evil.png)"))
    (tmp_path / "elsewhere").mkdir()
    (graph.root / "assets").symlink_to(tmp_path / "elsewhere")
    report = sync(graph)
    (warning,) = report.warnings
    assert (warning.endswith(" (and 1 more)"), report.failed) == (True, [])
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert f"- ![]({gallery.url}/map.exe) ![]({gallery.url}/evil.png) (" in graph.read(PAGE)


def test_a_stop_while_pictures_are_copied_ends_the_run_and_the_next_one_goes_on(
    graph: World, library: Library, gallery: Server
) -> None:
    """While a server is silent; the words come next time, and the picture has not failed."""
    gallery.pages["/map.exe"] = None
    add_book(library, "地図", tweet(1, f"eins ![]({gallery.url}/map.exe)"))
    stop = Event()
    stopper = Thread(target=gallery.stop_once_asked, args=(stop,))
    stopper.start()
    with pytest.raises(Stopped):
        sync(graph, stop)
    stopper.join()
    assert not graph.pages()
    gallery.pages["/map.exe"] = PNG
    assert sync(graph).pages.created == [PAGE]
    assert "- eins ![](../assets/readwise/" in graph.read(PAGE)


def test_a_rehearsal_fetches_no_picture(graph: World, library: Library, gallery: Server) -> None:
    """It would be written."""
    add_book(library, "地図", tweet(1, f"eins ![]({gallery.url}/map.exe)"))
    rehearse(graph.config, RunOptions(), Event(), lambda _: None)
    assert (list(graph.pages()), (graph.root / "assets").exists()) == ([], False)


def test_each_vault_has_its_own_copies(
    make_world: MakeWorld, library: Library, gallery: Server
) -> None:
    """One that keeps none is not touched."""
    add_book(library, "地図", tweet(1, f"eins ![]({gallery.url}/map.exe)"))
    first, second, third = (make_world(library, media=media) for media in ("copy", "copy", "link"))
    vaults = [
        replace(one.config.vaults[0], name=str(at)) for at, one in enumerate((first, second, third))
    ]
    first.config = replace(first.config, vaults=tuple(vaults))
    stop = Event()
    with opened(first.config, stop) as db:
        client = Client(first.sandbox.url, first.sandbox.token, stop)
        run(
            db,
            first.config,
            client,
            stop,
            RunOptions(),
            picture=partial(fetch_picture, allowed=anywhere),
        )
    assert copies(first) == copies(second) == [name(PNG)]
    assert f"![]({gallery.url}/map.exe)" in third.read(PAGE)
