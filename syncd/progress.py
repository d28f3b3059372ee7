"""How far the work is, told while it is under way."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

# What is done, how many, of how many (None: nobody knows); of a wait, of how many seconds.
Progress = Callable[[str, int, int | None], None]

WAITING = "waiting for "  # how a wait begins; what it waits for follows


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Progress that nobody sees."""


def named(name: str, progress: Progress) -> Progress:
    """Progress of one vault: its name stands before each stage."""
    return lambda what, done, total: progress(f"{name}: {what}", done, total)


def tell_wait(progress: Progress, whom: str, seconds: float) -> None:
    """Tell that a wait of so many seconds begins, for whom and why."""
    progress(f"{WAITING}{whom}", 0, ceil(seconds))
