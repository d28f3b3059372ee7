"""Foreign text made inert for Obsidian.

It reads as its author wrote it, and can neither break a page nor run on it.

The marks are those of CommonMark and of Obsidian's own Markdown (comments, callouts, embeds, block
ids, footnotes), and those that its common plugins look for in a note: Dataview, Templater, Tasks,
Meta Bind, Buttons. Each gets a backslash, which Obsidian does not show. Hashtags, `[[links]]`, web
links, images, emphasis, lists, quotes, tables and code stay live. Plugins run by a fence's first
word, so only programming languages keep that place; code that would run even as code (Templater's
tags, Dataview's inline queries and fields) is shown as plain text with its backticks. What already
has its backslash gets no second one. `plain` text has no hashtag, link or picture that is live
either. Every step is linear in the length of the text.
"""

from __future__ import annotations

import re

from syncd.formats.escape import before_marks, clean, from_html
from syncd.formats.syntax import CODE

MAX_NESTING = 8  # quotes and lists inside each other on one line; deeper ones are shown as text

_LANGUAGES = frozenset([
    "awk", "bash", "c", "c#", "c++", "clojure", "cpp", "cs", "csharp", "css", "csv", "dart", "diff", "docker",
    "dockerfile", "elixir", "elm", "erlang", "f#", "fish", "fortran", "fsharp", "go", "golang", "graphql",
    "haskell", "hcl", "html", "http", "ini", "java", "javascript", "js", "json", "json5", "jsonc", "jsx", "julia",
    "kotlin", "latex", "lisp", "log", "lua", "make", "makefile", "markdown", "matlab", "md", "nginx", "nix", "objc",
    "ocaml", "pascal", "patch", "perl", "php", "plain", "plaintext", "powershell", "proto", "ps1", "py", "python",
    "r", "rb", "regex", "rs", "ruby", "rust", "scala", "scheme", "scss", "sh", "shell", "sql", "swift", "terraform",
    "tex", "text", "toml", "ts", "tsx", "txt", "typescript", "vb", "vim", "vue", "xml", "yaml", "yml", "zig", "zsh",
])  # fmt: skip


def obsidian_lines(text: str, *, inline: bool = False, plain: bool = False) -> list[str]:
    """The content lines of a block that shows `text`, without bullet and indent.

    `[""]` where there is none.

    The first line may follow a bullet. Whether the last one may be continued tells `stands_alone`.
    `inline`: the first line will follow other words (`**Note**: …`), where no fence can open.
    """
    lines = from_html(clean(text)).strip().split("\n")
    fences = dict(_fences(lines, 1 if inline else 0))
    out: list[str] = []
    while len(out) < len(lines):
        at = len(out)
        if at in fences:
            out += [_harmless(lines[at]), *lines[at + 1 : fences[at]]]
        else:
            out.append(_line(lines[at], _PLAIN if plain else _TOKEN, second=at == 1))
    return out


def obsidian_unescape(lines: list[str]) -> str:
    """The text behind a block's content lines.

    What `obsidian_lines` was given, once it is clean Markdown.

    A backslash that the text itself held before a mark is taken for one of ours.
    """
    fences = dict(_fences(lines, 0))
    out: list[str] = []
    while len(out) < len(lines):
        at = len(out)
        if at in fences:
            out += [_ADDED_WORD.sub(r"\1", lines[at]), *lines[at + 1 : fences[at]]]
        else:
            out.append(
                _TOKEN.sub(
                    lambda found: found[0][1:] if found[0][0] == "\\" else found[0], lines[at]
                )
            )
    return "\n".join(out)


# --- code fences ----------------------------------------------------------------------------------

_FENCE = re.compile(r"(`{3,}|~{3,})([^`\n]*)")
_ADDED_WORD = re.compile(r"\A(`{3,}|~{3,})text (?=.*\S)")
# What Dataview, Datacore, Meta Bind, Buttons and dice rollers take for theirs where code begins
# with it, in fences and indented code too. A backslash before the mark that follows makes it text.
_RUNS = r"(?:\$?(?:dc(?:js)?)?(?==)|(?:INPUT|VIEW|BUTTON|EMBED)\w*(?=\[)|button(?=-)|dice(?:-\w+)?(?=:))"
_RUNS_IN_CODE = re.compile(rf"\A\s*{_RUNS}|<%|::(?:\s|\Z)")


def _fences(lines: list[str], first: int) -> list[tuple[int, int]]:
    """The code fences that may stay, each as first line and line behind.

    At the margin, closed, none inside.
    """
    found = []
    start, closing = -1, ""
    for at, line in enumerate(lines):
        mark = line.lstrip(" \t")[:3]
        if mark not in ("```", "~~~"):
            continue
        if start >= 0 and line.rstrip() == closing:
            if not any(map(_RUNS_IN_CODE.search, (lines[start], "\n".join(lines[start + 1 : at])))):
                found.append((start, at + 1))
            start = -1
            continue
        opening = _FENCE.fullmatch(line) if at >= first else None
        start = at if opening else -1
        closing = opening[1] if opening else ""
    return found


