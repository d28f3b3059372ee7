"""Collects what a decision on one document rests on: its draft, and the pages themselves.

All that is read of pages is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

from syncd.adopt.adopt import read_in, with_dialects
from syncd.adopt.dialects import Dialect, dialect_of
from syncd.adopt.lists import with_whole_lists
from syncd.adopt.prose import HEADING
from syncd.formats.format import Format, notes_of
from syncd.model import Document
from syncd.page.base import Base
from syncd.page.blocks import Page, digest, parse
from syncd.page.identity import link_key
from syncd.page.links import fingerprint, id_key, title_key
from syncd.page.names import is_date, name_key
from syncd.page.occurrences import LABELLED, MENTION
from syncd.page.rendered import Labels
from syncd.state import account, homes, index
from syncd.state.bases import Verdict
from syncd.sync.drafts import Draft, draft, names_of
from syncd.sync.highlight_blocks import Elsewhere, Wanted, blocks_of
from syncd.sync.home_page import Facts, Held, choose_page
from syncd.sync.identify import identify
from syncd.sync.notes import NONE, Notes, is_link_alone, read_notes, stands_elsewhere
from syncd.sync.pictures import Album
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name
from syncd.vault.read import PageChanged, Seen, page_at


class Inputs(NamedTuple):
    """A document with all that decides on its page.

    `path` and `seen` are None and `page` is empty where it has none. `form` is that of its page's
    file, and of new pages where it has none; `labels` are those of children on that page. `notes`
    are the own notes of its highlights where they have such; its page is their index then.
    `elsewhere` are the other places of its highlights by identity. `dialect`: in which manner
    another program wrote the page, None where none did. What else it has is the draft's: `is_new`,
    where nothing in the vault has a word of it, so that its page can have the first of `names`;
    `is_older`: whether an older syncd wrote the page, which renders otherwise.
    """

    document: Document
    wanted: Sequence[Wanted]
    bases: Mapping[int, Base]
    home: homes.Home | None
    path: str | None
    page: Page
    seen: Seen | None
    elsewhere: Mapping[str, Sequence[Elsewhere]]
    gone: Mapping[int, Verdict]
    duplicates: int
    form: Format
    labels: Labels
    redressed: bool
    album: Album
    dialect: Dialect | None
    begun: int
    differs: bool
    names: Sequence[Name]
    is_new: bool
    is_older: bool
    notes: Notes = NONE


def read_inputs(run: VaultRun, id_: int) -> Inputs:
    """Read everything about one document.

    Raises DocumentError or OSError where its page cannot be read, or cannot be told.
    """
    return with_page(run, draft(run, id_))


def with_page(run: VaultRun, one: Draft) -> Inputs:
    """The inputs of a draft that still holds. Raises as `read_inputs` does."""
    labels, (path, others) = with_dialects(one.form.labels), _pages_of(run, one)
    right = _right_format(run, one, path)
    if right is not one.form:
        one = draft(run, one.document.id, right)
        labels, (path, others) = with_dialects(right.labels), _pages_of(run, one)
    page, seen = page_at(run.root / path) if path else (parse("", one.form.syntax), None)
    notes, dialect, own = NONE, None, path
    if one.form.notes:  # what stands in no note stands elsewhere, on their index too
        notes, own = read_notes(run, one.places, one.bases, one.begun), None
    elif path:
        dialect = dialect_of("".join(page.lines))
        page = _as_meant(dialect, page, one.document, one.bases)
    wanted = _illustrated(one, path, notes)
    return Inputs(
        one.document,
        wanted,
        one.bases,
        one.home,
        path,
        page,
        seen,
        _elsewhere(run, wanted, one.bases, one.places, own, one.document.id, notes.seen)
        | _said_on(run, labels, wanted, one.bases, others),
        one.gone,
        one.duplicates,
        one.form,
        labels,
        one.redressed,
        one.album,
        dialect,
        one.begun,
        one.differs,
        one.names,
        not one.is_known,
        one.is_older,
        notes,
    )


def _illustrated(one: Draft, path: str | None, notes: Notes) -> list[Wanted]:
    """The highlights as they stand on the page at `path`, or each in its own note."""
    home = path or one.usual
    if not one.form.notes:
        return one.album.illustrate(one.wanted, home, one.usual)
    paths = {id_: note.path for id_, note in notes.found.items()}
    return [
        shown
        for item in one.wanted
        for shown in one.album.illustrate([item], paths.get(item.id, home), home)
    ]


def _right_format(run: VaultRun, one: Draft, path: str | None) -> Format:
    """How a document is written: as it is laid out already, wherever that can be told."""
    page = run.format_at(path) if path else run.format
    if one.home is not None:
        return notes_of(page) if one.home.notes else page
    if any(place.is_own_note for place in one.places):
        return notes_of(page)
    if run.vault.layout != "note-per-highlight":
        return page
    return page if path and _holds_some(run, one, path) else notes_of(page)


def _holds_some(run: VaultRun, one: Draft, path: str) -> bool:
    """Whether highlights of the document stand on a page, which is no index of notes then."""
    page, _ = page_at(run.root / path)
    blocks = [
        block
        for block in blocks_of(page, with_dialects(one.form.labels))
        if not is_link_alone(block.text.split("\n"))
    ]
    held = [place for place in one.places if place.path == path]
    return bool(held) or bool(identify(one.wanted, one.bases, blocks, {}, page.lines))


def _elsewhere(
    run: VaultRun,
    wanted: Sequence[Wanted],
    known: Mapping[int, Base],
    places: Sequence[index.Place],
    path: str | None,
    document: int,
    notes: Collection[str] = (),
) -> dict[str, list[Elsewhere]]:
    """Where the document's highlights stand off its page and `notes`, by their identities."""
    found: dict[str, list[Elsewhere]] = {}
    seen = {base.page.text for base in known.values()}
    items: dict[str | None, list[Wanted]] = {}
    for item in wanted:
        items.setdefault(item.key, []).append(item)
    for place in (one for one in places if stands_elsewhere(one, notes)):
        key = _plain_key(place)
        if not place.hash or key.startswith("rw:"):
            counts = True  # also on the document's own page: outside of a block, or joined ones
        elif place.path == path:
            counts = False
        elif key != place.key:
            counts = _counts_as_labelled(run, place, items.get(key, ()))
        else:
            said = place.hash in seen or _is_written_so(place, items.get(key, ()))
            counts = said or _is_ours(run, place, document)
        if counts:
            found.setdefault(key, []).append(Elsewhere(place.path, place.hash))
    return found


