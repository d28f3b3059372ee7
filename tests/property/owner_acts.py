"""What the owner does to the vault, as steps of a state machine."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.account_acts import PICK, AccountActs
from tests.support.model import Item, names


class OwnerActs(AccountActs):
    """The owner's part."""

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
        """Remember that the text is the owner's now.

        Where it is a child's, that the parents' notes are.
        """
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
                lines[item.start] = (
                    f"{item.indent}- {self.owner.word()} {head[len(item.indent) + 2 :]}"
                )
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
                line = (
                    "collapsed:: true"
                    if how == "collapsed"
                    else f"id:: 64a1f0c2-0000-4000-8000-{self.number:012}"
                )
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
                self.many |= {
                    name for name in moved if not name.startswith("tweet")
                }  # on another's page it is lost
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
        if pages and "journals" not in (path := pages[page % len(pages)]).parts:
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
            self.owner.save(
                path, [*lines[: item.end], *lines[item.start : item.end], *lines[item.end :]]
            )

    @rule(
        page=PICK, how=st.sampled_from(["crlf", "lf", "end", "no end", "spaces", "blanks", "bom"])
    )
    def change_habits(self, page: int, how: str) -> None:
        """The owner's editor writes files otherwise."""
        pages = self.owner.pages()
        if pages:
            path = pages[page % len(pages)]
            text = "".join(self.owner.read(path))
            match how:
                case "crlf" | "lf":
                    text = text.replace("\r\n", "\n").replace(
                        "\n", "\r\n" if how == "crlf" else "\n"
                    )
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
            self.owner.save(
                target, [f"- {word}\n", "\t- [View Tweet](https://x.com/i/status/1) erwähnt\n"]
            )
            return
        path = pages[page % len(pages)]
        lines = self.owner.read(path)
        items = self.owner.blocks(lines)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        first = items[0].start if items else len(lines)
        if (
            where == "property"
            and lines
            and ("::" in lines[0] or lines[0].strip("\ufeff\r\n") == "---")
        ):
            lines.insert(1, f"alias:: {word}\n" if "::" in lines[0] else f"mine: {word}\n")
        elif where == "first":
            lines.insert(first, f"- {word}\n")
        else:
            lines += [f"- {word}\n"]
        self.owner.save(path, lines)
