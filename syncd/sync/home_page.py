"""Which page is a document's. Pure, but that pages are read where their words decide (`Held`).

A document's page is remembered, and left only when it is gone and another page says that it is this
document's, or when one comes back that holds more of it. Ties go to content.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from syncd.errors import DocumentError
from syncd.state.homes import Home
from syncd.state.index import Candidate


class Facts(NamedTuple):
    """What a document's page may be known by.

    Its page names (name_key), the one with its id last; its address (link_key) and whole title
    (title_key); its id; how many highlights it has, and how many of them were on its page.
    """

    names: Sequence[str]
    url: str | None
    title: str
    id: int
    highlights: int
    had: int


class Held(NamedTuple):
    """A page with what it holds of a document: links and ids, and how many highlights in words.

    These are counted where that decides, since the page has to be read for it. `titled`: whether it
    says nothing of a document but its title, and holds all there is of it.
    """

    page: Candidate
    keys: Collection[str]
    count_words: Callable[[], int] = lambda: 0
    titled: bool = False

    @property
    def words(self) -> int:
        """How many highlights of the document it holds, be it only in words."""
        return self.count_words()


def choose_page(
    facts: Facts, home: Home | None, *, is_there: bool, held: Sequence[Held]
) -> str | None:
    """The path of the document's page; None where it has none.

    `is_there`: whether the page it had still is. Raises DocumentError where two pages fit equally.
    """
    known = home.path if home is not None and is_there else None
    if known is not None:
        return _come_back(facts, known, held) or known
    ranked = ((_rank(facts, home, one), one.page.path) for one in held)
    fitting = sorted((rank, path) for rank, path in ranked if rank is not None)
    if not fitting:
        return None
    if len(fitting) > 1 and fitting[-1][0] == fitting[-2][0]:
        raise DocumentError(
            f"{fitting[-2][1]} and {fitting[-1][1]} fit it equally; delete one of them, or take "
            "its properties away",
            code="which-page",
        )
    return fitting[-1][1]


_Rank = tuple[bool, bool, bool, int, int, int, bool]


def _come_back(facts: Facts, known: str, held: Sequence[Held]) -> str | None:
    """Another page that says it is the document's and holds more of it than the present one."""
    here = next((len(one.keys) for one in held if one.page.path == known), 0)
    more = [
        (len(one.keys), one.page.path)
        for one in held
        if len(one.keys) > here and not one.page.settled and _says_so(facts, None, one)
    ]
    return max(more)[1] if more else None


def _rank(facts: Facts, home: Home | None, one: Held) -> _Rank | None:
    """How well a page fits, None where it does not."""
    page = one.page
    same = page.name in facts.names or page.title == facts.title
    if home is None:
        mine = not page.settled and _is_first_page(facts, one)
    else:
        mine = page.digest == home.hash or _is_moved(facts, home, one)
    if page.book is not None:
        mine = page.book == facts.id
    if not mine and not (home is None and same and _is_shared(facts, one)):
        return None
    whole = same and page.url == facts.url
    numbered, named = page.name == facts.names[-1], page.name in facts.names
    return mine, whole, numbered, len(one.keys), one.words, -page.highlights, named


def _is_first_page(facts: Facts, one: Held) -> bool:
    """Whether a page that is no document's yet is this one's."""
    if one.titled:
        return True
    if len(one.keys) * 2 > one.page.highlights:
        return True
    return _says_so(facts, None, one)


def _is_moved(facts: Facts, home: Home, one: Held) -> bool:
    """Whether a page is the one that a document had, under another name and changed since."""
    if one.titled:
        return not one.page.settled
    if facts.had and len(one.keys) * 2 > facts.had:
        return True
    same = one.page.name in facts.names or one.page.title in (facts.title, home.title)
    if same and one.page.url is not None and one.page.url in (facts.url, home.url):
        return bool(one.keys) or not one.page.settled  # a document that shared it may have it
    if one.page.settled:
        return False
    few = len(one.keys) * 2 <= one.page.highlights
    if facts.had and few and not (one.keys and same):
        return False
    return len(one.keys) * 2 > one.page.highlights or _says_so(facts, home, one)


def _says_so(facts: Facts, home: Home | None, one: Held) -> bool:
    """Whether a page's own words, and something of the document on it, make it the document's."""
    page = one.page
    titles = {facts.title, home.title if home else None}
    addresses = {facts.url, home.url if home else None} - {None}
    same = page.name in facts.names or (page.title is not None and page.title in titles)
    if page.book is not None:
        return page.book == facts.id
    if page.url is None and page.title is None:
        return same and one.words * 2 > facts.highlights
    if addresses:
        return page.url in addresses and (same or bool(one.keys))
    return same and (bool(one.keys) or (page.url is None and one.words > 0))


def _is_shared(facts: Facts, one: Held) -> bool:
    """Whether another program put the highlights onto the page of a document of the same title."""
    page = one.page
    if page.own or page.book is not None or not (page.url or page.title):
        return False
    return any(key.startswith("tweet:") for key in one.keys) or one.words * 2 > facts.highlights
