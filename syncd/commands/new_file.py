"""Makes a file where there was none: whole or not at all, and never in place of another."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.errors import ConfigError
from syncd.vault.write import place_new


@contextmanager
def drafted(path: Path, text: str, mode: int = 0o666) -> Iterator[Path]:
    """A durable file beside `path` that can take its name (`place`); removed after the body.

    Where the folder has to be made it is this user's alone. Raises ConfigError where the file
    cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            _write(draft, text, mode)
        except OSError as error:
            raise _refused(path, "written", error.strerror) from None
        except UnicodeEncodeError:
            raise _refused(path, "written", "the text has a name that is not UTF-8") from None
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink()


def place(draft: Path, path: Path) -> None:
    """Give the draft its name, in one step. Raises ConfigError where the name is taken."""
    try:
        place_new(str(draft), str(path))
    except OSError as error:
        raise _refused(path, "made", error.strerror) from None


def _write(draft: Path, text: str, mode: int) -> None:
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _refused(path: Path, done: str, reason: str | None) -> ConfigError:
    return ConfigError(f"{path} cannot be {done}: {reason}; choose another place with --config")
