"""How other programs write a document's page, as data: one table for each program and template.

A dialect's `signs` all stand on its pages. How a highlight's block ends is alike in all of them:
a link or a place, a color, marks, an id, each where the program has it (`BLOCK`). In labels a blank
is a no-break space on every page that Readwise's plugins wrote; what syncd writes is read too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from syncd.regex import regex

# What the children that hold tags and a note begin with, besides what syncd writes.
TAG_LABELS = ("**Tags**:", "**Tags:**", "Tags:")
NOTE_LABELS = ("**Note**:", "**Note:**", "Note:")

_LABEL = r"(?:View|Open)(?:\s\w+){1,2}|(?:Location|Page|Time|Loc\.?)\s[\d,:]+|[\d,:]+"
_LINK = (
    rf"\(\[(?:{_LABEL})\]\((?:https?://\S+)?\)\)"
    rf"|\(\[\[https?://[^\s\[\]]+\]\[(?:{_LABEL})\]\]\)"
)
_PLACE = r"\((?:Page|Location|Time)\s[\d,:]+\)"
_COLOR = r"%% Color: [^%]*%%"
_MARKS = r"#Highlight(?:\s+(?:#?\[\[[^\[\]]*\d[^\[\]]*\]\]|\d{4}-\d\d-\d\d(?!\S)))?"
_FIELDS = r"(?:\s*\[(?:color|favorite):: [\w-]+\])*"
_ID = r"\^(?:rw(?:hi)?-?)?\d+|%% highlight_id: \d+ %%"

# A block's content: the highlight's text, then in this order what a program may put behind it.
BLOCK = regex(
    rf"(?P<text>.*?)(?:\s*(?:{_LINK}|{_PLACE}))?(?:\s*{_COLOR})?(?:\s*{_MARKS})?{_FIELDS}(?:\s*(?:{_ID}))?\s*",
    re.DOTALL,
)


class Paragraphs(NamedTuple):
    """How highlights stand that are paragraphs and no bullets.

    The first is below a line that `begins` them. Each one's last line ends with its `ids`; tags and
    a note follow, behind a blank line where there is a `gap`, and all of it ends where `ends`
    matches the rest of the page.
    """

    begins: re.Pattern[str]
    ids: re.Pattern[str]
    ends: re.Pattern[str]
    gap: bool


class Dialect(NamedTuple):
    """How a program writes a document's page with a template, or a family of templates.

    A text in it holds `words`, which are quickly looked for, and all of its `signs`. `tags` and
    `note` are what it puts before them. `stock`: whether the template is Readwise's own, which
    syncd has too; `is_ours`: whether syncd's own pages look like that.
    """

    program: str
    template: str
    words: str
    signs: tuple[re.Pattern[str], ...]
    tags: str
    note: str
    paragraphs: Paragraphs | None = None
    stock: bool = False
    is_ours: bool = False


def _lines(pattern: str) -> re.Pattern[str]:
    return regex(pattern, re.MULTILINE)


_LOGSEQ, _OBSIDIAN = "Readwise's plugin for Logseq", "Readwise's plugin for Obsidian"
_LOGSEQ_PAGE = _lines(r"\A(?:\S+:: .*\n)*full-title:: ")
_AN_ID = r"(?:^|\s)\^\d{3,18}\s*$"
_MIRROR_IDS = regex(_AN_ID, re.ASCII)
_RULE = regex(r"---[ \t]*\r?(?:\n|\Z)")
_MIRROR = Paragraphs(regex(r"# Highlights\s*$"), _MIRROR_IDS, _RULE, gap=True)
_A_COMMENT = r"%% highlight_id: \d{1,18} %%\s*$"
_COMMENTS = regex(_A_COMMENT, re.ASCII)

DIALECTS = (
    Dialect(
        _LOGSEQ,
        "its stock template",
        "full-title:: ",
        (
            _lines(r"\A(?:\S+:: .*\n)*full-title:: \""),
            _lines(r"^\s*- (?:Highlights first synced by \[\[Readwise|New highlights added \[\[)"),
        ),
        "**Tags**:",
        "**Note**:",
        stock=True,
    ),
    Dialect(
        _LOGSEQ,
        "a template like syncd's own",
        "full-title:: ",
        (_LOGSEQ_PAGE, _lines(r" #Highlight #\[\[")),
        "**Tags**:",
        "**Note**:",
        is_ours=True,
    ),
    Dialect(
        _LOGSEQ,
        "a template of its owner's",
        "full-title:: ",
        (_LOGSEQ_PAGE,),
        "**Tags**:",
        "**Note**:",
    ),
    Dialect(
        _OBSIDIAN,
        "a template with ids",
        "- Full Title: ",
        (
            _lines(r"^- Full Title: "),
            _lines(r"^### id\d+\s*$|(?:^|\s)\^rw(?:hi-?)?\d+|\]\(https://readwise\.io/open/\d"),
        ),
        "Tags:",
        "Note:",
    ),
    Dialect(
        _OBSIDIAN,
        "its stock template",
        "- Full Title: ",
        (_lines(r"^## Metadata\s*$"), _lines(r"^- Full Title: "), _lines(r"^## Highlights\s*$")),
        "Tags:",
        "Note:",
        stock=True,
    ),
    Dialect(
        "readwise-mirror",
        "front matter with the address in Readwise",
        "readwise.io/bookreview/",
        (
            _lines(r"\A---\r?\n(?:(?!---).*\n)*?uri: .*readwise\.io/bookreview/\d"),
            _lines(r"^# Highlights\s*$"),
            _lines(_AN_ID),
        ),
        "Tags:",
        "Note:",
        _MIRROR,
    ),
    Dialect(
        "readwise-mirror",
        "front matter with the id",
        "# Highlights",
        (
            _lines(r"\A---\r?\n(?:(?!---).*\n)*?id: \d"),
            _lines(r"^# Highlights\s*$"),
            _lines(_AN_ID),
        ),
        "Tags:",
        "Note:",
        _MIRROR,
    ),
    Dialect(
        "readwise-mirror",
        "no front matter",
        "Readwise URL: ",
        (
            _lines(r"^Readwise URL: https://readwise\.io/bookreview/\d"),
            _lines(r"^# Highlights\s*$"),
            _lines(_AN_ID),
        ),
        "Tags:",
        "Note:",
        _MIRROR,
    ),
    Dialect(
        "obsidian-readwise",
        "its own template",
        "- **URL:** ",
        (_lines(r"^- \*\*URL:\*\* "), _lines(_A_COMMENT)),
        "Tags:",
        "Note:",
        Paragraphs(_RULE, _COMMENTS, regex(r"[ \t]*\r?\n[ \t]*\r?(?:\n|\Z)"), gap=False),
    ),
    Dialect(
        "readwise-atoms",
        "a note for each highlight",
        "/index]]",
        (_lines(r"\A---\r?\n(?:(?!---).*\n)*?id: \d"), _lines(r"^source: .*\[\[.*/index\]\]")),
        "Tags:",
        "Note:",
    ),
)


def dialect_of(text: str) -> Dialect | None:
    """In which program's manner, and by which template, a page's text is written.

    None if in none.
    """
    for dialect in DIALECTS:
        if dialect.words in text and all(sign.search(text) for sign in dialect.signs):
            return dialect
    return None
