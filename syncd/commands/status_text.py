"""`syncd status` for people: what is wrong comes in colour, on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from syncd.commands.status import Status, VaultStatus

_LONG = 10  # lines of one kind


def tell(status: Status) -> None:
    """Print it; click leaves the colours away where the output is no terminal."""
    for line in lines(status, datetime.now(UTC)):
        click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


def lines(status: Status, now: datetime) -> Iterator[str]:
    """The lines, styled; `now` is what times are told from."""
    good = click.style("all is well", fg="green", bold=True)
    yield good if status.well else click.style("not all is well", fg="red", bold=True)
    for problem in status.problems:
        yield click.style(f"  {problem}", fg="red")
    if status.running and status.since is not None:
        yield f"service   runs since {_when(status.since, now)} (pid {status.pid})"
    else:
        yield "service   does not run"
    if status.busy_since is not None:
        yield f"now       at work since {_when(status.busy_since, now)}"
    if status.last_run is not None:
        yield f"last run  {_when(status.last_run.ended, now)}: {status.last_run.message}"
    if status.last_failure is not None and status.last_failure != status.last_run:
        yield f"failed    {_when(status.last_failure.ended, now)}: {status.last_failure.message}"
    if status.next_run is not None:
        yield f"next run  {_when(status.next_run, now)}"
    for vault in status.vaults:
        yield from _vault(vault)


def _vault(vault: VaultStatus) -> Iterator[str]:
    how = f", watched ({vault.watching})" if vault.watching else ""
    yield f"{click.style(vault.name, bold=True)}  {vault.path}{how}"
    yield from _list(
        "red",
        "failed",
        [f"{one.title or one.document}: {one.message} [{one.code}]" for one in vault.failed],
    )
    if vault.waiting:
        yield f"  waits     {vault.waiting} document{'s' * (vault.waiting != 1)}"
    differing = [
        f"{one.page}: {f'highlight {one.highlight}' if one.highlight else 'properties'} ({', '.join(one.parts)})"
        " changed in Readwise and by you; yours was kept"
        for one in vault.conflicts
    ]
    yield from _list("yellow", "differs", differing)
    yield from _list(
        "yellow",
        "copy",
        [f"{path}: merge it by hand and delete it" for path in vault.conflict_copies],
    )
    yield from _list("yellow", "warning", vault.warnings)


def _list(colour: str, head: str, found: list[str]) -> Iterator[str]:
    for line in found[:_LONG]:
        yield f"  {click.style(f'{head:9}', fg=colour)} {line}"
    if len(found) > _LONG:
        yield f"  {head:9} and {len(found) - _LONG} more; --json names all"


def _when(moment: datetime, now: datetime) -> str:
    """A time as people read it, in the system's zone, with how far off it is."""
    local = moment.astimezone()
    text = (
        f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%Y-%m-%d %H:%M}"
    )
    minutes = round((moment - now).total_seconds() / 60)
    if abs(minutes) < 1:
        return f"{text} (now)"
    span = f"{abs(minutes)} min" if abs(minutes) < 120 else f"{abs(minutes) // 60} h"
    return f"{text} ({'in ' + span if minutes > 0 else span + ' ago'})"
