"""`syncd check`: looks for trouble and, with `--full`, compares account and vaults."""

from __future__ import annotations

import click
import msgspec

from syncd.commands import health
from syncd.commands.console import stop_on_signal, tell_comparison
from syncd.config import settings
from syncd.errors import SyncdError
from syncd.formats.escape import clean
from syncd.sync.compare import KINDS, Comparison, compare_all


def check(config_option: str | None, *, full: bool, as_json: bool) -> int:
    """Look for trouble; with `full`, compare account and vaults.

    Returns 0 only when all is well.
    """
    path = settings.config_path(config_option)
    config = settings.load(path)
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
