"""Fetching a picture: only from the public internet, only pictures, and never for long."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, active_count

import pytest

from syncd.errors import ReadwiseError, Stopped
from syncd.readwise.client import Client
from syncd.readwise.picture import PictureError, fetch_picture, is_public
from tests.support.wait import PATIENCE, until
from tests.support.web import AVIF, GIF, JPEG, PNG, SVG, WEBP, Server, answer, anywhere

PRIVATE = [
    *(
        "127.0.0.1",
        "127.8.9.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
    ),
    *(
        "100.64.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
    ),
    *(
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
    ),
    *(
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ),
    *(
        "::127.0.0.1",
        "::8.8.8.8",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:1::1",
        "64:ff9b::127.0.0.1",
    ),
    *(
        "64:ff9b::10.0.0.1",
        "64:ff9b::192.168.0.1",
        "64:ff9b:1::1",
        "100::1",
    ),
]
PUBLIC = [
    *(
        "8.8.8.8",
        "104.244.42.1",
        "172.32.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ),
]


@pytest.mark.parametrize(
    "address",
    PRIVATE,
)
def test_addresses_of_this_machine_or_network_are_not_public(address: str) -> None:
    """Nor are those for documents and for many at once.

    An IPv4 address counts inside an IPv6 one too.
    """
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """In both families."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("body", "extension"),
    [(PNG, "png"), (JPEG, "jpg"), (GIF, "gif"), (WEBP, "webp"), (AVIF, "avif")],
)
def test_a_picture_is_what_its_bytes_say(server: Server, body: bytes, extension: str) -> None:
    """Whatever its address and its server call it."""
    server.pages["/run.exe"] = body
    assert fetch_picture(f"{server.url}/run.exe", Event(), allowed=anywhere) == (body, extension)


@pytest.mark.parametrize(
    "body", [SVG, b"<!doctype html><html></html>", b"", PNG[:7], b"RIFF....AVI "]
)
def test_anything_else_is_no_picture(server: Server, body: bytes) -> None:
    """SVG is not: it can hold scripts."""
    server.pages["/a.png"] = body
    with pytest.raises(PictureError, match="is no PNG"):
        fetch_picture(f"{server.url}/a.png", Event(), allowed=anywhere)


def test_this_machine_is_not_asked(server: Server) -> None:
    """By whatever name: as a number, by a name that leads there, or in IPv6."""
    server.pages["/a.png"] = PNG
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"):
        with pytest.raises(PictureError):
            fetch_picture(f"http://{host}:{server.port}/a.png", Event())
    assert server.asked == []


def test_each_redirect_is_checked_like_the_first_address(server: Server) -> None:
    """A host that may be asked leads to none that may not, and to no other kind of address."""
    with Server("127.0.0.2") as hidden:
        hidden.pages["/a.png"] = PNG
        for target in (
            f"{hidden.url}/a.png",
            f"//127.0.0.2:{hidden.port}/a.png",
            "file:///etc/passwd",
            "ftp://127.0.0.1/a",
        ):
            server.pages["/away"] = target
            with pytest.raises(PictureError, match="leads to"):
                fetch_picture(f"{server.url}/away", Event(), allowed="127.0.0.1".__eq__)
        assert hidden.asked == []


def test_three_redirects_are_followed_and_no_more(server: Server) -> None:
    """Relative ones too; a circle ends."""
    server.pages |= {
        "/1": "/2",
        "/2": f"{server.url}/3",
        "/3": "a.png",
        "/0": "/1",
        "/a.png": PNG,
    }
    assert fetch_picture(f"{server.url}/1", Event(), allowed=anywhere).data == PNG
    with pytest.raises(PictureError, match="redirects more than 3 times"):
        fetch_picture(f"{server.url}/0", Event(), allowed=anywhere)


def test_the_host_is_asked_by_its_name(server: Server) -> None:
    """And the path in ASCII; the name leads to the address that was checked."""
    server.pages["/%E5%9C%B0%20x.png?a=%C3%A9"] = PNG
    seen: list[str] = []
    url = f"http://u:p@localhost:{server.port}/地%20x.png?a=é#f"

    def allowed(address: str) -> bool:
        seen.append(address)
        return True

    assert fetch_picture(url, Event(), allowed=allowed).extension == "png"
    assert server.hosts == [f"localhost:{server.port}"]
    assert "127.0.0.1" in seen


