"""Collects what a decision on one document rests on.

From the mirror, the vault's index, and the page itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from syncd.formats.format import Format
from syncd.model import Document, Highlight
from syncd.page.identity import highlight_key, link_key
from syncd.page.links import id_key, title_key
from syncd.page.names import name_key
from syncd.page.rendered import Hashes
from syncd.state import account, bases, homes, index
from syncd.sync.filters import wants_highlight
from syncd.sync.identify import Stand, Wanted, locals_of, match, text_keys
from syncd.sync.merge import Case
from syncd.sync.pictures import Album, album
from syncd.sync.same_tweet import duplicates
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name, page_name
from syncd.vault.read import Seen, page_at


class Inputs(NamedTuple):
    """A document with all that decides on its page. `path` and `seen` are None where it has none.

    `form` is that of its page's file, and of new pages where it has none.
    """

    document: Document
    case: Case
    home: homes.Home | None
    path: str | None
    seen: Seen | None
    duplicates: int
    form: Format
    album: Album


def read_inputs(run: VaultRun, id_: int, *, remove: bool = False) -> Inputs:
    """Read everything about one document; `remove`: whether upstream deletions are carried out.

    Raises DocumentError or OSError where its page cannot be read.
    """
    home = homes.find(run.db, run.id, id_)
    form = run.format_at(home.path) if home else run.format
    found = _read(run, id_, home, form, remove=remove)
    right = run.format_at(found.path) if found.path else run.format
    return found if right is form else _read(run, id_, home, right, remove=remove)


def _read(
    run: VaultRun, id_: int, home: homes.Home | None, form: Format, *, remove: bool
) -> Inputs:
    document = account.load(run.db, id_)
    known = bases.of_document(run.db, run.id, id_)
    twins = duplicates(run, document, known)
    plain = [
        _wanted(run, form, document, item)
        for item in document.highlights
        if item.id not in twins and (item.id in known or not item.is_deleted)
    ]
    pictures = album(run, plain)
    usual = ""
    if home:
        usual = home.path
    elif pictures.copies:
        usual = name_of(run, form, document).path
    wanted = pictures.illustrate(plain, usual)
    places = index.places(run.db, run.id, _keys(wanted, known, form))
    path = _page_of(run, form, document, home, wanted, places)
    if path and path != usual:
        wanted = pictures.illustrate(plain, path, usual)
    page, seen = page_at(run.root / path) if path else (None, None)
    elsewhere: dict[str, list[Stand]] = {}
    written = {item.hashes.text for item in wanted if item.key}
    written |= {base.text for base in known.values()}
    for place in places:
        # also on the document's own page, outside of a block, or where several stand in one
        anywhere = not place.hash or place.key.startswith("rw:")
        said = place.key.startswith("url:") and place.hash in written
        sure = place.tenant in (None, id_) or place.key.startswith("tweet:") or said
        if anywhere or (place.path != path and sure):
            elsewhere.setdefault(place.key, []).append(Stand(place.path, place.hash))
    redressed = homes.mark(run.db, run.id, id_) != form.mark
    case = Case(wanted, known, page, elsewhere, remove, form.labels, redressed, form.syntax)
    return Inputs(document, case, home, path, seen, len(twins), form, pictures)


def _wanted(run: VaultRun, form: Format, document: Document, item: Highlight) -> Wanted:
    rendered = form.highlight(document, item, run.zone)
    live = not (item.is_deleted or document.is_deleted)
    key = highlight_key(document, item)
    comes = wants_highlight(run.vault, run.zone, document, item)
    return Wanted(item.id, key, rendered, rendered.hashes(), item.text or "", live, comes)


def _keys(wanted: Iterable[Wanted], bases: dict[int, Hashes], form: Format) -> list[str]:
    keys: dict[str, None] = {}
    for item in wanted:
        names = [item.key] if item.key else text_keys(item.hashes, bases.get(item.id))
        keys.update(dict.fromkeys(names))
        if form.block_ids:
            keys[id_key(item.id)] = None
    return list(keys)


def _page_of(
    run: VaultRun,
    form: Format,
    document: Document,
    home: homes.Home | None,
    wanted: Sequence[Wanted],
    places: Sequence[index.Place],
) -> str | None:
    """The document's page.

    By the state, else by its `url` property and title, else by the highlights in it.
    """
    counts: dict[str, set[str]] = {}
    for place in places:
        counts.setdefault(place.path, set()).add(place.key)
    known = home.path if home is not None and index.has(run.db, run.id, home.path) else None
    if known is not None and (known in counts or not counts):
        return known
    names = [name_key(name.title) for name in names_of(run, form, document)]
    url = link_key(document.source_url)
    title = title_key(form.full_title(document))
    had_one = home is not None and any(item.key for item in wanted)
    ranked = []
    for page in index.candidates(run.db, run.id, counts, names, title, document.id):
        held = counts.get(page.path, set())
        same_name = page.name in names or page.title == title
        may_share = same_name and home is None and not page.own and (page.url or page.title)
        few = page.highlights > 0 and len(held) * 2 <= page.highlights
        strange = had_one and few and not (held and same_name)
        mine = not strange and _is_home(run, form, page, url, same_name, held, wanted)
        if page.book is not None:
            mine = page.book == document.id
        if mine or (may_share and _shares(run, form, page, held, wanted)):
            same = page.url == url and same_name
            ranked.append((mine, same, page.name == names[1], len(held), page.path))
    return max(ranked)[-1] if ranked else known


def _is_home(
    run: VaultRun,
    form: Format,
    page: index.Candidate,
    url: str | None,
    same_name: bool,
    held: set[str],
    wanted: Sequence[Wanted],
) -> bool:
    """Whether a page that is no document's yet is this one's, which has this address and holds these highlights."""
    if page.settled:
        return False
    if len(held) * 2 > page.highlights:
        return True
    if page.url is None and page.title is None:
        return same_name and _in_words(run, form, page, wanted) * 2 > len(wanted)
    if url is not None:
        return page.url == url and (same_name or bool(held))
    return same_name and (
        bool(held) or (page.url is None and _in_words(run, form, page, wanted) > 0)
    )


def _shares(
    run: VaultRun, form: Format, page: index.Candidate, held: set[str], wanted: Sequence[Wanted]
) -> bool:
    """Whether another program put this document's highlights onto the page of another document of the same title."""
    return any(key.startswith("tweet:") for key in held) or _in_words(
        run, form, page, wanted
    ) * 2 > len(wanted)


def _in_words(run: VaultRun, form: Format, page: index.Candidate, wanted: Sequence[Wanted]) -> int:
    """How many of these highlights a page holds, be it only by what they say."""
    there = page_at(run.root / page.path)[0]
    return len(match(wanted, {}, locals_of(there, form.labels), {}, there.lines))


def names_of(run: VaultRun, form: Format, document: Document) -> tuple[Name, Name]:
    """The name of a document's page, and the one it has where that is another page's.

    With its own id.
    """
    return name_of(run, form, document), name_of(run, form, document, f" ({document.id})")


def name_of(run: VaultRun, form: Format, document: Document, suffix: str = "") -> Name:
    """The name of a document's page; `suffix` where another page has the plain one.

    Raises DocumentError.
    """
    return page_name(
        run.graph, run.vault.namespace, document, suffix, form.name(document), form.extension
    )
