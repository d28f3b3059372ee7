"""Where a document's page belongs in a vault: its title, and its file. Pure."""

from __future__ import annotations

from typing import NamedTuple

from syncd.model import Document
from syncd.vault.graph import Graph
from syncd.vault.names import file_name, obsidian_name, page_title, title_of

_LOGSEQ, _OBSIDIAN = "Readwise/Highlights", "Readwise"  # as Readwise's own plugins call it


class Name(NamedTuple):
    """A page's title in the app, and its path in the vault."""

    title: str
    path: str


def page_name(graph: Graph, namespace: str | None, document: Document, suffix: str = "") -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    In Logseq `namespace` is part of the title, in Obsidian a folder with one folder a category below it.
    """
    title = document.title or ""
    if graph.format == "obsidian":
        folders = _OBSIDIAN if namespace is None else namespace, (document.category or "articles").capitalize()
        stem = obsidian_name(title) + suffix
        return Name(stem, "/".join([*filter(None, folders), f"{stem}.md"]))
    whole = page_title(_LOGSEQ if namespace is None else namespace, title, suffix)
    return Name(whole, "/".join(filter(None, [graph.pages, file_name(whole, graph.name_style)])))


def title_from(graph: Graph, path: str) -> str:
    """The title that a file's name says."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return stem if graph.format == "obsidian" else title_of(stem, graph.name_style)
