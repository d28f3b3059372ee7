"""What the oracles of Logseq's two formats ask of its parser's trees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

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
    yield from fences(nodes)
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
    """Whether a block ends with its link (to `address`, no scheme), its hashtag and its date."""
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
    """What is wrong with a page of these blocks, each with a note below it, and a last one."""
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


# Fences that the app or a plugin of it draws or runs; clojure and its kin only with options.
_DRAWN = re.compile(
    r"(?i)\W*(calc|query|mermaid|plantuml|dataview|kroki|echarts|excalidraw|renderer)"
)


def fences(node: Any) -> Iterator[str]:
    """What a code fence would do: it has options, or a language that something draws or runs."""
    if isinstance(node, list) and node[:1] == ["Src"]:
        code = node[1]
        if code.get("options") or _DRAWN.match(code.get("language") or ""):
            yield f"a fence of {code.get('language')} with {code.get('options')}"
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from fences(child)


def words(text: str) -> str:
    """The letters, digits and backslashes of a text, percent-encoded ones decoded."""
    return letters(unquote(text))


def letters(text: str) -> str:
    """The letters, digits and backslashes of a text."""
    return "".join(one for one in text if one.isalnum() or one == "\\")


_OTHER_WORDS = re.compile(r"(?i)<(?:img|a|video)\b|\]\(\s*<|[\[<]\d+-\d+-\d+ |\[\d+[/%]|&")


def unsaid(text: str, nodes: list[Any], tail: str) -> str | None:
    """What differs between a text and what these nodes show of it and its tail.

    Nothing where the text holds HTML, dates or cookies, which are shown in words of their own.
    """
    # In what swallows a link whole, its address stands before its label.
    written, shown = text + tail, said(nodes)
    same = sorted(letters(written)) == sorted(letters(shown))
    if same or sorted(words(written)) == sorted(words(shown)) or _OTHER_WORDS.search(text):
        return None
    return f"reads {words(shown)!r}"


def said(node: Any) -> str:
    """All that a reader sees of these nodes, a link's address behind its label."""
    if isinstance(node, str | int | float):
        return str(node)
    if isinstance(node, dict):
        return "".join(said(node[key]) for key in _SHOWN if node.get(key) is not None)
    if not isinstance(node, list):
        return ""
    if node and isinstance(node[0], str) and node[0] in _SAID:
        return _SAID[node[0]](*node[1:])
    return "".join(map(said, node))


# The parts of a list's item, a heading, a table and a fence that are seen, in their order
_SHOWN: tuple[str, ...] = ("number", "name", "title", "content", "items", "header", "groups")
_SHOWN += ("language", "options", "lines")


def _link(link: dict[str, Any]) -> str:
    kind, target = link["url"]
    address = f"{target['protocol']}://{target['link']}" if kind == "Complex" else target
    label, title = said(link["label"]), link.get("title") or ""
    return address if label == address else f"{label}{address}{title}"


_SAID: dict[str, Callable[..., str]] = {
    "Link": _link,
    "Nested_link": lambda link: link["content"],
    "Emphasis": lambda parts: f"*{said(parts[1])}*",
    "Latex_Fragment": lambda math: f"${math[1]}$",
    "Subscript": lambda parts: f"_{said(parts)}",
    "Superscript": lambda parts: f"^{said(parts)}",
    "Displayed_Math": said,
    "Latex_Environment": lambda name, _options, content: f"\\begin{name}{content}\\end{name}",
    "Cookie": lambda cookie: "".join(map(str, cookie[1:])),
    "Email": lambda mail: mail["local_part"] + mail["domain"],
    "Src": said,
    "Entity": lambda entity: entity["unicode"],
}
_SAID |= dict.fromkeys(("Break_Line", "Hard_Break_Line", "Horizontal_Rule"), lambda *_: "\n")
_SAID |= dict.fromkeys(("Plain", "Code", "Verbatim"), str)
_BLOCKS = ("Paragraph", "Quote", "List", "Table", "Heading")
_INLINES = ("Tag", "Label")
_SAID |= dict.fromkeys(_BLOCKS + _INLINES, lambda *parts: "".join(map(said, parts)) + "\n")
