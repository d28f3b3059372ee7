"""A document as an Obsidian note, and what such a note says of its document. Pure.

A note is YAML front matter and a bullet for each highlight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import tzinfo
from unicodedata import category

from syncd.formats.companions import companions as companion_values
from syncd.formats.escape import clean, link_target
from syncd.formats.heading import heading, one_line
from syncd.formats.metadata import Metadata
from syncd.formats.obsidian_escape import obsidian_lines, stands_alone
from syncd.formats.origin import day, origin
from syncd.formats.style import USUAL, Style, block_properties
from syncd.model import Document, Highlight
from syncd.page import front_matter
from syncd.page.action_tags import shown_of
from syncd.page.blocks import Page, Property
from syncd.page.callouts import CALLOUTS, callout
from syncd.page.callouts import callouts as found_callouts
from syncd.page.front_matter import entry, front_matter_length, plain_values
from syncd.page.identity import link_key
from syncd.page.links import title_key
from syncd.page.names import name_key
from syncd.page.note import HIGHLIGHT
from syncd.page.rendered import NOTE, TAGS, Rendered
from syncd.regex import regex


def header(document: Document, title: str) -> dict[str, list[str]]:
    """The note's front matter in its order, each key with its whole lines; `title` is the note's.

    Only `author` and `tags` are lists. What has no value has no entry.
    """
    authors = filter(None, map(link_name, document.author_names))
    values: dict[str, str | list[str]] = {
        "title": title,
        "author": [f"[[{name}]]" for name in authors],
        "full-title": full_title(document) or title,
        "category": _one_line(document.category or "") or "articles",
        "url": link_target(document.source_url) or "",
        "tags": tags(document.tag_names),
        "readwise": link_target(document.readwise_url) or "",
    }
    return {key: entry(key, value) for key, value in values.items() if value}


def said(document: Document, title: str) -> Metadata:
    """What `metadata` finds in the front matter that `header` makes."""
    found = _BOOK.search(link_target(document.readwise_url) or "")
    return Metadata(
        name=name_key(title),
        url=link_key(link_target(document.source_url)),
        title=title_key(full_title(document) or title),
        book=int(found[1]) if found else None,
        is_document=True,
    )


def companions(
    document: Document, standing: Iterable[Highlight], zone: tzinfo
) -> dict[str, list[str]]:
    """The entries that go with what else is written."""
    found = companion_values(document, standing, zone)
    plain = {key: [f"{key}: {value}"] for key, value in found.items()}  # numbers and days
    return plain | ({"cover": entry("cover", found["cover"])} if "cover" in found else {})


def callouts(document: Document) -> dict[str, list[str]]:
    """The document's summary and note, as callouts below the front matter; nothing in them acts."""
    texts = zip(CALLOUTS, (document.summary, document.document_note), strict=True)
    return {
        key: callout(key, obsidian_lines(text, plain=True))
        for key, text in texts
        if text and text.strip()
    }


def properties(page: Page) -> dict[str, Property]:
    """What a note says of its document, by key: its front matter, and the callouts below it."""
    return {**front_matter.properties(page), **found_callouts(page)}


def highlight(document: Document, item: Highlight, zone: tzinfo, style: Style = USUAL) -> Rendered:
    """The block of one highlight, its block id last; its date is the day of `highlighted_at`.

    Behind a code fence the link, the tag, the date and the id stand on a line of their own. Behind
    a list, a quote or a table they are a paragraph of their own, since Obsidian would take them,
    and the children, for a part of it. `zone` is the vault's.
    """
    shown, said = shown_of(item), item.text or ""
    if shown.level:
        words = obsidian_lines(one_line(said), inline=True, plain=style.plain)
        text = [heading(words, shown.level)]
    else:
        text = obsidian_lines(said, plain=style.plain)
    date = day(item, zone)
    link = own_link(document, item)
    when = f"[[{date}]]" if date and style.date_links else date
    fields = [f"[{one}]" for one in block_properties(item, style)]
    tail = " ".join(filter(None, (link, "#Highlight", when, *fields, f"^rw-{item.id}")))
    text = with_tail(text, tail)
    names = tags(shown.tags)
    note = obsidian_lines(shown.note, inline=True, plain=style.plain)
    return Rendered(
        text,
        [f"{TAGS} {' '.join(f'#{name}' for name in names)}"] if names else None,
        [f"{NOTE} {note[0]}", *note[1:]] if any(note) else None,
    )


def own_link(document: Document, item: Highlight) -> str:
    """The highlight's link in parentheses, in which nothing runs; "" where it has none."""
    return _WOULD_RUN.sub(lambda found: f"%{ord(found[0]):02X}", origin(document, item))


def with_tail(text: list[str], tail: str) -> list[str]:
    """The lines of a text with its link and id behind them, where those belong to all of it."""
    if text[-1].startswith(("```", "~~~")):
        return [*text, tail]
    if stands_alone(text):
        return [*text, "", tail]
    return [*text[:-1], f"{text[-1]} {tail}" if text[-1] else tail]


