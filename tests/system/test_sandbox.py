"""The bundled Readwise server, over a real socket."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from syncd.errors import ConfigError
from syncd.model import Document
from syncd.page.identity import status_id
from syncd.sandbox.faults import Fault
from syncd.sandbox.library import BUNDLED, Library
from syncd.sandbox.server import Sandbox

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    """The account's time, under the test's hand."""
    return Clock()


@pytest.fixture
def library(clock: Clock) -> Library:
    """Two documents with three highlights each, saved at noon."""
    library = Library(now=clock)
    for title in ("ليل", "苔の本"):
        book = library.add_book(title=title, author="@example_moss on Twitter")
        for text in ("Eins 🌿", "二", "तीन"):
            library.add_highlight(book, text=text)
    return library


@pytest.fixture
def sandbox(library: Library) -> Iterator[Sandbox]:
    """The server, with that account."""
    with Sandbox(library) as running:
        yield running


def ask(
    sandbox: Sandbox, path: str = "export/", token: str = "Token sandbox-token", **query: Any
) -> requests.Response:
    """The answer to one request with the token, below /api/v2/."""
    return requests.get(
        f"{sandbox.url}/api/v2/{path}",
        query,
        headers={"Authorization": token} if token else {},
        timeout=20,
    )


def page(sandbox: Sandbox, **query: Any) -> dict[str, Any]:
    """A page of the export, which must be a good one."""
    answer = ask(sandbox, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(sandbox: Sandbox, **query: Any) -> dict[int, list[int]]:
    """The highlights' ids by document."""
    results = page(sandbox, **query)["results"]
    return {
        book["user_book_id"]: sorted(one["id"] for one in book["highlights"]) for book in results
    }


def after(clock: Clock) -> str:
    """The clock's time as an updatedAfter; the clock then goes on."""
    text = clock.time.isoformat()
    clock.time += timedelta(minutes=1)
    return text


def test_a_good_token_is_confirmed_without_a_body(sandbox: Sandbox) -> None:
    """Authentication answers 204 and nothing else."""
    answer = ask(sandbox, "auth/")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("token", ["Token wrong", "Bearer sandbox-token", "Token sandbox-token2"])
@pytest.mark.parametrize("path", ["auth/", "export/"])
def test_a_wrong_token_is_rejected(sandbox: Sandbox, path: str, token: str) -> None:
    """Every address asks for the token, with the word Token before it."""
    answer = ask(sandbox, path, token)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})


def test_a_request_without_a_token_is_rejected(sandbox: Sandbox) -> None:
    """No Authorization header, no answer."""
    assert ask(sandbox, token="").status_code == 401


def test_an_unknown_address_and_method_are_named(sandbox: Sandbox) -> None:
    """What is not there is 404, what may not be done 405."""
    headers = {"Authorization": "Token sandbox-token"}
    assert ask(sandbox, "nothing/").status_code == 404
    assert (
        requests.post(f"{sandbox.url}/api/v2/export/", headers=headers, timeout=20).status_code
        == 405
    )


def test_documents_come_by_descending_id_with_every_key_of_the_wire(sandbox: Sandbox) -> None:
    """Documents and highlights have the keys that Readwise sends; count counts highlights."""
    found = page(sandbox)
    assert found["count"] == 6
    assert found["nextPageCursor"] is None
    assert [book["user_book_id"] for book in found["results"]] == [2, 1]
    book = found["results"][0]
    assert set(book) == {
        "user_book_id", "is_deleted", "title", "author", "readable_title", "source",
        "cover_image_url", "unique_url", "summary", "book_tags", "category", "document_note",
        "readwise_url", "source_url", "external_id", "asin", "highlights",
    }  # fmt: skip
    assert set(book["highlights"][0]) == {
        "id", "is_deleted", "text", "location", "location_type", "note", "color", "highlighted_at",
        "created_at", "updated_at", "external_id", "end_location", "url", "book_id", "tags",
        "is_favorite", "is_discard", "readwise_url",
    }  # fmt: skip
    assert book["highlights"][0]["updated_at"] == "2024-07-01T12:00:00.000Z"


