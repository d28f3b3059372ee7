"""The own notes of a document's highlights: which there are, new ones, and the index's bullets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from syncd.errors import DocumentError
from syncd.formats.obsidian_note import first_words
from syncd.model import Highlight
from syncd.page.base import Base
from syncd.page.blocks import Page
from syncd.page.names import name_key
from syncd.page.note import new_note, read_note
from syncd.page.splice import Edit, splice
from syncd.regex import regex
from syncd.state import index
from syncd.sync.highlight_blocks import NoteBlock, Wanted
from syncd.sync.merge import Plan, end_of
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import Name, note_name
from syncd.vault.read import Seen, page_at

_COARSE = 2_000_000_000  # ns that a file system's clock may be behind
_NAMES = ("rw:", "tweet:")
_LINK = regex(r"\[\[([^\[\]|#]+)")
_BULLET = regex(r"!?\[\[[^\[\]]+\]\]")


class Notes(NamedTuple):
    """The own notes of a document's highlights, and what their files were when they were read."""

    found: Mapping[int, NoteBlock]
    seen: Mapping[str, Seen]


NONE = Notes({}, {})


class NewNote(NamedTuple):
    """A note to be made."""

    highlight: int
    path: str
    text: str


def read_notes(
    run: VaultRun, places: Iterable[index.Place], known: Mapping[int, Base], begun: int
) -> Notes:
    """The notes at these places; `begun`: when (ns) a run began to write them, 0 or less for none.

    Raises as read_page does.
    """
    found: dict[int, NoteBlock] = {}
    seen: dict[str, Seen] = {}
    for id_, path in _chosen(places, known):
        page, now = page_at(run.root / path)
        since = now.mtime_ns if 0 < begun <= now.mtime_ns + _COARSE else 0
        found[id_] = NoteBlock(path, read_note(page, id_), since)
        seen[path] = now
    return Notes(found, seen)


def _chosen(places: Iterable[index.Place], known: Mapping[int, Base]) -> Iterator[tuple[int, str]]:
    """Each highlight's note; of copies the one that says what was last seen, else the shortest."""
    files: dict[int, set[tuple[bool, int, str]]] = {}
    for one in places:
        if one.note is not None and one.is_own_note:
            base = known.get(one.note)
            other = base is None or base.page.text != one.hash
            files.setdefault(one.note, set()).add((other, len(one.path), one.path))
    for id_, some in files.items():
        yield id_, min(some)[-1]


def stands_elsewhere(place: index.Place, own: Collection[str]) -> bool:
    """Whether what stands in a highlight's note may be another one; `own` are the document's notes.

    By its id, which its owner put there, or as the same tweet: a note shares its address with all
    of its document.
    """
    if place.note is None:
        return True
    return place.key.startswith("rw:") if place.path in own else place.key.startswith(_NAMES)


def is_link_alone(content: Sequence[str]) -> bool:
    """Whether a block is a link to a note and nothing else, as in an index."""
    return len(content) == 1 and _BULLET.fullmatch(content[0].strip()) is not None


# --- new ones -------------------------------------------------------------------------------------


def new_notes(
    run: VaultRun, highlights: Iterable[Highlight], new: Iterable[Wanted], home: str
) -> list[NewNote]:
    """The notes that are to be made beside the index at `home`. Raises DocumentError."""
    items = {item.id: item for item in highlights}
    folder, _, file = home.rpartition("/")
    stem = file.removesuffix(".md")
    taken = {name_key(stem)}
    made = []
    for one in new:
        name = _free_name(run, items[one.id], folder, taken)
        taken.add(name_key(name.title))
        link = f"[[{home.removesuffix('.md')}|{stem}]]"
        made.append(NewNote(one.id, name.path, new_note(one.id, link, one.rendered)))
    return made


def _free_name(run: VaultRun, item: Highlight, folder: str, taken: Collection[str]) -> Name:
    """The first words of a highlight, with its id where another page has that name."""
    numbered = (f" ({item.id}-{number})" for number in range(2, 100))
    for suffix in chain(["", f" ({item.id})"], numbered):
        name = note_name(folder, first_words(item), item.id, suffix)
        if name_key(name.title) in taken or name.path in run.copies:
            continue
        if not index.is_taken(run.db, run.id, name.title, name.path, 0):
            return name
    reason = f"every name for highlight {item.id} is taken; rename one of those notes"
    raise DocumentError(reason, code="name-taken")


def write_notes(run: VaultRun, notes: Notes, plan: Plan, made: Iterable[NewNote]) -> None:
    """Write what is planned for the notes. Raises what Writer.write raises."""
    pages = {one.path: one.note.page for one in notes.found.values()}
    for path, edits in plan.notes.items():
        run.write(path, splice(pages[path], edits), notes.seen[path])
        run.report.pages.updated.append(path)
    for one in made:
        run.write(one.path, one.text, None)
        run.report.pages.created.append(one.path)


# --- the index ------------------------------------------------------------------------------------


def bullets(page: Page, order: Sequence[tuple[str, bool]]) -> list[Edit]:
    """What lists new notes in their document's index, each behind its nearest predecessor there.

    `order` are the notes' paths in reading order, and whether each is new. One that is linked
    anywhere in the index stays where it is. Pure.
    """
    linked = _linked(page)
    edits: list[Edit] = []
    spots = [linked[key] for path, _ in order for key in _names(path) if key in linked]
    at, indent = end_of(page), ""
    if any(spot is not None for spot in spots):
        first = next(spot for spot in spots if spot is not None)
        at, indent = page.blocks[first].start, page.blocks[first].indent
    for path, is_new in order:
        key = next((key for key in _names(path) if key in linked), None)
        spot = None if key is None else linked[key]
        if spot is not None:
            at = page.blocks[page.subtree(spot) - 1].end
            indent = page.blocks[spot].indent
        elif is_new and key is None:
            target, name = _names(path)
            edits.append(Edit(at, at, [f"{indent}- [[{target}|{name}]]"]))
    return edits


def _names(path: str) -> tuple[str, str]:
    """By what a link may lead to a note: its path without the extension, or its name alone."""
    target = path.removesuffix(".md")
    return target, target.rpartition("/")[2]


def _linked(page: Page) -> dict[str, int | None]:
    """What the page links, and in which block; None outside of blocks."""
    found: dict[str, int | None] = {}
    for line in page.lines[: page.first]:
        found |= dict.fromkeys(map(str.strip, _LINK.findall(line)))
    for at, block in enumerate(page.blocks):
        for line in page.lines[block.start : block.end]:
            for target in _LINK.findall(line):
                found.setdefault(target.strip().removesuffix(".md"), at)
    return found
