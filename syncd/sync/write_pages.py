"""Brings the pages of documents that wait up to date, batch by batch.

What is written of a batch becomes durable with what is recorded of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from syncd.errors import Stopped, SyncdError, VaultError
from syncd.state import bases, pending
from syncd.state.schema import transaction
from syncd.sync.absence import Fate
from syncd.sync.apply import await_pictures, sync_document
from syncd.sync.drafts import drafts
from syncd.sync.pictures import copy_pictures
from syncd.sync.vault_run import VaultRun
from syncd.vault.write import check_space

_BATCH = 100  # documents whose pages are made durable and recorded together
_FEW, _SHARE = 50, 5  # removals beyond these, a number and one in so many, need a word


def write_waiting(run: VaultRun, fates: Mapping[int, Fate]) -> None:
    """Bring the pages of all documents that wait up to date, pictures first (see `write_pages`)."""
    if run.copies_pictures:
        _copy_pictures(run)
    write_pages(run, pending.waiting(run.db, run.id), fates)


def write_pages(run: VaultRun, todo: Sequence[int], fates: Mapping[int, Fate] | None) -> None:
    """Bring the pages of these documents up to date, batch by batch.

    `fates` are those of what is gone, None where that is judged later.
    """
    remove = _may_remove(run)
    if todo and not run.options.dry:
        check_space(run.root)
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        ended: SyncdError | None = None
        with transaction(run.db):
            pending.begin(run.db, run.id, batch, time.time_ns())
        with transaction(run.db):
            try:
                for number, (document, one) in enumerate(drafts(run, batch), start + 1):
                    if run.tools.stop.is_set():
                        raise Stopped("stopped; the next run goes on from here")  # noqa: TRY301
                    sync_document(run, document, one, fates, remove=remove)
                    run.progress("documents", number, len(todo))
            except (VaultError, Stopped) as error:
                ended = error  # what is written stays written, and is recorded
            run.writer.flush()
            pending.end(run.db, run.id, (id_ for id_ in batch if id_ not in run.unfinished))
        if ended is not None:
            raise ended


def _copy_pictures(run: VaultRun) -> None:
    """Copy what the waiting documents will show, before their pages are written."""
    with transaction(run.db):
        for document in pending.waiting(run.db, run.id):
            await_pictures(run, document)
    came = copy_pictures(run)
    with transaction(run.db):
        pending.add(run.db, run.id, came)


def _may_remove(run: VaultRun) -> bool:
    """Whether upstream deletions are carried out."""
    if run.vault.on_delete != "remove":
        return False
    gone, of = bases.deleted_upstream(run.db, run.id)
    if run.options.allow_removals or not (gone > _FEW or gone * _SHARE > of):
        return True
    run.report.warnings.append(
        f"{gone} of {of} highlights were deleted in Readwise; none is removed before "
        "`syncd sync --allow-removals`"
    )
    return False
