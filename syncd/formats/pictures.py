"""Pictures in a highlight.

Their addresses in its text, and links to the vault's copies in its block. Pure.

What stands in code is no picture.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

from syncd.formats.escape import clean, from_html, link_target

_FENCE = re.compile(r"[ \t]*(```|~~~)|#\+(?:BEGIN|END)_SRC", re.IGNORECASE)
_ADDRESS = r"https?://(?:\\[!-/:-@\[-`{-~]|[^\s()<>\\\[\]]|\([^\s()<>\\\[\]]*\))+"
_COPY = r"(?:[^\s()<>\\\[\]]*/)?[0-9a-f]{16}\.[a-z]{3,4}"
_PICTURE = re.compile(
    r"(?=[`!\[])(?:"  # what every alternative begins with
    r"(?<![`\\])(?P<ticks>`++)(?:[^`\n]++|(?!(?P=ticks)(?!`))`++)*+(?P=ticks)(?!`)"
    r"|(?P<before>(?<![\\~=])!\[(?:\\.|[^\[\]\\\n])*\]\(<?)"
    rf"(?P<target>{_ADDRESS}|{_COPY})(?=>?(?:[ \t]+\"[^\"\n]*\")?\))"
    rf"|(?P<org>\[\[)(?P<org_target>{_ADDRESS}|{_COPY})(?=\]\]))",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_MARKS = re.compile(r"[%#?]")


def addresses(text: str, lines: list[str]) -> list[str]:
    """The web addresses of the pictures in a highlight's text that its block (content lines) shows, each once."""
    if "![" not in text and "<" not in text:
        return []
    meant: dict[str, None] = {}
    shown: set[str] = set()
    _each(
        from_html(clean(text)).split("\n"),
        lambda target, org: None if org else meant.setdefault(_plain(target)),
    )
    _each(lines, lambda target, _org: shown.add(_plain(target)))
    return [address for address in meant if address and address in shown]


def with_copies(lines: list[str], copies: Mapping[str, str]) -> list[str]:
    """A block's content lines, in which each picture that has a copy is linked there.

    Address -> link's target.
    """
    return _each(lines, lambda target, _org: copies.get(_plain(target)))


def but_pictures(lines: list[str]) -> list[str]:
    """A block's content lines without the targets of their pictures.

    Equal where two blocks say the same in words.
    """
    return _each(lines, lambda _target, _org: "")


def link_from(folder: str, path: str) -> str:
    """The target of a link to the file at `path` on a page in `folder`, both as they stand in the vault."""
    relative = posixpath.relpath(f"/{path}", f"/{folder}")
    inert = _MARKS.sub(lambda mark: f"%{ord(mark[0]):02X}", relative)
    return (link_target(f"https://-/{inert}") or "").removeprefix("https://-/")


def _plain(target: str) -> str:
    """An address as it is asked for, however a page's format wrote it."""
    return (link_target(_ESCAPE.sub("", target)) or "").replace("%5F", "_")


def _each(lines: list[str], change: Callable[[str, bool], str | None]) -> list[str]:
    """The lines with what `change` gives for each picture's target; None leaves it."""

    def changed(found: re.Match[str]) -> str:
        target = found["target"] or found["org_target"]
        new = change(target, found["org"] is not None) if target else None
        return found[0] if new is None else (found["before"] or found["org"]) + new

    return [
        line if code or not ("![" in line or "[[" in line) else _PICTURE.sub(changed, line)
        for line, code in _coded(lines)
    ]


def _coded(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is code; a fence that is never closed begins none."""
    opener, marks = (
        "",
        [found[0].strip().upper() if (found := _FENCE.match(line)) else "" for line in lines],
    )
    for at, line in enumerate(lines):
        mark = marks[at]
        if opener:
            yield line, True
            opener = "" if mark == opener else opener
            continue
        end = mark.replace("BEGIN", "END")
        opener = end if mark and not mark.startswith("#+END") and end in marks[at + 1 :] else ""
        yield line, bool(opener)
