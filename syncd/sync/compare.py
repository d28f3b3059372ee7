"""Whether account and vault agree, highlight by highlight: for `syncd check --full`."""

from __future__ import annotations

import sqlite3
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config
from syncd.errors import SyncdError, VaultError
from syncd.report import Report, VaultReport
from syncd.state import account, index
from syncd.sync.filters import wants_document
from syncd.sync.identify import Stand
from syncd.sync.inputs import gather
from syncd.sync.merge import places
from syncd.sync.run import RunOptions, fetch, open_target, survey
from syncd.sync.session import client_of, opened
from syncd.sync.vault_run import Target

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


def compare(db: sqlite3.Connection, target: Target) -> Comparison:
    """Compare the mirror with the vault, whose index must be up to date.

    Reads every document's page.
    """
    upstream = present = 0
    differences: list[Difference] = []
    for id_ in account.documents(db):
        found = gather(db, target, id_)
        document, case = found.document, found.case
        if not wants_document(target.vault, document):
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
        Difference("twice", document, account.title(db, document), highlight, page)
        for document, highlight, page in index.repeated(db, target.id)
    ]
    return Comparison(upstream, present, differences)


def compare_all(config: Config, stop: Event) -> dict[str, Comparison | SyncdError]:
    """Fetch the whole account and compare it with each vault, by the vault's name."""
    found: dict[str, Comparison | SyncdError] = {}
    with opened(config, stop) as db:
        options = RunOptions(full=True)
        targets = {vault.name: open_target(db, vault, RunOptions()) for vault in config.vaults}
        fetch(
            db,
            config,
            client_of(config, stop),
            options,
            Report(),
            lambda _what, _done, _total: None,
        )
        for name, target in targets.items():
            try:
                found[name] = _compare(db, target)
            except VaultError as error:
                found[name] = error
    return found


def _compare(db: sqlite3.Connection, target: Target | SyncdError) -> Comparison:
    if isinstance(target, SyncdError):
        raise target
    survey(db, target, VaultReport(target.vault.name))
    return compare(db, target)
