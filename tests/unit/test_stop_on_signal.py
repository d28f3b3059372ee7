"""The event that a signal sets."""

from __future__ import annotations

import os
import signal

import pytest

from syncd.commands.signals import stop_on_signal


@pytest.mark.timeout(60)
def test_a_signal_is_obeyed_at_the_very_moment_at_which_the_event_is_looked_at() -> None:
    """The handler runs in the thread that waits, maybe while that holds the event's own lock."""
    with stop_on_signal() as stop:
        with stop._cond:  # type: ignore[attr-defined]  # as `wait` does for an instant
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
