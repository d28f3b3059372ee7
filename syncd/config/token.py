"""Reads the account's token where its owner keeps it. It is never printed or stored elsewhere."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from syncd.config.settings import Readwise, config_dir
from syncd.errors import TokenError
from syncd.regex import regex

_LONGEST = 4096  # bytes; a token has some fifty
_TOKEN = regex(r"[\x21-\x7e]+")


def read_token(readwise: Readwise, env: Mapping[str, str], *, timeout: float = 30) -> str:
    """The token, from the first of these that is there, without the white space around it.

    1. systemd's credential `readwise-token` in $CREDENTIALS_DIRECTORY
    2. $READWISE_TOKEN
    3. the output of `token_command`, which has `timeout` seconds
    4. `token_file`, by default `token` in `config_dir`, which only its owner may be able to read

    Raises TokenError, which says what to do and never shows what was read.
    """
    if folder := env.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder, "readwise-token")
        try:
            return clean_token(
                _read_secret(credential, private=False), f"the credential {credential}"
            )
        except FileNotFoundError:
            pass
    if "READWISE_TOKEN" in env:
        return clean_token(os.fsencode(env["READWISE_TOKEN"]), "READWISE_TOKEN")
    if readwise.token_command:
        return clean_token(
            _output_of(readwise.token_command, env, timeout),
            f"the output of {readwise.token_command[0]}",
        )
    path = readwise.token_file or config_dir() / "token"
    try:
        return clean_token(_read_secret(path, private=True), str(path))
    except FileNotFoundError:
        raise TokenError(
            f"there is no token: {path} is missing; "
            "`syncd init` takes one from readwise.io/access_token"
        ) from None


def _read_secret(path: Path, *, private: bool) -> bytes:
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise TokenError(f"{path} is no file; put the token into a file of its own")
            if private and mode & 0o077:
                raise TokenError(
                    f"{path} can be read by others; run: chmod 600 {shlex.quote(str(path))}"
                )
            return file.read(_LONGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TokenError(f"{path} cannot be read: {error.strerror}") from None


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a named pipe would wait until somebody writes to it.
    return os.open(path, flags | os.O_NONBLOCK)


def _output_of(command: tuple[str, ...], env: Mapping[str, str], timeout: float) -> bytes:
    import subprocess

    program = command[0]
    try:
        done = subprocess.run(  # noqa: S603  # the owner's own command, without a shell
            # A Path would turn ./x into x
            [os.path.expanduser(program), *command[1:]],  # noqa: PTH111
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise _failure(f"{program} is not found; give its full path") from None
    except subprocess.TimeoutExpired:
        raise _failure(
            f"{program} gave no token within {timeout:g} s; does it wait for an answer?"
        ) from None
    except OSError as error:
        raise _failure(f"{program} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise _failure(f"{program} failed ({done.returncode}); run it by hand to see why")
    return done.stdout


def _failure(reason: str) -> TokenError:
    """A command that failed may succeed later, when a keyring is open or a network is there."""
    return TokenError(f"token_command: {reason}", code="token-command")


def clean_token(data: bytes, source: str) -> str:
    """The token in `data`, without the white space around it; `source` says where it was read.

    Raises TokenError where it holds no token.
    """
    text = data.decode("utf-8-sig", "replace").strip()
    if not text:
        raise TokenError(f"{source} is empty; get a token at readwise.io/access_token")
    if len(data) > _LONGEST or not _TOKEN.fullmatch(text):
        raise TokenError(
            f"{source} is no token: it takes one word, as shown at readwise.io/access_token"
        )
    return text
