"""`syncd search`: finds highlights in the account's mirror by their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import click

from syncd.commands.console import print_json
from syncd.commands.progress_display import progress_display
from syncd.commands.say import say
from syncd.config import settings
from syncd.errors import ConfigError
from syncd.page.words import Term, asked, matches
from syncd.report import one_line
from syncd.sync import search as sync
from syncd.sync.search import Found

_LONG = 400  # characters of a text that are shown
_BEFORE = 120  # of them before the first match
_SHOWN = 60  # characters of a query, where nothing was found
_ADVICE = 'name a word of it, or several; "in quotes" they stand together'


def search(config_option: str | None, words: Sequence[str], limit: int, *, as_json: bool) -> int:
    """Print the newest highlights, at most `limit`, that say all of the words. Returns 0.

    Raises ConfigError, StateError.
    """
    config = settings.load(settings.config_path(config_option))
    query = " ".join(words)
    terms = asked(query)
    if not terms:
        raise ConfigError(f"there is no word in {one_line(query)!r}; {_ADVICE}")
    with progress_display() as progress:
        found = sync.search(config, terms, limit + 1, progress)
    if as_json:
        print_json({"highlights": found[:limit], "more": len(found) > limit})
        return 0
    for one in found[:limit]:
        for line in _lines(one, terms):
            say(line)
    if not found:
        name = query if len(query) <= _SHOWN else f"{query[:_SHOWN]}…"
        say(f"no highlight says {one_line(name)}", err=True)
    elif len(found) > limit:
        more = f"`syncd search --limit {limit * 5}` shows more"
        say(f"these are the newest {limit}; {more}", err=True)
    return 0


def _lines(one: Found, terms: list[Term]) -> Iterator[str]:
    """A hit as lines for a terminal: document, text, note, tags, pages, link."""
    title, author = one_line(one.title) or str(one.document), one_line(one.author)
    by = f" ({_marked(author, terms)})" if author else ""
    yield _marked(title, terms, bold=True) + by
    for head, said in (("", one.text), ("note: ", one.note), ("tags: ", ", ".join(one.tags))):
        if said.strip():
            yield f"  {head}{_marked(_excerpt(one_line(said), terms), terms)}"
    for page in one.pages:
        yield f"  {one_line(page.vault)}: {one_line(page.path)}"
    if not one.pages:
        yield "  on no page"
    if one.link:
        yield f"  {one_line(one.link)}"
    yield ""


def _excerpt(text: str, terms: list[Term]) -> str:
    """The text, of a long one the part in which it says what was asked for."""
    if len(text) <= _LONG:
        return text
    places = matches(text, terms)
    start = max(0, min(places[0][0] - _BEFORE, len(text) - _LONG)) if places else 0
    end = start + _LONG
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _marked(text: str, terms: list[Term], *, bold: bool = False) -> str:
    """The text with the words that were asked for set off."""
    plain = partial(click.style, bold=True) if bold else str
    parts, at = [], 0
    for start, end in matches(text, terms):
        said = click.style(text[start:end], fg="yellow", underline=True, bold=bold or None)
        parts += [plain(text[at:start]), said]
        at = end
    return "".join([*parts, plain(text[at:])])
