"""What the service says about its work: what is wrong once, not with every run."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from syncd.errors import SyncdError
from syncd.report import WAITS, Report, VaultReport
from syncd.service.status_file import Trouble


class Teller:
    """Logs what is wrong when it begins or changes, and what is well again."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, Trouble] = {}

    def wrong(self, subject: str, message: str, level: int = logging.WARNING) -> None:
        """Say what is wrong with the subject, unless that was the last word on it."""
        before = self._said.get(subject)
        self._said[subject] = Trouble(datetime.now(UTC), message)
        if before is None or before.message != message:
            self._log.log(level, "%s", message)

    def well(self, subject: str, message: str) -> bool:
        """The subject is in order; whether it was not, and then say `message`."""
        if self._said.pop(subject, None) is None:
            return False
        self._log.info("%s", message)
        return True

    def trouble(self, subject: str) -> Trouble | None:
        """The last word on what is wrong with the subject; None where it is in order."""
        return self._said.get(subject)

    def error(self, subject: str, error: Exception) -> None:
        """Say what ended a job."""
        if isinstance(error, SyncdError):
            self.wrong(subject, error.message, logging.ERROR)
        else:
            self._log.error(
                "%s: a fault in syncd; it goes on", type(error).__name__, exc_info=error
            )

    def run(self, report: Report, *, asked: bool = True) -> None:
        """Say what a run brought; `asked`.

        Whether it asked Readwise, and does not write merely what waited.
        """
        if asked:
            self.well("run", "runs succeed again")
        self.well("settle", "what waited could be written")
        for vault in report.vaults:
            if vault.error:
                self.wrong(f"vault {vault.name}", vault.error, logging.ERROR)
            else:
                self.well(f"vault {vault.name}", f"{vault.name}: the vault is in order again")
            self.warnings(vault)
            failed = {
                f"{one.document} {one.title}": f"{one.title or one.document}: {one.message} [{one.code}]"
                for one in vault.failed
                if one.code not in WAITS
            }
            self._all(f"failed {vault.name} ", failed, vault.name)
        changed = any(vault.changed for vault in report.vaults)
        self._log.log(logging.INFO if changed else logging.DEBUG, "%s", report.message)

    def warnings(self, vault: VaultReport) -> None:
        """Say what is odd in a vault."""
        self._all(f"warning {vault.name} ", {text: text for text in vault.warnings}, vault.name)

    def _all(self, prefix: str, messages: dict[str, str], name: str) -> None:
        for subject in [one for one in self._said if one.startswith(prefix)]:
            if subject.removeprefix(prefix) not in messages:
                del self._said[subject]
        for subject, message in messages.items():
            self.wrong(prefix + subject, f"{name}: {message}")
