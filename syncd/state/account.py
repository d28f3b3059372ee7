"""The mirror of the account: every document and highlight as Readwise last sent them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from syncd.model import Document, Highlight
from syncd.page.identity import (
    highlight_key,
    is_reader_tweet,
    link_key,
    reading_order,
    status_id,
)
from syncd.readwise.decode import Rejected
from syncd.state.schema import set_setting, setting

# msgspec decodes a highlight in about a microsecond, so values are kept as they came off the wire
_documents = msgspec.json.Decoder(Document)
_highlights = msgspec.json.Decoder(Highlight)
_encode = msgspec.json.Encoder().encode

# The documents that have highlights of the same identity as these, or selections of the same
# tweets.
_RIVALS = """
    WITH own AS (
        SELECT key, tweet FROM highlight WHERE id IN (SELECT value FROM json_each(?))
    )
    SELECT document FROM highlight WHERE key IN (SELECT key FROM own UNION SELECT tweet FROM own)
    UNION SELECT document FROM highlight WHERE tweet IN (SELECT key FROM own)
"""


_ASKED = "(SELECT value FROM json_each(?))"
_CONTESTED = """
    WITH own AS (
        SELECT document, key, tweet FROM highlight WHERE document IN
            (SELECT value FROM json_each(?))
    )
    SELECT own.document FROM own CROSS JOIN highlight AS other
        ON other.key = own.key AND other.document != own.document
    UNION SELECT own.document FROM own CROSS JOIN highlight AS other ON other.tweet = own.key
    UNION SELECT document FROM own WHERE tweet IS NOT NULL
"""


class Rival(NamedTuple):
    """A highlight of another document that may be the same as one of ours."""

    document: Document
    highlight: Highlight
    key: str


def absorb(db: sqlite3.Connection, documents: Iterable[Document]) -> set[int]:
    """Take in what Readwise sent, in the caller's transaction.

    The same value twice changes nothing.

    Returns the documents whose pages may be behind now: those that changed, and those whose
    highlights may take the place of a changed one, or give up theirs to it.
    """
    sent = list(documents)
    return _absorb_heads(db, sent) | _absorb_highlights(db, sent)


def _absorb_heads(db: sqlite3.Connection, documents: Sequence[Document]) -> set[int]:
    """Take in the documents without their highlights; returns those that changed."""
    ids = [document.id for document in documents]
    db.executemany("DELETE FROM rejected WHERE document = ?", ((id_,) for id_ in ids))
    query = f"SELECT id, data FROM document WHERE id IN {_ASKED}"
    old = dict(db.execute(query, (_encode(ids).decode(),)).fetchall())
    heads = {one.id: _encode(msgspec.structs.replace(one, highlights=())) for one in documents}
    changed = {id_: data for id_, data in heads.items() if old.get(id_) != data}
    db.executemany("INSERT OR REPLACE INTO document VALUES (?, ?)", changed.items())
    for document in documents:
        if document.id in changed and document.id in old:  # its highlights' keys depend on it
            known = highlights_of(db, document.id)
            _store(db, [(document, one, _encode(one)) for one in known])
    return set(changed)


def _absorb_highlights(db: sqlite3.Connection, documents: Iterable[Document]) -> set[int]:
    """Take in the documents' highlights; returns whose pages may be behind for that."""
    sent = {
        highlight.id: (document, highlight, _encode(highlight))
        for document in documents
        for highlight in document.highlights
    }
    query = f"SELECT id, data, document FROM highlight WHERE id IN {_ASKED}"
    old = {row[0]: row[1:] for row in db.execute(query, (_encode(list(sent)).decode(),))}
    changed = [
        (document, highlight, data)
        for document, highlight, data in sent.values()
        if old.get(highlight.id) != (data, document.id)
    ]
    known = [highlight.id for _, highlight, _ in changed if highlight.id in old]
    touched = {document.id for document, _, _ in changed}
    touched.update(old[id_][1] for id_ in known)
    touched |= _rivals_of(db, known)
    _store(db, changed)
    return touched | _rivals_of(db, known)


def _rivals_of(db: sqlite3.Connection, highlights: list[int]) -> set[int]:
    if not highlights:
        return set()
    return {row[0] for row in db.execute(_RIVALS, (_encode(highlights).decode(),))}


def _store(db: sqlite3.Connection, highlights: Iterable[tuple[Document, Highlight, bytes]]) -> None:
    rows = [
        (
            highlight.id,
            document.id,
            not (highlight.is_deleted or document.is_deleted),
            highlight_key(document, highlight),
            f"tweet:{status_id(document.source_url)}" if is_reader_tweet(document) else None,
            data,
        )
        for document, highlight, data in highlights
    ]
    db.executemany("INSERT OR REPLACE INTO highlight VALUES (?, ?, ?, ?, ?, ?)", rows)


