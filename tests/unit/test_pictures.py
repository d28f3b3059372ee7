"""Pictures in blocks: found as each format writes them, and only they."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats import logseq, obsidian, org
from syncd.formats.pictures import addresses, but_pictures, link_from, with_copies
from syncd.model import Document, Highlight
from syncd.page.rendered import Rendered

Render = Callable[[Document, Highlight, tzinfo], Rendered]
FORMATS = [logseq.highlight, obsidian.highlight, org.highlight]
URL = "https://img.example/F__x-a_b_c(1)%%.jpg?format=jpg&name=large"


def block(render: Render, text: str) -> list[str]:
    """The content lines of a highlight."""
    return render(Document(1), Highlight(5, text=text), UTC).text


@pytest.mark.parametrize("render", FORMATS)
@pytest.mark.parametrize(
    "shown", [f"![]({URL})", f"![नक्शा]({URL})", f'<img src="{URL}">', f'a ![]({URL} "t") b']
)
def test_a_picture_is_found_and_linked_anew_in_each_format(render: Render, shown: str) -> None:
    """Whatever marks the format put into its address."""
    lines = block(render, f"地図 ✂\n\n{shown}\n\nخريطة")
    (address,) = addresses(shown, lines)
    assert address == URL.replace("(", "%28").replace(")", "%29")
    copied = with_copies(lines, {address: "../assets/readwise/0123456789abcdef.png"})
    text = "\n".join(copied)
    assert "img.example" not in text
    assert (
        "(../assets/readwise/0123456789abcdef.png" in text
        or "[[../assets/readwise/0123456789abcdef.png]]" in text
    )
    assert but_pictures(copied) == but_pictures(lines)


@pytest.mark.parametrize("render", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        f"`![]({URL})`",
        f"```\n![]({URL})\n```",
        f"[![]({URL}",
        f"[x]({URL})",
        URL,
        "![](ftp://a.example/x)",
        "![](x.png)",
    ],
)
def test_what_is_no_picture_on_the_web_stays(render: Render, text: str) -> None:
    """Code, links, bare addresses, other schemes."""
    lines = block(render, text)
    assert addresses(text, lines) == []
    if render is not org.highlight:
        assert with_copies(lines, {URL.replace("(", "%28").replace(")", "%29"): "copy"}) == lines


def test_several_pictures_keep_their_order() -> None:
    """Each address once; a picture without a copy keeps its own."""
    text = "![](https://a.example/2.png) ![](https://a.example/1.png)\n![](https://a.example/2.png)"
    lines = block(logseq.highlight, text)
    assert addresses(text, lines) == ["https://a.example/2.png", "https://a.example/1.png"]
    copied = "\n".join(with_copies(lines, {"https://a.example/2.png": "c"}))
    assert copied == "![](c) ![](https://a.example/1.png)\n![](c) #Highlight"


@given(st.lists(st.text(), min_size=1), st.sampled_from(FORMATS))
def test_any_other_text_stays_as_it_is(texts: list[str], render: Render) -> None:
    """Where nothing was copied, no byte changes."""
    lines = block(render, "\n".join(texts))
    assert with_copies(lines, {}) == lines


@pytest.mark.parametrize(
    ("folder", "path", "link"),
    [
        ("pages", "assets/readwise/a.png", "../assets/readwise/a.png"),
        ("", "assets/readwise/a.png", "assets/readwise/a.png"),
        ("Readwise/Tweets", "Readwise/assets/a.png", "../assets/a.png"),
        (
            "Readwise/Tweets",
            "Meine Bilder/地#1 (50%)/a.png",
            "../../Meine%20Bilder/地%231%20%2850%25%29/a.png",
        ),
        ("A", "A/a.png", "a.png"),
    ],
)
def test_a_link_leads_from_the_page_to_the_file(folder: str, path: str, link: str) -> None:
    """With what would end it, or begin a part of a file, percent-encoded."""
    assert link_from(folder, path) == link
