"""Waits until a flurry of events is over."""

from __future__ import annotations


class Debounce:
    """Due `quiet` seconds after the last touch, but `most` after the first.

    Times are seconds of a steady clock.
    """

    def __init__(self, quiet: float = 2.0, most: float = 30.0) -> None:
        self._quiet, self._most = quiet, most
        self._first: float | None = None
        self._last = 0.0

    def touch(self, now: float) -> bool:
        """Something happened. Returns whether it is the first since the last `take`."""
        self._last = now
        if self._first is not None:
            return False
        self._first = now
        return True

    @property
    def due(self) -> float | None:
        """When it is over, as far as is known now; None where nothing happened."""
        first = self._first
        return None if first is None else min(self._last + self._quiet, first + self._most)

    def take(self, now: float) -> bool:
        """Whether it is over; then it begins anew."""
        due = self.due
        if due is None or now < due:
            return False
        self._first = None
        return True
