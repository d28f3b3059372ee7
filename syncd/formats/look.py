"""How a vault's owner wants pages to look, in any format. Pure values."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What the pages' owner chose.

    `plain`: nothing in the account's texts is markup; `date_links`: the day of a highlight is a
    link to the journal.
    """

    plain: bool = False
    date_links: bool = True

    @property
    def mark(self) -> str:
        """What tells pages of different looks apart; "" for the one that nobody changed."""
        words = ("plain" if self.plain else "", "" if self.date_links else "dates")
        return " ".join(filter(None, words))


USUAL = Look()
