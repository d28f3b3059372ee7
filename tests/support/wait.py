"""Waits for what another thread or process does, for as long as a busy machine may need."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

PATIENCE = 120.0  # seconds; what never comes fails a test after these, what comes costs nothing


def until(condition: Callable[[], object], what: str, log: Callable[[], str] = str) -> None:
    """Return as soon as the condition holds, or fail with `what` and the log."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{what}\n{log()}")
        time.sleep(0.02)
