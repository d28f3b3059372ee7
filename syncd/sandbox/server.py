"""A Readwise server on this machine: authentication, export, rate limit, and faults on demand.

It behaves as Readwise's public API (version 2) does, by its documentation and recorded answers.
"""

from __future__ import annotations

import math
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import msgspec

from syncd.errors import ConfigError
from syncd.report import counted
from syncd.sandbox.faults import AT_SENDING, Answer, Fault, answer_json, send_badly, spoil
from syncd.sandbox.library import Library

_LONGEST_TARGET = 4096
_MOST_IDS = 100


class Sandbox:
    """The server, running while its `with` block does.

    `url` is what to give to a client as Readwise's address.

    `library` may be changed at any time; `requests` are the (method, path with query) seen so far;
    the `faults` queued are met by the next requests to the API, one each. More than `limit`
    requests in `window` seconds are answered with 429. A person can queue faults with `POST
    /sandbox/faults` (a JSON list) and add a highlight with `POST /sandbox/highlights` (a JSON
    object of its fields; `book_id` is the newest document if left out). Raises ConfigError where
    the port cannot be had.
    """

    def __init__(
        self,
        library: Library | None = None,
        *,
        token: str = "sandbox-token",  # noqa: S107  # opens nothing but this sandbox
        port: int = 0,
        limit: int = 240,
        window: float = 60.0,
    ) -> None:
        self.library = library if library is not None else Library.load()
        self.token = token
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self._port = port
        self._limit, self._window = limit, window
        self._admitted: deque[float] = deque()
        self._lock = Lock()

    def __enter__(self) -> Self:
        try:
            self._server = _Server(self._port, self)
        except (OSError, OverflowError) as error:
            way_out = "choose another, or 0 for any that is free"
            raise ConfigError(
                f"the sandbox cannot listen on port {self._port}: {error}; {way_out}"
            ) from error
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def take_fault(self) -> Fault | None:
        """The next fault queued, off the queue."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def answer(self, method: str, target: str, authorization: str | None) -> Answer:
        """What Readwise would answer to a request for `target`, a path with its query."""
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if len(target) > _LONGEST_TARGET or query.get("ids", "").count(",") >= _MOST_IDS:
            return Answer(414, b"<h1>414 Request-URI Too Large</h1>\n", "text/html")
        if authorization is None:
            return answer_json(401, {"detail": "Authentication credentials were not provided."})
        if authorization != f"Token {self.token}":
            return answer_json(401, {"detail": "Invalid token."})
        wait = self._throttle()
        if wait:
            detail = f"Request was throttled. Expected available in {counted(wait, 'second')}."
            return answer_json(429, {"detail": detail}, ("Retry-After", str(wait)))
        answers: dict[str, Callable[[], Answer]] = {
            "/api/v2/auth/": lambda: Answer(204),
            "/api/v2/export/": lambda: self._export(query),
            "/api/v2/review/": lambda: answer_json(200, self.library.review()),
        }
        if url.path not in answers:
            return answer_json(404, {"detail": "Not found."})
        if method != "GET":
            return answer_json(405, {"detail": f'Method "{method}" not allowed.'})
        return answers[url.path]()

    def control(self, path: str, body: bytes) -> Answer:
        """The answer to a person who steers the sandbox by a POST; `path` is below /sandbox/."""
        try:
            if path == "/sandbox/faults":
                self.faults.extend(msgspec.json.decode(body, type=list[Fault]))
                return answer_json(201, {"queued": len(self.faults)})
            if path == "/sandbox/highlights":
                fields = msgspec.json.decode(body, type=dict[str, Any])
                newest = max((book["user_book_id"] for book in self.library.books), default=0)
                book_id = fields.pop("book_id", newest)
                id_ = self.library.add_highlight(book_id, **fields)
                return answer_json(201, {"id": id_, "book_id": book_id})
        except KeyError as error:
            return answer_json(404, {"detail": f"There is no document {error}."})
        except (ValueError, TypeError) as error:
            return answer_json(400, {"detail": str(error)})
        known = "There are POST /sandbox/faults and POST /sandbox/highlights."
        return answer_json(404, {"detail": known})

    def _export(self, query: dict[str, str]) -> Answer:
        try:
            page = self.library.page(
                cursor=int(query["pageCursor"]) if query.get("pageCursor") else None,
                updated_after=_time(query["updatedAfter"]) if query.get("updatedAfter") else None,
                ids=_ids(query["ids"].split(",")) if query.get("ids") else None,
                include_deleted=query.get("includeDeleted", "").lower() == "true",
            )
        except ValueError as error:
            return answer_json(400, {"detail": f"Invalid parameter: {error}"})
        return answer_json(200, page)

    def _throttle(self) -> int:
        """Admit one request more, or tell after how many seconds it may come again; 0: admitted."""
        with self._lock:
            now = monotonic()
            while self._admitted and self._admitted[0] <= now - self._window:
                self._admitted.popleft()
            if len(self._admitted) < self._limit:
                self._admitted.append(now)
                return 0
            oldest = self._admitted[0] if self._admitted else now  # none where the limit is 0
            return math.ceil(oldest + self._window - now)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _ids(texts: Iterable[str]) -> set[int]:
    return {int(text) for text in texts if text.strip()}


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._connections: set[Any] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, and so the threads that wait on them."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error of the sandbox itself; a client that went away is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_request(self) -> None:
        sandbox = self.server.sandbox
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.startswith("/sandbox/") and self.command == "POST":
            self._send(sandbox.control(path, body))
            return
        sandbox.requests.append((self.command, self.path))
        fault = sandbox.take_fault() or Fault("pass")
        answer = sandbox.answer(self.command, self.path, self.headers.get("Authorization"))
        cursor = dict(parse_qsl(urlsplit(self.path).query)).get("pageCursor")
        self._send(spoil(fault, answer, cursor), fault)

    # The names http.server calls
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request  # noqa: N815

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        self.send_response(answer.status)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", answer.content_type)
            if fault is None or fault.kind != "huge":
                self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        if fault is None or fault.kind not in AT_SENDING:
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Connection", "close")
        if fault.kind not in ("hang", "reset"):
            self.end_headers()
        send_badly(fault, self.connection, answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002  # its own
        """The `Date` header, for http.server: by the account's clock, as its updated_at are."""
        return format_datetime(self.server.sandbox.library.now().astimezone(UTC), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Print nothing for a request."""
