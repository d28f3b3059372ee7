"""`syncd sync`: one run, told on the terminal or as JSON."""

from __future__ import annotations

import click
import msgspec

from syncd.commands.console import progress_bar, stop_on_signal, tell
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
    """One run, told on the terminal or as JSON. Returns the exit status."""
    try:
        config = settings.load(settings.config_path(config_option))
        check_names(config, options)
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
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    elif report.code or not quiet:
        tell(report, verbose=verbose)
    return report.code


def check_names(config: Config, options: RunOptions) -> None:
    """Raises ConfigError where a vault is asked for that the configuration does not have."""
    known = [vault.name for vault in config.vaults]
    for name in options.vaults:
        if name not in known:
            hint = nearest(name, known) or known
            raise ConfigError(f"there is no vault {name}; did you mean {' or '.join(hint)}?")
