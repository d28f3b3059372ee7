"""`syncd init`: writes the first configuration, stores the token, and asks for what is missing."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator
from itertools import chain, count
from pathlib import Path

import click

from syncd.commands.choose_vault import ask, chosen_format, chosen_vault, short
from syncd.commands.new_file import drafted, place
from syncd.commands.progress_display import progress_display
from syncd.commands.say import say
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config, Readwise
from syncd.config.token import clean_token, read_token
from syncd.errors import ConfigError, ReadwiseError, SyncdError
from syncd.progress import named
from syncd.readwise.client import Client
from syncd.sync.manners import Manner, fitting_template, manners_of
from syncd.vault.graph import read_graph
from syncd.vault.read import PageChanged, read_page
from syncd.vault.write import Writer

_WHERE = "https://readwise.io/access_token"


def init(
    path: Path, vault: str | None, format_: str, token_file: str | None, api_url: str | None
) -> int:
    """Write the configuration `path` and, beside it, the token; returns the exit status.

    Where it is there already, one more vault is added to it.

    `token_file` is read once ("-" is standard input); without it the token is the one that stands
    there already or in READWISE_TOKEN, or is asked for. A token that Readwise rejects leaves
    nothing behind; where Readwise cannot be asked all is written, and the status is
    ReadwiseError's. Raises ConfigError where something is missing with nobody to ask; VaultError;
    TokenError.
    """
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    if os.path.lexists(path):
        if token_file or api_url:
            way_out = "leave out --token-file and --api-url to add a vault to it"
            other = "or name another file with --config"
            raise ConfigError(f"{path}: there is a configuration already; {way_out}, {other}")
        return _add_vault(path, vault, format_, asks)
    root = chosen_vault(vault, asks)
    values, manner = _vault_values(root, format_, asks)
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
    say(f"{path} is written; it explains every key")
    _print_manner(manner, values)
    if token:
        say(f"{home} holds the token, for you alone")
    _print_next_steps(path, config.vaults[0].path)
    if unasked is None:
        return 0
    say(f"syncd: the token could not be checked: {unasked.message}", err=True)
    return unasked.exit_status


def _vault_values(root: Path, format_: str, asks: bool) -> tuple[dict[str, str], Manner | None]:
    """What the configuration says of a vault, and the manner that its template is chosen for."""
    values = {"path": short(root)}
    if (chosen := chosen_format(root, format_, asks)) != "auto":
        values["format"] = chosen
    graph = read_graph(root, chosen)
    with progress_display() as display:
        manners = manners_of(root, graph, named(root.name, display))
    template = fitting_template(manners) if not graph.org else ""
    if not template:
        return values, None
    return {**values, "template": template}, manners[0]


def _print_manner(manner: Manner | None, values: dict[str, str]) -> None:
    """Say why new pages get the template that they get."""
    if manner is not None:
        way = f"template = {_quoted(values['template'])}"
        say(f"{manner}; new ones will look like them: {way}")


def _add_vault(path: Path, vault: str | None, format_: str, asks: bool) -> int:
    """Add one more vault to the configuration that is there. Returns the exit status."""
    config = settings.load(path)
    names = {one.name for one in config.vaults}
    if vault is None and asks:
        say(f"{path} has {', '.join(sorted(names))}; one more vault is added to it", err=True)
    elif vault is None:
        way_out = "pass --vault DIR to add one more vault, or name another file with --config"
        raise ConfigError(f"{path}: there is a configuration already; {way_out}")
    known = {one.path.resolve(): one.name for one in config.vaults}
    root = chosen_vault(vault, asks, known)
    if root.resolve() in known:
        raise ConfigError(f"{path} has {root} already, as {known[root.resolve()]}; edit it there")
    values, manner = _vault_values(root, format_, asks)
    name = _free_name(root.name, names)
    if name != root.name:
        values["name"] = name
    _append(path, values)
    say(f"{path} has the vault {name} too; all keys are in docs/configuration.md")
    _print_manner(manner, values)
    _print_next_steps(path, root)
    return 0


def _free_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where another vault has it."""
    others = (f"{name} {number}" for number in count(2))
    return next(one for one in chain([name], others) if one not in taken)


def _append(path: Path, values: dict[str, str]) -> None:
    """Add a vault to the file, in one step, and only if it still makes sense then."""
    lines = "\n".join(f"{key} = {_quoted(value)}" for key, value in values.items())
    block = f"\n[[vault]]\n{lines}\n"
    real = path.resolve()
    try:
        old, seen = read_page(real)
        text = old.decode() + ("" if old.endswith(b"\n") else "\n") + block
        with drafted(real, text) as draft:
            _loaded(draft)
        writer = Writer(real.parent)
        writer.write(Path(real.name), text.encode(), seen)
        writer.flush()
    except (OSError, SyncdError, PageChanged) as error:
        by_hand = block.strip().replace("\n", ", ")
        raise ConfigError(f"{path} cannot be changed: {error}; add to it: {by_hand}") from None


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
        sandbox = f"of {config.readwise.api_url} (`syncd sandbox` prints its own)"
        source = f"from {_WHERE}" if _is_readwise(config) else sandbox
        way_out = f"save the one {source} and pass --token-file FILE, or - for input"
        raise ConfigError(f"no token is given; {way_out}")
    token = _given_token(source)
    if stored and read_token(Readwise(token_file=home), {}) != token:
        way_out = "delete it, or leave out --token-file to use it"
        raise ConfigError(f"{home} holds another token; {way_out}")
    return "" if stored else token, _ask_readwise(config, token)


def _typed_token(config: Config) -> tuple[str, ReadwiseError | None]:
    if _is_readwise(config):
        say(f"Your token is shown at {_WHERE}; here it stays hidden.", err=True)
    else:
        hint = f"The token is that of {config.readwise.api_url}; `syncd sandbox` prints its own"
        say(f"{hint}. Here it stays hidden.", err=True)

    def accept(answer: str) -> tuple[str, ReadwiseError | None]:
        token = clean_token(os.fsencode(answer), "this")
        return token, _ask_readwise(config, token)

    return ask("Token", accept, hidden=True)


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
    say(f"Asking {config.readwise.api_url} about the token", err=True)
    with stop_on_signal() as stop:
        try:
            Client(config.readwise.api_url, token, stop, tries=3).check_token()
        except ReadwiseError as error:
            return error
    return None


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
        click.echo(f"  {syncd} {command:<22} # {what}")


def _next_steps(vault: Path) -> Iterator[tuple[str, str]]:
    is_root = os.geteuid() == 0
    for_another = is_root and vault.stat().st_uid != 0  # to whom root's pages would be locked
    yield "check", "is everything in place?"
    yield "sync --dry-run", "what would come, as diffs"
    if not for_another:
        yield "sync", "do it once"
    if shutil.which("systemctl"):
        keep = "keep doing it, as the vault's owner" if for_another else "and keep doing it"
        yield "service install" if is_root else "service install --user", keep
