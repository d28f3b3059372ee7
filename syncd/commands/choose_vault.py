"""What `syncd init` has a person choose: the vault's folder, and how its pages are written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import click

from syncd.commands.say import say, size_of, wrapped
from syncd.config.values import nearest
from syncd.errors import ConfigError, TokenError, VaultError
from syncd.vault.discover import apps_of, find_vaults
from syncd.vault.graph import read_graph

T = TypeVar("T")


def chosen_vault(named: str | None, asks: bool, known: Collection[Path] = ()) -> Path:
    """The vault's folder, absolute: as named, or as a person chooses of those that are found.

    `known` are those that nobody wants to choose.
    """
    if named is not None:
        return folder_of(named)
    vaults = [vault for vault in find_vaults(Path.home()) if vault.resolve() not in known]
    found = [short(vault) for vault in vaults]
    if not asks:
        hint = f" (found: {', '.join(found)})" if found else ""
        reason = "no vault is named, and there is no terminal to ask on"
        raise ConfigError(f"{reason}; pass --vault DIR{hint}")
    for number, one in enumerate(found, 1):
        apps = " and ".join(apps_of(Path(one).expanduser()))
        say(f"  {number}  {one}  ({apps})", err=True)

    def choice(answer: str) -> Path:
        listed = answer.isdecimal() and 0 < int(answer) <= len(found)
        return folder_of(found[int(answer) - 1] if listed else answer)

    if found:
        return ask("Your vault (its number, or a folder)", choice, default="1")
    way_out = "name the folder that holds logseq/ or .obsidian/"
    say(f"No vault was found in your home folder; {way_out}", err=True)
    return ask("Your vault's folder", choice)


def folder_of(text: str) -> Path:
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
        folders = ", ".join(map(short, same))
        raise VaultError(f"several vaults are called {text}: {folders}; name one's folder")
    by_name = {vault.name: vault for vault in vaults}
    hints = [f"did you mean {short(by_name[name])}?" for name in nearest(folder.name, by_name)]
    way_out = (hints or ["name the one that holds logseq/ or .obsidian/"])[0]
    raise VaultError(f"{folder}: this is no folder; {way_out}", code="vault-missing")


def chosen_format(root: Path, given: str, asks: bool) -> str:
    """The value for `format`, checked against the vault; it stays "auto" where the folder tells."""
    if given == "auto" and len(apps := apps_of(root)) != 1:
        what = "both Logseq and Obsidian use it" if apps else "no app has used it yet"
        if not asks:
            raise ConfigError(f"{root}: {what}; pass --format logseq or --format obsidian")
        say(f"{root}: {what}", err=True)
        given = click.prompt(
            "How shall pages be written", type=click.Choice(["logseq", "obsidian"]), err=True
        )
    read_graph(root, given)
    return given


def ask(
    question: str, accept: Callable[[str], T], *, default: str | None = None, hidden: bool = False
) -> T:
    """A person's answer, asked for until `accept` takes it."""

    def value_of(answer: str) -> T:
        try:
            return accept(answer.strip())
        except (TokenError, VaultError) as error:
            width = size_of(sys.stderr).columns
            raise click.UsageError(wrapped(error.message, width - len("Error: "))) from None

    answer: T = click.prompt(
        question, default=default, hide_input=hidden, value_proc=value_of, err=True
    )
    return answer


def short(folder: Path) -> str:
    """The folder's path, from `~` where it is in the home folder."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if home in folder.parents else str(folder)
