"""Brings one document's page up to date: inputs -> adopt -> identify -> merge -> splice -> write.

All within the caller's transaction: what is recorded becomes durable after what was written.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Collection, Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

from syncd.adopt.adopt import Found, adopt, in_manner_of, read_in
from syncd.adopt.dialects import dialect_of
from syncd.errors import DocumentError, Stopped, SyncdError, VaultError
from syncd.formats.companions import COMPANIONS, COUNTED
from syncd.formats.format import RENDERING, Format
from syncd.model import Document
from syncd.page.base import Base
from syncd.page.blocks import Property, digest, parse
from syncd.page.callouts import CALLOUTS
from syncd.page.links import has_link
from syncd.page.rendered import PARTS
from syncd.page.splice import Edit, splice
from syncd.report import Failure, Gone
from syncd.state import account, bases, homes, index, news, pending, pictures
from syncd.sync.absence import NO_TIME, Fate, Look, effects_of
from syncd.sync.drafts import Draft, draft, name_of, names_of
from syncd.sync.filters import wants_document
from syncd.sync.highlight_blocks import NoteBlock, Own, PageBlock, Place, Wanted, blocks_of
from syncd.sync.identify import identify
from syncd.sync.inputs import Inputs, read_inputs, with_page
from syncd.sync.merge import Case, Plan, end_of, merge, part_contents, part_digests
from syncd.sync.notes import bullets, new_notes, write_notes
from syncd.sync.obsidian_base import make_base
from syncd.sync.properties import Properties, digest_of, merge_properties
from syncd.sync.vault_run import VaultRun
from syncd.vault.entry import made_entry
from syncd.vault.page_names import Name, title_from
from syncd.vault.read import PageChanged, Seen, page_at
from syncd.vault.scan import scan

_log = logging.getLogger(__name__)

_COARSE = 2_000_000_000  # ns that a file system's clock may be behind
_NEVER = b"\xff" * 16  # the digest of a property that no page has
_TRIES = 5  # for a page that its owner keeps saving


def sync_document(
    run: VaultRun, id_: int, one: Draft | None, fates: Mapping[int, Fate], *, remove: bool
) -> None:
    """Bring one document's page up to date.

    `one` is its draft, if it has one, which may not hold any more. `fates` are those of highlights
    that are gone from the vault; `remove`: carry out upstream deletions. What goes wrong with it is
    told, and does not stop the others.
    """
    run.db.execute("SAVEPOINT document")
    try:
        for _ in range(_TRIES):
            try:
                if one is None or not one.holds(run.entered):
                    one = draft(run, id_)
                return _bring_up_to_date(run, with_page(run, one), fates, remove=remove)
            except (PageChanged, FileNotFoundError):
                run.db.execute("ROLLBACK TO document")
                scan(run.db, run.id, run.root, run.graph)
                run.entered.add(index.EVERY)
        raise DocumentError("its page keeps changing; the next run tries again", code="page-busy")  # noqa: TRY301
    except (VaultError, Stopped, BrokenPipeError, sqlite3.Error):
        # a pipe: a dry run's reader has seen enough
        run.db.execute("ROLLBACK TO document")
        raise
    except Exception as error:  # noqa: BLE001  # one bad document never stops the others
        run.db.execute("ROLLBACK TO document")
        _fail(run, id_, error)
    finally:
        run.db.execute("RELEASE document")


def _fail(run: VaultRun, id_: int, error: Exception) -> None:
    code, message = "internal", f"{type(error).__name__}: {error}"
    if isinstance(error, SyncdError):
        code, message = error.code, error.message
    _log.debug("document %d failed", id_, exc_info=error)
    pending.failed(run.db, run.id, id_, code, message)
    run.report.failed.append(Failure(id_, account.title(run.db, id_), code, message))


def await_pictures(run: VaultRun, id_: int) -> None:
    """Remember which pictures without a copy a document's page will show once it is written.

    What goes wrong with the document is told when it is.
    """
    try:
        found = read_inputs(run, id_)
    except (SyncdError, OSError, PageChanged):
        return
    if wants_document(run.vault, found.document):
        case = case_of(run, found, {}, remove=False)
        pictures.expect(run.db, run.id, id_, found.album.missing(case, merge(case)))


# --- what is decided on ---------------------------------------------------------------------------


def places_of(found: Inputs) -> dict[int, Place]:
    """Where each highlight of a document stands that is in the vault."""
    blocks = [] if found.form.notes else blocks_of(found.page, found.labels)
    lines = () if found.form.notes else found.page.lines
    known = found.notes.found
    return identify(found.wanted, found.bases, blocks, found.elsewhere, lines, found.gone, known)


def case_of(run: VaultRun, found: Inputs, fates: Mapping[int, Fate], *, remove: bool) -> Case:
    """All that the merge decides on."""
    places = places_of(found)
    adopted = _adopted(run, found, places)
    return Case(
        [_in_its_manner(found, item, places, adopted) for item in found.wanted],
        found.bases,
        found.page,
        places,
        adopted,
        fates,
        found.labels,
        time.time_ns(),
        _written_by_killed(run, found),
        remove,
        restyle=run.options.full and (found.redressed or found.is_older),
        notes=found.form.notes,
    )


def _written_by_killed(run: VaultRun, found: Inputs) -> int:
    """When (ns) the page was written, if a run was writing it that was killed; else 0."""
    since = found.begun
    if since <= 0 or since >= run.started.timestamp() * 1e9 or found.seen is None:
        return 0
    return found.seen.mtime_ns if found.seen.mtime_ns >= since - _COARSE else 0


def _adopted(run: VaultRun, found: Inputs, places: Mapping[int, Place]) -> dict[int, Base]:
    """The bases of the blocks on the page of which what the account said is not known."""
    doubted = _doubted(run, found)
    highlights = {item.id: item for item in found.document.highlights}
    adopted: dict[int, Base] = {}
    for item in found.wanted:
        place, base = places.get(item.id), found.bases.get(item.id)
        if not isinstance(place, PageBlock) or (base is not None and base.account is not None):
            continue
        standing = part_digests(found.page, place, found.labels, base)
        if base is None and standing == item.page:
            continue
        contents = part_contents(found.page, place, found.labels, base)
        alone = sum(map(bool, contents.values())) - 1 == len(found.page.children(place.at))
        block = Found(highlights[item.id], contents, standing, item.page, item.account, alone)
        adopted[item.id] = adopt(block, base, doubted.get(item.id, ()))
    return adopted


def _doubted(run: VaultRun, found: Inputs) -> Mapping[int, Collection[str]]:
    """The parts that may have changed upstream since an older syncd settled them, by highlight."""
    if found.begun < 0:
        return bases.conflicts_of(run.db, run.id, found.document.id)
    return dict.fromkeys(found.bases, PARTS)


def _in_its_manner(
    found: Inputs, item: Wanted, places: Mapping[int, Place], adopted: Mapping[int, Base]
) -> Wanted:
    """A highlight as it is written where its block stands: another program's keeps its manner."""
    place, base = places.get(item.id), adopted.get(item.id) or found.bases.get(item.id)
    if not (isinstance(place, PageBlock) and base and base.adopted):
        return item
    content = found.page.content(found.page.blocks[place.at])
    rendered = in_manner_of(found.dialect, item.rendered, item.key, content)
    return item._replace(rendered=rendered, page=rendered.digests())


