"""Finds what is gone from a vault since the last look, and remembers what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from syncd.state import bases, homes, pending
from syncd.state.schema import transaction
from syncd.sync.absence import Fate, Look, judge
from syncd.sync.vault_run import VaultRun


class Absences(NamedTuple):
    """What is gone from a vault.

    `fates` by highlight; `found` are those that are not written again; `doubted` are those that
    counted as deleted until now: the vault is not whole.
    """

    fates: Mapping[int, Fate]
    found: Sequence[bases.Absence]
    doubted: Sequence[bases.Absence]


def find_absences(run: VaultRun) -> Mapping[int, Fate]:
    """Judge what is gone since the last look, remember it and put it into the report.

    Returns what becomes of each highlight that is gone.
    """
    absences = judge_absences(run)
    _record_absences(run, absences)
    return absences.fates


def judge_absences(run: VaultRun) -> Absences:
    """Find what is gone from the vault since the last look, and what that means."""
    looks = _looks(run)
    if not looks:
        return Absences({}, [], [])
    day = run.started - timedelta(days=1)
    recent = bases.absences(run.db, run.id, since=day, verdict="deleted")
    gone = len(recent) + len(bases.absences(run.db, run.id, verdict="held"))
    known = len(bases.absences(run.db, run.id)) - gone
    total = bases.count(run.db, run.id) - known
    accepted = run.options.accept_deletions
    fates, whole = judge(looks, recent=gone, total=total, accepted=accepted)
    pages = {effect.highlight: look for look in looks for effect in look.effects}
    found = [
        bases.Absence(id_, pages[id_].document, pages[id_].path, run.started, fate)
        for id_, fate in fates.items()
        if fate != "again"
    ]
    return Absences(fates, found, [] if whole else recent)


def _looks(run: VaultRun) -> list[Look]:
    """The looks at changed pages by which something is undone."""
    changed = pending.to_look_at(run.db, run.id)
    if not changed:
        return []
    from syncd.sync.drafts import drafts
    from syncd.sync.look_at import look_at

    looks = []
    for number, (id_, one) in enumerate(drafts(run, list(changed)), 1):
        for look in look_at(run, id_, one, git_moved=changed[id_]):
            if any(effect.undone for effect in look.effects):
                looks.append(look)
        run.progress("changed pages compared", number, len(changed))
    return looks


def _record_absences(run: VaultRun, absences: Absences) -> None:
    """Remember what is gone, and put it into the report."""
    db, found = run.db, list(absences.found)
    if run.options.accept_deletions:
        found += bases.absences(db, run.id, verdict="held")
        found = [one._replace(verdict="accepted") for one in found]
    found += [one._replace(verdict="held") for one in absences.doubted]
    with transaction(db):
        bases.set_absences(db, run.id, found)
        homes.believe_gone(db, run.id, run.patience)
    run.report.deleted += [one.gone for one in found if one.verdict != "held"]
