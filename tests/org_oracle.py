"""What must hold of a page in Org, by Logseq's own parser, whatever the texts of its highlights are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from syncd.render.org_escape import org_lines, org_link
from syncd.vault.org import ORG
from tests import logseq_parser

# Emphasis that the text leaves open could end in each of these.
_ADDRESS = "https://x.com/a_/status/1?b=+c+&d=~e~/"
_TAIL = f"({org_link(_ADDRESS, 'View Tweet')}) #Highlight #[[2023-05-05]]"
_LINK = ["Complex", {"protocol": "https", "link": _ADDRESS.removeprefix("https://").replace("a_", "a%5F")}]
_PROPERTIES = {"title": "T", "url": "https://x.com/a_/status/1"}
_LIVE = {"Macro", "Block_ref", "Inline_Html", "Raw_Html", "Hiccup", "Inline_Hiccup", "Export_Snippet", "Custom"}
_LIVE |= {"Property_Drawer", "Directive", "Drawer", "Export", "Example", "Footnote_Definition", "Footnote_Reference"}
_LIVE |= {"Timestamp", "Target", "Radio_Target", "Comment", "Quote", "Latex_Environment", "Displayed_Math", "File"}
_LIVE |= {"Search"}
# What is live in Org and not in Markdown.
TOKENS = ["{{{m}}}", "[fn:1]", "[fn:1: x]", "<<t>>", "<<<r>>>", "#+BEGIN_SRC", "#+END_SRC", "#+BEGIN_EXAMPLE", ": x"]
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
TOKENS += ["^{x}", "CLOSED: [2023-01-01 Sun]", "%%(x)", "call_f(x)", "x :tag:", ":END:", "-----", "# comment", "[1/2]"]
TOKENS += ["|a|b|", "#+TBLFM: x", "@@html:x@@", "[[https://a.b/c.jpg]]", "<%%(x)>", "COMMENT x", "\u200b", "[ ] x"]
_BREAKS = ("Break_Line", "Hard_Break_Line")
_PER_PAGE = 8
_LINKS = Counter({"Link": 2, "Tag": 2})  # the tail's own


def problems(texts: list[str], *, plain: bool = False) -> list[tuple[str, str]]:
    """The texts that break a page or are not inert on it, each with what is wrong.

    `plain`: neither may a hashtag, a link or a picture of theirs be live.
    """
    groups = [texts[at : at + _PER_PAGE] for at in range(0, len(texts), _PER_PAGE)]
    suspects = [group for group, wrong in zip(groups, _check(groups, plain), strict=True) if wrong]
    singles = [[text] for group in suspects for text in group]
    found = [(single[0], wrong) for single, wrong in zip(singles, _check(singles, plain), strict=True) if wrong]
    return found or [(repr(group), "only together") for group in suspects]


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
    if page["properties"] != _PROPERTIES:
        yield f"page properties {page['properties']}"
    blocks = page["blocks"]
    if len(blocks) != len(texts) + 1 or page["blockCount"] != 2 * len(texts) + 1:
        yield f"{page['blockCount']} blocks"
    for text, block in zip(texts, blocks, strict=False):
        yield from _wrong_block(block, org_lines(text, _TAIL, plain=plain))
        yield from _wrong_block(block["children"][0], _note(text, plain))
        if not {"#Highlight", "#[[2023-05-05]]"} <= set(block["refs"]):
            yield f"tags lost: {block['refs']}"
    starts = [at for at, node in enumerate(tree) if node[0] == "Heading"]
    for nodes in [tree[a:b] for a, b in zip(starts[:-1:2], starts[1::2], strict=False)]:
        if not _ends_with_tail(nodes):
            yield f"link or tags broken: {nodes}"
        if plain and _links(nodes) != _LINKS:
            yield f"live: {nodes}"
    yield from _alive(tree[starts[0] :])
    if any(node[1]["tags"] for node in tree if node[0] == "Heading"):
        yield "tags of a headline"


def _alive(nodes: list[Any]) -> Iterator[str]:
    if live := _LIVE & set(_kinds(nodes)):
        yield f"live {live}: {nodes}"
    if "'checkbox'" in repr(nodes):
        yield f"checkbox: {nodes}"
    if schemes := set(re.findall(r"'protocol': '(.*?)'", repr(nodes))) - {"http", "https"}:
        yield f"links to {schemes}"


def _wrong_block(block: dict[str, Any], lines: list[str]) -> Iterator[str]:
    for key in {"marker", "priority", "heading", "properties"} & set(block):
        yield f"{key} {block[key]}"
    if live := [ref for ref in block["refs"] if ref.startswith(("((", "{{"))]:
        yield f"live {live}"
    if block["content"].strip() != "\n".join(lines).strip():
        yield f"content {block['content']!r}"


def _kinds(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _kinds(value)
    elif isinstance(node, list) and node and node[0] != "Plain":
        if isinstance(node[0], str):
            yield node[0]
        for child in node:
            yield from _kinds(child)


def _links(nodes: list[Any]) -> Counter[str]:
    return Counter(kind for kind in _kinds(nodes) if kind in _LINKS)


def _ends_with_tail(nodes: list[Any]) -> bool:
    inlines = [node for node in _last_inlines(nodes) if node[0] not in _BREAKS and node != ["Plain", " "]]
    if len(inlines) < 4:
        return False
    link, _, highlight, day = inlines[-4:]
    return (
        link[0] == "Link"
        and link[1]["url"] == _LINK
        and link[1]["label"] == [["Plain", "View Tweet"]]
        and highlight == ["Tag", [["Plain", "Highlight"]]]
        and day[0] == "Tag"
        and day[1][0][1].get("full_text") == "[[2023-05-05]]"
    )


def _last_inlines(nodes: list[Any]) -> list[Any]:
    kind, content = (nodes[-1][0], nodes[-1][1]) if len(nodes[-1]) > 1 else ("", None)
    if kind == "Paragraph":
        found = [node for node in content if node[0] not in _BREAKS and (node[0] != "Plain" or node[1].strip())]
        return content if found or len(nodes) == 1 else _last_inlines(nodes[:-1])
    if kind == "Heading":
        return list(content["title"])
    if kind == "List":
        item = content[-1]
        return _last_inlines([["List", item["items"]]] if item["items"] else item["content"])
    return []
