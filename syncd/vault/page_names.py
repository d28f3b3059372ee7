"""A new page's title and file in a vault. Pure."""

from __future__ import annotations

from typing import NamedTuple

from syncd.model import Document
from syncd.page.names import file_name, levels_title, obsidian_name, page_title, title_of
from syncd.vault.graph import Graph

_BASE = "Readwise.base"
_LOGSEQ, _OBSIDIAN = "Readwise/Highlights", "Readwise"  # as in Readwise's own plugins


class Name(NamedTuple):
    """A page's title in the app, and its path in the vault."""

    title: str
    path: str


def page_name(
    graph: Graph,
    namespace: str | None,
    document: Document,
    suffix: str = "",
    own: str | None = None,
    extension: str = ".md",
    *,
    folder: bool = False,
) -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    In Logseq `namespace` is part of the title, in Obsidian a folder with one folder a category
    below it. `own` is the title by the owner's template: its slashes make levels, and only a
    namespace that was asked for stands before it. `extension` is that of Logseq's files. In
    Obsidian the page may have a `folder` of its name.
    """
    title = document.title or ""
    if graph.format == "obsidian":
        category = obsidian_name(document.category or "articles").capitalize()
        stem = obsidian_name(title, suffix)
        own_folder = stem if folder else ""
        home = home_folder(graph, namespace)
        return Name(stem, _joined(home, category, own_folder, f"{stem}.md"))
    if own is None:
        whole = page_title(_LOGSEQ if namespace is None else namespace, title, suffix)
    else:
        whole = _joined((namespace or "").strip("/"), levels_title(own) + suffix)
    return Name(whole, _joined(graph.pages, file_name(whole, graph.name_style, extension)))


def note_name(folder: str, words: str, highlight: int, suffix: str = "") -> Name:
    """The name of a highlight's own note in this folder: its first words, its id without any."""
    stem = obsidian_name(words, suffix) if words.strip(". …") else f"{highlight}{suffix}"
    return Name(stem, _joined(folder, f"{stem}.md"))


def own_page(graph: Graph, namespace: str | None, title: str) -> Name:
    """The name of a page that is no document's; in Obsidian a note in the folder `namespace`."""
    if graph.format == "obsidian":
        levels = [obsidian_name(level) for level in title.split("/")]
        return Name(levels[-1], _joined(home_folder(graph, namespace), *levels) + ".md")
    file = file_name(title, graph.name_style, ".org" if graph.org else ".md")
    return Name(title, _joined(graph.pages, file))


def home_folder(graph: Graph, namespace: str | None) -> str:
    """The folder in which, or below which, new pages are made."""
    if graph.format == "obsidian":
        return _OBSIDIAN if namespace is None else namespace.strip("/")
    return graph.pages


def base_path(graph: Graph, namespace: str | None) -> str | None:
    """The path of the Base that lists the documents, beside the categories' folders.

    None in Logseq, which has no such thing.
    """
    if graph.format != "obsidian":
        return None
    return _joined(home_folder(graph, namespace), _BASE)


def title_from(graph: Graph, path: str) -> str:
    """The title that a file's name says."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return stem if graph.format == "obsidian" else title_of(stem, graph.name_style)


def _joined(*levels: str) -> str:
    """The levels as one path, without those that are empty."""
    return "/".join(filter(None, levels))
