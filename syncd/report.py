"""What a run did, as values and in sentences: for the terminal, `--json` and the run history."""

from __future__ import annotations

from collections import Counter

import msgspec

from syncd.regex import regex

# Control characters, and those that turn the direction of what is shown.
_HARMFUL = regex(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)
# Codes of failures that end by themselves: the owner stops typing, a page is back or really gone.
WAITS = {"deferred", "page-busy", "page-away"}


def counted(number: int, noun: str) -> str:
    """The number with its noun: "1 page", "2 pages"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def conflict_copy_line(path: object) -> str:
    """What to do about a syncing tool's copy of a page."""
    return f"{path} is a conflict copy; merge it by hand and delete it"


def one_line(text: str) -> str:
    """`text` on one line that does nothing to a terminal or a log, whoever wrote it."""
    return " ".join(harmless(" ".join(text.split())).split())


def harmless(line: str) -> str:
    """The same for a line that keeps its indent."""
    return _HARMFUL.sub("", line.expandtabs(4))


class Failure(msgspec.Struct):
    """A document that could not be handled; it is tried again. `code` is stable."""

    document: int | None
    title: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.title or self.document}: {self.message} [{self.code}]"

    def __post_init__(self) -> None:
        """Clean what others wrote: the title, and what a message quotes."""
        self.title, self.message = one_line(self.title), one_line(self.message)


class Conflict(msgspec.Struct):
    """A highlight that both the account and the owner changed; the owner's text stays.

    `highlight` is its id, 0 for the page's properties; `parts` says what of it differs.
    """

    document: int
    highlight: int
    parts: list[str]
    page: str | None

    def __str__(self) -> str:
        place = f"highlight {self.highlight}" if self.highlight else "properties"
        changed = "changed in Readwise and by you; yours was kept"
        return f"{self.page}: {place} ({', '.join(self.parts)}) {changed}"


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


class Gone(msgspec.Struct):
    """A highlight that was in the vault and is not, or was not: where it stood."""

    document: int
    highlight: int
    page: str


class VaultReport(msgspec.Struct):
    """What a run did in one vault. `error` is what ended it there, if something did.

    `deleted`: what its owner was found to have deleted; `returned`: what was written again since
    its page had gone back in time; `held`: what is gone and counts as nobody's doing, since the
    vault is not whole; `unplaced`: what changed in Readwise and has no place on its page.
    """

    name: str
    pages: Pages = msgspec.field(default_factory=Pages)
    highlights: Highlights = msgspec.field(default_factory=Highlights)
    failed: list[Failure] = []
    conflicts: list[Conflict] = []
    unplaced: list[Conflict] = []
    deleted: list[Gone] = []
    returned: list[Gone] = []
    held: list[Gone] = []
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
        held = any(vault.held for vault in self.vaults)
        if (failed or held) and not self.code:
            self.code = 1
        if not self.message:
            self.message = "; ".join(_sentence(vault) for vault in self.vaults)


def held_line(held: list[Gone]) -> str:
    """What to do where much of a vault is gone."""
    pages = counted(len({one.page for one in held}), "page")
    return (
        f"{counted(len(held), 'highlight')} on {pages} that were there are gone: the vault is not "
        "whole, or you deleted them; nothing is written for them. Put the vault right, or run "
        "`syncd restore --missing`, or, if you deleted them, `syncd sync --accept-deletions`"
    )


def deleted_lines(deleted: list[Gone]) -> list[str]:
    """What counts as deleted by the vault's owner, page by page."""
    return [
        f"{page}: {counted(count, 'highlight')} deleted by you; `syncd restore` brings back what "
        "you name"
        for page, count in _by_page(deleted)
    ]


def returned_lines(returned: list[Gone]) -> list[str]:
    """What was written again, page by page."""
    return [
        f"{page}: it had gone back in time; {counted(count, 'highlight')} written again"
        for page, count in _by_page(returned)
    ]


def _by_page(gone: list[Gone]) -> list[tuple[str, int]]:
    return list(Counter(one.page for one in gone).items())


def unplaced_line(one: Conflict) -> str:
    """What changed in Readwise and cannot be written."""
    why = "changed in Readwise, and has no place on the page"
    return f"{one.page}: highlight {one.highlight} ({', '.join(one.parts)}) {why}; add it by hand"


def _sentence(vault: VaultReport) -> str:
    """What the run did in one vault, or what ended it there."""
    if vault.error:
        return f"{vault.name}: {vault.error}"
    highlights = vault.highlights
    waiting = sum(failure.code in WAITS for failure in vault.failed)
    counts = (
        (highlights.added, "added"),
        (highlights.updated, "updated"),
        (highlights.removed, "removed"),
        (len(vault.failed) - waiting, "failed"),
        (waiting, "waiting for you to pause"),
        (len(vault.held), "gone: is the vault whole?"),
    )
    done = ", ".join(f"{number} {what}" for number, what in counts if number)
    pages = len(vault.pages.created) + len(vault.pages.updated)
    if not pages:
        return f"{vault.name}: {done or 'nothing new'}"
    return f"{vault.name}: {done or 'properties updated'} on {counted(pages, 'page')}"
