"""What must hold of an Obsidian page.

To a CommonMark parser with GFM's autolinks, a YAML parser, syncd's own, and what the documentation
of Dataview, Tasks and Templater says that they read in a note, whatever its texts are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt

from syncd.formats.obsidian import highlight
from syncd.formats.style import Style
from syncd.model import Document, Highlight, Tag
from syncd.page.blocks import digest
from syncd.page.front_matter import entry
from syncd.page.markdown import parse_markdown
from syncd.page.rendered import Rendered

if TYPE_CHECKING:
    from markdown_it.token import Token

WORDS = ["apfel", "语言", "العربية", "हिन्दी", "🦊", "e\u0301toile", "zeta"]
MARKS = [
    "\n", "\n\n", " ", "  ", "    ", "\t", "\r\n", "\u2028", "\u0000", "\\", "\n---\n", "\n===\n",
    "\n- ", "\n* ", "\n+ ", "\n1. ", "\n2) ", "\n# ", "\n###### ", "\n> ", "\n> > ", "> [!note]- ",
    "[!x]", "[ ] ", "[x] ", "\n* [ ] ", "- ", "-", "*", "**", "_", "__", "***", "`", "``", "```",
    "~~~", "\n```\n", "\n~~~\n", "\n```dataview\n", "\n```js\n", "\n  ```tasks\n", "`= this.file`",
    "`$= dv.current()`", "`code`", "`INPUT[toggle:a]`", "`button-a`", "<% tp.x %>", "<%*", "%>",
    "%%", "%", " ^abc", "^abc\n", "^[", "[^1]", "[^1]: ", "[a]: /b", "]: ", "]:", "[", "]", "](",
    ")", "(", "[[", "]]", "![[", "![", "!", "[a](javascript:b)", "[a](https://e.org)",
    "![](https://e.org/i.png)", "obsidian://a", "https://e.org/a::b%%c$d", "https://", "key:: ",
    "::", ":", "(k:: v)", "$", "$$", "\n$$\n", "<", ">", "<div>", "</div>", "<!--", "-->",
    "<script>", "<https://e.org>", "<?", "<![CDATA[", "{{", "}}", "#tag", "#", "==", "=",
    "| a | b |\n|---|---|\n", "|", "\n|-|\n", "&lt;", "&#96;", "\n: ", "~~", "\n    - ", "\n\t- ",
    "\n      # ", "* * *", "___", "\n- - -\n", "1.", "id:: x", "\n**Tags**: ", "**Note**: ",
    "\ufeff", "^", "^[x]", "![[zeta]]", "\n```dataview\nLIST\n```\n", "\n```js\n<% zeta %>\n```\n",
    "\n\n[apfel]: /b\n", "\n\n[zeta\napfel]: /b\n", "\\\n",
    "\n~~~meta-bind-button\nid: zeta\n~~~\n", "\n```\na:: b\n```\n", "``= x``", "`a::b`",
    "\n| - |\n",
]  # fmt: skip

MARKDOWN = MarkdownIt("commonmark", {"linkify": True}).enable("linkify")
MARKDOWN.normalizeLink = lambda url: url  # type: ignore[method-assign]
assert MARKDOWN.linkify is not None
MARKDOWN.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
CODE_SPAN = re.compile(r"(?P<escaped>\\.)|(`+)(?!`)(?:.*?[^`])\2(?!`)")
LIVE = re.compile(
    r"<%|(?<!\\)%(?=%)|:(?=:)|(?<!\\)!\[\[|\[!(?!\[)|\[\^|\^\[|\$\$|\{\{|\s\^[A-Za-z0-9-]+\s*$|^\^[A-Za-z0-9-]+\s*$"
)
# Fences that Obsidian draws, or a common plugin runs
_DRAWN = re.compile(
    r"(?i)mermaid|dataview|tasks|query|button|meta-bind|chart|templater|excalidraw|base$"
)
SPAN_RUNS = re.compile(r"\A`+\s*(\$?=|INPUT\[|button-)|<%|::")
TASK = re.compile(r"^\s*(?:>\s*|(?:[-*+]|\d+[.)])[ \t]+)+\[.\]\s")


def rendered(number: int, text: str, note: str = "", *, plain: bool = False) -> Rendered:
    """A tweet's highlight with this id as its status id too."""
    url = f"https://x.com/quill/status/{number}"
    item = Highlight(
        id=number,
        text=text,
        note=note,
        url=url,
        highlighted_at="2023-05-05T10:00:00Z",
        tags=(Tag("a"),),
    )  # fmt: skip
    return highlight(Document(id=1), item, UTC, Style(plain))


