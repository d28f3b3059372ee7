"""`syncd service install`: what the units say, and what is refused."""

from __future__ import annotations

import os
import plistlib
import pwd
import shlex
from pathlib import Path

import pytest

from syncd.config import settings
from syncd.config.settings import Config, Readwise, Vault
from syncd.errors import ConfigError, TokenError
from syncd.service import install, launchd, systemd

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="the unit stands in root's folder")
HOME = Path("/home/ada of the test")


def lines(unit: str, key: str) -> list[str]:
    """The values of a key."""
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{key}=")]


def test_the_unit_has_this_vault_and_this_interpreter(tmp_path: Path) -> None:
    """Every path of the shipped unit is replaced; spaces, percent signs and colons arrive."""
    vault = tmp_path / "My 100% : notes"
    state = tmp_path / "state"
    config = Config((Vault(vault, name="notes", template=HOME / "templates"),), state_dir=state)
    path = tmp_path / "config.toml"
    text = systemd.user_unit(path, config, {})
    assert f" -P -m syncd --config {tmp_path}/config.toml run" in text
    assert lines(text, "RestartPreventExitStatus") == ["2 3 6"]
    assert lines(text, "ReadWritePaths") == [f'"{tmp_path}/My 100%% : notes" {state}']
    assert "%h" not in text
    text = systemd.system_unit(path, config, "ada", tmp_path / "token")
    assert lines(text, "User") == ["ada"]
    assert lines(text, "BindPaths") == [f'"{tmp_path}/My 100%% \\\\: notes" {state}']
    assert lines(text, "LoadCredential") == [f"readwise-token:{tmp_path}/token"]
    assert "%i" not in text.partition("[Service]")[2]
    (readable,) = lines(text, "BindReadOnlyPaths")
    assert f'"{HOME}/templates"' in readable


def test_a_vault_behind_a_link_is_seen_by_both_its_names(tmp_path: Path) -> None:
    """The configuration has the link, which the unit would hide."""
    (tmp_path / "Sync" / "notes").mkdir(parents=True)
    link = tmp_path / "notes"
    link.symlink_to("Sync/notes")
    config = Config((Vault(link, name="notes"),), state_dir=tmp_path / "state")
    for text in (
        systemd.user_unit(tmp_path / "config.toml", config, {}),
        systemd.system_unit(tmp_path / "config.toml", config, "ada", tmp_path / "token"),
    ):
        (binds,) = lines(text, "BindPaths")
        real = tmp_path / "Sync" / "notes"
        assert binds == f"{real} {real}:{link} {tmp_path}/state"


def test_each_configuration_has_a_unit_of_its_own() -> None:
    """Named after it, or after the owner where its name says nothing."""
    assert systemd.user_unit_name(Path("/x/config.toml")) == "syncd.service"
    assert systemd.user_unit_name(Path("/x/my work.toml")) == "syncd-my-work.service"
    assert systemd.system_unit_name(Path("/x/syncd.toml"), "ada") == "syncd@ada.service"
    assert systemd.system_unit_name(Path("/x/ada-work.toml"), "ada") == "syncd@ada-work.service"
    config = Config((Vault(Path("/srv/notes"), name="notes"),))
    text = systemd.system_unit(Path("/x/ada-work.toml"), config, "ada", Path("/x/token"))
    assert (lines(text, "User"), lines(text, "StateDirectory")) == (["ada"], ["syncd/ada-work"])


def test_variables_of_the_shell_come_along(tmp_path: Path) -> None:
    """Those that say where the token and the state are."""
    config = Config((Vault(tmp_path, name="notes"),), state_dir=tmp_path / "state")
    text = systemd.user_unit(tmp_path / "c.toml", config, {"XDG_STATE_HOME": "/a b/100%"})
    assert lines(text, "Environment") == ['"XDG_STATE_HOME=/a b/100%%"']


def test_a_password_manager_sees_the_home(tmp_path: Path) -> None:
    """A command for the token has files of its own, which it may read."""
    readwise = Readwise(token_command=("pass", "readwise"))
    config = Config((Vault(tmp_path, name="n"),), readwise, state_dir=tmp_path / "state")
    text = systemd.user_unit(tmp_path / "c.toml", config, {})
    assert lines(text, "ProtectHome") == ["read-only"]


