"""What the oracles of Logseq's two formats ask of its parser's trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

LINKS = Counter({"Link": 2, "Tag": 2})  # those of a highlight's tail
_BREAKS = ("Break_Line", "Hard_Break_Line")
_PER_PAGE = 8


def suspects(
    texts: list[str], check: Callable[[list[list[str]]], list[str | None]]
) -> list[tuple[str, str]]:
    """The texts with which `check` finds something wrong, each with what.

    Several share a page at first.
    """
    groups = [texts[at : at + _PER_PAGE] for at in range(0, len(texts), _PER_PAGE)]
    wrong = [group for group, found in zip(groups, check(groups), strict=True) if found]
    singles = [[text] for group in wrong for text in group]
    found = [
        (single[0], reason)
        for single, reason in zip(singles, check(singles), strict=True)
        if reason
    ]
    return found or [(repr(group), "only together") for group in wrong]


def kinds(node: Any) -> Iterator[str]:
    """The names of all nodes.

    `[2023-01-01 Sun]` behind other marks is shown as a date, and is a `Day`.
    """
    if isinstance(node, dict):
        for value in node.values():
            yield from kinds(value)
    elif isinstance(node, list) and node and node[0] != "Plain":
        if node[0] == "Timestamp" and node[1][0] == "Date" and node[1][1]["active"] is False:
            yield "Day"
            return
        if isinstance(node[0], str):
            yield node[0]
        for child in node:
            yield from kinds(child)


def alive(nodes: list[Any], live: set[str]) -> Iterator[str]:
    """What is live in nodes: those of these names, checkboxes, links to anything but the web."""
    if found := live & set(kinds(nodes)):
        yield f"live {found}: {nodes}"
    items = list(_items(nodes))
    if any("checkbox" in item for item in items):
        yield f"checkbox: {nodes}"
    # in "見https://…" the scheme is the end of a word
    schemes = {item["protocol"].lower() for item in items if "protocol" in item}
    yield from (
        f"a link to {scheme}"
        for scheme in schemes
        if not scheme.endswith(("http", "https", "mailto"))
    )


def _items(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _items(child)


def links(nodes: list[Any]) -> Counter[str]:
    """How many links and hashtags there are."""
    return Counter(kind for kind in kinds(nodes) if kind in LINKS)


def ends_with_tail(nodes: list[Any], address: str) -> bool:
    """Whether a block ends with its link (to `address`, without the scheme), its hashtag and its date."""
    inlines = [
        node for node in _last_inlines(nodes) if node[0] not in _BREAKS and node != ["Plain", " "]
    ]
    match inlines[-4:]:
        case [
            ["Link", {"url": ["Complex", url], "label": [["Plain", "View Tweet"]]}],
            _,
            ["Tag", [["Plain", "Highlight"]]],
            ["Tag", [[_, {"full_text": "[[2023-05-05]]"}], *_]],
        ]:
            return bool(url == {"protocol": "https", "link": address})
    return False


def _last_inlines(nodes: list[Any]) -> list[Any]:
    kind, content = _kind_and_content(nodes[-1])
    if kind == "Paragraph":
        found = [
            node
            for node in content
            if node[0] not in _BREAKS and (node[0] != "Plain" or node[1].strip())
        ]
        return list(content) if found or len(nodes) == 1 else _last_inlines(nodes[:-1])
    if kind == "Heading":
        return list(content["title"])
    if kind == "Quote":
        return _last_inlines(content)
    if kind == "List":
        item = content[-1]
        return _last_inlines([["List", item["items"]]] if item["items"] else item["content"])
    return []


def _kind_and_content(node: list[Any]) -> tuple[str, Any]:
    return (node[0], node[1]) if len(node) > 1 else ("", None)


def shown(block: dict[str, Any], lines: list[str]) -> Iterator[str]:
    """What is wrong with a block, as the parser's tool reads it, that must say these lines.

    The tool trims them.
    """
    for key in {"marker", "priority", "heading", "properties"} & set(block):
        yield f"{key} {block[key]}"
    if live := [ref for ref in block["refs"] if ref.startswith(("((", "{{"))]:
        yield f"live {live}"
    if _trimmed(block["content"].split("\n")) != _trimmed(lines):
        yield f"content {block['content']!r}"


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(line.strip() for line in lines).strip("\n").split("\n")


def outline(
    page: dict[str, Any], properties: dict[str, str], contents: list[tuple[list[str], list[str]]]
) -> Iterator[str]:
    """What is wrong with a page that must hold these blocks, each with a note below it, and a last one."""
    if page["properties"] != properties:
        yield f"page properties {page['properties']}"
    blocks = page["blocks"]
    if len(blocks) != len(contents) + 1 or page["blockCount"] != 2 * len(contents) + 1:
        yield f"{page['blockCount']} blocks"
    for (lines, note), block in zip(contents, blocks, strict=False):
        yield from shown(block, lines)
        yield from shown(block["children"][0], note)
        if not {"#Highlight", "#[[2023-05-05]]"} <= set(block["refs"]):
            yield f"tags lost: {block['refs']}"