def shown(tokens: list[Token]) -> str:
    """All that a reader sees of these tokens, and the addresses of links and pictures."""
    parts = []
    for token in tokens:
        if token.type == "inline":
            parts.append(shown(token.children or []))
        elif token.type == "image":
            parts += [shown(token.children or []), str(token.attrs["src"])]
        elif token.type == "softbreak":
            parts.append("\n")
        else:
            parts += [token.content, token.info, str(token.attrs.get("href", ""))]
    return "".join(parts)


def of_words(text: str) -> Counter[str]:
    """How often each of the known words stands in a text."""
    return Counter({word: text.count(word) for word in WORDS})


def outside_code(lines: list[str]) -> Iterator[str]:
    """The lines of a page without its code; what code there is must be harmless."""
    fence = ""
    for line in lines:
        opening = re.match(r"[ \t]*(?:- )?(```+|~~~+)(\S*)", line)
        if not fence and opening:
            assert not _DRAWN.match(opening[2]) and not re.search(r"\s\S", line[opening.end() :])
            fence = opening[1]
        elif fence:
            assert not re.search(r"<%|::", line)
            if line.strip() == fence:
                fence = ""
        else:
            for span in CODE_SPAN.finditer(line):
                assert span["escaped"] or not SPAN_RUNS.search(span[0])
            yield CODE_SPAN.sub(lambda span: span["escaped"] or "`", line)
    assert not fence


def one_item_each(given_texts: list[tuple[str, str]]) -> None:
    """One list of one item a highlight, its tail in the item itself, its tags and note below.

    No word is lost.
    """
    blocks = [rendered(number, text, note) for number, (text, note) in enumerate(given_texts, 1)]
    body = "\n".join(line for block in blocks for line in block.lines())
    tokens = MARKDOWN.parse(body)
    assert not {token.type for token in tokens} & {"heading_open", "html_block", "hr"}
    inner = [child for token in tokens if token.type == "inline" for child in token.children or []]
    assert "html_inline" not in {child.type for child in inner}
    assert [token.type for token in tokens if token.level == 0] == [
        "bullet_list_open",
        "bullet_list_close",
    ]
    assert sum(token.type == "list_item_open" and token.level == 1 for token in tokens) == len(
        blocks
    )
    own = [token.content for token in tokens if token.type == "inline" and token.level == 3]
    below = [token.content for token in tokens if token.type == "inline" and token.level == 5]
    for number in range(1, len(blocks) + 1):
        ends = [
            content
            for content in own
            if content.endswith(f"#Highlight [[2023-05-05]] ^rw-{number}")
        ]
        assert len(ends) == 1
        assert any(
            child.attrs.get("href") == f"https://x.com/quill/status/{number}" for child in inner
        )
    assert sum(content == "**Tags**: #a" for content in below) >= len(blocks)
    assert sum(content.startswith("**Note**: ") for content in below) >= sum(
        block.note is not None for block in blocks
    )
    source = "".join(text + note for text, note in given_texts)
    lost = of_words(source) - of_words(shown(tokens))
    assert not lost


def found_again(given_texts: list[tuple[str, str]]) -> None:
    """As many blocks as highlights and children, each with the digest that is remembered of it."""
    blocks = [rendered(number, text, note) for number, (text, note) in enumerate(given_texts, 1)]
    page = parse_markdown("\n".join(line for block in blocks for line in block.lines()))
    wanted = [part for block in blocks for part in block if part]
    assert [digest(page.content(found)) for found in page.blocks] == [
        digest(part) for part in wanted
    ]
    assert all(found.own_end == found.end for found in page.blocks)


def inert(text: str, note: str) -> None:
    """Nothing of what Obsidian or its plugins act on is left outside code."""
    lines = rendered(3, text, note).lines()
    for line in outside_code(lines):
        theirs = line.removesuffix(" ^rw-3").removesuffix("^rw-3")
        assert not LIVE.search(re.sub(r"\\.", "\\\\_", theirs)), line
        assert not TASK.match(line), line
        assert (len(line) - len(line.rstrip("\\"))) % 2 == 0, line


