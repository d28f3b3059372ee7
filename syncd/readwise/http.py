"""One HTTP request that ends when it must: on a stop, at its deadline, at its size limit.

A socket's timeout does none of that: it starts anew with each byte that trickles in, and until it
is over nobody looks at the stop event. So a request runs in a thread of its own, which is left
behind when its time is up.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import requests
import urllib3

from syncd import __version__
from syncd.errors import ReadwiseError, Stopped

_CONNECT, _SILENCE = 10.0, 30.0  # seconds until a socket gives up
_GLANCE = 0.1  # seconds between two looks at the stop event
_LONGEST_WAIT = 600.0  # seconds
_CHUNK = 65536


class PassingError(ReadwiseError):
    """A failure that may pass.

    Asking again makes sense, after `wait` seconds where the server named them.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Answer(NamedTuple):
    """A whole answer, its body decompressed; `headers` do not mind the case of their names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's clock (UTC), if it names it."""
        return _http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """What `Retry-After` says (seconds or an HTTP date), in seconds, 10 minutes at most.

        None for nonsense.
        """
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,20}(\.[0-9]*)?", text):
            return min(float(text), _LONGEST_WAIT)
        when = _http_date(text)
        if when is None:
            return None
        seconds = (when - (self.date or datetime.now(UTC))).total_seconds()
        return min(max(seconds, 0.0), _LONGEST_WAIT)


class Fetcher:
    """Sends GET requests with Readwise's token, one at a time.

    `deadline` is in seconds, `size_limit` in decompressed bytes, both for a request as a whole.
    `direct` passes by the proxies that the environment names.
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
        if self._stop.is_set():
            raise Stopped("stopped while reading from Readwise")
        future: Future[Answer] = Future()
        threading.Thread(
            target=self._work, args=(future, self._session, url, params), daemon=True
        ).start()
        end = time.monotonic() + self._deadline
        try:
            while not wait([future], _GLANCE).done:
                if self._stop.is_set():
                    raise Stopped("stopped while reading from Readwise")
                if time.monotonic() >= end:
                    raise PassingError(f"no whole answer came within {self._deadline:g} s")
            return future.result()
        finally:
            if future.cancel():
                self._session.close()
                self._session = self._open()

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"User-Agent": f"syncd/{__version__}", "Accept-Encoding": "gzip"})
        session.auth = self._sign  # a callable, else an entry in ~/.netrc takes the token's place
        session.trust_env = not self._direct
        return session

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._token}"
        return request

    def _work(
        self, future: Future[Answer], session: requests.Session, url: str, params: Mapping[str, str]
    ) -> None:
        answer: Answer | None = None
        failure: BaseException
        try:
            answer = self._exchange(future, session, url, params)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = PassingError(_reason(error))
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            failure = error
        if not future.set_running_or_notify_cancel():
            return
        if answer is not None:
            future.set_result(answer)
        else:
            future.set_exception(failure)

    def _exchange(
        self, future: Future[Answer], session: requests.Session, url: str, params: Mapping[str, str]
    ) -> Answer:
        timeout = min(_CONNECT, self._deadline), min(_SILENCE, self._deadline)
        with session.get(
            url, params=params, stream=True, timeout=timeout, allow_redirects=False
        ) as response:
            body = bytearray()
            while not future.cancelled() and (
                chunk := response.raw.read1(_CHUNK, decode_content=True)
            ):
                body += chunk
                if len(body) > self._size_limit:
                    raise ReadwiseError(
                        f"Readwise answered with more than {self._size_limit:,} bytes; nothing of it was used"
                    )
            return Answer(response.status_code, response.headers, bytes(body))


def _reason(error: BaseException) -> str:
    """What went wrong, in the words of the innermost error.

    The outer ones repeat addresses and objects.
    """
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "it did not answer in time"
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    if type(inner) is OSError:  # a proxy's refusal
        return str(inner)
    return str(
        getattr(inner, "strerror", None) or "the connection broke in the middle of an answer"
    )


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
