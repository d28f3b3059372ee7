"""When the service runs: APScheduler with one worker thread, which skips no job for being late.

APScheduler sleeps by a clock that stands still while the machine is suspended, and does not notice
when the wall clock is set. `follow_clock` makes up for both.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from apscheduler.events import (
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from syncd.config.settings import Schedule
from syncd.errors import ConfigError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_JUMP = timedelta(seconds=5)  # a wall clock that is off by more was set
_TICK, _DAY = timedelta(microseconds=1), timedelta(days=1)
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCK_CHANGE = timedelta(hours=3)  # no time zone's clock is set by more, but where a day is lost


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fixed intervals from `start` on. Each time is up to `jitter` late, which does not add up."""

    def __init__(self, start: datetime, every: timedelta, jitter: timedelta = timedelta(0)) -> None:
        self._start, self._every = start, every
        self._jitter = min(jitter, every / 2)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next time (UTC), which is later than `previous` and `now`."""
        count = (_later(previous, now) - self._start) // self._every + 1
        return self._start + self._every * count + self._jitter * random.random()  # noqa: S311


class Cron(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The times that fit cron's five fields in a time zone, each up to `jitter` late.

    A time that a summer's beginning leaves out comes an hour later. In the hour that its end brings
    twice, the hour `*` means both, a number the first. Raises ValueError for fields that cron does
    not have, or that no day fits.
    """

    def __init__(self, cron: str, zone: tzinfo, jitter: timedelta = timedelta(0)) -> None:
        minute, hour, day, month, weekday = cron.split()
        days = [{"day": day}] if day != "*" or weekday == "*" else []
        days += [{"day_of_week": _weekdays(weekday)}] if weekday != "*" else []
        # Where both are given, cron takes a day that fits one of them. APScheduler's own triggers
        # know the fields; as they stand still at changes of the clock, they count in UTC here.
        time = {"minute": minute, "hour": hour, "month": month, "timezone": UTC}
        triggers = [CronTrigger(**time, **one) for one in days]
        self._either = [one for one in triggers if one.get_next_fire_time(None, _SOME_DAY)]
        if not self._either:
            raise ValueError("no such day ever comes")
        self._zone, self._jitter, self._both_hours = zone, jitter, hour.startswith("*")

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next time (UTC), which is later than `previous` and `now`."""
        due = self._first_after(_later(previous, now))
        gap = self._first_after(due) - due
        return due + min(self._jitter, gap / 2) * random.random()  # noqa: S311

    def _first_after(self, moment: datetime) -> datetime:
        around = (moment - _DAY, moment + _DAY)
        first, last = (one.astimezone(self._zone).utcoffset() for one in around)
        reach = timedelta(0) if first == last else _CLOCK_CHANGE
        here = moment.astimezone(self._zone).replace(tzinfo=UTC)  # what a clock on the wall shows
        shown = here - reach
        found: list[datetime] = []
        while not found or shown < here + reach:
            shown = min(one.get_next_fire_time(None, shown + _TICK) for one in self._either)
            found += [time for time in self._moments(shown) if time > moment]
        return min(found)

    def _moments(self, shown: datetime) -> Iterator[datetime]:
        """When (UTC) a clock on the wall shows this: once, or twice as the summer ends."""
        first, second = (
            shown.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1)
        )
        yield first
        if self._both_hours and second > first:
            yield second


def _later(previous: datetime | None, now: datetime) -> datetime:
    return max(previous or now, now).astimezone(UTC)


def trigger(schedule: Schedule, start: datetime, zone: tzinfo) -> BaseTrigger:
    """The trigger for a configured schedule; `zone` is the time zone of cron's fields.

    Raises ConfigError for values that cron does not have.
    """
    if not schedule.cron:
        return Every(start, schedule.every, schedule.jitter)
    try:
        return Cron(schedule.cron, zone, schedule.jitter)
    except ValueError as error:
        raise ConfigError(
            f'schedule.cron is "{schedule.cron}": {error}; write "*/30 * * * *", say'
        ) from None


def _weekdays(field: str) -> str:
    """Cron's days of the week, where 0 and 7 are Sunday, as names: APScheduler's numbers differ."""
    named = []
    for part in field.lower().split(","):
        days, _, step = part.partition("/")
        first, _, last = days.partition("-")
        low = 0 if first == "*" else _weekday(first)
        high = 6 if first == "*" else _weekday(last) if last else 6 if step else low
        high += 7 if high < low else 0
        named += [_DAYS[day % 7] for day in range(low, high + 1, int(step or 1))]
    return ",".join(dict.fromkeys(named))


def _weekday(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if not re.fullmatch("[0-7]", text):
        raise ValueError(f"{text} is no day of the week")
    return int(text)


class JobSchedule:
    """The jobs, by name, and the one thread that does them. `clock` is the wall clock (UTC).

    `done` is called with the name of a job and what its work returned, `missed` with the name of a
    job that came due while it was being done. Both are called in the worker thread.
    """

    def __init__(
        self,
        done: Callable[[str, Any], None],
        missed: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._offset = self._wall_offset()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

        def on_done(event: JobExecutionEvent) -> None:
            done(event.job_id, event.retval)

        def on_missed(event: JobSubmissionEvent) -> None:
            missed(event.job_id)

        self._scheduler.add_listener(on_done, EVENT_JOB_EXECUTED)
        self._scheduler.add_listener(on_missed, EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Start the worker thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no new jobs; let the running one finish."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def add(self, name: str, when: BaseTrigger, work: Callable[..., Any], *args: Any) -> None:
        """Do `work` whenever `when` says so, in place of the job that had this name."""
        self._scheduler.add_job(work, when, args, id=name, replace_existing=True)

    def add_once(self, name: str, seconds: float, work: Callable[..., Any], *args: Any) -> None:
        """Do `work` once, in `seconds`, in place of the job that had this name."""
        self.add(name, DateTrigger(self._clock() + timedelta(seconds=seconds)), work, *args)

    def remove(self, name: str) -> None:
        """Remove the job with this name, if there is one."""
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            return

    def next_due(self, *names: str) -> datetime | None:
        """When the first of these jobs is due (UTC); None where there is none of them."""
        jobs = [self._scheduler.get_job(name) for name in names]
        times = [
            job.next_run_time.astimezone(UTC)
            for job in jobs
            if job is not None and job.next_run_time
        ]
        return min(times, default=None)

    def late_by(self) -> float:
        """For how many seconds a job has been due; negative where none is."""
        due = self.next_due(*(job.id for job in self._scheduler.get_jobs()))
        return -1.0 if due is None else (self._clock() - due).total_seconds()

    def follow_clock(self) -> None:
        """Start what is due by the wall clock, also when it was set. Call it every few seconds."""
        offset = self._wall_offset()
        if offset < self._offset - _JUMP:
            for job in self._scheduler.get_jobs():
                if not isinstance(job.trigger, DateTrigger):
                    job.reschedule(job.trigger)
                else:
                    job.modify(next_run_time=job.next_run_time + (offset - self._offset))
        self._offset = offset
        if self.late_by() >= 0:
            self._scheduler.wakeup()

    def _wall_offset(self) -> timedelta:
        return self._clock() - datetime.fromtimestamp(0, UTC) - timedelta(seconds=time.monotonic())
