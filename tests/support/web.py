"""The tests' web server, over a real socket: it plays Readwise or a site with pictures."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import parse_qs, urlsplit

from syncd.readwise.client import Client

TOKEN = "s3cret-of-the-owner"
PNG = b"\x89PNG\r\n\x1a\n" + b"map" * 9
OTHER = b"\x89PNG\r\n\x1a\n" + b"tide" * 9
JPEG = b"\xff\xd8\xff\xe0" + b"loaf" * 9
GIF = b"GIF89a" + b"crumb"
WEBP = b"RIFF\x20\0\0\0WEBPVP8 "
AVIF = b"\0\0\0\x20ftypavif\0\0\0\0"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

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
    """An answer with a page of Readwise's export: a document for each number."""
    books = [
        {"user_book_id": number, "highlights": [{"id": number, "text": "風"}]} for number in numbers
    ]
    body = json.dumps({"nextPageCursor": cursor, "results": books})
    return answer(body.encode(), 200, None, **headers)


class Server:
    """Answers at `url` while its `with` block runs, and keeps what it was asked.

    The answers of `script` come in their order, the last one again and again. Without a script
    each address of `pages` has its own: a picture's bytes, an address to redirect to, a status, or
    None, which never comes; any other address answers 404.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.script: list[Answer] = []
        self.pages: dict[str, bytes | str | int | None] = {}
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.connections: list[socket.socket] = []
        self.is_asked, self.over = threading.Event(), threading.Event()
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, without their queries."""
        return [urlsplit(target).path for target in self.asked]

    @property
    def queries(self) -> list[dict[str, str]]:
        """The queries that came with them."""
        found = [parse_qs(urlsplit(target).query) for target in self.asked]
        return [{key: ",".join(value) for key, value in query.items()} for query in found]

    @property
    def hosts(self) -> list[str]:
        """The names under which it was asked."""
        return re.findall(r"\r\nHost: (\S+)", "".join(self.heads))

    def hang(self, _: socket.socket) -> None:
        """An answer that never comes."""
        self.over.wait()

    def stop_once_asked(self, stop: threading.Event) -> None:
        """Set the event as soon as somebody asks for something."""
        self.is_asked.wait()
        stop.set()

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
                target = head.split()[1]
                self.asked.append(target)
                self.heads.append(head)
                self.is_asked.set()
                reply = self._reply(target)
                if callable(reply):
                    reply(connection)
                    return
                connection.sendall(reply)
                announced = re.search(rb"Content-Length: (\d+)", reply)
                if announced and len(reply.partition(b"\r\n\r\n")[2]) != int(announced[1]):
                    return

    def _reply(self, target: str) -> Answer:
        if len(self.script) > 1:
            return self.script.pop(0)
        if self.script:
            return self.script[0]
        match self.pages.get(target, 404):
            case bytes() as body:
                return answer(body, Content_Type="text/plain")
            case str() as address:
                return answer(status=302, Location=address)
            case int() as status:
                return answer(status=status)
        return self.hang

    def _read_head(self, connection: socket.socket) -> str:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            some = connection.recv(4096)
            if not some:
                return ""
            head += some
        return head.decode("latin-1")


def ids(client: Client, **asked: object) -> list[int]:
    """The ids of all documents of an export, in their order."""
    return [document.id for read in client.export(**asked) for document in read.documents]  # type: ignore[arg-type]


def anywhere(_address: str) -> bool:
    """Allows every address: this machine's, where tests have their servers."""
    return True
