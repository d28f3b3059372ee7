"""`syncd demo`: three runs against the bundled sandbox server; no account is needed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Event

import click

from syncd.commands.say import say
from syncd.config.settings import Config, Readwise, Schedule, Vault
from syncd.errors import ConfigError
from syncd.progress import silent
from syncd.report import Report
from syncd.sandbox.server import Sandbox
from syncd.sync.session import sync_once
from syncd.sync.vault_run import RunOptions

_SHOWN = 6  # pages of one kind


def demo(folder: Path | None) -> int:
    """Sync the invented account into a new vault in `folder`, add a tweet to it, sync again.

    Prints which pages each run wrote. Raises ConfigError where `folder` is not empty.
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
        say(f"{server.url} is an invented Readwise account; the vault is {vault}\n")
        _run_and_print("First sync", config)
        book = next(book for book in server.library.books if book["category"] == "tweets")
        server.library.add_highlight(
            book["user_book_id"],
            text="新しいメモ: a tweet that was saved a moment ago 🌱",
            url="https://x.com/demo_only/status/1860000000000000001",
            tags=[{"id": 1, "name": "fresh"}],
            note="Arrived with the second sync.",
        )
        _run_and_print("One more tweet is saved. Second sync", config)
        report = _run_and_print("Nothing new. Third sync", config)
    say(f"Open {vault} in Logseq, or look into {vault / 'pages'}")
    return report.code


def _run_and_print(head: str, config: Config) -> Report:
    report = sync_once(config, RunOptions(), Event(), silent, env={})
    say(f"{head}: {report.message}")
    for vault in report.vaults:
        _print_pages("new page", vault.pages.created)
        _print_pages("changed page", vault.pages.updated)
    click.echo()
    return report


def _print_pages(head: str, paths: list[str]) -> None:
    for path in paths[:_SHOWN]:
        say(f"  {head}  {path}")
    if len(paths) > _SHOWN:
        say(f"  and {len(paths) - _SHOWN} more")
