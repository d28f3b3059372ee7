"""`syncd service install` and `uninstall`: a unit that works, or the reason why none can.

Where root installs, it acts on nothing that someone else could change.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from syncd.config import settings
from syncd.config.settings import Config, Readwise
from syncd.config.token import read_token
from syncd.errors import ConfigError
from syncd.service import launchd, systemd

_VARIABLES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")  # which say where the token and the state are


def install(config_option: str | None, *, user: bool) -> int:
    """Write the unit and say what to run next. Returns 0.

    Raises ConfigError or TokenError where the service could not work, and nothing is written.
    """
    path = settings.config_path(config_option).absolute()
    if sys.platform == "darwin":
        return _install_agent(path)
    return _install_for_user(path) if user else _install_for_system(path)


def uninstall(config_option: str | None, *, user: bool) -> int:
    """Remove the unit of this configuration, and say what to run next and what is left. Returns 0.

    Raises ConfigError where there is none.
    """
    path = settings.config_path(config_option).absolute()
    if sys.platform == "darwin":
        target = launchd.agent_file(path)
        _remove(target, launchd.runs(systemd.content(target), path))
        click.echo(f"{target} is removed; now run:\n  {launchd.stop_command(path)}")
    else:
        target = _installed(path, user=user)
        _remove(target, systemd.runs(systemd.content(target), path))
        for wants in target.parent.glob("*.wants"):  # as `disable` does, which needs the unit
            (wants / target.name).unlink(missing_ok=True)
        command = _systemctl(user=user)
        click.echo(f"{target} is removed; now run:")
        click.echo(f"  {command} stop {target.name}\n  {command} daemon-reload")
    click.echo(f"the pages, {path}, the token and the state stay where they are")
    return 0


# --- a desktop ------------------------------------------------------------------------------------


def _install_for_user(path: Path) -> int:
    if shutil.which("systemctl") is None:
        raise _no_systemd()
    folder = systemd.user_folder()
    config = settings.load(path)
    _find_vaults(config)
    _find_token_for_user(config.readwise)
    settings.state_dir(config)  # which is bound into the unit's view, so that it must be there
    namespaces = _may_make_namespaces()
    text = systemd.user_unit(path, config, _environment(config), namespaces=namespaces)
    target = folder / systemd.user_unit_name(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error.strerror}") from None
    _write(target, text, systemd.runs(systemd.content(target), path))
    _tell_next(target, user=True)
    click.echo("  loginctl enable-linger   # only if it shall run while you are not logged in")
    if not namespaces:
        click.echo(
            "your systemd may make no user namespaces on this machine, so that the unit cannot "
            "hide your other files from syncd"
        )
    return 0


def _find_token_for_user(readwise: Readwise) -> None:
    """Raises ConfigError, TokenError where the service, without the shell's variables, has none."""
    if readwise.token_command:
        if shutil.which(os.path.expanduser(readwise.token_command[0])) is None:  # noqa: PTH111
            raise ConfigError(
                f"token_command: {readwise.token_command[0]} is not found; give its full path"
            )
        return
    file = readwise.token_file or settings.config_dir() / "token"
    if not file.exists() and "READWISE_TOKEN" in os.environ:
        raise ConfigError(
            f"READWISE_TOKEN is set in this shell alone; put the token into {file}, mode 0600"
        )
    read_token(readwise, {})


def _environment(config: Config) -> dict[str, str]:
    """What the service needs of this shell's variables: its systemd does not have them."""
    names = [*_VARIABLES, *(["PATH"] if config.readwise.token_command else [])]
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _may_make_namespaces() -> bool:
    """Whether the user's systemd can shield a service; where none can be asked, whether we can."""
    ask = ["systemd-run", "--user", "--wait", "--quiet"]
    if _succeeds([*ask, "true"]):
        return _succeeds([*ask, "-p", "PrivateUsers=yes", "-p", "ProtectSystem=strict", "true"])
    return _succeeds(["unshare", "--user", "true"])


def _succeeds(command: list[str]) -> bool:
    try:
        return not subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=20, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


# --- a server -------------------------------------------------------------------------------------


def _install_for_system(path: Path) -> int:
    if not systemd.SYSTEM_FOLDER.is_dir() or shutil.which("systemctl") is None:
        raise _no_systemd()
    if os.geteuid() != 0:
        raise ConfigError(
            f"{systemd.SYSTEM_FOLDER} cannot be written; "
            "run it as root, or with --user for your own systemd"
        )
    if path.exists():
        _trust(path)
    config = settings.load(path)
    _find_vaults(config)
    owner = _owner(config)
    token = _token_for_system(path, config)
    _give_state_dir(config, owner)
    _let_read(path, owner)
    text = systemd.system_unit(path, config, owner.pw_name, token)
    target = systemd.SYSTEM_FOLDER / systemd.system_unit_name(path, owner.pw_name)
    _write(target, text, systemd.runs(systemd.content(target), path))
    _tell_next(target, user=False)
    if config.state_dir is None:
        name = target.name.removeprefix("syncd@").removesuffix(".service")
        status = [sys.executable, "-m", "syncd", "--config", str(path), "status"]
        click.echo("and later, to see how it stands:")
        click.echo(
            f"  sudo -u {owner.pw_name} STATE_DIRECTORY=/var/lib/syncd/{name} {shlex.join(status)}"
        )
    return 0


def _trust(path: Path) -> None:
    """Raises ConfigError where someone but root can change the configuration, or what it is."""
    if (bad := _not_roots(path)) is not None:
        home = f"/etc/syncd/{path.name}"
        raise ConfigError(
            f"{bad} can be changed by others, and root would do what {path} says; "
            f"read it, move it with `install -D -m 644 {shlex.quote(str(path))} {home}` "
            f"(and its token with `-m 600`), and name it: --config {home}"
        )


