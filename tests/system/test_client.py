import gzip
import json
import socket
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from syncd import __version__
from syncd.errors import ConfigError, ReadwiseError, SyncdError, TokenError
from syncd.readwise.client import Client
from tests.support.web import TOKEN, Server, answer, ids, page


@pytest.fixture
def stop() -> threading.Event:
    """The event that ends a run."""
    return threading.Event()


@pytest.fixture
def client(server: Server, stop: threading.Event) -> Client:
    """A client of that server which does not wait between tries."""
    return Client(server.url, TOKEN, stop, backoff=0)


def test_a_good_token_is_accepted(server: Server, client: Client) -> None:
    """The request bears the token and this program's name, and accepts gzip alone."""
    server.script = [answer(status=204)]
    client.check_token()
    assert server.paths == ["/api/v2/auth/"]
    assert f"Authorization: Token {TOKEN}\r\n" in server.heads[0]
    assert f"User-Agent: syncd/{__version__}\r\n" in server.heads[0]
    assert "Accept-Encoding: gzip\r\n" in server.heads[0]


def test_a_rejected_token_names_the_way_to_a_new_one(server: Server, client: Client) -> None:
    """It is not tried again, and the token is not repeated."""
    server.script = [answer(b'{"detail": "Invalid token."}', 401)]
    with pytest.raises(TokenError, match=r"readwise\.io/access_token") as caught:
        client.check_token()
    assert TOKEN not in str(caught.value)
    assert client.requests == 1


def test_an_expired_subscription_is_told_from_a_wrong_token(server: Server, client: Client) -> None:
    """The two have different ways out."""
    server.script = [answer(b'{"error": "account_expired"}', 403)]
    with pytest.raises(TokenError, match="expired") as caught:
        ids(client)
    assert caught.value.code == "account_expired"
    server.script = [answer(b"<html>", 403)]
    with pytest.raises(TokenError, match="403"):
        ids(client)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "schlüssel", "कुंजी", "nul\0"])
def test_a_malformed_token_is_refused_in_a_sentence(token: str, stop: threading.Event) -> None:
    """No header is built from it."""
    with pytest.raises(TokenError) as caught:
        Client("https://readwise.io", token, stop)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://readwise.io",
        "http://10.0.0.1:80",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "readwise.io",
        "https://",
        "https://me:word@readwise.io",
        "https://readwise.io/?a=b",
        "https://readwise.io:port",
        "https://[::1",
    ],
)
def test_an_address_that_would_show_the_token_is_a_configuration_error(
    url: str, stop: threading.Event
) -> None:
    """Clear text is for this machine alone, and an address with a password is not repeated."""
    with pytest.raises(ConfigError, match=r"readwise\.api_url") as caught:
        Client(url, TOKEN, stop)
    assert "word" not in str(caught.value)


def test_pages_follow_the_cursor_with_the_parameters_repeated(
    server: Server, client: Client
) -> None:
    """Deleted highlights are asked for, times are in UTC, and one connection carries all pages."""
    server.script = [page(3, 2, cursor=2), page(1, cursor="a/b+= ?"), page(0)]
    since = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert ids(client, updated_after=since) == [3, 2, 1, 0]
    common = {"includeDeleted": "true", "updatedAfter": "2024-05-06T05:08:09.123456Z"}
    assert server.queries == [
        common,
        common | {"pageCursor": "2"},
        common | {"pageCursor": "a/b+= ?"},
    ]
    assert (client.requests, len(server.connections)) == (3, 1)


def test_pages_are_fetched_one_at_a_time(server: Server, client: Client) -> None:
    """The second page is not asked for before the first one is done with."""
    server.script = [page(1, cursor=1), page(2)]
    pages = client.export()
    assert next(pages).highlights == 1
    assert client.requests == 1


def test_many_ids_go_out_in_chunks(server: Server, client: Client) -> None:
    """Each chunk of fifty has its own pages."""
    server.script = [page(1, cursor=5), page(2), page(3), page(4)]
    assert ids(client, ids=range(120)) == [1, 2, 3, 4]
    asked = [query["ids"].split(",") for query in server.queries]
    assert [len(numbers) for numbers in asked] == [50, 50, 50, 20]
    assert [*asked[0], *asked[2], *asked[3]] == [str(number) for number in range(120)]


def test_compressed_and_chunked_pages_are_read(server: Server, client: Client) -> None:
    """gzip, chunks and a body that ends with its connection are all whole answers."""
    body = page(8).partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:]))
    server.script = [answer(gzip.compress(body), Content_Encoding="gzip")]
    assert ids(client) == [8]
    server.script = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    ]
    assert ids(client) == [8]

    def until_the_end(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)

    server.script = [until_the_end]
    assert ids(client) == [8]


