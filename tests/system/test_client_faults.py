import gzip
import logging
import socket
import subprocess
import sys
import threading
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from syncd.errors import ReadwiseError, Stopped, ThrottledError
from syncd.readwise.client import Client
from tests.support.wait import PATIENCE
from tests.support.web import TOKEN, Answer, Server, answer, ids, page


@pytest.fixture
def stop() -> threading.Event:
    """The event that ends a run."""
    return threading.Event()


@pytest.fixture
def client(server: Server, stop: threading.Event) -> Client:
    """A client of that server which does not wait between tries."""
    return Client(server.url, TOKEN, stop, backoff=0)


def reset(connection: socket.socket) -> None:
    """Lets the connection end in a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def broken_chunks(connection: socket.socket) -> None:
    """Ends in the middle of a chunk."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{")


FAULTS: dict[str, Answer] = {
    "429": answer(b"{}", 429, Retry_After="0"),
    "429 without a time": answer(b"{}", 429),
    "500": answer(b"oops", 500),
    "502": answer(b"<html>", 502),
    "503": answer(status=503, Retry_After="0"),
    "web page": answer(b"<html>Sign in</html>"),
    "nonsense": answer(b"{"),
    "empty": answer(),
    "truncated": answer(b'{"results": []}', length=9999),
    "truncated chunk": broken_chunks,
    "bad gzip": answer(b"not gzip at all", Content_Encoding="gzip"),
    "truncated gzip": answer(
        gzip.compress(b'{"results": [], "x": 1}')[:20], Content_Encoding="gzip"
    ),
    "reset": reset,
    "closed": lambda connection: None,
    "no HTTP": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "endless headers": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_passing_fault_is_tried_again(server: Server, client: Client, fault: Answer) -> None:
    """In the middle of the pages, twice in a row: nothing is missing and nothing comes twice."""
    server.script = [page(1, cursor=1), fault, fault, page(2)]
    assert ids(client) == [1, 2]
    assert client.requests == 4


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_lasting_fault_ends_in_an_error_that_names_it(
    server: Server, stop: threading.Event, fault: Answer
) -> None:
    """It tells the tries, the address and what came last, never the token."""
    server.script = [fault]
    client = Client(server.url, TOKEN, stop, backoff=0, tries=3)
    with pytest.raises(ReadwiseError, match="in 3 tries, at last: ") as caught:
        ids(client)
    assert client.requests == 3
    assert server.url in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_is_not_there_is_named(server: Server, stop: threading.Event) -> None:
    """The reason is the system's own word for it."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(ReadwiseError, match="Connection refused"):
        Client(url, TOKEN, stop, backoff=0, tries=2).check_token()


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("16", 16, 16),
        ("0.5", 0.5, 0.5),
        ("600", 600, 600),
        ("9" * 5000, 0, 2),
        ("Tue, 02 Jan 2024 03:04:35 GMT", 30, 30),
        ("Tue, 02 Jan 2024 03:00:00 GMT", 0, 0),
        ("Tue, 02 Jan 2024 03:04:35 -0000", 30, 30),
        ("-5", 0, 2),
        ("nan", 0, 2),
        ("inf", 0, 2),
        ("1e9", 0, 2),
        ("٣", 0, 2),
        ("in a while", 0, 2),
        ("", 0, 2),
    ],
)
def test_retry_after_is_taken_as_it_comes(
    server: Server, header: str, low: float, high: float
) -> None:
    """Seconds and dates (by the server's clock) up to ten minutes.

    Nonsense leaves the client to its own pace.
    """
    stop = threading.Event()
    waits: list[float] = []

    def note(reason: str, seconds: float) -> None:
        assert "429" in reason
        waits.append(seconds)
        stop.set()

    text = header.encode().decode("latin-1")
    server.script = [answer(status=429, Retry_After=text, Date="Tue, 02 Jan 2024 03:04:05 GMT")]
    with pytest.raises(Stopped):
        ids(Client(server.url, TOKEN, stop, on_wait=note))
    assert low <= waits[0] <= high


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("601", 601),
        ("21600", 21600),
        ("9" * 20, 86400),
        ("Tue, 02 Jan 2024 04:04:05 GMT", 3600),
        ("Tue, 02 Jan 2054 03:00:00 GMT", 86400),
    ],
)
def test_a_pause_of_more_than_ten_minutes_is_not_waited_for(
    server: Server, client: Client, header: str, seconds: float
) -> None:
    """The error has the time from which Readwise may be asked again; a day is the most."""
    server.script = [answer(status=429, Retry_After=header, Date="Tue, 02 Jan 2024 03:04:05 GMT")]
    before = datetime.now(UTC)
    with pytest.raises(ThrottledError, match=r"asks for a pause, for \d+ min more") as raised:
        ids(client)
    pause = raised.value.until - before
    assert timedelta(seconds=seconds) <= pause <= timedelta(seconds=seconds + 60)
    assert client.requests == 1


def test_waits_are_logged_without_the_token(
    server: Server, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says how long, for what, and which try it was, and at no level who is asking."""
    caplog.set_level(logging.DEBUG, logger="syncd")
    server.script = [answer(status=503), page(1)]
    ids(client)
    assert "waiting 0.0 s: /api/v2/export/: Readwise answered 503 (try 1 of 6)" in caplog.text
    assert TOKEN not in caplog.text + repr(client) + repr(vars(client))


def head_alone(connection: socket.socket) -> None:
    """Begins an answer that is not sent."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


@pytest.mark.parametrize(
    "start", [lambda connection: None, head_alone], ids=["silent", "in the body"]
)
def test_a_stop_ends_a_request_while_the_server_hangs(server: Server, start: Answer) -> None:
    """Neither the deadline nor a byte from the server is needed for it."""
    stop = threading.Event()

    def hang(connection: socket.socket) -> None:
        assert callable(start)
        start(connection)
        stop.set()
        server.hang(connection)

    server.script = [hang]
    with pytest.raises(Stopped):
        ids(Client(server.url, TOKEN, stop))


def test_a_stop_ends_a_trickle(server: Server) -> None:
    """A body of which a byte comes now and then is left behind, and its connection is closed."""
    stop = threading.Event()
    closed = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while not server.over.wait(0.01):
                connection.sendall(b" ")
                stop.set()
        except OSError:
            closed.set()

    server.script = [trickle]
    with pytest.raises(Stopped):
        ids(Client(server.url, TOKEN, stop))
    assert closed.wait(PATIENCE)


def test_a_signal_ends_a_process_while_the_server_hangs(server: Server) -> None:
    """TERM reaches the main thread although that is the one which waits for the answer."""
    program = (
        "import signal, sys, threading\n"
        "from syncd.readwise.client import Client\n"
        "stop = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: stop.set())\n"
        "Client(sys.argv[1], 'token', stop).check_token()\n"
    )

    def hang(connection: socket.socket) -> None:
        process.terminate()
        server.hang(connection)

    server.script = [hang]
    with subprocess.Popen(
        [sys.executable, "-c", program, server.url], stderr=subprocess.PIPE, text=True
    ) as process:
        assert "Stopped: stopped while reading" in process.communicate()[1]


def test_after_a_stop_nothing_is_sent(
    server: Server, client: Client, stop: threading.Event
) -> None:
    """Not even the first request."""
    stop.set()
    with pytest.raises(Stopped):
        client.check_token()
    assert server.paths == []


@pytest.mark.parametrize("body", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n "])
def test_a_deadline_holds_for_the_whole_request(
    server: Server, stop: threading.Event, body: bytes
) -> None:
    """In silence, in headers and in a body that trickle.

    The next try starts on a fresh connection.
    """

    def trickle(connection: socket.socket) -> None:
        connection.sendall(body)
        while not server.over.wait(0.01):
            connection.sendall(b" " if body else b"")

    server.script = [trickle, page(1)]
    assert ids(Client(server.url, TOKEN, stop, backoff=0, deadline=1.5)) == [1]
    assert len(server.connections) == 2


def test_an_endless_answer_is_cut_at_the_limit(server: Server, stop: threading.Event) -> None:
    """It is not asked for a second time."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    server.script = [flood]
    client = Client(server.url, TOKEN, stop, size_limit=1 << 20)
    with pytest.raises(ReadwiseError, match="more than 1,048,576 bytes"):
        ids(client)
    assert client.requests == 1


def test_a_compressed_bomb_counts_by_what_it_unpacks_to(
    server: Server, stop: threading.Event
) -> None:
    """A few kilobytes on the wire are refused for the megabytes in them."""
    server.script = [answer(gzip.compress(b" " * (4 << 20)), Content_Encoding="gzip")]
    with pytest.raises(ReadwiseError, match="more than"):
        ids(Client(server.url, TOKEN, stop, size_limit=1 << 20))
