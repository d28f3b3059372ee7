"""Against a Readwise, a vault and a state that misbehave.

Whole pages, a named reason, a next run that heals.
"""

import shutil
import sqlite3
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from syncd.config.settings import Config, Vault
from syncd.errors import ConfigError, LockedError, ReadwiseError, SyncdError, TokenError
from syncd.report import Report
from syncd.sandbox.faults import Fault, Kind
from syncd.sandbox.library import Library
from syncd.sync.lock import locked
from syncd.sync.session import sync_once
from syncd.sync.vault_run import RunOptions
from tests.support.web import Server, answer
from tests.support.world import Clock, MakeWorld, World, add_book, only, snapshot, tweet

PASSING: list[Kind] = ["429", "500", "502", "503", "504", "html", "empty", "truncated", "reset"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages of the bundled account after a run in which nothing went wrong."""
    from syncd.sandbox.server import Sandbox

    with Sandbox(Library.load()) as sandbox:
        world = World(tmp_path_factory.mktemp("undisturbed"), sandbox)
        world.sync()
        return world.pages()


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_on_any_page_of_the_api_changes_nothing(
    make_world: MakeWorld, undisturbed: dict[str, str], kind: Kind
) -> None:
    """The run waits, asks again, and ends where an undisturbed one does."""
    world = make_world(Library.load())
    world.sandbox.faults += [
        Fault(kind, retry_after="0"),
        Fault("pass"),
        *[Fault(kind, retry_after="0")] * 2,
    ]
    report = world.sync_impatiently()
    assert report.code == 0
    assert report.fetched.requests == 5
    assert world.pages() == undisturbed


@pytest.mark.parametrize(
    ("kind", "limits"), [("hang", {"deadline": 0.4}), ("slow", {"deadline": 0.4})]
)
def test_an_answer_that_does_not_come_is_given_up_and_asked_for_again(
    world: World, kind: Kind, limits: dict[str, Any]
) -> None:
    """No answer at all, and one that trickles."""
    add_book(world.library, "Faden", tweet(1, "eins"))
    world.sandbox.faults.append(Fault(kind))
    assert only(world.sync_impatiently(**limits)).highlights.added == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("400"), ReadwiseError),
        (Fault("401"), TokenError),
        (Fault("403"), TokenError),
        (Fault("414"), ReadwiseError),
        (Fault("huge"), ReadwiseError),
        (Fault("repeat-cursor"), ReadwiseError),
    ],
)
def test_a_fault_that_does_not_pass_ends_the_run_and_the_next_one_completes_it(
    make_world: MakeWorld, undisturbed: dict[str, str], fault: Fault, error: type[SyncdError]
) -> None:
    """On the first page of the API or a later one: nothing is written into the vault."""
    world = make_world(Library.load())
    empty = snapshot(world.root)
    for before in ([], [Fault("pass")]):
        twice = fault.kind == "repeat-cursor" or (before and fault.kind in ("400", "414"))
        world.sandbox.faults += [*before, fault] * (
            2 if twice else 1
        )  # once may be an old cursor: the pages begin anew
        with pytest.raises(error) as raised:
            world.sync_impatiently(size_limit=4 << 20)
        assert "\n" not in raised.value.message
        assert snapshot(world.root) == empty
        world.sandbox.faults.clear()
    assert world.sync().code == 0
    assert world.pages() == undisturbed


@pytest.mark.parametrize("kind", ["500", "truncated", "html"])
def test_a_fetch_that_is_cut_off_writes_nothing_and_loses_nothing(
    make_world: MakeWorld, undisturbed: dict[str, str], kind: Kind
) -> None:
    """After all tries on the second page; also where it is the cursor's run and not the first."""
    world = make_world(Library.load())
    empty = snapshot(world.root)
    world.sandbox.faults += [Fault("pass"), *[Fault(kind)] * 6]
    with pytest.raises(ReadwiseError, match=r"could not be read in 6 tries"):
        world.sync_impatiently()
    assert snapshot(world.root) == empty
    world.sync()
    assert world.pages() == undisturbed

    before = snapshot(world.root)
    world.library.add_highlight(7314264, **tweet(77, "unterwegs verloren"))
    world.sandbox.faults += [Fault(kind)] * 6
    with pytest.raises(ReadwiseError):
        world.sync_impatiently()
    assert snapshot(world.root) == before
    assert only(world.sync()).highlights.added == 1
    assert world.text().count("unterwegs verloren") == 1


def test_a_refused_cursor_begins_the_pages_anew(
    make_world: MakeWorld, undisturbed: dict[str, str]
) -> None:
    """A 4xx to an old cursor: the same pages again, and nothing twice."""
    world = make_world(Library.load())
    world.sandbox.faults += [Fault("pass"), Fault("400")]
    assert world.sync_impatiently().code == 0
    assert world.pages() == undisturbed


def test_a_rejected_document_is_named_asked_for_again_and_holds_up_no_other(
    make_world: MakeWorld, undisturbed: dict[str, str], clock: Clock
) -> None:
    """The next run asks for it by its id, though it has not changed since."""
    world = make_world(Library.load(now=clock))
    bad = 7301988
    world.sandbox.faults += [Fault("pass"), Fault("garbage-document", document=bad)]
    report = world.sync()
    assert report.code == 1
    (failure,) = only(report).failed
    assert (failure.document, failure.code) == (bad, "not-understood")
    assert failure.message
    assert len(world.pages()) == len(undisturbed) - 1

    clock.forward(days=1)
    world.sandbox.faults += [Fault("pass"), Fault("garbage-document", document=bad)]
    report = world.sync()
    assert (report.code, [one.document for one in only(report).failed]) == (1, [bad])
    assert f"ids={bad}" in world.sandbox.requests[-1][1]

    report = world.sync()
    assert report.code == 0
    assert not only(report).failed
    assert world.pages().keys() == undisturbed.keys()
    assert world.text().count("#Highlight #") == "".join(undisturbed.values()).count("#Highlight #")
    world.sync()
    assert "ids=" not in world.sandbox.requests[-1][1]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"highlights": "none"},
        {"highlights": [{"id": "x", "text": "a"}]},
        {"highlights": [{"text": "no id"}]},
        {"highlights": [{"id": 9, "text": ["a"]}]},
        {"title": {"a": 1}, "highlights": [{"id": 9, "text": "a"}]},
        {"highlights": [{"id": 9, "tags": "vogel"}]},
        {"highlights": [{"id": 10**30}]},
    ],
)
def test_what_cannot_be_understood_fails_alone(
    world: World, server: Server, spoilt: dict[str, Any]
) -> None:
    """Run after run it is named, and everything else stays up to date."""
    good = {
        "user_book_id": 1,
        "title": "Gut",
        "category": "tweets",
        "highlights": [{"id": 1, **tweet(1, "eins")}],
    }
    bad = {"user_book_id": 2, "title": "Schlecht", "category": "tweets", **spoilt}
    other = {
        **good,
        "user_book_id": 3,
        "title": "Auch gut",
        "highlights": [{"id": 3, **tweet(3, "drei")}],
    }
    body = msgspec.json.encode({"count": 2, "nextPageCursor": None, "results": [good, bad, other]})
    server.script.append(answer(body, Date="Mon, 01 Jul 2024 12:00:00 GMT"))
    readwise = msgspec.structs.replace(world.config.readwise, api_url=server.url)
    config = msgspec.structs.replace(world.config, readwise=readwise)
    for added in (2, 0):
        report = sync_once(config, RunOptions(), Event(), lambda *_: None, env={})
        assert report.code == 1
        (failure,) = only(report).failed
        assert (failure.document, failure.code) == (2, "not-understood")
        assert only(report).highlights.added == added
    assert len(world.pages()) == 2


