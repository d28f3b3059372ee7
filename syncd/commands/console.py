"""What commands print: what a run did, a value as JSON."""

from __future__ import annotations

import click
import msgspec

from syncd.commands.say import say
from syncd.report import (
    Report,
    VaultReport,
    deleted_lines,
    held_line,
    one_line,
    returned_lines,
    unplaced_line,
)

_LONG = 20  # lines of one kind


def print_json(value: object) -> None:
    """Print the value as indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_report(report: Report, *, verbose: bool) -> None:
    """Print the result on standard output, what needs attention on standard error.

    With `verbose` also the paths of the pages that were written.
    """
    for vault in report.vaults:
        if verbose:
            _print_list("created", vault.pages.created)
            _print_list("updated", vault.pages.updated)
        print_attention(vault)
    say(report.message)


def print_attention(vault: VaultReport) -> None:
    """Print on standard error what a vault's owner should know of."""
    _print_list("warning:", vault.warnings)
    _print_list("failed:", [str(failure) for failure in vault.failed])
    _print_list("differs:", [str(conflict) for conflict in vault.conflicts])
    _print_list("not placed:", [unplaced_line(one) for one in vault.unplaced])
    _print_list("returned:", returned_lines(vault.returned))
    _print_list("deleted:", deleted_lines(vault.deleted))
    _print_list("gone:", [held_line(vault.held)] if vault.held else [])


def _print_list(head: str, lines: list[str]) -> None:
    for line in lines[:_LONG]:
        say(f"{head} {one_line(line)}", err=True)
    if len(lines) > _LONG:
        say(f"{head} and {len(lines) - _LONG} more; --json names all", err=True)
