"""A graph as Readwise's own Logseq plugin leaves it, generated from an account.

Its two page styles and all its warts.

What the plugin loses is lost here too: list lines split a block, and in some blocks everything from
the first list line on is gone, the link included.
"""

from __future__ import annotations

import random
import re
from datetime import date
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import msgspec

from syncd.model import Document, Highlight
from syncd.page.identity import highlight_link, reading_order, status_id
from syncd.sandbox.library import Library, Wire

_SENTENCES = (
    "梟 夜 静か 言葉 カフェ ガラス 雨 の 音 を 聞く",
    "أحمد قال إن البحر لا يعود كما كان أبدًا في الليل",
    "पुराना पुस्तकालय रात में धीरे धीरे साँस लेता है",
    "Café naïve Ångström über façade Señor crème brûlée résumé",
    "владелец лодки знает что ветер меняется первым утром",
    "마을 도서관 에서 한밤 의 라디오 를 듣는다 조용히",
    "the owl sat on a wire and read every page twice 🦉 🏳️‍🌈",
)
_LIST = re.compile(r"^[ \t]*(?:-|\d+\.|\*|•)[ \t]", re.MULTILINE)
_IMAGE = re.compile(r"!\[\]\(([^()\s]+)\)")
_HANDLE = re.compile(r"(?<![\w/])@(\w+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def generated_books(count: int, seed: int = 7) -> list[Wire]:
    """Documents of an account.

    Several scripts, lists, pictures, null addresses, titles that collide.
    """
    dice = random.Random(seed)
    return [_book(dice, 9_000_000 + number) for number in range(count)]


def _book(dice: random.Random, id_: int) -> Wire:
    words = dice.choice(_SENTENCES).split()
    handle = f"example_{dice.randrange(40)}"
    first = 1_500_000_000_000_000_000 + id_ * 10_000_000
    kind = dice.choice(("thread", "thread", "author", "article", "book"))
    title = {
        "thread": f"{' '.join(dice.choices(words, k=4)).title()[:24]}...",
        "author": f"Tweets From {' '.join(dice.choices(words, k=2))}",
        "article": f"{' '.join(dice.choices(words, k=12))} / {id_}",
        "book": f"{' '.join(dice.choices(words, k=3))}",
    }[kind]
    if kind == "thread" and dice.random() < 0.2:
        title = f"https://t.co/{dice.choice('ABC')}..."
    source = {
        "thread": f"https://twitter.com/{handle}/status/{first}",
        "author": f"https://twitter.com/{handle}",
    }
    return {
        "user_book_id": id_,
        "title": title,
        "author": f"@{handle} on Twitter" if kind in source else "Erfundene Person",
        "category": "tweets" if kind in source else f"{kind}s",
        "source": "twitter" if kind in source else "web_clipper",
        "source_url": source.get(kind, f"https://example.org/{id_}" if kind == "article" else None),
        "highlights": [
            _highlight(dice, id_, kind, number, words, f"{handle}/status/{first + number}")
            for number in range(dice.randint(1, 9))
        ],
    }


def _highlight(
    dice: random.Random, book: int, kind: str, number: int, words: list[str], path: str
) -> Wire:
    text = f"{' '.join(dice.choices(words, k=dice.randint(6, 20)))} {book}.{number}"
    if dice.random() < 0.15:
        lines = "\n".join(
            f"- {' '.join(dice.choices(words, k=4))}" for _ in range(dice.randint(1, 4))
        )
        text = f"{dice.choice((text, 'Tips', '三点', 'Also:'))}\n{lines}"
    if dice.random() < 0.15:
        text += f" \n\n![](https://pbs.twimg.com/media/X{book}{number}.jpg)"
    if dice.random() < 0.1:
        text += " thanks @example_owl"
    url: str | None = f"https://twitter.com/{path}"
    if kind == "article":
        url = f"https://example.org/{book}"
    if kind == "book" or dice.random() < 0.05:
        url = None
    return {
        "id": book * 100 + number,
        "text": normalize(dice.choice(("NFC", "NFD")), text),
        "url": url,
        "location": number,
        "location_type": "page" if kind == "book" else "order",
        "note": dice.choice(("", "", "", "Thread" if number == 0 else "", "eine Notiz")),
        "tags": [{"id": 1, "name": "vogel"}] if dice.random() < 0.1 else [],
        "updated_at": "2024-06-01T10:00:00Z",
        "highlighted_at": f"202{dice.randrange(5)}-05-0{dice.randint(1, 9)}T10:00:00Z",
    }


class PluginGraph:
    """The files that the plugin would have written for an account: `files` by path."""

    def __init__(self, library: Library, *, legacy: bool, seed: int = 11) -> None:
        self._dice = random.Random(seed)
        self._legacy = legacy
        self.files: dict[str, bytes] = {}
        for book in library.books:
            document = _document(book)
            if (
                document.category != "supplementals"
                and document.highlights
                and not document.is_deleted
            ):
                self._page(document)

    def _page(self, document: Document) -> None:
        stock = self._dice.random() < 0.5
        blocks = [
            line for item in document.highlights for line in self._block(document, item, stock)
        ]
        if stock:
            day = self._day(document.highlights[0])
            parent = f"- Highlights first synced by [[Readwise]] [[{day}]]"
            blocks = [parent, *(f"\t{line}" for line in blocks)]
        path, head = self._stock_head(document) if stock else self._plain_head(document)
        form = self._dice.choice(("", "", "", "crlf", "final", "nfd"))
        if path in self.files:  # one title: the plugin put both documents' highlights onto one page
            text = self.files[path].decode().replace("\r\n", "\n").rstrip("\n")
            text = "\n".join([text, *blocks])
        else:
            text = "\n".join([*head, *blocks])
        if form == "nfd":
            text = normalize("NFD", text)
        elif form:
            text = text.replace("\n", "\r\n") if form == "crlf" else text + "\n"
        self.files[path] = text.encode()

    def _stock_head(self, document: Document) -> tuple[str, list[str]]:
        title = re.sub(r'[/:"<>|?*#\\%\n]', " ", document.title or "Untitled").strip()[:60]
        lines = [
            f"author:: [[{document.author or ''}]]",
            f'full-title:: "{document.title or ""}"'.replace("\n", " "),
            f"category:: #{document.category}",
            f"url:: {document.source_url}" if document.source_url else "",
            "tags:: " + ", ".join(f"[[{name}]]" for name in document.tag_names)
            if document.tag_names
            else "",
            "",
        ]
        return f"pages/{title} (highlights).md", [line for line in lines[:-1] if line] + [""]

    def _plain_head(self, document: Document) -> tuple[str, list[str]]:
        title = (document.title or "Untitled").replace("/", "-").replace("\n", " ")
        title = title if len(title) <= 50 else f"{title[:45]}..."
        page = f"Readwise/Highlights/{title}"
        lines = [
            f"title:: {page}",
            f"author:: [[{document.author or ''}]]",
            f"full-title:: {document.title or ''}".replace("#", "\\#").replace("\n", " "),
            f"category:: #{document.category}",
            f"url:: {document.source_url}" if document.source_url else "",
        ]
        name = normalize("NFC", re.sub(r'[:*?"<>|#\\]', lambda found: quote(found[0]), page))
        name = name.replace("/", "%2F" if self._legacy else "___")
        if not self._legacy and name.endswith("."):
            name += "___"
        return f"pages/{name.encode()[:180].decode(errors='ignore')}.md", [
            line for line in lines if line
        ]

    def _block(self, document: Document, item: Highlight, stock: bool) -> list[str]:
        text = _IMAGE.sub(r"<img src='\1'/>", item.text or "")
        text = _HANDLE.sub(r'<a href="https://twitter.com/\1">@\1</a>', text)
        cut = _LIST.search(text)
        if cut and cut.start() and self._dice.random() < 0.5:
            content = text[: cut.start()].rstrip().split("\n")
        else:
            marks = [
                "#Highlight",
                f"#[[{(item.highlighted_at or '')[:10]}]]" if item.highlighted_at else "",
            ]
            tail = [
                self._origin(document, item),
                *([] if stock and self._dice.random() < 0.7 else marks),
            ]
            content = " ".join(filter(None, [text, *tail])).split("\n")
        lines = [f"- {content[0]}", *(f"  {line}" for line in content[1:])]
        if item.tag_names:
            lines.append(f"\t- **Tags**: {' '.join(f'#[[{name}]]' for name in item.tag_names)}")
        if item.note:
            note = item.note.split("\n")
            lines += [f"\t- **Note**: {note[0]}", *(f"\t  {line}" for line in note[1:])]
        return lines

    def _origin(self, document: Document, item: Highlight) -> str:
        link = highlight_link(document, item)
        if link is None:
            page = item.location_type == "page" and item.location is not None
            return f"(Page\u00a0{item.location})" if page else ""
        if status_id(link):
            return f"([View Tweet]({link}))"
        label = "View Highlight" if item.url else f"Location\u00a0{item.location}"
        return f"([{label}]({link}))"

    def _day(self, item: Highlight) -> str:
        when = date.fromisoformat((item.highlighted_at or "2023-05-05")[:10])
        suffix = {1: "st", 2: "nd", 3: "rd"}.get(
            when.day % 10 if when.day not in (11, 12, 13) else 0, "th"
        )
        return f"{_MONTHS[when.month - 1]} {when.day}{suffix}, {when.year}"


def _document(book: dict[str, Any]) -> Document:
    whole = msgspec.convert(book, Document, strict=False)
    live = sorted((item for item in whole.highlights if not item.is_deleted), key=reading_order)
    return msgspec.structs.replace(whole, highlights=tuple(live))
