"""A web server with pictures, and some that it serves badly."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self

PNG = b"\x89PNG\r\n\x1a\n" + b"map" * 9
OTHER = b"\x89PNG\r\n\x1a\n" + b"tide" * 9
JPEG = b"\xff\xd8\xff\xe0" + b"loaf" * 9
GIF = b"GIF89a" + b"crumb"
WEBP = b"RIFF\x20\0\0\0WEBPVP8 "
AVIF = b"\0\0\0\x20ftypavif\0\0\0\0"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Gallery:
    """Serves `pages` by path at `url` while its `with` block does.

    `asked` are the paths seen so far.

    A page is a picture's bytes, an address to redirect to, a status, or None: that one never
    answers.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, bytes | str | int | None] = {}
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.is_asked, self.over = Event(), Event()
        gallery = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gallery.asked.append(self.path)
                gallery.hosts.append(self.headers["Host"])
                gallery.is_asked.set()
                gallery._answer(self)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://{host}:{self.port}"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        page = self.pages.get(handler.path, 404)
        if page is None:
            self.over.wait()
            return
        body = page if isinstance(page, bytes) else b""
        handler.send_response(200 if body is page else page if isinstance(page, int) else 302)
        if isinstance(page, str):
            handler.send_header("Location", page)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(len(body) + (handler.path == "/cut")))
        handler.end_headers()
        handler.wfile.write(body)

    def stop_once_asked(self, stop: Event) -> None:
        """Sets the event as soon as somebody asks for a page."""
        self.is_asked.wait()
        stop.set()

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def anywhere(_address: str) -> bool:
    """Allows every address: this machine's, where tests have their servers."""
    return True
