"""Brings the index up to the vault, and has the documents looked at whose pages changed."""

from __future__ import annotations

import msgspec

from syncd.report import conflict_copy_line
from syncd.state import bases, homes, index, pending, vaults
from syncd.state.schema import transaction
from syncd.sync.vault_run import VaultRun, emptied_vault
from syncd.vault.git import git_state
from syncd.vault.scan import Scan, scan


def index_vault(run: VaultRun) -> Scan:
    """Bring the index up to the vault; what was found there.

    All pages are read anew where the app's settings changed: what they are called depends on those.
    Raises VaultError where the vault is empty and was not.
    """
    with transaction(run.db):
        before = index.count(run.db, run.id)
        graph = msgspec.json.encode(run.graph).decode()
        if vaults.note_graph(run.db, run.id, graph):
            index.distrust(run.db, run.id)
        found = scan(run.db, run.id, run.root, run.graph, run.tools.stop, run.progress)
        if before and not found.pages:
            raise emptied_vault(run.root, before)
        moved = vaults.note_git(run.db, run.id, git_state(run.root))
        note_changes(run, found, git_moved=moved)
    run.copies[:] = found.copies
    run.report.warnings += found.unreadable
    run.report.warnings += map(conflict_copy_line, found.copies)
    return found


def note_changes(run: VaultRun, found: Scan, *, git_moved: bool) -> None:
    """Have the documents looked at whose pages changed, or are gone, by this run or the next."""
    db, changed = run.db, [*found.changed, *found.gone]
    homes.mark_away(db, run.id, found.gone, run.started)
    homes.mark_here(db, run.id, found.changed)
    touched = {*homes.documents_at(db, run.id, changed), *bases.standing_at(db, run.id, changed)}
    touched.update(homes.away(db, run.id))
    if changed:
        touched.update(index.documents_of_notes(db, run.id, found.changed))
        touched.update(bases.without_note(db, run.id))
    pending.look_at(db, run.id, touched, git_moved=git_moved)
    if found.changed:  # their owner may have brought together what differs
        pending.add(db, run.id, bases.documents_in_conflict(db, run.id))