def look_at(run: VaultRun, id_: int, *, git_moved: bool) -> list[Look]:
    """What became of what syncd wrote of a document; nothing where that cannot be told now.

    Of its page; or of all its notes together, and of each by itself that is there.
    """
    try:
        found = read_inputs(run, id_)
        places = places_of(found)
        missing = [i for i in found.wanted if i.id in found.bases and i.id not in places]
        copied = _copied(run, found, missing) if missing else set()
    except (SyncdError, OSError, PageChanged):
        return []
    if found.home is None:
        return []
    standing = {
        item.id: part_digests(found.page, place, found.labels, found.bases.get(item.id))
        for item in found.wanted
        if isinstance(place := places.get(item.id), Own)
    }
    moved = found.path not in (None, found.home.path)
    look = Look(
        id_,
        found.path or found.home.path,
        found.seen.mtime_ns if found.seen else None,
        (),
        unsure=found.path is None and _may_come_back(run, found.home),
        git_moved=git_moved,
        copied=copied,
        again=frozenset(id_ for id_, base in found.bases.items() if base.again),
    )
    effects = effects_of(found.wanted, found.bases, places, standing, found.gone, moved=moved)
    if not found.form.notes:
        return [look._replace(effects=effects)]
    looks = [look._replace(mtime=NO_TIME, effects=effects)]  # what is gone, is gone from here
    for item in found.wanted:
        place = places.get(item.id)
        if isinstance(place, NoteBlock):
            mtime = found.notes.seen[place.path].mtime_ns
            effects = effects_of([item], found.bases, places, standing, found.gone)
            looks.append(look._replace(path=place.path, mtime=mtime, effects=effects))
    return looks


