"""launchd's agent for a configuration, on macOS."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def agent_file(path: Path) -> Path:
    """Where the agent of the configuration at `path` is kept."""
    return Path.home() / "Library" / "LaunchAgents" / f"{label(path)}.plist"


def label(path: Path) -> str:
    """What launchd calls it."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem)
    return "syncd" if name in ("config", "syncd") else f"syncd.{name}"


def agent(path: Path, env: Mapping[str, str]) -> str:
    """The agent as a property list. It starts at the login, and again a minute after a failure."""
    log = str(Path.home() / "Library" / "Logs" / f"{label(path)}.log")
    values = {
        "Label": label(path),
        "ProgramArguments": _command(path),
        "EnvironmentVariables": dict(env),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 60,
        "ExitTimeOut": 5,
        "ProcessType": "Background",
        "Umask": 0o022,
        "StandardErrorPath": log,
    }
    return plistlib.dumps(values).decode()


def runs(text: str, path: Path) -> bool:
    """Whether an agent's text is one for the configuration at `path`."""
    try:
        values: Any = plistlib.loads(text.encode())
        words = values["ProgramArguments"]
        return bool(words[-3:] == _command(path)[-3:])
    except (ValueError, TypeError, KeyError, plistlib.InvalidFileException):
        return False


def start_command(path: Path) -> str:
    """What makes launchd start the agent."""
    return f"launchctl bootstrap gui/{os.getuid()} {shlex.quote(str(agent_file(path)))}"


def stop_command(path: Path) -> str:
    """What makes launchd stop and forget the agent."""
    return f"launchctl bootout {target(path)}"


def target(path: Path) -> str:
    """How launchctl names the agent once it is started."""
    return f"gui/{os.getuid()}/{label(path)}"


def _command(path: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "syncd", "--config", str(path), "run"]
