"""Fetches one picture from the web, and from nowhere but the public internet.

The address comes from foreign text, and syncd may run beside servers that trust it. So every host's
addresses are looked up once, all of them are checked, and the connection goes to one of them; each
redirect is checked in the same way. Proxies that the environment names are not used: nobody can
check what they would connect to.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import requests
import urllib3

from syncd import __version__
from syncd.readwise.http import failure_reason, read_body, run_bounded
from syncd.readwise.sockets import HTTPPool, HTTPSPool

_LARGEST = 10 * 2**20  # bytes
_DEADLINE = 20.0  # seconds for a picture as a whole
_CONNECT, _SILENCE = 5.0, 10.0  # seconds until a socket gives up
_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)

_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes


class PictureError(Exception):
    """There is no picture that may be copied; the reason goes on after the address."""


class Picture(NamedTuple):
    """A picture's bytes, and the file name extension of what they are."""

    data: bytes
    extension: str


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet.

    Those of this machine, of its network, and those that reach many machines at once are not. The
    registries of special addresses are those of RFC 6890, as Python's `ipaddress` has them. An
    IPv6 address that holds an IPv4 address is as public as that one; tunnels are not public.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None or found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found not in _UNICAST or found.sixtofour is not None or found.teredo is not None:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def is_allowed(address: str) -> bool:
    """Whether a picture may be fetched from an IP address: it is public, and not at this place.

    The address that this machine would ask from tells its own: it is the same for an address of
    the machine itself, and has the same first 64 bits (24 for IPv4) in the machine's own network.
    """
    if not is_public(address):
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:  # which sends nothing
            probe.connect((address, 9))
            own = probe.getsockname()[0]
    except OSError:
        return True  # there is no way to it, so that asking fails too
    network = ipaddress.ip_network(f"{own}/{64 if ':' in own else 24}", strict=False)
    return ipaddress.ip_address(address) not in network


def extension_of(data: bytes) -> str | None:
    """The file name extension for a picture that begins with `data`.

    None where it is no picture that every app shows safely; SVG is not, since it can hold scripts.
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
    allowed: Callable[[str], bool] = is_allowed,
    deadline: float = _DEADLINE,
    largest: int = _LARGEST,
) -> Picture:
    """The picture at `url`, of at most `largest` bytes, within `deadline` seconds.

    `allowed` is asked about each IP address of the host, and of those that it redirects to.
    Raises PictureError; Stopped, soon after the event is set.
    """
    late = PictureError(f"did not come within {deadline:g} s")
    try:
        return run_bounded(partial(_follow, url, allowed, largest), stop, deadline, late)
    except (OSError, urllib3.exceptions.HTTPError, ValueError) as error:
        raise PictureError(failure_reason(error)) from error


def _follow(
    url: str, allowed: Callable[[str], bool], largest: int, is_over: Callable[[], bool]
) -> Picture:
    for _ in range(_REDIRECTS + 1):
        with _asked(url, allowed, is_over) as answer:
            location = answer.headers.get("Location")
            if answer.status in _MOVED and location:
                url = urljoin(url, location)
                continue
            if answer.status != 200:
                raise PictureError(f"answered {answer.status}")
            return _picture(answer, largest, is_over)
    raise PictureError(f"redirects more than {_REDIRECTS} times")


@contextmanager
def _asked(
    url: str, allowed: Callable[[str], bool], is_over: Callable[[], bool]
) -> Iterator[urllib3.BaseHTTPResponse]:
    """The answer to one request, its body unread."""
    prepared = requests.Request("GET", url).prepare().url or ""  # its host and path in ASCII
    parts = urlsplit(prepared)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PictureError("leads to what is no web address")
    failure: Exception = PictureError("has no host")
    for address in _addresses(parts, allowed):
        if is_over():
            break
        with _pool(parts, address) as pool:
            try:
                answer = _ask(pool, parts)
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


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _addresses(parts: SplitResult, allowed: Callable[[str], bool]) -> list[str]:
    """The IP addresses of the host, each once. Raises PictureError where one is not allowed."""
    entries = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    if not all(map(allowed, found)):
        raise PictureError("leads to an address that is not on the public internet")
    return found


def _ask(pool: urllib3.HTTPConnectionPool, parts: SplitResult) -> urllib3.BaseHTTPResponse:
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": f"syncd/{__version__}",
        "Accept": "image/*",
    }
    return pool.urlopen("GET", path, headers=headers, redirect=False, preload_content=False)


def _pool(parts: SplitResult, address: str) -> urllib3.HTTPConnectionPool:
    """A connection to this very IP address, in the name of the host."""
    place = f"[{address}]" if ":" in address else address
    limits = urllib3.Timeout(connect=_CONNECT, read=_SILENCE)
    if parts.scheme == "http":
        return HTTPPool(place, _port(parts), timeout=limits, retries=False)
    return HTTPSPool(
        place,
        _port(parts),
        timeout=limits,
        retries=False,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


def _picture(
    answer: urllib3.BaseHTTPResponse, largest: int, is_over: Callable[[], bool]
) -> Picture:
    data = read_body(answer, largest, is_over, decode=False)
    if len(data) > largest:
        raise PictureError(f"is larger than {largest:,} bytes")
    extension = extension_of(data[:16])
    if extension is None:
        raise PictureError("is no PNG, JPEG, GIF, WebP or AVIF")
    return Picture(data, extension)
