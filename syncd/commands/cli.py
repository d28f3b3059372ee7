"""The command line: each command's arguments, options and help.

What a command does is imported when it runs, so that `--help` needs click alone. Results go to
standard output, progress and messages to standard error.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from syncd import __version__
from syncd.errors import Stopped, SyncdError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])
_NO_LIMIT = 1000  # characters: click cuts what is longer, and breaks what is wider


class _Command(click.Command):
    """Its line in the list of commands is whole, on as many lines of the terminal as needed."""

    def get_short_help_str(self, limit: int = _NO_LIMIT) -> str:  # noqa: ARG002
        """The first sentence of the help."""
        return super().get_short_help_str(_NO_LIMIT)


class _Group(click.Group):
    """A group of such commands."""

    command_class = _Command


class _Main(_Group):
    """Turns every error into one line and an exit status; `-v` shows where it came from."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SyncdError as error:
            _print_error(ctx, error.message, error)
            ctx.exit(error.exit_status)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (click.Abort, KeyboardInterrupt):
            click.echo("\nsyncd: interrupted", err=True)
            ctx.exit(Stopped.exit_status)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except Exception as error:  # noqa: BLE001  # no traceback reaches a user
            fault = f"{type(error).__name__}: {error} (a fault in syncd; -v shows where)"
            _print_error(ctx, fault, error)
            ctx.exit(1)


def _print_error(ctx: click.Context, message: str, error: BaseException) -> None:
    if ctx.params.get("verbose"):
        logging.getLogger("syncd").debug("%s", message, exc_info=error)
    from syncd.commands.say import say
    from syncd.report import one_line

    say(f"syncd: {one_line(message)}", err=True)


def _files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _folders(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


@click.group(
    cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--config",
    metavar="FILE",
    shell_complete=_files,
    help="The configuration; else $SYNCD_CONFIG, else the user's own.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more, and show where an error came from.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and results.")
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context, config: str | None, verbose: bool, quiet: bool) -> None:
    """Keep a Readwise account's highlights in the pages of a Logseq or Obsidian vault."""
    ctx.obj = config
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    _set_level(verbose, quiet)


def _set_level(verbose: bool, quiet: bool) -> None:
    level = logging.ERROR if quiet else logging.WARNING
    logging.getLogger("syncd").setLevel(logging.DEBUG if verbose else level)


