"""The values that a template may name, of a document, a highlight or a run. Pure.

Texts from the account are escaped for the page's format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from functools import partial
from typing import NamedTuple

from syncd.formats import obsidian
from syncd.formats.escape import clean, link_target, logseq_lines, logseq_name
from syncd.formats.format import Came, Format
from syncd.formats.heading import one_line
from syncd.formats.obsidian_escape import obsidian_lines, stands_alone
from syncd.formats.origin import place
from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.dates import Moment, format_date, moment
from syncd.page.identity import status_id, tweet_time
from syncd.page.names import short_title
from syncd.templates.outline import BREAK, LATER, STOP

# Readwise's names, with their values where there is nothing, which count as false in a condition.
NOTHING: dict[str, object] = {
    **dict.fromkeys(
        ("title", "full_title", "author", "category", "source", "url", "image_url"), ""
    ),
    **dict.fromkeys(
        ("summary", "document_note", "published_date", "last_highlighted_date", "date", "time"), ""
    ),
    **dict.fromkeys(("highlight_text", "highlight_note", "highlight_date", "highlight_color"), ""),
    **dict.fromkeys(
        ("highlight_location", "highlight_location_url", "highlight_id", "book_id"), ""
    ),
    "highlight_heading": "",
    "highlight_favorite": False,
    **dict.fromkeys(("document_tags", "highlight_tags", "books"), ()),
    **dict.fromkeys(("num_highlights", "num_books"), 0),
    "is_new_page": True,
    "has_new_highlights": True,
}


class Words(NamedTuple):
    """How text from the account is escaped for a template.

    `text`: of many lines (True: behind other words); `line`: on one line; `name`: for `[[…]]`;
    `tags`: each as a tag's name; `url`: as an address, "" where it is none.
    """

    text: Callable[[str, bool], str]
    line: Callable[[str], str]
    name: Callable[[str], str]
    tags: Callable[[Iterable[str]], list[str]]
    url: Callable[[str | None], str]


class Clock(NamedTuple):
    """The run's start, the vault's zone, and how a day is shown where a template does not say."""

    now: datetime
    zone: tzinfo
    show: Callable[[date], str] = date.isoformat

    def at(self, when: str | datetime | None) -> Moment | str:
        """A moment for templates; "" where there is none."""
        return moment(when, self.zone, self.show)


def document_values(document: Document, words: Words, clock: Clock) -> dict[str, object]:
    """The values of a document. `date` and `time` are those of the run."""
    times = _highlight_times(document)
    return {
        **NOTHING,
        "title": words.line(short_title(document.title or "")),
        "full_title": words.line(document.title or "") or short_title(""),
        "author": ", ".join(filter(None, map(words.name, document.author_names))),
        "category": words.name(next(iter(obsidian.tags([document.category or ""])), "articles")),
        "source": words.name(document.source or ""),
        "url": words.url(document.source_url),
        "image_url": words.url(document.cover_image_url),
        "document_tags": words.tags(document.tag_names),
        "document_note": words.text(document.document_note or "", True),
        "summary": words.text(document.summary or "", True),
        "book_id": document.id,
        "published_date": _published(document, clock),
        "last_highlighted_date": clock.at(max(times, default="")),
        "num_highlights": len(times),
        **_date_and_time(clock.at(clock.now)),
    }


def _highlight_times(document: Document) -> list[str]:
    """When each highlight that is not deleted was made, in ISO 8601, "" where that is not known."""
    return [item.highlighted_at or "" for item in document.highlights if not item.is_deleted]


def _published(document: Document, clock: Clock) -> Moment | str:
    """When a tweet was posted; "" for any other document."""
    status = status_id(document.source_url)
    return clock.at(tweet_time(status)) if status else ""


def highlight_values(
    document: Document, item: Highlight, words: Words, clock: Clock, inline: tuple[bool, bool]
) -> dict[str, object]:
    """The values of a highlight, beside those of its document.

    `inline`: whether its text, and its note, stand behind other words. `date` and `time` are the
    highlight's own: a block must be the same whenever it is rendered.
    """
    label, url = place(document, item)
    when = clock.at(item.highlighted_at)
    shown, text = shown_of(item), item.text or ""
    return {
        **document_values(document, words, clock),
        "highlight_heading": "#" * shown.level,
        "highlight_text": words.text(one_line(text) if shown.level else text, inline[0]),
        "highlight_note": words.text(shown.note, inline[1]),
        "highlight_tags": words.tags(shown.tags),
        "highlight_location": label,
        "highlight_location_url": words.url(url) or url,
        "highlight_date": when,
        "highlight_color": words.name(item.color or ""),
        "highlight_favorite": bool(item.is_favorite),
        "highlight_id": item.id,
        **_date_and_time(when),
    }


def run_values(came: Sequence[Came], words: Words, clock: Clock) -> dict[str, object]:
    """The values of a run: how many highlights it brought, and onto which pages."""
    books = [
        {
            "title": one.title,
            "author": words.name(one.author),
            "num_highlights_added": one.highlights,
        }
        for one in came
    ]
    return {
        **NOTHING,
        "num_highlights": sum(one.highlights for one in came),
        "num_books": len(books),
        "books": books,
        **_date_and_time(clock.at(clock.now)),
    }


def _date_and_time(when: Moment | str) -> dict[str, object]:
    return {"date": when, "time": format_date(when, "g:i A") if when else ""}


# --- the formats ----------------------------------------------------------------------------------


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _joined(lines: list[str], ends: str = "") -> str:
    """A value of many lines, none of which begins a block; `ends` is a mark to put behind it."""
    text = f"{BREAK}\n".join(lines) + ends
    return text + STOP if text.endswith("\\") else text


def _is_fenced(lines: list[str]) -> bool:
    return lines[-1].startswith(("```", "~~~"))


def _logseq_text(text: str, inline: bool, *, plain: bool = False) -> str:
    lines = logseq_lines(text, inline=inline, plain=plain)
    return _joined(lines, LATER if _is_fenced(lines) else "")


def _logseq_line(text: str, *, plain: bool = False) -> str:
    return re.sub(
        r"(?<!\\)#", r"\\#", " ".join(logseq_lines(_one_line(text), inline=True, plain=plain))
    )


def _obsidian_text(text: str, inline: bool, *, plain: bool = False) -> str:
    lines = obsidian_lines(text, inline=inline, plain=plain)
    alone = f"{BREAK}\n{LATER}" if stands_alone(lines) else ""
    return _joined(lines, LATER if _is_fenced(lines) else alone)


def _obsidian_line(text: str, *, plain: bool = False) -> str:
    return " ".join(obsidian_lines(_one_line(text), inline=True, plain=plain))


def words_of(form: Format) -> Words:
    """How text from the account is escaped for templates of this format."""
    plain = form.style.plain
    if form.block_ids:
        text, line = partial(_obsidian_text, plain=plain), partial(_obsidian_line, plain=plain)
        return _OBSIDIAN._replace(text=text, line=line)
    text, line = partial(_logseq_text, plain=plain), partial(_logseq_line, plain=plain)
    return _LOGSEQ._replace(text=text, line=line)


_LOGSEQ = Words(
    _logseq_text,
    _logseq_line,
    logseq_name,
    lambda names: [name for name in map(logseq_name, names) if name],
    lambda url: link_target(url) or "",
)
_OBSIDIAN = Words(
    _obsidian_text,
    _obsidian_line,
    obsidian.link_name,
    obsidian.tags,
    lambda url: re.sub(
        r":(?=:)|%(?=%)", lambda found: f"%{ord(found[0]):02X}", link_target(url) or ""
    ),
)


def _without_slashes(text: str) -> str:
    return _one_line(text).replace("/", "-")


# For a page's name, which is escaped as a whole. A slash makes a level of the name only where the
# template has one.
NAME = Words(
    lambda text, _inline: _without_slashes(text),
    _without_slashes,
    _without_slashes,
    lambda names: list(map(_without_slashes, names)),
    lambda url: (link_target(url) or "").replace("/", "-"),
)
