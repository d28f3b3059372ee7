"""Collects what a decision on one document rests on.

From the mirror, the vault's index, and the pages themselves: all that is read is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from syncd.adopt.adopt import read_in, with_dialects
from syncd.adopt.dialects import Dialect, dialect_of
from syncd.adopt.lists import with_whole_lists
from syncd.adopt.prose import HEADING
from syncd.formats.format import Format
from syncd.formats.origin import place_name
from syncd.model import Document, Highlight
from syncd.page.base import Base
from syncd.page.blocks import Page, digest, parse
from syncd.page.identity import highlight_key, is_reader_tweet, link_key, status_id
from syncd.page.links import fingerprint, id_key, labelled_keys, place_label, title_key
from syncd.page.names import is_date, name_key
from syncd.page.occurrences import LABELLED, MENTION
from syncd.page.rendered import Digests, Labels
from syncd.state import account, bases, homes, index
from syncd.state.bases import Verdict
from syncd.sync.filters import wants_document, wants_highlight
from syncd.sync.highlight_blocks import Elsewhere, Wanted, blocks_of, text_keys
from syncd.sync.home_page import Facts, Held, choose_page
from syncd.sync.identify import identify
from syncd.sync.pictures import Album, album
from syncd.sync.same_tweet import Rival, Rivals, find_twins, own_names
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name, page_name
from syncd.vault.read import PageChanged, Seen, page_at


class Inputs(NamedTuple):
    """A document with all that decides on its page.

    `path` and `seen` are None and `page` is empty where it has none. `form` is that of its page's
    file, and of new pages where it has none; `labels` are those of children on that page.
    `elsewhere` are the other places of its highlights by identity; `gone` those that are known to
    be gone from the vault. `redressed`: the page was last written by other templates;
    `dialect`: in which manner another program wrote it, None where none did.
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
    dialect: Dialect | None = None


def read_inputs(run: VaultRun, id_: int) -> Inputs:
    """Read everything about one document.

    Raises DocumentError or OSError where its page cannot be read, or cannot be told.
    """
    home = homes.find(run.db, run.id, id_)
    form = run.format_at(home.path) if home else run.format
    found = _read(run, id_, home, form)
    right = run.format_at(found.path) if found.path else run.format
    return found if right is form else _read(run, id_, home, right)


def _read(run: VaultRun, id_: int, home: homes.Home | None, form: Format) -> Inputs:
    document = account.load(run.db, id_)
    known = bases.of_document(run.db, run.id, id_)
    rivals = _read_rivals(run, document)
    twins, inherited = find_twins(document, known, rivals, partial(_comes, run))
    known |= inherited
    plain = [
        _wanted(run, form, document, item)
        for item in document.highlights
        if item.id not in twins and (item.id in known or not item.is_deleted)
    ]
    pictures = album(run, plain)
    usual = home.path if home else ""
    if pictures.copies and not home:
        usual = name_of(run, form, document).path
    wanted = pictures.illustrate(plain, usual)
    places = index.places(run.db, run.id, _keys(wanted, known, form))
    labels = with_dialects(form.labels)
    path, others = _pages_of(run, form, labels, document, home, wanted, known, places)
    if path and path != usual:
        wanted = pictures.illustrate(plain, path, usual)
    page, seen = page_at(run.root / path) if path else (parse("", form.syntax), None)
    dialect = dialect_of("".join(page.lines))
    return Inputs(
        document,
        wanted,
        known,
        home,
        path,
        _as_meant(dialect, page, document, known),
        seen,
        _elsewhere(run, wanted, known, places, path, id_)
        | _said_on(run, labels, wanted, known, others),
        bases.absences_of(run.db, run.id, id_),
        len(twins),
        form,
        labels,
        homes.mark(run.db, run.id, id_) != form.mark,
        pictures,
        dialect,
    )


def _wanted(run: VaultRun, form: Format, document: Document, item: Highlight) -> Wanted:
    rendered = form.highlight(document, item, run.zone)
    live = not (item.is_deleted or document.is_deleted)
    key = highlight_key(document, item)
    comes = _comes(run, document, item)
    said = account_digests(item, key)
    label = place_label([f"({place_name(item)})"])
    return Wanted(
        item.id,
        key,
        rendered,
        rendered.digests(),
        said,
        item.text or "",
        live,
        comes,
        label=label,
    )


def _comes(run: VaultRun, document: Document, item: Highlight) -> bool:
    """Whether a highlight comes into the vault by its filters."""
    return wants_highlight(run.vault, run.zone, document, item)


def account_digests(item: Highlight, key: str | None) -> Digests:
    """Digests of what the account says of a highlight; `key` is its identity.

    Text, address, location and date are one part: an address on another host that leads to the same
    tweet is the same. b"" for tags or a note that it lacks.
    """
    text = (item.text, key, item.location, item.location_type, item.highlighted_at)
    note = (item.note or "").strip()
    return Digests(
        _digest(text),
        _digest(item.tag_names) if item.tag_names else b"",
        _digest(note) if note else b"",
    )


def _digest(value: object) -> bytes:
    return blake2b(msgspec.json.encode(value), digest_size=16).digest()


