import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ReadwiseError
from syncd.model import Document, Highlight, Tag
from syncd.readwise.decode import decode_page


def book(text: str = '"highlights": []', number: str = "7") -> bytes:
    """A document on the wire."""
    return f'{{"user_book_id": {number}, "title": "雨の日", {text}}}'.encode()


def page(*books: bytes, cursor: str = "null") -> bytes:
    """An export page on the wire."""
    return b'{"count": 0, "nextPageCursor": %s, "results": [%s]}' % (
        cursor.encode(),
        b", ".join(books),
    )


def test_a_page_becomes_documents_with_their_highlights() -> None:
    """Known keys arrive, unknown ones are dropped, and the highlights are counted."""
    body = page(
        book(
            '"author": "أمل", "new_key": {"deep": [1]}, "book_tags": [{"id": 4, "name": '
            '"कविता"}], "highlights": '
            '[{"id": 1, "text": "नमस्ते 🌦️", "location": 3, "tags": [{"id": 9, "name": "x"}], '
            '"is_deleted": true}]'
        )
    )
    highlight = Highlight(1, "नमस्ते 🌦️", location=3, tags=(Tag("x"),), is_deleted=True)
    read = decode_page(body)
    assert read.documents == [
        Document(7, title="雨の日", author="أمل", tags=(Tag("कविता"),), highlights=(highlight,))
    ]
    assert (read.rejected, read.next_cursor, read.highlights) == ([], None, 1)


@pytest.mark.parametrize(
    ("wire", "cursor"),
    [("52", "52"), ('"52"', "52"), ('"a/b+=="', "a/b+=="), ("null", None), ('""', None)],
)
def test_a_cursor_is_an_opaque_string(wire: str, cursor: str | None) -> None:
    """An integer and a string are the same cursor; null ends the pages."""
    assert decode_page(page(cursor=wire)).next_cursor == cursor


@pytest.mark.parametrize("wire", ["true", "1.5", "{}", "[]"])
def test_a_cursor_of_another_kind_is_never_taken_for_the_end(wire: str) -> None:
    """The page is nonsense rather than the last one."""
    with pytest.raises(ReadwiseError):
        decode_page(page(cursor=wire))


