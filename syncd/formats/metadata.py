"""What a page says of itself: its name, and the document it was made from. Pure.

Pages by syncd say it in their properties; those by Readwise's own plugins and by readwise-mirror in
properties, in a front matter, or in a list or a paragraph at their top.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from syncd.page.identity import link_key
from syncd.page.links import title_key
from syncd.page.markdown import Page, properties
from syncd.page.names import name_key

_BOOK = re.compile(r"https://readwise\.io/bookreview/(\d{1,18})\b")
_FIELD = re.compile(
    r"[-*>]?\s*(?:\*\*)?(Full[ -]?Title|URL|Source[ -]URL|Readwise URL|Title|ID)(?:\*\*)?::?(?:\*\*)?\s+(\S.*)",
    re.IGNORECASE,
)
_TOP = 60  # lines in which a plugin's metadata stand


class Metadata(NamedTuple):
    """`name` is the page's identity in the app.

    `url` (link_key), `title` (title_key) and `book` are the document's.

    `book` is its id; `is_document`: whether the page was made from one.
    """

    name: str
    url: str | None
    title: str | None
    book: int | None
    is_document: bool


def of_logseq(page: Page, title: str) -> Metadata:
    """`title` is what the file's name says."""
    said = {key: str(found.value).strip() for key, found in properties(page).items()}
    full_title = said.get("full-title")
    return Metadata(
        name_key(said.get("title") or title),
        link_key(said.get("url")),
        None if full_title is None else title_key(full_title),
        None,
        full_title is not None or "category" in said,
    )


def of_obsidian(page: Page, title: str) -> Metadata:
    """`title` is what the file's name says."""
    said = _front_matter(page)
    for line in page.lines[:_TOP]:
        field = _FIELD.match(line)
        if field:
            said.setdefault(_key(field[1]), field[2].strip().removeprefix("[[").removesuffix("]]"))
    url = said.get("url") or said.get("sourceurl")
    whole = said.get("fulltitle")
    text = " ".join(said.get(key, "") for key in ("readwise", "readwiseurl", "uri"))
    book = _BOOK.search(text)
    id_ = said.get("id", "")
    number = (
        int(book[1])
        if book
        else int(id_)
        if re.fullmatch(r"\d{1,18}", id_) and "readwise" in text
        else None
    )
    return Metadata(
        name_key(title),
        link_key(url),
        title_key(whole) if whole else None,
        number,
        bool(number or whole),
    )


def _front_matter(page: Page) -> dict[str, str]:
    """The front matter's plain values as text, by their keys (_key).

    {} where there is none or it is broken.
    """
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    text = "".join(page.lines).removeprefix("\ufeff")
    if not text.startswith("---"):
        return {}
    try:
        values = handler.load(handler.split(text)[0], Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {
        _key(str(key)): str(value) for key, value in values.items() if isinstance(value, str | int)
    }


def _key(name: str) -> str:
    """A field's name however it is written: `full-title`, `Full Title`, `fullTitle`."""
    return re.sub("[ _-]", "", name).lower()
