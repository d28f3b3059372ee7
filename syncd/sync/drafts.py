"""What account and state say of documents that wait: all that is known before a page is read.

A batch of documents is read with one query for each table, and each highlight is rendered, keyed
and hashed once. A draft holds until a page that is written meanwhile has a word by which the draft
was looked up (`index.words_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import NamedTuple

from syncd.formats.format import RENDERING, Format
from syncd.formats.origin import place_name
from syncd.model import Document, Highlight
from syncd.page.action_tags import shown_of
from syncd.page.base import Base
from syncd.page.identity import is_reader_tweet, status_id
from syncd.page.links import fingerprint, id_key, labelled_keys, links_in, place_label, title_key
from syncd.page.names import file_key, name_key
from syncd.page.occurrences import LABELLED, MENTION
from syncd.page.rendered import Rendering
from syncd.state import account, bases, homes, index, pending, pictures
from syncd.state.bases import Verdict
from syncd.sync.filters import wants_document, wants_highlight
from syncd.sync.highlight_blocks import Wanted, text_keys
from syncd.sync.pictures import Album, album
from syncd.sync.said import account_digests, settled_before
from syncd.sync.same_tweet import Rival, Rivals, find_twins, own_names
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name, page_name
from syncd.vault.read import page_at

_MOST = 2000  # highlights of documents that are drafted together, for the memory that they take


class Draft(NamedTuple):
    """A document with all that state and index say of it.

    `usual` is the path of its page, or that a new one would have; pictures do not show their copies
    in `wanted` yet. `gone` are the highlights that are known to be gone from the vault; `places`
    those identities of its highlights that stand anywhere. `names` are those of its page where it
    has none yet. It was looked up by its highlights' identities (`keys`) and by `words`;
    `is_known`: whether a page is found by one of these. `redressed`: whether other templates wrote
    the page last; `is_older`: whether an older syncd did, which renders otherwise. `begun` is when
    (ns) a run began to write it, 0 where none did, -1 for an older syncd; `differs`: whether
    differences are known.
    """

    document: Document
    wanted: Sequence[Wanted]
    usual: str
    bases: Mapping[int, Base]
    home: homes.Home | None
    places: Sequence[index.Place]
    gone: Mapping[int, Verdict]
    duplicates: int
    form: Format
    redressed: bool
    album: Album
    begun: int
    differs: bool
    names: Sequence[Name]
    keys: frozenset[str]
    words: frozenset[str]
    is_known: bool
    is_older: bool

    def holds(self, entered: set[str]) -> bool:
        """Whether it still holds after pages were entered that are found by these words."""
        if index.EVERY in entered:
            return False
        return entered.isdisjoint(self.keys) and entered.isdisjoint(self.words)


class _Rows(NamedTuple):
    """What the state says of a batch of documents, by document or highlight."""

    keys: Mapping[int, str | None]
    homes: Mapping[int, homes.Home]
    bases: Mapping[int, Base]
    gone: Mapping[int, Verdict]
    marks: Mapping[int, homes.Mark]
    begun: Mapping[int, int]
    differing: frozenset[int]
    contested: set[int]
    pictured: bool


def draft(run: VaultRun, id_: int, form: Format | None = None) -> Draft:
    """One document's draft, as in `form`, else in the format of its page.

    Raises DocumentError where it cannot be made.
    """
    document = account.load(run.db, [id_])[id_]
    rows = _read_rows(run, [document])
    one = _sketch(run, rows, document, form)
    return _looked_up(run, [one])[0]


def drafts(run: VaultRun, ids: Sequence[int]) -> Iterator[tuple[int, Draft | None]]:
    """The drafts of these documents, some at a time, in their order.

    None for a document that depends on others, or of which none can be made: it is drafted alone
    when its turn comes.
    """
    for some in _groups(account.sizes(run.db, ids), ids):
        run.entered.clear()
        documents = account.load(run.db, some)
        rows = _read_rows(run, documents.values())
        sketches = []
        for document in documents.values():
            if document.id not in rows.contested:
                with suppress(Exception):  # told, or raised, when it is drafted alone
                    sketches.append(_sketch(run, rows, document))
        made = {one.document.id: one for one in _looked_up(run, sketches)}
        yield from ((id_, made.get(id_)) for id_ in some)


def _groups(sizes: Mapping[int, int], ids: Sequence[int]) -> Iterator[list[int]]:
    """The documents in groups of which each has at most `_MOST` highlights, or one document."""
    group: list[int] = []
    room = _MOST
    for id_ in ids:
        room -= sizes.get(id_, 0)
        if group and room < 0:
            yield group
            group, room = [], _MOST - sizes.get(id_, 0)
        group.append(id_)
    yield group


def _read_rows(run: VaultRun, documents: Iterable[Document]) -> _Rows:
    db, vault = run.db, run.id
    ids = [document.id for document in documents]
    items = [item.id for document in documents for item in document.highlights]
    return _Rows(
        account.keys(db, ids),
        homes.find(db, vault, ids),
        bases.of(db, vault, items),
        bases.verdicts(db, vault, items),
        homes.marks(db, vault, ids),
        pending.begun_at(db, vault, ids),
        frozenset(bases.documents_in_conflict(db, vault)),
        account.contested(db, ids),
        run.vault.media == "copy" or pictures.any_copy(db, vault),
    )


def _sketch(run: VaultRun, rows: _Rows, document: Document, form: Format | None = None) -> Draft:
    """A draft that was not looked up in the index yet."""
    id_, home = document.id, rows.homes.get(document.id)
    form = form or run.form_of(home)
    items = document.highlights
    known = {item.id: base for item in items if (base := rows.bases.get(item.id))}
    keys = {item.id: rows.keys[item.id] for item in items}
    twins, inherited = _twins(run, document, keys, known, contested=id_ in rows.contested)
    known |= inherited
    plain = [
        _wanted(run, form, document, item, keys[item.id])
        for item in items
        if item.id not in twins and (item.id in known or not item.is_deleted)
    ]
    mark = rows.marks.get(id_, homes.Mark("", 1))
    known |= dict(settled_before(document, plain, known))
    shown = album(run, plain) if rows.pictured else Album({}, {}, wished=False)
    names: Sequence[Name] = () if home else names_of(run, form, document)
    path = home.path if home else names[0].path
    words = _page_words(form, document, names) if names else {f"path {path}"}
    return Draft(
        document,
        plain,
        path,
        known,
        home,
        (),
        {item.id: rows.gone[item.id] for item in items if item.id in rows.gone},
        len(twins),
        form,
        home is not None and mark.templates != form.mark,
        shown,
        rows.begun.get(id_, 0),
        id_ in rows.differing,
        names,
        frozenset(_keys(shown.illustrate(plain, path), known, form)),
        frozenset(words),
        is_known=True,
        is_older=home is not None and mark.version < RENDERING,
    )


def _page_words(form: Format, document: Document, names: Iterable[Name]) -> set[str]:
    """The words by which a new page of the document, or one that may be its, is found."""
    words = {f"title {title_key(form.full_title(document))}", f"book {document.id}"}
    for name in names:
        words |= {f"path {name.path}", f"file {file_key(name.path)}"}
        words.add(f"name {name_key(name.title)}")
    return words


def _looked_up(run: VaultRun, sketches: Sequence[Draft]) -> list[Draft]:
    """The same with what the vault's index says of them."""
    keys = set[str]().union(*(one.keys for one in sketches))
    found: dict[str, list[index.Place]] = {}
    for place in index.places(run.db, run.id, keys):
        found.setdefault(place.key, []).append(place)
    known = index.known(run.db, run.id, set[str]().union(*(one.words for one in sketches)))
    made = []
    for one in sketches:
        hits = [found[key] for key in sorted(one.keys & found.keys())] if found else []
        places = list(chain.from_iterable(hits))
        paths = {f"path {place.path}" for place in places}
        is_known = not known.isdisjoint(one.words)
        made.append(one._replace(places=places, words=one.words | paths, is_known=is_known))
    return made


