"""`syncd` on a terminal: what it is at, what it waits for, and how a dry run is read."""

from __future__ import annotations

import fcntl
import os
import shlex
import stat

import pytest

from syncd.sandbox.faults import Fault
from tests.support.terminal import Terminal
from tests.support.world import World, add_book, tweet


@pytest.fixture
def owls(world: World) -> World:
    """An account with two documents of some length, and a configuration file."""
    for first, title in (1, "Eulen 🦉"), (21, "Käuze und andere Vögel der Nacht"):
        found = [tweet(n, f"夜の梟 {n}\x1b[5m") for n in range(first, first + 20)]
        add_book(world.library, title, *found)
    world.write_config()
    return world


def terminal(world: World, *arguments: str, columns: int = 80, **env: str) -> Terminal:
    """`syncd` in the world's folder."""
    env = world.environment() | {"TERM": "xterm-256color", "LANG": "C.UTF-8", **env}
    return Terminal(world.folder, *arguments, env=env, columns=columns)


@pytest.mark.parametrize("command", [["sync"], ["sync", "--dry-run"], ["check", "--full"]])
def test_a_wait_says_for_what_and_how_long(owls: World, command: list[str]) -> None:
    """And ^C ends it with 130; what was shown is gone, and one line says what happened."""
    passes = 1 if command[0] == "check" else 0
    owls.sandbox.faults += [*[Fault("pass")] * passes, Fault("429", retry_after="300")]
    with terminal(owls, *command, columns=60) as shown:
        shown.wait_for("waiting for Readwise: answered 429")
        shown.until_shown("asking Readwise for the whole account", "answered 429", "s left")
        assert all(len(line) < 60 for line in shown.screen())
        shown.press("\x03")
        assert shown.end() == 130
        assert shown.screen() == ["syncd: stopped while waiting for Readwise"]


def test_a_wait_for_another_run_is_told_too(owls: World) -> None:
    """As for Readwise."""
    held = os.open(owls.root, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with terminal(owls, "sync") as shown:
        shown.wait_for("waiting for another syncd, at work in")
        os.close(held)
        assert shown.end() == 0
        assert shown.screen() == ["notes: 40 added on 2 pages"]


@pytest.mark.parametrize("quiet", [False, True])
def test_the_stages_are_shown_and_gone_at_the_end(owls: World, quiet: bool) -> None:
    """With counts; none of it with -q."""
    with terminal(owls, *(["-q"] if quiet else []), "sync") as shown:
        assert shown.end() == 0
        for stage in ("highlights fetched", "notes: documents", "40", "2/2"):
            assert (stage in shown.seen) != quiet
        assert shown.screen() == ([""] if quiet else ["notes: 40 added on 2 pages"])


def test_a_dry_run_is_read_by_the_pager_where_it_is_long(owls: World) -> None:
    """The summary and the diffs, in colour, without the signs that steer a terminal."""
    pager = owls.folder / "pager"
    pager.write_text(f"#!/bin/sh\ncat > '{owls.folder}/paged'\n")
    pager.chmod(pager.stat().st_mode | stat.S_IXUSR)
    link = owls.folder / "less"
    link.symlink_to(pager)
    with terminal(owls, "sync", "--dry-run", PAGER=shlex.quote(str(link))) as shown:
        assert shown.end() == 0
        assert shown.screen() == ["notes: 40 added on 2 pages (dry run: no page is written)"]
    paged = (owls.folder / "paged").read_text()
    assert paged.startswith("2 pages would change (2 new): ")
    assert "\x1b[32m+- 夜の梟 1" in paged and "\x1b[5m" not in paged
    assert owls.pages() == {}


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}])
def test_a_short_one_is_printed(owls: World, env: dict[str, str]) -> None:
    """So are the summary alone, and what is read by another program."""
    owls.command("sync")
    owls.library.add_highlight(1, **tweet(99, "noch eine"))
    with terminal(owls, "sync", "--dry-run", PAGER="false", columns=60, **env) as shown:
        assert shown.end() == 0
        assert ("\x1b[32m+- noch eine" in shown.seen) == (not env)
        text = "\n".join(shown.screen())
    assert text.startswith("1 page would change (0 new): 1 line added, 0 removed\n")
    assert "changed     +1    -0  …" in text
    assert text.endswith("\nnotes: 1 added on 1 page (dry run: no page is written)")
    done = owls.command("sync", "--dry-run", "--stat")
    path = "pages/Readwise___Highlights___Eulen 🦉.md"
    assert done.stdout.split("\n")[0] == f"changed     +1    -0  {path}"
    assert done.stdout.count("\n") == 3
    assert owls.command("sync", "--stat").returncode == 2


def test_messages_break_between_words(owls: World) -> None:
    """Whatever the width."""
    with terminal(owls, "sync", "--vault", "noten", columns=30) as shown:
        assert shown.end() == 2
        assert shown.screen() == ["syncd: there is no vault", "  noten; did you mean notes?"]
