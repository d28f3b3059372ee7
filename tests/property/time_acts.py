"""How a vault goes back in time, as steps of a state machine: backups, branches, stale buffers."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.account_acts import PICK
from tests.property.owner_acts import OwnerActs
from tests.support.model import COPY


class TimeActs(OwnerActs):
    """What backups, version control, editors and syncing tools do to a vault.

    `gone_back` are the highlights that went by it, or were deleted and not missed yet: they come
    again where a sign tells that the page is older than it was, and count as deleted where none
    does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gone_back: set[str] = set()
        self.kept = self.folder / "kept vault"

    def went(self, before: Counter[str]) -> None:
        """Remember what stands in the vault no more, or less often than before."""
        after = self.owner.census()
        names = {*self.name.values(), *before}
        self.gone_back |= {name for name in names if not after[name] or after[name] < before[name]}
        self.many |= {name for name in before if not name.startswith("tweet")}
        self.edited |= set(self.name.values())  # their words may be older than syncd's last ones
        self.notes_edited |= set(self.name.values())

    @rule()
    def keep_vault(self) -> None:
        """A backup of the vault."""
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.owner.root, self.kept)

    @precondition(lambda self: self.kept.exists())
    @rule(branch=st.booleans(), times=st.booleans())
    def put_the_old_vault_back(self, branch: bool, times: bool) -> None:
        """With the files' old times or new ones; as another branch of a repository, or not."""
        before = self.owner.census()
        shutil.rmtree(self.owner.root)
        shutil.copytree(
            self.kept, self.owner.root, copy_function=shutil.copy2 if times else shutil.copy
        )
        if branch:
            head = self.owner.root / ".git" / "HEAD"
            head.parent.mkdir(exist_ok=True)
            head.write_text(f"{time.time_ns():040x}\n")
            self.gone_back |= set(self.name.values())  # also what is deleted before the next run
        self.went(before)

    @precondition(lambda self: self.kept.exists())
    @rule(page=PICK, how=st.sampled_from(["buffer", "copy", "plain"]))
    def put_an_old_page_back(self, page: int, how: str) -> None:
        """By an editor that adds a line of the owner's, or by a syncing tool."""
        pages = [path for path in self.owner.pages() if self.at_backup(path).exists()]
        if not pages:
            return
        path = pages[page % len(pages)]
        before = self.owner.census()
        newer, older = path.read_bytes(), self.at_backup(path).read_bytes()
        if how == "copy":
            path.with_name(f"{path.stem}{COPY}.md").write_bytes(newer)
        own = f"\n- {self.owner.word()}\n".encode() if how == "buffer" else b""
        new = path.with_name("editor")
        new.write_bytes(older.rstrip(b"\n") + own if own else older)
        new.replace(path)
        self.went(before)

    def at_backup(self, path: Path) -> Path:
        """Where a page is in the backup."""
        return self.kept / path.relative_to(self.owner.root)
