"""Copies of the pictures that pages show (`media = "copy"`).

Which, where to, and how blocks link them.

They come before the words are written, a few each run, and fail nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from syncd.errors import DocumentError, Stopped, VaultError
from syncd.formats.pictures import (
    addresses,
    but_pictures,
    link_from,
    may_have_pictures,
    with_copies,
)
from syncd.page.blocks import digest
from syncd.page.rendered import Rendering
from syncd.readwise.picture import Picture, PictureError
from syncd.state import pictures
from syncd.state.schema import transaction
from syncd.sync.highlight_blocks import Elsewhere, Wanted
from syncd.sync.merge import Case, Plan, part_contents
from syncd.sync.vault_run import VaultRun
from syncd.vault.attachments import picture_folder
from syncd.vault.read import PageChanged
from syncd.vault.write import check_space

_log = logging.getLogger(__name__)

_MOST, _LONGEST = 200, 120.0  # pictures and seconds a run


class Album(NamedTuple):
    """The pictures of one document.

    Their addresses by highlight, and which have a copy (see `pictures.copies`).
    """

    shown: dict[int, list[str]]
    copies: dict[str, str]
    wished: bool  # whether copies are linked and fetched

    def illustrate(
        self, wanted: Sequence[Wanted], path: str, former: str | None = None
    ) -> list[Wanted]:
        """The highlights as they stand on the page at `path`, which may have been at `former`."""
        if not self.copies:
            return list(wanted)
        folders = list(dict.fromkeys(one.rpartition("/")[0] for one in (path, former or path)))
        return [self._illustrated(item, folders) for item in wanted]

    def _illustrated(self, item: Wanted, folders: list[str]) -> Wanted:
        known = [address for address in self.copies if address in self.shown.get(item.id, ())]
        if not known:
            return item
        looks = []
        for folder in folders:
            links = [(address, link_from(folder, self.copies[address])) for address in known]
            looks += [
                with_copies(item.rendered.text, dict(links[:count]))
                for count in range(len(links), -1, -1)
            ]
        text = looks[0] if self.wished else item.rendered.text
        rendered = item.rendered._replace(text=text)
        alike = frozenset(map(digest, looks))
        return item._replace(rendering=Rendering(lambda: rendered), alike=alike)

    def missing(self, case: Case, plan: Plan) -> set[str]:
        """The pictures to fetch.

        Those without a copy in blocks that say what syncd writes, once the plan is carried out.
        """
        lacking = {
            id_: [one for one in urls if one not in self.copies] for id_, urls in self.shown.items()
        }
        if not self.wished or not any(lacking.values()):
            return set()
        ours = {*plan.added, *plan.updated}
        ours |= {item.id for item in case.wanted if item.live and _says_the_same(case, item)}
        return {address for id_ in ours for address in lacking.get(id_, ())}


def _says_the_same(case: Case, item: Wanted) -> bool:
    """Whether a highlight's block says what syncd writes, but for its pictures' links."""
    place = case.found.get(item.id)
    if place is None or isinstance(place, Elsewhere):
        return False
    content = part_contents(case.page, place, case.labels, None)["text"]
    return digest(but_pictures(content)) == digest(but_pictures(item.rendered.text))


def album(run: VaultRun, wanted: Sequence[Wanted]) -> Album:
    """The pictures of a document's highlights."""
    pictured = [item for item in wanted if may_have_pictures(item.text)]
    shown = {
        item.id: found for item in pictured if (found := addresses(item.text, item.rendered.text))
    }
    urls = {one for found in shown.values() for one in found}
    known = pictures.copies(run.db, run.id, urls) if urls else {}
    return Album(shown, known, run.vault.media == "copy")


def copy_pictures(run: VaultRun) -> list[int]:
    """Copy pictures that are awaited; returns the documents whose pages can show one more.

    What cannot be copied is a warning once, and tried again in later runs; in a full run at once.
    Raises Stopped.
    """
    with transaction(run.db):
        todo = pictures.due(run.db, run.id, _MOST, every=run.options.full)
    end = time.monotonic() + _LONGEST
    documents: set[int] = set()
    failed: list[str] = []
    for number, one in enumerate(todo, 1):
        if run.tools.stop.is_set():
            raise Stopped("stopped; the next run goes on from there")
        if time.monotonic() >= end:
            break
        try:
            path = _copy(run, one.address)
        except VaultError as error:  # this fails no run: the words may still find room
            run.report.warnings.append(f"pictures are not copied: {error.message}")
            break
        except (PictureError, DocumentError) as error:
            _log.info("%s %s", one.address, error)
            failed += [f"{one.address} {error}"] if not one.tries else []
            with transaction(run.db):
                pictures.failed(run.db, run.id, one)
        else:
            with transaction(run.db):
                documents.update(pictures.arrived(run.db, run.id, one.address, path))
        run.progress("pictures", number, len(todo))
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        run.report.warnings.append(
            f"a picture is not copied yet, and its page links it: {failed[0]}{more}"
        )
    return sorted(documents)


def _copy(run: VaultRun, address: str) -> str:
    """Fetch a picture and save it; returns its path in the vault."""
    check_space(run.root)
    return _save(run, run.tools.fetch_picture(address, run.tools.stop))


def _save(run: VaultRun, picture: Picture) -> str:
    """The path, in the vault, of a picture that is safe on the disk.

    A file of that name is a copy already.
    """
    name = f"{hashlib.sha256(picture.data).hexdigest()[:16]}.{picture.extension}"
    folder = picture_folder(run.root, run.graph, run.vault.namespace)
    path = "/".join(filter(None, [folder, name]))
    try:
        run.writer.write(Path(path), picture.data, None)
    except PageChanged as error:
        if not (run.root / path).is_file():
            raise PictureError(str(error)) from error
    run.writer.flush()
    return path