def test_pages_hold_whole_documents_and_end_with_null(clock: Clock) -> None:
    """A page ends with the document that reaches 500 highlights; the cursor is an integer."""
    library = Library(now=clock)
    for _ in range(3):
        book = library.add_book()
        for _ in range(300):
            library.add_highlight(book)
    with Sandbox(library) as sandbox:
        first = page(sandbox)
        assert (first["count"], [book["user_book_id"] for book in first["results"]]) == (
            600,
            [3, 2],
        )
        assert isinstance(first["nextPageCursor"], int)
        last = page(sandbox, pageCursor=first["nextPageCursor"])
        assert (last["count"], last["nextPageCursor"]) == (300, None)
        assert [book["user_book_id"] for book in last["results"]] == [1]


def test_highlights_are_in_an_order_that_is_stable_and_not_sorted(clock: Clock) -> None:
    """A client that needs an order must make its own."""
    library = Library(now=clock)
    book = library.add_book()
    ids = [library.add_highlight(book) for _ in range(40)]
    with Sandbox(library) as sandbox:
        first, second = (
            [one["id"] for one in page(sandbox)["results"][0]["highlights"]] for _ in range(2)
        )
    assert first == second != ids
    assert sorted(first) == ids


def test_an_edit_is_seen_alone_in_a_document_of_its_changed_highlights(
    sandbox: Sandbox, library: Library, clock: Clock
) -> None:
    """With updatedAfter a document holds only what changed after that very time."""
    assert shown(sandbox, updatedAfter=clock.time.isoformat()) == {}
    since = after(clock)
    library.edit_highlight(2, text="二つ")
    assert shown(sandbox, updatedAfter=since) == {1: [2]}
    assert page(sandbox, updatedAfter=since)["results"][0]["highlights"][0]["text"] == "二つ"


def test_an_edited_document_and_a_quiet_edit_are_not_seen_by_updated_after(
    sandbox: Sandbox, library: Library, clock: Clock
) -> None:
    """Readwise's blind spot.

    Only a full fetch shows a new title, or an edit that left updated_at alone.
    """
    since = after(clock)
    library.edit_book(2, title="苔の本 二版")
    library.edit_highlight(1, note="quiet", updated_at="2024-07-01T12:00:00.000Z")
    assert shown(sandbox, updatedAfter=since) == {}
    books = page(sandbox)["results"]
    assert books[0]["title"] == "苔の本 二版"
    assert "quiet" in [one["note"] for one in books[1]["highlights"]]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("2024-07-01T11:59:59.999Z", 6),
        ("2024-07-01T14:00:00+02:00", 0),
        ("2024-07-01T11:00", 6),
        ("2024-07-01", 6),
    ],
)
def test_updated_after_takes_any_iso_8601_time(sandbox: Sandbox, text: str, seen: int) -> None:
    """With any zone; without one it is UTC."""
    assert page(sandbox, updatedAfter=text)["count"] == seen


@pytest.mark.parametrize(
    "query", [{"updatedAfter": "yesterday"}, {"pageCursor": "abc"}, {"ids": "1,x"}]
)
def test_a_parameter_that_cannot_be_read_is_refused(
    sandbox: Sandbox, query: dict[str, str]
) -> None:
    """400, with the reason."""
    answer = ask(sandbox, **query)
    assert answer.status_code == 400
    assert "Invalid parameter" in answer.json()["detail"]


def test_ids_choose_documents(sandbox: Sandbox) -> None:
    """All highlights of the documents asked for; unknown ones are left out."""
    assert shown(sandbox, ids="1,99") == {1: [1, 2, 3]}


def test_an_over_long_address_is_refused(sandbox: Sandbox) -> None:
    """More than a hundred ids do not fit."""
    assert ask(sandbox, ids=",".join(map(str, range(100)))).status_code == 200
    assert ask(sandbox, ids=",".join(map(str, range(101)))).status_code == 414
    assert ask(sandbox, updatedAfter="2" * 5000).status_code == 414


def test_deletions_show_only_when_asked_for(
    sandbox: Sandbox, library: Library, clock: Clock
) -> None:
    """A tombstone needs includeDeleted; what was erased leaves none."""
    since = after(clock)
    library.delete_highlight(1)
    library.erase_highlight(2)
    assert shown(sandbox, ids="1") == {1: [3]}
    assert shown(sandbox, updatedAfter=since) == {}
    found = page(sandbox, updatedAfter=since, includeDeleted="true")["results"]
    assert [(one["id"], one["is_deleted"]) for book in found for one in book["highlights"]] == [
        (1, True)
    ]


