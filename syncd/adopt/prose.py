"""Highlights in a note's running text, as owners' templates for Readwise's plugin put them. Pure.

Such templates make quotes, callouts and paragraphs, with or without a link: nothing tells where a
highlight begins or ends. What it says can still be found below the heading of the highlights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from syncd.page.links import fingerprint
from syncd.regex import regex

HEADING = regex(r"#{1,6}[ \t]+(.*)")
WHOLE_TEXT = "Full Document"
_ENOUGH = 12  # letters below which a text must be a whole line


def said_below(
    lines: Sequence[str], texts: Mapping[int, str], missing: Collection[int]
) -> set[int]:
    """Which of the `missing` highlights a note says.

    `texts` are the fingerprints of all of them by their ids.

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


def _below(lines: Sequence[str]) -> Sequence[str]:
    """The lines behind the first heading of highlights: what the plugin puts above them is none.

    Where it puts the whole text there, which may have such headings of its own, it is the last one
    that is just that.
    """
    headings = [
        (at, found[1].strip()) for at, line in enumerate(lines) if (found := HEADING.match(line))
    ]
    if any(words == WHOLE_TEXT for _, words in headings):
        starts = [at for at, words in headings if words == "Highlights"][-1:]
    else:
        starts = [at for at, words in headings if "ighlights" in words]
    return lines[starts[0] + 1 :] if starts else ()