def _may_come_back(run: VaultRun, home: homes.Home) -> bool:
    """Whether the page that a document had was seen to be gone only just now."""
    return home.away is not None and home.away >= run.patience


def _copied(run: VaultRun, found: Inputs, missing: list[Wanted]) -> set[int]:
    """Which of these highlights stand in a conflict copy of the document's page.

    Or of their own notes beside it.
    """
    path = found.path or (found.home.path if found.home else "")
    stem = path.rpartition(".")[0]
    copied: set[int] = set()
    if found.form.notes:
        folder = path.rpartition("/")[0]
        pages = (page_at(run.root / one)[0] for one in run.copies if one.startswith(folder))
        copied = {note for page in pages if (note := found.form.metadata(page, "").note)}
        return copied & {item.id for item in missing}
    for copy in run.copies:
        if stem and copy.startswith(stem):
            page, _ = page_at(run.root / copy)
            page = read_in(dialect_of("".join(page.lines)), page)
            blocks = blocks_of(page, found.labels)
            copied |= identify(missing, found.bases, blocks, {}).keys()
    return copied


# --- what is done ---------------------------------------------------------------------------------


class _Written(NamedTuple):
    """A document's page as it stands now, and the properties (0) that differ."""

    home: homes.Home
    differing: list[str]


def _bring_up_to_date(
    run: VaultRun, found: Inputs, fates: Mapping[int, Fate], *, remove: bool
) -> None:
    id_ = found.document.id
    if not wants_document(run.vault, found.document):
        bases.set_conflicts(run.db, run.id, id_, {})
        pending.done(run.db, run.id, id_)
        return
    case = case_of(run, found, fates, remove=remove)
    plan = merge(case)
    conflicts: dict[int, list[str]] = {one: list(parts) for one, parts in plan.conflicts.items()}
    home, name = found.home, None
    if found.path is None and plan.added:
        _wait_for_page(run, found, plan)
        name = _free_name(run, found)
    if found.form.notes:
        _write_notes(run, found, case, plan, found.path or (name.path if name else None))
    if found.path is not None:
        home, differing = _update(run, found, case, plan)
        if differing:
            conflicts[0] = differing
    elif name is not None:
        home = _create(run, found, case, plan, name)
    _record(run, found, case, plan, home, conflicts)
    run.unfinished.discard(id_)
    _count(run, found, plan)


def _wait_for_page(run: VaultRun, found: Inputs, plan: Plan) -> None:
    """Raises DocumentError where the document had a page that may come back."""
    if found.home and not plan.returned and _may_come_back(run, found.home):
        reason = "is gone; unless it comes back, the next run makes a new page for what is new"
        raise DocumentError(f"{found.home.path} {reason}", code="page-away")


def _write_notes(run: VaultRun, found: Inputs, case: Case, plan: Plan, home: str | None) -> None:
    """Write the highlights' own notes, and plan the bullets of their index, which is at `home`.

    Where something ends that in between, the next run finishes it as after a kill.
    """
    made = new_notes(run, found.document.highlights, plan.new, home) if home else []
    at = {one.highlight: one.path for one in made}
    at |= {id_: one.path for id_, one in case.found.items() if isinstance(one, NoteBlock)}
    order = [(at[item.id], item.id in plan.added) for item in case.wanted if item.id in at]
    plan.edits += bullets(found.page, order)
    if run.options.patient:
        for path in plan.notes:
            leave_alone(run, path, found.notes.seen[path])
        if found.path and (plan.edits or plan.notes):
            leave_alone(run, found.path, found.seen)
    if plan.notes or made:
        run.unfinished.add(found.document.id)
    write_notes(run, found.notes, plan, made)


