"""What happens to the tests that need a tool besides Python where it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = "tests/system/test_systemd.py::test_the_units_are_hardly_exposed[syncd@.service-11]"


@pytest.mark.parametrize(
    ("tools", "status", "outcome"), [("", 0, "1 skipped"), ("all", 1, "1 error")]
)
def test_a_missing_tool_skips_its_tests_and_fails_them_where_all_are_asked_for(
    tmp_path: Path, tools: str, status: int, outcome: str
) -> None:
    """With the reason, whichever it is."""
    command = [sys.executable, "-m", "pytest", "-n0", "-rs", "-p", "no:cacheprovider", TEST]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": str(tmp_path), "SYNCD_TOOLS": tools},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert outcome in done.stdout
    assert "systemd-analyze is not installed" in done.stdout