def _also_here(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    """Let `-v` or `-q` behind the command mean the same as before it."""
    options = ctx.find_root().params
    if given and param.name:
        options[param.name] = True
        _set_level(options["verbose"], options["quiet"])


def loudness_options(command: F) -> F:
    """The options `-v` and `-q` behind the command, where people type them."""
    flag = partial(click.option, is_flag=True, expose_value=False, callback=_also_here)
    command = flag("-q", "--quiet", help="Say nothing but errors and results.")(command)
    return flag("-v", "--verbose", help="Say more.")(command)


def json_option(command: F) -> F:
    """The `--json` option."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def vault_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names of the configured vaults, for the shell's completion; none where it is wrong."""
    from syncd.config import settings

    with suppress(SyncdError, OSError):
        path = settings.config_path(ctx.find_root().params.get("config"))
        names = [vault.name for vault in settings.load(path).vaults]
        return [name for name in names if name.startswith(incomplete)]
    return []


@main.command()
@click.option(
    "--vault",
    metavar="DIR",
    shell_complete=_folders,
    help="The vault's folder or its name; asked for on a terminal.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["auto", "logseq", "obsidian"]),
    default="auto",
    help="How its pages are written; auto: by the app that made the folder.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    shell_complete=_files,
    help="Take the token from there (-: standard input) and store it.",
)
@click.option(
    "--api-url", metavar="URL", help="Another server than Readwise's, such as the sandbox."
)
@click.pass_context
def init(
    ctx: click.Context, vault: str | None, format_: str, token_file: str | None, api_url: str | None
) -> None:
    """Write the configuration, store the token, and check it; run again, add one more vault.

    Ask for what is missing when on a terminal.
    """
    from syncd.commands.init import init
    from syncd.config import settings

    ctx.exit(init(settings.config_path(ctx.obj), vault, format_, token_file, api_url))


@main.command()
@click.option("--full", is_flag=True, help="Fetch the whole account and look at every page.")
@click.option("--dry-run", is_flag=True, help="Write no page; show what would change as diffs.")
@click.option("--stat", is_flag=True, help="With --dry-run: no diffs, a line for each page.")
@click.option(
    "--vault",
    "vaults",
    metavar="NAME",
    multiple=True,
    shell_complete=vault_names,
    help="This vault alone (may be repeated).",
)
@click.option(
    "--allow-removals",
    is_flag=True,
    help='Carry out more removals than `on_delete = "remove"` does unasked.',
)
@click.option(
    "--accept-deletions",
    is_flag=True,
    help="What is gone from the vault, however much, was deleted by you.",
)
@json_option
@loudness_options
@click.pass_context
def sync(
    ctx: click.Context,
    full: bool,
    dry_run: bool,
    stat: bool,
    vaults: tuple[str, ...],
    allow_removals: bool,
    accept_deletions: bool,
    as_json: bool,
) -> None:
    """Fetch what is new and bring the vaults' pages up to date, once."""
    from syncd.commands.sync import sync
    from syncd.sync.vault_run import RunOptions

    if stat and not dry_run:
        raise click.UsageError("--stat goes with --dry-run")
    loudness = ctx.find_root().params
    status = sync(
        ctx.obj,
        RunOptions(full, allow_removals, accept_deletions, vaults),
        dry_run=dry_run,
        stat=stat,
        as_json=as_json,
        quiet=loudness["quiet"],
        verbose=loudness["verbose"],
    )
    ctx.exit(status)


@main.command()
@click.option(
    "--full", is_flag=True, help="Fetch the whole account and compare it with the vaults."
)
@json_option
@click.pass_context
def check(ctx: click.Context, full: bool, as_json: bool) -> None:
    """Find what is wrong with configuration, token and vaults before it hurts.

    With --full every highlight of the account is compared with the vaults.
    """
    from syncd.commands.check import check

    ctx.exit(check(ctx.obj, full=full, as_json=as_json))


@main.command("run")
@click.pass_context
def run_service(ctx: click.Context) -> None:
    """Run in the background, as a service does: sync by the schedule, and follow the vaults.

    SIGHUP reads the configuration again, SIGUSR1 syncs now, SIGTERM ends.
    """
    from syncd.service import daemon

    loudness = ctx.find_root().params
    ctx.exit(daemon.run(ctx.obj, verbose=loudness["verbose"], quiet=loudness["quiet"]))


@main.group(cls=_Group)
def service() -> None:
    """Have systemd run syncd."""


def user_option(command: F) -> F:
    """The `--user` option."""
    text = "The user's own systemd, for a desktop; else the machine's, for a server."
    option: Callable[[F], F] = click.option("--user", is_flag=True, help=text)
    return option(command)


@service.command()
@user_option
@click.pass_context
def install(ctx: click.Context, user: bool) -> None:
    """Write the unit for this configuration, and say what to run next."""
    from syncd.service.install import install

    ctx.exit(install(ctx.obj, user=user))


@service.command()
@user_option
@click.pass_context
def uninstall(ctx: click.Context, user: bool) -> None:
    """Remove the unit, and say what to run next."""
    from syncd.service.install import uninstall

    ctx.exit(uninstall(ctx.obj, user=user))


@main.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show how things stand; the exit status is 0 only when all is well."""
    from syncd.commands.status import status

    ctx.exit(status(ctx.obj, as_json=as_json))


@main.command()
@click.argument("what", metavar="[PAGE-OR-ID]", required=False)
@click.pass_context
def diff(ctx: click.Context, what: str | None) -> None:
    """Show what differs between account and vault: "-" the vault's words, "+" the account's.

    Without a name all that is open: what both sides changed, and what has no place. With one also
    what you changed alone. The status is 0 only where nothing differs.
    """
    from syncd.commands.settle import diff

    ctx.exit(diff(ctx.obj, what))


@main.command()
@click.argument("what", metavar="PAGE-OR-ID")
@click.pass_context
def take(ctx: click.Context, what: str) -> None:
    """Write the account's words where both sides changed them, and print those replaced.

    Those of a page, or of one highlight by its id or link; the latter also where you alone changed
    it.
    """
    from syncd.commands.settle import settle

    ctx.exit(settle(ctx.obj, what, take=True))


@main.command()
@click.argument("what", metavar="PAGE-OR-ID")
@click.pass_context
def keep(ctx: click.Context, what: str) -> None:
    """Keep your words where both sides changed them, and name them no more.

    Those of a page, or of one highlight by its id or link. A later edit in Readwise is named anew.
    """
    from syncd.commands.settle import settle

    ctx.exit(settle(ctx.obj, what, take=False))


@main.command()
@click.argument("what", metavar="[PAGE-OR-ID]", required=False)
@click.option("--missing", is_flag=True, help="All that is gone from the vaults.")
@click.option(
    "--since",
    metavar="TIME",
    help="Of that, what is gone since then: a time (2024-07-01T12:00) or a span (2d).",
)
@click.pass_context
def restore(ctx: click.Context, what: str | None, missing: bool, since: str | None) -> None:
    """Forget that you deleted a page or highlight; the next run brings it back.

    PAGE-OR-ID is a page's file name or title, a highlight's link, or the id of a document or
    highlight.
    """
    from syncd.commands.restore import restore, restore_missing

    if missing == (what is not None):
        raise click.UsageError("name a page or an id, or give --missing for all that is gone")
    if what is not None:
        if since is not None:
            raise click.UsageError("--since goes with --missing")
        ctx.exit(restore(ctx.obj, what))
    ctx.exit(restore_missing(ctx.obj, since))


@main.command()
@click.argument("words", metavar="WORDS", nargs=-1, required=True)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 1_000_000),
    default=20,
    show_default=True,
    help="At most so many.",
)
@json_option
@loudness_options
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find highlights of the account by their words, the newest first.

    All words must occur, in text, note, tags, title or author; each finds what begins with it, in
    any case and with any accents. '"Words in quotes"' stand together, and are whole.
    """
    from syncd.commands.search import search

    ctx.exit(search(ctx.obj, words, limit, as_json=as_json))


@main.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv", "markdown"]),
    required=True,
    help="json: documents as Readwise sends them; csv: with Readwise's columns; markdown: to read.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it there, for you alone; else to standard output.",
)
@click.option("--force", is_flag=True, help="Replace the file where it is there already.")
@loudness_options
@click.pass_context
def export(ctx: click.Context, form: str, output: Path | None, force: bool) -> None:
    """Write all highlights of the account, as they were when last synced, into one file."""
    from syncd.commands.export import export

    ctx.exit(export(ctx.obj, form, output, force=force))


@main.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_context
def demo(ctx: click.Context, folder: Path | None) -> None:
    """Show a whole run against the bundled sandbox server; no account needed."""
    from syncd.commands.demo import demo

    ctx.exit(demo(folder))


@main.command()
@click.option("--port", default=0, metavar="N", help="Listen there; else on a free port.")
@click.option(
    "--library",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The account as JSON; else the invented one.",
)
def sandbox(port: int, library: Path | None) -> None:
    """Serve an invented Readwise account on this machine, for trying things out."""
    from syncd.commands.sandbox import sandbox

    sandbox(port, library)
