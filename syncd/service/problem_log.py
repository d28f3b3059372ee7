"""Logs what is wrong with the service's work once, not with every run."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from syncd.errors import SyncdError
from syncd.report import (
    WAITS,
    Report,
    VaultReport,
    deleted_lines,
    held_line,
    one_line,
    returned_lines,
)
from syncd.service.status_file import Problem

_FAULT = "%s: a fault in syncd; it goes on"


class ProblemLog:
    """The open problems, each of one subject, and a log of when they begin, change and end.

    Subjects: "run", "settle", "vault <name>", "watch <name>", and the documents and warnings of
    each vault.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._open: dict[str, Problem] = {}

    def open(self, subject: str, message: str, level: int = logging.WARNING) -> None:
        """Note what is wrong with the subject; it is logged unless it was the last thing logged."""
        message = one_line(message)
        before = self._open.get(subject)
        self._open[subject] = Problem(datetime.now(UTC), message)
        if before is None or before.message != message:
            self._log.log(level, "%s", message)

    def close(self, subject: str, message: str) -> None:
        """Note that the subject is in order; log `message` if it was not."""
        if self._open.pop(subject, None) is not None:
            self._log.info("%s", message)

    def problem(self, subject: str) -> Problem | None:
        """What is wrong with the subject; None where it is in order."""
        return self._open.get(subject)

    def open_error(self, subject: str, error: Exception) -> None:
        """Note the error that ended a job. A fault in syncd is logged with its traceback."""
        if isinstance(error, SyncdError):
            self.open(subject, error.message, logging.ERROR)
        else:
            self._log.error(_FAULT, type(error).__name__, exc_info=error)

    def add_run(self, report: Report, *, fetched: bool = True) -> None:
        """Note what a run brought; `fetched` where it asked Readwise for what is new."""
        if fetched:
            self.close("run", "runs succeed again")
        self.close("settle", "what waited could be written")
        for vault in report.vaults:
            self._add_vault(vault)
        changed = any(vault.changed for vault in report.vaults)
        self._log.log(logging.INFO if changed else logging.DEBUG, "%s", report.message)

    def _add_vault(self, vault: VaultReport) -> None:
        subject = f"vault {vault.name}"
        if vault.error:
            self.open(subject, vault.error, logging.ERROR)
        else:
            self.close(subject, f"{vault.name}: the vault is in order again")
        self.set_warnings(vault)
        failed = {
            f"{one.document} {one.title}": str(one) for one in vault.failed if one.code not in WAITS
        }
        self._set_all(f"failed {vault.name} ", failed, vault.name)
        held = {"": held_line(vault.held)} if vault.held else {}
        self._set_all(f"held {vault.name} ", held, vault.name)
        for line in (*returned_lines(vault.returned), *deleted_lines(vault.deleted)):
            self._log.info("%s: %s", vault.name, one_line(line))

    def set_warnings(self, vault: VaultReport) -> None:
        """Note what is odd in a vault, in place of what was."""
        warnings = {text: text for text in vault.warnings}
        self._set_all(f"warning {vault.name} ", warnings, vault.name)

    def _set_all(self, prefix: str, messages: dict[str, str], vault: str) -> None:
        """Replace all problems whose subject begins with `prefix`."""
        for subject in [one for one in self._open if one.startswith(prefix)]:
            if subject.removeprefix(prefix) not in messages:
                del self._open[subject]
        for subject, message in messages.items():
            self.open(prefix + subject, f"{vault}: {message}")
