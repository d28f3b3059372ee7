"""Which highlight a block is: by its link where it has one, else by its text. Pure.

A highlight's link stands in its block as Readwise's plugins and syncd write it: `([View
Tweet](url))`, in an Org page `([[url][View Tweet]])`. A link that the owner mentions in a sentence
of their own is not that.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import normalize

from syncd.page.identity import link_key
from syncd.page.names import name_key

_LINK = re.compile(r"\[([^\[\]]*)\]\(((?i:https?)://[^\s<>]+)\)")
_ORG_LINK = re.compile(r"\[\[((?i:https?)://[^\s\[\]]+)\]\[([^\[\]]*)\]\]")
_LABEL = re.compile(r"(?:View|Open)(?: \w+){1,2}|(?:Location|Page|Time|Loc\.?) [\d,:]+|\d+:[\d:]+")
_PARENTHESIS = re.compile(r"[()]")
_TAIL = re.compile(r"\)?(?:\s*(?:#\[\[[^\]]*\]\]|#\S+|\[\[[^\]]*\]\]|\^[\w-]+))*\s*\Z")
_MARK = re.compile(r"#(?<!\S#)(?:Highlight(?!\w)|\[\[Highlight\]\])")
_BLOCK_ID = re.compile(
    r"(?:^|\s)\^(?:rw(?:hi)?-?(\d{1,18})|(\d{3,18}))(?:\s+#\S+)*\s*\Z"
    r"|%% highlight_id: (\d{1,18}) %%\s*\Z"
    r"|\A#{1,6} id(\d{3,18})\s*\Z",
    re.ASCII,
)
_IN_READWISE = "Open in Readwise"
_OPEN = re.compile(r"\]\(https://readwise\.io/open/(\d{1,18})\)", re.ASCII)
_NOT_SAID = re.compile(
    r"\(\[(?:[^\[\]]*\]\([^\s)]*\)|\[[^\[\]]*\]\[[^\[\]]*\]\])\)"  # the highlight's own link
    r"|\((?:Page|Location) [\d,]+\)"
    r"|#Highlight\b|#\+(?:BEGIN|END)_SRC|#\[\[[^\]]*\]\]|\^rw(?:hi)?-\d+"
    r"|<[^<>]*>|\((?<=\]\()[^\s)]*\)|https?://[^\s)\]]+"
)


def is_marked(content: list[str]) -> bool:
    """Whether a block carries the `#Highlight` tag."""
    return any("Highlight" in line and _MARK.search(line) for line in content)


def has_link(line: str) -> bool:
    """Whether a line may hold a link to the web; quick, and never False for one that does."""
    return "](h" in line or "](H" in line or "[[h" in line or "[[H" in line


class _Link(NamedTuple):
    """A link with a label: `written` is how it stands in its line."""

    label: str
    address: str
    written: str


def block_key(content: list[str], at_home: bool) -> str | None:
    """The identity (see `link_key`) of the highlight that a block is, or None.

    `content` are the block's own lines; `at_home` says whether its page is a document's, where the
    link counts wherever it stands in the block. The last such link is the highlight's own; earlier
    ones are quoted in its text.
    """
    if not any(map(has_link, content)):
        return None
    marked, is_last = is_marked(content), True
    for line in reversed(content):
        for link in reversed(_links(line)):
            if _is_own_link(link, line, marked=marked, at_home=at_home, is_last=is_last):
                return link_key(link.address)
        is_last = False
    return None


def _is_own_link(link: _Link, line: str, *, marked: bool, at_home: bool, is_last: bool) -> bool:
    """Whether a link is its block's own: by its label, its place, and whether the block is marked.

    `is_last`: whether its line is the block's last one.
    """
    if link.label == _IN_READWISE:  # its address names the highlight's id (see block_id)
        return False
    if _LABEL.fullmatch(link.label.strip("()")):
        if at_home or marked:
            return True
        return is_last and _TAIL.match(line.rpartition(link.written)[2]) is not None
    return marked and f"({link.written})" in line


def _links(line: str) -> list[_Link]:
    """The links with a label, of Markdown and of Org, in their order."""
    if not has_link(line):
        return []
    found: list[tuple[int, _Link]] = []
    for one in _LINK.finditer(line):
        address = _balanced(one[2])
        found.append((one.start(), _Link(one[1], address, f"[{one[1]}]({address})")))
    if "][" in line:
        found += [(one.start(), _Link(one[2], one[1], one[0])) for one in _ORG_LINK.finditer(line)]
    return [link for _, link in sorted(found)]


def block_id(line: str, at_home: bool = False) -> int | None:
    """The highlight's id in a line that ends with one or is a heading of one (`### id1`).

    Lines end with an id as syncd (`^rw-1`), readwise-mirror (`^1`) and others write it. On a
    document's page, a link to the highlight in Readwise names it too.
    """
    if "^" in line or "%%" in line or line.startswith("#"):
        found = _BLOCK_ID.search(line)
        if found:
            return int(found[found.lastindex or 0])
    opened = _OPEN.findall(line) if at_home and "/open/" in line else []
    return int(opened[-1]) if opened else None


def id_key(id_: int) -> str:
    """The name under which the vault's index keeps a highlight that is known by its id."""
    return f"rw:{id_}"


def _balanced(url: str) -> str:
    """Cut a greedy match at the parenthesis that ends the link: `a_(b))) #x(` -> `a_(b)`."""
    depth = 0
    for mark in _PARENTHESIS.finditer(url):
        depth += 1 if mark[0] == "(" else -1
        if depth < 0:
            return url[: mark.start()]
    return url


def fingerprint(text: str) -> str:
    """The letters and digits of a text in lower case, by which it is compared.

    Markup, escapes, addresses, accents, the highlight's own link and its tags make no difference. A
    text without letters (a picture, emoji) is its own fingerprint without white space.
    """
    said = _NOT_SAID.sub("", text)
    if not said.isascii():
        said = normalize("NFD", said)
    return "".join(filter(str.isalnum, said)).lower() or "".join(text.replace("\u200b", "").split())


def title_key(title: str) -> str:
    """What a document's `full-title` is compared by: without quotes and escapes of templates."""
    return name_key(" ".join(title.replace("\\", "").replace("\u200b", "").split()).strip('"'))
