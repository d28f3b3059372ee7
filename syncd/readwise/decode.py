"""Decodes the bytes of Readwise's export; a document that cannot be decoded is set aside."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

import msgspec

from syncd.errors import ReadwiseError
from syncd.model import Document

_REFUSALS = (msgspec.DecodeError, ValueError, RecursionError)
_LIMIT = 2**63
_DEEPEST = 100  # levels of brackets; the export has six
_LARGE = 400_000  # bytes of a document whose highlights are counted before they are decoded
_MOST_HIGHLIGHTS = 50_000  # of one document: as Python values they take a kilobyte each
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class Rejected(NamedTuple):
    """A document that could not be decoded: its id and title where they can be read, and why."""

    id: int | None
    title: str
    reason: str


class ExportPage(NamedTuple):
    """One page of the export. `next_cursor` is None on the last page.

    `highlights` is how many highlights `documents` have.
    """

    documents: list[Document]
    rejected: list[Rejected]
    next_cursor: str | None
    highlights: int


class _Envelope(msgspec.Struct):
    results: list[msgspec.Raw]
    next_cursor: int | str | None = msgspec.field(name="nextPageCursor", default=None)


class _Label(msgspec.Struct):
    id: Any = msgspec.field(name="user_book_id", default=None)
    title: Any = None


class _Count(msgspec.Struct):
    highlights: list[msgspec.Raw] = []


class _Reviewed(msgspec.Struct):
    id: int | None = None


class _Review(msgspec.Struct):
    highlights: list[_Reviewed]


_REVIEWS = msgspec.json.Decoder(_Review)
_ENVELOPES = msgspec.json.Decoder(_Envelope)
_DOCUMENTS = msgspec.json.Decoder(Document, strict=False)
_LABELS = msgspec.json.Decoder(_Label)
_COUNTS = msgspec.json.Decoder(_Count)


def decode_page(body: bytes) -> ExportPage:
    """The documents of one page of `GET /api/v2/export/`.

    Readwise sends the cursor as a number and documents it as a string; it is returned as a string.
    Damaged text is repaired (a lone surrogate or a byte that is not UTF-8 becomes U+FFFD); a number
    that is too large for a float becomes null, and so does what is nested a hundred levels deep.

    Raises ReadwiseError where the answer is no page of an export.
    """
    try:
        envelope = _ENVELOPES.decode(body)
    except RecursionError:
        return decode_page(_flattened(body))
    except _REFUSALS:
        envelope = _mended_envelope(body)
    documents: list[Document] = []
    rejected: list[Rejected] = []
    for raw in envelope.results:
        try:
            documents.append(_document(raw))
        except _REFUSALS:
            _retry(bytes(raw), documents, rejected)
    cursor = envelope.next_cursor
    return ExportPage(
        documents,
        rejected,
        None if cursor in (None, "") else str(cursor),
        sum(len(document.highlights) for document in documents),
    )


def decode_review(body: bytes) -> list[int]:
    """The ids of the highlights in an answer of `GET /api/v2/review/`, in their order, each once.

    Raises ReadwiseError where it is none.
    """
    try:
        found = _REVIEWS.decode(body)
    except _REFUSALS:
        raise ReadwiseError("Readwise answered with something that is no review") from None
    return list(dict.fromkeys(one.id for one in found.highlights if one.id is not None))


def _mended_envelope(body: bytes) -> _Envelope:
    try:
        return _ENVELOPES.decode(_mended(body))
    except msgspec.ValidationError:
        what = "JSON that is no page of an export"
    except _REFUSALS:
        start = body.lstrip()[:1]
        what = {b"": "nothing", b"<": "a web page"}.get(start, "text that is not JSON")
    raise ReadwiseError(
        f"Readwise answered with {what} where its export was asked for; try again later"
    )


def _flattened(body: bytes) -> bytes:
    """The same JSON with null for what is nested too deep to be decoded."""
    kept: list[bytes] = []
    depth, start = 0, 0
    for found in _BRACKET.finditer(body):
        if found[0] in b"[{":
            depth += 1
            if depth == _DEEPEST:
                kept.append(body[start : found.start()] + b"null")
        elif found[0] in b"]}":
            if depth == _DEEPEST:
                start = found.end()
            depth -= 1
    return b"".join(kept) + (body[start:] if depth < _DEEPEST else b"")


def _document(raw: bytes | msgspec.Raw) -> Document:
    data = bytes(raw)
    if len(data) > _LARGE:
        count = len(_COUNTS.decode(data).highlights)
        if count > _MOST_HIGHLIGHTS:
            raise msgspec.ValidationError(
                f"it has {count:,} highlights, and {_MOST_HIGHLIGHTS:,} are the most"
            )
    document = _DOCUMENTS.decode(raw)
    if not _fits(document.id):
        raise msgspec.ValidationError("the document's id is out of range")
    for place, highlight in enumerate(document.highlights):
        if not _fits(highlight.id) or not (highlight.location is None or _fits(highlight.location)):
            raise msgspec.ValidationError(f"a number is out of range - at `$.highlights[{place}]`")
    return document


def _fits(number: float) -> bool:
    """Whether a number can be stored: 64 bits, and neither infinite nor NaN."""
    return -_LIMIT <= number < _LIMIT if isinstance(number, int) else math.isfinite(number)


def _retry(raw: bytes, documents: list[Document], rejected: list[Rejected]) -> None:
    """Decode a document again from its repaired text, into one list or the other."""
    label = _Label()
    try:
        mended = _mended(raw)
        label = _LABELS.decode(mended)
        documents.append(_document(mended))
    except _REFUSALS as error:
        known = label.id if type(label.id) is int and _fits(label.id) else None
        title = label.title if isinstance(label.title, str) else ""
        rejected.append(Rejected(known, title, str(error)))


def _mended(raw: bytes) -> bytes:
    """The same JSON without what cannot be decoded.

    NaN and infinite numbers become null; a null at the top level is left out.
    """
    clean = _SURROGATE.sub(lambda found: found[1] or rb"\ufffd", _flattened(raw))
    text = clean.decode("utf-8-sig", "replace")
    value = json.loads(text, strict=False, parse_int=_whole)
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if item is not None}
    return msgspec.json.encode(value)  # writes NaN and the infinities as null


def _whole(digits: str) -> int | float:
    number = int(digits) if len(digits) <= 20 else math.inf  # int() refuses thousands of digits
    return number if _fits(number) else float(digits)
