"""The lines that tell what came, and the names that apps give to days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats.format import Came, Piece
from syncd.page.dates import logseq_date, logseq_day, obsidian_day
from syncd.page.markdown import parse_markdown
from syncd.page.names import page_title
from syncd.page.occurrences import occurrences
from syncd.page.splice import splice
from syncd.sync.announce import add_to_journal, add_to_log, journal_line, log_line

TEXTS = st.lists(
    st.sampled_from(
        ["- a", "\t- b", "text", "", "```", "* 一", "- Highlights from Readwise: [[x]]"]
    )
)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("yyyy_MM_dd", "2024_07_01"),
        ("yyyyMMdd", "20240701"),
        ("MMM do, yyyy", "Jul 1st, 2024"),
        ("MMMM do, yyyy", "July 1st, 2024"),
        ("E, dd.MM.yyyy", "Mon, 01.07.2024"),
        ("EEEE, MM/dd/yyyy", "Monday, 07/01/2024"),
        ("yyyy年MM月dd日", "2024年07月01日"),
        ("d. M. yy 'Tag'", "1. 7. 24 Tag"),
    ],
)
def test_a_day_by_logseqs_patterns(pattern: str, name: str) -> None:
    """Those that Logseq offers, and more."""
    assert logseq_day(pattern, date(2024, 7, 1)) == name


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("YYYY-MM-DD", "2024-07-01"),
        ("YYYY/MM-MMMM/YYYY-MM-DD-dddd", "2024/07-July/2024-07-01-Monday"),
        ("[Woche] W GGGG, Do MMM YY", "Woche 27 2024, 1st Jul 24"),
        ("D.M.YYYY", "1.7.2024"),
        ("YYYY-DDDD", "2024-183"),
    ],
)
def test_a_day_by_obsidians_patterns(pattern: str, name: str) -> None:
    """Folders too."""
    assert obsidian_day(pattern, date(2024, 7, 1)) == name


@given(
    st.dates(date(1000, 1, 1)),
    st.sampled_from(
        [
            "yyyy_MM_dd",
            "MMM do, yyyy",
            "do MMMM yyyy",
            "EEEE, d.M.yyyy",
            "yyyy年MM月dd日",
            "'100%' yyyyMMdd",
        ]
    ),
)
def test_a_day_is_read_from_the_name_that_it_was_given(day: date, pattern: str) -> None:
    """In small letters too, as pages are compared."""
    name = logseq_day(pattern, day)
    assert logseq_date(pattern, name) == day
    assert logseq_date(pattern, name.lower()) == day


@pytest.mark.parametrize(
    "name", ["2024_13_01", "2024_02_30", "2024_07_01 b", "x", "", "२०२४_०७", "\udcff_\n"]
)
def test_what_is_no_day_is_none(name: str) -> None:
    """Nor is anything a day by a pattern that is odd."""
    assert logseq_date("yyyy_MM_dd", name) is None
    assert logseq_date("yyyy yyyy", name) is None


def test_letters_that_are_not_known_are_no_guess() -> None:
    """Else a journal would be made that the app does not find."""
    with pytest.raises(ValueError, match="date pattern 'yyyy-ww' has 'ww'"):
        logseq_day("yyyy-ww", date(2024, 7, 1))
    with pytest.raises(ValueError, match="has 'BB'"):
        obsidian_day("BB-MM", date(2024, 7, 1))


def test_ordinals_are_english() -> None:
    """1st, 2nd, 3rd, and 11th to 13th."""
    days = [
        logseq_day("do", date(2024, 7, 1) + timedelta(days=n))
        for n in (0, 1, 2, 3, 10, 11, 12, 20, 21, 22, 30)
    ]
    assert " ".join(days) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 31st"


def test_the_lines_name_the_moment_the_count_and_the_pages() -> None:
    """No line grows beyond fifty links."""
    moment = datetime(2024, 7, 1, 9, 5)  # noqa: DTZ001  # in the vault's zone
    assert log_line(moment, [Came("R/一", "", 1)]) == "2024-07-01 09:05: 1 highlight on [[R/一]]"
    assert (
        log_line(moment, [Came("a", "", 2), Came("b", "", 1)])
        == "2024-07-01 09:05: 3 highlights on [[a]], [[b]]"
    )
    assert journal_line(["a"]) == "Highlights from Readwise: [[a]]"
    assert log_line(moment, [Came("a", "", 2)] * 50).endswith("[[a]]")
    assert log_line(moment, [Came("a", "", 2)] * 62).endswith(", [[a]] and 12 more")


@given(TEXTS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_stands_on_the_page_stays_byte_for_byte(
    lines: list[str], newline: str, ended: bool
) -> None:
    """A line is put behind it, once."""
    text = newline.join(lines) + (newline if ended else "")
    page = parse_markdown(text)
    new = [Piece(0, ["neu"])]
    edit = add_to_log(page, new, "-", again=False)
    assert edit is not None
    after = splice(page, [edit])
    assert after.replace(newline, "\n").replace("- neu", "").strip("\n") == text.replace(
        newline, "\n"
    ).strip("\n")
    assert after.endswith(newline) == text.endswith(newline)
    assert add_to_log(parse_markdown(after), new, "-", again=False) is None
    assert add_to_log(parse_markdown(after), new, "-", again=True) is not None


def test_a_log_of_several_blocks_is_written_as_the_file_writes_blocks() -> None:
    """And once, though only its first line is looked for."""
    blocks = [Piece(0, ["zwei", "weiter"]), Piece(1, ["一"]), Piece(1, ["二"])]
    for text, mark, expected in (
        ("- alt\n", "-", "- alt\n- zwei\n  weiter\n\t- 一\n\t- 二\n"),
        ("* alt\n", "*", "* alt\n* zwei\nweiter\n** 一\n** 二\n"),
    ):
        edit = add_to_log(parse_markdown(text), blocks, mark, again=False)
        assert edit is not None
        assert splice(parse_markdown(text), [edit]) == expected
        assert add_to_log(parse_markdown(expected), blocks, mark, again=False) is None


@given(
    TEXTS,
    st.lists(st.sampled_from("abc"), unique=True),
    st.lists(st.sampled_from("bcd"), unique=True, min_size=1),
)
def test_a_journals_line_is_added_to_or_followed_by_another(
    lines: list[str], before: list[str], new: list[str]
) -> None:
    """Ours as it was written takes in what is new; once more changes nothing."""
    own = [f"- {journal_line(before)}"] if before else []
    page = parse_markdown("\n".join([*lines, *own]))
    edit, links = add_to_journal(page, before, new, "-")
    after = splice(page, [edit] if edit else [])
    assert set(links) == {*before, *new}
    assert f"- {journal_line(links)}" in after.split("\n")
    assert add_to_journal(parse_markdown(after), before, new, "-") == (None, links)
    changed = parse_markdown(after.replace("Highlights from", "Mine from"))
    edit, links = add_to_journal(changed, before, new, "-")
    assert edit is not None
    assert (edit.start, links) == (edit.end, new)


@given(st.lists(st.text(), max_size=3))
def test_the_lines_are_no_highlights_whatever_the_titles_are(titles: list[str]) -> None:
    """Their links lead to pages only."""
    links = [page_title("R", f"{title} [View Tweet](https://x.com/a/status/1)") for title in titles]
    page = parse_markdown(f"- {journal_line(links)}")
    assert [
        key
        for key, _ in occurrences(page, is_document=True, by_id=False)
        if not key.startswith("text:")
    ] == []
