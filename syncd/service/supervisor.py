"""Asks systemd or launchd about the service that it was told to run for a configuration."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from syncd.regex import regex
from syncd.report import one_line
from syncd.service import launchd, systemd

_SHOWN = "ActiveState,Result,ExecMainStatus,NRestarts,InvocationID,InactiveExitTimestampMonotonic"
_LINES = 3  # of the log, which say why
# What systemd itself logs of its steps.
_STEPS = regex("Start|Stopp|Scheduled restart|Failed with result|Main process exited|Consumed")


def supervisor_problems(path: Path) -> list[str]:
    """What is wrong with the units or the agent that run the configuration at `path`."""
    if sys.platform == "darwin":
        return list(_agent_problems(path))
    return [
        problem
        for file, user in systemd.installed_units(path)
        for problem in _unit_problems(file.name, ["--user"] if user else [])
    ]


def _unit_problems(unit: str, option: list[str]) -> Iterator[str]:
    said = _output("systemctl", *option, "show", f"--property={_SHOWN}", unit)
    shown = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    state = shown.get("ActiveState")
    result = f"{shown.get('Result')}, status {shown.get('ExecMainStatus')}"
    why = _last_lines(shown.get("InvocationID", ""), option)
    if state == "failed":
        yield f"{unit} has failed ({result}){why}"
    elif state == "activating" and shown.get("NRestarts") != "0":
        yield f"{unit} is started again and again ({result}){why}"
    elif state == "inactive" and shown.get("InactiveExitTimestampMonotonic") == "0":
        command = " ".join(["systemctl", *option, "enable --now", unit])
        yield f"{unit} is installed, but was never started; run: {command}"


def _last_lines(invocation: str, option: list[str]) -> str:
    """The end of the log of a unit's last start, where this user may read it."""
    of_it = [f"_SYSTEMD_INVOCATION_ID={invocation}", "+", f"INVOCATION_ID={invocation}"]
    log = _output("journalctl", *option, "--no-pager", "-o", "cat", "-n", "20", *of_it)
    lines = [one_line(line) for line in log.splitlines() if not _STEPS.search(line)]
    return "".join(f"; {line}" for line in lines[-_LINES:] if line)


def _agent_problems(path: Path) -> Iterator[str]:
    label, file = launchd.label(path), launchd.agent_file(path)
    if not file.exists() or not launchd.runs(file.read_text(encoding="utf-8"), path):
        return
    shown = _output("launchctl", "print", launchd.target(path))
    code = re.search(r"last exit code = (\d+)", shown)
    if not shown:
        yield f"{label} is installed, but was never started; run: {launchd.start_command(path)}"
    elif code and code[1] != "0":
        yield f"{label} ends with status {code[1]}; see ~/Library/Logs/{label}.log"


def _output(*command: str) -> str:
    """What a command printed; "" where it is not there or cannot reach whom it asks."""
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
