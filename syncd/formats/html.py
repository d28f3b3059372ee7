"""Readwise's raw HTML as Markdown: the images, links and videos in tweets since late 2023.

Any other HTML stays; the escapes of the page's format make it visible text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from syncd.formats.syntax import CODE
from syncd.page.identity import WEB
from syncd.regex import regex

_ELEMENT = regex(
    r"(?<!\\)<(?:img\b(?P<img>[^<>]*)>"
    r"|a\b(?P<a>[^<>]*)>(?P<label>[^<>\[\]\n]*)</a\s*>"
    r"|video\b(?P<video>(?:(?!</?video\b).)*)</video\s*>)"
    r"|(?<=\]\()[ \t]*<(?P<target>https?://[^<>\n]*)>"
    rf"|\\`|(?<!(?<!\\)`)(?:{CODE}|^```[^`\n]*+\n[^`]*+```)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_KINDS = ("img", "a", "video", "target")
_ADDRESS = regex(
    r"""\b(?:src|href)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE
)
# What could end a link, its label or its page: spaces of every kind, controls, brackets, quotes,
# the marks of code, mathematics and emphasis (doubled, where single ones are common in addresses),
# invisible format characters.
_USUAL = regex(r"https?://\w[\w./?&%#:;,+@!=-]*", re.ASCII)  # holds nothing unsafe, if no `==`
_UNSAFE_IN_LINK = regex(
    r"""[\s\x00-\x20\x7f-\xa0<>"'`()\[\]{}\\|^*$\u00ad\u061c\u180e\u200b-\u200f"""
    r"""\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"""
    r"|(?<==)=|(?<=~)~"
)


def link_target(url: str | None) -> str | None:
    """`url` as it stands in a Markdown link or a property; None unless it begins with http(s).

    What could end the link early is percent-encoded; any other address stays byte for byte.
    """
    url = (url or "").strip()
    if _USUAL.fullmatch(url) and "==" not in url:
        return url
    if not WEB.match(url):
        return None
    return _UNSAFE_IN_LINK.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in _utf8(found[0])), url
    )


def _utf8(character: str) -> bytes:
    return character.encode("utf-8", "surrogatepass")


def from_html(text: str) -> str:
    """`text` with images, links and videos of HTML as Markdown.

    `<img src>` becomes `![](src)`, `<a href>@x</a>` becomes `[@x](href)`, `<video>` becomes
    `[Video](mp4)`, and a link's target in angle brackets, in which Markdown allows blanks and
    brackets, a plain one. Unchanged are an element without a web address, code, and what stands
    behind a backslash.
    """
    return _ELEMENT.sub(_element_as_markdown, text) if "<" in text else text


def _element_as_markdown(found: re.Match[str]) -> str:
    kind = next((kind for kind in _KINDS if found[kind] is not None), None)
    if kind is None:
        return found[0]
    if kind == "target":
        return link_target(found[kind].replace("\\", "")) or found[0]
    addresses = map(_unquoted, _ADDRESS.findall(found[kind]))
    targets = [target for target in map(link_target, addresses) if target]
    return _MARKDOWN[kind](found["label"], targets) if targets else found[0]


def _unquoted(quotations: tuple[str, str, str]) -> str:
    """An attribute's value, of which one form is not empty: in `"`, in `'`, without quotes."""
    return unescape("".join(quotations))


def _link(label: str, targets: list[str]) -> str:
    return f"[{label.strip()}]({targets[0]})" if label.strip() else targets[0]


def _video(_label: str, targets: list[str]) -> str:
    return f"[Video]({next((target for target in targets if '.mp4' in target), targets[0])})"


_MARKDOWN: dict[str, Callable[[str, list[str]], str]] = {
    "img": lambda _label, targets: f"![]({targets[0]})",
    "a": _link,
    "video": _video,
}
