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
    """A file beside `path` that is to become it (`place`), gone after the body.

    A new folder is this user's alone.

    Raises ConfigError where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(
                draft, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)
            ) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, UnicodeEncodeError) as error:
            reason = (
                error.strerror
                if isinstance(error, OSError)
                else "the text has a name that is not UTF-8"
            )
            raise ConfigError(
                f"{path} cannot be written: {reason}; choose another place with --config"
            ) from None
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink()


def place(draft: Path, path: Path) -> None:
    """Give the draft its name, in one step. Raises ConfigError where the name is taken."""
    try:
        place_new(str(draft), str(path))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be made: {error.strerror}; choose another place with --config"
        ) from None
