"""Parses the top level of an EDN map: as much as a Logseq graph's `config.edn` needs.

EDN is Clojure's data notation (edn-format.org). Nothing is written: the file is its owner's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncd.regex import regex

_TOKEN = regex(
    r"""(?P<blank>[\s,]+|;[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<discard>\#_)
      | (?P<open>\#\{|[{(\[])
      | (?P<close>[})\]])
      | (?P<tag>\#[^\s,;"(){}\[\]]+)
      | (?P<atom>\\.\w*|[^\s,;"(){}\[\]\#\\][^\s,;"(){}\[\]\\]*)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"{": "}", "#{": "}", "(": ")", "[": "]"}
_STRING_ESCAPE = regex(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

_Token = tuple[str, str]  # kind, text


def parse_map(text: str) -> dict[str, str | None]:
    """The map's keys with their values: a string's text, an atom as written, None for a collection.

    Keywords keep their colon (`:legacy`), as keys and as values. What follows the map is not read,
    as in Logseq. Raises ValueError with the reason where `text` is not one whole map.
    """
    tokens = _tokens(text)
    if next(tokens, ("", ""))[1] != "{":
        raise ValueError("it does not begin with a map")
    values: list[str | None] = []
    discards = 0
    for token in tokens:
        kind = token[0]
        if kind == "discard":
            discards += 1
        elif kind == "close":
            return _paired(token[1], discards, values)
        elif kind != "tag":
            value = _value(token, tokens)
            if discards:
                discards -= 1
            else:
                values.append(value)
    raise ValueError("the map is not closed")


def parse_strings(text: str, key: str) -> list[str]:
    """The strings in the collection that is the value of `key`; none where there is no such key.

    Raises ValueError where the text before the collection's end cannot be parsed.
    """
    tokens = _tokens(text)
    if ("atom", key) not in tokens or next(tokens, ("", ""))[0] != "open":
        return []
    found, depth = [], 1
    for kind, text in tokens:
        depth += (kind == "open") - (kind == "close")
        if not depth:
            break
        if kind == "string" and depth == 1:
            found.append(_STRING_ESCAPE.sub(_unescaped, text[1:-1]))
    return found


def _paired(closer: str, discards: int, values: list[str | None]) -> dict[str, str | None]:
    """The map of these keys and values in turn, which the bracket `closer` completes."""
    if closer != "}" or discards:
        raise ValueError(f"unexpected {closer!r}")
    if len(values) % 2:
        raise ValueError("a key has no value")
    pairs: dict[str, str | None] = {}
    for key, value in zip(values[::2], values[1::2], strict=True):
        if key in pairs:
            raise ValueError("a key stands there twice")
        if key is not None:
            pairs[key] = value
    return pairs


def _value(token: _Token, tokens: Iterator[_Token]) -> str | None:
    """The value that begins with `token`; of a collection all tokens are taken, to its end."""
    kind, text = token
    if kind == "string":
        return _STRING_ESCAPE.sub(_unescaped, text[1:-1])
    if kind == "atom":
        return text
    closers = [_CLOSER[text]]
    for kind, text in tokens:
        if kind == "open":
            closers.append(_CLOSER[text])
        elif kind == "close" and text != closers.pop():
            raise ValueError(f"unexpected {text!r}")
        if not closers:
            return None
    raise ValueError(f"{closers[-1]!r} is missing")


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of `text` without blanks and comments."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"line {line} cannot be read: {text[at : at + 20]!r}")
        at = found.end()
        if found.lastgroup != "blank":
            yield str(found.lastgroup), found[0]


def _unescaped(found: re.Match[str]) -> str:
    """The character that a string's escape stands for."""
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _CONTROL.get(code, code)