def _counts_as_labelled(run: VaultRun, place: index.Place, items: Sequence[Wanted]) -> bool:
    """Whether a link that stands where no highlight's own does is a highlight's all the same.

    On another program's page it is by Readwise's label, elsewhere where its words stand with it.
    """
    strange = place.key.startswith(LABELLED) and place.tenant is None
    return strange or _says_it(run, place, items)


def _is_written_so(place: index.Place, items: Sequence[Wanted]) -> bool:
    """Whether a block is as syncd writes one of these highlights."""
    return any(item.page.text == place.hash for item in items)


def _is_ours(run: VaultRun, place: index.Place, document: int) -> bool:
    """Whether a block with the link of one of our highlights is no highlight of its own page's."""
    if place.tenant in (None, document) or place.key.startswith("tweet:"):
        return True
    if not place.key.startswith("url:"):
        return False
    return not account.has_key(run.db, place.tenant or 0, place.key)


def _plain_key(place: index.Place) -> str:
    return place.key.removeprefix(LABELLED).removeprefix(MENTION)


def _says_it(run: VaultRun, place: index.Place, items: Sequence[Wanted]) -> bool:
    """Whether a block with a mere mention of a link also says what its highlight says."""
    try:
        page, _ = page_at(run.root / place.path)
    except (OSError, PageChanged):
        return False
    contents = (page.content(block) for block in page.blocks)
    blocks = [content for content in contents if digest(content) == place.hash]
    says = "".join(fingerprint("\n".join(content)) for content in blocks)
    return any(item.says and item.says in says for item in items)


def _as_meant(
    dialect: Dialect | None, page: Page, document: Document, known: Mapping[int, Base]
) -> Page:
    """A page with each highlight that another program wrote as one block."""
    texts = [item.text or "" for item in document.highlights]
    return with_whole_lists(
        read_in(dialect, page), texts, {base.page.text for base in known.values()}
    )


# --- the document's page --------------------------------------------------------------------------


