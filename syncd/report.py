"""What a run did, as a value: for the terminal, for `--json`, and for the run history."""

from __future__ import annotations

import msgspec

WAITS = {"deferred", "page-busy"}  # codes of failures that end when the owner stops typing


class Failure(msgspec.Struct):
    """A document that could not be handled; it is tried again. `code` is stable."""

    document: int | None
    title: str
    code: str
    message: str


class Conflict(msgspec.Struct):
    """A highlight that both the account and the owner changed; the owner's text stays.

    `highlight` is its id, 0 for the page's properties; `parts` says what of it differs.
    """

    document: int
    highlight: int
    parts: list[str]
    page: str | None


class Pages(msgspec.Struct):
    """The pages that were written, as paths in the vault, and how many needed no change."""

    created: list[str] = []
    updated: list[str] = []
    unchanged: int = 0


class Highlights(msgspec.Struct):
    """How many highlights were handled in which way.

    `kept`: left as the owner has them; `duplicate`: on a page already as another highlight.
    """

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
        """Set `message` from the vaults' reports, and `code` where no error has set it."""
        failed = sum(len(vault.failed) for vault in self.vaults)
        if failed and not self.code:
            self.code = 1
        if not self.message:
            self.message = "; ".join(_sentence(vault) for vault in self.vaults)


def _sentence(vault: VaultReport) -> str:
    counts = vault.highlights
    waiting = sum(failure.code in WAITS for failure in vault.failed)
    numbers = {
        "added": counts.added,
        "updated": counts.updated,
        "removed": counts.removed,
        "failed": len(vault.failed) - waiting,
        "waiting for you to pause": waiting,
    }
    what = ", ".join(f"{number} {word}" for word, number in numbers.items() if number)
    pages = len(vault.pages.created) + len(vault.pages.updated)
    if vault.error:
        return f"{vault.name}: {vault.error}"
    if not pages:
        return f"{vault.name}: {what or 'nothing new'}"
    where = f"{pages} page{'s' if pages != 1 else ''}"
    return f"{vault.name}: {what or 'properties updated'} on {where}"
