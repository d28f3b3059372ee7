"""Runs Logseq's own parser (mldoc) over pages, as the app would read them.

Two views of a page: `syntax` is the parser's syntax tree, `pages` what Logseq makes of it
(properties, blocks, references). `tests/support/tools.py` says whether the parser is there.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[1] / "tools" / "mldoc.js"
_LANGUAGES = {"md": "Markdown", "org": "Org"}
# What counts as blank in JavaScript, in which Logseq is written; Python has another list.
_BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ORG_BULLET = re.compile(rf"\A\*+[{_BLANKS}]?")
_BULLET = re.compile(rf"\A[{_BLANKS}]*-+[{_BLANKS}]?")
_BLANK_START = re.compile(rf"\A[{_BLANKS}]+")


def syntax(texts: list[str], written: str = "Markdown") -> list[list[Any]]:
    """Each page's syntax tree: a list of nodes, a node being [kind, content…]."""
    return [[node for node, _ in tree] for tree in _trees(texts, written)]


def pages(texts: list[str], extension: str = "md") -> list[dict[str, Any]]:
    """What Logseq makes of each page.

    A page is {title, properties, blockCount, blocks}. A block is {content, level, refs}, and has
    properties, marker, priority, heading (its level) and children where it has some.
    """
    trees = _trees(texts, _LANGUAGES[extension])
    return [
        _page(text, tree, org=extension == "org") for text, tree in zip(texts, trees, strict=True)
    ]


def _trees(texts: list[str], written: str) -> list[list[Any]]:
    """Each page's [node, {start_pos, end_pos}]; positions count bytes."""
    done = subprocess.run(
        ["node", PROGRAM, written], input=json.dumps(texts).encode(), capture_output=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def _page(text: str, tree: list[Any], *, org: bool) -> dict[str, Any]:
    # `#+key: value` is a property of the page wherever it stands.
    directives = [node[1:] for node, _ in tree if node[0] == "Directive"]
    nodes = [(node, place["start_pos"]) for node, place in tree if node[0] != "Directive"]
    properties = _properties(directives)
    if not directives and nodes and nodes[0][0][0] == "Property_Drawer":
        properties = _properties(nodes[0][0][1])
    starts = [at for at, (node, _) in enumerate(nodes) if node[0] == "Heading"]
    data = text.encode()
    blocks = []
    for start, end in pairwise([*starts, len(nodes)]):
        until = nodes[end][1] if end < len(nodes) else len(data)
        raw = data[nodes[start][1] : until].decode(errors="replace").rstrip("\n")
        blocks.append(_block(raw, [node for node, _ in nodes[start:end]], org=org))
    return {
        "title": properties.get("title"),
        "properties": properties,
        "blockCount": len(blocks),
        "blocks": _nested(blocks),
    }


def _properties(found: list[Any]) -> dict[str, str]:
    return {key.lower(): value for key, value, *_ in found}


def _block(raw: str, nodes: list[Any], *, org: bool) -> dict[str, Any]:
    (_, heading), *body = nodes
    # A Markdown heading without a bullet (`## Words`) stands at the top, whatever its size.
    level = 1 if heading["size"] and not heading["unordered"] else heading["level"]
    drawers = [node[1] for node in body if node[0] == "Property_Drawer"]
    block = {
        "content": _ORG_BULLET.sub("", raw) if org else _markdown_content(raw, level),
        "level": level,
        "refs": list(dict.fromkeys([*_references(heading["title"]), *_references(body)])),
        "properties": _properties([one for drawer in drawers for one in drawer]),
        "marker": heading.get("marker"),
        "priority": heading.get("priority"),
        "heading": heading["size"],
    }
    always = ("content", "level", "refs")
    return {key: value for key, value in block.items() if value or key in always}


def _markdown_content(raw: str, level: int) -> str:
    """Without the bullet, and later lines without the block's indent."""
    first, *others = _BULLET.sub("", raw).split("\n")
    return "\n".join([first, *(_outdented(line, level + 1) for line in others)])


def _outdented(line: str, indent: int) -> str:
    if not _BLANK_START.sub("", line[:indent]):
        return line[indent:]
    return _BLANK_START.sub("", line)


def _references(node: Any) -> Iterator[str]:
    """The pages, blocks and macros that a node refers to, as they are written."""
    if isinstance(node, dict):
        node = list(node.values())
    if not isinstance(node, list):
        return
    match node:
        case ["Tag", words]:
            yield "#" + "".join(_tag_part(word) for word in words)
            return
        case ["Link", {"url": ["Page_ref", page]}]:
            yield f"[[{page}]]"
        case ["Link", {"url": ["Block_ref", block]}] | ["Block_reference", block]:
            yield f"(({block}))"
        case ["Link", {"url": ["Search", words]}] if re.fullmatch(r"\[\[.*\]\]", words):
            yield words
        case ["Nested_link", {"content": words}]:
            yield words
        case ["Macro", {"name": name}]:
            yield f"{{{{{name}}}}}"
    for child in node:
        yield from _references(child)


def _tag_part(node: Any) -> str:
    match node:
        case ["Plain", str(words)] | ["Link", {"full_text": str(words)}]:
            return words
        case [_, {"content": str(words)}, *_]:
            return words
    return ""


def _nested(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the top, each with the deeper ones that follow it as its children."""
    roots: list[dict[str, Any]] = []
    parents: list[dict[str, Any]] = []
    for block in blocks:
        while parents and parents[-1]["level"] >= block["level"]:
            parents.pop()
        siblings = parents[-1].setdefault("children", []) if parents else roots
        siblings.append(block)
        parents.append(block)
    return roots