def alias(document: Document) -> dict[str, list[str]]:
    """The entry by which a retitled document is found; its note is never renamed."""
    title = full_title(document)
    return {"aliases": entry("aliases", [title])} if title else {}


def full_title(document: Document) -> str:
    """The document's whole title on one line; "" where it has none."""
    return _one_line(document.title or "")


_WOULD_RUN = regex(r":(?=:)|%(?=%)")  # a Dataview field, a comment


def _one_line(text: str) -> str:
    return re.sub(r"[\t\n]+", " ", clean(text)) if text.strip() else ""


_IN_LINK = str.maketrans("[]<>|\\/:", "()()----", "#^")


def link_name(text: str) -> str:
    """`text` as a note's name in `[[…]]`: one line without what ends a link; may be empty."""
    return " ".join(re.sub(r"([%$])\1+", r"\1", clean(text).translate(_IN_LINK)).split())


def tags(names: Iterable[str]) -> list[str]:
    """The names as Obsidian's tags, without `#`, each once, without those that would be empty.

    A tag holds letters, marks and digits of any script, emoji, `_`, `-` and `/` between words, and
    not digits alone; anything else becomes `-`.
    """
    return list(dict.fromkeys(filter(None, map(_tag, names))))


def _tag(name: str) -> str:
    kept = "".join(char if char in "_-/" or _in_tag(char) else " " for char in clean(name))
    words = ["-".join(part.split()).strip("-") for part in kept.split("/")]
    text = "/".join(word for word in words if word)
    if not any(map(_in_tag, text)):
        return ""
    return text if any(category(char)[0] != "N" for char in text) else f"_{text}"


def _in_tag(char: str) -> bool:
    return category(char)[0] in "LMN" or category(char) == "So"


# --- reading --------------------------------------------------------------------------------------

_BOOK = regex(r"https://readwise\.io/bookreview/(\d{1,18})\b")
_FIELD = regex(
    r"[-*>]?\s*(?:\*\*)?"
    r"(Full[ -]?Title|URL|Source[ -]URL|Readwise URL|Title|ID)"
    r"(?:\*\*)?::?(?:\*\*)?\s+(\S.*)",
    re.IGNORECASE,
)
_TOP = 60  # lines in which a plugin's metadata stand
# one is in all that names a document or a highlight
_SAYING = ("full", "url", "uri", "readwise", "/index]]", "\nhighlight:")


def metadata(page: Page, title: str) -> Metadata:
    """What a note says of its document; `title` is what its file's name says.

    syncd's notes say it in their front matter; those by Readwise's plugin and by readwise-mirror
    there too, or in a list or a paragraph at their top.
    """
    top = "".join(page.lines[: max(_TOP, front_matter_length(page.lines))]).lower()
    if not any(word in top for word in _SAYING):
        return Metadata(name_key(title), None, None, None, is_document=False)
    said = {_field_key(key): value for key, value in plain_values(page).items()}
    texts = [range(at.start, at.end) for at in found_callouts(page).values()]
    for number, line in enumerate(page.lines[:_TOP]):
        if any(number in text for text in texts):
            continue  # the author's words
        field = _FIELD.match(line)
        if field:
            value = field[2].strip().removeprefix("[[").removesuffix("]]")
            said.setdefault(_field_key(field[1]), value)
    full_title = said.get("fulltitle")
    book = _book(said)
    return Metadata(
        name=name_key(title),
        url=link_key(said.get("url") or said.get("sourceurl")),
        title=title_key(full_title) if full_title else None,
        book=book,
        is_document=bool(book or full_title),
        highlight=_atom(said),
        note=None if book or full_title else _own_note(said),
    )


def _own_note(said: dict[str, str]) -> int | None:
    """The highlight's id where syncd made the note of it alone."""
    id_ = said.get(HIGHLIGHT, "")
    return int(id_) if re.fullmatch(r"\d{1,18}", id_, re.ASCII) else None


def _atom(said: dict[str, str]) -> int | None:
    """The highlight's id where readwise-atoms made the note of it alone."""
    id_ = said.get("id", "")
    is_atom = said.get("source", "").endswith("/index]]") and re.fullmatch(r"\d{1,18}", id_)
    return int(id_) if is_atom else None


def _book(said: dict[str, str]) -> int | None:
    """The document's id, from its address in Readwise, or from a field beside one of Readwise's."""
    addresses = " ".join(said.get(key, "") for key in ("readwise", "readwiseurl", "uri"))
    found = _BOOK.search(addresses)
    if found:
        return int(found[1])
    id_ = said.get("id", "")
    is_readwise = "readwise" in addresses
    return int(id_) if is_readwise and re.fullmatch(r"\d{1,18}", id_) else None


def _field_key(name: str) -> str:
    """A field's name however it is written: `full-title`, `Full Title`, `fullTitle`."""
    return re.sub("[ _-]", "", name).lower()
