"""How foreign text is made inert, whatever the page's format: what is verbatim, and what is marked.

Parsers read from left to right, so code is left as it is where nothing before it could take its
first mark for its own: behind calm words (and other code), below calm lines of its paragraph. From
the first other mark of a line on each mark that could begin something is escaped, those of code and
mathematics too, and the reader sees what was typed. A format's marks are data: an expression for
calm words, one for what is escaped, one for what opens a region.

Every expression is linear: a repetition never runs over a mark that begins the expression anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

TASKS = "TODO|DOING|NOW|LATER|DONE|WAITING|WAIT|CANCELED|CANCELLED|IN-PROGRESS|STARTED"
CODE = r"`[^`\n]+`(?!`)|``(?!`)(?:[^`\n]|`(?!`))+``(?!`)"
DATE = r"[+-]?\d[\d_]*-[+-]?\d[\d_]*-"  # how a date begins to Logseq's parser
FENCES = ("```", "~~~")
OURS = "\0"  # a backslash of ours, which is not escaped in turn
_OPEN = (*FENCES, "$$", "\\begin")

# Apps and plugins run or draw a fence by its language: these are only coloured.
_LANGUAGES = frozenset([
    "awk", "bash", "c", "c#", "c++", "clojure", "cpp", "cs", "csharp", "css", "csv", "dart", "diff",
    "docker", "dockerfile", "elixir", "elm", "erlang", "f#", "fish", "fortran", "fsharp", "go",
    "golang", "graphql", "haskell", "hcl", "html", "http", "ini", "java", "javascript", "js",
    "json", "json5", "jsonc", "jsx", "julia", "kotlin", "latex", "lisp", "log", "lua", "make",
    "makefile", "markdown", "matlab", "md", "nginx", "nix", "objc", "ocaml", "pascal", "patch",
    "perl", "php", "plain", "plaintext", "powershell", "proto", "ps1", "py", "python", "r", "rb",
    "regex", "rs", "ruby", "rust", "scala", "scheme", "scss", "sh", "shell", "sql", "swift",
    "terraform", "tex", "text", "toml", "ts", "tsx", "txt", "typescript", "vb", "vim", "vue",
    "xml", "yaml", "yml", "zig", "zsh",
])  # fmt: skip


Change = Callable[[str], str]
Written = Callable[[int, list[str]], list[str] | None]


class Marks(NamedTuple):
    """A format's marks: words that stay as they are with their code, what is escaped elsewhere."""

    calm: re.Pattern[str]
    token: re.Pattern[str]


# What plain text has none of: a web address alone that nothing ends early or continues, a link to
# one with nothing but words as its label, and hashtags.
_IN_LINK = r"(?:(?!::|%%|&#?\w+;)[^\s<>\\`$\[\]{}\"()|^])*+"
_LINKS = (
    r"(?<![^ \t])(?:https?://|www\.)(?=[^\W_])"
    r"(?:[^\W_]|(?<=[^\W_])_(?=[^\W_])|[./?&#+,;@!'-]|=(?!=)|%(?!%)|:(?![:/]))++(?![^ \t])"
    rf"|!?\[[\w .,'-]*+\]\(https?://(?=[^\W_]){_IN_LINK}(?:\({_IN_LINK}\){_IN_LINK})?+\)(?!\{{)"
    r"|#(?![^ \t])|(?<![^ \t])#[\w/-]++(?=[.,;!?'\":]*+(?![^ \t]))|"
)
# Marks where they begin nothing: `$5`, `[1]`, `a_b`, `<3`, `* `, `1 + 1 = 2`
_WORDS = (
    r"(?!www\.)[^\s`$\\\[\](){}<_*~^=+/|@#:!%&]++|\s++|\((?!\()|\)|\[\w+\](?![(\[:{])|\{(?!\{)|\}"
    r"|<(?![^ \t=-]|-\d)|<3(?![^ \t])|(?<=[^\W_])_(?=[^\W_])|[*_^](?![^ \t])|@(?!@)"
    r"|:(?!:|//)|%(?!%)|\$(?=[^$]++\Z)"
)


