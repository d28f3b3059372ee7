"""Looks at a document's page after the vault changed: what became of what syncd wrote there."""

from __future__ import annotations

import logging
import sqlite3

from syncd.adopt.adopt import read_in
from syncd.adopt.dialects import dialect_of
from syncd.sync.absence import NO_TIME, Look, effects_of
from syncd.sync.cases import places_of
from syncd.sync.drafts import Draft, draft
from syncd.sync.highlight_blocks import NoteBlock, Own, Wanted, blocks_of
from syncd.sync.identify import identify
from syncd.sync.inputs import Inputs, with_page
from syncd.sync.merge import part_digests
from syncd.sync.vault_run import VaultRun
from syncd.vault.read import page_at

_log = logging.getLogger(__name__)


def look_at(run: VaultRun, id_: int, one: Draft | None, *, git_moved: bool) -> list[Look]:
    """What became of what syncd wrote of a document; nothing where that cannot be told now.

    Of its page; or of all its notes together, and of each by itself that is there. `one` is its
    draft, if it has one. Raises sqlite3.Error.
    """
    try:
        found = with_page(run, one or draft(run, id_))
        places = places_of(found)
        missing = [i for i in found.wanted if i.id in found.bases and i.id not in places]
        copied = _copied(run, found, missing) if missing else set()
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001  # told when its page is brought up to date
        _log.debug("document %d cannot be looked at", id_, exc_info=error)
        return []
    if found.home is None:
        return []
    standing = {
        item.id: part_digests(found.page, place, found.labels, found.bases.get(item.id))
        for item in found.wanted
        if isinstance(place := places.get(item.id), Own)
    }
    moved = found.path not in (None, found.home.path)
    look = Look(
        id_,
        found.path or found.home.path,
        found.seen.mtime_ns if found.seen else None,
        (),
        unsure=found.path is None and run.may_come_back(found.home.away),
        git_moved=git_moved,
        copied=copied,
        again=frozenset(id_ for id_, base in found.bases.items() if base.again),
    )
    effects = effects_of(found.wanted, found.bases, places, standing, found.gone, moved=moved)
    if not found.form.notes:
        return [look._replace(effects=effects)]
    looks = [look._replace(mtime=NO_TIME, effects=effects)]  # what is gone, is gone from here
    for item in found.wanted:
        place = places.get(item.id)
        if isinstance(place, NoteBlock):
            mtime = found.notes.seen[place.path].mtime_ns
            effects = effects_of([item], found.bases, places, standing, found.gone)
            looks.append(look._replace(path=place.path, mtime=mtime, effects=effects))
    return looks


def _copied(run: VaultRun, found: Inputs, missing: list[Wanted]) -> set[int]:
    """Which of these highlights stand in a conflict copy of the document's page.

    Or of their own notes beside it.
    """
    path = found.path or (found.home.path if found.home else "")
    stem = path.rpartition(".")[0]
    copied: set[int] = set()
    if found.form.notes:
        folder = path.rpartition("/")[0]
        pages = (page_at(run.root / one)[0] for one in run.copies if one.startswith(folder))
        copied = {note for page in pages if (note := found.form.metadata(page, "").note)}
        return copied & {item.id for item in missing}
    for copy in run.copies:
        if stem and copy.startswith(stem):
            page, _ = page_at(run.root / copy)
            page = read_in(dialect_of("".join(page.lines)), page)
            blocks = blocks_of(page, found.labels)
            copied |= identify(missing, found.bases, blocks, {}).keys()
    return copied
