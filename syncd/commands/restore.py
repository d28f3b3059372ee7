"""`syncd restore`: brings back a page or highlight that its owner deleted."""

from __future__ import annotations

import click

from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.sync.restore import restore_all


def restore(config_option: str | None, what: str) -> int:
    """Forget the deletion of what `what` names. Returns 0, or 1 where nothing of it was deleted."""
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop:
        forgotten = restore_all(config, what, stop)
    for name, count in forgotten.items():
        click.echo(f"{name}: {count} of the deleted highlights come back with the next sync")
    return 0 if any(forgotten.values()) else 1
