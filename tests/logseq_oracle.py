"""What must hold of a page, by Logseq's own parser, whatever the texts of its highlights are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from syncd.render.escape import clean, from_html, logseq_lines, logseq_unescape
from syncd.vault.parse import bullet
from tests import logseq_parser

# A handle that ends in an underscore: emphasis that the text leaves open would end here.
_ADDRESS = "https://x.com/a_/status/1"
_TAIL = f"([View Tweet]({_ADDRESS})) #Highlight #[[2023-05-05]]"
_PROPERTIES = {"title": "T", "url": "https://x.com/a_/status/1"}
_LIVE = {"Macro", "Block_ref", "Inline_Html", "Raw_Html", "Hiccup", "Inline_Hiccup", "Export_Snippet", "Custom"}
_LIVE |= {"Property_Drawer", "Directive", "Drawer", "Export", "Example", "Footnote_Definition", "Timestamp"}
_LIVE |= {"Footnote_Reference", "Entity", "Search", "File"}
_WEB = re.compile(r".*https?|mailto", re.IGNORECASE | re.DOTALL).fullmatch  # in "見https://…" it is the end of a word
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


def round_trip(text: str) -> str | None:
    """What is wrong with the escapes of `text` by themselves: words lost, or a backslash set twice."""
    lines = logseq_lines(text)
    plain = clean(from_html(text.strip())).strip()
    if "\\" not in plain and logseq_unescape(lines) != plain:
        return f"reads back as {logseq_unescape(lines)!r}"
    again = logseq_lines("\n".join(lines))
    return None if again == lines else f"escaped twice: {again}"


def _check(groups: list[list[str]], plain: bool) -> list[str | None]:
    if not groups:
        return []
    pages = ["\n".join(_page(group, plain)) for group in groups]
    # When the app shows a block it parses its content alone, without the indent.
    alone = logseq_parser.syntax(["- " + "\n".join(_with_tail(text, plain)) for group in groups for text in group])
    results = []
    for group, page, tree in zip(groups, logseq_parser.pages(pages), logseq_parser.syntax(pages), strict=True):
        shown = [alone.pop(0) for _ in group]
        results.append(next(_wrong(group, page, tree, shown, plain), None))
    return results


def _page(texts: list[str], plain: bool) -> Iterator[str]:
    yield from (f"{key}:: {value}" for key, value in _PROPERTIES.items())
    for text in texts:
        yield from bullet(_with_tail(text, plain), "")
        yield from bullet(_note(text, plain), "\t")
    yield "- the end"


def _with_tail(text: str, plain: bool) -> list[str]:
    lines = logseq_lines(text, plain=plain)
    if lines[-1].startswith(("```", "~~~")):
        return [*lines, _TAIL]
    return [*lines[:-1], f"{lines[-1]} {_TAIL}" if lines[-1] else _TAIL]


def _note(text: str, plain: bool) -> list[str]:
    first, *others = logseq_lines(text, inline=True, plain=plain)
    return [f"**Note**: {first}", *others]


def _wrong(
    texts: list[str], page: dict[str, Any], tree: list[Any], shown: list[list[Any]], plain: bool
) -> Iterator[str]:
    if page["properties"] != _PROPERTIES:
        yield f"page properties {page['properties']}"
    blocks = page["blocks"]
    if len(blocks) != len(texts) + 1 or page["blockCount"] != 2 * len(texts) + 1:
        yield f"{page['blockCount']} blocks"
    for text, block in zip(texts, blocks, strict=False):
        yield from _wrong_block(block, _with_tail(text, plain))
        yield from _wrong_block(block["children"][0], _note(text, plain))
        if not {"#Highlight", "#[[2023-05-05]]"} <= set(block["refs"]):
            yield f"tags lost: {block['refs']}"
    starts = [at for at, node in enumerate(tree) if node[0] == "Heading"]
    mains = [tree[a:b] for a, b in zip(starts[:-1:2], starts[1::2], strict=False)]
    yield from (f"link or tags broken: {nodes}" for nodes in [*mains, *shown] if not _ends_with_tail(nodes))
    yield from (f"a link too many: {nodes}" for nodes in [*mains, *shown] if plain and _links(nodes) != _LINKS)
    for nodes in [tree[starts[0] :], *shown]:
        yield from _alive(nodes)
    if any(sum(node[0] == "Heading" for node in nodes) != 1 for nodes in shown):
        yield "more than one block alone"


def _alive(nodes: list[Any]) -> Iterator[str]:
    if live := _LIVE & set(_kinds(nodes)):
        yield f"live {live}: {nodes}"
    items = list(_items(nodes))
    if any("checkbox" in item for item in items):
        yield f"checkbox: {nodes}"
    yield from (f"a link to {item['protocol']}" for item in items if not _WEB(item.get("protocol", "http")))


def _wrong_block(block: dict[str, Any], lines: list[str]) -> Iterator[str]:
    for key in {"marker", "priority", "heading", "properties"} & set(block):
        yield f"{key} {block[key]}"
    if live := [ref for ref in block["refs"] if ref.startswith(("((", "{{"))]:
        yield f"live {live}"
    # The parser's tool trims lines.
    if [line.strip() for line in block["content"].split("\n")] != _trimmed(lines):
        yield f"content {block['content']!r}"


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(line.strip() for line in lines).strip("\n").split("\n")


def _kinds(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _kinds(value)
    elif isinstance(node, list) and node and node[0] != "Plain" and not _is_plain_date(node):
        if isinstance(node[0], str):
            yield node[0]
        for child in node:
            yield from _kinds(child)


def _links(nodes: list[Any]) -> Counter[str]:
    return Counter(kind for kind in _kinds(nodes) if kind in _LINKS)


def _items(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _items(child)


def _is_plain_date(node: list[Any]) -> bool:
    """`[2023-01-01 Sun]` behind other marks: shown as a date, and nothing else."""
    return node[0] == "Timestamp" and node[1][0] == "Date" and node[1][1]["active"] is False


def _ends_with_tail(nodes: list[Any]) -> bool:
    breaks = ("Break_Line", "Hard_Break_Line")
    inlines = [node for node in _last_inlines(nodes) if node[0] not in breaks and node != ["Plain", " "]]
    if len(inlines) < 4:
        return False
    link, _, highlight, day = inlines[-4:]
    return (
        link[0] == "Link"
        and link[1]["url"] == ["Complex", {"protocol": "https", "link": _ADDRESS.removeprefix("https://")}]
        and highlight == ["Tag", [["Plain", "Highlight"]]]
        and day[0] == "Tag"
        and day[1][0][1].get("full_text") == "[[2023-05-05]]"
    )


def _last_inlines(nodes: list[Any]) -> list[Any]:
    kind, content = (nodes[-1][0], nodes[-1][1]) if len(nodes[-1]) > 1 else ("", None)
    if kind == "Paragraph":
        found = [node for node in content if node[0] != "Plain" or node[1].strip()]
        return content if found or len(nodes) == 1 else _last_inlines(nodes[:-1])
    if kind == "Heading":
        return list(content["title"])
    if kind == "Quote":
        return _last_inlines(content)
    if kind == "List":
        item = content[-1]
        return _last_inlines([["List", item["items"]]] if item["items"] else item["content"])
    return []
