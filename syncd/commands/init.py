"""`syncd init`.

Writes the first configuration and stores the token, and asks a person for what is missing.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from syncd.commands.console import stop_on_signal
from syncd.commands.new_file import drafted, place
from syncd.config import settings as configuration
from syncd.config.settings import Config, Readwise
from syncd.config.token import clean_token, read_token
from syncd.errors import ConfigError, ReadwiseError, TokenError, VaultError
from syncd.readwise.client import Client
from syncd.vault.discover import apps_of, find_vaults
from syncd.vault.graph import read_graph

T = TypeVar("T")
_WHERE = "https://readwise.io/access_token"


def init(
    path: Path, vault: str | None, format_: str, token_file: str | None, api_url: str | None
) -> int:
    """Write the configuration `path` and, beside it, the token; returns the exit status.

    `token_file` is read once ("-" is standard input); without it the token is the one that stands
    there already or in READWISE_TOKEN, or is asked for. A token that Readwise rejects leaves
    nothing behind; where Readwise cannot be asked all is written, and the status is
    ReadwiseError's. Raises ConfigError where a configuration is there already, or something is
    missing with nobody to ask; VaultError; TokenError.
    """
    if os.path.lexists(path):
        raise ConfigError(
            f"{path}: there is a configuration already; edit it, or name another file with --config"
        )
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    root = _vault(vault, asks)
    settings = {"path": _short(root)}
    settings |= {"format": chosen} if (chosen := _format(root, format_, asks)) != "auto" else {}
    settings |= {"api_url": api_url} if api_url else {}
    name = "token" if path.name == "config.toml" else f"{path.stem}.token"
    home = path.absolute().with_name(name)
    if home != configuration.config_dir() / "token":
        settings["token_file"] = name
    with drafted(path, fill(example(), settings)) as draft:
        config = _loaded(draft)
        token, unsure = _token(config, home, token_file, asks)
        if token:
            with drafted(home, token + "\n", 0o600) as secret:
                place(secret, home)
        place(draft, path)
    click.echo(f"{path} is written; it explains every key")
    if token:
        click.echo(f"{home} holds the token, for you alone")
    return _farewell(path, config.vaults[0].path, unsure)


def example() -> str:
    """The configuration with every key explained, as it comes with syncd."""
    folders = Path(__file__).parents[1:3]  # as installed, else at the top of a checkout
    return next(
        f for folder in folders if (f := folder / "config.example.toml").is_file()
    ).read_text("utf-8")


def fill(text: str, settings: dict[str, str]) -> str:
    """`text` with these values, each in the line that shows its key."""
    for key, value in settings.items():
        line = (
            f"{key} = {json.dumps(value, ensure_ascii=False)}"  # a string that is valid in TOML too
        )
        text = re.sub(
            rf"^(?:# )?{key} = .*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE
        )
    return text


def _vault(named: str | None, asks: bool) -> Path:
    """The vault's folder, absolute."""
    if named is not None:
        return _folder(named)
    found = [_short(folder) for folder in find_vaults(Path.home())]
    if not asks:
        hint = f" (found: {', '.join(found)})" if found else ""
        raise ConfigError(
            f"no vault is named, and there is no terminal to ask on; pass --vault DIR{hint}"
        )
    for number, one in enumerate(found, 1):
        click.echo(
            f"  {number}  {one}  ({' and '.join(apps_of(Path(one).expanduser()))})", err=True
        )

    def choice(answer: str) -> Path:
        listed = answer.isdecimal() and 0 < int(answer) <= len(found)
        return _folder(found[int(answer) - 1] if listed else answer)

    if not found:
        click.echo(
            "No vault was found in your home folder; name the folder that holds logseq/ or .obsidian/",
            err=True,
        )
    question = "Your vault (its number, or a folder)" if found else "Your vault's folder"
    return _ask(question, choice, default="1" if found else None)


def _folder(text: str) -> Path:
    # A Path fails on an unknown ~name
    folder = Path(os.path.expanduser(text)).absolute()  # noqa: PTH111
    if not folder.is_dir():
        reason = "this is no folder; name the one that holds logseq/ or .obsidian/"
        raise VaultError(f"{folder}: {reason}", code="vault-missing")
    return folder.resolve() if ".." in folder.parts else folder


