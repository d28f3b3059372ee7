"""What some tests need besides Python: a test marked `needs` is skipped where it is missing.

With SYNCD_TOOLS=all in the environment, as in `.ci/run`, it fails there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[1] / "tools"


def require(tool: str) -> None:
    """Skip or fail the test where this tool is missing, with the reason."""
    reason = _MISSING[tool]()
    if reason is None:
        return
    if os.environ.get("SYNCD_TOOLS") == "all":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _logseq_parser() -> str | None:
    if shutil.which("node") is None:
        return "Logseq's parser needs Node.js, which is not installed: node"
    if not (TOOLS / "node_modules" / "mldoc").is_dir():
        return "Logseq's parser is not installed: make tools"
    return None


def _systemd() -> str | None:
    if not os.access("/lib/systemd/systemd", os.X_OK):
        return "systemd is not installed: /lib/systemd/systemd"
    return _command("dbus-daemon")


def _systemd_analyze() -> str | None:
    return _command("systemd-analyze")


def _command(name: str) -> str | None:
    return f"{name} is not installed" if shutil.which(name) is None else None


_MISSING: dict[str, Callable[[], str | None]] = {
    "logseq-parser": _logseq_parser,
    "systemd": _systemd,
    "systemd-analyze": _systemd_analyze,
}
