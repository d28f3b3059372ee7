"""When the service runs: APScheduler with one worker thread, which skips nothing for being late.

APScheduler sleeps by a clock that stands still while the machine is suspended, and does not notice
when the wall clock is set: `look` sees to both.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
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
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from syncd.config.settings import Schedule
from syncd.errors import ConfigError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_JUMP = timedelta(seconds=5)  # beyond this the wall clock was set


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """A fixed rhythm from `start` on; each time is up to `jitter` late, which does not add up."""

    def __init__(self, start: datetime, every: timedelta, jitter: timedelta = timedelta(0)) -> None:
        self._start, self._every = start, every
        self._jitter = min(jitter, every / 2)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The time after `previous`, else after `now`."""
        count = ((previous or now) - self._start) // self._every + 1
        return self._start + self._every * count + self._jitter * random.random()  # noqa: S311


def trigger(schedule: Schedule, start: datetime, zone: tzinfo) -> BaseTrigger:
    """The schedule as configured; `zone` is what cron's fields are in.

    Raises ConfigError for values cron lacks.
    """
    if not schedule.cron:
        return Every(start, schedule.every, schedule.jitter)
    minute, hour, day, month, weekday = schedule.cron.split()
    jitter = round(schedule.jitter.total_seconds()) or None
    fields = {"minute": minute, "hour": hour, "month": month, "jitter": jitter, "timezone": zone}
    try:
        days = [{"day": day}] if day != "*" or weekday == "*" else []
        days += [{"day_of_week": _weekdays(weekday)}] if weekday != "*" else []
        either = [
            CronTrigger(**fields, **one) for one in days
        ]  # cron takes a day that fits one of both
    except ValueError as error:
        raise ConfigError(
            f'schedule.cron is "{schedule.cron}": {error}; write "*/30 * * * *", say'
        ) from None
    return either[0] if len(either) == 1 else OrTrigger(either)


def _weekdays(field: str) -> str:
    """Cron's days of the week (0 and 7 are Sunday) as names: APScheduler counts from Monday."""
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


class Timetable:
    """The jobs and the one thread that does them. `clock` is the wall clock (UTC).

    `done` hears the name of a job and what its work returned, `missed` that it came due while it
    was being done.
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
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Begin nothing more; what is being done goes on."""
        self._scheduler.shutdown(wait=False)

    def put(self, name: str, when: BaseTrigger, work: Callable[..., Any], *args: Any) -> None:
        """Do `work` by `when`, in place of what had this name."""
        self._scheduler.add_job(work, when, args, id=name, replace_existing=True)

    def soon(self, name: str, seconds: float, work: Callable[..., Any], *args: Any) -> None:
        """Do `work` once, in `seconds`, in place of what had this name."""
        self.put(name, DateTrigger(self._clock() + timedelta(seconds=seconds)), work, *args)

    def drop(self, name: str) -> None:
        """Forget what has this name, if anything has."""
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            return

    def next_of(self, *names: str) -> datetime | None:
        """When the first of these is due (UTC)."""
        jobs = [self._scheduler.get_job(name) for name in names]
        times = [
            job.next_run_time.astimezone(UTC)
            for job in jobs
            if job is not None and job.next_run_time
        ]
        return min(times, default=None)

    def late_by(self) -> float:
        """For how many seconds something has been due; negative where nothing is."""
        due = self.next_of(*(job.id for job in self._scheduler.get_jobs()))
        return -1.0 if due is None else (self._clock() - due).total_seconds()

    def look(self) -> None:
        """To be called every few seconds.

        Do what the clock says is due, and go by the clock when it was set back.
        """
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
