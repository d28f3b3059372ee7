"""Which documents and highlights come into a vault, by the filters of its configuration. Pure.

A filter decides on what is not in the vault yet; it never takes anything out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import tzinfo

import msgspec

from syncd.config.settings import Vault
from syncd.formats.origin import day
from syncd.model import Document, Highlight
from syncd.page.names import name_key

_ON_TWITTER = " on Twitter"  # Readwise puts it behind the handle


def wants_document(vault: Vault, document: Document) -> bool:
    """Whether a document belongs into the vault; one that does not is left alone.

    Without `categories` all do but supplementals: books that the user never read.
    """
    category = document.category
    return (
        (category in vault.categories if vault.categories else category != "supplementals")
        and _passes(vault.sources, [document.source or ""])
        and _passes(vault.authors, _names(document.author or ""))
        and _passes(vault.documents, [str(document.id)])
    )


def wants_highlight(vault: Vault, zone: tzinfo, document: Document, item: Highlight) -> bool:
    """Whether a highlight comes that is not there already; its document belongs into the vault.

    Its day is that in the vault's `zone`; where it has none, `since` does not keep it out.
    """
    if item.is_discard and not vault.discarded:
        return False
    if vault.since is not None and "" < day(item, zone) < str(vault.since):
        return False
    return not vault.tags or _passes(vault.tags, [*document.tag_names, *item.tag_names])


def scope(vault: Vault) -> str:
    """All settings that decide what belongs into the vault, as one text.

    Other ones give another text.

    Pictures are among it: those of every document are looked for once they are wanted.
    """
    names = (
        "on_delete",
        "categories",
        "sources",
        "tags",
        "authors",
        "documents",
        "since",
        "discarded",
    )
    media = [vault.media] if vault.media != "link" else []
    return msgspec.json.encode([*(getattr(vault, name) for name in names), *media]).decode()


def _passes(words: Collection[object], names: Iterable[str]) -> bool:
    """Whether `names` has one of the words without a `-`, if any, and none of those with one."""
    if not words:
        return True
    said = {name_key(name) for name in names}
    asked = {name_key(str(word)) for word in words}
    barred = {word for word in asked if word.startswith("-")}
    return said.isdisjoint(word[1:].lstrip() for word in barred) and (
        asked == barred or not said.isdisjoint(asked)
    )


def _names(author: str) -> set[str]:
    names = {author, *author.split(", ")}
    return names | {name.removesuffix(_ON_TWITTER) for name in names}