def test_without_user_namespaces_their_lines_are_left_out(tmp_path: Path) -> None:
    """What does not need them stays."""
    config = Config((Vault(tmp_path, name="notes"),), state_dir=tmp_path / "state")
    text = systemd.user_unit(tmp_path / "c.toml", config, {}, namespaces=False)
    for key in ("PrivateUsers", "ProtectSystem", "ProtectHome", "BindPaths", "ReadWritePaths"):
        assert not lines(text, key)
    assert lines(text, "NoNewPrivileges") == ["yes"]
    assert lines(text, "SystemCallFilter") == ["@system-service", "~@privileged @resources"]


def test_a_path_that_no_unit_can_hold_is_refused(tmp_path: Path) -> None:
    """A line break would begin another line."""
    config = Config((Vault(tmp_path / "a\nUser=root", name="n"),), state_dir=tmp_path / "state")
    with pytest.raises(ConfigError, match="no unit can hold"):
        systemd.user_unit(tmp_path / "c.toml", config, {})


# --- for oneself ----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a vault, a configuration, a token and a systemctl that does nothing."""
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.touch(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "READWISE_TOKEN", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "notes").mkdir()
    own = tmp_path / ".config" / "syncd"
    own.mkdir(parents=True)
    (own / "config.toml").write_text('[[vault]]\npath = "~/notes"\n')
    (own / "token").touch(0o600)
    (own / "token").write_text("word")
    return tmp_path


def test_a_second_configuration_replaces_no_unit(home: Path) -> None:
    """It is refused where its unit would have the name of another, as is what others wrote."""
    own, units = home / ".config" / "syncd", home / ".config" / "systemd" / "user"
    assert install.install(None, user=True) == 0
    assert install.install(None, user=True) == 0
    first = (units / "syncd.service").read_text()
    (home / "other").mkdir()
    second = home / "other" / "config.toml"
    second.write_text((own / "config.toml").read_text())
    for act in (install.install, install.uninstall):
        with pytest.raises(ConfigError, match="for another configuration"):
            act(str(second), user=True)
    assert (units / "syncd.service").read_text() == first
    second.rename(home / "other" / "work.toml")
    assert install.install(str(home / "other" / "work.toml"), user=True) == 0
    assert sorted(one.name for one in units.iterdir()) == ["syncd-work.service", "syncd.service"]
    assert install.uninstall(None, user=True) == 0
    assert [one.name for one in units.iterdir()] == ["syncd-work.service"]
    (units / "syncd.service").write_text("[Service]\nExecStart=/usr/bin/syncd run\n")
    with pytest.raises(ConfigError, match="by another hand"):
        install.install(None, user=True)


def test_a_token_that_the_service_would_not_have_is_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In no place, in the shell's variable alone, or by a command that is not there."""
    token = home / ".config" / "syncd" / "token"
    token.unlink()
    with pytest.raises(TokenError, match="there is no token"):
        install.install(None, user=True)
    monkeypatch.setenv("READWISE_TOKEN", "word")
    with pytest.raises(ConfigError, match="in this shell alone"):
        install.install(None, user=True)
    config = token.with_name("config.toml")
    config.write_text(f'[readwise]\ntoken_command = ["nosuch"]\n{config.read_text()}')
    with pytest.raises(ConfigError, match="nosuch is not found"):
        install.install(None, user=True)
    (home / "notes").rmdir()
    with pytest.raises(ConfigError, match="notes is not there"):
        install.install(None, user=True)
    assert not (home / ".config" / "systemd" / "user").exists()


