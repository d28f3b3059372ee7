"""Highlights in a note's running text, as templates of the owner's for Readwise's plugin put them there. Pure.

Such templates make quotes, callouts and paragraphs, with or without a link: nothing tells where a highlight begins or
ends. What it says can still be found below the heading of the highlights.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from syncd.vault.recognise import fingerprint

_HEADING = re.compile(r"#{1,6}[ \t]+(.*)")
_ENOUGH = 12  # letters below which a text must be a whole line


def said_below(lines: Sequence[str], texts: Mapping[int, str], missing: Collection[int]) -> set[int]:
    """Which of the `missing` highlights a note says; `texts` are the fingerprints of all of them by their ids.

    No words count for two: the longest text takes them first.
    """
    said = [one for line in _below(lines) if (one := fingerprint(line.lstrip("> \t")))]
    whole, alone = "".join(filter(str.isalnum, said)), Counter(said)
    if not any(texts[id_] in whole for id_ in missing):
        return set()
    found = set()
    for id_, text in sorted(texts.items(), key=lambda one: -len(one[1])):
        if len(text) < _ENOUGH:
            there = alone[text] > 0
            alone[text] -= there
        else:
            before, there, after = whole.partition(text)  # type: ignore[assignment]
            whole = f"{before}\n{after}" if there else whole
        if there:
            found.add(id_)
    return found & set(missing)


def _below(lines: Sequence[str]) -> Iterable[str]:
    """The lines behind the first heading of highlights; a text that the plugin puts above them is no highlight."""
    for number, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading and "ighlights" in heading[1]:
            return lines[number + 1 :]
    return ()
