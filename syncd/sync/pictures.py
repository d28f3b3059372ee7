"""Lets highlights show the vault's copies of their pictures, where its owner wants some (`media = "copy"`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from syncd.formats.pictures import addresses, but_pictures, link_from, with_copies
from syncd.page.markdown import digest
from syncd.state import pictures
from syncd.sync.identify import Local, Wanted, locals_of, match
from syncd.sync.merge import Case, Plan
from syncd.sync.vault_run import Target


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
        hashes = item.hashes._replace(text=digest(text))
        alike = frozenset(map(digest, looks))
        return item._replace(rendered=item.rendered._replace(text=text), hashes=hashes, alike=alike)

    def missing(self, case: Case, steps: Plan) -> set[str]:
        """The pictures to fetch.

        Those without a copy in blocks that say what syncd writes, once `steps` are done.
        """
        lacking = {
            id_: [one for one in urls if one not in self.copies] for id_, urls in self.shown.items()
        }
        if not self.wished or not any(lacking.values()):
            return set()
        ours = {*steps.added, *steps.updated}
        places = (
            match(case.wanted, case.bases, locals_of(case.page, case.labels), {})
            if case.page
            else {}
        )
        for item in case.wanted:
            place = places.get(item.id)
            if case.page and item.live and isinstance(place, Local):
                says = case.page.content(case.page.blocks[place.at])
                if digest(but_pictures(says)) == digest(but_pictures(item.rendered.text)):
                    ours.add(item.id)
        return {address for id_ in ours for address in lacking.get(id_, ())}


def album(db: sqlite3.Connection, target: Target, wanted: Sequence[Wanted]) -> Album:
    """The pictures of a document's highlights."""
    shown = {
        item.id: found for item in wanted if (found := addresses(item.text, item.rendered.text))
    }
    known = (
        pictures.copies(db, target.id, {one for urls in shown.values() for one in urls})
        if shown
        else {}
    )
    return Album(shown, known, target.vault.media == "copy")
