"""Shows on a terminal what a command is at, and how far: on standard error, gone at the end."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import click

from syncd.commands.say import size_of
from syncd.progress import WAITING, silent
from syncd.report import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task, TaskID

_ECHO = 3  # columns left to the "^C" that a terminal shows; it would begin another line
_NARROW = 70  # columns below which no bar is drawn


class Display:
    """A line for each stage, with what is done of it and since when; of a wait, what is left."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._stages: dict[str, TaskID] = {}
        self._last: TaskID | None = None
        self._wait: TaskID | None = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """See Progress."""
        if self._wait is not None:
            self._bars.remove_task(self._wait)
            self._wait = None
        if what.startswith(WAITING):
            self._wait = self._bars.add_task(
                one_line(what), total=total, end=monotonic() + (total or 0)
            )
            return
        if what not in self._stages:
            if self._last is not None:
                self._bars.stop_task(self._last)
            self._stages[what] = self._bars.add_task(one_line(what), total=total)
        self._last = self._stages[what]
        self._bars.update(self._last, completed=done, total=total)

    def end(self) -> None:
        """Clear the lines, before something else is printed."""
        self._bars.stop()


class Hidden:
    """Shows nothing."""

    __call__ = staticmethod(silent)

    def end(self) -> None:
        """Nothing is shown."""


@contextmanager
def progress_display(*, shown: bool = True) -> Iterator[Display | Hidden]:
    """The display; it shows nothing with `-q`, or where standard error is no terminal."""
    context = click.get_current_context(silent=True)
    quiet = context is not None and context.find_root().params.get("quiet")
    if quiet or not shown or not sys.stderr.isatty():
        yield Hidden()
        return
    with _bars() as bars, _logs_above():
        yield Display(bars)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column
    from rich.text import Text

    class Count(ProgressColumn):
        """How many of how many, or how long a wait takes yet."""

        def render(self, task: Task) -> Text:
            return Text(_count(task))

    width = size_of(sys.stderr).columns - _ECHO
    name = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    count = Column(no_wrap=True)
    columns = [
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(bar_width=20),
        Count(table_column=count),
        TimeElapsedColumn(table_column=count),
    ]
    if width < _NARROW:
        del columns[1]
    return Progress(
        *columns, console=Console(stderr=True, width=width), transient=True, expand=True
    )


def _count(task: Task) -> str:
    end = task.fields.get("end")
    if end is not None:
        left = round(end - monotonic())
        return f"{left} s left" if left > 0 else "asking again"
    if task.total is None:
        return f"{task.completed:,.0f}" if task.completed else ""
    return f"{task.completed:,.0f}/{task.total:,.0f}"


@contextmanager
def _logs_above() -> Iterator[None]:
    """Have messages of the log printed above the lines, as all that goes to standard error."""
    handlers = [one for one in logging.root.handlers if type(one) is logging.StreamHandler]
    before = [handler.setStream(sys.stderr) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:
                handler.setStream(stream)
