"""Which highlights of a document are in the vault, or will be, as another highlight. Pure.

One tweet is there once. It may come in a thread, in its author's collected tweets, and as a
selection that was saved in Reader.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from syncd.model import Document, Highlight
from syncd.page.base import Base
from syncd.page.identity import highlight_key, is_reader_tweet
from syncd.page.links import fingerprint, id_key


class Rival(NamedTuple):
    """A highlight of another document that may be the same as one of ours.

    `key` is the identity that they share; `base` is what was agreed on it, None where it never was
    in the vault.
    """

    document: Document
    highlight: Highlight
    key: str
    base: Base | None

    @property
    def is_gone(self) -> bool:
        """Whether the account has it no more."""
        return bool(self.highlight.is_deleted or self.document.is_deleted)


class Rivals(NamedTuple):
    """What decides which of a document's highlights are another's.

    `same` have the identity of one of the document's; `thread` are, for a tweet saved in Reader,
    the highlights of the documents that hold the tweet; `selections` are those that were saved of
    the document's tweets. `standing` are the identities (link_key, id_key) under which highlights
    stand in the vault, `texts` the fingerprints of the blocks that are the tweet.
    """

    same: Sequence[Rival] = ()
    thread: Sequence[Rival] = ()
    selections: Sequence[Rival] = ()
    standing: Collection[str] = ()
    texts: Sequence[str] = ()


class _Claim(NamedTuple):
    """A highlight that is, or was, one with others; the least of them stands in the vault."""

    gone: bool
    new: bool
    unwanted: bool  # by a filter; it is there only where its owner or another program wrote it
    document: int
    id: int


Wanted = Callable[[Document, Highlight], bool]  # whether a highlight comes by the filters


def find_twins(
    document: Document, bases: Mapping[int, Base], rivals: Rivals, wants: Wanted
) -> tuple[set[int], dict[int, Base]]:
    """The highlights of this document that are in the vault, or will be, as another highlight.

    Also the bases that others leave to them: where a highlight that is gone upstream lives on as
    another, its block is that one's.
    """
    own = {item.id for item in document.highlights}
    inherited: dict[int, Base] = {}
    twins: set[int] = set()
    known = {rival.highlight.id: rival.base for rival in rivals.same} | dict(bases)
    for claims in _claims(document, bases, rivals, wants).values():
        first = min(claims)
        if len(claims) < 2 or first.gone:
            continue
        twins |= {claim.id for claim in claims if claim != first} & own
        left = [base for claim in claims if (base := known.get(claim.id)) is not None]
        if first.new and first.id in own and left:
            inherited[first.id] = left[0]
    if is_reader_tweet(document):
        twins |= _repeated(document, bases, rivals)
    else:
        twins |= _selected_before(document, bases, rivals)
    return twins, inherited


def _claims(
    document: Document, bases: Mapping[int, Base], rivals: Rivals, wants: Wanted
) -> dict[tuple[str, str], list[_Claim]]:
    """The document's highlights and their rivals, by what they are.

    Those that live, and those that syncd wrote.
    """
    found: dict[tuple[str, str], list[_Claim]] = {}
    for item in document.highlights:
        key, gone = highlight_key(document, item), bool(item.is_deleted or document.is_deleted)
        if key is not None and (item.id in bases or not gone):
            unwanted = not wants(document, item)
            claim = _Claim(gone, item.id not in bases, unwanted, document.id, item.id)
            found.setdefault(_identity(key, item), []).append(claim)
    for rival in rivals.same:
        claims = found.get(_identity(rival.key, rival.highlight))
        if claims is not None and (rival.base is not None or not rival.is_gone):
            unwanted = not wants(rival.document, rival.highlight)
            one = rival.highlight.id
            claims.append(
                _Claim(rival.is_gone, rival.base is None, unwanted, rival.document.id, one)
            )
    return found


def _identity(key: str, item: Highlight) -> tuple[str, str]:
    return key, "" if key.startswith("tweet:") else "".join((item.text or "").split())


def _repeated(document: Document, bases: Mapping[int, Base], rivals: Rivals) -> set[int]:
    """Selections, saved in Reader, whose text stands in the vault with the tweet or its thread."""
    texts = [fingerprint(rival.highlight.text or "") for rival in rivals.thread]
    texts += rivals.texts
    twins = set()
    for item in document.highlights:
        says = fingerprint(item.text or "")
        said = any(says in text for text in texts)
        if item.id not in bases and said and not _stands(document, item, rivals):
            twins.add(item.id)
    return twins


def _selected_before(document: Document, bases: Mapping[int, Base], rivals: Rivals) -> set[int]:
    """Tweets whose whole text is in the vault already, as a selection that was saved in Reader."""
    written: dict[str, list[str]] = {}
    for rival in rivals.selections:
        if rival.base is not None or _stands(rival.document, rival.highlight, rivals):
            written.setdefault(rival.key, []).append(fingerprint(rival.highlight.text or ""))
    twins = set()
    for item in document.highlights if written else ():
        key, says = highlight_key(document, item), fingerprint(item.text or "")
        said = any(says in text for text in written.get(key or "", ()))
        if said and item.id not in bases and key not in rivals.standing:
            twins.add(item.id)
    return twins


def _stands(document: Document, item: Highlight, rivals: Rivals) -> bool:
    """Whether a highlight stands in the vault under a name that none of its document's others has.

    So it is told where the state was lost.
    """
    return any(name in rivals.standing for name in own_names(document, item))


def own_names(document: Document, item: Highlight) -> list[str]:
    """The identities (id_key, link_key) that a highlight shares with no other of its document."""
    key = highlight_key(document, item)
    shared = any(
        other.id != item.id and highlight_key(document, other) == key
        for other in document.highlights
    )
    return [id_key(item.id), *([key] if key is not None and not shared else [])]
