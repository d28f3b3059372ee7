"""The quick ways to the identities of links find what the thorough ones do."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.page.identity import link_key
from syncd.page.links import is_marked, labelled_keys, links_in, lone_key, own_key

ADDRESS = "https://twitter.com/uhu/status/20"
PARTS = [
    f"([View Tweet]({ADDRESS}))",
    f"([View Highlight]({ADDRESS}?a=(b)))",
    "([View Tweet](https://夜.example/a))",
    "([View Highlight](HTTPS://e.example/%20))",
    "([View Tweet](mailto:a@e.example))",
    f"[View Tweet]({ADDRESS})",
    f"([[{ADDRESS}][View Tweet]])",
    " #Highlight",
    " 2024-01-01",
    " #[[2024-01-01]]",
    " ^rw-7",
    " | x |",
    "| ",
    "](",
    "[",
    "\\",
    ")",
    "(",
    " يقول ",
    "नमस्ते",
    "🦉",
    "color:: red",
]
LINES = st.lists(st.sampled_from(PARTS), max_size=5).map("".join)


@given(st.lists(LINES, min_size=1, max_size=3))
@example([f"夜 ([View Tweet]({ADDRESS})) #Highlight 2024-01-01"])
def test_a_lone_key_is_the_own_one_and_the_only_one(content: list[str]) -> None:
    """Or it is left to the thorough way."""
    lone = lone_key(content)
    links = links_in(content)
    if lone is not None:
        assert own_key(links, marked=is_marked(content)) == lone
        assert labelled_keys(links) == (lone,)
        assert len(links) == 1


def test_a_block_as_syncd_writes_it_takes_the_quick_way() -> None:
    """In both formats in Markdown."""
    for tail in ("#Highlight", "#Highlight 2024-01-01", "#Highlight #[[2024-01-01]] ^rw-1"):
        assert lone_key(["茶馆", f"x ([View Tweet]({ADDRESS})) {tail}"]) == "tweet:20"


PATHS = st.lists(
    st.sampled_from(["/", "a", "Ä", "%C3%84", ".", "~", "-", "//", "_x", "7"]), max_size=6
)
HOSTS = st.sampled_from(
    ["e.example", "www.", "www..", "www.e.example", "www.www.e", "E.example", "münchen.example"]
)


@given(st.sampled_from(["http", "https"]), HOSTS, PATHS.map("".join))
def test_a_usual_address_has_the_identity_that_the_thorough_way_gives(
    scheme: str, host: str, path: str
) -> None:
    """A scheme in capitals takes the thorough way, and makes no other difference."""
    assert link_key(f"{scheme}://{host}/{path}") == link_key(f"{scheme.upper()}://{host}/{path}")
    assert link_key(f"{scheme}://{host}") == link_key(f"{scheme.upper()}://{host}")