def finish_full(
    db: sqlite3.Connection, lost: Sequence[tuple[int, int]], refused: Collection[int | None] = ()
) -> set[int] | None:
    """After a complete full fetch, in the caller's transaction.

    `lost` are the highlights that did not come, with their documents: they are deleted upstream,
    but for those of a document that came and was not understood. Its id is in `refused`, None there
    stands for any. Returns the documents whose pages may be behind now. An account that is suddenly
    empty is not believed: None, nothing is marked.
    """
    if None in refused:
        return set()
    live = db.execute("SELECT count(*) FROM highlight WHERE live").fetchone()[0]
    if live and len(lost) == live:
        return set() if refused else None
    touched: set[int] = set()
    for id_, document in lost:
        if document not in refused:
            query = "SELECT data FROM highlight WHERE id = ?"
            found = _highlights.decode(db.execute(query, (id_,)).fetchone()[0])
            gone = msgspec.structs.replace(found, is_deleted=True)
            whole = msgspec.structs.replace(head(db, document), highlights=(gone,))
            touched |= _absorb_highlights(db, [whole])
    return touched


def load(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Document]:
    """Documents with all of their highlights, deleted ones too, in reading order."""
    asked = (_encode(ids).decode(),)
    found: dict[int, list[Highlight]] = {}
    rows = db.execute(f"SELECT document, data FROM highlight WHERE document IN {_ASKED}", asked)
    for document, data in rows:
        found.setdefault(document, []).append(_highlights.decode(data))
    return {
        id_: msgspec.structs.replace(
            _documents.decode(data),
            highlights=tuple(sorted(found.get(id_, ()), key=reading_order)),
        )
        for id_, data in db.execute(f"SELECT id, data FROM document WHERE id IN {_ASKED}", asked)
    }


def keys(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str | None]:
    """The identities (`highlight_key`) of these documents' highlights, by their ids."""
    query = f"SELECT id, key FROM highlight WHERE document IN {_ASKED}"
    return dict(db.execute(query, (_encode(ids).decode(),)).fetchall())


