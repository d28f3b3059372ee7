"""What a page begins with by its templates: properties, and what stands above its highlights.

Pure.
"""

from __future__ import annotations

import re

from syncd.formats.format import Opening
from syncd.page.front_matter import properties, scalar
from syncd.page.markdown import bullet, parse
from syncd.templates.outline import BREAK, STOP, logseq_pieces, settled

_PROPERTY = re.compile(r"([^\s:,;#\[\]()\"]+)::(?:[ \t]+(.*)|)")
_ENTRY = re.compile(r"([\w][\w -]*):[ \t]+(\S.*)")
_ITEM = re.compile(r"([ \t]*-[ \t]+)(\S.*)")


def logseq_opening(
    own: dict[str, list[str]] | None, title: str, metadata: str, head: str
) -> Opening:
    """A new page in Logseq.

    Properties first, the title's always, then other blocks, then the highlights' parent.

    `own` are the properties where there is no template for them.
    """
    header = own or {"title": [f"title:: {title}"]}
    blocks: list[str] = []
    for piece in logseq_pieces(metadata):
        words = " ".join(filter(None, map(str.strip, piece.lines)))
        found = None if blocks else _PROPERTY.fullmatch(words)
        if found is None:
            blocks += bullet(piece.lines, "\t" * piece.depth)
        elif found[2]:
            header.setdefault(found[1].lower(), [f"{found[1]}:: {found[2]}"])
    parents = logseq_pieces(head)
    for piece in parents:
        blocks += bullet(piece.lines, "\t" * piece.depth)
    return Opening(header, blocks, "\t" * (parents[-1].depth + 1) if parents else "")


def obsidian_opening(
    own: dict[str, list[str]] | None, metadata: str, heading: str, head: str
) -> Opening:
    """A new note in Obsidian.

    Front matter, a heading with the title, the metadata, the highlights' heading.
    """
    header, body = own or {}, _plain(metadata)
    if own is None:
        header, body = _front_matter(body)
    heading = " ".join(_plain(heading).split())
    parts = [f"# {heading.lstrip('# ')}" if heading else "", body, _plain(head)]
    lines = "\n\n".join(part.strip("\n") for part in parts if part.strip()).split("\n")
    return Opening(header, [line.rstrip() for line in lines] if any(lines) else [], "")


def _plain(output: str) -> str:
    """An output as Markdown.

    Further lines of a text from the account stay in the list item that they began in.
    """
    lines: list[str] = []
    marked, margin = False, ""
    for line in settled(output).split("\n"):
        if not marked:
            margin = "  " if line.startswith("- ") else ""
        lines.append((margin if marked else "") + line.replace(BREAK, "").replace(STOP, ""))
        marked = line.endswith(BREAK)
    return "\n".join(lines)


def _front_matter(text: str) -> tuple[dict[str, list[str]], str]:
    """The entries of the YAML that an output begins with, each made readable where it is not, and what follows it."""
    text = text.lstrip("\n")
    head, fence, body = text.removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not fence:
        head, fence, body = text.removeprefix("---\n").partition("\n---")
        if not text.startswith("---\n") or body.strip():
            return {}, text
    lines = ["---", *(_readable(line.rstrip()) for line in head.split("\n") if line.strip()), "---"]
    page = parse("".join(f"{line}\n" for line in lines))
    found = properties(page)
    return {
        key: [line.rstrip("\n") for line in page.lines[at.start : at.end]]
        for key, at in found.items()
    }, body


def _readable(line: str) -> str:
    """A line of YAML with its value in quotes where it could not be read without."""
    import yaml

    found = _ENTRY.fullmatch(line) or _ITEM.fullmatch(line)
    if found is None or found[2] in ("|", ">", "|-", ">-"):
        return line
    try:
        yaml.safe_load(line.strip())
    except (yaml.YAMLError, ValueError, RecursionError):
        value = found[2]
        if value[0] in "\"'" and value.endswith(value[0]) and len(value) > 1:
            value = value[1:-1]
        return f"{line[: found.start(2)]}{scalar(value)}"
    return line
