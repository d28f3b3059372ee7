"""Whether account and vault agree, highlight by highlight: for `syncd check --full`."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import ConfigError, SyncdError, VaultError
from syncd.report import Report, VaultReport
from syncd.state import account, index
from syncd.sync.fetch import fetch
from syncd.sync.filters import wants_document
from syncd.sync.identify import Stand
from syncd.sync.inputs import read_inputs
from syncd.sync.merge import places
from syncd.sync.run import index_vault
from syncd.sync.session import client_of, opened
from syncd.sync.vault_run import RunOptions, RunTools, VaultRun, open_vault

KINDS = ("missing", "deleted", "twice", "edited")  # deleted and edited: in the vault, by its owner


class Difference(NamedTuple):
    """One highlight that is not once and alike on both sides. `kind` is one of KINDS."""

    kind: str
    document: int
    title: str
    highlight: int
    page: str | None


class Comparison(NamedTuple):
    """How many highlights the account has for this vault, how many of them stand in it, and what is not alike."""

    upstream: int
    present: int
    differences: list[Difference]

    @property
    def agrees(self) -> bool:
        """Whether each highlight is there once. What its owner edited is there."""
        return all(one.kind == "edited" for one in self.differences)


def compare(run: VaultRun) -> Comparison:
    """Compare the mirror with the vault, whose index must be up to date.

    Reads every document's page.
    """
    upstream = present = 0
    differences: list[Difference] = []
    for id_ in account.documents(run.db):
        found = read_inputs(run, id_)
        document, case = found.document, found.case
        if not wants_document(run.vault, document):
            continue
        standing = places(case)
        for item in case.wanted:
            if not (item.live and item.comes):
                continue
            upstream += 1
            place = standing.get(item.id)
            page = (place.path if isinstance(place, Stand) else "") or found.path
            if place is None:
                kind = "deleted" if item.id in case.bases else "missing"
                differences.append(Difference(kind, id_, document.title or "", item.id, page))
                continue
            present += 1
            if place.hash != item.hashes.text:
                differences.append(Difference("edited", id_, document.title or "", item.id, page))
    differences += [
        Difference("twice", document, account.title(run.db, document), highlight, page)
        for document, highlight, page in repeated(run)
    ]
    return Comparison(upstream, present, differences)


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
                found[name] = compare(run)
            except VaultError as error:
                found[name] = error
    return {vault.name: found[vault.name] for vault in config.vaults}