def _pages_of(run: VaultRun, one: Draft) -> tuple[str | None, set[str]]:
    """The path of the document's page, None where it has none; and others that hold some of it.

    These say that they are its, or held highlights of it before.
    """
    home, document, labels = one.home, one.document, with_dialects(one.form.labels)
    wanted = one.album.illustrate(one.wanted, one.usual)
    held = _held(place for place in one.places if place.note is None)
    is_there = home is not None and index.has(run.db, run.id, home.path)
    before = {base.place for base in one.bases.values() if base.place}
    if home is not None and is_there and held.keys() <= {home.path}:
        return home.path, before - {home.path}
    if home is None and not held and not one.is_known:
        return None, before
    names = [name_key(name.title) for name in one.names or names_of(run, one.form, document)]
    title = title_key(one.form.full_title(document))
    facts = Facts(
        names, link_key(document.source_url), title, document.id, len(wanted), _had(one.bases)
    )
    titles = [title, home.title or title] if home else [title]
    found = index.candidates(run.db, run.id, held, names, titles, document.id)

    def as_candidate(page: index.Candidate) -> Held | None:
        keys = held.get(page.path, set())
        if page.name in names or page.title in titles:
            return Held(page, keys, cache(partial(_in_words, run, labels, page, wanted)))
        if page.says_something or (home is not None and page.digest == home.hash):
            return Held(page, keys)
        titled = _is_its_note(run, document, wanted, held, page.path)
        return Held(page, keys, titled=True) if titled else None

    candidates = [one for one in map(as_candidate, found) if one is not None]
    path = choose_page(facts, home, is_there=is_there, held=candidates)
    return path, (before | _alike(facts, found)) - {path}


def _held(places: Iterable[index.Place]) -> dict[str, set[str]]:
    """The identities of the document's highlights that each page holds."""
    held: dict[str, set[str]] = {}
    for place in places:
        held.setdefault(place.path, set()).add(_plain_key(place))
    return held


def _is_its_note(
    run: VaultRun,
    document: Document,
    wanted: Sequence[Wanted],
    held: Mapping[str, set[str]],
    path: str,
) -> bool:
    """Whether a page without metadata is a document's by its heading and the highlights on it."""
    return _holds_all(run, wanted, held, path) and _is_titled(run, document, path)


def _had(known: Mapping[int, Base]) -> int:
    """How many highlights were on the document's page."""
    return sum(base.place is None for base in known.values())


def _alike(facts: Facts, found: Iterable[index.Candidate]) -> set[str]:
    """The pages of no document yet that have this one's address and title."""
    free = (page for page in found if facts.url is not None and not page.settled)
    return {page.path for page in free if (page.url, page.title) == (facts.url, facts.title)}


def _holds_all(
    run: VaultRun, wanted: Sequence[Wanted], held: Mapping[str, set[str]], path: str
) -> bool:
    """Whether a page, no journal's, holds all highlights that stand anywhere, and most of all."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    journals = run.graph.journals and f"{run.graph.journals}/"
    if (journals and path.startswith(journals)) or is_date(stem):
        return False
    standing = set[str]().union(*held.values())
    keys = {item.key or id_key(item.id) for item in wanted}
    return keys & standing <= held[path] if len(held[path]) * 2 > len(keys) else False


def _is_titled(run: VaultRun, document: Document, path: str) -> bool:
    """Whether a page's first heading is the document's title."""
    page, _ = page_at(run.root / path)
    headings = (found[1] for line in page.lines if (found := HEADING.match(line)))
    return fingerprint(next(headings, "")) == fingerprint(document.title or "")


def _said_on(
    run: VaultRun,
    labels: Labels,
    wanted: Sequence[Wanted],
    known: Mapping[int, Base],
    paths: Iterable[str],
) -> dict[str, list[Elsewhere]]:
    """Where highlights that have no link stand on further pages of the document, by their ids.

    By their words, or as they were last seen there.
    """
    found: dict[str, list[Elsewhere]] = {}
    for path in sorted(paths):
        try:
            page, _ = page_at(run.root / path)
        except FileNotFoundError:
            continue
        blocks = [block for block in blocks_of(page, labels) if not block.keys]
        said = {block.says: block for block in blocks}
        seen = {block.digest: block for block in blocks}
        for item in wanted:
            if item.key is not None:
                continue
            base = known.get(item.id)
            block = seen.get(base.page.text) if base else None
            block = block or said.pop(item.says, None)
            if block is not None:
                found.setdefault(id_key(item.id), []).append(Elsewhere(path, block.digest))
    return found


def _in_words(
    run: VaultRun, labels: Labels, page: index.Candidate, wanted: Sequence[Wanted]
) -> int:
    """How many of these highlights a page holds, be it only by what they say."""
    there = page_at(run.root / page.path)[0]
    return len(identify(wanted, {}, blocks_of(there, labels), {}, there.lines))
