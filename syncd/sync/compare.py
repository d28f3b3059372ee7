"""Whether account and vault agree, highlight by highlight: for `syncd check --full`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import ConfigError, DocumentError, SyncdError, VaultError
from syncd.report import Report, VaultReport
from syncd.state import account, index
from syncd.sync.absence import Fate
from syncd.sync.apply import case_of
from syncd.sync.fetch import fetch
from syncd.sync.filters import wants_document
from syncd.sync.identify import Elsewhere, Place, Wanted
from syncd.sync.inputs import Inputs, read_inputs
from syncd.sync.merge import Case
from syncd.sync.run import index_vault, judge_absences
from syncd.sync.session import client_of, opened
from syncd.sync.vault_run import RunOptions, RunTools, VaultRun, open_vault

# missing: gone, and nobody is known to have deleted it; adopted: as another program wrote it
KINDS = ("missing", "deleted", "twice", "edited", "adopted")


class Difference(NamedTuple):
    """One highlight that is not once and alike on both sides. `kind` is one of KINDS."""

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
        """Whether each highlight is there once, or was deleted or edited by its owner."""
        wrong = any(one.kind in ("missing", "twice") for one in self.differences)
        return not wrong and not self.unclear


def compare(run: VaultRun, fates: Mapping[int, Fate]) -> Comparison:
    """Compare the mirror with the vault, whose index must be up to date.

    Reads every document's page. `fates` are those of highlights that were just found to be gone.
    """
    upstream = present = 0
    differences: list[Difference] = []
    unclear: list[tuple[str, str]] = []
    for id_ in account.documents(run.db):
        try:
            found = read_inputs(run, id_)
        except DocumentError as error:
            unclear.append((account.title(run.db, id_), error.message))
            continue
        if not wants_document(run.vault, found.document):
            continue
        case = case_of(run, found, {}, remove=False)
        title = found.document.title or ""
        for item in case.wanted:
            if not (item.live and item.comes):
                continue
            place = case.found.get(item.id)
            upstream += 1
            present += place is not None
            kind = _gone_kind(found, item, fates) if place is None else _kind(case, item, place)
            if kind is not None:
                page = (place.path if isinstance(place, Elsewhere) else "") or found.path
                differences.append(Difference(kind, id_, title, item.id, page))
    differences += [
        Difference("twice", document, account.title(run.db, document), highlight, page)
        for document, highlight, page in repeated(run)
    ]
    return Comparison(upstream, present, differences, unclear)


def _gone_kind(found: Inputs, item: Wanted, fates: Mapping[int, Fate]) -> str:
    """Whether a highlight that stands nowhere was deleted by its owner, as far as that is known."""
    base = found.bases.get(item.id)
    verdict = found.gone.get(item.id) or fates.get(item.id)
    if verdict in ("deleted", "accepted"):
        return "deleted"
    return "deleted" if base is not None and base.account is None else "missing"


def _kind(case: Case, item: Wanted, place: Place) -> str | None:
    """How a highlight's text differs from what syncd would write; None where it does not."""
    base = case.adopted.get(item.id) or case.bases.get(item.id)
    if place.digest == item.page.text and not (base and base.adopted):
        return None
    if base is None or not place.digest:
        return "adopted"  # it stands as another program, or its owner, put it there
    if place.digest != base.page.text:
        return "edited"
    return "adopted" if base.adopted else None


def repeated(run: VaultRun) -> Iterator[tuple[int, int, str]]:
    """Highlights that stand in the vault more often than in the account.

    Document, highlight, one of the pages.
    """
    for key, blocks, path in index.repeated(run.db, run.id):
        live = account.live_with_key(run.db, key)
        if live and (key.startswith("tweet:") or blocks > len(live)):
            yield *live[0], path


def compare_all(config: Config, stop: Event) -> dict[str, Comparison | SyncdError]:
    """Fetch the whole account and compare it with each vault, by the vault's name."""
    found: dict[str, Comparison | SyncdError] = {}
    options, tools = RunOptions(full=True), RunTools(stop)
    with opened(config, stop) as db:
        runs: dict[str, VaultRun] = {}
        for vault in config.vaults:
            try:
                runs[vault.name] = open_vault(
                    db, vault, RunOptions(), tools, VaultReport(vault.name)
                )
            except (VaultError, ConfigError) as error:
                found[vault.name] = error
        fetch(db, config, client_of(config, stop), options, Report(), tools.progress)
        for name, run in runs.items():
            try:
                index_vault(run)
                found[name] = compare(run, judge_absences(run).fates)
            except VaultError as error:
                found[name] = error
    return {vault.name: found[vault.name] for vault in config.vaults}
