"""Whatever account and owner do, whatever ends a run.

Nothing of the owner's is lost, and nothing is there twice.
"""

from __future__ import annotations

import os
import shutil
from typing import Any, ClassVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.property.account_acts import PICK
from tests.property.time_acts import TimeActs
from tests.support.model import NOTE, VERSION, Cut, CutOffError, Device, names

DEVICE = st.sampled_from([0, 0, 0, 1])


class Convergence(TimeActs):
    """One account, one vault, its owner, and two devices; `layout` are settings of the vault."""

    layout: ClassVar[dict[str, Any]] = {}

    def teardown(self) -> None:
        """Remove the folder, once everything is checked."""
        try:
            if self.sound:
                self.come_to_rest()
        finally:
            shutil.rmtree(self.folder)

    @initialize(remove=st.booleans(), count=st.integers(2, 5))
    def start(self, remove: bool, count: int) -> None:
        """An account with something in it, and a first run."""
        mode = "remove" if remove else "keep"
        self.keeps = not remove
        self.devices = [
            Device(self.folder / name, self.owner.root, mode, **self.layout)
            for name in ("one", "two")
        ]
        for at in range(count):
            self.add_tweet(at // 2, at, at, at, new=at in (0, 3))
        self.sync(0, full=False)

    # --- both at once -----------------------------------------------------------------------------

    @rule(which=PICK, how=st.sampled_from(["text", "delete", "note"]), more=st.booleans())
    def both_change_a_highlight(self, which: int, how: str, more: bool) -> None:
        """The owner edits a block, or its note, and the account changes or deletes the same."""
        one = self.picked(which)
        spots = [
            (page, block + (how == "note"))
            for page, path in enumerate(self.owner.pages())
            for lines in [self.owner.read(path)]
            for block, item in enumerate(self.owner.blocks(lines))
            if one is not None
            and self.name[one["id"]] in names("".join(lines[item.start : item.own]))
        ]
        if spots:
            page, block = spots[0]
            self.edit_block(page=page, block=block, more=more)
            match how:
                case "text":
                    self.edit_text(which=which, body=which)
                case "note":
                    self.edit_note(which=which, some=more)
                case "delete":
                    self.delete(which=which)

    @rule(which=PICK, after=st.integers(3, 12))
    def the_account_changes_after_a_cut(self, which: int, after: int) -> None:
        """What the run wrote before it ended is older than the account by now."""
        self.edit_text(which=which, body=after)
        self.edit_note(which=which, some=True)
        self.run_cut_off(which=0, full=False, after=after)
        self.edit_text(which=which, body=after + 1)
        self.edit_note(which=which, some=after % 2 == 0)

    # --- syncd ------------------------------------------------------------------------------------

    def sync(self, which: int, full: bool, cut: Cut | None = None) -> Any:
        """A run of a device, whole or cut, and what it must not and must have done."""
        device = self.devices[which]
        before, words = self.owner.census(), self.owner.words()
        self.sound = False
        report = None
        whole = False
        device.unsure |= self.revived
        device.known -= device.unsure
        try:
            report = device.sync(self.library, cut or Cut(), full)
            whole = True
        except CutOffError:
            pass
        assert self.owner.words() == words, "a line of the owner's"
        self.check(device, before, self.owner.census(), whole, full)
        self.sound = True
        return report

    def check(self, device: Device, before: Any, after: Any, whole: bool, full: bool) -> None:
        """Each highlight is there as often as it must be."""
        live = self.live()
        for name in set(self.name.values()):
            allowed = self.allowed(device, name, name in live, before[name], whole, full)
            assert after[name] in allowed, (name, before[name], after[name], allowed)
        device.cut = not whole
        if whole:
            device.known |= live
            device.unsure -= live
            gone = {name for name in device.known - live if not after[name]}
        else:
            gone = {name for name in device.known - live if not after[name]} | (live - device.known)
        device.unsure |= gone
        device.known -= gone

    def allowed(
        self, device: Device, name: str, live: bool, before: int, whole: bool, full: bool
    ) -> set[int]:
        """How often a highlight may stand in the vault after a run."""
        if not live:
            least = before if self.keeps else 0
            return set(range(least, max(before, 0 if full and whole and not device.cut else 1) + 1))
        if name in self.gone_back and not before:
            return {0, 1}
        if before:  # a run that was cut off may still have to remove what lives again by now
            return set(range(1 if name in self.revived and not self.keeps else before, before + 1))
        if name in self.vague and device.guesses:
            return {0, 1}
        if name in device.known:
            return {0}
        return {1} if whole and name not in device.unsure else {0, 1}

    @rule(which=DEVICE, full=st.booleans())
    def run(self, which: int, full: bool) -> None:
        """An undisturbed run."""
        self.sync(which, full)

    @rule(which=DEVICE, full=st.booleans(), after=st.integers(0, 14))
    def run_cut_off(self, which: int, full: bool, after: int) -> None:
        """A run that ends in its middle."""
        self.sync(which, full, Cut(after))

    @rule(which=DEVICE)
    def keep_state(self, which: int) -> None:
        """A backup of the state."""
        self.devices[which].save()

    @rule(which=DEVICE, how=st.sampled_from(["restore", "lose", "garbage"]))
    def lose_state(self, which: int, how: str) -> None:
        """The state is older than it was, or gone, or no database."""
        device = self.devices[which]
        if how == "restore":
            if not device.restore():
                return
        else:
            device.lose(b"\0" * 5000 if how == "garbage" else None)
        self.stale |= set(self.name.values())

    @rule()
    def come_to_rest(self) -> None:
        """Undisturbed runs by every device: then all is said, and a further run writes nothing."""
        used = [at for at, device in enumerate(self.devices) if device.used]
        for full in (True, False):
            for at in used:
                self.sync(at, full)
        before = self.owner.stats()
        reports = [self.sync(at, full=False) for at in used]
        self.sound = False
        assert self.owner.stats() == before, "a run with nothing new wrote"
        assert not any(report.changed for report in reports)
        self.check_contents(reports)
        self.sound = True

    def check_contents(self, reports: list[Any]) -> None:
        """What the owner left alone says what the account says.

        Where both changed it, that is reported.
        """
        where: dict[str, tuple[str, str]] = {}
        count = self.owner.census()
        for path in self.owner.pages():
            lines = self.owner.read(path)
            for item in self.owner.blocks(lines):
                own = "".join(lines[item.start : item.own])
                for name in names(own):
                    where[name] = own, "".join(lines[item.own : item.end])
        for one in self.highlights():
            name = self.name[one["id"]]
            if one["is_deleted"] or count[name] != 1:
                continue
            text, below = where[name]
            note = self.note[one["id"]]
            current = VERSION.findall(text) == [self.version[one["id"]]]
            noted = NOTE.findall(below) == ([note] if note else [])
            if current and noted:
                self.stale.discard(name)
            if name in self.stale:
                continue
            told = [c for report in reports for c in report.conflicts if c.highlight == one["id"]]
            if name not in self.edited:
                assert current, (name, text, self.version[one["id"]])
                assert not any("text" in conflict.parts for conflict in told), (name, text)
                assert noted or name in self.notes_edited, (name, below, note)
            elif not current and name not in self.many:
                assert told, (name, text, self.version[one["id"]])


class ObsidianConvergence(Convergence):
    """The same in Obsidian."""

    app = "obsidian"


if settings.get_current_profile_name() == "steady":
    seed(0)(Convergence)  # else the examples would change with each edit of the class's source

Convergence.TestCase.settings = ObsidianConvergence.TestCase.settings = settings(
    max_examples=int(os.environ.get("SYNCD_EXAMPLES", "100")),
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestConvergence = Convergence.TestCase
TestObsidianConvergence = ObsidianConvergence.TestCase
