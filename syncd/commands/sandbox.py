"""`syncd sandbox`: serves an invented Readwise account on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from syncd.commands.say import say
from syncd.commands.signals import stop_on_signal
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox


def sandbox(port: int, library: Path | None) -> None:
    """Serve on the port (0: any that is free) until SIGTERM or SIGINT."""
    with stop_on_signal() as stop, Sandbox(Library.load(library), port=port) as server:
        say(f"{server.url} is a Readwise account; its token is {server.token}")
        say("Leave it running. In another terminal, let a vault follow it:", err=True)
        click.echo(f"  syncd --config sandbox.toml init --api-url {server.url}", err=True)
        stop.wait()
