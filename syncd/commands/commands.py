"""What the commands do, once their options are read."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from syncd.commands import health
from syncd.commands.console import progress_bar, stop_on_signal, tell, tell_comparison
from syncd.config import settings as configuration
from syncd.config.settings import Config
from syncd.config.values import nearest
from syncd.errors import ConfigError, SyncdError
from syncd.formats.escape import clean
from syncd.report import Report
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from syncd.sync.compare import KINDS, Comparison, compare_all
from syncd.sync.restore import restore_all
from syncd.sync.run import Wishes
from syncd.sync.session import rehearse, sync_once


def sync(
    config_option: str | None,
    wishes: Wishes,
    *,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """One run, told on the terminal or as JSON. Returns the exit status."""
    try:
        config = configuration.load(configuration.config_path(config_option))
        check_names(config, wishes)
        with stop_on_signal() as stop:
            if dry_run:
                report = rehearse(config, wishes, stop, lambda diff: click.echo(diff, err=as_json))
            else:
                with progress_bar(shown=not quiet and not as_json) as progress:
                    report = sync_once(config, wishes, stop, progress)
    except SyncdError as error:
        if not as_json:
            raise
        report = Report(code=error.exit_status, message=error.message)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    elif report.code or not quiet:
        tell(report, verbose=verbose)
    return report.code


def check(config_option: str | None, *, full: bool, as_json: bool) -> int:
    """Look for trouble; with `full`, compare account and vaults.

    Returns 0 only when all is well.
    """
    path = configuration.config_path(config_option)
    config = configuration.load(path)
    with stop_on_signal() as stop:
        findings = health.findings(config, stop)
        able = all(finding.exit_status == SyncdError.exit_status for finding in findings)
        compared = compare_all(config, stop) if full and able else {}
    agree = all(isinstance(one, Comparison) and one.agrees for one in compared.values())
    code = max([0 if agree else 1, *(finding.exit_status for finding in findings)])
    problems = [
        clean(finding.message).replace("\n", " ") for finding in findings
    ]  # a file's name is any text
    if as_json:
        vaults = [_as_value(name, one) for name, one in compared.items()]
        value = {"code": code, "problems": problems, "vaults": vaults}
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
        return code
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    for name, one in compared.items():
        tell_comparison(name, one)
    if not findings and not compared:
        click.echo(f"{path}: all is well")
    return code


def _as_value(name: str, one: Comparison | SyncdError) -> dict[str, object]:
    if isinstance(one, SyncdError):
        return {"name": name, "error": one.message}
    kinds = {kind: [d._asdict() for d in one.differences if d.kind == kind] for kind in KINDS}
    return {"name": name, "upstream": one.upstream, "present": one.present, **kinds}


def restore(config_option: str | None, what: str) -> int:
    """Forget a deletion. Returns 0, or 1 where nothing was deleted that `what` means."""
    config = configuration.load(configuration.config_path(config_option))
    with stop_on_signal() as stop:
        forgotten = restore_all(config, what, stop)
    for name, count in forgotten.items():
        click.echo(f"{name}: {count} of the deleted highlights come back with the next sync")
    return 0 if any(forgotten.values()) else 1


def sandbox(port: int, library: Path | None) -> None:
    """Serve until a signal comes."""
    with stop_on_signal() as stop, Sandbox(Library.load(library), port=port) as server:
        click.echo(f"{server.url} is a Readwise account; its token is {server.token}")
        click.echo("Leave it running. In another terminal, this has a vault follow it:", err=True)
        click.echo(f"  syncd --config sandbox.toml init --api-url {server.url}", err=True)
        stop.wait()


def check_names(config: Config, wishes: Wishes) -> None:
    """Raises ConfigError where a vault is asked for that the configuration does not have."""
    known = [vault.name for vault in config.vaults]
    for name in wishes.vaults:
        if name not in known:
            hint = nearest(name, known) or known
            raise ConfigError(f"there is no vault {name}; did you mean {' or '.join(hint)}?")
