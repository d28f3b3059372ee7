"""The errors that syncd raises for its user: one line of what, why and what to do."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import ClassVar


class SyncdError(Exception):
    """Any of them. `code` is stable for scripts; `exit_status` is what a command ends with."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code  # type: ignore[misc]  # one raise may have a more exact code


class DocumentError(SyncdError):
    """One document, page or highlight could not be handled; the others go on."""

    code = "document"


class ConfigError(SyncdError):
    """Wrong usage or configuration."""

    code = "config"
    exit_status = 2


class TokenError(SyncdError):
    """There is no token, or Readwise rejected it."""

    code = "token"
    exit_status = 3


class ReadwiseError(SyncdError):
    """Readwise could not be reached, or its answers could not be understood, after all tries."""

    code = "readwise"
    exit_status = 4


class ThrottledError(ReadwiseError):
    """Readwise asks for a long pause: no request is sent before `until` (UTC)."""

    code = "readwise-pause"

    def __init__(self, until: datetime) -> None:
        minutes = math.ceil((until - datetime.now(UTC)).total_seconds() / 60)
        super().__init__(
            f"Readwise asks for a pause, for {minutes} min more, until "
            f"{until.astimezone():%Y-%m-%d %H:%M}; nothing is lost, run again then"
        )
        self.until = until


class VaultError(SyncdError):
    """The vault is missing, empty where it was not, unwritable or full."""

    code = "vault"
    exit_status = 5


class StateError(SyncdError):
    """The state database cannot be used: its disk is full or failing, or the file is damaged."""

    code = "state"
    exit_status = 5


class LockedError(SyncdError):
    """Another syncd holds this vault."""

    code = "locked"
    exit_status = 6


class Stopped(SyncdError):  # noqa: N818  # not a fault: the user asked for it
    """The run was asked to stop, by a signal; every file that was written is whole."""

    code = "stopped"
    exit_status = 130