def _wanted(
    run: VaultRun, form: Format, document: Document, item: Highlight, key: str | None
) -> Wanted:
    rendering = Rendering(partial(form.highlight, document, item, run.zone))
    if form.may_fail:  # a document fails as a whole, whatever is asked of it
        _ = rendering.rendered
    live = not (item.is_deleted or document.is_deleted)
    comes = _comes(run, document, item)
    said = account_digests(item, key, form.style.properties)
    name = place_name(item)
    label = place_label([f"({name})"]) if name else None
    return Wanted(
        item.id,
        key,
        rendering,
        said,
        item.text or "",
        live,
        comes,
        label=label,
        level=shown_of(item).level,
    )


def _comes(run: VaultRun, document: Document, item: Highlight) -> bool:
    """Whether a highlight comes into the vault by its filters."""
    return wants_highlight(run.vault, run.zone, document, item)


def _keys(wanted: Iterable[Wanted], known: Mapping[int, Base], form: Format) -> Iterator[str]:
    """The identities under which these highlights may stand somewhere in the vault."""
    for item in wanted:
        if item.key is None:
            yield from text_keys(item, known.get(item.id))
        else:
            yield from (item.key, LABELLED + item.key, MENTION + item.key)
        if form.block_ids:
            yield id_key(item.id)


