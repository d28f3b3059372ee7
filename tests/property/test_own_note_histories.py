"""The state machine of `test_converge.py` where each highlight has a note of its own.

The account, the runs, what ends them and how a vault goes back in time are the same; the owner acts
on notes and their indexes.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.account_acts import PICK
from tests.property.test_converge import DEVICE, Convergence
from tests.support.model import MARK, NOTE, TWEET, VERSION, Owner

LINK_ALONE = re.compile(r"\s*- \[\[[^\]]*\]\]\s*")
HOW = st.sampled_from(["text", "date", "tags", "note", "below"])


class NoteOwner(Owner):
    """Sees a highlight where its text stands, in a note or anywhere."""

    def census(self) -> Counter[str]:
        """How often each highlight stands in the vault: tweets by their links, others by marks."""
        found: Counter[str] = Counter()
        for path in self.pages():
            lines = [line for line in self.read(path) if not LINK_ALONE.fullmatch(line)]
            text = "".join(lines[top(lines) :])
            found.update(f"tweet {status}" for status in TWEET.findall(text))
            found.update(MARK.findall(text))
        return found

    def notes(self) -> list[tuple[Path, list[str], int]]:
        """The highlights' own notes: path, lines and highlight."""
        found = []
        for path in self.pages():
            lines = self.read(path)
            ids = re.findall(r"^highlight: (\d+)\r?$", "".join(lines[: top(lines)]), re.MULTILINE)
            if ids:
                found.append((path, lines, int(ids[0])))
        return found


def top(lines: list[str]) -> int:
    """How many lines the front matter takes."""
    ends = [at for at, line in enumerate(lines) if line.strip("\ufeff\r\n") == "---"]
    return ends[1] + 1 if ends[:1] == [0] and ends[1:] else 0


