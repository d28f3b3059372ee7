"""What a person sees on a terminal: progress while a run is under way, and what it did."""

from __future__ import annotations

import _thread
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

import click

from syncd.errors import SyncdError
from syncd.formats.escape import clean
from syncd.report import Conflict, Report, VaultReport
from syncd.sync.compare import KINDS, Comparison
from syncd.sync.vault_run import Progress

_LONG = 20  # lines of one kind


@contextmanager
def stop_on_signal() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set: the work ends with the page in hand whole."""
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # The thread that this interrupts may hold the event's own lock, and would wait for itself.
        _thread.start_new_thread(stop.set, ())

    old = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def progress_bar(shown: bool) -> Iterator[Progress]:
    """A bar for each stage of a run on standard error, where that is a terminal."""
    if not shown or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def tell(report: Report, *, verbose: bool) -> None:
    """Say what a run did: the result on standard output, what needs attention on standard error."""
    for vault in report.vaults:
        _tell_vault(vault, verbose)
    click.echo(report.message)


def _tell_vault(vault: VaultReport, verbose: bool) -> None:
    if verbose:
        _list("created", vault.pages.created)
        _list("updated", vault.pages.updated)
    _list("warning:", vault.warnings)
    _list(
        "failed:",
        [f"{one.title or one.document}: {one.message} [{one.code}]" for one in vault.failed],
    )
    _list("differs:", [_differing(one) for one in vault.conflicts])


def _differing(one: Conflict) -> str:
    what = f"highlight {one.highlight}" if one.highlight else "properties"
    return f"{one.page}: {what} ({', '.join(one.parts)}) changed in Readwise and by you; yours was kept"


def tell_comparison(name: str, found: Comparison | SyncdError) -> None:
    """Say whether account and vault agree, and each highlight in which they do not with its page."""
    if isinstance(found, SyncdError):
        click.echo(f"{name}: {found.message}")
        return
    kinds = Counter(one.kind for one in found.differences)
    counts = [
        f"{kinds['missing']} missing",
        f"{kinds['deleted']} deleted by you",
        f"{kinds['twice']} twice",
    ]
    counts.append(f"{kinds['edited']} edited by you")
    click.echo(
        f"{name}: {found.upstream} in the account, {found.present} in the vault; {', '.join(counts)}"
    )
    for kind in KINDS:
        for one in found.differences:
            if one.kind == kind:
                click.echo(
                    f"  {kind}: highlight {one.highlight} of {one.title or one.document} ({one.page or 'no page'})"
                )


def _list(head: str, lines: list[str]) -> None:
    for line in lines[:_LONG]:
        click.echo(f"{head} {' '.join(clean(line).split())}", err=True)  # titles are foreign text
    if len(lines) > _LONG:
        click.echo(f"{head} and {len(lines) - _LONG} more; --json names all", err=True)