# --- other documents ------------------------------------------------------------------------------


def _twins(
    run: VaultRun,
    document: Document,
    keys: Mapping[int, str | None],
    known: Mapping[int, Base],
    *,
    contested: bool,
) -> tuple[set[int], dict[int, Base]]:
    """What `find_twins` finds; `contested`: whether other documents can have some of it."""
    if contested:
        return find_twins(document, known, _read_rivals(run, document), partial(_comes, run))
    linked = [key for key in keys.values() if key is not None]
    if len(linked) == len(set(linked)):
        return set(), {}
    return find_twins(document, known, Rivals(), partial(_comes, run))


def _read_rivals(run: VaultRun, document: Document) -> Rivals:
    """The highlights of other documents that may be the same as this one's."""
    same = _with_bases(run, account.rivals(run.db, document.id))
    if not is_reader_tweet(document):
        selections = _with_bases(run, account.selections(run.db, document.id))
        names = [name for one in selections for name in own_names(one.document, one.highlight)]
        names += [one.key for one in selections]
        return Rivals(same, selections=selections, standing=_standing(run, names))
    tweet = f"tweet:{status_id(document.source_url)}"
    thread = [
        one
        for one in _with_bases(run, account.thread(run.db, tweet))
        if one.base is not None or _comes(run, one.document, one.highlight)
    ]
    names = [name for item in document.highlights for name in own_names(document, item)]
    return Rivals(same, thread, (), _standing(run, names), _texts_of(run, tweet))


def _with_bases(run: VaultRun, rivals: Iterable[account.Rival]) -> list[Rival]:
    wanted = [one for one in rivals if wants_document(run.vault, one.document)]
    known = bases.of(run.db, run.id, [one.highlight.id for one in wanted])
    return [Rival(*one, known.get(one.highlight.id)) for one in wanted]


def _standing(run: VaultRun, names: Sequence[str]) -> set[str]:
    """Those of these identities under which highlights stand in the vault."""
    return {place.key for place in index.places(run.db, run.id, names)} if names else set()


def _texts_of(run: VaultRun, tweet: str) -> list[str]:
    """The fingerprints of the blocks in the vault that are this tweet."""
    texts = []
    for path in {place.path for place in index.places(run.db, run.id, [tweet])}:
        page, _ = page_at(run.root / path)
        contents = [page.content(block) for block in page.blocks]
        said = [one for one in contents if tweet in labelled_keys(links_in(one))]
        texts += [fingerprint("\n".join(one)) for one in said]
    return texts


# --- names ----------------------------------------------------------------------------------------


def names_of(run: VaultRun, form: Format, document: Document) -> tuple[Name, Name]:
    """The name of a document's page, and the one it has where that is another page's.

    The latter has the document's id. Raises DocumentError.
    """
    return name_of(run, form, document), name_of(run, form, document, f" ({document.id})")


def name_of(run: VaultRun, form: Format, document: Document, suffix: str = "") -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    Raises DocumentError.
    """
    own, extension = form.name(document), form.extension
    return page_name(
        run.graph, run.vault.namespace, document, suffix, own, extension, folder=form.notes
    )
