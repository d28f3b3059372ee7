"""A server over a real socket that gives scripted answers, as a client of Readwise may meet them."""

import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from syncd.readwise.client import Client

TOKEN = "s3cret-of-the-owner"
Answer = bytes | Callable[[socket.socket], None]


def answer(
    body: bytes = b"", status: int = 200, length: int | None = None, **headers: str
) -> bytes:
    """An HTTP answer on the wire."""
    lines = [f"HTTP/1.1 {status} {http.client.responses[status]}"]
    if status != 204:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def page(*numbers: int, cursor: object = None, **headers: str) -> bytes:
    """An answer with a page of the export: a document for each number."""
    books = [
        {"user_book_id": number, "highlights": [{"id": number, "text": "風"}]} for number in numbers
    ]
    return answer(
        json.dumps({"nextPageCursor": cursor, "results": books}).encode(), 200, None, **headers
    )


class Server:
    """Gives scripted answers over a real socket, in their order; the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.paths: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.heads: list[str] = []
        self.connections: list[socket.socket] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def hang(self, _: socket.socket) -> None:
        self.over.wait()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while head := self._read_head(connection):
                target = urlsplit(head.split()[1])
                self.paths.append(target.path)
                self.queries.append(
                    {key: ",".join(value) for key, value in parse_qs(target.query).items()}
                )
                self.heads.append(head)
                reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if callable(reply):
                    reply(connection)
                    return
                connection.sendall(reply)
                announced = re.search(rb"Content-Length: (\d+)", reply)
                if announced and len(reply.partition(b"\r\n\r\n")[2]) != int(announced[1]):
                    return

    def _read_head(self, connection: socket.socket) -> str:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            some = connection.recv(4096)
            if not some:
                return ""
            head += some
        return head.decode("latin-1")

    def close(self) -> None:
        self.over.set()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()


def ids(client: Client, **asked: object) -> list[int]:
    """The ids of all documents of an export, in their order."""
    return [document.id for read in client.export(**asked) for document in read.documents]  # type: ignore[arg-type]
