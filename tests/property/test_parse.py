"""Parsing loses nothing, and a block is known again however Logseq writes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncd.formats.escape import logseq_lines
from syncd.page.blocks import digest
from syncd.page.markdown import bullet, parse_markdown
from syncd.page.rendered import Rendered

PIECES = [
    *(
        "\n",
        "\r\n",
        "\r",
        "\t",
        "  ",
        " ",
        "\ufeff",
        "\x0b",
        "\x85",
        "\u2028",
        "\u00a0",
        "\0",
        "\udc80",
    ),
    *(
        "- ",
        "-",
        "* ",
        "# ",
        "## तृतीय",
        "```",
        "~~~",
        "```py",
        "id:: 5",
        "collapsed:: true",
        "::",
        "title:: 題",
    ),
    *(
        "**Note**:",
        "**Tags**: #[[喜]]",
        "words",
        "مرحبا",
        "e\u0301",
        "🧵",
        "([View Tweet](https://x.com/a/status/5))",
    ),
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=30).map("".join)
FOREIGN = HOSTILE.filter(lambda text: "\udc80" not in text)
INDENTS = st.sampled_from(["", "\t", "\t\t", "  ", "    "])


@given(HOSTILE)
def test_a_page_is_its_lines(text: str) -> None:
    """Whatever the text, its lines joined give it back, and blocks lie in order side by side."""
    page = parse_markdown(text)
    assert "".join(page.lines) == text
    assert page.first == (page.blocks[0].start if page.blocks else len(page.lines))
    behind = 0
    for index, block in enumerate(page.blocks):
        assert behind <= block.start < block.own_end <= block.end
        assert index < page.subtree(index) <= len(page.blocks)
        assert page.content(block)
        behind = block.end
    assert behind <= len(page.lines)


@given(
    st.lists(st.tuples(FOREIGN, FOREIGN), min_size=1, max_size=4),
    INDENTS,
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_syncd_writes_it_knows_again(
    texts: list[tuple[str, str]], indent: str, newline: str
) -> None:
    """Each block and note comes back as itself.

    For any foreign text, at any depth, with any line ends.
    """
    written = []
    for text, note in texts:
        body, said = logseq_lines(text), logseq_lines(note, inline=True)
        body[-1] += " #Highlight" if not body[-1].startswith(("```", "~~~")) else ""
        written.append(Rendered(body, None, [f"**Note**: {said[0]}", *said[1:]]))
    lines = [line for one in written for line in one.lines(indent)]
    page = parse_markdown(newline.join(["title:: x", *lines]))
    wanted = [hash_ for one in written for hash_ in (one.digests().text, one.digests().note)]
    assert [digest(page.content(block)) for block in page.blocks] == wanted


@given(FOREIGN, INDENTS, INDENTS, st.booleans(), st.booleans())
def test_a_digest_outlives_what_logseq_does_to_a_block(
    text: str, before: str, after: str, blanks: bool, marked: bool
) -> None:
    """Another indent, trailing blanks, `id::` and `collapsed::` lines: it still says the same."""
    content = logseq_lines(text)
    content[-1] += " ([View Tweet](https://x.com/i/status/7)) #Highlight"
    one = parse_markdown("\n".join(bullet(content, before)))
    at = len(content) if content[0].startswith(("```", "~~~")) else 1
    own = ["id:: 64a1f0c2-1111-4222-8333-944445555666", "collapsed:: true"] if marked else []
    lines = bullet([*content[:at], *own, *content[at:]], after)
    two = parse_markdown(
        "\n".join(f"{line}  " if blanks else line.rstrip() for line in lines) + "\n" * 3 * blanks
    )
    assert len(one.blocks) == len(two.blocks) == 1
    assert (
        digest(one.content(one.blocks[0])) == digest(two.content(two.blocks[0])) == digest(content)
    )
