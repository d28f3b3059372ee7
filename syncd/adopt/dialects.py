"""How other programs write a highlight's block, as data.

Readwise's plugins for Logseq and Obsidian in their stock templates, readwise-mirror, and what syncd
itself wrote before its state was lost. In labels a blank is a no-break space on every page that
Readwise's plugins wrote.
"""

from __future__ import annotations

import re

# What the children that hold tags and a note begin with, besides what syncd writes.
TAG_LABELS = ("**Tags**:", "**Tags:**", "Tags:")
NOTE_LABELS = ("**Note**:", "**Note:**", "Note:")

_LABEL = r"(?:View|Open)(?:\s\w+){1,2}|(?:Location|Page|Time|Loc\.?)\s[\d,:]+|[\d,:]+"
_LINK = rf"\(\[(?:{_LABEL})\]\(https?://\S+\)\)|\(\[\[https?://[^\s\[\]]+\]\[(?:{_LABEL})\]\]\)"
_PLACE = r"\((?:Page|Location|Time)\s[\d,:]+\)"
_COLOR = r"%% Color: [^%]*%%"
_MARKS = r"#Highlight(?:\s+#?\[\[[^\[\]]*\d[^\[\]]*\]\])?"
_ID = r"\^(?:rw(?:hi)?-?)?\d+|%% highlight_id: \d+ %%"

# A block's content: the highlight's text, then in this order what a program may put behind it.
BLOCK = re.compile(
    rf"(?P<text>.*?)(?:\s*(?:{_LINK}|{_PLACE}))?(?:\s*{_COLOR})?(?:\s*{_MARKS})?(?:\s*(?:{_ID}))?\s*",
    re.DOTALL,
)
