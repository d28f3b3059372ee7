"""The units, each case under a systemd that is booted for it and gone afterwards."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("systemd_cases.py")
BOOT = ROOT / "tests" / "tools" / "with-systemd"
INSIDE = Path("/opt/checkout")  # where the booted machine has this checkout
REFUSED = 77
NAMES = [
    node.name for node in ast.parse(CASES.read_text()).body if isinstance(node, ast.FunctionDef)
]


@pytest.mark.needs("systemd")
@pytest.mark.parametrize("case", [name for name in NAMES if name.startswith("test_")])
def test_under_systemd(case: str) -> None:
    """See the case of this name."""
    python = INSIDE / Path(sys.executable).relative_to(ROOT)
    pytest_there = [str(python), "-m", "pytest", "-n0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [BOOT, *pytest_there, f"tests/system/{CASES.name}::{case}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    if done.returncode == REFUSED:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", ["syncd@.service", "syncd.user.service"])
def test_the_units_are_sound(unit: str, tmp_path: Path) -> None:
    """Systemd finds no fault in them."""
    shutil.copy(ROOT / "systemd" / unit, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize(("unit", "most"), [("syncd@.service", "11"), ("syncd.user.service", "15")])
def test_the_units_are_hardly_exposed(tmp_path: Path, unit: str, most: str) -> None:
    """At most 1.1 of 10 for a server, 1.5 for a desktop."""
    shutil.copy(ROOT / "systemd" / unit, tmp_path)
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={most}"]
    done = subprocess.run([*command, str(tmp_path / unit)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:]
