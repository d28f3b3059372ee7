"""Faults of one request, which a test, or a person with curl, queues on the sandbox."""

from __future__ import annotations

import json
import select
import socket
import struct
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

import msgspec

Kind = Literal[
    "pass", "400", "401", "403", "414", "429", "500", "502", "503", "504",
    "html", "empty", "garbage-document", "repeat-cursor",
    "truncated", "slow", "huge", "hang", "reset",
]  # fmt: skip
AT_SENDING = ("truncated", "slow", "huge", "hang", "reset")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault, met by one request.

    A status code; `pass` (no fault: lets one request through); `html` (a page of HTML with status
    200); `empty` (status 200, no byte); `garbage-document` (the first document of the page, or the
    one with the user_book_id `document`, is malformed); `repeat-cursor` (nextPageCursor leads to
    this same page again); `truncated` (fewer bytes than Content-Length); `slow` (a byte every
    `pause` seconds); `huge` (a body without an end); `hang` (no answer until the client gives up);
    `reset` (the connection is reset). `retry_after` is the text of a 429's or 503's header, None
    for no header.
    """

    kind: Kind
    retry_after: str | None = "1"
    document: int | None = None
    pause: float = 0.05


class Answer(NamedTuple):
    """An HTTP answer before it is sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def answer_json(status: int, value: object, *headers: tuple[str, str]) -> Answer:
    """An answer in JSON, as UTF-8; a lone surrogate is escaped, since UTF-8 cannot hold it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, text.encode("utf-8", "backslashreplace"), headers=headers)


_DETAILS = {
    "400": {"detail": "Bad request."},
    "401": {"detail": "Invalid token."},
    "403": {"error": "account_expired"},
    "429": {"detail": "Request was throttled. Expected available in 1 second."},
}


def spoil(fault: Fault, answer: Answer, cursor: str | None) -> Answer:
    """The answer with the fault in it; unchanged where the fault is one of sending (AT_SENDING).

    `cursor` is the pageCursor that was asked for.
    """
    if fault.kind.isdigit():
        return _refusal(fault)
    if fault.kind == "html":
        return Answer(200, _page("Just a moment..."), "text/html")
    if fault.kind == "empty":
        return Answer(200)
    if fault.kind in ("garbage-document", "repeat-cursor") and answer.status == HTTPStatus.OK:
        return answer_json(answer.status, _spoilt_page(fault, json.loads(answer.body), cursor))
    return answer


def _refusal(fault: Fault) -> Answer:
    """The answer with the status code that the fault's kind is."""
    asked_to_wait = fault.kind in ("429", "503") and fault.retry_after is not None
    headers = (("Retry-After", str(fault.retry_after)),) if asked_to_wait else ()
    if fault.kind in _DETAILS:
        return answer_json(int(fault.kind), _DETAILS[fault.kind], *headers)
    status = HTTPStatus(int(fault.kind))
    return Answer(status, _page(status.phrase), "text/html", headers)


def _page(title: str) -> bytes:
    head, body = f"<head><title>{title}</title></head>", f"<body><h1>{title}</h1></body>"
    return f"<!DOCTYPE html>\n<html>{head}{body}</html>\n".encode()


def _spoilt_page(fault: Fault, page: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    results = page.get("results", [])
    if fault.kind == "repeat-cursor":
        first = results[0]["user_book_id"] + 1 if results else 0
        return {**page, "nextPageCursor": int(cursor) if cursor else first}
    for book in results:
        if fault.document in (None, book["user_book_id"]):
            book |= {"title": {"malformed": True}, "highlights": "not a list"}
            break
    return page


def send_badly(fault: Fault, connection: socket.socket, body: bytes) -> None:
    """Send the body as the fault says (one of AT_SENDING); the caller closes the connection.

    Raises OSError as soon as the client is gone.
    """
    if fault.kind == "hang":
        connection.recv(1)
    elif fault.kind == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    elif fault.kind == "truncated":
        connection.sendall(body[: len(body) // 2])
    elif fault.kind == "huge":
        connection.sendall(b'{"count":0,"nextPageCursor":null,"results":[')
        while True:
            connection.sendall(b" " * 65536)
    else:
        for byte in body:
            # The socket turns readable when the client hangs up or the sandbox ends.
            if select.select([connection], [], [], fault.pause)[0]:
                break
            connection.sendall(bytes([byte]))
