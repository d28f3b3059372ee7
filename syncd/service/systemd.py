"""`syncd service install`.

Systemd's unit for this configuration, this interpreter and these vaults.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from syncd.config import settings
from syncd.config.settings import Config, config_dir
from syncd.errors import ConfigError

_HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))  # what ProtectHome= hides
_SYSTEM = Path("/etc/systemd/system")


def install(config_option: str | None, *, user: bool) -> int:
    """Write the unit and say what to run next. Returns 0. Raises ConfigError where it cannot be."""
    path = settings.config_path(config_option).absolute()
    config = settings.load(path)
    unit, text = for_user(path, config) if user else for_system(path, config)
    target = _folder(user=user) / unit
    try:
        target.parent.mkdir(parents=True, exist_ok=user)
    except FileExistsError:
        pass  # the machine's own folder is never made
    except OSError as error:
        raise ConfigError(f"{target.parent} cannot be made: {error.strerror}") from None
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        hint = "" if user else "; run it as root, or with --user for your own systemd"
        raise ConfigError(f"{target} cannot be written: {error.strerror}{hint}") from None
    systemctl = "systemctl --user" if user else "systemctl"
    click.echo(
        f"{target} is written; now run:\n"
        f"  {systemctl} daemon-reload\n  {systemctl} enable --now {unit}"
    )
    if user:
        click.echo("  loginctl enable-linger   # only if it shall run while you are not logged in")
        return 0
    owner = _owner(config)
    for place in (path.parent, path):
        if not _may_read(place, owner):
            click.echo(
                f"before that, let {owner} read {place} (chmod a+rX), "
                "or keep the configuration in /etc/syncd"
            )
    if config.state_dir is None:
        click.echo(
            "and later, to see how it stands:\n"
            f"  sudo -u {owner} STATE_DIRECTORY=/var/lib/syncd/{owner} "
            f"{shlex.join([sys.executable, '-m', 'syncd', '--config', str(path), 'status'])}"
        )
    return 0


def uninstall(config_option: str | None, *, user: bool) -> int:
    """Remove the unit and say what to run next. Returns 0.

    Raises ConfigError where there is none.
    """
    unit = "syncd.service"
    if not user:
        unit = f"syncd@{_owner(settings.load(settings.config_path(config_option)))}.service"
    target = _folder(user=user) / unit
    try:
        target.unlink()
    except FileNotFoundError:
        raise ConfigError(f"{target} is not there; nothing to remove") from None
    except OSError as error:
        raise ConfigError(f"{target} cannot be removed: {error.strerror}; run it as root") from None
    for wants in target.parent.glob("*.wants"):  # as `disable` does, which needs the unit for it
        (wants / unit).unlink(missing_ok=True)
    systemctl = "systemctl --user" if user else "systemctl"
    click.echo(
        f"{target} is removed; now run:\n  {systemctl} stop {unit}\n  {systemctl} daemon-reload"
    )
    return 0


def for_user(path: Path, config: Config) -> tuple[str, str]:
    """The desktop's unit: its name and text."""
    writable = [
        *(vault.path.resolve() for vault in config.vaults),
        settings.state_dir(config).resolve(),
    ]
    values = {
        "ExecStart": [_command(path)],
        "ReadWritePaths": [_listed(writable)],
        "Environment": [],
    }
    return "syncd.service", render("syncd.user.service", values)


def for_system(path: Path, config: Config) -> tuple[str, str]:
    """The server's unit, as an instance of the template for the vault's owner.

    Its name and text.
    """
    owner = _owner(config)
    vaults = [vault.path.resolve() for vault in config.vaults]
    writable = [*vaults, *([config.state_dir.resolve()] if config.state_dir is not None else [])]
    if config.state_dir is not None:
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.chown(config.state_dir, owner)
    own = map(Path, (sys.prefix, sys.base_prefix, __file__.rpartition("/syncd/")[0]))
    templates = [
        vault.template.resolve() for vault in config.vaults if isinstance(vault.template, Path)
    ]
    needed = dict.fromkeys([path.parent, *own, *templates])
    readable = [
        place
        for place in needed
        if place.is_relative_to(_HIDDEN[0]) or place.is_relative_to(_HIDDEN[1])
    ]
    token = config.readwise.token_file or (
        None if config.readwise.token_command else config_dir() / "token"
    )
    values = {
        "ExecStart": [_command(path)],
        "RequiresMountsFor": [_listed(vaults)],
        "BindPaths": [_listed(writable).replace(":", "\\:")],
        "BindReadOnlyPaths": [_listed(readable).replace(":", "\\:")] if readable else [],
        "ReadWritePaths": [_listed(writable)],
        "LoadCredential": [f"readwise-token:{_plain(token)}"] if token is not None else [],
    }
    return f"syncd@{owner}.service", render("syncd@.service", values)


def render(name: str, values: Mapping[str, Sequence[str]]) -> str:
    """The shipped unit with other values for some keys, none where there is none.

    BindReadOnlyPaths= goes in.
    """
    left = dict(values)
    lines = []
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        key = line.partition("=")[0]
        if key not in values:
            lines.append(line)
            continue
        lines += [f"{key}={value}" for value in left.pop(key, [])]
        if key == "BindPaths":
            lines += [f"BindReadOnlyPaths={value}" for value in left.pop("BindReadOnlyPaths", [])]
    text = "\n".join(lines)
    start = text.index("[Unit]")
    head = "# Written by `syncd service install`; changes belong into a drop-in: systemctl edit"
    return f"{head}\n{text[start:]}\n"


def _owner(config: Config) -> str:
    """Whose the first vault is: who the service runs as."""
    vault = config.vaults[0].path
    try:
        return pwd.getpwuid(vault.stat().st_uid).pw_name
    except (OSError, KeyError):
        raise ConfigError(
            f"{vault} is not there, or its owner has no name; correct the vault's path"
        ) from None


def _may_read(place: Path, owner: str) -> bool:
    """Whether the mode of a file, or of a folder that leads to it, admits the service's user."""
    status, user = place.stat(), pwd.getpwnam(owner)
    needed = 1 if place.is_dir() else 4
    mine = 6 if status.st_uid == user.pw_uid else 3 if status.st_gid == user.pw_gid else 0
    return user.pw_uid == 0 or bool(status.st_mode >> mine & needed)


def _folder(*, user: bool) -> Path:
    if shutil.which("systemctl") is None or not (user or _SYSTEM.is_dir()):
        raise ConfigError("this machine has no systemd; let another supervisor run `syncd run`")
    if not user:
        return _SYSTEM
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _command(config: Path) -> str:
    words = [sys.executable, "-P", "-m", "syncd", "--config", str(config), "run"]
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _listed(paths: Sequence[Path]) -> str:
    return " ".join(_quoted(str(path)) for path in paths)


def _quoted(word: str) -> str:
    """A word as systemd's parser reads it back."""
    plain = _plain(word)
    if not any(sign in plain for sign in " \t\"'\\;"):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(word: object) -> str:
    return str(word).replace("%", "%%")
