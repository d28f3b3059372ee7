"""What pages and their files are called, in Logseq and in Obsidian.

Three names must not be confused: a document's title (any text), a page's title (what `title::` and
links hold) and a file's name (what every disk can hold). Pure: text in, text out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Literal
from unicodedata import category, normalize
from urllib.parse import quote, unquote

from syncd.regex import regex

NameStyle = Literal["triple-lowbar", "legacy"]

FILE_NAME_BYTES = 200  # of the 255 that disks allow: a sync service's suffix must still fit
_TITLE_LENGTH, _TITLE_CUT = 50, 45  # code points, as in Readwise's own exports

_LINE_BREAKS = regex(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+ *")
_INVISIBLE = regex(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_DOUBLED = regex(r"([\[\]{}])\1+")
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_DATE = regex(
    rf"(?:{_WEEKDAY}\.?,?\s+)?(?:"
    rf"\d{{4}}[-_.]?[01]?\d[-_.]?[0-3]?\d|\d{{4}}年[01]?\d月[0-3]?\d日|"
    rf"[0-3]?\d[-_.][0-3]?\d[-_.]\d{{4}}|"
    rf"{_MONTH}\.?\s+{_DAY},?\s+\d{{4}}|{_DAY}\s+{_MONTH}\.?,?\s+\d{{4}}"
    rf")(?:,?\s+{_WEEKDAY})?",
    re.IGNORECASE,
)

_DEVICE = regex(r"(?:con|prn|aux|nul|(?:com|lpt)[1-9¹²³])", re.IGNORECASE)
_ESCAPE = regex(r"%[0-9A-Fa-f]{2}")
_BROKEN_ESCAPE = regex(r"%(?![0-9A-Fa-f]{2})")
_CUT_ESCAPE = regex(r"%[0-9A-Fa-f]?$")
_RESERVED = {
    "triple-lowbar": regex(r'[:*?"<>|#\\]+'),
    "legacy": regex(r'[:*?"<>|#\\%]+'),
}

_OBSIDIAN = str.maketrans(
    {"\\": "-", "/": "-", ":": "-", "|": "-", "[": "(", "]": ")", "<": "(", ">": ")", '"': "'"}
    | dict.fromkeys("*?#^")
)

_CONFLICT = regex(
    r"\.sync-conflict-\d{8}-\d{6}(?:-[A-Z0-9]{7})?(?:\.|$)"  # Syncthing
    # Obsidian Sync, Dropbox
    r"|\((?:.*\s)?conflicted copy\s.*\d{4}.*\)(?: \(\d+\))?(?:\.[^.()]*)?$"
    r"|\((?:[^()]*\s)?case conflict(?: \d+)?\)(?:\.[^.()]*)?$"  # Dropbox
    r"|~\d{8}-\d{6}\.[^.]+$"  # Syncthing, before 1.0
    r"|_[^_]+_[A-Z][a-z]{2}-\d{2}-\d{6}-\d{4}_Conflict\.[^.]+$"  # Synology
    r"|\(SFConflict [^()]*\d{4}(?:-\d{2}){5}\)\.[^.]+$"  # Seafile
    r"|\.Conflict(?:\.\d+)?\.[^.]+$"  # Resilio
    r"|\s\[conflicted\](?: \(\d+\))?\.[^.]+$"  # pCloud
    r"|\((?:mega conflict|conflict copy) \d{4}-\d{2}-\d{2}[^()]*\)\.[^.]+$"  # Mega, Tresorit
    r"|\.dup\.[^.]+$|\.conflict\.\d{4}-\d{2}-\d{2}[^.]*\.[^.]+$",  # Remotely Save
    re.IGNORECASE,
)
# behind a file's name: Google Drive's and iCloud's number, OneDrive's name of a device
_BESIDE = regex(r"(?: \(\d{1,2}\)| \d{1,2}|-\w+(?:-\w+)*)(?=\.[^.]+$)")


@lru_cache(maxsize=64)
def short_title(title: str) -> str:
    """The document's title as it stands in a page's title: one line, without `/`.

    As in Readwise's exports, `/` becomes `-`, and of more than 50 code points the first 45 and
    `...` are left. The result is safe in `title::` and between `[[` and `]]`, never empty, and
    never a date, which would make it a journal page.
    """
    text = _readable(_one_line(title))
    return text if len(text) <= _TITLE_LENGTH else f"{text[:_TITLE_CUT]}..."


def page_title(namespace: str, title: str, suffix: str = "") -> str:
    """A page's title: namespace, short title, and a suffix where two documents share a title.

    >>> page_title("Readwise/Highlights", "On/Off", " (2)")
    'Readwise/Highlights/On-Off (2)'
    """
    return "/".join(filter(None, [namespace.strip("/"), short_title(title) + suffix]))


def levels_title(title: str) -> str:
    """A page's title from a template: of any length, `/` between levels, safe like a short one."""
    return "/".join(
        _readable(_one_line(level)) for level in title.split("/") if level.strip()
    ) or _readable("")


