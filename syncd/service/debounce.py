"""Decides when a series of events has come to an end."""

from __future__ import annotations


class Debounce:
    """Due `quiet` seconds after the last event, at the latest `most` seconds after the first.

    All times are seconds of a monotonic clock.
    """

    def __init__(self, quiet: float = 2.0, most: float = 30.0) -> None:
        self._quiet, self._most = quiet, most
        self._first: float | None = None
        self._last = 0.0

    def touch(self, now: float) -> bool:
        """Note an event. Returns whether it is the first since the last `take`."""
        self._last = now
        if self._first is not None:
            return False
        self._first = now
        return True

    @property
    def due(self) -> float | None:
        """When the series will be over, as far as is known now; None where there is none."""
        first = self._first
        return None if first is None else min(self._last + self._quiet, first + self._most)

    def take(self, now: float) -> bool:
        """Returns whether the series is over; if it is, the next event begins another one."""
        due = self.due
        if due is None or now < due:
            return False
        self._first = None
        return True