@pytest.mark.parametrize(
    ("path", "page", "reason"),
    [
        ("/gone", 404, "answered 404"),
        ("/away", 302, "answered 302"),
        ("/large", PNG * 50, "is larger than 1,000 bytes"),
    ],
)
def test_what_does_not_come_whole_is_no_picture(
    server: Server, path: str, page: int | bytes, reason: str
) -> None:
    """The reason is said in a few words."""
    server.pages[path] = page
    with pytest.raises(PictureError, match=reason):
        fetch_picture(server.url + path, Event(), allowed=anywhere, largest=1000)


def test_what_breaks_off_is_no_picture(server: Server) -> None:
    """Though what came of it looks like one."""
    server.script = [answer(PNG, length=len(PNG) + 1)]
    with pytest.raises(PictureError, match="could not be read to its end"):
        fetch_picture(f"{server.url}/cut", Event(), allowed=anywhere, largest=1000)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a", "http://[::1]:1/a", "http://no.invalid/a", "http://a b/", "http://"],
)
def test_a_host_that_is_not_there_is_a_reason(url: str) -> None:
    """As is an address that is none."""
    with pytest.raises(PictureError):
        fetch_picture(url, Event(), allowed=anywhere)


OWN = """
import subprocess, sys
from syncd.readwise.picture import is_allowed
print(is_allowed('93.184.216.34'), is_allowed('2600:1f18::34'))
ip = lambda *words: subprocess.run(['ip', *words], check=True)
ip('link', 'set', 'lo', 'up')
ip('addr', 'add', '93.184.216.34/24', 'dev', 'lo')
ip('addr', 'add', '2600:1f18::34/64', 'dev', 'lo')
ip('route', 'add', 'default', 'dev', 'lo')
ip('-6', 'route', 'add', 'default', 'dev', 'lo')
print(*map(is_allowed, ['93.184.216.34', '93.184.216.99', '2600:1f18::34', '2600:1f18::99']))
print(*map(is_allowed, ['93.185.1.1', '2600:1f19::1']))
"""


@pytest.mark.skipif(shutil.which("ip") is None, reason="ip is not installed")
def test_public_addresses_of_this_machine_and_its_network_are_refused() -> None:
    """What stands there may trust whoever asks from so near."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", OWN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if "unshare" in done.stderr:
        pytest.skip(f"no network of its own can be made here: {done.stderr}")
    assert done.stdout.splitlines() == ["True True", "False False False False", "True True"]


@contextmanager
def trickling() -> Iterator[tuple[str, Event]]:
    """A server that sends a header a byte at a time; the event is set when it cannot any more."""
    ended, over = Event(), Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.05):
                connection.sendall(b"x")
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", ended
        over.set()
        thread.join()


def test_a_header_that_trickles_ends_at_the_deadline() -> None:
    """The connection is ended, and with it the thread that reads from it."""
    before = active_count()
    with trickling() as (url, ended):
        with pytest.raises(PictureError, match="did not come within"):
            fetch_picture(url, Event(), allowed=anywhere, deadline=0.3)
        assert ended.wait(PATIENCE)
    until(lambda: active_count() == before, "a thread is left")


def test_a_header_that_trickles_ends_a_request_to_readwise() -> None:
    """In the same way."""
    before = active_count()
    with trickling() as (url, ended):
        with pytest.raises(ReadwiseError, match="no whole answer came"):
            Client(url.rstrip("/"), "word", Event(), tries=1, deadline=0.3).check_token()
        assert ended.wait(PATIENCE)
    until(lambda: active_count() == before, "a thread is left")


def test_a_picture_has_a_deadline(server: Server) -> None:
    """However long its server is silent."""
    server.pages["/slow"] = None
    with pytest.raises(PictureError, match=r"did not come within 0\.2 s"):
        fetch_picture(f"{server.url}/slow", Event(), allowed=anywhere, deadline=0.2)


def test_a_stop_ends_it(server: Server) -> None:
    """While the server is silent."""
    server.pages["/slow"] = None
    stop = Event()
    stopper = Thread(target=server.stop_once_asked, args=(stop,))
    stopper.start()
    with pytest.raises(Stopped):
        fetch_picture(f"{server.url}/slow", stop, allowed=anywhere, deadline=60)
    stopper.join()
