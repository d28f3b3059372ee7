"""Shows what differs between account and vault, and settles it as its owner says.

For `syncd diff`, `take` and `keep`: from the mirror, without network.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config, Vault
from syncd.errors import DocumentError
from syncd.page.blocks import digest
from syncd.progress import Progress, silent
from syncd.report import Failure, VaultReport
from syncd.state import account, bases, homes, pending
from syncd.state.schema import transaction
from syncd.sync.cases import case_of
from syncd.sync.differences import (
    OPEN,
    Difference,
    differences,
    property_differences,
    settled_bases,
    settled_header,
)
from syncd.sync.filters import wants_document
from syncd.sync.find_absences import find_absences, judge_absences
from syncd.sync.highlight_blocks import Elsewhere
from syncd.sync.index_vault import index_vault
from syncd.sync.inputs import Inputs, read_inputs
from syncd.sync.merge import Case, Plan, merge
from syncd.sync.page_properties import properties_of, wanted_properties
from syncd.sync.restore import find_meant
from syncd.sync.run import finish_killed
from syncd.sync.session import opened
from syncd.sync.vault_run import RunOptions, RunTools, VaultRun, open_vault
from syncd.sync.write_pages import write_pages
from syncd.vault.read import PageChanged, page_at


class Reading(NamedTuple):
    """A document compared: what it rests on, and what differs."""

    found: Inputs
    case: Case
    plan: Plan
    differences: list[Difference]


class Outcome(NamedTuple):
    """What differs in a vault, or was settled; `left` is what could not be.

    `report` tells what else was found, and which documents could not be read or written.
    """

    differences: list[Difference]
    left: list[Difference]
    report: VaultReport


def diff_all(
    config: Config, what: str | None, stop: Event, progress: Progress = silent
) -> list[Outcome]:
    """What differs in each vault: of what `what` means, else all that is open."""
    tools = RunTools(stop, progress)
    with opened(config, stop, progress) as db:
        return [_diff(_open(db, vault, tools), what) for vault in config.vaults]


def _open(db: sqlite3.Connection, vault: Vault, tools: RunTools) -> VaultRun:
    """The vault with its index up to date."""
    run = open_vault(db, vault, RunOptions(), tools, VaultReport(vault.name))
    index_vault(run)
    run.report.warnings.clear()  # a run tells them
    return run


def _diff(run: VaultRun, what: str | None) -> Outcome:
    absences = judge_absences(run)
    held = [one.document for one in absences.found if one.verdict == "held"]
    held += [one.document for one in bases.absences(run.db, run.id, verdict="held")]
    documents = sorted({*held, *bases.documents_in_conflict(run.db, run.id)})
    highlights: Collection[int] = ()
    if what is not None:
        documents, highlights = find_meant(run.db, run.id, what)
    readings = _readings(run, documents, absences.fates)
    differing = [one for reading in readings for one in _meant(reading, highlights)]
    if what is None:
        differing = [one for one in differing if one.kind in OPEN]
    return Outcome(differing, [], run.report)


def _readings(run: VaultRun, documents: Iterable[int], fates: Mapping[int, str]) -> list[Reading]:
    """These documents compared; one that cannot be read is named in the report."""
    readings = []
    for id_ in documents:
        try:
            readings.append(read_differences(run, id_, fates))
        except DocumentError as error:
            title = account.title(run.db, id_)
            run.report.failed.append(Failure(id_, title, error.code, error.message))
        except (FileNotFoundError, PageChanged):
            title, busy = account.title(run.db, id_), "its page is just being changed; try again"
            run.report.failed.append(Failure(id_, title, "page-busy", busy))
    return readings


def _meant(reading: Reading, highlights: Collection[int]) -> list[Difference]:
    """The differences of these highlights, none: of all, and of the page's properties."""
    found = reading.differences
    return [one for one in found if not highlights or one.highlight in highlights]