@cache  # compiled where the first text wants it
def calm(words: str, code: str = CODE, *, plain: bool = False) -> re.Pattern[str]:
    """The words and code at a line's start with which nothing begins; `kept` is the last code.

    `words` are those of the format: its marks where they begin nothing. Plain text has neither
    addresses nor hashtags.
    """
    word = rf"(?:{'' if plain else _LINKS}{_WORDS}|{words})*+"
    return re.compile(rf"(?:{word}(?P<kept>{code}))*{word}", re.IGNORECASE)


def changed(
    line: str,
    at: int | None,
    ours: str,
    kept: int,
    change: Change,
    keep: Change = lambda words: words,
) -> str:
    """`keep` of a line's first `kept` characters, `change` of the rest; `ours` put in at `at`."""
    if at is not None:
        line, kept = line[:at] + ours + line[at:], kept and kept + 1
    # A sign for what stands before the rest: neither a word, a blank nor a mark.
    return keep(line[:kept]) + change("”" + line[kept:])[1:] if kept else change(line)


def before_marks(found: re.Match[str]) -> str:
    """What was found in a line, with the backslashes that its group asks for.

    In no such group it stays as it is.
    """
    token, group = found[0], found.lastgroup or ""
    if group in ("each", "rest"):
        first = token[:1] if group == "rest" else ""
        return first + "".join(f"\\{mark}" for mark in token[len(first) :])
    return {"before": "\\" + token, "after": token + "\\"}.get(group, token)


def with_ours(line: str) -> str:
    """`line` with a backslash for each of ours, once where it is escaped too."""
    return line.replace(OURS + "\\", "\\").replace(OURS, "\\")


def by_line(
    lines: list[str],
    opening: re.Pattern[str],
    region: Written,
    calm: re.Pattern[str],
    written: Callable[[int, int], str],
    verbatim: str = "`",
) -> list[str]:
    """The lines of a text: what `region` makes of its regions, and `written` of each other line.

    A region is given by its start and its lines; where `region` returns None it is none. A line is
    given by its number, with how many of its characters stay for what is between marks of
    `verbatim` in them.
    """
    out: list[str] = []
    text = "\n".join(lines)
    coded = any(mark in text for mark in verbatim)
    opens = any(mark in text for mark in _OPEN)
    if not coded and not opens:
        return [written(at, 0) for at in range(len(lines))]
    at, settled = 0, coded
    while at < len(lines):
        line = lines[at]
        end, kept = _region(lines, at, opening, region) if opens else (0, None)
        if kept is not None:
            out += kept
            at, settled = end + 1, coded
            continue
        words = calm.match(line) if coded and (settled or not line.strip()) else None
        settled = words is not None and words.end() == len(line)
        out.append(written(at, max(words.end("kept"), 0) if words else 0))
        at += 1
    return out


def _region(
    lines: list[str], start: int, opening: re.Pattern[str], region: Written
) -> tuple[int, list[str] | None]:
    """The last line of a region that begins at `start`, and what is written for it, if it is one.

    It ends where its closing mark first stands, on a line of its own and as far indented as it
    began; a text that ends there needs it at the margin.
    """
    began = opening.fullmatch(lines[start])
    if not began:
        return 0, None
    closing = began["fence"] or began["math"] or f"\\end{{{began['name']}}}"
    stops = FENCES if began["fence"] else (closing.lower(), "\\begin" if began["name"] else closing)
    for at in range(start + 1, len(lines)):
        if any(stop in lines[at].lower() for stop in stops):
            ends = lines[at].rstrip(" \t") == began["indent"] + closing
            if not ends or (at + 1 == len(lines) and began["indent"]):
                break
            return at, region(start, [*_head(began), *lines[start + 1 : at + 1]])
    return 0, None


def _head(opening: re.Match[str]) -> list[str]:
    """A region's first line; a fence's with a known language, and what else stood there below."""
    if not opening["fence"]:
        return [opening[0]]
    language, *rest = opening["info"].split(maxsplit=1) or [""]
    if language.lower() not in _LANGUAGES:
        language, rest = "", [opening["info"].strip()] if language else []
    below = [opening["indent"] + words.strip() for words in rest]
    return [opening["indent"] + opening["fence"] + language, *below]
