"""`syncd sync`: one run, and its result on the terminal or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from syncd.commands.console import print_json, print_report
from syncd.commands.progress_display import progress_display
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.values import nearest
from syncd.errors import ConfigError, SyncdError
from syncd.report import Report
from syncd.sync.session import sync_once
from syncd.sync.vault_run import RunOptions


def sync(
    config_option: str | None,
    options: RunOptions,
    *,
    dry_run: bool,
    stat: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run once, or show what a run would do, and print the result. Returns the exit status."""
    try:
        config = settings.load(settings.config_path(config_option))
        _refuse_unknown(config, options.vaults)
        if dry_run:
            report = _rehearse(config, options, stat=stat, as_json=as_json)
        else:
            with stop_on_signal() as stop, progress_display() as display:
                report = sync_once(config, options, stop, display)
    except SyncdError as error:
        if not as_json:
            raise
        report = Report(code=error.exit_status, message=error.message)
    if as_json:
        print_json(report)
    elif report.code or not quiet:
        print_report(report, verbose=verbose)
    return report.code


def _rehearse(config: Config, options: RunOptions, *, stat: bool, as_json: bool) -> Report:
    """Show what a run would do."""
    from syncd.commands.dry_run import Shown
    from syncd.sync.dry_run import PageDiff, rehearse

    shown = Shown(stat=stat, as_json=as_json)
    with stop_on_signal() as stop, progress_display() as display:

        def show(page: PageDiff) -> None:
            if not sys.stdout.isatty():
                display.end()  # what reads the diffs may have the terminal: `| less`
            shown(page)

        report = rehearse(config, options, stop, show, display)
    shown.end()
    if sys.stdout.isatty() and not as_json:
        report.message += " (dry run: no page is written)"
    return report


def _refuse_unknown(config: Config, vaults: Sequence[str]) -> None:
    """Raise ConfigError where one of these names is no vault's in the configuration."""
    known = [vault.name for vault in config.vaults]
    for name in vaults:
        if name not in known:
            hint = nearest(name, known) or known
            raise ConfigError(f"there is no vault {name}; did you mean {' or '.join(hint)}?")