@pytest.mark.parametrize("named", [True, False])
def test_what_cannot_be_understood_any_more_is_not_taken_for_deleted(
    make_world: MakeWorld, server: Server, named: bool
) -> None:
    """A full fetch brings a document that was sound before as a ruin.

    Its blocks stay, also under `remove`.
    """
    world = make_world(Library(), on_delete="remove")
    good = {"user_book_id": 1, "title": "Gut", "category": "tweets", "highlights": []}
    good["highlights"] = [
        {"id": number, **tweet(number, f"nummer {number}")} for number in range(1, 9)
    ]
    other = {
        **good,
        "user_book_id": 2,
        "title": "Auch gut",
        "highlights": [{"id": 9, **tweet(9, "nummer 9")}],
    }
    ruin = {**other, "user_book_id": 2 if named else None, "highlights": "none"}
    readwise = msgspec.structs.replace(world.config.readwise, api_url=server.url)
    config = msgspec.structs.replace(world.config, readwise=readwise)

    def full(*books: dict[str, Any]) -> Report:
        body = msgspec.json.encode({"nextPageCursor": None, "results": books})
        server.script[:] = [answer(body, Date="Mon, 01 Jul 2024 12:00:00 GMT")]
        return sync_once(config, RunOptions(full=True), Event(), lambda *_: None, env={})

    assert full(good, other).code == 0
    before = snapshot(world.root)
    report = full(good, ruin)
    assert report.code == 1
    (failure,) = report.vaults[0].failed
    assert (failure.document, failure.title) == (2 if named else None, "Auch gut")
    assert failure.code == "not-understood"
    assert snapshot(world.root) == before
    assert full(good, other).code == 0
    assert snapshot(world.root) == before


