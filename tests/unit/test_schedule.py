"""When runs come due: the rhythm, cron's fields, and what happens to the clock meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import apscheduler.schedulers.base
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config.settings import Schedule
from syncd.errors import ConfigError
from syncd.service.schedule import Cron, Every, JobSchedule, trigger
from tests.support.wait import PATIENCE, until

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2025, 3, 29, 22, 10, tzinfo=UTC)


def times(schedule: Schedule, start: datetime, count: int) -> list[datetime]:
    """The first `count` times after `start`."""
    when, found, last = trigger(schedule, start, BERLIN), [], None
    for _ in range(count):
        last = when.get_next_fire_time(last, last or start)
        found.append(last)
    return found


@given(st.integers(1, 86400), st.integers(0, 3600), st.integers(1, 40))
def test_jitter_does_not_add_up(every: int, jitter: int, count: int) -> None:
    """After any number of runs the rhythm is still the one it began with."""
    schedule = Schedule(every=timedelta(seconds=every), jitter=timedelta(seconds=jitter))
    for number, time in enumerate(times(schedule, START, count), 1):
        assert (
            timedelta(0)
            <= time - (START + number * schedule.every)
            <= min(schedule.jitter, schedule.every / 2)
        )


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["30T02:30:00+01:00", "31T02:30:00+02:00"]),
        ("0 6 * * 1-5", ["31T06:00:00+02:00"]),
        ("0 6 * * 0", ["30T06:00:00+02:00"]),
        ("0 6 * * 7", ["30T06:00:00+02:00"]),
        ("0 6 * * sat,SUN", ["30T06:00:00+02:00"]),
        ("0 6 * * 5-7/2", ["30T06:00:00+02:00"]),
        ("0 6 31 * 0", ["30T06:00:00+02:00", "31T06:00:00+02:00"]),
        (
            "*/30 1-3 30 3 *",
            ["30T01:00:00+01:00", "30T01:30:00+01:00", "30T03:00:00+02:00", "30T03:30:00+02:00"],
        ),
    ],
)
def test_cron_means_what_cron_means(cron: str, expected: list[str]) -> None:
    """Sunday is 0 and 7; of day and weekday either counts.

    The hour that a summer lacks loses no run.
    """
    found = times(Schedule(cron=cron, jitter=timedelta(0)), START, len(expected))
    assert [time.astimezone(UTC) for time in found] == [
        datetime.fromisoformat(f"2025-03-{text}").astimezone(UTC) for text in expected
    ]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
DOCUMENTED = [
    "0 * * * *",
    "*/30 * * * *",
    "0 7-22 * * *",
    "30 2 * * *",
    "0 6 * * 1-5",
    "0 6 31 * 0",
]


@given(
    st.sampled_from(DOCUMENTED),
    st.sampled_from(ZONES),
    st.sampled_from([2011, 2024, 2025]),
    st.integers(0, 366 * 24 * 60),
    st.sampled_from([0, 60, 3600]),
    st.lists(st.floats(-7200, 7200), min_size=30, max_size=30),
)
def test_the_next_time_is_always_later(
    cron: str, zone: str, year: int, minutes: int, jitter: int, drifts: list[float]
) -> None:
    """Whatever summer time, jitter and a clock that is set back or forth do.

    A run that is late by the clock is not made up for again and again.
    """
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    schedule = Schedule(cron=cron, jitter=timedelta(seconds=jitter))
    when, last = trigger(schedule, start, ZoneInfo(zone)), start
    for drift in drifts:
        now = last + timedelta(seconds=drift)
        following = when.get_next_fire_time(last, now)
        assert following > max(last, now)
        assert following - max(last, now) < timedelta(days=63)
        last = following


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 * * * *", ["02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00"]),
        ("30 2 * * *", ["02:30:00+02:00"]),
        ("*/30 2,3 * * *", ["02:00:00+02:00", "02:30:00+02:00", "03:00:00+01:00"]),
    ],
)
@pytest.mark.parametrize("jitter", [timedelta(0), timedelta(minutes=1)])
def test_the_hour_that_comes_twice(cron: str, expected: list[str], jitter: timedelta) -> None:
    """Every hour means both of them, a named hour the first."""
    start = datetime.fromisoformat("2025-10-26T01:10:00+02:00").astimezone(UTC)
    found = times(Schedule(cron=cron, jitter=jitter), start, len(expected))
    for time, text in zip(found, expected, strict=True):
        due = datetime.fromisoformat(f"2025-10-26T{text}")
        assert timedelta(0) <= time - due <= jitter


@pytest.mark.parametrize(
    "cron",
    ["61 * * * *", "* * * * 8", "* * * * nonday", "* 25 * * *", "*/0 * * * *", "0 0 31 2 *"],
)
def test_cron_is_refused_in_one_line(cron: str) -> None:
    """Values that cron does not know."""
    with pytest.raises(ConfigError, match=r"schedule\.cron is"):
        trigger(Schedule(cron=cron), START, BERLIN)


class Day:
    """A wall clock under the test's hand, and a timetable that goes by it."""

    def __init__(self) -> None:
        self.now = START
        self.runs: list[datetime] = []
        self.missed: list[str] = []
        self.ended: list[str] = []
        self.busy = threading.Semaphore(1)
        self.times = JobSchedule(self._end, self.missed.append, lambda: self.now)

    def _end(self, name: str, _result: object) -> None:
        self.ended.append(name)

    def run(self) -> None:
        """A job: never two at once."""
        assert self.busy.acquire(blocking=False)
        self.runs.append(self.now)
        self.busy.release()

    def pass_(self, **span: float) -> None:
        """Time passes; the service looks at the clock, and what is due gets done."""
        due, ended = self.times.next_due("run"), len(self.ended) + len(self.missed)
        self.now += timedelta(**span)
        self.times.follow_clock()
        until(self._is_done, "what was due was not begun")
        if due is not None and due <= self.now:
            until(lambda: len(self.ended) + len(self.missed) > ended, "what was due was not done")

    def _is_done(self) -> bool:
        due = self.times.next_due("run")
        assert due is not None
        return due > self.now


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    """A day that begins before the change to summer time."""
    made = Day()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Self:
            return cls.fromtimestamp(made.now.timestamp(), tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Clock)
    made.times.start()
    yield made
    made.times.stop()


