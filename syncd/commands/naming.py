"""What a name on the command line, of a page or highlight, may mean."""

from __future__ import annotations

from contextlib import closing

from syncd.config import settings
from syncd.config.settings import Config
from syncd.config.values import nearest
from syncd.report import one_line
from syncd.state import account
from syncd.state.schema import open_to_read
from syncd.state.vaults import find_vault
from syncd.sync.restore import find_meant


def why_unknown(config: Config, what: str) -> str | None:
    """That nothing is called so, with the nearest title or what is allowed; None where it is."""
    titles: set[str] = set()
    with closing(open_to_read(settings.state_path(config) / "syncd.db")) as db:
        for vault in config.vaults:
            number = find_vault(db, vault.name)
            if number is None:
                continue
            if any(find_meant(db, number, what)):
                return None
            titles |= {document.title or "" for document in account.documents_in(db, number)}
    holding = sorted(title for title in titles if what.casefold() in title.casefold())
    for title in nearest(what, titles) or holding:
        return f'nothing is called {what}; did you mean "{one_line(title)}"?'
    allowed = "name a page by its file or title, a highlight by its link, or either by its id"
    return f"nothing is called {what}; {allowed}"
