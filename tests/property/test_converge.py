"""Whatever account and owner do, whatever ends a run: nothing of the owner's is lost, and nothing is there twice."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from model import MARK, NOTE, VERSION, Clock, Cut, CutOffError, Device, Item, Owner, names

from syncd.sandbox.library import Library

PICK = st.integers(0, 60)  # one of however many there are
DEVICE = st.sampled_from([0, 0, 0, 1])
HOSTS = ["https://twitter.com/owl/status/", "https://x.com/i/web/status/", "https://mobile.twitter.com/a/statuses/"]
TAILS = ["", "?s=20", "/photo/1", "#m"]
BODIES = [
    "{} کتاب",
    "{}\nzweite Zeile",
    "किताब {}\n\n- keine Liste\nTODO",
    "{} 🧵 e\u0301",
    "{}\n```\ncode & more\n```",
]
TITLES = ["Owls", "Tweets From Owl", "鳥", "Owls", "بوم / جغد", "Owls?"]


class Convergence(RuleBasedStateMachine):
    """One account, one vault, its owner, and two devices."""

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="syncd-", dir=shm if os.access(shm, os.W_OK) else None))
        self.owner = Owner(self.folder / "vault")
        self.clock = Clock()
        self.library = Library(now=self.clock)
        self.sound = True  # no check has failed
        self.number = 0
        self.name: dict[int, str] = {}  # of each highlight ever
        self.version: dict[int, str] = {}
        self.note: dict[int, str | None] = {}
        self.edited: set[str] = set()  # by the owner, or moved off the page
        self.notes_edited: set[str] = set()
        self.many: set[str] = set()  # with more than one source
        self.revived: set[str] = set()
        self.stale: set[str] = set()  # may be behind since a state was lost

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
        self.devices = [Device(self.folder / name, self.owner.root, mode) for name in ("one", "two")]
        for at in range(count):
            self.add_tweet(at // 2, at, at, at, new=at in (0, 3))
        self.sync(0, full=False)

    # --- the account ---

    def fresh(self, word: str) -> str:
        """A word of its kind that is nowhere yet."""
        self.number += 1
        return f"{word}{self.number}x"

    def documents(self, *, reader: bool = False) -> list[dict[str, Any]]:
        """The account's documents."""
        return [book for book in self.library.books if (book["source"] == "reader") is reader]

    def highlights(self) -> list[dict[str, Any]]:
        """The account's highlights, deleted ones too."""
        return [one for book in self.documents() for one in book["highlights"]]

    def picked(self, at: int) -> dict[str, Any] | None:
        """One of the highlights."""
        found = sorted(self.highlights(), key=lambda one: one["id"])
        return found[at % len(found)] if found else None

    def book(self, at: int, category: str, new: bool) -> int:
        """A document of this category."""
        found = [book["user_book_id"] for book in self.documents() if book["category"] == category]
        if found and not new:
            return int(found[at % len(found)])
        url = "https://example.org/essay/" + self.fresh("b") if category == "articles" else "https://twitter.com/owl"
        return self.library.add_book(
            title=TITLES[at % len(TITLES)],
            author="@owl on Twitter",
            category=category,
            source="twitter" if category == "tweets" else "instapaper",
            source_url=url,
        )

    def put(self, book: int, name: str | None, url: str, body: str, location: int) -> None:
        """A new highlight in the account."""
        self.clock.forward()
        mark, version = self.fresh("hl"), self.fresh("ve")
        id_ = self.library.add_highlight(
            book,
            text=body.format(f"{mark} {version}"),
            url=url,
            location=location,
            highlighted_at="2024-05-05T10:00:00Z",
        )
        self.name[id_], self.version[id_], self.note[id_] = name or mark, version, None

    @rule(doc=PICK, host=PICK, body=PICK, location=st.integers(0, 9), new=st.booleans())
    def add_tweet(self, doc: int, host: int, body: int, location: int, new: bool) -> None:
        """A tweet that was not there."""
        status = 1500000000000000000 + self.number + 1
        url = f"{HOSTS[host % 3]}{status}{TAILS[host % 4]}"
        self.put(self.book(doc, "tweets", new), f"tweet {status}", url, BODIES[body % 5], location)

    def shared(self, name: str) -> None:
        """Remember that the account has this more than once, or elsewhere: which of them is shown is not said."""
        self.many.add(name)
        self.edited.add(name)
        self.notes_edited.add(name)

    @rule(doc=PICK, host=PICK, body=PICK, which=PICK, new=st.booleans())
    def add_the_same_tweet(self, doc: int, host: int, body: int, which: int, new: bool) -> None:
        """A tweet that is there, from another document or host."""
        one = self.picked(which)
        if one is not None and self.name[one["id"]].startswith("tweet"):
            name = self.name[one["id"]]
            url = f"{HOSTS[host % 3]}{name.split()[1]}{TAILS[host % 4]}"
            self.shared(name)
            if name not in self.live():
                self.revived.add(name)
            self.put(self.book(doc, "tweets", new), name, url, BODIES[body % 5], 0)

    @rule(doc=PICK, body=PICK, location=st.integers(0, 9), shared=st.booleans())
    def add_to_an_article(self, doc: int, body: int, location: int, shared: bool) -> None:
        """A highlight with an address of its own, or with its document's."""
        book = self.book(doc, "articles", new=doc % 3 == 0)
        url = f"https://example.org/read/{book if shared else self.fresh('u')}"
        self.put(book, None, url, BODIES[body % 5], location)

    @rule(which=PICK)
    def select_in_reader(self, which: int) -> None:
        """A tweet saved in Reader, and a part of its text selected there."""
        one = self.picked(which)
        if one is not None and self.name[one["id"]].startswith("tweet"):
            self.clock.forward()
            book = self.library.add_book(
                title="From Reader", category="tweets", source="reader", source_url=one["url"].split("?")[0]
            )
            self.shared(self.name[one["id"]])
            url = "https://read.readwise.io/read/" + self.fresh("r")
            self.library.add_highlight(book, text=one["text"].split("\n")[0], url=url)

    @rule(which=PICK, body=PICK)
    def edit_text(self, which: int, body: int) -> None:
        """Another text of the same highlight."""
        one = self.picked(which)
        if one is not None:
            self.clock.forward()
            self.version[one["id"]] = self.fresh("ve")
            mark = MARK.findall(one["text"])[0]
            self.library.edit_highlight(one["id"], text=BODIES[body % 5].format(f"{mark} {self.version[one['id']]}"))

    @rule(which=PICK, some=st.booleans())
    def edit_note(self, which: int, some: bool) -> None:
        """Another note, or none."""
        one = self.picked(which)
        if one is not None:
            self.clock.forward()
            self.note[one["id"]] = self.fresh("nt") if some else None
            self.library.edit_highlight(one["id"], note=f"{self.note[one['id']]}\nमेरा" if some else "")

    @rule(which=PICK, tags=st.lists(st.sampled_from(["喜", "owls", "zu lesen"]), max_size=2, unique=True))
    def edit_tags(self, which: int, tags: list[str]) -> None:
        """Other tags, or none."""
        one = self.picked(which)
        if one is not None:
            self.clock.forward()
            self.library.edit_highlight(one["id"], tags=[{"id": at, "name": tag} for at, tag in enumerate(tags)])

    @rule(which=PICK)
    def delete(self, which: int) -> None:
        """With a tombstone."""
        if (one := self.picked(which)) is not None:
            self.clock.forward()
            self.library.delete_highlight(one["id"])

    @rule(which=PICK)
    def erase(self, which: int) -> None:
        """Without a trace."""
        if (one := self.picked(which)) is not None:
            self.library.erase_highlight(one["id"])

    @rule(which=PICK)
    def undelete(self, which: int) -> None:
        """A tombstone comes to life."""
        one = self.picked(which)
        if one is not None and one["is_deleted"]:
            self.clock.forward()
            self.library.edit_highlight(one["id"], is_deleted=False)
            self.revived.add(self.name[one["id"]])

    @rule(doc=PICK, title=PICK)
    def retitle(self, doc: int, title: int) -> None:
        """A document gets another title, also one that another has."""
        books = self.documents()
        self.library.edit_book(books[doc % len(books)]["user_book_id"], title=TITLES[title % len(TITLES)])

    @rule(which=PICK, doc=PICK)
    def move_to_another_document(self, which: int, doc: int) -> None:
        """The same highlight, filed elsewhere."""
        one = self.picked(which)
        if one is not None and self.name[one["id"]].startswith("tweet"):
            self.clock.forward()
            book, old = self.book(doc, "tweets", new=False), self.library._home[one["id"]]
            held = self.library._highlights
            held[book][one["id"]] = held[old].pop(one["id"]) | {"book_id": book}
            self.library._home[one["id"]] = book
            self.library.edit_highlight(one["id"])
            if book != old:
                self.shared(self.name[one["id"]])

    # --- the owner ---

    def at(self, page: int, block: int) -> tuple[Path, list[str], Item] | None:
        """A page, its lines, and a block on it."""
        pages = self.owner.pages()
        if not pages:
            return None
        path = pages[page % len(pages)]
        lines = self.owner.read(path)
        items = self.owner.blocks(lines)
        return (path, lines, items[block % len(items)]) if items else None

    def touched(self, lines: list[str], item: Item) -> None:
        """Remember that the text is the owner's now; where it is a child's, that the parents' notes are."""
        self.edited |= names("".join(lines[item.start : item.own]))
        for other in self.owner.blocks(lines):
            if other.start <= item.start < other.end:
                self.notes_edited |= names("".join(lines[other.start : other.own]))

    @rule(page=PICK, block=PICK, more=st.booleans())
    def edit_block(self, page: int, block: int, more: bool) -> None:
        """A word more at its start, or a line more behind the first."""
        if (found := self.at(page, block)) is not None:
            path, lines, item = found
            self.touched(lines, item)
            head = lines[item.start]
            if more and "```" not in head:
                lines[item.start] = f"{item.indent}- {self.owner.word()} {head[len(item.indent) + 2 :]}"
            else:
                lines.insert(item.start + 1, f"{item.indent}  {self.owner.word()}\n")
                if not head.endswith("\n"):
                    lines[item.start] = head + "\n"
            self.owner.save(path, lines)

    @rule(page=PICK, block=PICK, how=st.sampled_from(["child", "id", "collapsed"]))
    def annotate(self, page: int, block: int, how: str) -> None:
        """A child, or what Logseq writes into a block that is referred to or folded."""
        if (found := self.at(page, block)) is not None:
            path, lines, item = found
            at = item.end if how == "child" else item.start + 1
            if lines[at - 1][-1:] != "\n":
                lines[at - 1] += "\n"
            if how == "child":
                while not lines[at - 1].strip():
                    at -= 1
                lines.insert(at, f"{item.indent}\t- {self.owner.word()}\n")
            elif "```" not in lines[item.start]:
                line = "collapsed:: true" if how == "collapsed" else f"id:: 64a1f0c2-0000-4000-8000-{self.number:012}"
                lines.insert(at, f"{item.indent}  {line}\n")
            self.owner.save(path, lines)

    @rule(page=PICK, block=PICK)
    def indent(self, page: int, block: int) -> None:
        """A block becomes its predecessor's child."""
        if (found := self.at(page, block)) is not None and block:
            path, lines, item = found
            before = [other for other in self.owner.blocks(lines) if other.end == item.start]
            if before and len(before[0].indent) == len(item.indent):
                self.touched_family(lines, item, before[0])
                for at in range(item.start, item.end):
                    lines[at] = "\t" + lines[at] if lines[at].strip() else lines[at]
                self.owner.save(path, lines)

    def touched_family(self, lines: list[str], *items: Item) -> None:
        """Remember that the notes of blocks are not where they were."""
        for item in items:
            for other in self.owner.blocks(lines):
                if item.start <= other.start < item.end:
                    self.notes_edited |= names("".join(lines[other.start : other.own]))
            self.touched_parents(lines, item)

    def touched_parents(self, lines: list[str], item: Item) -> None:
        """Remember that the parents' notes may be the owner's."""
        for other in self.owner.blocks(lines):
            if other.start < item.start < other.end:
                self.notes_edited |= names("".join(lines[other.start : other.own]))

    @rule(page=PICK, block=PICK, to=PICK, journal=st.booleans())
    def move_block(self, page: int, block: int, to: int, journal: bool) -> None:
        """A block with its children goes to another page, or into the journal."""
        if (found := self.at(page, block)) is not None:
            path, lines, item = found
            pages = self.owner.pages()
            target = pages[to % len(pages)]
            if journal or target == path:
                target = self.owner.root / "journals" / f"2024_05_{to % 28 + 1:02}.md"
            self.moved(lines, item)
            cut = self.taken(lines, item)
            self.owner.save(path, lines)
            there = self.owner.read(target) if target.exists() else []
            if there and not there[-1].endswith("\n"):
                there[-1] += "\n"
            self.owner.save(target, there + cut)

    def moved(self, lines: list[str], item: Item) -> None:
        """Remember that a block and all below it are where the owner put them."""
        for other in self.owner.blocks(lines):
            if item.start <= other.start < item.end:
                moved = names("".join(lines[other.start : other.own]))
                self.edited |= moved
                self.many |= {name for name in moved if not name.startswith("tweet")}  # on another's page it is lost
        self.touched_family(lines, item)

    def taken(self, lines: list[str], item: Item) -> list[str]:
        """The block's lines, off the page, at the margin."""
        cut = [line.removeprefix(item.indent) for line in lines[item.start : item.end]]
        del lines[item.start : item.end]
        if cut and not cut[-1].endswith("\n"):
            cut[-1] += "\n"
        return cut

    @rule(page=PICK, title=st.booleans())
    def rename_page(self, page: int, title: bool) -> None:
        """Another file name, with or without another title."""
        pages = self.owner.pages()
        if pages and "pages" in (path := pages[page % len(pages)]).parts:
            name = self.owner.name()
            lines = self.owner.read(path)
            if title and lines and lines[0].startswith("title::"):
                lines[0] = f"title:: {name}\n"
                self.owner.save(path, lines)
            path.rename(path.with_name(f"{name}.md"))

    @rule(page=PICK, block=PICK)
    def delete_block(self, page: int, block: int) -> None:
        """A block with all below it is gone."""
        if (found := self.at(page, block)) is not None:
            path, lines, item = found
            self.touched_parents(lines, item)
            self.taken(lines, item)
            self.owner.save(path, lines)

    @precondition(lambda self: len(self.owner.pages()) > 1)
    @rule(page=PICK)
    def delete_page(self, page: int) -> None:
        """A page is gone."""
        pages = self.owner.pages()
        pages[page % len(pages)].unlink()

    @rule(page=PICK, block=PICK)
    def duplicate_block(self, page: int, block: int) -> None:
        """A block is there twice, because its owner wants it so."""
        if (found := self.at(page, block)) is not None:
            path, lines, item = found
            self.moved(lines, item)
            self.many |= names("".join(lines[item.start : item.end]))
            if not lines[item.end - 1].endswith("\n"):
                lines[item.end - 1] += "\n"
            self.owner.save(path, [*lines[: item.end], *lines[item.start : item.end], *lines[item.end :]])

    @rule(page=PICK, how=st.sampled_from(["crlf", "lf", "end", "no end", "spaces", "blanks", "bom"]))
    def change_habits(self, page: int, how: str) -> None:
        """The owner's editor writes files otherwise."""
        pages = self.owner.pages()
        if pages:
            path = pages[page % len(pages)]
            text = "".join(self.owner.read(path))
            match how:
                case "crlf" | "lf":
                    text = text.replace("\r\n", "\n").replace("\n", "\r\n" if how == "crlf" else "\n")
                case "end" | "no end":
                    text = text.rstrip("\r\n") + "\n" * (how == "end")
                case "spaces":
                    text = "\n".join(line.replace("\t", "    ") for line in text.split("\n"))
                case "blanks":
                    text += "\n\n"
                case "bom":
                    text = text if text.startswith(("\ufeff", "-")) else "\ufeff" + text
            self.owner.save(path, [text])

    @rule(page=PICK, where=st.sampled_from(["first", "last", "property", "journal"]))
    def write(self, page: int, where: str) -> None:
        """The owner's own words, around the highlights, or in a page of their own."""
        word = self.owner.word()
        pages = self.owner.pages()
        if where == "journal" or not pages:
            target = self.owner.root / "journals" / f"2024_06_{page % 28 + 1:02}.md"
            self.owner.save(target, [f"- {word}\n", "\t- [View Tweet](https://x.com/i/status/1) erwähnt\n"])
            return
        path = pages[page % len(pages)]
        lines = self.owner.read(path)
        items = self.owner.blocks(lines)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        first = items[0].start if items else len(lines)
        if where == "property" and "::" in lines[0] if lines else False:
            lines.insert(1, f"alias:: {word}\n")
        elif where == "first":
            lines.insert(first, f"- {word}\n")
        else:
            lines += [f"- {word}\n"]
        self.owner.save(path, lines)

    # --- both at once ---

    @rule(which=PICK, how=st.sampled_from(["text", "delete", "note"]), more=st.booleans())
    def both_change_a_highlight(self, which: int, how: str, more: bool) -> None:
        """The owner edits a block, or its note, and the account changes or deletes the same."""
        one = self.picked(which)
        spots = [
            (page, block + (how == "note"))
            for page, path in enumerate(self.owner.pages())
            for lines in [self.owner.read(path)]
            for block, item in enumerate(self.owner.blocks(lines))
            if one is not None and self.name[one["id"]] in names("".join(lines[item.start : item.own]))
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

    # --- syncd ---

    def live(self) -> set[str]:
        """The names of the highlights that the account has now."""
        return {self.name[one["id"]] for one in self.highlights() if not one["is_deleted"]}

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

    def allowed(self, device: Device, name: str, live: bool, before: int, whole: bool, full: bool) -> set[int]:
        """How often a highlight may stand in the vault after a run."""
        if not live:
            least = before if self.keeps else 0
            return set(range(least, max(before, 0 if full and whole and not device.cut else 1) + 1))
        if before:
            return {before}
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
        """What the owner left alone says what the account says; where both changed it, that is reported."""
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


Convergence.TestCase.settings = settings(
    max_examples=int(os.environ.get("SYNCD_EXAMPLES", "100")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestConvergence = Convergence.TestCase
