"""What happens in the account, as steps of a state machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from syncd.sandbox.library import Library
from tests.support.model import MARK, Clock, Owner

PICK = st.integers(0, 60)  # one of however many there are
HOSTS = [
    "https://twitter.com/owl/status/",
    "https://x.com/i/web/status/",
    "https://mobile.twitter.com/a/statuses/",
]
TAILS = ["", "?s=20", "/photo/1", "#m"]
BODIES = [
    "{} کتاب",
    "{}\nzweite Zeile",
    "किताब {}\n\n- keine Liste\nTODO",
    "{} 🧵 e\u0301",
    "{}\n```\ncode & more\n```",
]
MARKS = ["", "", "", ".h1 ", ".h3\n", ".owls "]  # action tags at a note's start
TITLES = ["Owls", "Tweets From Owl", "鳥", "Owls", "بوم / جغد", "Owls?"]


class AccountActs(RuleBasedStateMachine):
    """One account that changes, and one vault with its owner."""

    app = "logseq"

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="syncd-", dir=shm if os.access(shm, os.W_OK) else None)
        )
        self.owner = Owner(self.folder / "vault", self.app)
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
        self.vague: set[str] = (
            set()
        )  # with an address that is others', too: without bases it is a guess which is which
        self.revived: set[str] = set()
        self.stale: set[str] = set()  # may be behind since a state was lost

    # --- the account ------------------------------------------------------------------------------

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
        url = (
            "https://example.org/essay/" + self.fresh("b")
            if category == "articles"
            else "https://twitter.com/owl"
        )
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

    def live(self) -> set[str]:
        """The names of the highlights that the account has now."""
        return {self.name[one["id"]] for one in self.highlights() if not one["is_deleted"]}

    def shared(self, name: str) -> None:
        """Remember that the account has this more than once, or elsewhere.

        Which of them is shown is not said.
        """
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
        if shared:
            self.vague.add(self.name[max(self.name)])

    @rule(which=PICK)
    def select_in_reader(self, which: int) -> None:
        """A tweet saved in Reader, and a part of its text selected there."""
        one = self.picked(which)
        if one is not None and self.name[one["id"]].startswith("tweet"):
            self.clock.forward()
            book = self.library.add_book(
                title="From Reader",
                category="tweets",
                source="reader",
                source_url=one["url"].split("?")[0],
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
            self.library.edit_highlight(
                one["id"], text=BODIES[body % 5].format(f"{mark} {self.version[one['id']]}")
            )

    @rule(which=PICK, some=st.booleans(), mark=st.sampled_from(MARKS))
    def edit_note(self, which: int, some: bool, mark: str = "") -> None:
        """Another note, or none; it may begin with an action tag."""
        one = self.picked(which)
        if one is not None:
            self.clock.forward()
            self.note[one["id"]] = self.fresh("nt") if some else None
            words = f"{self.note[one['id']]}\nमेरा" if some else ""
            self.library.edit_highlight(one["id"], note=f"{mark}{words}")

    @rule(
        which=PICK,
        tags=st.lists(st.sampled_from(["喜", "owls", "zu lesen"]), max_size=2, unique=True),
    )
    def edit_tags(self, which: int, tags: list[str]) -> None:
        """Other tags, or none."""
        one = self.picked(which)
        if one is not None:
            self.clock.forward()
            self.library.edit_highlight(
                one["id"], tags=[{"id": at, "name": tag} for at, tag in enumerate(tags)]
            )

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
        self.library.edit_book(
            books[doc % len(books)]["user_book_id"], title=TITLES[title % len(TITLES)]
        )

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
