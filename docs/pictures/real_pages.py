"""Pages that syncd writes in runs against the bundled sandbox, in temporary folders.

Nothing in them depends on the day, the time zone or the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import NamedTuple

from syncd.config.settings import Config, Readwise, Schedule, Vault
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from syncd.sync.session import sync_once
from syncd.sync.vault_run import RunOptions

TWEETS = "How To Fold A Map That H..."
ARTICLE = "The Long Way to a Short Function"
VAULTS = {
    "logseq": ("logseq/config.edn", "{:file/name-format :triple-lowbar}"),
    "org": ("logseq/config.edn", '{:file/name-format :triple-lowbar :preferred-format "Org"}'),
    "obsidian": (".obsidian/app.json", "{}"),
}

_OWN_WAY = "- My own way: blotting paper, and the heaviest dictionary in the house."
# Lines that the owner writes, each by the line below which it comes.
OWNERS = {
    "\t- **Note**: Thread": _OWN_WAY,
    "\t- **Tags**: #[[memory]]": "\t- True of tea stains, too. See [[Kitchen atlas]].",
}
# A highlight's text as it is then changed in Readwise.
CORRECTED = (
    "Ink that has run is information: it tells which way the bag was hanging, and for how long."
)


class Wrote(NamedTuple):
    """A page of a vault: its path there and what it holds."""

    path: str
    text: str


class Merge(NamedTuple):
    """A page before and after a run, and what the run said."""

    before: Wrote
    after: Wrote
    message: str


class Account:
    """An account with one document of the sandbox's library, and a vault that follows it."""

    def __init__(self, folder: Path, sandbox: Sandbox, vault: str) -> None:
        self.library = sandbox.library
        self._root = folder / "notes"
        settings, text = VAULTS[vault]
        (self._root / settings).parent.mkdir(parents=True)
        (self._root / settings).write_text(text, encoding="utf-8")
        token = folder / "token"
        token.touch(0o600)
        token.write_text(sandbox.token, encoding="utf-8")
        server = Readwise(token, api_url=sandbox.url)
        self._config = Config(
            (Vault(self._root, name="notes", timezone="UTC"),), server, Schedule(), folder / "state"
        )

    def sync(self) -> str:
        """One run; returns its message."""
        report = sync_once(
            self._config, RunOptions(), Event(), lambda _stage, _done, _total: None, env={}
        )
        return report.message

    def page(self) -> Wrote:
        """The one page that is there."""
        (path,) = (path for suffix in (".md", ".org") for path in self._root.rglob(f"*{suffix}"))
        return Wrote(str(path.relative_to(self._root)), path.read_text(encoding="utf-8"))

    def write(self, additions: Mapping[str, str]) -> None:
        """Write the owner's lines into the page, each below the line that is its key."""
        path, text = self.page()
        lines: list[str] = []
        for line in text.splitlines():
            lines.append(line)
            if line in additions:
                lines.append(additions[line])
        (self._root / path).write_text("\n".join(lines), encoding="utf-8")


# A book with chapters, as the account has it.
_BOOK = {
    "title": "The Quiet Machines",
    "author": "Ines Invented",
    "category": "books",
    "source": "kindle",
    "cover_image_url": "https://example.org/covers/quiet.jpg",
    "summary": "Why looms, clocks and lifts fell silent, and who first missed their noise.",
    "document_note": "Lent by Okoro, give it back in autumn.",
}
_IN_BOOK = [
    ("Looms", ".h1", ()),
    ("A loom that stops is louder than one that runs.", ".sound True of ovens, too.", ("sound",)),
    ("The night shift", ".h2", ()),
    ("Nobody at the mill had ever heard the river before.", "", ()),
]


def chapters() -> Wrote:
    """A book's page in Obsidian, with summary, note, chapters and an inline tag."""
    library = Library(now=_noon)
    book = library.add_book(**_BOOK)
    for place, (text, note, tags) in enumerate(_IN_BOOK, 11):
        library.add_highlight(
            book,
            text=text,
            note=note,
            tags=[{"id": 1, "name": name} for name in tags],
            location=place,
            location_type="page",
            highlighted_at="2024-05-05T10:00:00Z",
        )
    with synced(library, "obsidian") as found:
        return found.page()


def _noon() -> datetime:
    return datetime(2024, 7, 1, 12, tzinfo=UTC)


@contextmanager
def account(title: str, vault: str) -> Iterator[Account]:
    """An account with the document of this title, synced once into a vault of VAULTS."""
    book = next(book for book in Library.load().books if book["title"] == title)
    with synced(Library([book], now=_noon), vault) as found:
        yield found


@contextmanager
def synced(library: Library, vault: str) -> Iterator[Account]:
    """An account, synced once into a vault of VAULTS."""
    with TemporaryDirectory(prefix="syncd-pictures-") as folder, Sandbox(library) as sandbox:
        found = Account(Path(folder), sandbox, vault)
        found.sync()
        yield found


def page(title: str, vault: str) -> Wrote:
    """The document's page as a first run writes it."""
    with account(title, vault) as found:
        return found.page()


def merge() -> Merge:
    """A page with its owner's lines, before and after a run that brings an edit from Readwise."""
    with account(TWEETS, "logseq") as found:
        found.write(OWNERS)
        before = found.page()
        last = max(one["id"] for one in found.library.books[0]["highlights"])
        found.library.edit_highlight(
            last, text=CORRECTED, tags=[{"id": 1, "name": "memory"}, {"id": 2, "name": "ink"}]
        )
        message = found.sync()
        return Merge(before, found.page(), message)
