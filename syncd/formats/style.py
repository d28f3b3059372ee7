"""How a vault's owner wants pages to look, in any format. Pure values."""

from __future__ import annotations

import re
from typing import NamedTuple

from syncd.model import Highlight


class Style(NamedTuple):
    """What the pages' owner chose.

    `plain`: nothing in the account's texts is markup; `date_links`: the day of a highlight is a
    link to the journal; `properties` are shown beside those that always are, by their names.
    """

    plain: bool = False
    date_links: bool = True
    properties: frozenset[str] = frozenset()

    @property
    def mark(self) -> str:
        """What tells pages of different looks apart; "" for the one that nobody changed."""
        words = ["plain"] if self.plain else []
        words += [] if self.date_links else ["dates"]
        return " ".join([*words, *sorted(self.properties)])


USUAL = Style()


def block_properties(item: Highlight, style: Style) -> list[str]:
    """The lines of a highlight's own properties, of those that their owner wants."""
    if not style.properties:
        return []
    color = re.sub(r"[^\w-]", "", item.color or "")
    found = {"color": color, "favorite": "true" if item.is_favorite else ""}
    return [f"{key}:: {value}" for key, value in found.items() if value and key in style.properties]