def test_a_deleted_document_takes_its_highlights_with_it(
    sandbox: Sandbox, library: Library, clock: Clock
) -> None:
    """Document and highlights are marked, and seen by updatedAfter."""
    since = after(clock)
    library.delete_book(2)
    assert shown(sandbox) == {1: [1, 2, 3]}
    (book,) = page(sandbox, updatedAfter=since, includeDeleted="true")["results"]
    assert book["is_deleted"]
    assert [one["is_deleted"] for one in book["highlights"]] == [True] * 3


def test_the_date_is_the_accounts(sandbox: Sandbox, clock: Clock) -> None:
    """A client's cursor and the account's updated_at are by one clock."""
    clock.time += timedelta(days=400)
    assert parsedate_to_datetime(ask(sandbox).headers["Date"]) == clock.time


def test_too_many_requests_are_throttled(library: Library) -> None:
    """The one above the limit gets 429 with a number of whole seconds."""
    with Sandbox(library, limit=3) as sandbox:
        assert [ask(sandbox, "auth/").status_code for _ in range(4)] == [204, 204, 204, 429]
        answer = ask(sandbox)
        seconds = int(answer.headers["Retry-After"])
        assert 0 < seconds <= 60
        assert answer.json()["detail"].startswith(
            f"Request was throttled. Expected available in {seconds} second"
        )


def test_requests_pass_again_after_the_window(library: Library) -> None:
    """A window of no length forgets at once."""
    with Sandbox(library, limit=1, window=0) as sandbox:
        assert [ask(sandbox, "auth/").status_code for _ in range(3)] == [204] * 3


def test_requests_are_recorded(sandbox: Sandbox) -> None:
    """A test can see what was asked, in order."""
    ask(sandbox, "auth/")
    ask(sandbox, pageCursor=2)
    assert sandbox.requests == [("GET", "/api/v2/auth/"), ("GET", "/api/v2/export/?pageCursor=2")]


def test_a_connection_serves_many_requests(sandbox: Sandbox) -> None:
    """A client's session keeps its connection; an open one lets the sandbox end."""
    with requests.Session() as session:
        session.headers["Authorization"] = "Token sandbox-token"
        for _ in range(3):
            assert session.get(f"{sandbox.url}/api/v2/export/", timeout=20).status_code == 200
        sandbox.__exit__(None, None, None)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{sandbox.url}/api/v2/export/", timeout=20)
        sandbox.__enter__()


@pytest.mark.parametrize("kind", ["400", "401", "403", "414", "500", "502", "503", "504"])
def test_a_status_fault_is_met_once(sandbox: Sandbox, kind: Any) -> None:
    """One request gets the status, the next one the answer."""
    sandbox.faults.append(Fault(kind))
    assert [ask(sandbox).status_code for _ in range(2)] == [int(kind), 200]


@pytest.mark.parametrize(
    "text", ["16", "0", "soon", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "", None]
)
def test_a_throttled_answer_carries_any_retry_after(sandbox: Sandbox, text: str | None) -> None:
    """Also none, and nonsense."""
    sandbox.faults.append(Fault("429", retry_after=text))
    answer = ask(sandbox)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, text)


def test_faults_come_in_their_order_and_pass_lets_one_through(sandbox: Sandbox) -> None:
    """So that the second page can be the bad one."""
    sandbox.faults += [Fault("pass"), Fault("html"), Fault("empty")]
    good, html, empty = ask(sandbox), ask(sandbox), ask(sandbox)
    assert good.json()["count"] == 6
    assert (html.status_code, html.text[:15]) == (200, "<!DOCTYPE html>")
    assert (empty.status_code, empty.content) == (200, b"")


@pytest.mark.parametrize(("document", "spoilt"), [(None, 0), (1, 1)])
def test_one_document_of_a_page_is_garbage(
    sandbox: Sandbox, document: int | None, spoilt: int
) -> None:
    """The others are whole, and the next answer is good."""
    sandbox.faults.append(Fault("garbage-document", document=document))
    whole = [isinstance(book["highlights"], list) for book in page(sandbox)["results"]]
    assert whole == [position != spoilt for position in range(2)]
    assert all(isinstance(book["title"], str) for book in page(sandbox)["results"])


