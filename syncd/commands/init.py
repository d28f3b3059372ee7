"""`syncd init`: writes the first configuration, stores the token, and asks for what is missing."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import click

from syncd.commands.new_file import drafted, place
from syncd.commands.progress_display import progress_display
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config, Readwise
from syncd.config.token import clean_token, read_token
from syncd.config.values import nearest
from syncd.errors import ConfigError, ReadwiseError, TokenError, VaultError
from syncd.readwise.client import Client
from syncd.sync.manners import fitting_template, manners_of
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
        raise ConfigError(f"{path}: there is a configuration already; {_more(vault)}")
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    root = _chosen_vault(vault, asks)
    values = {"path": _short(root)}
    if (chosen := _chosen_format(root, format_, asks)) != "auto":
        values["format"] = chosen
    graph = read_graph(root, chosen)
    with progress_display() as display:
        manners = manners_of(root, graph, display)
    if template := fitting_template(manners) if not graph.org else "":
        values["template"] = template
    if api_url:
        values["api_url"] = api_url
    name = "token" if path.name == "config.toml" else f"{path.stem}.token"
    home = path.absolute().with_name(name)
    if home != settings.config_dir() / "token":
        values["token_file"] = name
    with drafted(path, [fill(example(), values)]) as draft:
        config = _loaded(draft)
        token, unasked = _chosen_token(config, home, token_file, asks)
        if token:
            with drafted(home, [token + "\n"], 0o600) as secret:
                place(secret, home)
        place(draft, path)
    click.echo(f"{path} is written; it explains every key")
    if template:
        click.echo(f"{manners[0]}; new ones will look like them: template = {_quoted(template)}")
    if token:
        click.echo(f"{home} holds the token, for you alone")
    _print_next_steps(path, config.vaults[0].path)
    if unasked is None:
        return 0
    click.echo(f"syncd: the token could not be checked: {unasked.message}", err=True)
    return unasked.exit_status


def _more(vault: str | None) -> str:
    """What to do where a configuration is there already."""
    edit = "edit it"
    with suppress(VaultError):
        if vault is not None:
            line = f"path = {_quoted(_short(_folder(vault)))}"
            edit = f"for one more vault add [[vault]] and {line} to it"
    return f"{edit}, or name another file with --config"


def example() -> str:
    """The configuration with every key explained, as it comes with syncd."""
    folders = Path(__file__).parents[1:3]  # as installed, else at the top of a checkout
    files = [folder / "config.example.toml" for folder in folders]
    return next(file for file in files if file.is_file()).read_text("utf-8")


def fill(text: str, values: dict[str, str]) -> str:
    """The example `text` with these values, each in the first line that shows its key."""
    for key, value in values.items():
        line = f"{key} = {_quoted(value)}".replace("\\", r"\\")
        text = re.sub(rf"^(?:# )?{key} = .*$", line, text, count=1, flags=re.MULTILINE)
    return text


def _quoted(text: str) -> str:
    """The text as a string of TOML, which one of JSON is."""
    return json.dumps(text, ensure_ascii=False)


def _chosen_vault(named: str | None, asks: bool) -> Path:
    """The vault's folder, absolute: as named, or as a person chooses of those that are found."""
    if named is not None:
        return _folder(named)
    found = [_short(folder) for folder in find_vaults(Path.home())]
    if not asks:
        hint = f" (found: {', '.join(found)})" if found else ""
        reason = "no vault is named, and there is no terminal to ask on"
        raise ConfigError(f"{reason}; pass --vault DIR{hint}")
    for number, one in enumerate(found, 1):
        apps = " and ".join(apps_of(Path(one).expanduser()))
        click.echo(f"  {number}  {one}  ({apps})", err=True)

    def choice(answer: str) -> Path:
        listed = answer.isdecimal() and 0 < int(answer) <= len(found)
        return _folder(found[int(answer) - 1] if listed else answer)

    if found:
        return _ask("Your vault (its number, or a folder)", choice, default="1")
    way_out = "name the folder that holds logseq/ or .obsidian/"
    click.echo(f"No vault was found in your home folder; {way_out}", err=True)
    return _ask("Your vault's folder", choice)


