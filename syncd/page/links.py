"""Which highlight a block is: by its link where it has one, else by its text. Pure.

A highlight's link stands in its block as Readwise's plugins and syncd write it: `([View
Tweet](url))`, in an Org page `([[url][View Tweet]])`. A link that the owner mentions in a sentence
of their own is not that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from syncd.page.identity import link_key
from syncd.page.names import name_key
from syncd.regex import regex

_LINK = regex(r"\[([^\[\]]*)\]\(((?i:https?)://[^\s<>]+)\)")
_ORG_LINK = regex(r"\[\[((?i:https?)://[^\s\[\]]+)\]\[([^\[\]]*)\]\]")
_LABEL = regex(r"(?:View|Open)(?: \w+){1,2}|(?:Location|Page|Time|Loc\.?) [\d,:]+|\d+:[\d:]+")
_OUR_LABELS = "([View Tweet", "([View Highlight"
_UNUSUAL = regex(r"[\s<>()\[\]]")  # in an address: where it ends is to be looked at
_SPACE = regex(r"\s")  # in labels a no-break space stands before the number
_PARENTHESIS = regex(r"[()]")
_TAIL = regex(
    r"\)?(?:\s*(?:#\[\[[^\]]*\]\]|#\S+|\[\[[^\]]*\]\]|\d{4}-\d\d-\d\d(?!\S)|\[\w+:: [^\[\]]*\]"
    r"|\^[\w-]+|%%[^%]*%%))*\s*\|?\s*\Z"
)
_PLACE = regex(r"\(\[?(Page|Location|Time)\s([\d,:]+)[\])]")
_BARE = regex(r"\{\{(?:twitter|tweet) (https?://[^\s{}]+)\}\}|(?<!\S)(https?://\S+)\s*$")
_OWN_TAGS = regex(r"(?:\s+#(?:\[\[[^\[\]]*\]\]|[^\s#\[\]]+))+\s*$")
_MARK = regex(r"#(?<!\S#)(?:Highlight(?!\w)|\[\[Highlight\]\])")
_BLOCK_ID = regex(
    r"(?:^|\s)\^(?:rw(?:hi)?-?(\d{1,18})|(\d{3,18}))(?:\s+#\S+)*\s*\Z"
    r"|%% highlight_id: (\d{1,18}) %%\s*\Z"
    r"|\A#{1,6} id(\d{3,18})(?:\s.*)?\Z",
    re.ASCII,
)
_IN_READWISE = "Open in Readwise"
_OPEN = regex(r"\]\(https://readwise\.io/open/(\d{1,18})\)", re.ASCII)
_NOT_SAID = regex(
    r"\(\[(?:[^\[\]]*\]\([^\s)]*\)|\[[^\[\]]*\]\[[^\[\]]*\]\])\)"  # the highlight's own link
    r"|\((?:Page|Location|Time)\s[\d,:]+\)"
    r"|#Highlight\b(?: \d{4}-\d\d-\d\d(?!\S))?|#\+(?:BEGIN|END)_SRC|#\[\[[^\]]*\]\]|\^rw(?:hi)?-\d+"
    r"|(?m:^(?:heading|color|favorite):: [\w-]+$)|\[(?:color|favorite):: [\w-]+\]|<[^<>]*>|\((?<=\]\()[^\s)]*\)|https?://[^\s)\]]+"
)


def is_marked(content: list[str]) -> bool:
    """Whether a block carries the `#Highlight` tag."""
    return any("Highlight" in line and _MARK.search(line) for line in content)


def place_label(content: list[str]) -> str | None:
    """The last label of a place in a block, such as `page 47`, linked or not; None without one."""
    for line in reversed(content):
        if "(" in line and (found := _PLACE.findall(line)):
            kind, number = found[-1]
            return f"{kind.lower()} {number}"
    return None


def mentioned_keys(content: list[str]) -> tuple[str, ...]:
    """The identities of addresses that have no label: at a line's end, or in a macro for tweets."""
    found = (one[1] or one[2] for line in content if "http" in line for one in _BARE.finditer(line))
    return tuple(dict.fromkeys(key for url in found if (key := link_key(url)) is not None))


def has_link(line: str) -> bool:
    """Whether a line may hold a link to the web; quick, and never False for one that does."""
    return "](h" in line or "](H" in line or "[[h" in line or "[[H" in line


def may_tell(line: str) -> bool:
    """Whether a line may say that its block is a highlight; quick, and never False for one."""
    return has_link(line) or "Highlight" in line or ("(" in line and bool(_PLACE.search(line)))


class Link(NamedTuple):
    """A link with a label and what stands around it in its line."""

    label: str
    address: str
    before: str
    behind: str

    @property
    def is_labelled(self) -> bool:
        """Whether it has one of the labels that Readwise's plugins write."""
        return _LABEL.fullmatch(_SPACE.sub(" ", self.label).strip("()")) is not None

    @property
    def is_set_off(self) -> bool:
        """Whether it stands in parentheses."""
        return self.before.endswith("(") and self.behind.startswith(")")

    @property
    def ends_its_line(self) -> bool:
        """Whether nothing but tags, dates and ids stands behind it, in a table within its cell."""
        is_row = self.before.lstrip().startswith("|")
        behind = self.behind.partition("|")[0] if is_row else self.behind
        return _TAIL.match(behind) is not None


