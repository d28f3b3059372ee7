"""`syncd restore`: brings back a page or highlight that its owner deleted."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from syncd.commands.naming import why_unknown
from syncd.commands.progress_display import progress_display
from syncd.commands.say import say
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.values import parse_duration
from syncd.errors import ConfigError
from syncd.report import one_line
from syncd.sync import restore as sync


def restore(config_option: str | None, what: str) -> int:
    """Forget the deletion of what `what` names. Returns 0, or 1 where nothing of it was deleted."""
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop, progress_display() as display:
        forgotten = sync.restore_all(config, what, stop, display)
    if not any(forgotten.values()):
        nothing = f"nothing of {what} was deleted"
        say(f"syncd: {why_unknown(config, what) or nothing}", err=True)
        return 1
    _print_forgotten(forgotten, "deleted")
    return 0


def restore_missing(config_option: str | None, since: str | None) -> int:
    """Forget that anything is gone, since a time or for a span, and print how much. Returns 0."""
    moment = None if since is None else _moment(since, datetime.now(UTC))
    config = settings.load(settings.config_path(config_option))
    with stop_on_signal() as stop, progress_display() as display:
        forgotten = sync.restore_missing(config, moment, stop, display)
    _print_forgotten(forgotten, "gone")
    return 0


def _moment(text: str, now: datetime) -> datetime:
    """The time (UTC) that a text means: an ISO time, the system's where it says no zone, or a span.

    Raises ConfigError.
    """
    with suppress(ValueError, OverflowError):
        return now - parse_duration(text)
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).astimezone(UTC)
    allowed = 'write a time such as 2024-07-01T12:00, or a span such as "2d" or "1h30m"'
    raise ConfigError(f'--since is "{one_line(text)}", which is no time; {allowed}')


def _print_forgotten(forgotten: dict[str, int], how: str) -> None:
    for name, count in forgotten.items():
        say(f"{name}: {count} of the {how} highlights come back with the next sync")
