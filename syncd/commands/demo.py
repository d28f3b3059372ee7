"""`syncd demo`: a whole run against the bundled sandbox server, for anyone to see.

No account needed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Event

import click

from syncd.config.settings import Config, Readwise, Schedule, Vault
from syncd.errors import ConfigError
from syncd.report import Report
from syncd.sandbox.server import Sandbox
from syncd.sync.session import sync_once
from syncd.sync.vault_run import RunOptions

_SHOWN = 6


def demo(folder: Path | None) -> int:
    """Sync the invented account into a fresh vault in `folder`, add to the account, sync again.

    Say what came where.

    Raises ConfigError where `folder` holds something already.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="syncd-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; name a new folder for the demo")
    vault = folder / "notes"
    (vault / "logseq").mkdir(parents=True)
    (vault / "logseq" / "config.edn").write_text("{:file/name-format :triple-lowbar}\n")
    token = folder / "token"
    token.touch(mode=0o600)
    with Sandbox() as server:
        token.write_text(server.token)
        config = Config(
            vaults=(Vault(vault, name="notes", timezone="UTC"),),
            readwise=Readwise(token, api_url=server.url),
            schedule=Schedule(),
            state_dir=folder / "state",
        )
        click.echo(
            f"An invented Readwise account is served at {server.url}; the vault is {vault}\n"
        )
        _step("First sync", config)
        book = next(book for book in server.library.books if book["category"] == "tweets")
        server.library.add_highlight(
            book["user_book_id"],
            text="新しいメモ: a tweet that was saved a moment ago 🌱",
            url="https://x.com/demo_only/status/1860000000000000001",
            tags=[{"id": 1, "name": "fresh"}],
            note="Arrived with the second sync.",
        )
        _step("One more tweet is saved. Second sync", config)
        report = _step("Nothing new. Third sync", config)
    click.echo(f"Open {vault} in Logseq, or look into {vault / 'pages'}")
    return report.code


def _step(what: str, config: Config) -> Report:
    report = sync_once(config, RunOptions(), Event(), lambda _what, _done, _total: None, env={})
    click.echo(f"{what}: {report.message}")
    for vault in report.vaults:
        for head, paths in (
            ("new page", vault.pages.created),
            ("changed page", vault.pages.updated),
        ):
            for path in paths[:_SHOWN]:
                click.echo(f"  {head}  {path}")
            if len(paths) > _SHOWN:
                click.echo(f"  and {len(paths) - _SHOWN} more")
    click.echo()
    return report