def test_the_servers_time_is_that_of_the_first_good_answer(server: Server, client: Client) -> None:
    """Neither a later page nor a failure before it counts."""
    server.script = [
        answer(b"<html>", 502, Date="Mon, 01 Jan 2035 00:00:00 GMT"),
        page(1, cursor=1, Date="Tue, 02 Jan 2024 03:04:05 GMT"),
        page(2, Date="Tue, 02 Jan 2024 04:00:00 GMT"),
    ]
    ids(client)
    assert client.server_time == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "soon", "Tue, 99 Jan 2024 99:99:99 GMT", "²"])
def test_a_server_without_a_sound_clock_has_no_time(
    server: Server, client: Client, date: str
) -> None:
    """A header that is no date is as good as none."""
    server.script = [page(1, Date=date)]
    assert ids(client) == [1]
    assert client.server_time is None


@pytest.mark.parametrize("status", [400, 404, 405, 410, 414, 422])
def test_a_refusal_is_not_tried_again(server: Server, client: Client, status: int) -> None:
    """The error names the status and the path."""
    server.script = [answer(b"{}", status)]
    with pytest.raises(ReadwiseError, match=rf"/api/v2/export/ \({status}\)"):
        ids(client)
    assert client.requests == 1


def test_a_redirect_takes_the_token_nowhere(server: Server, client: Client) -> None:
    """It is an error that names the setting to change."""
    with Server() as other:
        server.script = [answer(status=302, Location=f"{other.url}/api/v2/export/")]
        with pytest.raises(ReadwiseError, match=r"readwise\.api_url"):
            ids(client)
        assert (client.requests, other.connections) == (1, [])


def test_a_refused_cursor_restarts_the_export_once(server: Server, client: Client) -> None:
    """The pages come again from the first.

    A page that came before may come twice, none is left out.
    """
    server.script = [page(1, cursor=1), answer(b"{}", 404), page(1, cursor=1), page(2)]
    assert ids(client) == [1, 1, 2]
    assert "pageCursor" not in server.queries[2]


def test_a_cursor_that_is_refused_again_is_an_error(server: Server, client: Client) -> None:
    """Two rounds are enough."""
    server.script = [page(1, cursor=1), answer(status=400), page(1, cursor=1), answer(status=400)]
    with pytest.raises(ReadwiseError, match="400"):
        ids(client)
    assert client.requests == 4


def test_a_token_that_is_revoked_meanwhile_restarts_nothing(server: Server, client: Client) -> None:
    """401 is about the token, not about the cursor."""
    server.script = [page(1, cursor=1), answer(status=401)]
    with pytest.raises(TokenError):
        ids(client)
    assert client.requests == 2


@pytest.mark.parametrize("cursors", [[1, 1], [1, 2, 1], [1, "1"]])
def test_a_repeated_cursor_is_an_error_and_never_the_end(
    server: Server, client: Client, cursors: list[object]
) -> None:
    """The pages before it are handed on, then the run fails as incomplete."""
    server.script = [page(number, cursor=cursor) for number, cursor in enumerate(cursors)]
    pages = client.export()
    for number in range(len(cursors)):
        assert next(pages).documents[0].id == number
    with pytest.raises(ReadwiseError, match="read before"):
        next(pages)


def test_a_chain_of_empty_pages_comes_to_an_end(server: Server, client: Client) -> None:
    """Each leads to another, and none holds anything."""
    server.script = [page(cursor=number) for number in range(1, 1000)]
    with pytest.raises(ReadwiseError, match="does not come to an end"):
        ids(client)
    assert client.requests == 20


def test_an_export_is_not_read_for_ever(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages it has; the limit is lowered for the test."""
    monkeypatch.setattr("syncd.readwise.client._MOST_PAGES", 50)
    server.script = [page(number, cursor=number) for number in range(1, 1000)]
    with pytest.raises(ReadwiseError, match="does not come to an end"):
        ids(client)
    assert client.requests == 50


def test_neither_netrc_nor_a_proxy_stands_between(
    server: Server, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ~/.netrc says the token stays; this machine is reached without a proxy."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    server.script = [answer(status=204)]
    client.check_token()
    assert f"Authorization: Token {TOKEN}\r\n" in server.heads[0]


def test_a_document_that_cannot_be_read_is_handed_on_by_name(
    server: Server, client: Client
) -> None:
    """The page is good nonetheless."""
    body = {"results": [{"user_book_id": 4, "title": "सूची", "highlights": 1}, {"user_book_id": 5}]}
    server.script = [answer(json.dumps(body).encode())]
    [read] = client.export()
    assert [(r.id, r.title) for r in read.rejected] == [(4, "सूची")]
    assert [d.id for d in read.documents] == [5]


def test_every_error_is_one_line(server: Server, client: Client) -> None:
    """Whatever the status, one sentence reaches the user."""
    for status in (301, 400, 401, 403):
        server.script = [answer(b"line\nline", status)]
        with pytest.raises(SyncdError) as caught:
            ids(client)
        assert "\n" not in str(caught.value)