def test_a_cursor_is_repeated(sandbox: Sandbox) -> None:
    """The next page is this one again, with or without a cursor in the request."""
    sandbox.faults += [Fault("repeat-cursor"), Fault("repeat-cursor")]
    first = page(sandbox)
    assert page(sandbox, pageCursor=first["nextPageCursor"]) == first


def test_a_body_is_cut_off(sandbox: Sandbox) -> None:
    """Content-Length promises more than comes."""
    sandbox.faults.append(Fault("truncated"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="more expected"):
        ask(sandbox)


def test_a_connection_is_reset(sandbox: Sandbox) -> None:
    """No answer but a reset."""
    sandbox.faults.append(Fault("reset"))
    with pytest.raises(requests.ConnectionError, match="reset"):
        ask(sandbox)


def test_a_hung_request_never_ends_by_itself(sandbox: Sandbox) -> None:
    """The client's timeout ends it, and the sandbox serves the next one."""
    sandbox.faults.append(Fault("hang"))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{sandbox.url}/api/v2/auth/", timeout=0.1)
    assert ask(sandbox, "auth/").status_code == 204


def test_a_slow_answer_trickles_and_is_whole(sandbox: Sandbox) -> None:
    """Byte by byte, until the last."""
    sandbox.faults.append(Fault("slow", pause=0))
    assert page(sandbox)["count"] == 6


def test_an_answer_without_an_end_goes_on_until_the_client_hangs_up(sandbox: Sandbox) -> None:
    """No Content-Length, and more bytes than any page has."""
    sandbox.faults.append(Fault("huge"))
    with requests.get(f"{sandbox.url}/api/v2/export/", stream=True, timeout=20) as answer:
        assert "Content-Length" not in answer.headers
        assert len(answer.raw.read(5_000_000)) == 5_000_000
    assert ask(sandbox, "auth/").status_code == 204


@pytest.mark.parametrize("fault", [Fault("hang"), Fault("slow", pause=3600), Fault("huge")])
def test_the_sandbox_ends_while_a_request_is_under_way(library: Library, fault: Fault) -> None:
    """A client that waits does not keep it alive, nor does its thread stay behind."""
    before = threading.active_count()
    with Sandbox(library) as sandbox:
        sandbox.faults.append(fault)
        client = socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
        client.sendall(
            b"GET /api/v2/export/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token sandbox-token\r\n\r\n"
        )
        while not sandbox.requests:
            pass
    client.close()
    assert threading.active_count() == before


def test_a_client_that_vanishes_leaves_no_noise(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reset is not the sandbox's error."""
    client = socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
    client.sendall(b"GET /api/v2/exp")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert ask(sandbox, "auth/").status_code == 204
    sandbox.__exit__(None, None, None)
    assert capsys.readouterr().err == ""
    sandbox.__enter__()


def test_faults_can_be_queued_over_http(sandbox: Sandbox) -> None:
    """A person needs no Python, nor the token; such requests meet no fault and are not recorded."""
    faults = [{"kind": "429", "retry_after": "7"}, {"kind": "502"}]
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json=faults, timeout=20)
    assert (answer.status_code, answer.json()) == (201, {"queued": 2})
    assert [ask(sandbox, "auth/").status_code for _ in range(3)] == [429, 502, 204]
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize(
    "body", ["[", '[{"kind":"flood"}]', '{"kind":"500"}', '[{"kind":"500","when":"now"}]']
)
def test_a_fault_that_is_none_is_refused(sandbox: Sandbox, body: str) -> None:
    """With the reason, and none is queued."""
    answer = requests.post(f"{sandbox.url}/sandbox/faults", body, timeout=20)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert sandbox.faults == []


def test_a_highlight_can_be_added_over_http(sandbox: Sandbox) -> None:
    """To the newest document or to the one that is named."""
    for fields, book in (({"text": "Ноч"}, 2), ({"text": "שלום", "book_id": 1}, 1)):
        answer = requests.post(f"{sandbox.url}/sandbox/highlights", json=fields, timeout=20)
        assert answer.status_code == 201
        assert answer.json()["id"] in shown(sandbox)[book]


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"book_id": 77}, 404), ({"colour": "red"}, 400), ([1], 400), ({"book_id": []}, 400)],
)
def test_a_highlight_that_cannot_be_is_refused(sandbox: Sandbox, fields: Any, status: int) -> None:
    """An unknown document or field is named."""
    assert (
        requests.post(f"{sandbox.url}/sandbox/highlights", json=fields, timeout=20).status_code
        == status
    )
    assert page(sandbox)["count"] == 6


