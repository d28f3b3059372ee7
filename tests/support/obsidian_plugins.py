"""Vaults as other programs leave them in Obsidian, generated from an account.

They are Readwise's own plugin in its stock template, readwise-mirror in both of its versions, and
obsidian-readwise. Each takes the account and returns the files by path.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import msgspec
import yaml

from syncd.model import Document, Highlight
from syncd.page.identity import highlight_link, reading_order, status_id
from syncd.sandbox.library import Library

Files = dict[str, bytes]

_SUMMARY = "What it says, in short.\n\n- a point\n\nand more"


def official(library: Library, seed: int = 1) -> Files:
    """Readwise's own plugin: a list of metadata, then bullets.

    What came later in sections of their own.

    Line breaks are indented and blank lines lost; documents of one title share a page. Owners put a
    front matter of their own above, and some devices write CRLF.
    """
    dice = random.Random(seed)
    files: dict[str, str] = {}
    for document in _documents(library):
        path = (
            f"Readwise/{(document.category or 'articles').capitalize()}/{_file_stem(document)}.md"
        )
        if path in files:
            files[path] += "\n## New highlights added June 1, 2023 at 8:05 AM\n"
        else:
            files[path] = "\n".join(_official_head(document, dice)) + "\n## Highlights\n"
        cut = dice.randrange(len(document.highlights)) if dice.random() < 0.3 else 0
        for number, item in enumerate(document.highlights):
            if number and number == cut:
                files[path] += "\n## New highlights added May 5, 2023 at 1:23 PM\n"
            files[path] += "\n".join(_official_highlight(document, item)) + "\n"
    ends = {path: dice.choice(("\n", "\n", "\n", "\r\n")) for path in files}
    return {path: text.replace("\n", ends[path]).encode() for path, text in files.items()}


def _official_head(document: Document, dice: random.Random) -> Iterator[str]:
    title = _line(document.title or "Untitled")
    if dice.random() < 0.3:
        # no YAML: an @ needs quotes
        author = f"author: {dice.choice(('@me', '[[@me]]', 'me'))}"
        yield from (
            "---",
            dice.choice((author, f'title: "{title}" # mine')),
            "tags:",
            "- literature-note",
            "---",
        )
    yield from (f"# {title}", "")
    if document.cover_image_url or dice.random() < 0.5:
        yield from (
            f"![rw-book-cover]({document.cover_image_url or 'https://example.org/cover.jpg'})",
            "",
        )
    yield "## Metadata"
    if document.author:
        yield f"- Author: [[{document.author}]]"
    yield f"- Full Title: {title}"
    yield f"- Category: #{document.category}"
    if document.summary or dice.random() < 0.2:
        yield f"- Summary: {document.summary or _SUMMARY}"
    if document.tag_names:
        yield f"- Document Tags: {' '.join(f'[[{name}]]' for name in document.tag_names)} "
    if document.source_url:
        yield f"- URL: {document.source_url}"
    yield ""


def _official_highlight(document: Document, item: Highlight) -> Iterator[str]:
    lines = [line for line in (item.text or "").split("\n") if line.strip()] or [""]
    link = highlight_link(document, item)
    if status_id(link):
        tail = f" ([View Tweet]({link}))"
    elif link:
        label = "View Highlight" if item.url else f"Location\u00a0{item.location}"
        tail = f" ([{label}]({link}))"
    else:
        tail = (
            f" (Page\u00a0{item.location})"
            if item.location_type == "page" and item.location is not None
            else ""
        )
    lines[-1] += tail
    yield from (f"- {lines[0]}", *(f"  {line}" for line in lines[1:]))
    if item.tag_names:
        yield f"    - Tags: {' '.join(f'[[{name}]]' for name in item.tag_names)} "
    if item.note:
        first, *more = [line for line in item.note.split("\n") if line.strip()]
        yield from (f"    - Note: {first}", *(f"      {line}" for line in more))


def mirror(library: Library, version: int = 1, seed: int = 1) -> Files:
    """readwise-mirror: a paragraph for each highlight that ends with its id.

    A front matter with the document's.

    A second document of the same name gets a number. Version 2 has the address at Readwise in place
    of the id, version 0 no front matter.
    """
    dice = random.Random(seed)
    files: Files = {}
    for document in _documents(library):
        stem = path = (
            f"Readwise/{(document.category or 'articles').capitalize()}/{_file_stem(document)}"
        )
        number = 1
        while f"{path}.md" in files:
            number += 1
            path = f"{stem} {number}"
        blocks = (_mirror_highlight(document, item) for item in document.highlights)
        files[f"{path}.md"] = "\n".join([*_mirror_head(document, version, dice), *blocks]).encode()
    return files


def _mirror_head(document: Document, version: int, dice: random.Random) -> Iterator[str]:
    title, authors = (
        document.title or "Untitled",
        [name for name in (document.author or "").split(", ") if name],
    )
    address = f"https://readwise.io/bookreview/{document.id}"
    known = {"id": document.id} if version == 1 else {"uri": address}
    front = {
        **known,
        "created": "2023-05-05T10:00:00Z",
        "updated": None,
        "title": title,
        "author": authors,
    }
    if version:
        yield "---"
        yield yaml.safe_dump(front, sort_keys=False, allow_unicode=dice.random() < 0.5).rstrip()
        yield from ("---", "")
    if version < 2:
        yield from ("%%", f"ID: {document.id}", "Updated: 2023-05-05T10:00:00Z", "%%", "")
    yield from (f"![]({document.cover_image_url or ''})", "", "# About", f"Title: [[{title}]]")
    yield f"Authors: {', '.join(f'[[{name}]]' for name in authors)}"
    yield f"Category: #{document.category}"
    if document.tag_names:
        yield f"Tags: {', '.join(f'#{name}' for name in document.tag_names)}"
    yield from (f"Number of Highlights: =={len(document.highlights)}==", f"Readwise URL: {address}")
    yield from (
        f"Source URL: {document.source_url or ''}",
        "Date: [[2023-05-05]]",
        "",
        "---",
        "",
        "# Highlights",
        "",
    )


def _mirror_highlight(document: Document, item: Highlight) -> str:
    link = highlight_link(document, item)
    text = item.text or ""
    if document.category == "books":
        text += f" ([{item.location}]({link or ''}))"
    if item.color:
        text += f" %% Color: {item.color} %%"
    text += f" ^{item.id}"
    if item.note:
        text += f"\n\nNote: {item.note}"
    if item.tag_names:
        text += f"\n\nTags: {', '.join(f'#{name}' for name in item.tag_names)}"
    if item.url:
        text += f"\n\n[View Highlight]({item.url})"
    return f"{text}\n\n---\n"


def plain(library: Library, seed: int = 1) -> Files:
    """obsidian-readwise.

    All in one folder, a paragraph for each highlight with its id in a comment.
    """
    files: Files = {}
    for document in _documents(library):
        path = f"Readwise/{_file_stem(document)}.md"
        head = (
            f"- **URL:** {document.source_url or ''}\n- **Author:** {document.author or ''}\n"
            f"- **Tags:** #{document.category}\n- **Date:** [[2023-05-05]]\n---\n"
        )
        text = files.get(path, head.encode()).decode()
        for item in document.highlights:
            text += f"\n{item.text or ''} %% highlight_id: {item.id} %%\n"
            text += f"Note: {item.note}\n" if item.note else ""
            text += "\n"  # its template ends with a line end, and it adds one
        files[path] = text.encode()
    return files


def _documents(library: Library) -> Iterator[Document]:
    """The documents that a program would have written.

    Highlights without deleted ones, in reading order.
    """
    for book in library.books:
        whole = msgspec.convert(book, Document, strict=False)
        live = sorted((item for item in whole.highlights if not item.is_deleted), key=reading_order)
        if live and not whole.is_deleted and whole.category != "supplementals":
            yield msgspec.structs.replace(whole, highlights=tuple(live))


def _file_stem(document: Document) -> str:
    stem = re.sub(r'[\\/:*?"<>|#^\[\]]', "-", _line(document.title or "Untitled"))
    return stem.encode()[:180].decode(errors="ignore").strip() or "Untitled"


def _line(text: str) -> str:
    return " ".join(text.split())