def file_name(title: str, style: NameStyle, extension: str = ".md") -> str:
    """The name of the file in which Logseq expects the page `title`, of at most 200 bytes.

    The rules are Logseq's, in its order; the limit is not. A longer name is cut and ends with a
    short hash; then only the page's `title::` says its title.
    """
    body = normalize("NFC", title.removeprefix("/").removesuffix("/"))
    if style == "triple-lowbar":
        body = _ESCAPE.sub(lambda found: f"%25{found[0][1:]}", body)
    body = _RESERVED[style].sub(lambda found: quote(found[0], safe=""), body)
    if body.startswith("."):
        body = f"%2E{body[1:]}"
    if style == "legacy":
        body = body.replace("/", "%2F")
    else:
        if _DEVICE.fullmatch(body) or body.endswith("."):
            body += "/"
        for plain, escaped in (("___", "%5F%5F%5F"), ("_/", "%5F/"), ("/_", "/%5F"), ("/", "___")):
            body = body.replace(plain, escaped)
    return _fit(body, FILE_NAME_BYTES - len(extension.encode())) + extension


def title_of(stem: str, style: NameStyle) -> str:
    """The title that Logseq gives to a page without `title::`: from its file's name.

    `stem` is that name without its extension.
    """
    if style == "triple-lowbar":
        title = _ESCAPE.sub(lambda found: _decoded(found[0]), stem.replace("___", "/"))
        return normalize("NFC", "/".join(part for part in title.split("/") if part))
    title = normalize("NFC", _decoded(stem.replace(".", "/")))
    return title.removeprefix("/").removesuffix("/")


def name_key(title: str) -> str:
    """What two titles of the same page share: Logseq compares them in lower case and in NFC."""
    return title.lower() if title.isascii() else normalize("NFC", title).lower()


def file_key(path: str) -> str:
    """What two names share that are one file on a disk that ignores case and composed forms."""
    return path.lower() if path.isascii() else normalize("NFC", normalize("NFC", path).casefold())


def obsidian_name(title: str, suffix: str = "") -> str:
    """A note's file name without its extension, for every device and every link.

    What Windows, Android or Obsidian refuse in names, and what ends a link, is replaced. With `.md`
    and the suffix, for documents that share a title, it has at most 200 bytes in UTF-8.
    """
    text = _one_line(normalize("NFC", title)).translate(_OBSIDIAN)
    text = re.sub(r"\.{3,}$", "…", re.sub("%%+", "%", text))
    text = _readable(" ".join(text.split()).strip(". "))
    if _DEVICE.fullmatch(text.partition(".")[0].rstrip()):
        text = f"_{text}"
    return _fit(text, FILE_NAME_BYTES - len(f"{suffix}.md".encode())) + suffix


def is_conflict_copy(name: str) -> bool:
    """Whether a file's name is one that a sync service gave to the losing side of a conflict.

    What cannot be told from a title by its name alone is none (see `originals`).
    """
    return _CONFLICT.search(name) is not None


def originals(name: str) -> list[str]:
    """The names of files of which this one may be a copy, if they stand beside it and say the same.

    Google Drive writes `x (1).md`, iCloud `x 2.md`, OneDrive `x-DESKTOP-AB12CD3.md`.
    """
    stem, dot, extension = name.rpartition(".")
    cuts = {found.start() for found in _BESIDE.finditer(name)}
    cuts |= {at for at, char in enumerate(stem) if char == "-"} if cuts else set()
    return [f"{stem[:at]}{dot}{extension}" for at in sorted(cuts) if at]


def is_utf8(text: str) -> bool:
    """Whether a text can be written: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_date(name: str) -> bool:
    """Whether a page of this name is a day's."""
    return _DATE.fullmatch(name) is not None


def _one_line(title: str) -> str:
    """`title` without what ends a line, a property, a link or a macro, or cannot be seen."""
    text = _INVISIBLE.sub("", _LINE_BREAKS.sub(" ", title)).replace("/", "-")
    text = _DOUBLED.sub(r"\1", text).strip()
    if text.endswith("]"):  # it would be taken for the first bracket of a link's end
        before, bracket, inside = text.rstrip("] ").rpartition("[")
        text = f"{before}({inside})" if bracket else inside.rstrip()
    return text


def _readable(text: str) -> str:
    """`text`; "Untitled" where nothing of it can be seen; marked where it would be a date."""
    if not any(char not in ".…" and category(char)[0] in "LMNPS" for char in text):
        return "Untitled"
    return f"{text} (Readwise)" if _DATE.fullmatch(text) else text


def _fit(stem: str, room: int) -> str:
    """`stem` where it fits into `room` bytes, else what fits of it and a hash of the whole."""
    raw = stem.encode()
    if len(raw) <= room:
        return stem
    mark = blake2b(file_key(stem).encode(), digest_size=4).hexdigest()
    head = raw[: room - len(mark) - 1].decode(errors="ignore")
    return f"{_CUT_ESCAPE.sub('', head).rstrip(' ._')}-{mark}"


def _decoded(text: str) -> str:
    """`text` with its percent escapes decoded; unchanged where one is malformed."""
    if _BROKEN_ESCAPE.search(text):
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