class NoteConvergence(Convergence):
    """One account, one vault with notes, its owner, and two devices."""

    app = "obsidian"
    layout = {"layout": "note-per-highlight"}  # noqa: RUF012  # as in the class above

    def __init__(self) -> None:
        super().__init__()
        self.owner: NoteOwner = NoteOwner(self.folder / "notes", self.app)
        self.at_large: set[str] = set()  # whose texts stand, or stood, off their notes
        self.rearranged = False  # the owner moved files or bullets, or a state or backup is old

    def went(self, before: Counter[str]) -> None:
        """The vault went back in time."""
        super().went(before)
        self.rearranged = True

    @rule(which=DEVICE, how=st.sampled_from(["restore", "lose", "garbage"]))
    def lose_state(self, which: int, how: str) -> None:
        """As everywhere; nobody knows then whether a note was listed."""
        self.rearranged = True
        super().lose_state(which=which, how=how)

    def picked_note(self, at: int) -> tuple[Path, list[str], int, str] | None:
        """A note: its path, lines, highlight, and that one's name."""
        notes = [note for note in self.owner.notes() if note[2] in self.name]
        if not notes:
            return None
        path, lines, id_ = notes[at % len(notes)]
        return path, lines, id_, self.name[id_]

    # --- the owner --------------------------------------------------------------------------------

    @rule(page=PICK, how=HOW)
    def edit_a_note(self, page: int, how: str) -> None:
        """A word more in one of its parts, or below all of them."""
        found = self.picked_note(page)
        if found is None:
            return
        path, lines, _, name = found
        word, below = self.owner.word(), top(lines)
        bullets = [at for at, line in enumerate(lines) if line.startswith("- **Note**:")]
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        if how == "text" and below < len(lines):
            lines[below] = f"{word} {lines[below]}"
            self.edited.add(name)
        elif how == "date":
            lines[:] = ["date: 2024-05-06\n" if x.startswith("date:") else x for x in lines]
            self.edited.add(name)
        elif how == "tags":
            tags = [at for at, line in enumerate(lines[:below]) if line.startswith("tags:")]
            if tags:
                lines.insert(tags[0] + 1, f"  - {word}\n")
            else:
                lines[below - 1 : below - 1] = ["tags:\n", f"  - {word}\n"]
        elif how == "note" and bullets:
            lines[bullets[0]] = f"{lines[bullets[0]].rstrip()} {word}\n"
            self.notes_edited.add(name)
        elif how == "note":
            lines += [f"- **Note**: {word}\n"]
            self.notes_edited.add(name)
        else:
            lines += ["\n", f"{word}\n"]
        self.owner.save(path, lines)

    @rule(page=PICK, how=st.sampled_from(["file", "folder", "out"]))
    def rename_page(self, page: int, how: str) -> None:
        """A note, an index, or the folder of a document is called otherwise, or lies elsewhere."""
        pages = [path for path in self.owner.pages() if "journals" not in path.parts]
        if not pages:
            return
        self.rearranged = True
        path, name = pages[page % len(pages)], self.owner.name()
        if how == "folder" and path.parent != self.owner.root:
            path.parent.rename(path.parent.with_name(name))
        elif how == "out":
            path.rename(self.owner.root / f"{name}.md")
        else:
            path.rename(path.with_name(f"{name}.md"))

    @precondition(lambda self: len(self.owner.pages()) > 1)
    @rule(page=PICK)
    def delete_page(self, page: int) -> None:
        """A note or an index is gone."""
        pages = self.owner.pages()
        self.rearranged = True
        before = self.owner.census()
        pages[page % len(pages)].unlink()
        self.gone_back |= set(before - self.owner.census())

    @rule(page=PICK)
    def copy_a_note(self, page: int) -> None:
        """A note is there twice, because its owner wants it so."""
        if (found := self.picked_note(page)) is not None:
            self.rearranged = True
            path, lines, _, name = found
            self.off_its_note(name)
            self.owner.save(path.with_name(f"{self.owner.name()}.md"), lines)

    @rule(page=PICK, to=PICK, front=st.booleans())
    def take_a_text_elsewhere(self, page: int, to: int, front: bool) -> None:
        """Into another page, and the note is gone; or it loses its front matter."""
        found = self.picked_note(page)
        if found is None:
            return
        path, lines, _, name = found
        self.rearranged = True
        self.off_its_note(name)
        text = lines[top(lines) :]
        if front:
            self.owner.save(path, text)
            return
        pages = [one for one in self.owner.pages() if one != path]
        target = pages[to % len(pages)] if pages and to % 3 else self.owner.root / "Journal.md"
        path.unlink()
        there = self.owner.read(target) if target.exists() else []
        if there and not there[-1].endswith("\n"):
            there[-1] += "\n"
        self.owner.save(target, [*there, "\n", *text, "\n"])

    def off_its_note(self, name: str) -> None:
        """Remember that edits may not reach a highlight."""
        self.at_large.add(name)
        self.edited.add(name)
        self.notes_edited.add(name)
        self.many.add(name)

    @rule(page=PICK)
    def take_a_bullet_away(self, page: int) -> None:
        """An index lists a note less."""
        spots = [
            (path, at)
            for path in self.owner.pages()
            for at, line in enumerate(self.owner.read(path))
            if LINK_ALONE.fullmatch(line)
        ]
        if spots:
            self.rearranged = True
            path, at = spots[page % len(spots)]
            lines = self.owner.read(path)
            del lines[at]
            self.owner.save(path, lines)

    @rule(which=PICK, how=HOW, note=st.booleans())
    def both_change_a_highlight(self, which: int, how: str, note: bool) -> None:
        """The owner edits a note, and the account the same highlight."""
        found = self.picked_note(which)
        if found is not None:
            self.edit_a_note(which, how)
            order = sorted(one["id"] for one in self.highlights())
            if found[2] in order:
                at = order.index(found[2])
                if note:
                    self.edit_note(which=at, some=which % 3 > 0)
                else:
                    self.edit_text(which=at, body=which)

    # what is done to blocks
    edit_block = annotate = indent = move_block = None  # type: ignore[assignment]
    delete_block = duplicate_block = None  # type: ignore[assignment]

    # --- what must hold ---------------------------------------------------------------------------

    def check_contents(self, reports: list[Any]) -> None:
        """What the owner left alone says what the account says; what both changed is reported.

        Each note is listed once where its owner left files and lists as they were.
        """
        self.check_indexes()
        census = self.owner.census()
        where = {id_: lines for _, lines, id_ in self.owner.notes()}
        for one in self.highlights():
            id_, name = one["id"], self.name[one["id"]]
            if one["is_deleted"] or census[name] != 1 or id_ not in where:
                continue
            lines = where[id_]
            ends = [at + 1 for at, line in enumerate(lines) if line.rstrip().endswith(f"^rw-{id_}")]
            end = ends[0] if ends else len(lines)
            text, below = "".join(lines[top(lines) : end]), "".join(lines[end:])
            current = VERSION.findall(text) == [self.version[id_]]
            noted = NOTE.findall(below) == ([self.note[id_]] if self.note[id_] else [])
            if current and noted:
                self.stale.discard(name)
            if name in self.stale or name in self.at_large:
                continue
            told = [c for report in reports for c in report.conflicts if c.highlight == id_]
            if name not in self.edited:
                assert current, (name, text, self.version[id_])
                assert not any("text" in conflict.parts for conflict in told), (name, text)
                assert noted or name in self.notes_edited, (name, below, self.note[id_])
            elif not current and name not in self.many:
                assert told, (name, text, self.version[id_])

    def check_indexes(self) -> None:
        """No index links a note twice, and each note is linked."""
        linked: set[str] = set()
        for path in self.owner.pages():
            lines = [line for line in self.owner.read(path) if LINK_ALONE.fullmatch(line)]
            targets = re.findall(r"\[\[([^|\]]+)", "".join(lines))
            assert len(targets) == len(set(targets)), (path, targets)
            linked.update(targets)
        for path, _, _ in () if self.rearranged else self.owner.notes():
            assert str(path.relative_to(self.owner.root)).removesuffix(".md") in linked


if settings.get_current_profile_name() == "steady":
    seed(0)(NoteConvergence)

NoteConvergence.TestCase.settings = settings(
    Convergence.TestCase.settings, max_examples=Convergence.TestCase.settings.max_examples // 2
)
TestNoteConvergence = NoteConvergence.TestCase
del Convergence
