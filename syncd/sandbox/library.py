"""The sandbox's account.

Documents and highlights as they are on the wire, changed as a person would change them.
"""

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
_PAGE = 500
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
_BOOK_FIELDS = _BOOK.keys()
_HIGHLIGHT_FIELDS = _HIGHLIGHT.keys() | {*_TIMES}


class Library:
    """A Readwise account in memory, for any number of threads.

    `books` are documents in the shape of Readwise's export and are served as they are, so that a
    test can leave keys out; an id that is not there raises KeyError, a field that Readwise does not
    have ValueError. `now` is the account's clock: it stamps every change and is the server's
    `Date`.
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
        """The account in a file, or the bundled one.

        A list of documents or a recorded answer of the export.

        Keys that are missing get what Readwise sends where there is nothing. Raises ConfigError.
        """
        path = path or BUNDLED
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            books = found["results"] if isinstance(found, dict) else found
            return cls([_completed(book) for book in books], now)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path}: not a library ({type(error).__name__}: {error}); expected is a JSON list of documents as "
                "Readwise exports them, each with its user_book_id and highlights with their id"
            ) from error

    @property
    def books(self) -> list[Wire]:
        """Everything in the account, deleted or not, as copies.

        Documents by descending id, highlights by id.
        """
        with self._lock:
            return [
                {
                    **self._books[key],
                    "highlights": [dict(one) for _, one in sorted(self._highlights[key].items())],
                }
                for key in sorted(self._books, reverse=True)
            ]

    def add_book(self, **fields: Any) -> int:
        """A new document, a tweets one unless `fields` say otherwise; returns its user_book_id."""
        _check(fields, _BOOK_FIELDS)
        with self._lock:
            key, self._next_book = self._next_book, self._next_book + 1
            self._books[key] = _completed({"user_book_id": key, **fields})
            del self._books[key]["highlights"]
            self._highlights[key] = {}
            return key

    def add_highlight(self, book_id: int, **fields: Any) -> int:
        """A new highlight, saved now unless `fields` say otherwise; returns its id."""
        _check(fields, _HIGHLIGHT_FIELDS)
        with self._lock:
            held = self._highlights[book_id]
            key, self._next_highlight = self._next_highlight, self._next_highlight + 1
            times = dict.fromkeys(_TIMES, self._stamp())
            held[key] = _highlight(book_id, {"id": key, **times, **fields})
            self._home[key] = book_id
            return key

    def edit_highlight(self, highlight_id: int, **fields: Any) -> None:
        """Changes a highlight and its updated_at.

        Give `updated_at` too for one of the edits that do not move it.
        """
        _check(fields, _HIGHLIGHT_FIELDS)
        with self._lock:
            self._highlights[self._home[highlight_id]][highlight_id] |= {
                "updated_at": self._stamp(),
                **fields,
            }

    def edit_book(self, book_id: int, **fields: Any) -> None:
        """Changes a document and no highlight's updated_at.

        `updatedAfter` does not see it, as with Readwise.
        """
        _check(fields, _BOOK_FIELDS)
        with self._lock:
            self._books[book_id] |= fields

    def delete_highlight(self, highlight_id: int) -> None:
        """Leaves a tombstone, which only includeDeleted shows."""
        self.edit_highlight(highlight_id, is_deleted=True)

    def erase_highlight(self, highlight_id: int) -> None:
        """Takes the highlight away without a tombstone."""
        with self._lock:
            del self._highlights[self._home.pop(highlight_id)][highlight_id]

    def delete_book(self, book_id: int) -> None:
        """Leaves tombstones of the document and of all its highlights."""
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
        """One answer of the export.

        Whole documents, by descending id, until 500 highlights are reached.

        The cursor is the last document's id. Highlights are in an order that is stable and looks
        like none; `count` is that of this page's highlights. Documents without a highlight that
        matches are left out.
        """
        with self._lock:
            results: list[Wire] = []
            count = 0
            for key in sorted(self._books, reverse=True):
                if (cursor is not None and key >= cursor) or (ids is not None and key not in ids):
                    continue
                found = self._matching(key, updated_after, include_deleted)
                if found and count >= _PAGE:
                    return {
                        "count": count,
                        "nextPageCursor": results[-1]["user_book_id"],
                        "results": results,
                    }
                if found:
                    results.append({**self._books[key], "highlights": found})
                    count += len(found)
            return {"count": count, "nextPageCursor": None, "results": results}

    def _matching(
        self, book_id: int, updated_after: datetime | None, include_deleted: bool
    ) -> list[Wire]:
        held = sorted(
            self._highlights[book_id].items(), key=lambda item: zlib.crc32(str(item[0]).encode())
        )
        return [
            dict(one)
            for _, one in held
            if (include_deleted or not one.get("is_deleted"))
            and (updated_after is None or datetime.fromisoformat(one["updated_at"]) > updated_after)
        ]

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _completed(book: Wire) -> Wire:
    key = book["user_book_id"]
    derived = {
        "readable_title": book.get("title", ""),
        "readwise_url": f"https://readwise.io/bookreview/{key}",
    }
    return {
        **_BOOK,
        **derived,
        **book,
        "highlights": [_highlight(key, one) for one in book.get("highlights", ())],
    }


def _highlight(book_id: int, given: Wire) -> Wire:
    derived = {"book_id": book_id, "readwise_url": f"https://readwise.io/open/{given['id']}"}
    return {**_HIGHLIGHT, **dict.fromkeys(_TIMES), **derived, **given}


def _check(fields: Wire, known: Collection[str]) -> None:
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise ValueError(
            f"Readwise has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
