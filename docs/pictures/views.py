"""Draws pages as Logseq and Obsidian show them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from paper import Paper, Span, width_of
from reading import Note, note_of
from real_pages import OWNERS, Merge, Wrote

_PAPER = {
    "paper": "#ffffff",
    "edge": "#d0d7de",
    "sky": "#dcebf5",
    "sun": "#f2c14e",
    "hill": "#7fa88b",
}
THEMES = {
    "logseq": _PAPER
    | {
        "text": "#433f38",
        "bold": "#2b2824",
        "link": "#045591",
        "tag": "#045591",
        "dim": "#9a958c",
        "id": "#9a958c",
    }
    | {
        "bullet": "#8ea3ad",
        "guide": "#dfe5e8",
        "box": "#f4f6f7",
        "yours": "#dff3e0",
        "theirs": "#fdf0cf",
    },
    "obsidian": _PAPER
    | {
        "text": "#222222",
        "bold": "#111111",
        "link": "#7046d8",
        "tag": "#7046d8",
        "dim": "#8a8a8a",
        "id": "#ababab",
    }
    | {"bullet": "#8a8a8a", "guide": "#e2e2e2", "box": "#f0ebfd"},
}
WIDTH, WIDE = 760, 1000  # pixels, as all below: of one page; of two
SIZE, EDGE, STEP = 15, 28, 26  # of letters; around a page; of one level's indent

_CODE = re.compile(r"^#\+BEGIN_SRC.*\n((?:.*\n)*?)#\+END_SRC$|^(.+)$", re.MULTILINE)

_HEADING = re.compile(r"(#{1,6}) (.*)")
_HEADING_SIZES = {1: 23, 2: 19, 3: 17}  # of letters, by a heading's level

Marks = Mapping[str, Collection[str]]


def view(page: Wrote) -> str:
    """The page, drawn."""
    note = note_of(page)
    paper = Paper(WIDTH, THEMES[note.app])
    width = WIDTH - 2 * EDGE
    y = properties(paper, note, EDGE, EDGE - 4, width)
    for lines in note.callouts:
        y = callout(paper, note, lines, EDGE, y, width)
    y = outline(paper, note, EDGE, y, width)
    return paper.svg(round(y + EDGE - 8), f"{note.title}, as {note.app.capitalize()} shows it")


def properties(paper: Paper, note: Note, x: float, y: float, width: float) -> float:
    """The heading, and the properties below it; returns where they end."""
    y = paper.lines(x, y, [Span(note.title, "bold")], width, 23) + 8
    if note.app == "logseq":
        height = 25 * len(note.properties) + 10
        paper.ground(x, y, width, height, "box")
        for number, (key, value) in enumerate(note.properties.items()):
            line = [Span(f"{key}: ", "bold"), *note.spans(str(value))]
            paper.text(x + 10, y + 22 + 25 * number, line, SIZE)
        return y + height + 14
    paper.text(x, y + 16, [Span("Properties", "bold")], SIZE)
    y += 28
    for key, value in note.properties.items():
        paper.path(f"M{x + 2} {y + 7}h11m-11 4.5h11m-11 4.5h7", "dim")
        paper.text(x + 24, y + 17, [Span(key, "dim")], SIZE)
        if isinstance(value, list):
            _pills(paper, note, value, x + 165, y)
        else:
            paper.text(x + 165, y + 17, list(note.spans(value)), SIZE)
        y += 28
    paper.path(f"M{x} {y + 7}h{width}", "guide")
    return y + 18


def _pills(paper: Paper, note: Note, values: list[str], x: float, y: float) -> None:
    for value in values:
        (span, *_) = [span for span in note.spans(value) if span.text]
        wide = width_of(span.text, SIZE) + 8
        paper.ground(x - 4, y, wide, 24, "box", 12)
        middle = Span(span.text, "link" if span.style == "link" else "text")
        paper.text(x - 4 + wide / 2, y + 17, [middle], SIZE, ' text-anchor="middle"')
        x += wide + 6


def callout(paper: Paper, note: Note, lines: list[str], x: float, y: float, width: float) -> float:
    """A callout's title and text on a ground of their own; returns where it ends."""
    top, (head, *texts) = y, lines
    y = paper.lines(x + 14, y + 6, [Span(head.partition("] ")[2], "link")], width - 28, SIZE)
    for text in filter(None, texts):
        y = paper.lines(x + 14, y + 2, note.spans(text), width - 28, SIZE)
    paper.ground(x, top, width, y - top + 8, "box")
    return y + 20


