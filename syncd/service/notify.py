"""Tells systemd how the service is, as sd_notify(3) describes it: datagrams to $NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress


def notify(*lines: str) -> None:
    """Send assignments such as `READY=1`. Does nothing where systemd does not listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract names
        address = "\0" + address[1:]
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
    ):
        sender.settimeout(1)
        sender.sendto("\n".join(lines).encode(), address)


def notify_reloading() -> None:
    """Say that the configuration is being read again, until the next `READY=1`."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear `WATCHDOG=1`, in seconds; None where it does not."""
    if os.environ.get("WATCHDOG_PID") not in (None, "", str(os.getpid())):
        return None
    text = os.environ.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdecimal() and int(text) else None
