"""What the merge of one document decides on: its inputs as a `Case`, adopted blocks among it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from syncd.adopt.adopt import Found, adopt, in_manner_of
from syncd.page.base import Base
from syncd.page.rendered import PARTS, Rendering
from syncd.state import bases
from syncd.sync.absence import Fate
from syncd.sync.highlight_blocks import PageBlock, Place, Wanted, blocks_of
from syncd.sync.identify import identify
from syncd.sync.inputs import Inputs
from syncd.sync.merge import Case, part_contents, part_digests
from syncd.sync.vault_run import VaultRun

_COARSE = 2_000_000_000  # ns that a file system's clock may be behind


def places_of(found: Inputs) -> dict[int, Place]:
    """Where each highlight of a document stands that is in the vault."""
    blocks = [] if found.form.notes else blocks_of(found.page, found.labels)
    lines = () if found.form.notes else found.page.lines
    known = found.notes.found
    return identify(found.wanted, found.bases, blocks, found.elsewhere, lines, found.gone, known)


def case_of(run: VaultRun, found: Inputs, fates: Mapping[int, Fate], *, remove: bool) -> Case:
    """All that the merge decides on."""
    places = places_of(found)
    adopted = _adopted(run, found, places) if places else {}
    wanted = found.wanted
    if places:
        wanted = [_in_its_manner(found, item, places, adopted) for item in wanted]
    return Case(
        wanted,
        found.bases,
        found.page,
        places,
        adopted,
        fates,
        found.labels,
        time.time_ns(),
        _written_by_killed(run, found),
        remove,
        restyle=run.options.full and (found.redressed or found.is_older),
        notes=found.form.notes,
    )


def _written_by_killed(run: VaultRun, found: Inputs) -> int:
    """When (ns) the page was written, if a run was writing it that was killed; else 0."""
    since = found.begun
    if since <= 0 or since >= run.started.timestamp() * 1e9 or found.seen is None:
        return 0
    return found.seen.mtime_ns if found.seen.mtime_ns >= since - _COARSE else 0


def _adopted(run: VaultRun, found: Inputs, places: Mapping[int, Place]) -> dict[int, Base]:
    """The bases of the blocks on the page of which what the account said is not known."""
    doubted = _doubted(run, found)
    highlights = {item.id: item for item in found.document.highlights}
    adopted: dict[int, Base] = {}
    for item in found.wanted:
        place, base = places.get(item.id), found.bases.get(item.id)
        if not isinstance(place, PageBlock) or (base is not None and base.account is not None):
            continue
        standing = part_digests(found.page, place, found.labels, base)
        if base is None and standing == item.page:
            continue
        contents = part_contents(found.page, place, found.labels, base)
        alone = sum(map(bool, contents.values())) - 1 == len(found.page.children(place.at))
        block = Found(highlights[item.id], contents, standing, item.page, item.account, alone)
        adopted[item.id] = adopt(block, base, doubted.get(item.id, ()))
    return adopted


def _doubted(run: VaultRun, found: Inputs) -> Mapping[int, Collection[str]]:
    """The parts that may have changed upstream since an older syncd settled them, by highlight."""
    if found.begun < 0:
        return bases.conflicts_of(run.db, run.id, found.document.id)
    return dict.fromkeys(found.bases, PARTS)


def _in_its_manner(
    found: Inputs, item: Wanted, places: Mapping[int, Place], adopted: Mapping[int, Base]
) -> Wanted:
    """A highlight as it is written where its block stands: another program's keeps its manner."""
    place, base = places.get(item.id), adopted.get(item.id) or found.bases.get(item.id)
    if not (isinstance(place, PageBlock) and base and base.adopted):
        return item
    content = found.page.content(found.page.blocks[place.at])
    rendered = in_manner_of(found.dialect, item.rendered, item.key, content)
    return item._replace(rendering=Rendering(lambda: rendered))
