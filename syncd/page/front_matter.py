"""The YAML front matter at the top of an Obsidian note.

Read with exact line spans, written entry by entry. Pure.

An existing front matter is never written anew: whoever changes one entry replaces its lines, so
that comments, order, quotes and unknown keys stay byte for byte as their owner left them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from syncd.page.markdown import Page, Property, front_matter

_MAX_SIZE = 65_536  # characters; a longer front matter is nobody's notes, and slow to read


def properties(page: Page) -> dict[str, Property]:
    """The entries of a page's front matter by their keys, in order.

    {} where there is none or it is broken.
    """
    import yaml

    lines = page.lines[1 : max(1, front_matter(page.lines) - 1)]
    text = "".join(lines)
    if not text.strip() or len(text) > _MAX_SIZE:
        return {}
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return {}
    starts = list(accumulate(map(len, lines), initial=0))
    entries = root.value
    heads = [bisect_right(starts, key.start_mark.index) - 1 for key, _ in entries] + [len(lines)]
    found: dict[str, Property] = {}
    for (key, node), start, stop in zip(entries, heads, heads[1:], strict=False):
        least = bisect_right(starts, max(key.start_mark.index, _last(node) - 1))
        while stop > least and (
            not lines[stop - 1].strip() or lines[stop - 1].lstrip().startswith("#")
        ):
            stop -= 1
        if isinstance(key, yaml.ScalarNode):
            found.setdefault(key.value, Property(start + 1, stop + 1, _value(node)))
    return found


def _last(node: Any) -> int:
    """Where the text of a YAML node ends.

    A block of entries ends with its last one, not with what follows it.
    """
    while not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _value(node: Any) -> str | list[str] | None:
    if node.id == "sequence":
        return [item for item in map(_value, node.value) if isinstance(item, str)]
    return str(node.value) if node.id == "scalar" and not node.tag.endswith(":null") else None


# --- writing --------------------------------------------------------------------------------------

# What every reader of YAML 1.1 and 1.2 takes for this very text without quotes: it begins with a
# letter, holds no `: ` and no ` #`, and is no word that stands for something else.
_PLAIN = re.compile(r"[^\W\d_](?:[\w'’./?=&%+~(),;!@*…—–“”-]|:(?=[^\s:])|(?<=\S)#|[ ](?=[^\s#]))*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_QUOTED = re.compile(r'["\\]')
# What cannot be printed, and what Templater and Dataview look for in a note's source, here too.
_AS_CODE = re.compile(
    "[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|<(?=%)|(?<=:):"
)


def entry(key: str, value: str | Sequence[str]) -> list[str]:
    """The whole lines of one entry, as Obsidian writes them.

    A text on the key's line, each item of a list below it.
    """
    if isinstance(value, str):
        return [f"{key}: {scalar(value)}"]
    return [f"{key}:", *(f"  - {scalar(item)}" for item in value)]


def scalar(text: str) -> str:
    """`text` as one line of YAML that is read as this text.

    As it is where that is plainly safe, else in quotes.
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted: str = _QUOTED.sub(r"\\\g<0>", text)
    return f'"{_AS_CODE.sub(_as_code, quoted)}"'


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"
