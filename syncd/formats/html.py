"""Readwise's raw HTML as Markdown.

The images, links and videos that its tweets have held since late 2023.

Any other HTML is left as it is: the escapes of the page's format show it instead of running it.
"""

from __future__ import annotations

import re
from html import unescape

from syncd.formats.syntax import CODE
from syncd.page.identity import WEB

_ELEMENT = re.compile(
    r"(?<!\\)<(?:img\b(?P<img>[^<>]*)>"
    r"|a\b(?P<a>[^<>]*)>(?P<label>[^<>\[\]\n]*)</a\s*>"
    r"|video\b(?P<video>(?:(?!</?video\b).)*)</video\s*>)"
    r"|(?<=\]\()[ \t]*<(?P<target>https?://[^<>\n]*)>"
    rf"|\\`|(?<!(?<!\\)`)(?:{CODE}|^```[^`\n]*+\n[^`]*+```)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_KINDS = ("img", "a", "video", "target")
_ADDRESS = re.compile(
    r"""\b(?:src|href)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE
)
# What could end a link, its label or its page: spaces of every kind, controls, brackets, quotes,
# the marks of code, mathematics and emphasis (doubled, where single ones are common in addresses),
# invisible format characters.
_UNSAFE_IN_LINK = re.compile(
    r"""[\s\x00-\x20\x7f-\xa0<>"'`()\[\]{}\\|^*$\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"""
    r"|(?<==)=|(?<=~)~"
)


def link_target(url: str | None) -> str | None:
    """`url` as it stands in a Markdown link or a property.

    None unless it is a web address (http, https).

    What could end the link early is percent-encoded; an ordinary address stays as it is, byte for
    byte.
    """
    url = (url or "").strip()
    if not WEB.match(url):
        return None
    return _UNSAFE_IN_LINK.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in _utf8(found[0])), url
    )


def _utf8(character: str) -> bytes:
    return character.encode("utf-8", "surrogatepass")


def from_html(text: str) -> str:
    """`text` with `<img src>` as `![](src)`, `<a href>@x</a>` as `[@x](href)` and `<video>` as `[Video](mp4)`.

    A link's target in angle brackets, in which Markdown allows blanks and brackets, becomes a plain one. An element
    without a web address is left, and so is code, and what has a backslash.
    """
    return _ELEMENT.sub(_markdown, text) if "<" in text else text


def _markdown(found: re.Match[str]) -> str:
    kind = next((kind for kind in _KINDS if found[kind] is not None), None)
    if kind is None:
        return found[0]
    if kind == "target":
        return link_target(found[kind].replace("\\", "")) or found[0]
    targets = [
        target
        for double, single, bare in _ADDRESS.findall(found[kind])
        if (target := link_target(unescape(double or single or bare)))
    ]
    if not targets:
        return found[0]
    if kind == "img":
        return f"![]({targets[0]})"
    if kind == "a":
        return f"[{found['label'].strip()}]({targets[0]})" if found["label"].strip() else targets[0]
    return f"[Video]({next((target for target in targets if '.mp4' in target), targets[0])})"