def read_differences(run: VaultRun, id_: int, fates: Mapping[int, str]) -> Reading:
    """Compare one document; `fates` are those of highlights that were just found to be gone.

    Raises what read_inputs raises.
    """
    found = read_inputs(run, id_)
    case = case_of(run, found, {}, remove=False)
    plan = merge(case)
    if not wants_document(run.vault, found.document):
        return Reading(found, case, plan, [])
    path = found.path or (found.home.path if found.home else None)
    gone = {**fates, **found.gone}
    differing = list(differences(case, plan, gone, path, _elsewhere(run, case)))
    differing += property_differences(
        found.page,
        found.form.properties(found.page),
        wanted_properties(run, found),
        properties_of(run, found, {}).differing if found.path else (),
        path,
    )
    return Reading(found, case, plan, differing)


def _elsewhere(run: VaultRun, case: Case) -> dict[int, list[str]]:
    """The lines of the blocks that stand on other pages."""
    lines: dict[int, list[str]] = {}
    for id_, place in case.found.items():
        if isinstance(place, Elsewhere) and place.digest:
            with suppress(OSError, PageChanged):
                page, _ = page_at(run.root / place.path)
                contents = [page.content(block) for block in page.blocks]
                lines[id_] = next((one for one in contents if digest(one) == place.digest), [])
    return lines


# --- what its owner says --------------------------------------------------------------------------


def settle_all(
    config: Config, what: str, stop: Event, progress: Progress = silent, *, take: bool
) -> list[Outcome]:
    """Settle in each vault what `what` means.

    A page's conflicts; by a highlight's id or link `take` means also what its owner alone changed.
    With `take` the account's words are written, else the owner's stay.
    """
    tools = RunTools(stop, progress)
    with opened(config, stop, progress) as db:
        return [_settle(_open(db, vault, tools), what, take=take) for vault in config.vaults]


def _settle(run: VaultRun, what: str, *, take: bool) -> Outcome:
    finish_killed(run)  # what it wrote is not recorded, and would pass for its owner's
    fates = find_absences(run)
    documents, highlights = find_meant(run.db, run.id, what)
    readings = _readings(run, documents, fates)
    chosen = {one.found.document.id: _chosen(one, highlights, take=take) for one in readings}
    with transaction(run.db):
        for one in readings:
            _record(run, one, chosen[one.found.document.id], take=take)
    write_pages(run, [id_ for id_ in chosen if chosen[id_]], fates)
    return _outcome(run, chosen, take=take)


def _chosen(reading: Reading, highlights: Collection[int], *, take: bool) -> list[Difference]:
    """What `take` or `keep` settles of what is meant."""
    kinds = {"conflict", "unplaced"}
    if take and highlights:
        kinds.add("edited")
    return [one for one in _meant(reading, highlights) if one.kind in kinds]


def _record(run: VaultRun, reading: Reading, chosen: list[Difference], *, take: bool) -> None:
    """Change what was last agreed, so that the next merge does as its owner says."""
    found = reading.found
    blocks = [one for one in chosen if one.highlight and not (take and one.moved)]
    properties = [one for one in chosen if not one.highlight]
    bases.settle(run.db, run.id, settled_bases(reading.case, blocks, take=take))
    if found.home is not None and properties:
        header = settled_header(found.home.header, properties, take=take)
        homes.settle(run.db, run.id, found.document.id, found.home._replace(header=header))
    if chosen:
        pending.add(run.db, run.id, [found.document.id])


def _outcome(run: VaultRun, chosen: Mapping[int, list[Difference]], *, take: bool) -> Outcome:
    """What of it stands on the pages now, and what has no place there."""
    stuck = {
        (one.document, one.highlight, part)
        for one in bases.conflicts(run.db, run.id)
        for part in (*one.differing, *one.unplaced)
    }
    failed = {one.document for one in run.report.failed}
    done: list[Difference] = []
    left: list[Difference] = []
    for id_, differing in chosen.items():
        for one in differing if id_ not in failed else ():
            remains = (take and one.moved) or (id_, one.highlight, one.part) in stuck
            (left if remains else done).append(one)
    return Outcome(done, left, run.report)
