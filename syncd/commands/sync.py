"""`syncd sync`: one run, and its result on the terminal or as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import click

from syncd.commands.console import print_json, print_report, progress_bar
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.values import nearest
from syncd.errors import ConfigError, SyncdError
from syncd.report import Report
from syncd.sync.session import rehearse, sync_once
from syncd.sync.vault_run import RunOptions


def sync(
    config_option: str | None,
    options: RunOptions,
    *,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run once, or show what a run would do, and print the result. Returns the exit status."""
    try:
        config = settings.load(settings.config_path(config_option))
        _refuse_unknown(config, options.vaults)
        with stop_on_signal() as stop:
            if dry_run:
                report = rehearse(config, options, stop, lambda diff: click.echo(diff, err=as_json))
            else:
                with progress_bar(shown=not quiet and not as_json) as progress:
                    report = sync_once(config, options, stop, progress)
    except SyncdError as error:
        if not as_json:
            raise
        report = Report(code=error.exit_status, message=error.message)
    if as_json:
        print_json(report)
    elif report.code or not quiet:
        print_report(report, verbose=verbose)
    return report.code


def _refuse_unknown(config: Config, vaults: Sequence[str]) -> None:
    """Raise ConfigError where one of these names is no vault's in the configuration."""
    known = [vault.name for vault in config.vaults]
    for name in vaults:
        if name not in known:
            hint = nearest(name, known) or known
            raise ConfigError(f"there is no vault {name}; did you mean {' or '.join(hint)}?")
