"""Connections that another thread can end, whatever the other side sends.

A socket's timeout begins anew with each byte. A thread that waits for a header, or for an end of
the handshake, which come a byte at a time, would stay for ever.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter

_here = threading.local()  # `used`: the sockets of what this thread does


class Sockets:
    """The sockets that a piece of work uses, by their descriptors."""

    def __init__(self) -> None:
        self._used: list[tuple[int, int]] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the connections that this thread makes or uses meanwhile."""
        _here.used = self._used
        try:
            yield
        finally:
            del _here.used

    def end(self) -> None:
        """End the connection in use: who waits for it reads its end."""
        for descriptor, number in self._used[-1:]:
            with suppress(OSError):
                if os.fstat(descriptor).st_ino == number:  # and no other file that came after it
                    with socket.socket(fileno=os.dup(descriptor)) as same:
                        same.shutdown(socket.SHUT_RDWR)


def _note(connection: socket.socket | None) -> None:
    used = getattr(_here, "used", None)
    if used is not None and connection is not None:
        with suppress(OSError):
            used.append((connection.fileno(), os.fstat(connection.fileno()).st_ino))


class _HTTPConnection(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _note(made)
        return made

    def request(self, *args: Any, **named: Any) -> None:
        _note(self.sock)  # one that was open already
        super().request(*args, **named)


class _HTTPSConnection(urllib3.connection.HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _note(made)
        return made

    def request(self, *args: Any, **named: Any) -> None:
        _note(self.sock)
        super().request(*args, **named)


class HTTPPool(urllib3.HTTPConnectionPool):
    """Connections without encryption."""

    ConnectionCls = _HTTPConnection


class HTTPSPool(urllib3.HTTPSConnectionPool):
    """Connections with encryption."""

    ConnectionCls = _HTTPSConnection


class Adapter(HTTPAdapter):
    """What makes the connections of a requests session."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """See HTTPAdapter.init_poolmanager."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

    def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
        """See HTTPAdapter.proxy_manager_for. The pools of SOCKS proxies stay as they are."""
        manager = super().proxy_manager_for(*args, **named)
        if type(manager) is urllib3.ProxyManager:
            manager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
        return manager
