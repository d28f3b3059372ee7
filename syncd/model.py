"""The account's values: a document with its highlights, as they are used everywhere after decoding.

The field names on the wire are those of Readwise's export; unknown keys are dropped, missing ones
and nulls have a default. Only what can appear on a page is kept, so that two values are equal
exactly if their pages are.
"""

from __future__ import annotations

import msgspec

from syncd.page.identity import link_key, status_id


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag; its id on the wire differs with each use, so only the name counts."""

    name: str = ""


class Highlight(msgspec.Struct, frozen=True, omit_defaults=True):
    """One highlight. `text` is Markdown of up to 8,191 code points; times are ISO 8601 in UTC."""

    id: int
    text: str | None = None
    note: str | None = None
    url: str | None = None
    location: int | float | None = None
    location_type: str | None = None
    color: str | None = None
    highlighted_at: str | None = None
    tags: tuple[Tag, ...] | None = ()
    is_deleted: bool | None = False
    is_discard: bool | None = False
    is_favorite: bool | None = False

    @property
    def tag_names(self) -> list[str]:
        """The tags' names in their order, each once."""
        return list(dict.fromkeys(tag.name for tag in self.tags or () if tag.name.strip()))

    @property
    def order(self) -> tuple[bool, float, int]:
        """Where the highlight stands among its document's.

        By location, then status id or Readwise id.
        """
        return self.location is None, self.location or 0, status_id(self.url) or self.id


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A book, article, thread or an author's collected tweets, with those highlights that are at hand."""

    id: int = msgspec.field(name="user_book_id")
    title: str | None = None
    author: str | None = None
    category: str | None = None
    source: str | None = None
    source_url: str | None = None
    unique_url: str | None = None
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
        return list(dict.fromkeys(tag.name for tag in self.tags or () if tag.name.strip()))

    @property
    def author_names(self) -> list[str]:
        """The authors' names in their order; they may be empty."""
        return (self.author or "").split(", ")

    @property
    def is_reader_tweet(self) -> bool:
        """Whether this is a tweet that was saved in Reader.

        Its highlights are selections of the tweet's text.
        """
        return self.source == "reader" and status_id(self.source_url) is not None


def highlight_link(document: Document, highlight: Highlight) -> str | None:
    """The address under which a highlight is opened.

    Its own, else its place in the Kindle book, else none.
    """
    if highlight.url and highlight.url.strip():
        return highlight.url.strip()
    if document.asin and highlight.location is not None and highlight.location_type == "location":
        return f"https://readwise.io/to_kindle?action=open&asin={document.asin}&location={int(highlight.location)}"
    return None


def highlight_key(document: Document, highlight: Highlight) -> str | None:
    """What a highlight is recognised by anywhere in a vault (see `link_key`).

    None where it has no link.
    """
    return link_key(highlight_link(document, highlight))