@pytest.mark.parametrize("full", [True, False])
def test_a_rejected_document_that_comes_no_more_is_forgotten(
    world: World, clock: Clock, full: bool
) -> None:
    """It was deleted in Readwise: nothing is left to be told of it."""
    add_book(world.library, "Gut", tweet(1, "eins"))
    bad = world.library.add_book(title="Schlecht")
    highlight = world.library.add_highlight(bad, **tweet(2, "zwei"))
    world.sandbox.faults.append(Fault("garbage-document", document=bad))
    assert world.sync().code == 1
    clock.forward(days=1)
    world.library.erase_highlight(highlight)
    assert world.sync(full=full).code == 0
    assert world.sync().code == 0


def test_a_page_that_cannot_be_written_fails_alone_and_is_written_later(world: World) -> None:
    """A folder has its name, another is read-only.

    The reason and the way out, and the next run does it.
    """
    for number, title in enumerate(("Eins", "Zwei", "Drei"), 1):
        add_book(world.library, title, tweet(number, title))
    blocked = world.root / "pages" / "Readwise___Highlights___Zwei.md"
    blocked.mkdir(parents=True)
    (blocked / "mine.txt").write_text("mine")
    report = world.sync()
    assert report.code == 1
    (failure,) = only(report).failed
    assert (failure.title, failure.code) == ("Zwei", "in-the-way")
    assert str(blocked) in failure.message
    assert len(only(report).pages.created) == 2
    shutil.rmtree(blocked)
    report = world.sync()
    assert (report.code, only(report).highlights.added) == (0, 1)
    assert blocked.is_file()


@pytest.mark.parametrize("how", ["missing", "bare", "empty"])
def test_a_vault_that_is_not_there_is_not_made(world: World, how: str) -> None:
    """Missing, a bare mount point, or empty where pages were.

    Exit 5, nothing is created, and all is well later.
    """
    book = add_book(world.library, "Faden", tweet(1, "eins"))
    world.sync()
    aside = world.folder / "aside"
    world.root.rename(aside)
    if how == "bare":
        world.root.mkdir()
    if how == "empty":
        (world.root / "logseq").mkdir(parents=True)
        shutil.copy(aside / "logseq" / "config.edn", world.root / "logseq")
    world.library.add_highlight(book, **tweet(2, "zwei"))
    report = world.sync()
    assert report.code == 5
    assert only(report).error
    assert str(world.root) in report.message
    assert world.root.exists() == (how != "missing")
    assert world.pages() == {}
    shutil.rmtree(world.root, ignore_errors=True)
    aside.rename(world.root)
    report = world.sync()
    assert (report.code, only(report).highlights.added) == (0, 1)
    assert world.text().count("#Highlight") == 2


def two_vaults(world: World) -> Config:
    """The world's configuration with a second vault, `more`, beside the first."""
    (world.folder / "more" / "logseq").mkdir(parents=True)
    (world.folder / "more" / "logseq" / "config.edn").write_text(
        "{:file/name-format :triple-lowbar}"
    )
    (first,) = world.config.vaults
    second = Vault(world.folder / "more", name="more", timezone="UTC")
    return msgspec.structs.replace(world.config, vaults=(first, second))


