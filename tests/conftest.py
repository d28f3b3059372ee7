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
    from support import Clock, MakeWorld, World

    from syncd.sandbox.library import Library

# No test measures time: a busy machine fails none.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def clock() -> Clock:
    """The account's time, under the test's hand."""
    from support import Clock

    return Clock()


@pytest.fixture
def library(clock: Clock) -> Library:
    """An account with nothing in it yet."""
    from syncd.sandbox.library import Library

    return Library(now=clock)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a world for an account; `settings` are the vault's."""
    from support import TOKEN, World

    from syncd.sandbox.server import Sandbox

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
