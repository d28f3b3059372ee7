"""Makes a file where there was none: whole or not at all, and never in place of another."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.errors import ConfigError
from syncd.vault.write import place_new

_WAY_OUT = "choose another place with --config"


@contextmanager
def drafted(
    path: Path, text: Iterable[str], mode: int = 0o666, way_out: str = _WAY_OUT
) -> Iterator[Path]:
    """A durable file beside `path` that can take its name (`place`); removed after the body.

    `text` comes in parts. Where the folder has to be made it is this user's alone. Raises
    ConfigError, which says the `way_out`, where the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            _write(draft, text, mode)
        except OSError as error:
            raise _refused(path, "written", error.strerror, way_out) from None
        except UnicodeEncodeError:
            reason = "the text has a name that is not UTF-8"
            raise _refused(path, "written", reason, way_out) from None
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink()


def place(draft: Path, path: Path, way_out: str = _WAY_OUT) -> None:
    """Give the draft its name, in one step. Raises ConfigError where the name is taken."""
    try:
        place_new(str(draft), str(path))
    except OSError as error:
        raise _refused(path, "made", error.strerror, way_out) from None


def _write(draft: Path, text: Iterable[str], mode: int) -> None:
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.writelines(text)
        file.flush()
        os.fsync(file.fileno())


def _refused(path: Path, done: str, reason: str | None, way_out: str) -> ConfigError:
    return ConfigError(f"{path} cannot be {done}: {reason}; {way_out}")
