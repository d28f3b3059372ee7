"""`syncd service install` and `uninstall`, where no systemd runs: what they leave in its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.world import World


def test_uninstall_removes_the_unit_and_what_enabled_it(world: World, tmp_path: Path) -> None:
    """As `systemctl disable` would, which cannot once the unit is gone.

    Else systemd looks for it at every start.
    """
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.touch(0o755)
    world.write_config()
    env = {"PATH": f"{systemctl.parent}:{os.environ['PATH']}"}
    assert world.command("service", "install", "--user", **env).returncode == 0
    folder = world.folder / "config" / "systemd" / "user"
    unit = folder / "syncd.service"
    assert unit.exists()
    link = folder / "default.target.wants" / unit.name
    link.parent.mkdir()
    link.symlink_to(unit)
    other = link.with_name("anders.service")
    other.symlink_to(folder / other.name)
    assert world.command("service", "uninstall", "--user", **env).returncode == 0
    assert not unit.exists()
    assert [path.name for path in link.parent.iterdir()] == [other.name]
