"""A whole world for a test.

An account served over a socket, a vault, the state, and the ways to run syncd on them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from syncd.config.settings import Config, Readwise, Schedule, Vault
from syncd.progress import Progress
from syncd.readwise.client import Client
from syncd.report import Report, VaultReport
from syncd.sandbox.library import Library
from syncd.sandbox.server import Sandbox
from syncd.sync.run import run
from syncd.sync.session import opened, sync_once
from syncd.sync.vault_run import RunOptions

GOLDEN = Path(__file__).parents[1] / "golden"
TRIPLE_LOWBAR = "{:file/name-format :triple-lowbar}\n"
LEGACY = "{:meta/version 1}\n"
TOKEN = "token-that-nobody-may-see"
NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)


class Clock:
    """The account's clock, which stands until it is told to go on."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> None:
        """Let time pass: `hours=1`."""
        self.time += timedelta(**span)


def silent(_what: str, _done: int, _total: int | None) -> None:
    """No progress is shown."""


class World:
    """An account, a vault at `root`, and syncd's configuration and state, all below one folder.

    `settings` are those of the vault; `edn` is its logseq/config.edn, None makes it Obsidian's.
    """

    def __init__(
        self, folder: Path, sandbox: Sandbox, edn: str | None = TRIPLE_LOWBAR, **settings: Any
    ) -> None:
        self.folder, self.sandbox, self.library = folder, sandbox, sandbox.library
        self.root = folder / "notes"
        self.state = folder / "state"
        self.config_file = folder / "config.toml"
        (self.root / (".obsidian" if edn is None else "logseq")).mkdir(parents=True)
        if edn is not None:
            (self.root / "logseq" / "config.edn").write_text(edn, encoding="utf-8")
        token = folder / "token"
        token.touch(0o600)
        token.write_text(sandbox.token)
        vault = Vault(
            self.root, **{"name": "notes", "timezone": "UTC", "quiet": timedelta(0), **settings}
        )
        self.config = Config((vault,), Readwise(token, api_url=sandbox.url), Schedule(), self.state)

    # --- the vault --------------------------------------------------------------------------------

    def put(self, path: str, text: str | bytes) -> Path:
        """A file of the owner's."""
        page = self.root / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(text.encode() if isinstance(text, str) else text)
        return page

    def read(self, path: str) -> str:
        """A page's text, its line ends as they are."""
        return (self.root / path).read_bytes().decode()

    def pages(self) -> dict[str, str]:
        """Every page of the vault: path and text."""
        return {
            str(path.relative_to(self.root)): path.read_bytes().decode()
            for path in sorted(self.root.rglob("*.md"))
        }

    def page_of(self, title: str) -> str:
        """The path of the one page with this full-title."""
        (found,) = (
            path for path, text in self.pages().items() if f"\nfull-title:: {title}\n" in text
        )
        return found

    def text(self) -> str:
        """All pages, one after the other: for counting."""
        return "\n".join(self.pages().values())

    # --- runs -------------------------------------------------------------------------------------

    def sync(
        self, progress: Progress = silent, stop: Event | None = None, **options: Any
    ) -> Report:
        """One run, as the command does it, in this process."""
        return sync_once(self.config, RunOptions(**options), stop or Event(), progress, env={})

    def sync_impatiently(self, *, full: bool = False, **client: Any) -> Report:
        """One run that does not wait long between tries; `client` are the client's limits."""
        stop = Event()
        limits = {"backoff": 0.01, **client}
        with opened(self.config, stop) as db:
            return run(
                db,
                self.config,
                Client(self.sandbox.url, self.sandbox.token, stop, **limits),
                stop,
                RunOptions(full=full),
            )

    def write_config(self, extra: str = "", **readwise: str) -> Path:
        """The configuration as a file.

        What `config` says, `readwise` in place of its keys, then `extra`.
        """
        asked = {"token_file": str(self.folder / "token"), "api_url": self.sandbox.url, **readwise}
        (vault,) = self.config.vaults
        lines = [
            f'state_dir = "{self.state}"',
            "[readwise]",
            *(f'{key} = "{value}"' for key, value in asked.items()),
            "[[vault]]",
            f'name = "{vault.name}"',
            f'path = "{self.root}"',
            'timezone = "UTC"',
            'quiet = "0s"',
        ]
        self.config_file.write_text("\n".join([*lines, extra]), encoding="utf-8")
        return self.config_file

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`syncd` as a process of its own.

        Whatever it does, it shows neither the token nor a traceback.
        """
        done = subprocess.run(
            [sys.executable, "-m", "syncd", *arguments],
            env=self.environment() | env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr + done.stdout
        assert self.sandbox.token not in done.stderr + done.stdout
        return done

    def environment(self) -> dict[str, str]:
        """A process's environment with nothing of this machine's user in it."""
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        home = str(self.folder)
        return kept | {
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "SYNCD_CONFIG": str(self.config_file),
        }


def only(report: Report) -> VaultReport:
    """The report's one vault."""
    (vault,) = report.vaults
    return vault


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything below `folder`: each file's time, inode and content, each folder's being there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = (
            stat.st_mtime_ns if path.is_file() else 0,
            stat.st_ino,
            content,
        )
    return found


def tweet(number: int, text: str, **fields: Any) -> dict[str, Any]:
    """A highlight's fields: a tweet with this status id."""
    url = f"https://twitter.com/example_owl/status/{number}"
    return {"text": text, "url": url, "highlighted_at": "2024-05-05T10:00:00Z", **fields}


def add_book(library: Library, title: str, *highlights: dict[str, Any], **fields: Any) -> int:
    """A document with its highlights, a tweets one unless `fields` say otherwise.

    Returns its id.
    """
    book = library.add_book(**{"title": title, "author": "@example_owl on Twitter", **fields})
    for highlight in highlights:
        library.add_highlight(book, **highlight)
    return book


MakeWorld = Callable[..., World]