def sizes(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """How many highlights these documents have; those that have none are not among them."""
    query = f"SELECT document, count(*) FROM highlight WHERE document IN {_ASKED} GROUP BY document"
    return dict(db.execute(query, (_encode(ids).decode(),)).fetchall())


def contested(db: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    """Those of these documents that have rivals, or selections, or are selections themselves."""
    asked = _encode(ids).decode()
    rows = db.execute(_CONTESTED, (asked,))
    return {row[0] for row in rows}


def highlights_of(db: sqlite3.Connection, document: int) -> list[Highlight]:
    """All highlights of a document, deleted ones too."""
    rows = db.execute("SELECT data FROM highlight WHERE document = ?", (document,))
    return [_highlights.decode(row[0]) for row in rows]


def head(db: sqlite3.Connection, id_: int) -> Document:
    """A document without its highlights."""
    return _documents.decode(
        db.execute("SELECT data FROM document WHERE id = ?", (id_,)).fetchone()[0]
    )


def rivals(db: sqlite3.Connection, id_: int) -> Iterator[Rival]:
    """The highlights of other documents that have the identity of one of this document's.

    Deleted ones too.
    """
    return _rivals(
        db,
        "SELECT document, data, key FROM highlight WHERE document != ?1 AND key IN"
        " (SELECT key FROM highlight WHERE document = ?1)",
        id_,
    )


def selections(db: sqlite3.Connection, id_: int) -> Iterator[Rival]:
    """The live selections, saved in Reader, of this document's tweets; their key is the tweet's."""
    return _rivals(
        db,
        "SELECT document, data, tweet FROM highlight WHERE live AND document != ?1 AND tweet IN"
        " (SELECT key FROM highlight WHERE document = ?1)",
        id_,
    )


def thread(db: sqlite3.Connection, tweet: str) -> Iterator[Rival]:
    """The live highlights of every document that holds this tweet (its key).

    The tweet, or its whole thread.
    """
    return _rivals(
        db,
        "SELECT document, data, key FROM highlight WHERE live AND tweet IS NULL AND document IN"
        " (SELECT document FROM highlight WHERE live AND key = ?)",
        tweet,
    )


def _rivals(db: sqlite3.Connection, query: str, value: object) -> Iterator[Rival]:
    for document, data, key in db.execute(query, (value,)).fetchall():
        yield Rival(head(db, document), _highlights.decode(data), key or "")


def documents(db: sqlite3.Connection) -> list[int]:
    """The ids of all documents, oldest first."""
    return [row[0] for row in db.execute("SELECT id FROM document ORDER BY id")]


def documents_in(db: sqlite3.Connection, vault: int) -> Iterator[Document]:
    """The documents that have a page in the vault, without their highlights."""
    rows = db.execute(
        "SELECT data FROM document JOIN home ON home.document = document.id WHERE vault = ?",
        (vault,),
    )
    return (_documents.decode(row[0]) for row in rows)


def highlights_in(db: sqlite3.Connection, vault: int) -> Iterator[Highlight]:
    """The live highlights of those documents."""
    rows = db.execute(
        "SELECT data FROM highlight JOIN home USING (document) WHERE vault = ? AND live", (vault,)
    )
    return (_highlights.decode(row[0]) for row in rows)


def meant(db: sqlite3.Connection, what: str) -> list[tuple[int, int]]:
    """The highlights that `what` means, by their id or link: document and highlight."""
    number = int(what) if what.isdecimal() else None
    return db.execute(
        "SELECT document, id FROM highlight WHERE id = ? OR key = ?", (number, link_key(what))
    ).fetchall()


def holder(db: sqlite3.Connection, highlight: int) -> int | None:
    """The document that has this highlight."""
    query = "SELECT document FROM highlight WHERE id = ?"
    row = db.execute(query, (highlight,)).fetchone()
    return row[0] if row else None


def titled(db: sqlite3.Connection, what: str) -> list[int]:
    """The documents that `what` means, by their title or id."""
    rows = db.execute(
        "SELECT id FROM document WHERE json_extract(CAST(data AS TEXT), '$.title') = ? OR id = ?",
        (what, what),
    )
    return [row[0] for row in rows]


def has_key(db: sqlite3.Connection, document: int, key: str) -> bool:
    """Whether a document has, or had, a highlight of this identity."""
    query = "SELECT 1 FROM highlight WHERE (document, key) = (?, ?)"
    return db.execute(query, (document, key)).fetchone() is not None


def live_with_key(db: sqlite3.Connection, key: str) -> list[tuple[int, int]]:
    """The live highlights of this identity: document and highlight, by their ids."""
    query = "SELECT document, id FROM highlight WHERE live AND key = ? ORDER BY id"
    return db.execute(query, (key,)).fetchall()


def title(db: sqlite3.Connection, id_: int) -> str:
    """A document's title, to name it by."""
    return head(db, id_).title or ""


def reject(db: sqlite3.Connection, refused: Iterable[Rejected]) -> None:
    """Remember documents that could not be understood, as far as their id is known."""
    rows = [one for one in refused if one.id is not None]
    db.executemany("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?)", rows)


def forget_rejected(db: sqlite3.Connection, still: Collection[int | None]) -> None:
    """Forget the documents that were not understood, but for those that `still` are."""
    gone = [(id_,) for id_, _, _ in rejected(db) if id_ not in still]
    db.executemany("DELETE FROM rejected WHERE document = ?", gone)


def rejected(db: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """The documents that could not be understood when they last came: id, title, reason."""
    return db.execute("SELECT document, title, reason FROM rejected").fetchall()


def cursor(db: sqlite3.Connection, key: str = "cursor") -> datetime | None:
    """The time (UTC) from which the next fetch asks for changes; `full` instead of `cursor`.

    The last full fetch.
    """
    value = setting(db, key)
    return None if value is None else datetime.fromisoformat(value)


def set_cursor(db: sqlite3.Connection, value: datetime, key: str = "cursor") -> None:
    """Remember such a time."""
    set_setting(db, key, value.isoformat())


def pause(db: sqlite3.Connection, server: str) -> datetime | None:
    """Until when (UTC) this server asked to be left alone; None where that is over."""
    value = setting(db, f"pause {server}")
    until = None if value is None else datetime.fromisoformat(value)
    now = datetime.now(UTC)
    # more than any pause: the clock has been set back
    return until if until is not None and now < until < now + timedelta(days=2) else None


def set_pause(db: sqlite3.Connection, server: str, until: datetime) -> None:
    """Remember such a time."""
    set_setting(db, f"pause {server}", until.isoformat())


def server(db: sqlite3.Connection) -> str | None:
    """The address from which the whole account last came: another server is another account."""
    return setting(db, "server")


def set_server(db: sqlite3.Connection, address: str) -> None:
    """Remember such an address."""
    set_setting(db, "server", address)
