"""What must hold of a page, by Logseq's own parser, whatever the texts of its highlights are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syncd.formats.escape import logseq_lines
from syncd.page.markdown import bullet
from tests.support import logseq_parser, mldoc_tree

# A handle that ends in an underscore: emphasis that the text leaves open would end here.
_ADDRESS = "https://x.com/a_/status/1"
_TAIL = f"([View Tweet]({_ADDRESS})) #Highlight #[[2023-05-05]]"
_SHOWN_TAIL = f"View Tweet {_ADDRESS} Highlight 2023-05-05"
_PROPERTIES = {"title": "T", "url": "https://x.com/a_/status/1"}
_LIVE = {
    "Macro",
    "Block_ref",
    "Inline_Html",
    "Raw_Html",
    "Hiccup",
    "Inline_Hiccup",
    "Export_Snippet",
    "Custom",
}
_LIVE |= {
    "Property_Drawer",
    "Directive",
    "Drawer",
    "Export",
    "Example",
    "Footnote_Definition",
    "Timestamp",
}
_LIVE |= {"Footnote_Reference", "Entity", "Search", "File"}


def problems(texts: list[str], *, plain: bool = False) -> list[tuple[str, str]]:
    """The texts that break a page or are not inert on it, each with what is wrong.

    `plain`: neither may a hashtag, a link or a picture of theirs be live.
    """
    return mldoc_tree.suspects(texts, lambda groups: _check(groups, plain))


def _check(groups: list[list[str]], plain: bool) -> list[str | None]:
    if not groups:
        return []
    pages = ["\n".join(_page(group, plain)) for group in groups]
    # When the app shows a block it parses its content alone, without the indent.
    alone = logseq_parser.syntax(
        ["- " + "\n".join(_with_tail(text, plain)) for group in groups for text in group]
    )
    results = []
    for group, page, tree in zip(
        groups, logseq_parser.pages(pages), logseq_parser.syntax(pages), strict=True
    ):
        own = [alone.pop(0) for _ in group]
        results.append(next(_wrong(group, page, tree, own, plain), None))
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
    texts: list[str], page: dict[str, Any], tree: list[Any], alone: list[list[Any]], plain: bool
) -> Iterator[str]:
    contents = [(_with_tail(text, plain), _note(text, plain)) for text in texts]
    yield from mldoc_tree.outline(page, _PROPERTIES, contents)
    starts = [at for at, node in enumerate(tree) if node[0] == "Heading"]
    mains = [tree[a:b] for a, b in zip(starts[:-1:2], starts[1::2], strict=False)]
    address = _ADDRESS.removeprefix("https://")
    for text, nodes in [*zip(texts, mains, strict=False), *zip(texts, alone, strict=True)]:
        if not mldoc_tree.ends_with_tail(nodes, address):
            yield f"link or tags broken: {nodes}"
        if other := mldoc_tree.unsaid(text, nodes, _SHOWN_TAIL):
            yield other
        if plain and mldoc_tree.links(nodes) != mldoc_tree.LINKS:
            yield f"a link too many: {nodes}"
    for nodes in [tree[starts[0] :], *alone]:
        yield from mldoc_tree.alive(nodes, _LIVE)
    if any(sum(node[0] == "Heading" for node in nodes) != 1 for nodes in alone):
        yield "more than one block alone"
