"""How `syncd sync --dry-run` shows what a run would change: a summary, and each page's diff."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from tempfile import SpooledTemporaryFile

import click

from syncd.commands.say import ending, size_of, wrapped
from syncd.report import counted, harmless, one_line
from syncd.sync.dry_run import PageDiff

_LISTED = 20  # pages in the summary above the diffs
_IN_MEMORY = 1 << 20  # characters of diffs
_CHUNK = 100  # lines that are given to the pager at a time
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Shown:
    """Takes the pages one by one, and shows them.

    On a terminal at the end: the summary and the diffs, by a pager where they are long. Elsewhere
    each diff as it comes, as `patch` reads it. With `stat` the summary alone.
    """

    def __init__(self, *, stat: bool, as_json: bool) -> None:
        self._stat = stat
        self._errors = as_json  # the object has standard output for itself
        self._stream = sys.stderr if as_json else sys.stdout
        self._terminal = self._stream.isatty()
        self._pages: list[str] = []
        self._new = self._added = self._removed = 0
        self._diffs = SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="\n")  # noqa: SIM115  # closed by `end`

    def __call__(self, page: PageDiff) -> None:
        """One page more."""
        added, removed = page.counts
        self._new += page.is_new
        self._added, self._removed = self._added + added, self._removed + removed
        kind = "new" if page.is_new else "changed"
        counts = f"{kind:<7} {f'+{added}':>6} {f'-{removed}':>5}  "
        path = one_line(page.path)
        if self._terminal:
            path = ending(path, size_of(self._stream).columns - len(counts))
        self._pages.append(counts + path)
        if self._stat:
            return
        if not self._terminal:
            click.echo("\n".join(page.lines), err=self._errors)
            return
        self._diffs.writelines(f"{line}\n" for line in page.lines)

    def end(self) -> None:
        """Show what is to be shown at the end."""
        with self._diffs:
            if self._stat:
                _print([*self._pages, *self._sum()], err=self._errors)
            elif self._terminal and self._pages:
                self._diffs.seek(0)
                self._page_out()

    def _page_out(self) -> None:
        lines = self._lines()
        size = size_of(self._stream)
        first = list(islice(lines, size.lines))
        if self._errors or sum(1 + len(line) // size.columns for line in first) < size.lines:
            _print([*first, *lines], err=self._errors)
        else:
            with suppress(BrokenPipeError):  # its reader has seen enough
                click.echo_via_pager(_chunks([*first], lines))

    def _lines(self) -> Iterator[str]:
        yield from self._sum()
        yield from self._pages[:_LISTED]
        if len(self._pages) > _LISTED:
            yield f"and {len(self._pages) - _LISTED} more; --stat names all"
        yield ""
        for line in self._diffs:
            yield _coloured(harmless(line.rstrip("\n")))

    def _sum(self) -> list[str]:
        if not self._pages:
            return []
        pages = f"{counted(len(self._pages), 'page')} would change ({self._new} new)"
        lines = f"{counted(self._added, 'line')} added, {self._removed} removed"
        text = f"{pages}: {lines}"
        return [wrapped(text, size_of(self._stream).columns) if self._terminal else text]


def _coloured(line: str) -> str:
    if os.environ.get("NO_COLOR"):
        return line
    if line.startswith(("--- ", "+++ ")):
        return click.style(line, bold=True)
    return click.style(line, fg=_COLOURS[line[0]]) if line[:1] in _COLOURS else line


def _print(lines: Iterable[str], *, err: bool) -> None:
    for line in lines:
        click.echo(line, err=err)


def _chunks(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    while first:
        yield "".join(f"{line}\n" for line in first)
        first = list(islice(rest, _CHUNK))
