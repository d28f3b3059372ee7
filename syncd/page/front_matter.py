"""The YAML front matter at the top of an Obsidian note: read, spliced and written here alone. Pure.

An existing front matter is never written anew: whoever changes one entry replaces its lines, so
that comments, order, quotes and unknown keys stay byte for byte as their owner left them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from syncd.page.blocks import Page, Property
from syncd.regex import regex

_MAX_SIZE = 65_536  # characters; a longer front matter is nobody's notes, and slow to read
_MAX_MARKS = 1000  # of those that may begin a deeper level, for libyaml
_FLOW = regex(r"(?<![\"'\[])[\[{]")  # what begins a list or map in brackets, unless quoted
_ENTRY = regex(r"([\w][\w -]*):[ \t]+(\S.*)")
_ITEM = regex(r"([ \t]*-[ \t]+)(\S.*)")


def front_matter_length(lines: Sequence[str]) -> int:
    """How many lines the front matter takes, both `---` included; 0 where there is none."""
    if not lines or lines[0].removeprefix("\ufeff").rstrip() != "---":
        return 0
    ends = (number + 1 for number in range(1, len(lines)) if lines[number].rstrip() == "---")
    return next(ends, 0)


def properties(page: Page) -> dict[str, Property]:
    """The entries of a page's front matter by their keys, in order, with their exact lines.

    {} where there is none or it is broken.
    """
    return _entries(page.lines[1 : max(1, front_matter_length(page.lines) - 1)])


def plain_values(page: Page) -> dict[str, str]:
    """The front matter's texts and whole numbers, as text, by their keys.

    As python-frontmatter reads it; {} where there is none or it is broken.
    """
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    text = "".join(page.lines).removeprefix("\ufeff")
    if not text.startswith("---"):
        return {}
    try:
        head = handler.split(text)[0]
        values = handler.load(head, Loader=_loader(head))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(key): str(value) for key, value in values.items() if isinstance(value, str | int)}


def split_front_matter(text: str) -> tuple[dict[str, list[str]], str]:
    """The entries (whole lines by key) of the front matter that a text begins with, and the rest.

    A value that YAML could not read is put into quotes. ({}, text) where there is no front matter.
    """
    text = text.lstrip("\n")
    if not text.startswith("---\n"):
        return {}, text
    inside = text.removeprefix("---\n")
    head, fence, body = inside.partition("\n---\n")
    if not fence:  # perhaps nothing follows it, not even a line's end
        head, _, body = inside.partition("\n---")
        if body.strip():
            return {}, text
    lines = [_readable(line.rstrip()) for line in head.split("\n") if line.strip()]
    if "---" in lines:
        lines = lines[: lines.index("---")]
    found = _entries([f"{line}\n" for line in lines])
    return {key: lines[at.start - 1 : at.end - 1] for key, at in found.items()}, body


def _entries(lines: list[str]) -> dict[str, Property]:
    """The entries of the YAML in `lines`, which begin at a page's second line."""
    import yaml

    text = "".join(lines)
    if not text.strip() or len(text) > _MAX_SIZE:
        return {}
    try:
        root = yaml.compose(text, Loader=_loader(text))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return {}
    starts = list(accumulate(map(len, lines), initial=0))
    heads = [bisect_right(starts, key.start_mark.index) - 1 for key, _ in root.value]
    found: dict[str, Property] = {}
    reached = 0
    for (key, node), start, stop in zip(root.value, heads, [*heads[1:], len(lines)], strict=True):
        if key.start_mark.index < reached:  # the key is an alias: its text stands elsewhere
            return {}
        text_end = _last(node)
        reached = max(reached, text_end)
        if isinstance(key, yaml.ScalarNode):
            least = bisect_right(starts, max(key.start_mark.index, text_end - 1))
            end = _without_comments(lines, least, stop)
            found.setdefault(key.value, Property(start + 1, end + 1, _value(node)))
    return found


def _loader(text: str) -> Any:
    """The class that loads `text`: libyaml's, ten times as fast, where it reads as PyYAML's own.

    It differs in tabs, U+FEFF and a `?` in brackets, and deep nesting overflows its stack.
    """
    import yaml

    differs = "\t" in text or "\ufeff" in text or ("?" in text and _FLOW.search(text))
    if differs or sum(map(text.count, "[{?-")) > _MAX_MARKS:
        return yaml.SafeLoader
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _without_comments(lines: list[str], least: int, stop: int) -> int:
    """Where an entry ends before `stop`, without the comments and blank lines behind it."""
    while stop > least:
        line = lines[stop - 1].strip()
        if line and not line.startswith("#"):
            break
        stop -= 1
    return stop


def _last(node: Any) -> int:
    """An index up to which the text of a YAML node reaches.

    A block of entries reaches up to its last one, not up to what follows it; where that is an
    alias, which may stand for the block itself, the index is only the block's start.
    """
    while not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        child = last[1] if isinstance(last, tuple) else last
        if child.start_mark.index <= node.start_mark.index:
            return int(node.start_mark.index)
        node = child
    return int(node.end_mark.index)


def _value(node: Any) -> str | list[str] | None:
    if node.id == "sequence":
        return [text for text in map(_text, node.value) if text is not None]
    return _text(node)


def _text(node: Any) -> str | None:
    return str(node.value) if node.id == "scalar" and not node.tag.endswith(":null") else None


def _readable(line: str) -> str:
    """A line of YAML with its value in quotes where it could not be read without."""
    import yaml

    found = _ENTRY.fullmatch(line) or _ITEM.fullmatch(line)
    if found is None or found[2] in ("|", ">", "|-", ">-"):
        return line
    try:
        yaml.safe_load(line.strip())
    except (yaml.YAMLError, ValueError, RecursionError):
        value = found[2]
        if value[0] in "\"'" and value.endswith(value[0]) and len(value) > 1:
            value = value[1:-1]
        return f"{line[: found.start(2)]}{scalar(value)}"
    return line


# --- writing --------------------------------------------------------------------------------------

# What every reader of YAML 1.1 and 1.2 takes for this very text without quotes: it begins with a
# letter, holds no `: ` and no ` #`, and is no word that stands for something else.
_PLAIN = regex(r"[^\W\d_](?:[\w'’./?=&%+~(),;!@*…—–“”-]|:(?=[^\s:])|(?<=\S)#|[ ](?=[^\s#]))*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_QUOTED = regex(r'["\\]')
# What cannot be printed, and what Templater and Dataview look for in a note's source, here too.
_AS_CODE = regex(
    "[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|<(?=%)|(?<=:):"
)


def entry(key: str, value: str | Sequence[str]) -> list[str]:
    """The whole lines of one entry: a text on the key's line, each item of a list below it."""
    if isinstance(value, str):
        return [f"{key}: {scalar(value)}"]
    return [f"{key}:", *(f"  - {scalar(item)}" for item in value)]


def scalar(text: str) -> str:
    """`text` as one line of YAML that is read as this text, in quotes unless plainly safe."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted: str = _QUOTED.sub(r"\\\g<0>", text)
    return f'"{_AS_CODE.sub(_as_code, quoted)}"'


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"
