"""Fetches one picture from the web, whatever is at its address, and from nowhere but the public internet.

The address comes from foreign text, and syncd may run beside servers that trust it. So every host's addresses are
looked up once, all of them checked, and the connection goes to one that was; each redirect is met in the same way. It
passes by the proxies that the environment names: what they would connect to nobody can check.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import certifi
import requests
import urllib3

from syncd import __version__
from syncd.errors import Stopped

_LARGEST = 10 * 2**20  # bytes
_DEADLINE = 20.0  # seconds for a picture as a whole
_CONNECT, _SILENCE = 5.0, 10.0  # seconds until a socket gives up
_GLANCE = 0.1  # seconds between two looks at the stop event
_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_CHUNK = 65536

_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes


class PictureError(Exception):
    """There is no picture that may be copied; the reason goes on after the address."""


class Picture(NamedTuple):
    """A picture's bytes, and the file name extension of what they are."""

    data: bytes
    extension: str


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    Not this machine's, its network's, or for many at once.

    The registries of special addresses are those of RFC 6890, as Python's `ipaddress` knows them.
    An IPv6 address that carries an IPv4 one is as public as that; tunnels are not.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None or found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found not in _UNICAST or found.sixtofour is not None or found.teredo is not None:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def extension_of(data: bytes) -> str | None:
    """What kind of picture begins like this, as a file name extension; None.

    None that every app shows safely.

    SVG is none: it can hold scripts.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "avif" if data[4:12] in (b"ftypavif", b"ftypavis") else None


def fetch_picture(
    url: str,
    stop: threading.Event,
    *,
    allowed: Callable[[str], bool] = is_public,
    deadline: float = _DEADLINE,
    largest: int = _LARGEST,
) -> Picture:
    """The picture at `url`, of at most `largest` bytes, within `deadline` seconds.

    `allowed` is asked about each IP address of the host, and of those that it redirects to.
    Raises PictureError; Stopped, soon after the event is set.
    """
    future: Future[Picture] = Future()

    def work() -> None:
        try:
            result = _follow(url, allowed, largest, future.cancelled)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(result)

    threading.Thread(target=work, daemon=True).start()
    end = time.monotonic() + deadline
    try:
        while not wait([future], _GLANCE).done:
            if stop.is_set():
                raise Stopped("stopped while copying pictures")
            if time.monotonic() >= end:
                raise PictureError(f"did not come within {deadline:g} s")
        return future.result()
    except (OSError, urllib3.exceptions.HTTPError, ValueError) as error:
        raise PictureError(_reason(error)) from error
    finally:
        future.cancel()  # the thread ends by itself, at its sockets' limits


def _follow(
    url: str, allowed: Callable[[str], bool], largest: int, is_over: Callable[[], bool]
) -> Picture:
    for _ in range(_REDIRECTS + 1):
        with _asked(url, allowed) as answer:
            location = answer.headers.get("Location")
            if answer.status in _MOVED and location:
                url = urljoin(url, location)
                continue
            if answer.status != 200:
                raise PictureError(f"answered {answer.status}")
            return _read(answer, largest, is_over)
    raise PictureError(f"redirects more than {_REDIRECTS} times")


@contextmanager
def _asked(url: str, allowed: Callable[[str], bool]) -> Iterator[urllib3.BaseHTTPResponse]:
    """The answer to one request, its body unread."""
    prepared = requests.Request("GET", url).prepare().url or ""  # its host and path in ASCII
    parts = urlsplit(prepared)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise PictureError("leads to what is no web address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": f"syncd/{__version__}",
        "Accept": "image/*",
    }
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(map(allowed, found)):
        raise PictureError("leads to an address that is not on the public internet")
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    failure: Exception = PictureError("has no host")
    for address in dict.fromkeys(found):
        with _pool(parts.scheme, address, port, host) as pool:
            try:
                answer = pool.urlopen(
                    "GET", path, headers=headers, redirect=False, preload_content=False
                )
            except (
                urllib3.exceptions.NewConnectionError,
                urllib3.exceptions.ConnectTimeoutError,
            ) as error:
                failure = error
                continue
            try:
                yield answer
            finally:
                answer.close()
            return
    raise failure


def _pool(scheme: str, address: str, port: int, host: str) -> urllib3.HTTPConnectionPool:
    """A connection to this very IP address, as `host`."""
    place = f"[{address}]" if ":" in address else address
    limits = urllib3.Timeout(connect=_CONNECT, read=_SILENCE)
    if scheme == "http":
        return urllib3.HTTPConnectionPool(place, port, timeout=limits, retries=False)
    return urllib3.HTTPSConnectionPool(
        place,
        port,
        timeout=limits,
        retries=False,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=host,
        assert_hostname=host,
    )


def _read(answer: urllib3.BaseHTTPResponse, largest: int, is_over: Callable[[], bool]) -> Picture:
    data = bytearray()
    while not is_over() and (chunk := answer.read1(_CHUNK, decode_content=False)):
        data += chunk
        if len(data) > largest:
            raise PictureError(f"is larger than {largest:,} bytes")
    extension = extension_of(bytes(data[:16]))
    if extension is None:
        raise PictureError("is no PNG, JPEG, GIF, WebP or AVIF")
    return Picture(bytes(data), extension)


def _reason(error: BaseException) -> str:
    """What went wrong, in the words of the innermost error.

    The outer ones repeat addresses and objects.
    """
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return "did not answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "has no valid certificate"
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return str(getattr(error, "strerror", None) or "could not be read to its end")
