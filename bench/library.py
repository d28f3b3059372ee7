"""An invented Readwise account of any size, as the bytes of its export; the same for one size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

HIGHLIGHTS = 10  # of a document
_DOCUMENTS = 50  # of a page of the export, which holds some 500 highlights
_LENGTH = 280  # characters of a highlight, about
_FIRST_BOOK, _FIRST_HIGHLIGHT, _FIRST_TWEET = 20_000_000, 400_000_000, 1_500_000_000_000_000_000

_SENTENCES = (
    "The ferry leaves at seven, and nobody who missed it has ever complained twice.",
    "A cache is a promise about the past; most outages begin where it is taken for the future.",
    "Write the sentence, read it aloud, then cut the half that you were proud of.",
    "Every lighthouse keeper we asked gave the same answer: paint before the winter, never after.",
    "We measured it for a month, and the slow part was the part that everyone had praised.",
    "今天的会议只有一个结论：先把旧的数据搬完，再谈新的格式。",
    "山里的雨下了三天，茶馆的老板说这是今年最好的生意。",
    "少写一行代码，就少一个半夜叫醒你的理由。",
    "朝の市場で一番おいしいのは、値札のない果物だった。",
    "静かな図書館ほど、遠くの電車の音がよく聞こえる。",
    "القهوة باردة والكتاب طويل، لكن المساء يتسع لكليهما.",
    "من يحفظ الطريق في رأسه لا يخاف من انقطاع الخريطة.",
    "पुराने पुल पर चलते हुए उसने गिना कि कितनी रोशनियाँ बुझ चुकी हैं।",
    "जो बात तीन पंक्तियों में न समाए, उसे कल फिर लिखो।",
    "Пароход опоздал на час, и весь причал успел подружиться.",
    "Der Bäcker schließt um zwölf; wer später kommt, bekommt eine Geschichte statt Brot.",
    "Le café d’en face a changé de nom, pas de chaises.",
    "Three boats, one anchor 🛶🛶🛶 and a dog who knew the tide better than any of us 🐕",
)
_LINES_WITH_MARKS = (
    "TODO buy rope before the shops close",
    "status:: waiting for the harbour master",
    "- one item\n- another item\n- the last one",
    "# Not a heading, said the author",
    "{{query (todo now)}} is what the template holds",
    "the old ((reference)) and `snake_case_name` in one line",
    "> quoted by someone_else in a reply",
    "```\nfor boat in harbour:\n    boat.moor()\n```",
    "prices from $3 to $5, <b>no</b> haggling, [see the list](https://example.org/list_of_prices)",
)
_TAGS = ("boats", "reading list", "工作", "кофе", "later/maybe", "writing")


def pages(documents: int) -> Iterator[bytes]:
    """The answers to a full export of so many documents, with HIGHLIGHTS highlights each."""
    random = Random(documents)  # the size is the seed
    for start in range(0, documents, _DOCUMENTS):
        end = min(start + _DOCUMENTS, documents)
        books = [_book(random, number) for number in range(start, end)]
        yield _answer(books, end if end < documents else None)


def addition(answer: bytes, place: int) -> bytes:
    """The answer to an incremental export after one highlight was added.

    The highlight stands at `place` in the first document of `answer`, an answer of the full export.
    """
    book = json.loads(answer)["results"][0]
    book["highlights"] = [
        _highlight(Random(place), book, book["user_book_id"] - _FIRST_BOOK, place)
    ]
    return _answer([book], None)


def one_large(highlights: int) -> tuple[bytes, bytes]:
    """The answers to a full export of one document of so many highlights, and to one more."""
    random = Random(highlights)
    book = _book(random, 0)
    items = [_highlight(random, book, 0, place) for place in range(highlights + 1)]
    whole = _answer([book | {"highlights": items[:-1]}], None)
    return whole, _answer([book | {"highlights": items[-1:]}], None)


def nothing() -> bytes:
    """The answer to an incremental export where nothing is new."""
    return _answer([], None)


def _answer(books: list[dict[str, Any]], cursor: int | None) -> bytes:
    count = sum(len(book["highlights"]) for book in books)
    answer = {"count": count, "nextPageCursor": cursor, "results": books}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _book(random: Random, number: int) -> dict[str, Any]:
    """A document; of ten, seven are threads, two an author's tweets, and one is an article."""
    id_, kind = _FIRST_BOOK + number, number % 10
    title = f"{number * 7 % 9973} {random.choice(_SENTENCES)[:20].title()}..."
    handle = f"keeper_{number % 997}"
    address = f"https://twitter.com/{handle}/status/{_status(number, 0)}"
    if kind in (7, 8):
        title, address = f"Tweets From Keeper {number} 🗼", f"https://twitter.com/{handle}"
    elif kind == 9:
        address = f"https://example.org/essays/{number}?utm_source=letter"
    book: dict[str, Any] = {
        "user_book_id": id_,
        "is_deleted": False,
        "title": title,
        "author": f"@{handle} on Twitter" if kind != 9 else "Ada Keeper, Ibn Faro",
        "readable_title": title,
        "source": "twitter" if kind != 9 else "reader",
        "cover_image_url": f"https://pbs.twimg.com/profile_images/{number}/keeper.jpg",
        "unique_url": None,
        "summary": None,
        "book_tags": [],
        "category": "tweets" if kind != 9 else "articles",
        "document_note": None,
        "readwise_url": f"https://readwise.io/bookreview/{id_}",
        "source_url": address,
        "external_id": None,
        "asin": None,
    }
    book["highlights"] = [_highlight(random, book, number, place) for place in range(HIGHLIGHTS)]
    random.shuffle(book["highlights"])
    return book


