"""`syncd diff`, `take` and `keep`: shows what differs, and settles it as its owner says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import unified_diff

import click

from syncd.commands.console import print_attention
from syncd.commands.naming import why_unknown
from syncd.commands.progress_display import progress_display
from syncd.commands.say import say
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.page.blocks import app_lines
from syncd.report import harmless, one_line
from syncd.sync.differences import Difference, Kind
from syncd.sync.settle import Outcome, diff_all, settle_all

_WHY: dict[Kind, str] = {
    "conflict": "changed in Readwise and by you",
    "unplaced": "changed in Readwise, and has no place on the page",
    "held": "gone; is the vault whole?",
    "edited": "changed by you",
    "deleted": "deleted by you",
    "missing": "comes with the next sync",
}
_COLOURS = {"-": "red", "+": "green"}


def diff(config_option: str | None, what: str | None) -> int:
    """Print what differs, with the lines of both sides. Returns 0 where nothing does, else 1."""
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop, progress_display() as display:
        found = diff_all(config, what, stop, display)
    for outcome in found:
        vault = f"{outcome.report.name}: " if len(found) > 1 else ""
        for one in outcome.differences:
            _print_difference(one, vault)
        print_attention(outcome.report)
    if any(one.differences or one.report.failed for one in found):
        return 1
    unknown = None if what is None else why_unknown(config, what)
    if unknown is not None:
        say(f"syncd: {unknown}", err=True)
    return 0 if unknown is None else 1


def _print_difference(one: Difference, vault: str) -> None:
    colour = False if os.environ.get("NO_COLOR") else None  # None: only on a terminal
    say(click.style(f"{vault}{_place(one)}: {_WHY[one.kind]}", bold=True))
    for line in _both(one):
        click.secho(line, fg=_COLOURS.get(line[0]), color=colour)


def _place(one: Difference) -> str:
    """The page, and which part of it."""
    page = one_line(one.page or "no page")
    if not one.highlight:
        return f"{page}: properties ({one_line(one.part)})"
    return f"{page}: highlight {one.highlight} ({one.part})"


def _both(one: Difference) -> Iterator[str]:
    """The lines of both sides: "- " the vault's, "+ " the account's, "  " what both have."""
    vault = _shown(one.vault)
    lines = unified_diff(vault, _shown(one.account), n=len(vault), lineterm="")
    for line in list(lines)[3:]:  # behind the names of the two sides, and where the lines are
        yield f"{line[0]} {line[1:]}"


def _shown(lines: list[str]) -> list[str]:
    """A side's lines as a terminal may show them, without those that Logseq adds by itself."""
    hidden = app_lines(lines)
    return [harmless(line) for line in lines if line not in hidden]


def settle(config_option: str | None, what: str, *, take: bool) -> int:
    """Settle what `what` names, and print what was; with `take` also the words replaced.

    Returns 0, or 1 where nothing was to settle, or something of it could not be.
    """
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop, progress_display() as display:
        settled = settle_all(config, what, stop, display, take=take)
    for one in settled:
        _print_settled(one, take=take)
        print_attention(one.report)
    if any(one.left or one.report.failed for one in settled):
        return 1
    if any(one.differences for one in settled):
        return 0
    nothing = f"nothing of {what} {'differs' if take else 'is in conflict'}"
    say(f"syncd: {why_unknown(config, what) or nothing}", err=True)
    return 1


def _print_settled(settled: Outcome, *, take: bool) -> None:
    for one in settled.differences:
        say(f"{_place(one)}: yours is {'replaced' if take else 'kept'}")
        for line in _shown(one.vault) if take else ():
            click.echo(f"- {line}")
    for one in settled.left:
        why = "is not on its document's page" if one.moved else "has no place on the page"
        way = "change it by hand, or `syncd keep` it"
        say(f"syncd: {_place(one)} {why}; {way}", err=True)
