"""Which highlights of a document are in the vault, or will be, as another highlight.

One tweet is there once.

The same tweet may come in a thread, in its author's collected tweets, and as a selection that was
saved in Reader.
"""

from __future__ import annotations

from typing import NamedTuple

from syncd.model import Document, Highlight
from syncd.page.base import Base
from syncd.page.identity import highlight_key, is_reader_tweet, status_id
from syncd.page.links import fingerprint, id_key, labelled_keys
from syncd.state import account, index
from syncd.state import bases as bases_table
from syncd.sync.filters import wants_document, wants_highlight
from syncd.sync.vault_run import VaultRun
from syncd.vault.read import page_at


class _Claim(NamedTuple):
    """A highlight that is, or was, one with others; the least of them stands in the vault."""

    gone: bool
    new: bool
    unwanted: bool  # by a filter; it is there only where its owner or another program wrote it
    document: int
    id: int


def duplicates(run: VaultRun, document: Document, bases: dict[int, Base]) -> set[int]:
    """The highlights of this document that are in the vault, or will be, as another highlight.

    Where one that is gone upstream lives on as another, its block and its base (put into `bases`)
    are that one's.
    """
    own = {item.id for item in document.highlights}
    twins: set[int] = set()
    for claims in _claims(run, document, bases).values():
        first = min(claims)
        if len(claims) > 1 and not first.gone:
            twins |= {claim.id for claim in claims if claim != first} & own
            if first.new and first.id in own:
                known = [
                    base
                    for claim in claims
                    if (base := bases_table.find(run.db, run.id, claim.id)) is not None
                ]
                bases.update((first.id, base) for base in known[:1])
    if is_reader_tweet(document):
        return twins | _repeated(run, document, bases)
    return twins | _selected_before(run, document, bases)


def _claims(
    run: VaultRun, document: Document, bases: dict[int, Base]
) -> dict[tuple[str, str], list[_Claim]]:
    """The document's highlights and their rivals, by what they are.

    Those that live, and those that syncd wrote.
    """
    found: dict[tuple[str, str], list[_Claim]] = {}
    for item in document.highlights:
        key, gone = highlight_key(document, item), bool(item.is_deleted or document.is_deleted)
        if key is not None and (item.id in bases or not gone):
            unwanted = not wants_highlight(run.vault, run.zone, document, item)
            claim = _Claim(gone, item.id not in bases, unwanted, document.id, item.id)
            found.setdefault(_identity(key, item), []).append(claim)
    for rival in account.rivals(run.db, document.id):
        identity = _identity(rival.key, rival.highlight)
        if identity in found and wants_document(run.vault, rival.document):
            gone = bool(rival.highlight.is_deleted or rival.document.is_deleted)
            known = bases_table.find(run.db, run.id, rival.highlight.id) is not None
            unwanted = not wants_highlight(run.vault, run.zone, rival.document, rival.highlight)
            if known or not gone:
                found[identity].append(
                    _Claim(gone, not known, unwanted, rival.document.id, rival.highlight.id)
                )
    return found


def _identity(key: str, item: Highlight) -> tuple[str, str]:
    return key, "" if key.startswith("tweet:") else "".join((item.text or "").split())


def _repeated(run: VaultRun, document: Document, bases: dict[int, Base]) -> set[int]:
    """Selections, saved in Reader, whose text stands in the vault already with the tweet or its thread."""
    tweet = f"tweet:{status_id(document.source_url)}"
    texts = [
        fingerprint(rival.highlight.text or "")
        for rival in account.thread(run.db, tweet)
        if wants_document(run.vault, rival.document)
        and (
            wants_highlight(run.vault, run.zone, rival.document, rival.highlight)
            or bases_table.find(run.db, run.id, rival.highlight.id) is not None
        )
    ]
    for path in {place.path for place in index.places(run.db, run.id, [tweet])}:
        page, _ = page_at(run.root / path)
        contents = [page.content(block) for block in page.blocks]
        texts += [fingerprint("\n".join(c)) for c in contents if tweet in labelled_keys(c)]
    return {
        item.id
        for item in document.highlights
        if item.id not in bases
        and any(fingerprint(item.text or "") in text for text in texts)
        and not _stands(run, document, item)
    }


def _selected_before(run: VaultRun, document: Document, bases: dict[int, Base]) -> set[int]:
    """Tweets whose whole text is in the vault already, as a selection that was saved in Reader."""
    twins = set()
    written = [r for r in account.selections(run.db, document.id) if _is_written(run, r)]
    for item in document.highlights if written else ():
        key, says = highlight_key(document, item), fingerprint(item.text or "")
        said = any(r.key == key and says in fingerprint(r.highlight.text or "") for r in written)
        if (
            key is not None
            and said
            and item.id not in bases
            and not index.places(run.db, run.id, [key])
        ):
            twins.add(item.id)
    return twins


def _is_written(run: VaultRun, rival: account.Rival) -> bool:
    """Whether a highlight is in the vault or was.

    By the state, else, where that was lost, by the vault's own pages.
    """
    known = bases_table.find(run.db, run.id, rival.highlight.id) is not None
    return known or _stands(run, rival.document, rival.highlight)


def _stands(run: VaultRun, document: Document, item: Highlight) -> bool:
    """Whether a highlight stands in the vault under a name that none of its document's other ones has."""
    key = highlight_key(document, item)
    shared = any(
        other.id != item.id and highlight_key(document, other) == key
        for other in document.highlights
    )
    names = [id_key(item.id), *([key] if key is not None and not shared else [])]
    return bool(index.places(run.db, run.id, names))
