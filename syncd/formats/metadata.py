"""What a page says of itself: its name, and the document it was made from. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Metadata(NamedTuple):
    """`name` is the page's identity in its app (see `name_key`); the rest is its document's.

    `url` is its address (`link_key`), `title` its whole title (`title_key`), `book` its id, each
    None where the page does not say it. `is_document`: whether the page was made from one.
    `highlight` is the id of the one highlight that the page is, where another program made it so;
    `note` the same of a note that is syncd's.
    """

    name: str
    url: str | None
    title: str | None
    book: int | None
    is_document: bool
    highlight: int | None = None
    note: int | None = None