def _not_roots(path: Path) -> Path | None:
    """The first of the file, the folders above it and the links to it that is not root's alone."""
    for place in _places(path):
        status = place.lstat()
        mode = status.st_mode
        others_write = mode & 0o022 and not stat.S_ISLNK(mode) and not mode & stat.S_ISVTX
        if status.st_uid != 0 or others_write:
            return place
    return None


def _places(path: Path) -> Iterator[Path]:
    """All that decides what stands at `path`: folders from the top, links, and where they lead."""
    place = Path("/")
    yield place
    for part in path.parts[1:]:
        place = place.parent if part == ".." else place / part
        if not os.path.lexists(place):
            return
        yield place
        if place.is_symlink():
            target = place.parent / place.readlink()
            yield from _places(target)
            place = target.resolve()


def _owner(config: Config) -> pwd.struct_passwd:
    """Whose the vaults are: who the service runs as."""
    first = config.vaults[0].path
    uid = first.stat().st_uid
    try:
        owner = pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(f"{first} belongs to the user {uid}, who has no name here") from None
    for vault in config.vaults:
        for place in _places(vault.path):
            if place.is_symlink() and place.lstat().st_uid not in (0, uid):
                raise ConfigError(
                    f"{place}, which leads to the vault, is a link of someone else; name the folder"
                )
    return owner


def _token_for_system(path: Path, config: Config) -> Path:
    """The file that systemd reads the token from, as root."""
    if config.readwise.token_command:
        raise ConfigError(
            "token_command cannot work in a server's unit, which sees no home; put the token into "
            f"a file of root's, mode 0600, and set token_file in {path}"
        )
    token = config.readwise.token_file or settings.config_dir() / "token"
    if (bad := _not_roots(token)) is not None:
        raise ConfigError(
            f"{bad} can be changed by others, and root would hand over what is at {token}; "
            f"move the token: install -D -m 600 {shlex.quote(str(token))} /etc/syncd/token"
        )
    read_token(Readwise(token_file=token), {})
    return token


def _give_state_dir(config: Config, owner: pwd.struct_passwd) -> None:
    """Make a `state_dir` that is missing. One that is there must be the owner's already."""
    folder = config.state_dir
    if folder is None:
        return
    if not os.path.lexists(folder) and _not_roots(folder.parent) is None and folder.parent.is_dir():
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    if not folder.is_dir() or folder.stat().st_uid != owner.pw_uid:
        raise ConfigError(
            f"state_dir: {folder} is no folder of {owner.pw_name}'s; leave the key out, or run: "
            f"install -d -m 700 -o {owner.pw_name} {shlex.quote(str(folder))}"
        )


def _let_read(path: Path, owner: pwd.struct_passwd) -> None:
    """Raises ConfigError where the modes keep the service from its own configuration."""
    for place in (path.parent, path):
        status = place.stat()
        needed = 1 if place.is_dir() else 4
        shift = 0
        if status.st_uid == owner.pw_uid:
            shift = 6
        elif status.st_gid == owner.pw_gid:
            shift = 3
        if owner.pw_uid != 0 and not status.st_mode >> shift & needed:
            raise ConfigError(
                f"{owner.pw_name}, who the service runs as, cannot read {place}; run: "
                f"chmod a+rX {shlex.quote(str(place))}"
            )


# --- a Mac ----------------------------------------------------------------------------------------


def _install_agent(path: Path) -> int:
    config = settings.load(path)
    _find_vaults(config)
    _find_token_for_user(config.readwise)
    settings.state_dir(config)
    target = launchd.agent_file(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = launchd.agent(path, _environment(config))
    _write(target, text, launchd.runs(systemd.content(target), path))
    click.echo(f"{target} is written; now run:\n  {launchd.start_command(path)}")
    return 0


# --- all of them ----------------------------------------------------------------------------------


def _find_vaults(config: Config) -> None:
    """Raises ConfigError where a vault is not there: the unit could not start."""
    for vault in config.vaults:
        if not vault.path.is_dir():
            raise ConfigError(
                f"{vault.path} is not there; correct the vault's path (~ is {Path.home()} here)"
            )


def _installed(path: Path, *, user: bool) -> Path:
    """Where the unit of this configuration is; where it would be if there is none."""
    for file, is_users in systemd.installed_units(path):
        if is_users == user:
            return file
    if user:
        return systemd.user_folder() / systemd.user_unit_name(path)
    return systemd.SYSTEM_FOLDER / systemd.system_unit_name(path, "<the vault's owner>")


def _write(target: Path, text: str, ours: bool) -> None:
    if os.path.lexists(target) and not ours:
        raise ConfigError(
            f"{target} is there, for another configuration or by another hand; uninstall that "
            "first, or give this configuration a name of its own, such as work.toml"
        )
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}") from None


def _remove(target: Path, ours: bool) -> None:
    if not os.path.lexists(target):
        raise ConfigError(f"{target} is not there; nothing to remove")
    if not ours:
        raise ConfigError(
            f"{target} is for another configuration, or by another hand; name it with --config, "
            "or remove it yourself"
        )
    try:
        target.unlink()
    except OSError as error:
        raise ConfigError(f"{target} cannot be removed: {error.strerror}; run it as root") from None


def _no_systemd() -> ConfigError:
    return ConfigError("this machine has no systemd; let another supervisor run `syncd run`")


def _systemctl(*, user: bool) -> str:
    return "systemctl --user" if user else "systemctl"


def _tell_next(target: Path, *, user: bool) -> None:
    command = _systemctl(user=user)
    click.echo(f"{target} is written; now run:")
    click.echo(f"  {command} daemon-reload\n  {command} enable --now {target.name}")
