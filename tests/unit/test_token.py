"""The token: where it is looked for, in which order, and that it is never shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from syncd.config.settings import Readwise
from syncd.config.token import read_token
from syncd.errors import TokenError


def private(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    """A file with this content that has this mode."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def refusal(readwise: Readwise, env: dict[str, str], **options: float) -> str:
    """The one line that says why there is no token."""
    with pytest.raises(TokenError) as caught:
        read_token(readwise, env, **options)
    assert caught.value.exit_status == 3
    assert "\n" not in caught.value.message
    assert "SeCrEt" not in caught.value.message
    assert caught.value.__cause__ is None
    return caught.value.message


def python(script: str) -> Readwise:
    """An account whose token a Python script prints."""
    return Readwise(token_command=(sys.executable, "-c", script))


def test_the_nearest_source_wins(tmp_path: Path) -> None:
    """The systemd credential, then the variable, then the command, then the file."""
    private(tmp_path / "readwise-token", "credential\n", 0o440)
    file = Readwise(token_file=private(tmp_path / "token", "\ufeff \tfile\r\n"))
    command = python("print(' command ')")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path), "READWISE_TOKEN": " variable\n"}
    assert read_token(command, env) == "credential"
    assert (
        read_token(command, {**env, "CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) == "variable"
    )
    assert read_token(command, {}) == "command"
    assert read_token(file, {"CREDENTIALS_DIRECTORY": ""}) == "file"


def test_the_default_file_is_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word in the configuration it is `token` in syncd's folder.

    Where it is missing, it is named.
    """
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "syncd").mkdir()
    path = tmp_path / "syncd" / "token"
    expected = (
        f"there is no token: {path} is missing; `syncd init` takes one from "
        f"readwise.io/access_token"
    )
    assert refusal(Readwise(), {}) == expected
    private(path, "abc")
    assert read_token(Readwise(), {}) == "abc"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o602, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Whatever others may do with it, the command that closes it is given, ready to paste."""
    path = private(tmp_path / "the token", "SeCrEt", mode)
    said = refusal(Readwise(token_file=path), {})
    assert said == f"{path} can be read by others; run: chmod 600 '{path}'"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty; get a token at readwise.io/access_token"),
        (" \r\n\t", "is empty; get a token at readwise.io/access_token"),
        ("SeCrEt\nSeCrEt", "is no token: it takes one word"),
        ("Token SeCrEt", "is no token: it takes one word"),
        ("SeCrEt密", "is no token: it takes one word"),
        (b"\x7fELF\x00\xff\xfe", "is no token: it takes one word"),
        ("SeCrEt" * 1000, "is no token: it takes one word"),
    ],
)
def test_what_is_no_token_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    """Nothing that could not stand in a header is taken, and none of it is shown."""
    path = private(tmp_path / "token", content)
    assert refusal(Readwise(token_file=path), {}).startswith(f"{path} {said}")
    private(tmp_path / "readwise-token", content)
    credential = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert f"the credential {tmp_path}/readwise-token {said}" in refusal(Readwise(), credential)


def test_an_empty_variable_is_named() -> None:
    """A variable that is set to nothing is a mistake, not a reason to look elsewhere."""
    assert refusal(python("print('x')"), {"READWISE_TOKEN": " "}).startswith(
        "READWISE_TOKEN is empty"
    )


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, a path through a file, a loop of links."""
    pipe, loop, plain = tmp_path / "pipe", tmp_path / "loop", private(tmp_path / "plain", "SeCrEt")
    os.mkfifo(pipe, 0o600)
    loop.symlink_to("loop")
    assert "cannot be read: Is a directory" in refusal(Readwise(token_file=tmp_path), {})
    assert "is no file; put the token into a file of its own" in refusal(
        Readwise(token_file=pipe), {}
    )
    assert "cannot be read: Not a directory" in refusal(Readwise(token_file=plain / "token"), {})
    assert "cannot be read: Too many levels of symbolic links" in refusal(
        Readwise(token_file=loop), {}
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The system's own reason is passed on."""
    path = private(tmp_path / "token", "SeCrEt", 0o200)
    assert refusal(Readwise(token_file=path), {}) == f"{path} cannot be read: Permission denied"


def test_a_command_sees_the_environment_and_no_input() -> None:
    """It runs as its owner would run it, without a shell and with nobody to ask."""
    command = python("import os, sys; print(os.environ['WHERE'] + sys.stdin.read())")
    assert read_token(command, {"WHERE": "safe"}) == "safe"


def test_a_command_in_the_home_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` in the command's name is the home folder, as everywhere in the configuration."""
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "show", "#!/bin/sh\necho from-home\n", 0o700)
    assert read_token(Readwise(token_command=("~/show",)), {}) == "from-home"


def test_a_command_that_fails_is_named_and_its_words_are_not_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its output may be half a secret; so may its arguments be."""
    failing = python("import sys; print('SeCrEt'); print('SeCrEt', file=sys.stderr); sys.exit(3)")
    assert (
        refusal(failing, {})
        == f"token_command: {sys.executable} failed (3); run it by hand to see why"
    )
    assert "is no token" in refusal(python("print('SeCrEt and more')"), {})
    assert f"the output of {sys.executable} is empty" in refusal(python(""), {})
    slow = refusal(
        python("import time; print('SeCrEt', flush=True); time.sleep(60)"), {}, timeout=0.2
    )
    assert slow.endswith("gave no token within 0.2 s; does it wait for an answer?")
    missing = refusal(Readwise(token_command=("no-such-program-here", "SeCrEt")), {})
    assert missing == "token_command: no-such-program-here is not found; give its full path"
    plain = private(tmp_path / "plain", "SeCrEt")
    assert "cannot be run: Permission denied" in refusal(Readwise(token_command=(str(plain),)), {})
    assert capfd.readouterr() == ("", "")
