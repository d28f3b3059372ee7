"""What must hold of a page in Org, by Logseq's own parser, whatever its highlights say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from syncd.formats.org_escape import org_lines, org_link
from syncd.page.org import ORG
from tests.support import logseq_parser, mldoc_tree

# Emphasis that the text leaves open could end in each of these.
_ADDRESS = "https://x.com/a_/status/1?b=+c+&d=~e~/"
_TAIL = f"({org_link(_ADDRESS, 'View Tweet')}) #Highlight #[[2023-05-05]]"
_SHOWN_TAIL = f"View Tweet {_ADDRESS} Highlight 2023-05-05"
_NO_WORDS = re.compile(
    r"!\[|\]\([^)]*\""
)  # what Org shows no words of: a picture's, a link's title
_LINK = _ADDRESS.removeprefix("https://").replace("a_", "a%5F")
_PROPERTIES = {"title": "T", "url": "https://x.com/a_/status/1"}
LIVE = {
    "Macro",
    "Block_ref",
    "Inline_Html",
    "Raw_Html",
    "Hiccup",
    "Inline_Hiccup",
    "Export_Snippet",
    "Custom",
}
LIVE |= {
    "Property_Drawer",
    "Directive",
    "Drawer",
    "Export",
    "Example",
    "Footnote_Definition",
    "Footnote_Reference",
}
LIVE |= {
    "Timestamp",
    "Target",
    "Radio_Target",
    "Comment",
    "Quote",
    "Latex_Environment",
    "Displayed_Math",
    "File",
}
LIVE |= {"Search", "Day"}
# What is live in Org and not in Markdown.
TOKENS = [
    "{{{m}}}",
    "[fn:1]",
    "[fn:1: x]",
    "<<t>>",
    "<<<r>>>",
    "#+BEGIN_SRC",
    "#+END_SRC",
    "#+BEGIN_EXAMPLE",
    ": x",
]
TOKENS += [
    "** x",
    "*** ",
    "[[https://a.b][c]]",
    "[[file:x]]",
    "[[x][y]]",
    "\\alpha",
    "/x/",
    "=x=",
    "~x~",
    "+x+",
    "_{x}",
]
TOKENS += [
    "^{x}",
    "CLOSED: [2023-01-01 Sun]",
    "%%(x)",
    "call_f(x)",
    "x :tag:",
    ":END:",
    "-----",
    "# comment",
    "[1/2]",
]
TOKENS += [
    "|a|b|",
    "#+TBLFM: x",
    "@@html:x@@",
    "[[https://a.b/c.jpg]]",
    "<%%(x)>",
    "COMMENT x",
    "\u200b",
    "[ ] x",
]


def problems(texts: list[str], *, plain: bool = False) -> list[tuple[str, str]]:
    """The texts that break a page or are not inert on it, each with what is wrong.

    `plain`: neither may a hashtag, a link or a picture of theirs be live.
    """
    return mldoc_tree.suspects(texts, lambda groups: _check(groups, plain))


def _check(groups: list[list[str]], plain: bool) -> list[str | None]:
    if not groups:
        return []
    pages = ["\n".join(_page(group, plain)) for group in groups]
    trees = logseq_parser.syntax(pages, "Org")
    return [
        next(_wrong(group, page, tree, plain), None)
        for group, page, tree in zip(groups, logseq_parser.pages(pages, "org"), trees, strict=True)
    ]


def _page(texts: list[str], plain: bool) -> Iterator[str]:
    yield ":PROPERTIES:"
    yield from (f":{key}: {value}" for key, value in _PROPERTIES.items())
    yield ":END:"
    for text in texts:
        yield from ORG.bullet(org_lines(text, _TAIL, plain=plain), "")
        yield from ORG.bullet(_note(text, plain), "*")
    yield "* the end"


def _note(text: str, plain: bool) -> list[str]:
    first, *others = org_lines(text, inline=True, plain=plain)
    return [f"*Note*: {first}".rstrip(), *others]


def _wrong(texts: list[str], page: dict[str, Any], tree: list[Any], plain: bool) -> Iterator[str]:
    contents = [(org_lines(text, _TAIL, plain=plain), _note(text, plain)) for text in texts]
    yield from mldoc_tree.outline(page, _PROPERTIES, contents)
    starts = [at for at, node in enumerate(tree) if node[0] == "Heading"]
    mains = [tree[a:b] for a, b in zip(starts[:-1:2], starts[1::2], strict=False)]
    for text, nodes in zip(texts, mains, strict=False):
        if other := mldoc_tree.unsaid(_NO_WORDS.sub("<a ", text), nodes, _SHOWN_TAIL):
            yield other
        if not mldoc_tree.ends_with_tail(nodes, _LINK):
            yield f"link or tags broken: {nodes}"
        if plain and mldoc_tree.links(nodes) != mldoc_tree.LINKS:
            yield f"a link too many: {nodes}"
    yield from mldoc_tree.alive(tree[starts[0] :], LIVE)
    if any(node[1]["tags"] for node in tree if node[0] == "Heading"):
        yield "tags of a headline"
