"""Which highlight a block is: by its link where it has one, else by what it says. Pure.

A highlight's link stands in its block as Readwise's plugins and syncd write it: `([View
Tweet](url))`, in an Org page `([[url][View Tweet]])`. A link that the owner mentions in a sentence
of their own is not that.
"""

from __future__ import annotations

import re
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
    r"(?:^|\s)\^(?:rw(?:hi)?-?(\d{1,18})|(\d{3,18}))(?:\s+#\S+)*\s*\Z|%% highlight_id: (\d{1,18}) %%\s*\Z"
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
    """Whether a line may hold a link to the web: a quick look."""
    return "](h" in line or "](H" in line or "[[h" in line or "[[H" in line


def block_key(content: list[str], at_home: bool) -> str | None:
    """The identity (see `link_key`) of the highlight that a block is, or None.

    `content` are the block's own lines; `at_home` says whether its page is a document's, where the
    link counts wherever it stands in the block. The last such link is the highlight's own; earlier
    ones are quoted in its text.
    """
    marked: bool | None = None
    for number in range(len(content) - 1, -1, -1):
        line = content[number]
        if not has_link(line):
            continue
        marked = is_marked(content) if marked is None else marked
        for label, url, org in reversed(_links(line)):
            if label == _IN_READWISE:
                continue  # it says the id
            address = url if org else _balanced(url)
            known = _LABEL.fullmatch(label.strip("()")) is not None
            if known and at_home:
                return link_key(address)
            link = f"[[{address}][{label}]]" if org else f"[{label}]({address})"
            if not known and not (marked and f"({link})" in line):
                continue
            behind = line.rpartition(link)[2]
            last = number == len(content) - 1 and _TAIL.match(behind) is not None
            if marked or at_home or last:
                return link_key(address)
    return None


def _links(line: str) -> list[tuple[str, str, bool]]:
    """The links with a label in their order.

    Label, address, and whether it is written as in Org.
    """
    if "][" not in line:
        return [(label, url, False) for label, url in _LINK.findall(line)]
    found = [(one.start(), one[1], one[2], False) for one in _LINK.finditer(line)]
    found += [(one.start(), one[2], one[1], True) for one in _ORG_LINK.finditer(line)]
    return [(label, url, org) for _, label, url, org in sorted(found)]


def block_id(line: str, at_home: bool = False) -> int | None:
    """The highlight's id in a line that ends with one, as syncd (`^rw-1`), readwise-mirror (`^1`) and others do.

    Or in a heading (`### id1`); on a document's page also in a link to the highlight in Readwise.
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
    """What a text says, without the ways to write it: letters and digits alone, in lower case.

    Markup, escapes, addresses, marks above letters, the highlight's own link and its tags make no
    difference. A text without letters (a picture, emoji) is its own fingerprint without white
    space.
    """
    said = _NOT_SAID.sub("", text)
    if not said.isascii():
        said = normalize("NFD", said)
    return "".join(filter(str.isalnum, said)).lower() or "".join(text.replace("\u200b", "").split())


def title_key(title: str) -> str:
    """What a document's `full-title` is compared by.

    Some templates put it in quotes, some escape it.
    """
    return name_key(" ".join(title.replace("\\", "").replace("\u200b", "").split()).strip('"'))