def _highlight(random: Random, book: dict[str, Any], number: int, place: int) -> dict[str, Any]:
    id_ = _FIRST_HIGHLIGHT + number * 2 * HIGHLIGHTS + place
    moment = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T{place:02}:{number % 60:02}:44.104Z"
    link = f"https://twitter.com/keeper_{number % 997}/status/{_status(number, place)}"
    if book["category"] == "articles":
        link = f"https://read.readwise.io/read/01h{id_:023}"
    return {
        "id": id_,
        "is_deleted": False,
        "text": _text(random, id_),
        "location": place,
        "location_type": "order",
        "note": random.choice(_SENTENCES) if random.random() < 0.1 else "",
        "color": "",
        "highlighted_at": moment,
        "created_at": moment,
        "updated_at": moment,
        "external_id": None,
        "end_location": None,
        "url": link,
        "book_id": book["user_book_id"],
        "tags": [{"id": id_, "name": random.choice(_TAGS)}] if random.random() < 0.1 else [],
        "is_favorite": False,
        "is_discard": False,
        "readwise_url": f"https://readwise.io/open/{id_}",
    }


def _text(random: Random, id_: int) -> str:
    """Sentences in several scripts, often with a link or a picture, some with marks to escape."""
    parts = [f"{id_ % 8 + 1}/8"]
    start, room = random.randrange(len(_SENTENCES)), random.randint(_LENGTH // 2, _LENGTH * 3 // 2)
    while room > 0:
        parts.append(_SENTENCES[start % len(_SENTENCES)])
        room -= len(parts[-1])
        start += random.choice((0, 0, 1))
    text = " ".join(parts)
    if random.random() < 0.15:
        text += f"\n{random.choice(_LINES_WITH_MARKS)}\nso it said."
    if random.random() < 0.3:
        text += f" https://t.co/{id_ % 10**10:010}"
    if random.random() < 0.2:
        text += f" \n\n![](https://pbs.twimg.com/media/F{id_:x}_K.jpg)"
    return text


def _status(number: int, place: int) -> int:
    return _FIRST_TWEET + (number * 2 * HIGHLIGHTS + place) * 4_000_003
