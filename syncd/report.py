"""What a run did, as a value: for the terminal, for `--json`, and for the run history."""

from __future__ import annotations

import msgspec

WAITS = {"deferred", "page-busy"}  # codes of failures that pass when the page's owner pauses


class Failure(msgspec.Struct):
    """A document that could not be handled; it is tried again. `code` is stable."""

    document: int | None
    title: str
    code: str
    message: str


class Conflict(msgspec.Struct):
    """A highlight that both the account and the owner changed: the owner's stays. `highlight` 0.

    The properties.
    """

    document: int
    highlight: int
    parts: list[str]
    page: str | None


class Pages(msgspec.Struct):
    """The pages of the documents that were looked at.

    Paths in the vault, and how many needed nothing.
    """

    created: list[str] = []
    updated: list[str] = []
    unchanged: int = 0


class Highlights(msgspec.Struct):
    """How many highlights were written, changed, taken away, left as the owner has them, or are there as another."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    kept: int = 0
    duplicate: int = 0


class VaultReport(msgspec.Struct):
    """What a run did in one vault. `error` is what ended it there, if something did."""

    name: str
    pages: Pages = msgspec.field(default_factory=Pages)
    highlights: Highlights = msgspec.field(default_factory=Highlights)
    failed: list[Failure] = []
    conflicts: list[Conflict] = []
    warnings: list[str] = []
    error: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the run wrote anything."""
        return bool(self.pages.created or self.pages.updated)


class Fetched(msgspec.Struct):
    """What came from Readwise."""

    requests: int = 0
    documents: int = 0
    highlights: int = 0


class Report(msgspec.Struct):
    """A whole run. `code` is the command's exit status, `message` one sentence."""

    code: int = 0
    message: str = ""
    fetched: Fetched = msgspec.field(default_factory=Fetched)
    vaults: list[VaultReport] = []

    def conclude(self) -> None:
        """Set `message`, and `code` where nothing worse did, from what the vaults' reports say."""
        failed = sum(len(vault.failed) for vault in self.vaults)
        if failed and not self.code:
            self.code = 1
        if not self.message:
            self.message = "; ".join(_sentence(vault) for vault in self.vaults)


def _sentence(vault: VaultReport) -> str:
    counts = vault.highlights
    waiting = sum(failure.code in WAITS for failure in vault.failed)
    said = [
        f"{number} {what}"
        for number, what in (
            (counts.added, "added"),
            (counts.updated, "updated"),
            (counts.removed, "removed"),
            (len(vault.failed) - waiting, "failed"),
            (waiting, "waiting for you to pause"),
        )
        if number
    ]
    pages = len(vault.pages.created) + len(vault.pages.updated)
    where = f" on {pages} page{'s' if pages != 1 else ''}" if pages else ""
    what = ", ".join(said) or ("properties updated" if pages else "nothing new")
    return f"{vault.name}: {vault.error or what + where}"