def test_a_day_in_fast_motion(day: Day) -> None:
    """Every half hour one run.

    A suspend of three hours costs the runs in it but one, and none after it.
    """
    day.times.add("run", Every(START, timedelta(minutes=30)), day.run)
    for _ in range(12 * 60):
        day.pass_(minutes=1)
    day.pass_(hours=3)
    for _ in range(9 * 60):
        day.pass_(minutes=1)
    due = [START + timedelta(minutes=30 * number) for number in range(1, 49)]
    assert day.runs == [
        time for time in due if not timedelta(hours=12) < time - START < timedelta(hours=15)
    ]
    assert not day.missed


def test_the_night_summer_time_ends(day: Day) -> None:
    """Every hour one run, the hour that comes twice included."""
    day.now = datetime(2025, 10, 25, 22, 10, tzinfo=UTC)
    day.times.follow_clock()
    day.times.add("run", Cron("0 * * * *", BERLIN, timedelta(minutes=1)), day.run)
    for _ in range(6 * 60):
        day.pass_(minutes=1)
    assert [run.hour for run in day.runs] == [23, 0, 1, 2, 3, 4]
    assert not day.missed


def test_a_clock_that_was_set_back_does_not_stop_the_runs(day: Day) -> None:
    """A machine that woke up in the wrong year gets its runs when it is put right."""
    day.times.add("run", Every(START, timedelta(minutes=30)), day.run)
    day.pass_(days=3000)
    day.runs.clear()
    day.pass_(days=-3000)
    for _ in range(60):
        day.pass_(minutes=1)
    assert len(day.runs) == 2


def test_a_job_that_comes_due_while_it_is_done_is_told(day: Day) -> None:
    """Not started a second time, not lost either."""
    going, ended = threading.Event(), threading.Event()

    def slow() -> None:
        going.set()
        ended.wait(PATIENCE)

    day.times.add("run", Every(START, timedelta(minutes=30)), slow)
    day.now += timedelta(minutes=31)
    day.times.follow_clock()
    assert going.wait(PATIENCE)
    day.pass_(minutes=30)
    ended.set()
    until(lambda: day.missed, "it was not told")
    assert day.missed == ["run"]