def _harmless(opening: str) -> str:
    """A fence's first line with a language that nothing runs: `text`, and then what stood there."""
    fence, info = _FENCE.fullmatch(opening).groups()  # type: ignore[union-attr]
    return (
        opening if not info.strip() or info.strip().lower() in _LANGUAGES else f"{fence}text {info}"
    )


def stands_alone(lines: list[str]) -> bool:
    """Whether what follows `lines` must be a paragraph of its own.

    They end as a list, a quote, a table or indented.
    """
    for line in reversed(lines):
        if not line.strip(" \t"):
            return False
        if _LIST_OR_QUOTE.match(line) or _is_rule(line):
            return True
    return False


def _is_rule(line: str) -> bool:
    """Whether a line makes a table of the one above it."""
    return "|" in line and "-" in line and _TABLE_RULE.issuperset(line)


# --- one line -------------------------------------------------------------------------------------

_ITEM = r"(?:[*+-]|\d{1,9}[.)])(?=[ \t]|$)"
_LIST_OR_QUOTE = re.compile(rf"[ \t>]|{_ITEM}")
_TABLE_RULE = frozenset(" \t|:-")
_CONTAINER = re.compile(rf"\s*(?:>|{_ITEM})")
_START = re.compile(
    r"[ \t]*(?=#+(?:\s|$)"  # a heading
    r"|=+[ \t]*$|-+[ \t]*$"  # the line below makes a heading of the one above
    r"|([-*_])(?:[ \t]*\1){2,}[ \t]*$"  # a rule
    r"|~~~"
    r"|\[[^!^\n]\](?:\s|$)"  # a task
    # The name of a link's address, which may end in code or on a later line
    r"|\[(?:\\.|[^\]\\])*(?:`[^`]*\]:|\\?$))"
    rf"|[ \t]+{_RUNS}"
)
_DASH = re.compile(
    r"[ \t]*(?=-(?:\s|$))"
)  # a block to whoever reads the page by its bullets, us included
_TOO_DEEP = re.compile(r"[ \t]*(?=>|[*+-](?:[ \t]|$))|[ \t]*\d+(?=[.)](?:[ \t]|$))")
_LINKS = (
    r"https?://(?:(?!%%|::|\{\{)[^\s<>\\^`$\[\]{}\"])+"
    r"|<https?://(?:(?!%%|::|\{\{)[^\s<>\\^`$\[\]{}\"])+>"
    r"|(?<!!)\[\[(?![!^])(?:(?!%%|::|\{\{)[^\[\]\n`$<\\])+\]\](?![(:])"
)


def _token(keep: str, live: str, web: str) -> re.Pattern[str]:
    """The marks of a line.

    Those of `keep` stay, those of `live` are escaped too, and links to anything but `web`.
    """
    return re.compile(
        rf"(?P<keep>\\(?!::|%%|<%)[!-/:-@\[-`{{-~]{keep})"
        rf"|(?P<code>{CODE})"
        r"|(?P<each>`+|(?<!\\)%%+|\$\$+|(?<=\S)\$)"
        r"|(?P<rest>\{\{+|\[\[+|::+|%%+|<%+)"
        r"|(?P<before><(?=[A-Za-z/!?])|\[(?=!(?!\[(?![\^!]))|\^)|\^(?=\[)|(?<!\S)\^(?=[A-Za-z0-9-]+\s*$)|\\(?=[ \t]*$)"
        rf"{live})|(?P<after>\](?=:)|\](?=\(){web}"
        r"|(?<![A-Za-z0-9+-])(?!https?:)[A-Za-z][A-Za-z0-9+-]{1,30}:(?=//))",
        re.IGNORECASE,
    )


_TOKEN = _token(f"|{_LINKS}", "", r"(?!\([ \t]*(?:https?://|mailto:|<https?://[^\s<>()]+>))")
_PLAIN = _token("", r"|\#|:(?=//)", "")
_RUNS_INLINE = re.compile(rf"\A`+\s*{_RUNS}|<%|::")
_TICK = re.compile(r"(\\*)`")


def _line(line: str, tokens: re.Pattern[str], *, second: bool) -> str:
    at = _start(line)
    if second and _is_rule(
        line
    ):  # the bullet would be in the table's head, to some readers before it is a bullet
        at = len(line) - len(line.lstrip(" \t"))
    return tokens.sub(_escaped, line if at is None else f"{line[:at]}\\{line[at:]}")


def _start(line: str) -> int | None:
    """Where the line's first words would open a block that the text may not open."""
    if found := _DASH.match(line):
        return found.end()
    at = 0
    for _ in range(MAX_NESTING):
        if found := _START.match(line, at):
            return found.end()
        if not (found := _CONTAINER.match(line, at)):
            return None
        at = found.end()
    found = _START.match(line, at) or _TOO_DEEP.match(line, at)
    return found.end() if found else None


def _escaped(found: re.Match[str]) -> str:
    if found.lastgroup == "code" and _RUNS_INLINE.search(found[0]):
        return found.re.sub(_escaped, _TICK.sub(lambda tick: tick[1] * 2 + "\\`", found[0]))
    return before_marks(found)