def test_a_missing_vault_does_not_hold_up_another(world: World) -> None:
    """The other one is brought up to date; the missing one takes in everything when it is back."""
    world.config = two_vaults(world)
    add_book(world.library, "Faden", tweet(1, "eins"))
    aside = world.folder / "aside"
    world.root.rename(aside)
    report = world.sync()
    assert report.code == 5
    assert [vault.highlights.added for vault in report.vaults] == [0, 1]
    aside.rename(world.root)
    report = world.sync()
    assert report.code == 0
    assert [vault.highlights.added for vault in report.vaults] == [1, 0]


def test_one_vault_alone_is_synced_and_the_other_misses_nothing(world: World) -> None:
    """`--vault`: what the other did not get, it gets with its next run."""
    world.config = two_vaults(world)
    book = add_book(world.library, "Faden", tweet(1, "eins"))
    report = world.sync(vaults=("more",))
    assert [vault.name for vault in report.vaults] == ["more"]
    assert world.pages() == {}
    world.library.add_highlight(book, **tweet(2, "zwei"))
    report = world.sync(vaults=("notes",))
    assert only(report).highlights.added == 2
    report = world.sync()
    assert [(vault.name, vault.highlights.added) for vault in report.vaults] == [
        ("notes", 0),
        ("more", 1),
    ]


def test_a_state_from_a_newer_syncd_is_refused_and_left_alone(world: World) -> None:
    """An older program must not guess what the newer one meant."""
    add_book(world.library, "Faden", tweet(1, "eins"))
    world.sync()
    path = world.state / "syncd.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before, vault = path.read_bytes(), snapshot(world.root)
    world.library.edit_book(1, title="Neu")
    with pytest.raises(ConfigError, match=r"syncd\.db.*newer syncd"):
        world.sync(full=True)
    assert path.read_bytes() == before
    assert snapshot(world.root) == vault


def test_a_damaged_state_is_set_aside_and_rebuilt(world: World) -> None:
    """It is kept under another name; the vault does not change."""
    add_book(world.library, "Faden", tweet(1, "eins"))
    world.sync()
    before = snapshot(world.root)
    (world.state / "syncd.db").write_bytes(b"not a database, " * 999)
    assert world.sync().message == "notes: nothing new"
    assert snapshot(world.root) == before
    assert [path.name for path in world.state.iterdir() if "damaged" in path.name]


def test_a_second_run_waits_for_the_first_and_then_gives_up(world: World) -> None:
    """Exit 6, with a line that names the folder.

    The vault's folder and the state's are both held.
    """
    for folder in (world.root, world.state):
        folder.mkdir(exist_ok=True)
        with (
            locked([folder], Event()),
            pytest.raises(LockedError, match=f"another syncd.*{folder.name}") as raised,
            partial(locked, patience=0.3)([world.root, world.state], Event()),
        ):
            pass
        assert raised.value.exit_status == 6


def test_nothing_is_left_of_a_run_but_pages(make_world: MakeWorld) -> None:
    """No temporary file, no lock file, no folder of syncd's own in the vault.

    The state is its owner's alone.
    """
    world = make_world(Library.load())
    world.sync()
    found = {path.relative_to(world.root).parts[0] for path in world.root.rglob("*")}
    assert found == {"logseq", "pages"}
    assert all(path.suffix == ".md" for path in (world.root / "pages").iterdir())
    assert world.state.stat().st_mode & 0o777 == 0o700
    assert b"token-that-nobody" not in b"".join(
        path.read_bytes() for path in Path(world.state).iterdir()
    )


def test_where_no_vault_can_be_written_readwise_is_not_asked(world: World) -> None:
    """What came could go nowhere; it comes when the vault is back."""
    add_book(world.library, "Eulen", tweet(1, "eins"))
    world.write_config()
    away = world.root.rename(world.root.with_name("away"))
    done = world.command("sync")
    assert (done.returncode, world.sandbox.requests) == (5, [])
    assert "the vault is missing" in done.stdout + done.stderr
    away.rename(world.root)
    assert world.command("sync").returncode == 0
    assert "- eins" in world.text()