def plain(text: str, note: str) -> None:
    """Nor is a picture (`live_text = "none"`): the one link and the tags are syncd's own.

    No word is lost.
    """
    lines = rendered(3, text, note, plain=True).lines()
    tokens = [child for token in MARKDOWN.parse("\n".join(lines)) for child in token.children or []]
    assert [token.attrs["href"] for token in tokens if token.type == "link_open"] == [
        "https://x.com/quill/status/3"
    ]
    assert "image" not in {token.type for token in tokens}
    theirs = (
        "\n".join(outside_code(lines))
        .replace(" #Highlight [[2023-05-05]] ", "")
        .replace("**Tags**: #a", "")
    )
    theirs = theirs.replace("#Highlight [[2023-05-05]] ", "").replace(
        "](https://x.com/quill/status/3)", ""
    )
    assert not re.search(r"#|\[\[|\]\(|://", re.sub(r"\\.", "_", theirs)), theirs
    assert not of_words(text + note) - of_words(shown(MARKDOWN.parse("\n".join(lines))))


def reads(text: str) -> None:
    """A reader sees what was written.

    Not compared where HTML becomes links; nor numbers in numbered lists, which Markdown counts.
    """
    if re.search(r"(?i)<(?:img|a|video)\b|\]\(\s*<", text):
        return
    for spelled in (False, True):
        tokens = MARKDOWN.parse("\n".join(rendered(3, text, plain=spelled).lines()))
        numbered = any(token.type == "ordered_list_open" for token in tokens)
        tail = "View Tweet https://x.com/quill/status/3 Highlight 2023-05-05 rw-3 Tags a"
        shown, written = said(tokens), text + tail
        if _letters(shown, numbered) != _letters(written, numbered):
            assert _letters(unquote(shown), numbered) == _letters(unquote(written), numbered)


def _letters(text: str, numbered: bool) -> str:
    """The letters, backslashes and, unless `numbered`, digits of a text."""
    kept = (one for one in text if one.isalnum() or one == "\\")
    return "".join(one for one in kept if not numbered or not one.isdigit())


def said(tokens: list[Token]) -> str:
    """All that a reader sees of these tokens; a link's address behind its label, if it has one."""
    parts: list[str] = []
    opened: list[tuple[int, str]] = []
    for token in tokens:
        if token.type == "link_open":
            alone = token.markup in ("autolink", "linkify")
            address = "" if alone else f"{token.attrs['href']}{token.attrs.get('title', '')}"
            opened.append((len(parts), address))
        elif token.type == "link_close":
            start, address = opened.pop()
            label = unquote("".join(parts[start:]))
            same = _letters(label, False) == _letters(unquote(address), False)
            parts.append("" if same else address)
        elif token.type == "image":
            parts += [said(token.children or []), str(token.attrs["src"])]
            parts.append(str(token.attrs.get("title", "")))
        else:
            language = token.info if token.type == "fence" else ""
            parts += [language, said(token.children) if token.children else token.content]
    return "".join(parts)


# Dataview takes these with a date for a task's, Tasks too.
_DATES = re.compile("[➕✅⏳⌛\ufe0f📅📆🗓🛫]\\s*\\d{4}-\\d{2}-\\d{2}")
_KEY = re.compile(r"[^0-9\w]*(?:[\w\s/-]|[^\x00-\u2000])*[_*~`]*")


def unread_by_plugins(text: str) -> None:
    """Dataview finds no field in the block, Tasks no date, Templater no tag."""
    whole = " ".join(line.strip() for line in rendered(3, text).lines())
    assert not _DATES.search(whole)
    assert "<%" not in whole
    ends = [found.start() for found in re.finditer("::", whole)]
    for at in ends:
        bracket = max(whole.rfind(one, 0, at) for one in "[]()")
        assert bracket < 0 or whole[bracket] in "])"
    assert not ends or not _KEY.fullmatch(whole[2 : ends[0]])


def yaml_reads(text: str) -> None:
    """Front matter values stay what they are, in items of lists too."""
    value = "".join(one for one in text if one.isprintable())
    for lines in (entry("key", value), entry("key", [value])):
        read = yaml.safe_load("\n".join([*lines, "next: 1"]))
        assert read == {"key": value if len(lines) == 1 else [value], "next": 1}


def problems(texts: list[str]) -> list[tuple[str, str]]:
    """The texts of which something above does not hold, each with its name."""
    checks: dict[str, Callable[[str], None]] = {
        "not one item": lambda text: one_item_each([(text, ""), ("a", text)]),
        "not found again": lambda text: found_again([(text, text)]),
        "live": lambda text: inert(text, text),
        "live as plain text": lambda text: plain(text, ""),
        "reads otherwise": reads,
        "read by plugins": unread_by_plugins,
        "other YAML": yaml_reads,
    }
    return [(text, name) for text in texts for name, check in checks.items() if _fails(check, text)]


def _fails(check: Callable[[str], None], text: str) -> bool:
    try:
        check(text)
    except AssertionError:
        return True
    return False
