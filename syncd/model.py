"""The account's values, from decoding to the page: a document with its highlights.

The field names on the wire are those of Readwise's export; unknown keys are dropped, missing ones
and nulls have a default. Only what can appear on a page is kept, so that two values are equal
exactly if their pages are.
"""

from __future__ import annotations

import re

import msgspec


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag; its id on the wire differs with each use, so only the name counts."""

    name: str = ""


class Highlight(msgspec.Struct, frozen=True, omit_defaults=True):
    """One highlight. `text` is Markdown of up to 8,191 code points; times are ISO 8601 in UTC.

    `created_at`, when it came into the account, is kept only where nothing says when it was made.
    """

    id: int
    text: str | None = None
    note: str | None = None
    url: str | None = None
    location: int | float | None = None
    location_type: str | None = None
    color: str | None = None
    highlighted_at: str | None = None
    created_at: str | None = None
    tags: tuple[Tag, ...] | None = ()
    is_deleted: bool | None = False
    is_discard: bool | None = False
    is_favorite: bool | None = False

    def __post_init__(self) -> None:
        if self.highlighted_at:
            msgspec.structs.force_setattr(self, "created_at", None)

    @property
    def tag_names(self) -> list[str]:
        """The tags' names in their order, each once."""
        return _names(self.tags)


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A book, article, thread or an author's collected tweets, with the highlights that came."""

    id: int = msgspec.field(name="user_book_id")
    title: str | None = None
    author: str | None = None
    category: str | None = None
    source: str | None = None
    source_url: str | None = None
    cover_image_url: str | None = None
    document_note: str | None = None
    summary: str | None = None
    readwise_url: str | None = None
    asin: str | None = None
    tags: tuple[Tag, ...] | None = msgspec.field(name="book_tags", default=())
    is_deleted: bool | None = False
    highlights: tuple[Highlight, ...] = ()

    @property
    def tag_names(self) -> list[str]:
        """The tags' names in their order, each once."""
        return _names(self.tags)

    @property
    def author_names(self) -> list[str]:
        """The authors' names in their order, of one or several lines; they may be empty."""
        return re.split(r", |\s*[\r\n]+\s*", self.author or "")


def _names(tags: tuple[Tag, ...] | None) -> list[str]:
    if not tags:
        return []
    return list(dict.fromkeys(tag.name for tag in tags if tag.name.strip()))