def _folder(text: str) -> Path:
    """The folder that a person names by its path, or a vault by the name of its folder alone.

    Raises VaultError where there is none, or several vaults have the name.
    """
    # A Path fails on an unknown ~name
    folder = Path(os.path.expanduser(text)).absolute()  # noqa: PTH111
    if folder.is_dir():
        return folder.resolve() if ".." in folder.parts else folder
    vaults = find_vaults(Path.home())
    same = [vault for vault in vaults if vault.name.casefold() == text.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        folders = ", ".join(map(_short, same))
        raise VaultError(f"several vaults are called {text}: {folders}; name one's folder")
    by_name = {vault.name: vault for vault in vaults}
    hints = [f"did you mean {_short(by_name[name])}?" for name in nearest(folder.name, by_name)]
    way_out = (hints or ["name the one that holds logseq/ or .obsidian/"])[0]
    raise VaultError(f"{folder}: this is no folder; {way_out}", code="vault-missing")


def _chosen_format(root: Path, given: str, asks: bool) -> str:
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


def _chosen_token(
    config: Config, home: Path, source: str | None, asks: bool
) -> tuple[str, ReadwiseError | None]:
    """The token to store, "" where it is stored already; the error where Readwise was not reached.

    `home` is its place. Raises TokenError where Readwise rejects it, ConfigError where none is
    given or another one is stored.
    """
    stored = os.path.lexists(home)
    if source is None and (stored or "READWISE_TOKEN" in os.environ):
        return "", _ask_readwise(config, read_token(Readwise(token_file=home), os.environ))
    if source is None and asks:
        return _typed_token(config)
    if source is None:
        source = f"from {_WHERE}" if _is_readwise(config) else f"of {config.readwise.api_url}"
        way_out = f"save the one {source} and pass --token-file FILE, or - for input"
        raise ConfigError(f"no token is given; {way_out}")
    token = _given_token(source)
    if stored and read_token(Readwise(token_file=home), {}) != token:
        way_out = "delete it, or leave out --token-file to use it"
        raise ConfigError(f"{home} holds another token; {way_out}")
    return "" if stored else token, _ask_readwise(config, token)


def _typed_token(config: Config) -> tuple[str, ReadwiseError | None]:
    if _is_readwise(config):
        click.echo(f"Your token is shown at {_WHERE}; here it stays hidden.", err=True)
    else:
        hint = f"The token is that of {config.readwise.api_url}; `syncd sandbox` prints its own"
        click.echo(f"{hint}. Here it stays hidden.", err=True)

    def accept(answer: str) -> tuple[str, ReadwiseError | None]:
        token = clean_token(os.fsencode(answer), "this")
        return token, _ask_readwise(config, token)

    return _ask("Token", accept, hidden=True)


def _is_readwise(config: Config) -> bool:
    """Whether the server is Readwise itself, and no sandbox or other one."""
    return config.readwise.api_url == Readwise().api_url


def _given_token(source: str) -> str:
    """The token in the file `source`, or from standard input where that is "-"."""
    if source != "-":
        try:
            return clean_token(Path(source).expanduser().read_bytes(), source)
        except OSError as error:
            reason = f"{error.strerror}; name a file that holds the token"
            raise ConfigError(f"--token-file {source}: {reason}") from None
    if sys.stdin.isatty():
        way_out = "leave it out and be asked, or use a pipe"
        raise ConfigError(f"--token-file -: a terminal would show the token; {way_out}")
    return clean_token(sys.stdin.buffer.read(), "standard input")


def _ask_readwise(config: Config, token: str) -> ReadwiseError | None:
    """None where Readwise takes the token, the error where it is not reached. Raises TokenError."""
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
    """The folder's path, from `~` where it is in the home folder."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if home in folder.parents else str(folder)


def _loaded(draft: Path) -> Config:
    """The configuration in the draft. Raises ConfigError, which does not name the draft."""
    try:
        return settings.load(draft)
    except ConfigError as error:
        reason = error.message.removeprefix(str(draft)).partition(": ")[2]
        raise ConfigError(reason) from None


def _print_next_steps(path: Path, vault: Path) -> None:
    """Print the commands that follow, each with what it does."""
    syncd = "syncd" if shutil.which("syncd") else f"{shlex.quote(sys.executable)} -m syncd"
    if settings.config_path(None) != path:
        syncd += f" --config {shlex.quote(str(path))}"
    for command, what in _next_steps(vault):
        click.echo(f"  {syncd} {command:<24}# {what}")


def _next_steps(vault: Path) -> Iterator[tuple[str, str]]:
    is_root = os.geteuid() == 0
    for_another = is_root and vault.stat().st_uid != 0  # to whom root's pages would be locked
    yield "check", "is everything in place?"
    yield "sync --dry-run", "what would happen, as diffs"
    if not for_another:
        yield "sync", "do it once"
    if shutil.which("systemctl"):
        keep = "keep doing it, as the vault's owner" if for_another else "and keep doing it"
        yield "service install" if is_root else "service install --user", keep
