"""What the index keeps of a page: one that was read, or one that syncd has just made. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from syncd.formats.format import format_of
from syncd.formats.metadata import Metadata
from syncd.page.blocks import parse
from syncd.page.links import id_key
from syncd.page.note import read_note
from syncd.page.occurrences import Occurrence, ids_in, note_occurrences, occurrences, occurrences_in
from syncd.page.org import syntax_of
from syncd.state.index import PageEntry
from syncd.vault.graph import Graph
from syncd.vault.page_names import title_from
from syncd.vault.read import Seen


def page_entry(path: str, text: str, seen: Seen, graph: Graph, *, own: bool = False) -> PageEntry:
    """What the index keeps of a page; `own`: as syncd has just written it."""
    page, form = parse(text.removeprefix("\ufeff"), syntax_of(path)), format_of(graph.format)
    said = form.metadata(page, title_from(graph, path))
    if said.note is None:
        found = occurrences(page, is_document=said.is_document, by_id=form.block_ids)
    else:
        found = note_occurrences(read_note(page, said.note), said.note)
    if said.highlight is not None:
        found.append((id_key(said.highlight), b""))
    return _entry(path, said, found, seen, own=own)


def made_entry(
    path: str,
    said: Metadata,
    blocks: Iterable[tuple[list[str], bytes]],
    seen: Seen,
    *,
    by_id: bool,
) -> PageEntry:
    """The same of a page that syncd has just made of these blocks, and a top without links.

    `said` is what the top says. Of each block its lines and their digest; `by_id`: whether the
    format marks blocks with ids.
    """
    found: list[Occurrence] = []
    for content, digest in blocks:
        found += occurrences_in(content, is_document=said.is_document, known=digest)
        found += ids_in(content, digest, is_document=said.is_document) if by_id else ()
    return _entry(path, said, found, seen, own=True)


def _entry(
    path: str, said: Metadata, found: Iterable[Occurrence], seen: Seen, *, own: bool
) -> PageEntry:
    return PageEntry(
        path,
        *seen,
        storable(said.name),
        said.url and storable(said.url),
        said.title and storable(said.title),
        said.book,
        own,
        said.note,
        [(storable(key), digest) for key, digest in found],
    )


def storable(text: str) -> str:
    """What the index keeps of a text in which there may be bytes that are not UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