def test_a_mac_gets_an_agent(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A property list that launchd reads; it is removed again."""
    monkeypatch.setattr("sys.platform", "darwin")
    config = home / ".config" / "syncd" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    assert install.install(None, user=False) == 0
    assert "launchctl bootstrap gui/" in capsys.readouterr().out
    file = home / "Library" / "LaunchAgents" / "syncd.plist"
    agent = plistlib.loads(file.read_bytes())
    assert agent["ProgramArguments"][-4:] == ["syncd", "--config", str(config), "run"]
    assert agent["EnvironmentVariables"] == {"XDG_CONFIG_HOME": str(home / ".config")}
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    other = home / "config.toml"
    other.write_text(config.read_text())
    (home / "token").touch()
    with pytest.raises(ConfigError, match="for another configuration"):
        install.uninstall(str(other), user=False)
    assert launchd.label(Path("/x/work.toml")) == "syncd.work"
    assert install.uninstall(None, user=False) == 0
    assert not file.exists()


# --- for the machine ------------------------------------------------------------------------------


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root's configuration for a vault of the user nobody's."""
    monkeypatch.setattr(systemd, "SYSTEM_FOLDER", home / "units")
    (home / "units").mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(home / "notes", nobody.pw_uid, nobody.pw_gid)
    etc = home / "etc"
    etc.mkdir(0o755)
    (etc / "nobody.token").touch(0o600)
    (etc / "nobody.token").write_text("word")
    path = etc / "nobody.toml"
    path.write_text(f'[readwise]\ntoken_file = "nobody.token"\n[[vault]]\npath = "{home}/notes"\n')
    path.chmod(0o644)
    return path


@needs_root
def test_a_configuration_that_the_service_cannot_read_is_named(server: Path) -> None:
    """Root's own folder is closed to the owner of the vault."""
    server.parent.chmod(0o700)
    with pytest.raises(ConfigError, match="nobody, who the service runs as, cannot read"):
        install.install(str(server), user=False)
    server.parent.chmod(0o755)
    assert install.install(str(server), user=False) == 0
    unit = systemd.SYSTEM_FOLDER / "syncd@nobody.service"
    assert lines(unit.read_text(), "User") == ["nobody"]
    assert install.uninstall(str(server), user=False) == 0
    assert not unit.exists()


@needs_root
@pytest.mark.parametrize("what", ["file", "folder", "mode", "link", "target"])
def test_root_trusts_only_what_is_roots(server: Path, what: str) -> None:
    """The configuration, the folders above it, a link to it and where that leads."""
    nobody = pwd.getpwnam("nobody").pw_uid
    path = server
    if what == "file":
        os.chown(server, nobody, -1)
    if what == "folder":
        os.chown(server.parent, nobody, -1)
    if what == "mode":
        server.parent.chmod(0o777)
    if what in ("link", "target"):
        path = server.parent.parent / "linked.toml"
        path.symlink_to(server)
        os.chown(path if what == "link" else server, nobody, -1, follow_symlinks=False)
    with pytest.raises(ConfigError, match="can be changed by others") as raised:
        install.install(str(path), user=False)
    assert f"install -D -m 644 {shlex.quote(str(path))} /etc/syncd/" in raised.value.message
    assert not list(systemd.SYSTEM_FOLDER.iterdir())


@needs_root
def test_a_token_that_others_can_exchange_is_not_handed_over(server: Path) -> None:
    """Systemd would read as root whatever a link of theirs leads to; and no command is run."""
    text = server.read_text()
    token = server.with_name("nobody.token")
    token.rename(token.with_name("real"))
    token.symlink_to("real")
    os.chown(token, pwd.getpwnam("nobody").pw_uid, -1, follow_symlinks=False)
    with pytest.raises(ConfigError, match="root would hand over"):
        install.install(str(server), user=False)
    token.unlink()
    with pytest.raises(TokenError, match="there is no token"):
        install.install(str(server), user=False)
    server.write_text(text.replace('token_file = "nobody.token"', 'token_command = ["true"]'))
    with pytest.raises(ConfigError, match="cannot work in a server's unit"):
        install.install(str(server), user=False)


@needs_root
def test_a_state_folder_is_made_and_none_is_given_away(server: Path) -> None:
    """One that was there stays whose it is."""
    text = server.read_text()
    there = server.parent / "there"
    there.mkdir(0o700)
    server.write_text(f'state_dir = "{there}"\n{text}')
    with pytest.raises(ConfigError, match="is no folder of nobody's"):
        install.install(str(server), user=False)
    assert there.stat().st_uid == 0
    server.write_text(f'state_dir = "{there.with_name("new")}"\n{text}')
    assert install.install(str(server), user=False) == 0
    made = there.with_name("new").stat()
    assert (made.st_uid, made.st_mode & 0o777) == (pwd.getpwnam("nobody").pw_uid, 0o700)


@needs_root
def test_a_vault_behind_a_strangers_link_is_refused(server: Path) -> None:
    """Who owns the link could name any folder of anybody."""
    link = server.parent.parent / "link"
    link.symlink_to("notes")
    os.chown(link, pwd.getpwnam("daemon").pw_uid, -1, follow_symlinks=False)
    server.write_text(server.read_text().replace("/notes", "/link"))
    with pytest.raises(ConfigError, match="is a link of someone else"):
        install.install(str(server), user=False)


def test_a_state_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    """It holds the account's texts; the way out is named."""
    (tmp_path / "state").mkdir(0o755)
    config = Config((Vault(tmp_path, name="n"),), state_dir=tmp_path / "state")
    with pytest.raises(ConfigError, match="chmod 700"):
        settings.state_dir(config)
