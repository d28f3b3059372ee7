"""Whether account and vault agree, highlight by highlight: for `syncd check --full`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import ConfigError, DocumentError, Stopped, SyncdError, VaultError
from syncd.progress import Progress, silent
from syncd.report import Report, VaultReport
from syncd.state import account, index
from syncd.sync.absence import Fate
from syncd.sync.differences import Difference as PartDifference
from syncd.sync.fetch import fetch
from syncd.sync.filters import wants_document
from syncd.sync.find_absences import judge_absences
from syncd.sync.highlight_blocks import Elsewhere, NoteBlock, Own, Place, Wanted
from syncd.sync.index_vault import index_vault
from syncd.sync.merge import Case, part_digests
from syncd.sync.session import client_of, opened, unfinished_aside
from syncd.sync.settle import Reading, read_differences
from syncd.sync.vault_run import RunOptions, RunTools, VaultRun, open_vault

# missing: not written yet, or gone, and nobody is known to have deleted it; conflict: changed on
# both sides; adopted: as another program wrote it; outdated: untouched, as an earlier escape or
# other templates wrote it
KINDS = ("missing", "conflict", "deleted", "twice", "edited", "adopted", "outdated")


class Difference(NamedTuple):
    """One highlight (0: a page's properties) that is not once and alike on both sides.

    `kind` is one of KINDS.
    """

    kind: str
    document: int
    title: str
    highlight: int
    page: str | None


class Comparison(NamedTuple):
    """How account and vault compare.

    How many highlights the account has for this vault, how many of them stand in it, and what is
    not alike. `unclear` are documents of which that cannot be told: title and reason.
    """

    upstream: int
    present: int
    differences: list[Difference]
    unclear: Sequence[tuple[str, str]] = ()

    @property
    def agrees(self) -> bool:
        """Whether each highlight is there once, or was deleted or edited by its owner alone."""
        wrong = any(one.kind in ("missing", "conflict", "twice") for one in self.differences)
        return not wrong and not self.unclear


def compare(run: VaultRun, fates: Mapping[int, Fate]) -> Comparison:
    """Compare the mirror with the vault, whose index must be up to date.

    Reads every document's page. `fates` are those of highlights that were just found to be gone.
    """
    upstream = present = 0
    differences: list[Difference] = []
    unclear: list[tuple[str, str]] = []
    documents = account.documents(run.db)
    for number, id_ in enumerate(documents, 1):
        run.progress("documents compared", number, len(documents))
        if run.tools.stop.is_set():
            raise Stopped("stopped while comparing")
        try:
            reading = read_differences(run, id_, fates)
        except DocumentError as error:
            unclear.append((account.title(run.db, id_), error.message))
            continue
        if not wants_document(run.vault, reading.found.document):
            continue
        due = [item for item in reading.case.wanted if item.live and item.comes]
        upstream += len(due)
        present += sum(item.id in reading.case.found for item in due)
        differences += _differing(reading, due)
    differences += [
        Difference("twice", document, account.title(run.db, document), highlight, page)
        for document, highlight, page in repeated(run)
    ]
    return Comparison(upstream, present, differences, unclear)


def _differing(reading: Reading, due: Iterable[Wanted]) -> Iterator[Difference]:
    """How the highlights of one document differ, and its page's properties."""
    document, case, page = reading.found.document, reading.case, reading.found.path
    title, kinds = document.title or "", _kinds(reading.differences)
    if 0 in kinds:
        yield Difference("conflict", document.id, title, 0, page)
    for item in due:
        place = case.found.get(item.id)
        kind = kinds.get(item.id) or _adopted(case, item, place)
        if kind is None and _is_outdated(reading, item, place):
            kind = "outdated"
        if kind is not None:
            where = place.path if isinstance(place, Elsewhere | NoteBlock) else ""
            yield Difference(kind, document.id, title, item.id, where or page)


def _kinds(differing: Iterable[PartDifference]) -> dict[int, str]:
    """How each highlight differs: in its text, or in any part that both sides changed."""
    kinds: dict[int, str] = {}
    for one in differing:
        if one.kind == "conflict":
            kinds[one.highlight] = "conflict"
        elif one.part == "text" and one.kind != "unplaced":
            kinds.setdefault(one.highlight, "missing" if one.kind == "held" else one.kind)
    return kinds


def _adopted(case: Case, item: Wanted, place: Place | None) -> str | None:
    """That a highlight stands as another program, or its owner, put it there; else None."""
    known = case.adopted.get(item.id) or case.bases.get(item.id)
    if known is not None and known.adopted:
        return None if place is None else "adopted"
    if place is None or place.digest == item.page.text:
        return None
    return "adopted" if known is None or not place.digest else None


def _is_outdated(reading: Reading, item: Wanted, place: Place | None) -> bool:
    """Whether a block that nobody touched would be written otherwise now, for its looks alone."""
    found, base = reading.found, reading.case.bases.get(item.id)
    is_other = found.redressed or found.is_older
    if not is_other or base is None or base.adopted or not isinstance(place, Own):
        return False
    standing = part_digests(found.page, place, found.labels, base)
    return base.account == item.account and standing == base.page != item.page


def repeated(run: VaultRun) -> Iterator[tuple[int, int, str]]:
    """Highlights that stand in the vault more often than in the account.

    Document, highlight, one of the pages.
    """
    for key, blocks, path in index.repeated(run.db, run.id):
        live = account.live_with_key(run.db, key)
        if live and (key.startswith("tweet:") or blocks > len(live)):
            yield *live[0], path


def compare_all(
    config: Config, stop: Event, progress: Progress = silent
) -> dict[str, Comparison | SyncdError]:
    """Fetch the whole account and compare it with each vault, by the vault's name."""
    found: dict[str, Comparison | SyncdError] = {}
    options, tools = RunOptions(full=True), RunTools(stop, progress)
    with opened(config, stop, progress) as state, unfinished_aside(state) as db:
        runs: dict[str, VaultRun] = {}
        for vault in config.vaults:
            try:
                runs[vault.name] = open_vault(
                    db, vault, RunOptions(), tools, VaultReport(vault.name)
                )
            except (VaultError, ConfigError) as error:
                found[vault.name] = error
        client = client_of(config, stop, progress=progress)
        fetch(db, config, client, options, Report(), progress)
        for name, run in runs.items():
            try:
                index_vault(run)
                found[name] = compare(run, judge_absences(run).fates)
            except VaultError as error:
                found[name] = error
    return {vault.name: found[vault.name] for vault in config.vaults}