def test_a_missing_cursor_ends_the_pages() -> None:
    """An envelope without the key is the last page."""
    assert decode_page(b'{"results": []}').next_cursor is None


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "nothing"),
        (b"<!doctype html><p>Sign in</p>", "a web page"),
        (b"upstream error", "not JSON"),
        (b'{"results": [{"user_book_id": 1', "not JSON"),
        (b"[]", "no page"),
        (b"null", "no page"),
        (b'{"detail": "later"}', "no page"),
        (b'{"results": null}', "no page"),
        (b'{"results": {}}', "no page"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not JSON"),
    ],
)
def test_an_answer_that_is_no_page_is_refused_as_a_whole(body: bytes, what: str) -> None:
    """Web pages, cut bodies and other JSON are an error that says which of these came."""
    with pytest.raises(ReadwiseError, match=what):
        decode_page(body)


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\\ud83d rain", "\ufffd rain"),
        (b"\\uDC00\\ud83d", "\ufffd\ufffd"),
        (b"\\ud83c\\udf27 \\ud83c", "🌧 \ufffd"),
        (b"\\\\ud83d \\ud83d", "\\ud83d \ufffd"),
        (b"a\xffb", "a\ufffdb"),
        (b"tab\there", "tab\there"),
        (b"nul\x00", "nul\x00"),
        ("\\ud800 प्र é".encode(), "\ufffd प्र é"),
    ],
)
def test_damaged_text_is_mended_and_its_document_kept(wire: bytes, text: str) -> None:
    """Lone surrogates and bytes outside UTF-8 become U+FFFD; control characters stay."""
    damaged = b'{"user_book_id": 7, "highlights": [{"id": 1, "text": "%s"}]}' % wire
    read = decode_page(page(book(), damaged))
    assert [h.text for d in read.documents for h in d.highlights] == [text]
    assert (len(read.documents), read.rejected) == (2, [])


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """A page that begins with one reads like any other."""
    assert decode_page(b"\xef\xbb\xbf" + page(book(), cursor="9")) == decode_page(
        page(book(), cursor="9")
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_location_that_is_no_number_is_none(number: str) -> None:
    """The highlight stays, without a place."""
    read = decode_page(page(book(f'"highlights": [{{"id": 1, "location": {number}}}]')))
    assert read.documents[0].highlights == (Highlight(1),)


@pytest.mark.parametrize("digits", [2**63, 10**30, -(10**30)])
def test_a_location_beyond_64_bits_can_be_stored(digits: int) -> None:
    """It is kept as a float, which keeps its order."""
    location = decode_page(
        page(book(f'"highlights": [{{"id": 1, "location": {digits}}}]'))
    ).documents[0]
    assert location.highlights[0].location == float(digits)
    assert isinstance(location.highlights[0].location, float)


@pytest.mark.parametrize("text", ['"highlights": null', '"highlights": []', '"author": null'])
def test_no_highlights_are_an_empty_list(text: str) -> None:
    """Null, empty and missing are the same."""
    read = decode_page(page(book(text)))
    assert read.documents == [Document(7, title="雨の日")]


@pytest.mark.parametrize("number", ['"7"', "7.0"])
def test_an_id_in_another_spelling_is_the_same_id(number: str) -> None:
    """A string of digits or a whole float will do."""
    assert decode_page(page(book(number=number))).documents[0].id == 7


@pytest.mark.parametrize(
    ("damaged", "known", "reason"),
    [
        (book('"highlights": 5'), 7, "highlights"),
        (book('"highlights": [null]'), 7, "highlights[0]"),
        (book('"highlights": [{"text": "no id"}]'), 7, "id"),
        (book(f'"highlights": [{{"id": {2**63}}}]'), 7, "$.highlights[0].id"),
        (book('"highlights": [{"id": 1}, {"id": 1, "location": "nan"}]'), 7, "highlights[1]"),
        (book('"highlights": [{"id": 1, "text": {}}]'), 7, "text"),
        (book(number="null"), None, "user_book_id"),
        (book(number="true"), None, "user_book_id"),
        (book(number=str(2**63)), None, "user_book_id"),
        (book(number="9" * 5000), None, ""),
    ],
)
def test_a_document_beyond_understanding_is_named_and_the_others_go_on(
    damaged: bytes, known: int | None, reason: str
) -> None:
    """Its id and title are told where they can be read, with the place of the fault."""
    read = decode_page(page(book(number="1"), damaged, book(number="2")))
    assert [document.id for document in read.documents] == [1, 2]
    [rejected] = read.rejected
    assert (rejected.id, rejected.title) == (known, "雨の日")
    assert reason in rejected.reason


@pytest.mark.parametrize("thing", [b"null", b"3", b'"text"', b"[]", b"{}", b'{"title": 5}'])
def test_a_result_that_is_no_document_is_set_aside_without_a_name(thing: bytes) -> None:
    """Neither id nor title can be read, and the page goes on."""
    read = decode_page(page(thing, book()))
    assert len(read.documents) == 1
    assert [(r.id, r.title) for r in read.rejected] == [(None, "")]


@pytest.mark.parametrize("depth", [99, 1000, 100_000])
def test_a_document_nested_to_any_depth_costs_no_other(depth: int) -> None:
    """Nor itself, where the depth is in what is not read."""
    deep = book(f'"x": [{{"]": "}}"}}, {"[" * depth}{"]" * depth}]', number="7")
    read = decode_page(page(book(number="1"), deep, book(number="2")))
    assert [document.id for document in read.documents] == [1, 7, 2]
    assert read.rejected == []
    read = decode_page(page(deep.replace(b'"x"', b'"highlights"'), book(number="2")))
    assert [(one.id, one.title) for one in read.rejected] == [(7, "雨の日")]


def test_a_document_of_too_many_highlights_is_named() -> None:
    """It would take a gigabyte of memory."""
    many = ", ".join(f'{{"id": {number}}}' for number in range(300_000))
    read = decode_page(page(book(f'"highlights": [{many}]'), book(number="2")))
    assert [document.id for document in read.documents] == [2]
    (rejected,) = read.rejected
    assert (rejected.id, rejected.title) == (7, "雨の日")
    assert rejected.reason == "it has 300,000 highlights, and 50,000 are the most"


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
_keys = ("id", "text", "note", "url", "location", "tags", "is_deleted", "highlighted_at")
_books = st.fixed_dictionaries(
    {"user_book_id": st.integers() | _values},
    optional={
        "title": _values,
        "book_tags": _values,
        "highlights": st.lists(st.dictionaries(st.sampled_from(_keys), _values), max_size=3)
        | _values,
    },
)


@given(st.lists(_books | _values, max_size=4), st.booleans())
def test_every_result_is_either_read_or_named(books: list[object], escape: bool) -> None:
    """Each result is a document or rejected, whatever it holds; the sound neighbour is read."""
    results = [{"user_book_id": 7, "title": "雨の日"}, *books]
    body = json.dumps({"results": results}, ensure_ascii=escape).encode("utf-8", "surrogatepass")
    read = decode_page(body)
    assert len(read.documents) + len(read.rejected) == len(results)
    assert read.documents[0] == Document(7, title="雨の日")


@given(st.binary())
def test_bytes_at_random_raise_nothing_but_readwise_error(body: bytes) -> None:
    """Noise from the network cannot end a run with a traceback."""
    with pytest.raises(ReadwiseError):
        decode_page(body)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_of_any_script_arrives_as_it_was_sent(text: str) -> None:
    """What is valid is not touched, whether escaped or in UTF-8."""
    results = [{"user_book_id": 1, "title": text}]
    for escape in (True, False):
        body = json.dumps({"results": results}, ensure_ascii=escape).encode()
        assert decode_page(body).documents == [Document(1, title=text)]
