"""Reads an account from Readwise's API: pages, retries, the cursor.

The rules are those of readwise.io/api_deets: at most 240 requests a minute and a 429 with
`Retry-After` beyond them, pages that end with a null cursor, deleted highlights only where they are
asked for.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TypeVar
from urllib.parse import urlsplit

from syncd.errors import ConfigError, ReadwiseError, Stopped, ThrottledError, TokenError
from syncd.readwise.decode import ExportPage, decode_page, decode_review
from syncd.readwise.http import Answer, Fetcher, PassingError

T = TypeVar("T")
_log = logging.getLogger(__name__)
_NEW_TOKEN = "get a new one at https://readwise.io/access_token"  # noqa: S105  # a sentence
_SANDBOX_TOKEN = f"`syncd sandbox` prints its own; for Readwise, {_NEW_TOKEN}"
_LONGEST_BACKOFF = 60.0  # seconds
_MOST_PAGES = 10_000  # of one export; an account of 100,000 highlights has a hundred
_MOST_EMPTY = 20  # pages one after the other that hold nothing
_LONGEST_PAUSE = 600.0  # seconds that a run waits for when Readwise asks for it
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_IDS_A_REQUEST = 50  # Readwise refuses addresses of more than about a hundred


class RefusedError(ReadwiseError):
    """Readwise refuses this request, and would again."""


class Client:
    """Reads one account during one run. Not for two threads at once.

    `requests` counts the requests that were sent; `account` differs between tokens. `server_time`
    is the server's clock (UTC) at the first good answer, None before it or where the server names
    no time. `stop` ends any wait at once. A request is tried `tries` times, with waits that double
    from `backoff` seconds; `on_wait` is called with the reason and the seconds of each wait.
    `deadline` (seconds) and `size_limit` (decompressed bytes) apply to one request.

    Raises ConfigError for an address that would show the token to others, TokenError for a
    malformed token.
    """

    def __init__(
        self,
        api_url: str,
        token: str,
        stop: threading.Event,
        *,
        tries: int = 6,
        backoff: float = 2.0,
        deadline: float = 120.0,
        size_limit: int = 64 << 20,
        on_wait: Callable[[str, float], None] | None = None,
    ) -> None:
        loopback = _validate_address(api_url)
        if not re.fullmatch(r"[!-~]+", token):
            raise TokenError(
                f"the Readwise token is empty or holds characters that none has; {_NEW_TOKEN}"
            )
        self.requests = 0
        # tells accounts apart, and nothing of the token
        self.account = blake2b(token.encode(), key=b"syncd", digest_size=8).hexdigest()
        self.server_time: datetime | None = None
        self._api_url = api_url.rstrip("/")
        self._new_token = _SANDBOX_TOKEN if loopback else _NEW_TOKEN
        self._stop = stop
        self._tries = tries
        self._backoff = backoff
        self._on_wait = on_wait
        self._fetcher = Fetcher(
            token, stop, deadline=deadline, size_limit=size_limit, direct=loopback
        )

    def check_token(self) -> None:
        """Ask Readwise whether it accepts the token.

        Raises TokenError where it does not, ReadwiseError, Stopped.
        """
        self._get("/api/v2/auth/", {}, _decode_nothing)

    def export(
        self,
        *,
        updated_after: datetime | None = None,
        ids: Sequence[int] = (),
        start: str | None = None,
    ) -> Iterator[ExportPage]:
        """The account's documents, page by page as they come, deleted highlights included.

        `updated_after` (with a zone) leaves out highlights that have not changed since; `ids` asks
        for these documents alone; `start` is the cursor of the page to begin with. Where Readwise
        refuses a cursor, reading starts again from the first page, once, so that a page can come
        twice.

        Raises TokenError, ReadwiseError, Stopped; the pages before that are good, but not all.
        """
        asked = {"includeDeleted": "true"}
        if updated_after is not None:
            asked["updatedAfter"] = updated_after.astimezone(UTC).strftime(_TIME)
        if not ids:
            yield from self._pages(asked, start)
        for first in range(0, len(ids), _IDS_A_REQUEST):
            some = ",".join(map(str, ids[first : first + _IDS_A_REQUEST]))
            yield from self._pages(asked | {"ids": some})

    def review(self) -> list[int]:
        """The ids of the highlights in the day's review. It is asked for once, without waits.

        Raises TokenError, ReadwiseError, Stopped.
        """
        return self._get("/api/v2/review/", {}, decode_review, tries=1)

    def _pages(self, asked: Mapping[str, str], start: str | None = None) -> Iterator[ExportPage]:
        restarted, empty = False, 0
        seen = [start] if start else []
        for _ in range(_MOST_PAGES):
            cursor = {"pageCursor": seen[-1]} if seen else {}
            try:
                page = self._get("/api/v2/export/", {**asked, **cursor}, decode_page)
            except RefusedError as error:
                if restarted or not seen:
                    raise
                _log.info("%s; reading from the first page again", error)
                restarted = True
                seen.clear()
                continue
            if start and seen == [start] and not (page.documents or page.rejected):
                seen.clear()  # an old cursor leads to nothing
                continue
            yield page
            if page.next_cursor is None:
                return
            if page.next_cursor in seen:
                raise ReadwiseError(
                    "Readwise's export leads back to a page read before, so its end cannot be "
                    "reached; try again later"
                )
            seen.append(page.next_cursor)
            empty = 0 if page.documents or page.rejected else empty + 1
            if empty == _MOST_EMPTY:
                break
        raise ReadwiseError("Readwise's export does not come to an end; try again later")

    def _get(
        self,
        path: str,
        params: Mapping[str, str],
        decode: Callable[[bytes], T],
        *,
        tries: int | None = None,
    ) -> T:
        failure, tries = "", tries or self._tries
        for attempt in range(1, tries + 1):
            try:
                return self._try(path, params, decode)
            except PassingError as error:
                failure, wait = error.message, error.wait
            if wait is not None and wait > _LONGEST_PAUSE:
                raise ThrottledError(datetime.now(UTC) + timedelta(seconds=wait))
            if attempt < tries:
                self._pause(path, f"{failure} (try {attempt} of {tries})", wait, attempt)
        often = "one try" if tries == 1 else f"{tries} tries"
        raise ReadwiseError(
            f"{self._api_url}{path} could not be read in {often}, at last: {failure}; "
            "check the connection, or try again later"
        )

    def _try(self, path: str, params: Mapping[str, str], decode: Callable[[bytes], T]) -> T:
        self.requests += 1
        answer = self._fetcher.get(self._api_url + path, params)
        self._raise_for_status(answer, path)
        try:
            result = decode(answer.body)
        except ReadwiseError as error:
            raise PassingError(error.message) from error
        if self.server_time is None:
            self.server_time = answer.date
        return result

    def _raise_for_status(self, answer: Answer, path: str) -> None:
        """Raises the error that an answer's status stands for, if it does."""
        status = answer.status
        if 200 <= status < 300:
            return
        if status == 401:
            raise TokenError(f"Readwise rejected the token; {self._new_token}")
        if status == 403 and b"account_expired" in answer.body:
            raise TokenError(
                "the Readwise subscription has expired; renew it at https://readwise.io",
                code="account_expired",
            )
        if status == 403:
            reason = f"Readwise gives this token no access to {path} (403)"
            raise TokenError(f"{reason}; {self._new_token}")
        if status == 429 or status >= 500:
            raise PassingError(f"Readwise answered {status}", wait=answer.retry_after)
        if status < 400:
            raise ReadwiseError(
                f"{self._api_url} redirects elsewhere ({status}), and the token is not sent there; "
                "set readwise.api_url to the address that answers itself"
            )
        raise RefusedError(
            f"Readwise refused {path} ({status}); if it stays so, report it with this line"
        )

    def _pause(self, path: str, reason: str, wait: float | None, attempt: int) -> None:
        if wait is None:  # full jitter, so that clients that failed together return apart
            wait = random.uniform(0, min(_LONGEST_BACKOFF, self._backoff * 2 ** (attempt - 1)))  # noqa: S311
        _log.info("waiting %.1f s: %s: %s", wait, path, reason)
        if self._on_wait is not None:
            self._on_wait(reason, wait)
        if self._stop.wait(wait):
            raise Stopped("stopped while waiting for Readwise")


def _validate_address(api_url: str) -> bool:
    """Whether the address is on this machine.

    Raises ConfigError where it is no address, or the token would not be safe.
    """
    try:
        parts = urlsplit(api_url)
        _ = parts.port
    except ValueError:
        raise ConfigError(
            "readwise.api_url is no address; the usual one is https://readwise.io"
        ) from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or re.search(r"[@?#\s]", api_url)
    ):
        raise ConfigError(
            "readwise.api_url must look like https://host[:port]; "
            "the usual one is https://readwise.io"
        )
    loopback = _is_loopback(parts.hostname)
    if parts.scheme == "http" and not loopback:
        raise ConfigError(
            f"readwise.api_url: {api_url} would carry the token unencrypted; use https://"
        )
    return loopback


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _decode_nothing(body: bytes) -> None:
    if body:
        raise ReadwiseError("Readwise answered with a text where it sends none")