def _format(root: Path, given: str, asks: bool) -> str:
    """The value for `format`, checked against the vault; it stays "auto" where the folder tells."""
    if given == "auto" and len(apps := apps_of(root)) != 1:
        what = "both Logseq and Obsidian use it" if apps else "no app has used it yet"
        if not asks:
            raise ConfigError(f"{root}: {what}; pass --format logseq or --format obsidian")
        click.echo(f"{root}: {what}", err=True)
        given = click.prompt(
            "How shall pages be written", type=click.Choice(["logseq", "obsidian"]), err=True
        )
    read_graph(root, given)
    return given


def _token(
    config: Config, home: Path, source: str | None, asks: bool
) -> tuple[str, ReadwiseError | None]:
    """The token to store, "" where it has its place, and why Readwise could not be asked about it, if so."""
    stored = os.path.lexists(home)
    if source is None and (stored or "READWISE_TOKEN" in os.environ):
        return "", _check(config, read_token(Readwise(token_file=home), os.environ))
    if source is None and asks:
        return _asked(config)
    if source is None:
        raise ConfigError(
            f"no token is given; save the one from {_WHERE} and pass --token-file FILE, or - for input"
        )
    token = _given(source)
    if stored and read_token(Readwise(token_file=home), {}) != token:
        raise ConfigError(
            f"{home} holds another token; delete it, or leave out --token-file to use it"
        )
    return "" if stored else token, _check(config, token)


def _asked(config: Config) -> tuple[str, ReadwiseError | None]:
    click.echo(f"Your token is shown at {_WHERE}; here it stays hidden.", err=True)

    def tried(answer: str) -> tuple[str, ReadwiseError | None]:
        token = clean_token(os.fsencode(answer), "this")
        return token, _check(config, token)

    return _ask("Token", tried, hidden=True)


def _given(source: str) -> str:
    if source != "-":
        try:
            return clean_token(Path(source).expanduser().read_bytes(), source)
        except OSError as error:
            raise ConfigError(
                f"--token-file {source}: {error.strerror}; name a file that holds the token"
            ) from None
    if sys.stdin.isatty():
        raise ConfigError(
            "--token-file -: a terminal would show the token; leave it out and be asked, or use a pipe"
        )
    return clean_token(sys.stdin.buffer.read(), "standard input")


def _check(config: Config, token: str) -> ReadwiseError | None:
    """Ask Readwise about the token: None if it is good. Raises TokenError."""
    click.echo(f"Asking {config.readwise.api_url} about the token", err=True)
    with stop_on_signal() as stop:
        try:
            Client(config.readwise.api_url, token, stop, tries=3).check_token()
        except ReadwiseError as error:
            return error
    return None


def _ask(
    question: str, accept: Callable[[str], T], *, default: str | None = None, hidden: bool = False
) -> T:
    """A person's answer, asked for until `accept` takes it."""

    def value_of(answer: str) -> T:
        try:
            return accept(answer.strip())
        except (TokenError, VaultError) as error:
            raise click.UsageError(error.message) from None

    answer: T = click.prompt(
        question, default=default, hide_input=hidden, value_proc=value_of, err=True
    )
    return answer


def _short(folder: Path) -> str:
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if home in folder.parents else str(folder)


def _loaded(draft: Path) -> Config:
    try:
        return configuration.load(draft)
    except ConfigError as error:  # the lines of a file that nobody will see do not matter
        raise ConfigError(error.message.removeprefix(str(draft)).partition(": ")[2]) from None


def _farewell(path: Path, vault: Path, unsure: ReadwiseError | None) -> int:
    syncd = "syncd" if shutil.which("syncd") else f"{shlex.quote(sys.executable)} -m syncd"
    if configuration.config_path(None) != path:
        syncd += f" --config {shlex.quote(str(path))}"
    if unsure is not None:
        click.echo(f"syncd: the token could not be checked: {unsure.message}", err=True)
    following = {
        "check": "is everything in place?",
        "sync --dry-run": "what would happen, as diffs",
    }
    for_another = (
        os.geteuid() == 0 and vault.stat().st_uid != 0
    )  # to whom root's pages would be locked
    if not for_another:
        following["sync"] = "do it once"
    if shutil.which("systemctl"):
        keep = "keep doing it, as the vault's owner" if for_another else "and keep doing it"
        following["service install" if os.geteuid() == 0 else "service install --user"] = keep
    for command, what in following.items():
        click.echo(f"  {syncd} {command:<24}# {what}")
    return unsure.exit_status if unsure is not None else 0