def outline(
    paper: Paper, note: Note, x: float, y: float, width: float, marks: Marks = MappingProxyType({})
) -> float:
    """The blocks as bullets, children behind a guide line; returns where they end.

    `marks` are the texts of blocks that get a coloured ground, by the colour's style.
    """
    for number, (depth, text) in enumerate(note.items):
        left, top = x + STEP * depth, y
        paper.dot(left + 5, y + SIZE * 0.8, "bullet")
        y = _block(paper, note, text, left + 20, y, width - STEP * depth - 20)
        for style in (style for style, texts in marks.items() if text in texts):
            paper.ground(left - 6, top - 1, x + width - left + 12, y - top + 1, style)
        if depth:
            more = number + 1 < len(note.items) and note.items[number + 1].depth
            paper.path(f"M{left - STEP + 5:g} {top - 5:g}V{y + 5 if more else y - 4:g}", "guide")
        y += 5
    return y


def _block(paper: Paper, note: Note, text: str, x: float, y: float, width: float) -> float:
    for code, line in _CODE.findall(text):
        if code:
            y = paper.code(x, y, code.splitlines(), width)
        elif found := _HEADING.match(line):
            spans = [
                Span(one.text, "bold") if one.style == "text" else one
                for one in note.spans(found[2])
            ]
            y = paper.lines(x, y, spans, width, _HEADING_SIZES.get(len(found[1]), SIZE))
        elif line.strip():
            y = paper.lines(x, y, note.spans(line), width, SIZE)
    return y


def change(merge: Merge) -> str:
    """The page before and after the run, side by side; the owner's and Readwise's words marked."""
    before, after = note_of(merge.before), note_of(merge.after)
    yours = [text for _, text in after.items if any(text in line for line in OWNERS.values())]
    theirs = [item.text for item in after.items if item not in before.items]
    paper = Paper(WIDE, THEMES["logseq"])
    half = (WIDE - 3 * EDGE) / 2
    ends = []
    for x, head, note, marks in (
        (EDGE, "Before", before, {"yours": yours}),
        (2 * EDGE + half, "After “syncd sync”", after, {"yours": yours, "theirs": theirs}),
    ):
        paper.text(x, EDGE + 12, [Span(head, "dim")], 13)
        y = paper.lines(x, EDGE + 20, [Span(note.title.rpartition("/")[2], "bold")], half, 20) + 6
        ends.append(outline(paper, note, x, y, half, marks))
    y = max(ends) + 10
    paper.path(f"M{WIDE / 2:g} {EDGE}V{y - 10:g}", "guide", 1)
    paper.path(f"M{EDGE} {y:g}H{WIDE - EDGE}", "guide", 1)
    for x, style, said in (
        (EDGE, "yours", "what you wrote: stays, byte for byte"),
        (EDGE + 320, "theirs", "edited in Readwise: arrived"),
    ):
        paper.ground(x, y + 14, 16, 16, style)
        paper.text(x + 24, y + 27, [Span(said)], 13)
    paper.text(
        WIDE - EDGE,
        y + 27,
        [Span(merge.message, "dim")],
        13,
        ' text-anchor="end" font-family="monospace"',
    )
    return paper.svg(
        round(y + 46), "A page before and after a run: the owner's words stay, the edit arrives"
    )
