"""What is gone from the vault.

Deleted by its owner, gone back in time, or a vault that is not whole.

Content alone cannot tell an old file that was put back from an owner who deletes what has just
come. So signs decide: a page went back in time where it is as it was before one of syncd's writes,
and something besides tells that nobody deleted that by hand. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from syncd.page.base import Base
from syncd.page.rendered import PARTS, Digests, Part
from syncd.sync.highlight_blocks import Own, Place, Wanted

Fate = Literal["again", "deleted", "held"]

_BRAKE, _LEAST, _SHARE = (
    50,
    10,
    5,
)  # absences: more than this many; or from these on, one in so many
_SOON = 60_000_000_000  # ns within which an editor's old buffer is saved over what came
_COARSE = 2_000_000_000  # ns that a file system's clock may be behind
NO_TIME = 1 << 63  # the `mtime` of several files, of which none tells anything


class Effect(NamedTuple):
    """What a write of ours did, and whether it is undone.

    It brought a highlight (`part` None), or an edit of a part, at `moment` (ns; 0: it stood there
    before any).
    """

    highlight: int
    part: Part | None
    moment: int
    undone: bool


class Look(NamedTuple):
    """One document's page, at a moment when the vault had changed.

    `mtime` is the file's (ns), None where it is gone. `unsure`: its page was just seen to be gone
    and may come back. `git_moved`: the vault's repository went to another commit. `copied`: which
    of the highlights stand in a conflict copy of the page. `again`: which were written again
    before.
    """

    document: int
    path: str
    mtime: int | None
    effects: Sequence[Effect]
    unsure: bool = False
    git_moved: bool = False
    copied: Collection[int] = ()
    again: Collection[int] = ()


def effects_of(
    wanted: Iterable[Wanted],
    bases: Mapping[int, Base],
    found: Mapping[int, Place],
    standing: Mapping[int, Digests],
    known: Collection[int],
    *,
    moved: bool = False,
) -> list[Effect]:
    """What syncd's writes did to a document's page, and which of it is undone.

    `standing` are the digests of the highlights that stand on the page; `known` are the highlights
    of which it is known already that they are gone. `moved`: the document has another page now, on
    which what is gone never stood.
    """
    effects: list[Effect] = []
    for item in wanted:
        base = bases.get(item.id)
        if base is None or not item.live or item.id in known:
            continue
        place = found.get(item.id)
        if isinstance(place, Own):
            effects.append(Effect(item.id, None, base.since, undone=False))
            for part in PARTS:
                effects += _edits(item.id, base, part, getattr(standing[item.id], part))
        elif place is None and base.account is not None:
            # else an older syncd knew that it was gone
            moment = 0 if moved or base.place is not None else base.since
            effects.append(Effect(item.id, None, moment, undone=True))
    return effects


def _edits(highlight: int, base: Base, part: Part, now: bytes) -> Iterable[Effect]:
    """The writes that changed a part; where it is back at an earlier state all since are undone."""
    undone = False
    for past in base.past:
        if past.part == part:
            undone = undone or past.digest == now
            yield Effect(highlight, part, past.until, undone)


def judge(
    looks: Sequence[Look], *, recent: int, total: int, accepted: bool
) -> tuple[dict[int, Fate], bool]:
    """What became of each highlight that is gone, and whether the vault is whole.

    `recent` are how many were found gone without a sign in the last 24 hours, or are held back
    since, `total` how many the vault had; `accepted`: its owner says that all of that is their
    doing. Highlights of a page that may come back have no fate yet, unless the vault is not whole.
    """
    moved = {look.document for look in looks if _has_own_sign(look)}
    fates: dict[int, Fate] = {}
    unsigned: list[int] = []
    unsure: set[int] = set()
    for look in looks:
        missing = {one.highlight for one in look.effects if one.part is None and one.undone}
        again = _gone_back(look) - set(look.again) if _is_signed(look, moved) else set()
        fates |= dict.fromkeys(again, "again")
        unsigned += sorted(missing - again)
        unsure |= missing if look.unsure else set()
    if not accepted and _is_too_much(len(unsigned) + recent, total):
        return fates | dict.fromkeys(unsigned, "held"), False
    sure = [one for one in unsigned if one not in unsure]
    return fates | dict.fromkeys(sure, "deleted"), True


def _is_signed(look: Look, moved: Collection[int]) -> bool:
    """Whether something tells that a page went back in time: itself, git, or other pages.

    `moved` are the documents whose pages tell it themselves. What was seen to be gone by an earlier
    look did not go with those of this one.
    """
    if look.git_moved or look.document in moved:
        return True
    late = look.mtime is None and not look.unsure
    return not late and any(document != look.document for document in moved)


def _gone_back(look: Look) -> set[int]:
    """The highlights that are missing as they were before one of our writes."""
    since = _went_back_to(look.effects)
    if since is None:
        return set()
    missing = (one for one in look.effects if one.part is None and one.undone)
    return {one.highlight for one in missing if one.moment >= since}


def _is_too_much(gone: int, total: int) -> bool:
    return gone > _BRAKE or (gone >= _LEAST and gone * _SHARE > total)


def _went_back_to(effects: Sequence[Effect]) -> int | None:
    """The earliest of our writes since which nothing stands: the page is as it was before it."""
    found = None
    for moment in sorted({one.moment for one in effects if one.moment}, reverse=True):
        if not all(one.undone for one in effects if one.moment == moment):
            break
        found = moment
    return found


# --- the signs that a page gives itself -----------------------------------------------------------


class _Undone(NamedTuple):
    """What is undone on a page: all of it, and what `back` came since the page is as it was.

    `missing` are the highlights that are not there, `edits` those of which edits are undone.
    """

    effects: set[Effect]
    back: set[Effect]
    missing: set[int]
    edits: set[int]

    @property
    def moments(self) -> set[int]:
        """When the writes were made that are undone."""
        return {one.moment for one in self.back}


def _has_own_sign(look: Look) -> bool:
    """Whether the page itself tells that it went back in time."""
    undone = _undone_on(look)
    if undone is None:
        return False
    if _is_older(look, undone) or _is_in_a_copy(look, undone):
        return True
    emptied = len(undone.effects) == len(look.effects)  # of all that syncd made: it was no page yet
    much = bool(undone.missing) or len(undone.edits) > 1
    return much and not emptied and any(sign(look, undone) for sign in _SIGNS)


def _undone_on(look: Look) -> _Undone | None:
    """What is undone; None where the page is gone, or not as it was before one of our writes."""
    since = _went_back_to(look.effects)
    if since is None or look.mtime is None:
        return None
    effects = {one for one in look.effects if one.undone}
    back = {one for one in look.effects if one.moment >= since}
    missing = {one.highlight for one in effects if one.part is None}
    edits = {one.highlight for one in back if one.part is not None}
    return _Undone(effects, back, missing, edits)


def _is_older(look: Look, undone: _Undone) -> bool:
    """It is older than our last write, and lacks just what came after that time."""
    time = look.mtime or 0
    newer = {one for one in look.effects if one.moment > time + _COARSE}
    return bool(newer) and undone.effects == newer


def _is_in_a_copy(look: Look, undone: _Undone) -> bool:
    """What is missing stands in a conflict copy."""
    return bool(undone.missing) and undone.missing.issubset(look.copied)


def _has_edits_undone(_look: Look, undone: _Undone) -> bool:
    """With what is missing an edit of ours is undone, or several edits are."""
    return bool(undone.edits)


def _has_writes_undone(_look: Look, undone: _Undone) -> bool:
    """All that our last two or more writes brought is undone, and nothing else."""
    return len(undone.moments) > 1 and undone.effects == undone.back


def _was_saved_soon(look: Look, undone: _Undone) -> bool:
    """It was saved right after our last write, and lacks just what that brought: an old buffer."""
    last = max(undone.moments)
    newest = {one for one in undone.back if one.moment == last}
    return (look.mtime or 0) - last <= _SOON and undone.effects == newest


_SIGNS = (_has_edits_undone, _has_writes_undone, _was_saved_soon)