def links_in(content: list[str]) -> list[Link]:
    """The links with a label in a block's own lines, of Markdown and of Org, in their order.

    Without those that lead to the highlight in Readwise: they say its id (see `block_id`).
    """
    return [link for line in content if has_link(line) for link in _links(line)]


def own_key(links: Sequence[Link], *, marked: bool) -> str | None:
    """The identity (see `link_key`) of the highlight that a block anywhere in a vault is, or None.

    `links` are those in the block, `marked`: whether it is (`is_marked`). The highlight's link ends
    its line, but for tags, dates and ids behind it, and has one of Readwise's labels, or in a
    marked block any label and parentheses. The last such link is the highlight's own; earlier ones
    are quoted in its text.
    """
    for link in reversed(links):
        if link.ends_its_line and (link.is_labelled or (marked and link.is_set_off)):
            return link_key(link.address)
    return None


def lone_key(content: list[str]) -> str | None:
    """The identity of a block's one link where that ends it as syncd writes it in Markdown.

    None elsewhere. A quick way to what `own_key` and `labelled_keys` find for most blocks.
    """
    before, _, behind = content[-1].rpartition("](")
    if not before.endswith(_OUR_LABELS) or before.lstrip().startswith("|"):
        return None
    text = content[0] if len(content) == 1 else "\n".join(content)
    if text.count("](") != 1 or "][" in text:
        return None
    address, end, tail = behind.partition(")")
    if not end or _UNUSUAL.search(address) or not _TAIL.match(tail):
        return None
    return link_key(address)


def readwise_keys(links: Iterable[Link]) -> tuple[str, ...]:
    """The identities of those links that have one of Readwise's labels."""
    labelled = (link for link in links if link.is_labelled)
    return tuple(dict.fromkeys(key for link in labelled if (key := link_key(link.address))))


def keys_in(content: list[str]) -> tuple[str, ...]:
    """The identities of the links in a block of a document's page that may be a highlight's own."""
    lone = lone_key(content)
    return labelled_keys(links_in(content)) if lone is None else (lone,)


def labelled_keys(links: Iterable[Link]) -> tuple[str, ...]:
    """The identities of those links that may be a highlight's own on a document's page.

    Those that have one of Readwise's labels, stand in parentheses, or end their line; in their
    order, each once.
    """
    found: dict[str, None] = {}
    for link in links:
        if link.is_labelled or link.is_set_off or link.ends_its_line:
            key = link_key(link.address)
            if key is not None:
                found.pop(key, None)  # the last place counts
                found[key] = None
    return tuple(found)


def _links(line: str) -> list[Link]:
    found: list[tuple[int, int, str, str]] = []
    for one in _LINK.finditer(line):
        address = _balanced(one[2])
        found.append((one.start(), one.start(2) + len(address) + 1, one[1], address))
    if "][" in line:
        found += [(one.start(), one.end(), one[2], one[1]) for one in _ORG_LINK.finditer(line)]
    return [
        Link(label, address, line[:start], line[end:])
        for start, end, label, address in sorted(found)
        if label != _IN_READWISE
    ]


def block_id(line: str, at_home: bool = False) -> int | None:
    """The highlight's id in a line that ends with one or is a heading of one (`### id1`).

    Lines end with an id as syncd (`^rw-1`), readwise-mirror (`^1`) and others write it. On a
    document's page, a link to the highlight in Readwise names it too.
    """
    at = line.find("^")
    if at >= 0 or "%%" in line or line.startswith("#"):
        only = at > 0 and "%%" not in line and not line.startswith("#")
        found = _BLOCK_ID.search(line, at - 1 if only else 0)  # nothing before the first can match
        if found:
            return int(found[found.lastindex or 0])
    opened = _OPEN.findall(line) if at_home and "/open/" in line else []
    return int(opened[-1]) if opened else None


def block_ids(content: list[str]) -> tuple[int, ...]:
    """The ids of the highlights that a block of a document's page says it is, each once."""
    found = (block_id(line, at_home=True) for line in content)
    return tuple(dict.fromkeys(id_ for id_ in found if id_ is not None))


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


@lru_cache(maxsize=4096)  # what is told apart by its words is compared with several others
def fingerprint(text: str) -> str:
    """The letters and digits of a text in lower case, by which it is compared.

    Markup, escapes, addresses, accents, the highlight's own link and its tags make no difference. A
    text without letters (a picture, emoji) is its own fingerprint without white space.
    """
    said = _NOT_SAID.sub("", text)
    if not said.isascii():
        said = normalize("NFD", said)
    return "".join(filter(str.isalnum, said)).lower() or "".join(text.replace("\u200b", "").split())


def untagged(text: str) -> str:
    """The fingerprint of a text without the tags at its end."""
    return fingerprint(_OWN_TAGS.sub("", text))


def title_key(title: str) -> str:
    """What a document's `full-title` is compared by: without quotes and escapes of templates."""
    return name_key(" ".join(title.replace("\\", "").replace("\u200b", "").split()).strip('"'))
