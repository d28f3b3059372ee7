"""One HTTP request that ends when it must: on a stop, at its deadline, at its size limit.

A socket's timeout does none of that: it starts again with each byte that arrives, and while it
runs, the stop event is not looked at. So a request runs in a thread of its own, which is left
behind when its time is up.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import NamedTuple, TypeVar

import requests
import urllib3
from urllib3 import BaseHTTPResponse

from syncd import __version__
from syncd.errors import ReadwiseError, Stopped
from syncd.readwise.sockets import Adapter, Sockets

T = TypeVar("T")
_CONNECT, _SILENCE = 10.0, 30.0  # seconds until a socket gives up
_GLANCE = 0.1  # seconds between two looks at the stop event
_DAY = 86400.0  # seconds
_CHUNK = 65536
_STOPPED = "stopped while reading from the network"


class PassingError(ReadwiseError):
    """A failure that may pass: asking again makes sense.

    `wait` is after how many seconds, where the server says so.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def run_bounded(
    work: Callable[[Callable[[], bool]], T], stop: threading.Event, deadline: float, late: Exception
) -> T:
    """Run `work` in a thread and return what it returns, or raise what it raises.

    Raises Stopped soon after `stop` is set, and `late` after `deadline` seconds. Then the thread is
    left behind, its connection is ended, and the function that `work` is called with returns True.
    """
    future: Future[T] = Future()
    sockets = Sockets()

    def run() -> None:
        try:
            with sockets.noted():
                result = work(future.cancelled)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(result)

    if stop.is_set():
        raise Stopped(_STOPPED)
    threading.Thread(target=run, daemon=True).start()
    try:
        return _result(future, stop, deadline, late)
    finally:
        if future.cancel():
            sockets.end()


def _result(future: Future[T], stop: threading.Event, deadline: float, late: Exception) -> T:
    end = time.monotonic() + deadline
    while not wait([future], _GLANCE).done:
        if stop.is_set():
            raise Stopped(_STOPPED)
        if time.monotonic() >= end:
            raise late
    return future.result()


def read_body(
    response: BaseHTTPResponse, limit: int, is_over: Callable[[], bool], *, decode: bool
) -> bytes:
    """The body of an answer, decompressed where `decode` is set.

    Ends early where it is longer than `limit` bytes, or when `is_over` returns True.
    """
    body = bytearray()
    while len(body) <= limit and not is_over():
        chunk = response.read1(_CHUNK, decode_content=decode)
        if not chunk:
            break
        body += chunk
    return bytes(body)


def failure_reason(error: BaseException) -> str:
    """What went wrong with a request, in the words of the innermost error.

    The outer ones repeat addresses and objects.
    """
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "did not answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "has no valid certificate"
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    if type(inner) is OSError:  # a proxy's refusal
        return str(inner)
    return str(getattr(inner, "strerror", None) or "could not be read to its end")


class Answer(NamedTuple):
    """A whole answer, its body decompressed; the names in `headers` are compared in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's clock (UTC), if it names it."""
        return _http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """The seconds of `Retry-After`, which names seconds or an HTTP date; a day at most.

        None where there is none, or it cannot be read.
        """
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,20}(\.[0-9]*)?", text):
            return min(float(text), _DAY)
        when = _http_date(text)
        if when is None:
            return None
        seconds = (when - (self.date or datetime.now(UTC))).total_seconds()
        return min(max(seconds, 0.0), _DAY)


class Fetcher:
    """Sends GET requests with Readwise's token, one at a time.

    `deadline` is in seconds, `size_limit` in decompressed bytes, both for a request as a whole.
    With `direct`, proxies that the environment names are not used.
    """

    def __init__(
        self, token: str, stop: threading.Event, *, deadline: float, size_limit: int, direct: bool
    ) -> None:
        self._token = token
        self._stop = stop
        self._deadline = deadline
        self._size_limit = size_limit
        self._direct = direct
        self._session = self._open()

    def get(self, url: str, params: Mapping[str, str]) -> Answer:
        """The answer, whatever its status; a redirect is not followed.

        Raises PassingError if no whole answer came, ReadwiseError if it is too large, Stopped.
        """
        late = PassingError(f"no whole answer came within {self._deadline:g} s")
        try:
            work = partial(self._send, self._session, url, params)
            return run_bounded(work, self._stop, self._deadline, late)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise PassingError(failure_reason(error)) from error
        except (Stopped, PassingError):
            self._session.close()  # the thread that was left behind keeps its connection
            self._session = self._open()
            raise

    def _open(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, Adapter())
        session.headers.update({"User-Agent": f"syncd/{__version__}", "Accept-Encoding": "gzip"})
        session.auth = self._sign  # a callable, else an entry in ~/.netrc takes the token's place
        session.trust_env = not self._direct
        return session

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._token}"
        return request

    def _send(
        self,
        session: requests.Session,
        url: str,
        params: Mapping[str, str],
        is_over: Callable[[], bool],
    ) -> Answer:
        timeout = min(_CONNECT, self._deadline), min(_SILENCE, self._deadline)
        with session.get(
            url, params=params, stream=True, timeout=timeout, allow_redirects=False
        ) as response:
            body = read_body(response.raw, self._size_limit, is_over, decode=True)
            if len(body) > self._size_limit:
                raise ReadwiseError(
                    f"Readwise answered with more than {self._size_limit:,} bytes; "
                    "nothing of it was used"
                )
            return Answer(response.status_code, response.headers, body)


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