def _record(
    run: VaultRun,
    found: Inputs,
    case: Case,
    plan: Plan,
    home: homes.Home | None,
    conflicts: dict[int, list[str]],
) -> None:
    """Remember what stands on the page now."""
    db, id_ = run.db, found.document.id
    bases.settle(db, run.id, plan.bases)
    back = [one for one in found.gone if one in case.found or one in plan.added]
    if back:
        bases.forget_absences(db, run.id, back)
    for highlight, parts in plan.unplaced.items():
        conflicts.setdefault(highlight, []).extend(f"{bases.UNPLACED}{part}" for part in parts)
    if conflicts or found.differs:
        bases.set_conflicts(db, run.id, id_, conflicts)
    pending.done(db, run.id, id_)
    if found.album.wished:
        pictures.expect(db, run.id, id_, found.album.missing(case, plan))
    brought_up = run.options.full and (found.redressed or found.is_older)
    if home is not None and (found.home is None or brought_up):
        homes.set_mark(db, run.id, id_, homes.Mark(found.form.mark, RENDERING))
    if home is not None:
        _record_page(run, found, plan, home)


def _record_page(run: VaultRun, found: Inputs, plan: Plan, home: homes.Home) -> None:
    """Remember which page it is, and what came onto it."""
    id_ = found.document.id
    if home != found.home:
        homes.settle(run.db, run.id, id_, home)
        run.entered.add(f"path {home.path}")
    if plan.added and (run.vault.log_page or run.vault.journal):
        news.note(run.db, run.id, home.path, len(plan.added))
    run.report.returned.extend(Gone(id_, one, home.path) for one in plan.returned)


def _count(run: VaultRun, found: Inputs, plan: Plan) -> None:
    counts = run.report.highlights
    counts.added += len(plan.added)
    counts.updated += len(plan.updated)
    counts.removed += len(plan.removed)
    counts.kept += len(set(plan.kept) | set(plan.conflicts))
    counts.duplicate += found.duplicates


def _update(run: VaultRun, found: Inputs, case: Case, plan: Plan) -> _Written:
    path = found.path
    assert path is not None  # noqa: S101  # the caller saw to it
    companions = _companions(run, found, case, plan)
    properties = properties_of(run, found, companions, alone=True)
    if properties.edits or plan.edits:
        properties = properties_of(run, found, companions, again=bool(plan.returned))
    edits = [*properties.edits, *plan.edits]
    if edits:
        if run.options.patient:
            leave_alone(run, path, found.seen)
        run.write(path, splice(found.page, edits), found.seen)
        run.report.pages.updated.append(path)
    else:
        run.report.pages.unchanged += 1
    if found.home and found.home.path != path:
        run.vacated.add(found.home.path)
    home = _home(run, path, properties.header)._replace(notes=found.form.notes)
    return _Written(home, properties.differing)


def _companions(run: VaultRun, found: Inputs, case: Case, plan: Plan) -> dict[str, list[str]]:
    """The properties that go with what else is written, of the page as it will be."""
    there = {id_ for id_, place in case.found.items() if isinstance(place, Own)}
    there = there.difference(plan.removed).union(plan.added)
    standing = [item for item in found.document.highlights if item.id in there]
    return found.form.companions(found.document, standing, run.zone)


def properties_of(
    run: VaultRun,
    found: Inputs,
    companions: Mapping[str, list[str]],
    *,
    alone: bool = False,
    again: bool = False,
) -> Properties:
    """What happens to the page's properties.

    Where the page was written by other templates they are brought to the new ones by a full run,
    and differ merely for that. `alone`: nothing else is written, and so no companion is, but for
    one that a full run adds. `again`: the page had gone back in time, and what counts its
    highlights with it.
    """
    form, home, full = found.form, found.home, run.options.full
    if home and found.redressed and not full:
        return Properties([], home.header, [])
    want, base = wanted_properties(run, found) | dict(companions), _known_properties(found)
    local, known = form.properties(found.page), base or {}
    late = {*COMPANIONS, *CALLOUTS} - known.keys() if companions else set()
    theirs = _is_theirs(found, local, base)
    if theirs or (found.is_older and not full):  # which had none of these
        want = {key: lines for key, lines in want.items() if key not in late}
    held = [key for key in COMPANIONS if alone and (key in known or not full)]
    if base is not None and again:
        back = [key for key in COUNTED if key in known and key in local]
        base = base | {key: digest_of(found.page, local[key]) for key in back}
    merged = merge_properties(found.page, local, want, base, held, COMPANIONS)
    if theirs and (base is None or full):
        merged.header.update(dict.fromkeys(late, _NEVER))
    if found.redressed and full:
        header = {key: digest(lines) for key, lines in want.items() if key not in held}
        return Properties(
            merged.edits, {key: known[key] for key in held if key in known} | header, []
        )
    return merged


