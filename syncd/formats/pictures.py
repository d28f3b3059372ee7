"""Pictures in a highlight: their addresses, and links to the vault's copies of them. Pure.

What stands in code is no picture.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from syncd.formats.escape import clean, from_html, link_target
from syncd.regex import regex

_FENCE = regex(r"[ \t]*(```|~~~)|#\+(?:BEGIN|END)_SRC", re.IGNORECASE)
_ADDRESS = r"https?://(?:\\[!-/:-@\[-`{-~]|[^\s()<>\\\[\]]|\([^\s()<>\\\[\]]*\))+"
_COPY = r"(?:[^\s()<>\\\[\]]*/)?[0-9a-f]{16}\.[a-z]{3,4}"
_PICTURE = regex(
    r"(?=[`!\[])(?:"  # what every alternative begins with
    r"(?<![`\\])(?P<ticks>`++)(?:[^`\n]++|(?!(?P=ticks)(?!`))`++)*+(?P=ticks)(?!`)"
    r"|(?P<before>(?<![\\~=])!\[(?:\\.|[^\[\]\\\n])*\]\(<?)"
    rf"(?P<target>{_ADDRESS}|{_COPY})(?=>?(?:[ \t]+\"[^\"\n]*\")?\))"
    rf"|(?P<org>\[\[)(?P<org_target>{_ADDRESS}|{_COPY})(?=\]\]))",
    re.IGNORECASE,
)
_ESCAPE = regex(r"\\(?=[!-/:-@\[-`{-~])")
_MARKS = regex(r"[%#?]")


def may_have_pictures(text: str) -> bool:
    """Whether a highlight's text may have pictures; quick, and never False for one that has."""
    return "![" in text or "<" in text


def addresses(text: str, lines: list[str]) -> list[str]:
    """The web addresses, each once, of the pictures in a highlight's text that its block shows.

    `lines` are the block's content lines.
    """
    meant: dict[str, None] = {}
    shown: set[str] = set()

    def mean(target: str, is_org: bool) -> None:
        if not is_org:
            meant.setdefault(_plain(target))

    def show(target: str, _is_org: bool) -> None:
        shown.add(_key(target))

    _replace_targets(from_html(clean(text)).split("\n"), mean)
    _replace_targets(lines, show)
    return [address for address in meant if address and _key(address) in shown]


def with_copies(lines: list[str], copies: Mapping[str, str]) -> list[str]:
    """A block's content lines, in which each picture that has a copy is linked to it.

    `copies` has the link's target by the picture's address.
    """
    known = {_key(address): copy for address, copy in copies.items()}
    return _replace_targets(lines, lambda target, _org: known.get(_key(target)))


def but_pictures(lines: list[str]) -> list[str]:
    """A block's content lines without the targets of their pictures: equal for equal words."""
    return _replace_targets(lines, lambda _target, _org: "")


def link_from(folder: str, path: str) -> str:
    """The target of a link to the file at `path` on a page in `folder`, both in the vault."""
    relative = posixpath.relpath(f"/{path}", f"/{folder}")
    inert = _MARKS.sub(lambda mark: f"%{ord(mark[0]):02X}", relative)
    return (link_target(f"https://-/{inert}") or "").removeprefix("https://-/")


def _plain(target: str) -> str:
    """An address as it is requested."""
    return link_target(_ESCAPE.sub("", target)) or ""


def _key(target: str) -> str:
    """The same for an address, however a page's format wrote it."""
    return unquote(_ESCAPE.sub("", target))


def _replace_targets(lines: list[str], replacement: Callable[[str, bool], str | None]) -> list[str]:
    """The lines with `replacement(target, is_org)` for each picture's target; None leaves it."""

    def replaced(found: re.Match[str]) -> str:
        target = found["target"] or found["org_target"]
        new = replacement(target, found["org"] is not None) if target else None
        return found[0] if new is None else (found["before"] or found["org"]) + new

    return [
        line if is_code or not ("![" in line or "[[" in line) else _PICTURE.sub(replaced, line)
        for line, is_code in _with_code(lines)
    ]


def _with_code(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is code; a fence that is never closed begins none."""
    marks = [_fence_mark(line) for line in lines]
    closing = ""  # what ends the code that a line belongs to; "" outside of code
    for at, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        if closing:
            yield line, True
            closing = "" if mark == closing else closing
            continue
        end = mark.replace("BEGIN", "END")
        if mark and not mark.startswith("#+END") and end in marks[at + 1 :]:
            closing = end
        yield line, bool(closing)


def _fence_mark(line: str) -> str:
    """The mark that begins or ends code in a line, in capitals; "" where there is none."""
    found = _FENCE.match(line)
    return found[0].strip().upper() if found else ""