def test_a_port_that_is_taken_is_named(sandbox: Sandbox) -> None:
    """With the way out."""
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"port {port}.*choose another"), Sandbox(port=port):
        pass


def test_an_account_can_change_while_it_is_read(sandbox: Sandbox, library: Library) -> None:
    """Several threads add and read, and every highlight is there once."""
    threads = [
        threading.Thread(
            target=lambda: [library.add_highlight(1) for _ in range(50)] + [page(sandbox)]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shown(sandbox)[1]) == 203


def test_an_account_is_served_as_it_was_given() -> None:
    """Keys that a test leaves out or adds are so on the wire; a lone surrogate is its escape."""
    book = {
        "user_book_id": 5,
        "novel": 1,
        "highlights": [{"id": 9, "text": "\ud83d", "updated_at": "2024-01-01"}],
    }
    with Sandbox(Library([book])) as sandbox:
        assert b'"\\ud83d"' in ask(sandbox).content
        assert page(sandbox)["results"] == [book]


def test_what_is_not_there_cannot_be_changed(library: Library) -> None:
    """An unknown id is a KeyError, an unknown field a ValueError."""
    for change in (
        library.edit_highlight,
        library.delete_highlight,
        library.erase_highlight,
        library.delete_book,
    ):
        with pytest.raises(KeyError):
            change(77)
    with pytest.raises(ValueError, match="no field txet"):
        library.edit_highlight(1, txet="typo")


@pytest.mark.parametrize(
    "content",
    [None, "", "{}", "[1]", '[{"title": "no id"}]', '[{"user_book_id": 1, "highlights": [2]}]'],
)
def test_a_file_that_is_no_library_is_named(tmp_path: Path, content: str | None) -> None:
    """With what it should hold."""
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"mine\.json: not a library .*JSON list of documents"):
        Library.load(path)


def test_a_recorded_answer_is_a_library(tmp_path: Path, sandbox: Sandbox) -> None:
    """What the export answered can be served again."""
    path = tmp_path / "recorded.json"
    path.write_bytes(ask(sandbox).content)
    assert Library.load(path).page() == page(sandbox)


def test_the_bundled_library_is_a_whole_account_in_two_pages() -> None:
    """Tweets first, in both shapes, with everything that an account has."""
    library = Library.load()
    with Sandbox(library) as sandbox:
        first = page(sandbox)
        second = page(sandbox, pageCursor=first["nextPageCursor"])
    assert first["count"] >= 500 > second["count"] > 0
    assert second["nextPageCursor"] is None
    books = [*first["results"], *second["results"]]
    highlights = [one for book in books for one in book["highlights"]]
    tweets = [book for book in books if book["category"] == "tweets"]
    assert len(books) >= 60
    assert len(tweets) >= 45
    assert {book["category"] for book in books} == {
        "tweets",
        "articles",
        "books",
        "podcasts",
        "supplementals",
    }
    assert len({one["id"] for one in highlights}) == len(highlights)
    assert max(len(one["text"]) for one in highlights) == 8191
    titles = [book["title"] for book in tweets]
    assert len(set(titles)) < len(titles)
    assert any(title.startswith("https://t.co/") for title in titles)
    saved = {status_id(book["source_url"]) for book in tweets if book["source"] == "reader"}
    assert saved & {status_id(one["url"]) for one in highlights}
    assert any(one["highlighted_at"] is None for one in highlights)
    assert any(one["is_discard"] for one in highlights)
    assert any("\n" in one["note"] for one in highlights)


def test_the_bundled_library_decodes_and_reads_one_document_a_line() -> None:
    """Its documents are valid, and a change of one is a change of one line."""
    lines = BUNDLED.read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    assert [json.loads(line.removesuffix(","))["user_book_id"] for line in lines[1:-1]] == [
        book["user_book_id"] for book in Library.load().books
    ]

    assert len(msgspec.convert(Library.load().books, list[Document])) == len(lines) - 2