def _is_theirs(
    found: Inputs, local: Mapping[str, Property], base: Mapping[str, bytes] | None
) -> bool:
    """Whether another program made the page, which says what it says."""
    if base is None:
        return "highlights" not in local
    own = ((key, local.get(key)) for key in ("title", "full-title", "readwise"))
    stand = (digest_of(found.page, place) == base.get(key) for key, place in own if place)
    return found.is_older and not any(stand)


def wanted_properties(run: VaultRun, found: Inputs) -> dict[str, list[str]]:
    """The lines of each property that a document's page should have, by key."""
    form, document = found.form, found.document
    want = dict(form.header(document, title_from(run.graph, found.path or "")))
    want |= form.callouts(document)
    base = _known_properties(found) or {"title": digest(want.get("title", []))}
    if _is_retitled(run, form, document, base):
        want |= form.alias(document)  # on a page by another program not written, but known
    return want


def _known_properties(found: Inputs) -> dict[str, bytes] | None:
    """The digests of a page's properties as last written; None where syncd never wrote any.

    What the templates do not know is the owner's.
    """
    if found.home is None:
        return None
    keys, header = found.form.keys, found.home.header
    return header if keys is None else {key: header[key] for key in header if key in keys}


def _is_retitled(run: VaultRun, form: Format, document: Document, base: dict[str, bytes]) -> bool:
    """Whether the document's title is another one now than when its page was named."""
    names = names_of(run, form, document)
    titles = [form.header(document, name.title).get("title", []) for name in names]
    return "title" in base and base["title"] not in map(digest, titles)


def leave_alone(run: VaultRun, path: str, seen: Seen | None) -> None:
    """Raises DocumentError where the page's owner is just writing it."""
    assert seen is not None  # noqa: S101  # it was read
    age = time.time() - seen.mtime_ns / 1e9
    fresh = 0 <= age < run.vault.quiet.total_seconds()
    if fresh and not index.is_own(run.db, run.id, path, seen.digest):
        reason = "was changed a moment ago; it waits until its owner pauses"
        raise DocumentError(f"{path} {reason}", code="deferred")


def _create(run: VaultRun, found: Inputs, case: Case, plan: Plan, name: Name) -> homes.Home:
    """Make the document's page: its opening, with the highlights, or links to them, spliced in."""
    form = found.form
    opening = form.opening(found.document, name.title)
    header = opening.header | _companions(run, found, case, plan)
    callouts = form.callouts(found.document)
    fence = form.fence if header else ()
    below = [line for lines in callouts.values() for line in (*lines, "")]
    gap = [below.pop()] if below and not opening.lines else []  # a page ends without one
    top = [*fence[:1], *chain(*header.values()), *fence[1:], *below, *opening.lines]
    page = parse("\n".join(top), form.syntax)
    at = end_of(page)
    edits = [Edit(at, at, [opening.indent + line for line in edit.new]) for edit in plan.edits]
    edits = [*([Edit(at, at, gap)] if gap else []), *edits]
    make_base(run)
    entry = None
    if not (opening.lines or callouts or any(map(has_link, top))):
        added = set() if form.notes else set(plan.added)
        blocks = chain.from_iterable(one.blocks for one in found.wanted if one.id in added)
        entry = partial(made_entry, name, page, blocks, graph=run.graph)
    written = run.write(name.path, splice(page, edits), None, entry)
    run.report.pages.created.append(name.path)
    header |= callouts
    ours = {k: lines for k, lines in header.items() if form.keys is None or k in form.keys}
    digests = {key: digest(lines) for key, lines in ours.items()}
    said = (written.title, written.url, written.digest)
    return homes.Home(name.path, digests, *said, notes=form.notes)


def _home(run: VaultRun, path: str, header: dict[str, bytes]) -> homes.Home:
    """A document's page as it stands in the index now."""
    return homes.Home(path, header, *index.said(run.db, run.id, path))


def _free_name(run: VaultRun, found: Inputs) -> Name:
    """The name of a new page: the document's own, else with its id, never another page's."""
    document = found.document
    if found.is_new and found.names[0].path not in run.vacated:
        return found.names[0]
    numbered = (f" ({document.id}-{number})" for number in range(2, 100))
    for suffix in chain(["", f" ({document.id})"], numbered):
        name = name_of(run, found.form, document, suffix)
        if name.path not in run.vacated and not index.is_taken(
            run.db, run.id, name.title, name.path, document.id
        ):
            return name
    raise DocumentError(
        f"every name for {document.title} is taken; rename one of those pages", code="name-taken"
    )
