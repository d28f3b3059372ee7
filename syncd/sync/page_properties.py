"""The properties of one document's page: what they should be, and what happens to them."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.formats.companions import COMPANIONS, COUNTED
from syncd.formats.format import Format
from syncd.model import Document
from syncd.page.blocks import Property, digest
from syncd.page.callouts import CALLOUTS
from syncd.sync.drafts import names_of
from syncd.sync.highlight_blocks import Own
from syncd.sync.inputs import Inputs
from syncd.sync.merge import Case, Plan
from syncd.sync.properties import Properties, digest_of, merge_properties
from syncd.sync.vault_run import VaultRun
from syncd.vault.page_names import title_from

_NEVER = b"\xff" * 16  # the digest of a property that no page has


def companions_of(run: VaultRun, found: Inputs, case: Case, plan: Plan) -> dict[str, list[str]]:
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
