"""What several tests share: a world with an account, a vault and a state, gone at the test's end.

Imports of the package are inside the fixtures: a module that cannot be imported fails the tests
that need it, not all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from syncd.sandbox.library import Library
    from tests.support.web import Server
    from tests.support.world import Clock, MakeWorld, World

# No test measures time: a busy machine fails none. The examples are the same in every run, so
# that none fails by luck; `--hypothesis-profile random`, as `make torture` says, takes others.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", _UNTIMED, derandomize=True)
settings.register_profile("random", _UNTIMED, derandomize=False, print_blob=True)
settings.load_profile("steady")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test, or fail it, where a tool is missing that it is marked to need."""
    from tests.support.tools import require

    for mark in item.iter_markers("needs"):
        require(*mark.args)


@pytest.fixture
def clock() -> Clock:
    """The account's time, under the test's hand."""
    from tests.support.world import Clock

    return Clock()


@pytest.fixture
def library(clock: Clock) -> Library:
    """An account with nothing in it yet."""
    from syncd.sandbox.library import Library

    return Library(now=clock)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a world for an account; `settings` are the vault's."""
    from syncd.sandbox.server import Sandbox
    from tests.support.world import TOKEN, World

    with ExitStack() as stack:
        count = 0

        def make(library: Library, **settings: Any) -> World:
            nonlocal count
            count += 1
            sandbox = stack.enter_context(Sandbox(library, token=TOKEN))
            return World(tmp_path / f"world {count}", sandbox, **settings)

        yield make


@pytest.fixture
def world(library: Library, make_world: MakeWorld) -> World:
    """A fresh graph and an empty account, which are the test's to fill."""
    return make_world(library)


@pytest.fixture
def vault(library: Library, make_world: MakeWorld) -> World:
    """A fresh Obsidian vault and an empty account, which are the test's to fill."""
    return make_world(library, edn=None)


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server that waits for its script or its pages."""
    from tests.support.web import Server

    with Server() as found:
        yield found