def _keys(wanted: Iterable[Wanted], known: Mapping[int, Base], form: Format) -> list[str]:
    """The identities under which these highlights may stand somewhere in the vault."""
    keys: dict[str, None] = {}
    for item in wanted:
        if item.key is None:
            keys.update(dict.fromkeys(text_keys(item, known.get(item.id))))
        else:
            keys[item.key] = keys[LABELLED + item.key] = keys[MENTION + item.key] = None
        if form.block_ids:
            keys[id_key(item.id)] = None
    return list(keys)


def _elsewhere(
    run: VaultRun,
    wanted: Sequence[Wanted],
    known: Mapping[int, Base],
    places: Sequence[index.Place],
    path: str | None,
    document: int,
) -> dict[str, list[Elsewhere]]:
    """Where the document's highlights stand off its page, by their identities."""
    found: dict[str, list[Elsewhere]] = {}
    written = {item.page.text for item in wanted if item.key}
    written |= {base.page.text for base in known.values()}
    for place in places:
        key = _plain_key(place)
        if not place.hash or key.startswith("rw:"):
            counts = True  # also on the document's own page: outside of a block, or joined ones
        elif place.path == path:
            counts = False
        elif key != place.key:
            counts = _counts_as_labelled(run, place, [item for item in wanted if item.key == key])
        else:
            counts = place.hash in written or _is_ours(run, place, document)
        if counts:
            found.setdefault(key, []).append(Elsewhere(place.path, place.hash))
    return found


def _counts_as_labelled(run: VaultRun, place: index.Place, items: Sequence[Wanted]) -> bool:
    """Whether a link that stands where no highlight's own does is a highlight's all the same.

    On another program's page it is by Readwise's label, elsewhere where its words stand with it.
    """
    strange = place.key.startswith(LABELLED) and place.tenant is None
    return strange or _says_it(run, place, items)


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
    return [
        Rival(*one, bases.find(run.db, run.id, one.highlight.id))
        for one in rivals
        if wants_document(run.vault, one.document)
    ]


def _standing(run: VaultRun, names: Sequence[str]) -> set[str]:
    """Those of these identities under which highlights stand in the vault."""
    return {place.key for place in index.places(run.db, run.id, names)} if names else set()


def _texts_of(run: VaultRun, tweet: str) -> list[str]:
    """The fingerprints of the blocks in the vault that are this tweet."""
    texts = []
    for path in {place.path for place in index.places(run.db, run.id, [tweet])}:
        page, _ = page_at(run.root / path)
        contents = [page.content(block) for block in page.blocks]
        texts += [fingerprint("\n".join(one)) for one in contents if tweet in labelled_keys(one)]
    return texts


def _as_meant(
    dialect: Dialect | None, page: Page, document: Document, known: Mapping[int, Base]
) -> Page:
    """A page with each highlight that another program wrote as one block."""
    texts = [item.text or "" for item in document.highlights]
    return with_whole_lists(
        read_in(dialect, page), texts, {base.page.text for base in known.values()}
    )


# --- the document's page --------------------------------------------------------------------------


def _pages_of(
    run: VaultRun,
    form: Format,
    labels: Labels,
    document: Document,
    home: homes.Home | None,
    wanted: Sequence[Wanted],
    known: Mapping[int, Base],
    places: Sequence[index.Place],
) -> tuple[str | None, set[str]]:
    """The path of the document's page, None where it has none; and others that hold some of it.

    These say that they are its, or held highlights of it before.
    """
    held = _held(places)
    is_there = home is not None and index.has(run.db, run.id, home.path)
    before = {base.place for base in known.values() if base.place}
    if home is not None and is_there and held.keys() <= {home.path}:
        return home.path, before - {home.path}
    names = [name_key(name.title) for name in names_of(run, form, document)]
    title = title_key(form.full_title(document))
    facts = Facts(
        names, link_key(document.source_url), title, document.id, len(wanted), _had(known)
    )
    titles = [title, home.title or title] if home else [title]
    found = index.candidates(run.db, run.id, held, names, titles, document.id)

    def as_candidate(page: index.Candidate) -> Held | None:
        keys = held.get(page.path, set())
        if page.name in names or page.title in titles:
            return Held(page, keys, _in_words(run, labels, page, wanted))
        if page.says_something or (home is not None and page.digest == home.hash):
            return Held(page, keys, 0)
        titled = _is_its_note(run, document, wanted, held, page.path)
        return Held(page, keys, 0, titled=True) if titled else None

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
            base = known.get(item.id)
            block = seen.get(base.page.text) if base else None
            block = block or said.pop(item.says, None)
            if item.key is None and block is not None:
                found.setdefault(id_key(item.id), []).append(Elsewhere(path, block.digest))
    return found


def _in_words(
    run: VaultRun, labels: Labels, page: index.Candidate, wanted: Sequence[Wanted]
) -> int:
    """How many of these highlights a page holds, be it only by what they say."""
    there = page_at(run.root / page.path)[0]
    return len(identify(wanted, {}, blocks_of(there, labels), {}, there.lines))


def names_of(run: VaultRun, form: Format, document: Document) -> tuple[Name, Name]:
    """The name of a document's page, and the one it has where that is another page's.

    The latter has the document's id.
    """
    return name_of(run, form, document), name_of(run, form, document, f" ({document.id})")


def name_of(run: VaultRun, form: Format, document: Document, suffix: str = "") -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    Raises DocumentError.
    """
    return page_name(
        run.graph, run.vault.namespace, document, suffix, form.name(document), form.extension
    )
