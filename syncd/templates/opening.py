"""What a new page begins with by its templates: properties and other lines. Pure."""

from __future__ import annotations

from syncd.formats.format import Opening
from syncd.page.front_matter import split_front_matter
from syncd.page.markdown import bullet
from syncd.regex import regex
from syncd.templates.outline import BREAK, STOP, logseq_pieces, settled

_PROPERTY = regex(r"([^\s:,;#\[\]()\"]+)::(?:[ \t]+(.*)|)")


def logseq_opening(
    own: dict[str, list[str]] | None, title: str, metadata: str, head: str
) -> Opening:
    """The opening of a page in Logseq: properties, other blocks, the highlights' parent.

    `own` are the properties where no template makes them, else None; `metadata` and `head` are the
    outputs of `page_metadata` and `highlights_header`. There is always a `title`.
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
    """The opening of a note in Obsidian: front matter, heading, metadata, the highlights' heading.

    `own` is the front matter where no template makes it, else None; the others are the outputs of
    `page_metadata`, `page_title` and `highlights_header`.
    """
    header, body = own or {}, _plain(metadata)
    if own is None:
        header, body = split_front_matter(body)
    heading = " ".join(_plain(heading).split())
    parts = [f"# {heading.lstrip('# ')}" if heading else "", body, _plain(head)]
    lines = "\n\n".join(part.strip("\n") for part in parts if part.strip()).split("\n")
    return Opening(header, [line.rstrip() for line in lines] if any(lines) else [], "")


def _plain(output: str) -> str:
    """An output as Markdown; each text from the account stays in the list item it begins in."""
    lines: list[str] = []
    marked, margin = False, ""
    for line in settled(output).split("\n"):
        if not marked:
            margin = "  " if line.startswith("- ") else ""
        lines.append((margin if marked else "") + line.replace(BREAK, "").replace(STOP, ""))
        marked = line.endswith(BREAK)
    return "\n".join(lines)
