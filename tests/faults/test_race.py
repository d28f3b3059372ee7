"""An editor saves a page again and again while runs update that page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from syncd.page.names import is_conflict_copy
from syncd.vault import swap
from syncd.vault.write import PageChanged, Writer, read_page, sweep
from tests.support.world import World, add_book, tweet

SAVES = int(os.environ.get("SYNCD_SAVES", "1000"))

# An editor: it reads the page, adds a line, and saves. `rename` writes beside the page first, as
# most do; `truncate` writes into the page, as Obsidian does, and takes its time between opening it
# and writing.
EDITOR = """
import os, sys, time
path, how, saves = sys.argv[1], sys.argv[2], int(sys.argv[3])
print(flush=True)
for number in range(saves):
    with open(path, encoding="utf-8") as page:
        text = page.read()
    text += f"\\n- own{number}x"
    if how == "rename":
        with open(path + ".new", "w", encoding="utf-8") as page:
            page.write(text)
        os.rename(path + ".new", path)
    else:
        with open(path, "r+", encoding="utf-8") as page:
            time.sleep(0.0005 * (number % 3))
            page.truncate(0)
            page.write(text)
    time.sleep(0.001 * (number % 4))
"""


@pytest.mark.parametrize("how", ["rename", "truncate"])
def test_no_saved_line_is_lost(world: World, how: str) -> None:
    """A thousand saves, each of a line more, while each run brings the account's latest."""
    book = add_book(world.library, "Owls", tweet(1, "first"))
    world.sync()
    path = world.root / world.page_of("Owls")
    runs = 0
    with subprocess.Popen(
        [sys.executable, "-c", EDITOR, path, how, str(SAVES)], stdout=subprocess.PIPE
    ) as editor:
        assert editor.stdout
        editor.stdout.readline()
        while editor.poll() is None:
            runs += 1
            world.library.add_highlight(book, **tweet(100 + runs, f"number {runs} फिर"))
            world.sync()
    assert editor.returncode == 0
    assert world.sync(full=True).code == 0
    lines = world.text().splitlines()
    lost = [number for number in range(SAVES) if f"- own{number}x" not in lines]
    assert not lost, f"{len(lost)} of {SAVES} lines are lost in {runs} runs: {lost[:9]}"
    assert not leftovers(world.root)


def leftovers(folder: Path) -> list[str]:
    """Temporary files that were not removed."""
    return [path.name for path in folder.rglob(".syncd.*")]


def during_exchange(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], None]) -> None:
    """Let the owner act right before the first, the second exchange of two files."""
    monkeypatch.setattr(swap, "exchange", partial(_after, list(acts), swap.exchange))


def _after(
    left: list[Callable[[], None]], exchange: Callable[[str, str], bool], one: str, other: str
) -> bool:
    if left:
        left.pop(0)()
    return exchange(one, other)


def save(path: Path, text: str) -> Callable[[], None]:
    """An editor that saves by rename."""

    def act() -> None:
        new = path.with_name("new")
        new.write_text(text, "utf-8")
        new.replace(path)

    return act


def test_a_save_in_the_very_instant_of_the_rename_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor's file is the page, and the run plans again."""
    path = page(tmp_path)
    seen = read_page(path)[1]
    during_exchange(monkeypatch, save(path, "theirs"))
    with pytest.raises(PageChanged):
        Writer(tmp_path).write(path, b"ours", seen)
    assert path.read_text() == "theirs"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_two_saves_around_the_rename_are_both_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that cannot be the page stands beside it, named as a conflict copy."""
    path = page(tmp_path)
    seen = read_page(path)[1]
    during_exchange(monkeypatch, save(path, "theirs"), save(path, "theirs again"))
    with pytest.raises(PageChanged):
        Writer(tmp_path).write(path, b"ours", seen)
    texts = {one.read_text(): one.name for one in tmp_path.iterdir()}
    assert set(texts) == {"theirs", "theirs again"}
    copies = [name for name in texts.values() if is_conflict_copy(name)]
    assert len(copies) == 1


def test_a_page_deleted_in_that_instant_stays_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of it, and nothing of ours."""
    path = page(tmp_path)
    seen = read_page(path)[1]
    during_exchange(monkeypatch, path.unlink)
    with pytest.raises(PageChanged):
        Writer(tmp_path).write(path, b"ours", seen)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")
def test_a_page_that_is_open_for_writing_is_left_alone(tmp_path: Path) -> None:
    """What its editor writes into it later is the page."""
    path = page(tmp_path)
    seen = read_page(path)[1]
    with path.open("r+", encoding="utf-8") as editor:
        with pytest.raises(PageChanged):
            Writer(tmp_path).write(path, b"ours", seen)
        editor.write("theirs")
    assert path.read_text() == "theirs"
    assert not leftovers(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")
def test_who_only_reads_a_page_does_not_hold_it_up(tmp_path: Path) -> None:
    """An indexer, `tail -f`: the page is replaced below them."""
    path = page(tmp_path)
    seen = read_page(path)[1]
    with path.open(encoding="utf-8"):
        Writer(tmp_path).write(path, b"ours", seen)
    assert path.read_text() == "ours"


def test_a_disk_that_cannot_exchange_files_gets_a_plain_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on FAT and on some network disks."""
    monkeypatch.setattr(swap, "exchange", lambda _one, _other: False)
    path = page(tmp_path)
    Writer(tmp_path).write(path, b"ours", read_page(path)[1])
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"ours"]


def page(folder: Path) -> Path:
    """A page that its owner wrote a while ago."""
    path = folder / "Seite.md"
    path.write_text("eins\n", encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


KILLED = """
import os, sys
from pathlib import Path
from syncd.vault import swap
from syncd.vault.write import Writer, read_page
path = Path(sys.argv[1])
exchange = swap.exchange
def killed(new, page):
    if sys.argv[2] == "saved":
        path.with_suffix(".new").write_text("theirs")
        os.rename(path.with_suffix(".new"), path)
    if sys.argv[3] == "after":
        exchange(new, page)
    os._exit(9)
swap.exchange = killed
Writer(path.parent).write(path, b"ours", read_page(path)[1])
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("how", ["saved", "quiet"])
def test_a_kill_around_the_exchange_keeps_what_an_editor_saved(
    tmp_path: Path, how: str, moment: str
) -> None:
    """It is the page, or a conflict copy beside it; what syncd knows is swept."""
    path = page(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, path, how, moment], check=False)
    assert done.returncode == 9
    (left,) = tmp_path.glob(".syncd.*")
    os.utime(left, (1, 1))
    copies = sweep([left])
    there = {one.read_text() for one in tmp_path.iterdir()}
    assert path.read_text() in there
    assert ("theirs" in there) == (how == "saved")
    assert [is_conflict_copy(copy.name) for copy in copies] == [True] * (len(there) - 1)
    assert not leftovers(tmp_path)
