"""Serves an export that lies in a folder as files: `server.py FOLDER`.

Prints its address, and ends when its standard input does. The files are `0.json` and so on, named
by the cursor that asks for them, and `changes.json` for what is asked for with `updatedAfter`. It
is a process of its own, so that its work and memory do not count for the run that is measured.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    """Answers every GET with a file."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Send the file that the query asks for."""
        query = parse_qs(urlsplit(self.path).query)
        name = "changes" if "updatedAfter" in query else query.get("pageCursor", ["0"])[0]
        body = (FOLDER / f"{name}.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing for a request."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
