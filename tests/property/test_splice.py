"""Splicing changes the lines it is asked to, and no other byte."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.page.markdown import parse_markdown
from syncd.page.splice import Edit, splice
from tests.property.test_parse import HOSTILE

NEW = st.lists(
    st.sampled_from(["- neu", "\t- **Note**: नया", "  weiter", "", "- 新しい ```"]), max_size=3
)
EDITS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), NEW), max_size=5)


@given(HOSTILE)
@example("- a\n- b\r")
@example("- a\r\n- b\r")
def test_no_edit_changes_no_byte(text: str) -> None:
    """Line ends of all kinds, a byte order mark, fences, the last newline or none."""
    assert splice(parse_markdown(text), []) == text


@given(HOSTILE, EDITS)
def test_every_line_that_is_not_replaced_stays_byte_for_byte(
    text: str, asked: list[tuple[int, int, list[str]]]
) -> None:
    """Only the file's last line may gain a line end, or be the last without one."""
    page = parse_markdown(text)
    edits, free = [], 0
    for at, length, new in sorted(asked):
        start = min(max(at, free), len(page.lines))
        end = min(start + length, len(page.lines))
        edits.append(Edit(start, end, new))
        free = end + 1
    result = parse_markdown(splice(page, edits)).lines
    wanted: list[tuple[str, bool]] = []
    done = 0
    for edit in edits:
        wanted += [(line, True) for line in page.lines[done : edit.start]] + [
            (line, False) for line in edit.new
        ]
        done = edit.end
    wanted += [(line, True) for line in page.lines[done:]]
    while wanted and not result and wanted[-1] == ("", False):
        wanted.pop()
    for number, (line, old) in enumerate(wanted):
        got = result[number] if number < len(result) else ""
        last = number >= len(result) - 1
        if old and line.endswith("\n") and not (last and not text.endswith("\n")):
            assert got == line
        elif old:
            assert got in (line, line + page.newline) or (last and got == line.rstrip("\r\n"))
        else:
            assert got in (line + page.newline, line)


@given(HOSTILE.filter(bool), EDITS)
@example("- a\n- b\r", [(0, 1, ["- neu"])])
def test_the_last_line_ends_as_it_did(text: str, asked: list[tuple[int, int, list[str]]]) -> None:
    """With a line end or without, whatever is appended."""
    page = parse_markdown(text)
    end = len(page.lines)
    new = ["- neu", *(line for _, _, lines in asked for line in lines), "- ende"]
    assert splice(page, [Edit(end, end, new)]).endswith("\n") == text.endswith("\n")


def test_a_last_line_keeps_its_lone_carriage_return() -> None:
    """Whatever changes above it."""
    page = parse_markdown("- a\n- b\r")
    assert splice(page, [Edit(0, 1, ["- neu"])]) == "- neu\n- b\r"


def test_a_page_with_windows_line_ends_keeps_them() -> None:
    """New lines end as the file's first does; those that its owner mixed in stay."""
    page = parse_markdown("\ufefftitle:: x\r\n- eins\n\t- zwei\r\n- drei")
    assert splice(page, [Edit(4, 4, ["- vier"]), Edit(1, 2, ["- 一", "  二"])]) == (
        "\ufefftitle:: x\r\n- 一\r\n  二\r\n\t- zwei\r\n- drei\r\n- vier"
    )
