"""The units, each case under a systemd that is booted for it and gone afterwards."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("systemd_cases.py")
BOOT = Path(
    os.environ.get("SYNCD_WITH_SYSTEMD") or ROOT.parent / "shared" / "tools" / "with-systemd"
)
NO_SYSTEMD = 77
HIDDEN = ("/tmp", "/var/tmp", "/run", "/home", "/root")
NAMES = [
    node.name for node in ast.parse(CASES.read_text()).body if isinstance(node, ast.FunctionDef)
]


@pytest.mark.parametrize("case", [name for name in NAMES if name.startswith("test_")])
def test_under_systemd(case: str) -> None:
    """See the case of this name."""
    if not BOOT.exists():
        pytest.skip(f"{BOOT} is not there; set SYNCD_WITH_SYSTEMD to a command that boots one")
    hidden = next((folder for folder in HIDDEN if ROOT.is_relative_to(folder)), None)
    if hidden is not None:
        pytest.skip(
            f"this checkout stands in {hidden}, of which the booted machine or the sandboxed unit has its own"
        )
    pytest_here = [
        sys.executable,
        "-m",
        "pytest",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(
        [BOOT, *pytest_here, f"{CASES}::{case}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    if done.returncode == NO_SYSTEMD:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
@pytest.mark.parametrize("unit", ["syncd@.service", "syncd.user.service"])
def test_the_units_are_sound(unit: str, tmp_path: Path) -> None:
    """Systemd finds no fault in them."""
    shutil.copy(ROOT / "systemd" / unit, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
@pytest.mark.parametrize(("unit", "most"), [("syncd@.service", "11"), ("syncd.user.service", "15")])
def test_the_units_are_hardly_exposed(tmp_path: Path, unit: str, most: str) -> None:
    """At most 1.1 of 10 for a server, 1.5 for a desktop."""
    shutil.copy(ROOT / "systemd" / unit, tmp_path)
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={most}"]
    done = subprocess.run([*command, tmp_path / unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:]
