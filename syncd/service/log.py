"""Sets up the service's log: one line for each event, with its level where the journal reads it."""

from __future__ import annotations

import logging
import os
import sys

_LEVELS = (
    (logging.ERROR, "<3>"),
    (logging.WARNING, "<4>"),
    (logging.INFO, "<6>"),
    (logging.DEBUG, "<7>"),
)


class _Leveled(logging.Formatter):
    """Puts the syslog level before every line, as sd-daemon(3) describes it."""

    def format(self, record: logging.LogRecord) -> str:
        head = next((head for level, head in _LEVELS if record.levelno >= level), "<7>")
        return "\n".join(head + line for line in super().format(record).split("\n"))


def set_up(*, verbose: bool, quiet: bool) -> None:
    """Log to standard error: what the service does, every step, or only what is wrong."""
    # A terminal may have inherited the variable from a desktop that logs to the journal.
    journal = "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Leveled() if journal else logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logging.getLogger("syncd").setLevel(level)
    for name in ("apscheduler", "watchdog"):  # the service itself logs what came of a job or event
        logging.getLogger(name).setLevel(logging.CRITICAL)
