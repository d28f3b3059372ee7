"""Systemd's units for a configuration, as text: what they may see, and how lines are quoted.

The shipped units beside this file are the pattern; `install` writes what is made of them here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from syncd.config import settings
from syncd.config.settings import Config
from syncd.errors import ConfigError

SYSTEM_FOLDER = Path("/etc/systemd/system")
NOTIFY_SOCKET = "%t/systemd/notify"  # a user's, which ProtectHome= would hide
HEAD = "# Written by `syncd service install`; changes belong into a drop-in: systemctl edit"
# Where a unit sees nothing but what is bound there: ProtectHome= and PrivateTmp= hide the rest.
_HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
# What a user's systemd can do only where it may make user namespaces.
_NAMESPACED = {
    *("PrivateUsers", "PrivateTmp", "PrivateDevices", "PrivateIPC", "PrivateMounts"),
    *("ProtectSystem", "ProtectHome", "ProtectClock", "ProtectControlGroups", "ProtectHostname"),
    *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc"),
    *("ProcSubset", "BindPaths", "BindReadOnlyPaths", "ReadWritePaths", "DevicePolicy"),
    *("CapabilityBoundingSet", "AmbientCapabilities"),
}
_GENERIC = ("config", "syncd")  # names of configurations that name nothing


def user_unit_name(path: Path) -> str:
    """The desktop's unit for the configuration at `path`."""
    return "syncd.service" if path.stem in _GENERIC else f"syncd-{_word(path.stem)}.service"


def system_unit_name(path: Path, owner: str) -> str:
    """The server's unit for the configuration at `path`, an instance of the shipped template."""
    return f"syncd@{owner if path.stem in _GENERIC else _word(path.stem)}.service"


def user_unit(
    path: Path, config: Config, env: Mapping[str, str], *, namespaces: bool = True
) -> str:
    """The desktop's unit. `env` has the variables that the service needs as the shell has them.

    Without `namespaces` the lines that need them are left out.
    """
    state = settings.state_path(config)
    vaults = [vault.path for vault in config.vaults]
    values = {
        "ExecStart": [_command(path)],
        "Environment": [_quoted(f"{name}={value}") for name, value in env.items()],
        **_sandbox(path, config, [*vaults, state], NOTIFY_SOCKET),
    }
    if config.readwise.token_command:  # a password manager has its own files
        values["ProtectHome"] = ["read-only"]
    if not namespaces:
        values |= {key: [] for key in _NAMESPACED}
    return render("syncd.user.service", values)


def system_unit(path: Path, config: Config, owner: str, token: Path) -> str:
    """The server's unit, which runs as `owner` and is given root's file `token`."""
    vaults = [vault.path for vault in config.vaults]
    states = [config.state_dir] if config.state_dir is not None else []
    name = system_unit_name(path, owner).removeprefix("syncd@").removesuffix(".service")
    values = {
        "User": [owner],
        "ExecStart": [_command(path)],
        "RequiresMountsFor": [_listed(vault.resolve() for vault in vaults)],
        "LoadCredential": [f"readwise-token:{_plain(token)}"],
        "StateDirectory": [] if states else [f"syncd/{name}"],
        **_sandbox(path, config, [*vaults, *states]),
    }
    return render("syncd@.service", values)


def render(name: str, values: Mapping[str, Sequence[str]]) -> str:
    """The shipped unit with other values for some keys, each on a line of its own."""
    lines = [HEAD]
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for line in text[text.index("[Unit]") :].splitlines():
        key = line.partition("=")[0]
        lines += [f"{key}={value}" for value in values[key]] if key in values else [line]
    return "\n".join(lines) + "\n"


def user_folder() -> Path:
    """Where a user's own units are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def installed_units(path: Path) -> Iterator[tuple[Path, bool]]:
    """The files of the units for the configuration at `path`, and whether each is a user's."""
    for folder, user in ((user_folder(), True), (SYSTEM_FOLDER, False)):
        for file in sorted(folder.glob("syncd*.service")):
            if runs(content(file), path):
                yield file, user


def content(file: Path) -> str:
    """A unit's text, "" where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def runs(text: str, path: Path) -> bool:
    """Whether a unit's text is one that was written here for the configuration at `path`."""
    return text.startswith("# Written by") and f" --config {_escaped(str(path))} run\n" in text


def _sandbox(
    path: Path, config: Config, writable: Sequence[Path], *readable: str
) -> dict[str, list[str]]:
    own = [Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]]
    templates = [vault.template for vault in config.vaults if isinstance(vault.template, Path)]
    hidden = [
        one for one in dict.fromkeys([path.parent, *own, *templates]) if _is_hidden(one.resolve())
    ]
    readable_here = " ".join([*readable, *([_binds(hidden)] if hidden else [])])
    return {
        "BindPaths": [_binds(writable)],
        "BindReadOnlyPaths": [readable_here] if readable_here else [],
        "ReadWritePaths": [_listed(one.resolve() for one in writable)],
    }


def _binds(paths: Iterable[Path]) -> str:
    """The paths by their resolved names and, where a link would be hidden, by their own."""
    return " ".join(dict.fromkeys(bind for path in paths for bind in _binds_of(path)))


def _binds_of(path: Path) -> Iterator[str]:
    real = path.resolve()
    yield _quoted(str(real).replace(":", "\\:"))
    if path != real and _is_hidden(path):
        yield _quoted(":".join(str(one).replace(":", "\\:") for one in (real, path)))


def _is_hidden(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _HIDDEN)


def _command(config: Path) -> str:
    words = [sys.executable, "-P", "-m", "syncd", "--config", str(config), "run"]
    return " ".join(map(_escaped, words))


def _escaped(word: str) -> str:
    return _quoted(word).replace("$", "$$")


def _listed(paths: Iterable[Path]) -> str:
    return " ".join(dict.fromkeys(_quoted(str(path)) for path in paths))


def _quoted(word: str) -> str:
    """A word as systemd's parser reads it back. Raises ConfigError where no unit can hold it."""
    plain = _plain(word)
    if not any(sign in plain for sign in " \t\"'\\;"):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(word: object) -> str:
    text = str(word)
    if not text.isprintable():
        raise ConfigError(
            f"{text!r} holds a sign that no unit can hold; give the file or folder another name"
        )
    return text.replace("%", "%%")


def _word(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem)
