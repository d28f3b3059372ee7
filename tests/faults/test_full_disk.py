"""A vault on a disk that is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.world import World, add_book, tweet


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A small disk of its own at `folder`, where the tests may mount one."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill_up(path: Path, leave: int) -> None:
    """Let a file take all the room on its disk but `leave` bytes."""
    disk = os.statvfs(path)
    with path.open("wb") as file:
        file.write(b"x" * (disk.f_bavail * disk.f_frsize - leave))


def test_a_disk_that_fills_up_ends_the_run_with_whole_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 5 before the first write, or at the write that fails.

    Every old page is as it was.
    """
    with mounted(world.root, "24m"):
        world.put("logseq/config.edn", "{:file/name-format :triple-lowbar}")
        owls = add_book(
            world.library, "Owls", *(tweet(number, "Eule 🦉 " * 200) for number in range(1, 9))
        )
        assert world.sync().code == 0
        old = world.pages()
        world.library.add_highlight(owls, **tweet(9, "neu"))
        add_book(world.library, "New", tweet(10, "x" * 8000))
        world.put("filler", b"")
        fill_up(world.root / "filler", 4096)
        report = world.sync()
        assert report.code == 5
        assert "free some space" in report.message
        assert world.pages() == old
        monkeypatch.setattr(
            "syncd.sync.write_pages.check_space", lambda _root: None
        )  # another program fills it later
        assert world.sync().code == 5
        assert {path: text for path, text in world.pages().items() if path in old} == old
        assert not list(world.root.rglob(".syncd.*"))
        (world.root / "filler").unlink()
        assert world.sync().code == 0
        assert world.text().count("View Tweet") == 10
