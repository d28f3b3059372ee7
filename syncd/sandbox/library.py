"""The sandbox's account: documents and highlights as on the wire, and what is done to them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from syncd.errors import ConfigError

Wire = dict[str, Any]

BUNDLED = Path(__file__).with_name("library.json")
_PAGE = 500  # highlights in one answer, about
_BOOK: Wire = {
    "is_deleted": False,
    "title": "",
    "author": None,
    "readable_title": "",
    "source": "twitter",
    "cover_image_url": None,
    "unique_url": None,
    "summary": None,
    "book_tags": [],
    "category": "tweets",
    "document_note": None,
    "source_url": None,
    "external_id": None,
    "asin": None,
}
_HIGHLIGHT: Wire = {
    "is_deleted": False,
    "text": "",
    "location": None,
    "location_type": "none",
    "note": "",
    "color": "",
    "external_id": None,
    "end_location": None,
    "url": None,
    "tags": [],
    "is_favorite": False,
    "is_discard": False,
}
_TIMES = ("highlighted_at", "created_at", "updated_at")
_REVIEWED = 5  # highlights of a day's review
_IN_REVIEW = ("id", "text", "note", "location", "location_type", "highlighted_at")
_BOOK_FIELDS = _BOOK.keys()
_HIGHLIGHT_FIELDS = _HIGHLIGHT.keys() | {*_TIMES}


class Library:
    """A Readwise account in memory, for any number of threads.

    `books` are documents in the shape of Readwise's export. They are served as they are, so that a
    test can leave keys out. `now` is the account's clock: it stamps every change and is the
    server's `Date`. Methods raise KeyError for an id that is not there, ValueError for a field
    that Readwise does not have.
    """

    def __init__(
        self, books: Iterable[Wire] = (), now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.now = now
        self._lock = RLock()
        self._books: dict[int, Wire] = {}
        self._highlights: dict[int, dict[int, Wire]] = {}
        for book in books:
            key = book["user_book_id"]
            self._books[key] = {name: value for name, value in book.items() if name != "highlights"}
            self._highlights[key] = {one["id"]: dict(one) for one in book.get("highlights", ())}
        self._home = {one: book for book, held in self._highlights.items() for one in held}
        self._next_book = max(self._books, default=0) + 1
        self._next_highlight = max(self._home, default=0) + 1

    @classmethod
    def load(
        cls, path: Path | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Library:
        """The account in a file (a list of documents or an answer of the export), or the bundled.

        Keys that are missing get what Readwise sends where there is nothing. Raises ConfigError.
        """
        path = path or BUNDLED
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            books = found["results"] if isinstance(found, dict) else found
            return cls([_completed(book) for book in books], now)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path}: not a library ({type(error).__name__}: {error}); expected is a JSON list "
                "of documents as Readwise exports them, each with its user_book_id and highlights "
                "with their id"
            ) from error

    @property
    def books(self) -> list[Wire]:
        """Copies of all documents, by descending id, with all highlights, by id; also deleted."""
        with self._lock:
            return [self._whole(key) for key in sorted(self._books, reverse=True)]

    def _whole(self, book_id: int) -> Wire:
        highlights = [dict(one) for _, one in sorted(self._highlights[book_id].items())]
        return {**self._books[book_id], "highlights": highlights}

    def add_book(self, **fields: Any) -> int:
        """A new document, a tweets one unless `fields` say otherwise; returns its user_book_id."""
        _refuse_unknown(fields, _BOOK_FIELDS)
        with self._lock:
            key, self._next_book = self._next_book, self._next_book + 1
            self._books[key] = _completed({"user_book_id": key, **fields})
            del self._books[key]["highlights"]
            self._highlights[key] = {}
            return key

    def add_highlight(self, book_id: int, **fields: Any) -> int:
        """A new highlight, saved now unless `fields` say otherwise; returns its id."""
        _refuse_unknown(fields, _HIGHLIGHT_FIELDS)
        with self._lock:
            held = self._highlights[book_id]
            key, self._next_highlight = self._next_highlight, self._next_highlight + 1
            times = dict.fromkeys(_TIMES, self._stamp())
            held[key] = _highlight(book_id, {"id": key, **times, **fields})
            self._home[key] = book_id
            return key

    def edit_highlight(self, highlight_id: int, **fields: Any) -> None:
        """Change a highlight and its updated_at.

        Some edits in Readwise do not move that; for such a one give the old `updated_at`.
        """
        _refuse_unknown(fields, _HIGHLIGHT_FIELDS)
        with self._lock:
            highlight = self._highlights[self._home[highlight_id]][highlight_id]
            highlight |= {"updated_at": self._stamp(), **fields}

    def edit_book(self, book_id: int, **fields: Any) -> None:
        """Change a document and no highlight's updated_at: `updatedAfter` does not see it."""
        _refuse_unknown(fields, _BOOK_FIELDS)
        with self._lock:
            self._books[book_id] |= fields

    def delete_highlight(self, highlight_id: int) -> None:
        """Leave a tombstone, which only includeDeleted shows."""
        self.edit_highlight(highlight_id, is_deleted=True)

    def erase_highlight(self, highlight_id: int) -> None:
        """Remove the highlight without a tombstone."""
        with self._lock:
            del self._highlights[self._home.pop(highlight_id)][highlight_id]

    def delete_book(self, book_id: int) -> None:
        """Leave tombstones of the document and of all its highlights."""
        with self._lock:
            self._books[book_id]["is_deleted"] = True
            for key in self._highlights[book_id]:
                self.delete_highlight(key)

    def page(
        self,
        cursor: int | None = None,
        updated_after: datetime | None = None,
        ids: Collection[int] | None = None,
        include_deleted: bool = False,
    ) -> Wire:
        """One answer of the export: whole documents, by descending id, until 500 highlights.

        The cursor is the last document's id, `count` the number of this answer's highlights, which
        stand in a stable order that looks like none. Documents without a highlight that matches are
        left out. So Readwise answers, as recorded.
        """
        with self._lock:
            results: list[Wire] = []
            count = 0
            for key in sorted(self._books, reverse=True):
                if cursor is not None and key >= cursor:
                    continue
                if ids is not None and key not in ids:
                    continue
                found = self._matching(key, updated_after, include_deleted)
                if found and count >= _PAGE:
                    last = results[-1]["user_book_id"]
                    return {"count": count, "nextPageCursor": last, "results": results}
                if found:
                    results.append({**self._books[key], "highlights": found})
                    count += len(found)
            return {"count": count, "nextPageCursor": None, "results": results}

    def _matching(
        self, book_id: int, updated_after: datetime | None, include_deleted: bool
    ) -> list[Wire]:
        """Copies of the document's highlights that an export with these parameters shows."""

        def matches(one: Wire) -> bool:
            if one.get("is_deleted") and not include_deleted:
                return False
            if updated_after is None:
                return True
            return datetime.fromisoformat(one["updated_at"]) > updated_after

        held = self._highlights[book_id]
        shuffled = sorted(held, key=lambda id_: zlib.crc32(str(id_).encode()))
        return [dict(held[id_]) for id_ in shuffled if matches(held[id_])]

    def review(self) -> Wire:
        """The day's review: up to five highlights, others on each day, the same all day."""
        with self._lock:
            day = self.now().astimezone(UTC).date()
            live = [
                (book, one)
                for book in self.books
                for one in book["highlights"]
                if not (one.get("is_deleted") or one.get("is_discard") or book.get("is_deleted"))
            ]
            live.sort(key=lambda pair: zlib.crc32(f"{day} {pair[1]['id']}".encode()))
            return {
                "review_id": day.toordinal(),
                "review_url": f"https://readwise.io/reviews/{day.toordinal()}",
                "review_completed": False,
                "highlights": [_reviewed(*pair) for pair in live[:_REVIEWED]],
            }

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _completed(book: Wire) -> Wire:
    """The document with every key that Readwise sends."""
    key = book["user_book_id"]
    derived = {
        "readable_title": book.get("title", ""),
        "readwise_url": f"https://readwise.io/bookreview/{key}",
    }
    highlights = [_highlight(key, one) for one in book.get("highlights", ())]
    return {**_BOOK, **derived, **book, "highlights": highlights}


def _highlight(book_id: int, given: Wire) -> Wire:
    derived = {"book_id": book_id, "readwise_url": f"https://readwise.io/open/{given['id']}"}
    return {**_HIGHLIGHT, **dict.fromkeys(_TIMES), **derived, **given}


def _reviewed(book: Wire, one: Wire) -> Wire:
    """A highlight as the review has it."""
    both = {key: one.get(key) for key in _IN_REVIEW}
    return both | {
        "title": book.get("title"),
        "author": book.get("author"),
        "source_url": book.get("source_url"),
        "source_type": book.get("source"),
        "category": book.get("category"),
        "image_url": book.get("cover_image_url"),
        "highlight_url": one.get("url"),
        "url": None,
        "api_source": None,
    }


def _refuse_unknown(fields: Wire, known: Collection[str]) -> None:
    unknown = sorted(fields.keys() - known)
    if unknown:
        names, allowed = ", ".join(unknown), ", ".join(sorted(known))
        raise ValueError(f"Readwise has no field {names}; it has {allowed}")
