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
from syncd.formats.format import Format
from syncd.model import Document
from syncd.page.base import Base
from syncd.page.blocks import digest, parse
from syncd.page.links import has_link
from syncd.page.rendered import PARTS
from syncd.page.splice import Edit, splice
from syncd.report import Failure, Gone
from syncd.state import account, bases, homes, index, news, pending, pictures
from syncd.sync.absence import Fate, Look, effects_of
from syncd.sync.drafts import Draft, draft, name_of, names_of
from syncd.sync.filters import wants_document
from syncd.sync.highlight_blocks import PageBlock, Place, Wanted, blocks_of
from syncd.sync.identify import identify
from syncd.sync.inputs import Inputs, read_inputs, with_page
from syncd.sync.merge import Case, Plan, end_of, merge, part_contents, part_digests
from syncd.sync.obsidian_base import make_base
from syncd.sync.properties import Properties, merge_properties
from syncd.sync.vault_run import VaultRun
from syncd.vault.entry import made_entry
from syncd.vault.page_names import Name, title_from
from syncd.vault.read import PageChanged, Seen, page_at
from syncd.vault.scan import scan

_log = logging.getLogger(__name__)

_COARSE = 2_000_000_000  # ns that a file system's clock may be behind
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
    blocks = blocks_of(found.page, found.labels)
    lines = found.page.lines
    return identify(found.wanted, found.bases, blocks, found.elsewhere, lines, found.gone)


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
        restyle=run.options.full and found.redressed,
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


def look_at(run: VaultRun, id_: int, *, git_moved: bool) -> Look | None:
    """What became of what syncd wrote of a document; None where that cannot be told now."""
    try:
        found = read_inputs(run, id_)
        places = places_of(found)
        missing = [i for i in found.wanted if i.id in found.bases and i.id not in places]
        copied = _copied(run, found, missing) if missing else set()
    except (SyncdError, OSError, PageChanged):
        return None
    if found.home is None:
        return None
    standing = {
        item.id: part_digests(found.page, place, found.labels, found.bases.get(item.id))
        for item in found.wanted
        if isinstance(place := places.get(item.id), PageBlock)
    }
    moved = found.path not in (None, found.home.path)
    return Look(
        id_,
        found.path or found.home.path,
        found.seen.mtime_ns if found.seen else None,
        effects_of(found.wanted, found.bases, places, standing, found.gone, moved=moved),
        unsure=found.path is None and _may_come_back(run, found.home),
        git_moved=git_moved,
        copied=copied,
        again=frozenset(id_ for id_, base in found.bases.items() if base.again),
    )


def _may_come_back(run: VaultRun, home: homes.Home) -> bool:
    """Whether the page that a document had was seen to be gone only just now."""
    return home.away is not None and home.away >= run.patience


def _copied(run: VaultRun, found: Inputs, missing: list[Wanted]) -> set[int]:
    """Which of these highlights stand in a conflict copy of the document's page."""
    path = found.path or (found.home.path if found.home else "")
    stem = path.rpartition(".")[0]
    copied: set[int] = set()
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
    home = found.home
    if found.path is not None:
        home, differing = _update(run, found, plan)
        if differing:
            conflicts[0] = differing
    elif plan.added:
        _wait_for_page(run, found, plan)
        home = _create(run, found, plan)
    _record(run, found, case, plan, home, conflicts)
    _count(run, found, plan)


def _wait_for_page(run: VaultRun, found: Inputs, plan: Plan) -> None:
    """Raises DocumentError where the document had a page that may come back."""
    if found.home and not plan.returned and _may_come_back(run, found.home):
        reason = "is gone; unless it comes back, the next run makes a new page for what is new"
        raise DocumentError(f"{found.home.path} {reason}", code="page-away")


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
    if found.home is None or (found.redressed and run.options.full):
        homes.set_mark(db, run.id, id_, found.form.mark)
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


def _update(run: VaultRun, found: Inputs, plan: Plan) -> _Written:
    path = found.path
    assert path is not None  # noqa: S101  # the caller saw to it
    properties = properties_of(run, found)
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
    return _Written(_home(run, path, properties.header), properties.differing)


def properties_of(run: VaultRun, found: Inputs) -> Properties:
    """What happens to the page's properties.

    Where the page was written by other templates they are brought to the new ones by a full run,
    and differ merely for that.
    """
    form, home = found.form, found.home
    if home and found.redressed and not run.options.full:
        return Properties([], home.header, [])
    want, base = wanted_properties(run, found), _known_properties(found)
    merged = merge_properties(found.page, form.properties(found.page), want, base)
    if found.redressed and run.options.full:
        header = {key: digest(lines) for key, lines in want.items()}
        return Properties(merged.edits, header, [])
    return merged


def wanted_properties(run: VaultRun, found: Inputs) -> dict[str, list[str]]:
    """The lines of each property that a document's page should have, by key."""
    form, document = found.form, found.document
    want = dict(form.header(document, title_from(run.graph, found.path or "")))
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


def _create(run: VaultRun, found: Inputs, plan: Plan) -> homes.Home:
    """Make the document's page: its opening, with the highlights spliced in."""
    form, name = found.form, _free_name(run, found)
    opening = form.opening(found.document, name.title)
    fence = form.fence if opening.header else ()
    top = [*fence[:1], *chain(*opening.header.values()), *fence[1:], *opening.lines]
    page = parse("\n".join(top), form.syntax)
    at = end_of(page)
    edits = [Edit(at, at, [opening.indent + line for line in edit.new]) for edit in plan.edits]
    make_base(run)
    entry = None
    if not opening.lines and not any(map(has_link, top)):
        added = set(plan.added)
        blocks = chain.from_iterable(one.blocks for one in found.wanted if one.id in added)
        entry = partial(made_entry, name, page, blocks, graph=run.graph)
    written = run.write(name.path, splice(page, edits), None, entry)
    run.report.pages.created.append(name.path)
    ours = {k: lines for k, lines in opening.header.items() if form.keys is None or k in form.keys}
    header = {key: digest(lines) for key, lines in ours.items()}
    return homes.Home(name.path, header, written.title, written.url, written.digest)


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
