"""`syncd sync` is killed at any moment.

The run after it ends where an undisturbed one would have.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from syncd.sandbox.library import Library
from tests.support.world import MakeWorld, World, add_book, tweet

KILLS = int(os.environ.get("SYNCD_KILLS", "20"))
BOOKS = 25


def first(library: Library) -> None:
    """What the account holds at first."""
    for number in range(BOOKS):
        tweets = [tweet(1000 + 10 * number + at, f"Eule {at} उल्लू 🦉") for at in range(4)]
        add_book(library, f"Owls {number}", *tweets)


def change(library: Library) -> None:
    """What happens to it then: new documents and highlights, other texts and notes, deletions."""
    for number in range(BOOKS):
        one = 4 * number + 1
        library.edit_highlight(one, text=f"neu {number}\nand another line", note="فتق")
        library.delete_highlight(one + 1)
        library.add_highlight(number + 1, **tweet(1008 + 10 * number, "later", location=2))
        add_book(library, f"New {number}", tweet(5000 + number, "new 鳥"))


def content(world: World) -> dict[str, bytes]:
    """Everything in the vault."""
    return {
        str(path.relative_to(world.root)): path.read_bytes()
        for path in world.root.rglob("*")
        if path.is_file()
    }


def put(kept: Path, folder: Path) -> None:
    """Make what is in `folder` what is in `kept`; the folder itself stays."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def test_a_kill_at_any_moment_costs_nothing(library: Library, make_world: MakeWorld) -> None:
    """No page is torn, none is missing, nothing is there twice, no temporary file stays."""
    world = make_world(library, on_delete="remove")
    world.write_config(extra='on_delete = "remove"')
    first(library)
    world.sync()
    old = content(world)
    shutil.copytree(world.root, world.folder / "vault.kept")
    shutil.copytree(world.state, world.folder / "state.kept")
    change(library)
    began = time.monotonic()
    assert world.command("sync", "--allow-removals").returncode == 0
    whole = time.monotonic() - began
    wanted = content(world)
    dice = random.Random(11)
    command = [sys.executable, "-m", "syncd", "-q", "sync", "--allow-removals"]
    for _ in range(KILLS):
        put(world.folder / "vault.kept", world.root)
        put(world.folder / "state.kept", world.state)
        for _ in range(dice.choice([1, 1, 1, 2])):
            with subprocess.Popen(
                command, env=world.environment(), stderr=subprocess.DEVNULL
            ) as process:
                time.sleep(dice.uniform(0.4 * whole, whole))
                process.send_signal(signal.SIGKILL)
        for path, data in content(world).items():
            assert not path.endswith(".md") or data in (old.get(path), wanted[path]), (
                f"{path} is torn"
            )
        assert world.sync(allow_removals=True).code == 0
        if left := list(world.root.rglob(".syncd.*")):
            for unfinished in left:
                os.utime(unfinished, (0, 0))
            world.sync()
        assert content(world) == wanted
