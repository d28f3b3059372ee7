"""`syncd restore`: brings back a page or highlight that its owner deleted."""

from __future__ import annotations

from contextlib import closing

import click

from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.values import nearest
from syncd.report import one_line
from syncd.state import account
from syncd.state.schema import open_to_read
from syncd.state.vaults import find_vault
from syncd.sync.restore import find_meant, restore_all


def restore(config_option: str | None, what: str) -> int:
    """Forget the deletion of what `what` names. Returns 0, or 1 where nothing of it was deleted."""
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop:
        forgotten = restore_all(config, what, stop)
    if not any(forgotten.values()):
        click.echo(f"syncd: {_why_nothing(config, what)}", err=True)
        return 1
    for name, count in forgotten.items():
        click.echo(f"{name}: {count} of the deleted highlights come back with the next sync")
    return 0


def _why_nothing(config: Config, what: str) -> str:
    """Why nothing comes back, with the nearest title where nobody knows the name."""
    titles: set[str] = set()
    with closing(open_to_read(settings.state_path(config) / "syncd.db")) as db:
        for vault in config.vaults:
            number = find_vault(db, vault.name)
            if number is None:
                continue
            if any(find_meant(db, number, what)):
                return f"nothing of {what} was deleted"
            titles |= {document.title or "" for document in account.documents_in(db, number)}
    for title in nearest(what, titles):
        return f'nothing is called {what}; did you mean "{one_line(title)}"?'
    allowed = "name a page by its file or title, a highlight by its link, or either by its id"
    return f"nothing is called {what}; {allowed}"
