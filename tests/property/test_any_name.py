"""Names for any title."""

from __future__ import annotations

from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from syncd.page.names import (
    NameStyle,
    file_key,
    file_name,
    name_key,
    obsidian_name,
    short_title,
    title_of,
)

STYLES: st.SearchStrategy[NameStyle] = st.sampled_from(["triple-lowbar", "legacy"])
ALPHABET = st.one_of(st.characters(), st.sampled_from("/_.%#[]{}:?2F \n\u202e"))
TITLES = st.text(ALPHABET, max_size=120)
SAFE = st.text(
    ALPHABET.filter(lambda char: char >= " " and char.isprintable()), min_size=1, max_size=40
)


@given(TITLES)
def test_a_short_title_is_one_harmless_line(title: str) -> None:
    """Whatever the document is called; and shortening it again changes nothing."""
    short = short_title(title)
    assert 0 < len(short) <= 61
    assert len(short.splitlines()) == 1
    assert not any(part in short for part in ("/", "[[", "]]", "{{", "}}", "\0"))
    assert not short.endswith("]")
    assert short == short.strip()
    assert short_title(short) == short
    short.encode()


@given(st.lists(SAFE.filter(lambda part: "/" not in part), min_size=1, max_size=4))
def test_logseq_reads_the_title_back_from_a_triple_lowbar_name(parts: list[str]) -> None:
    """Every title without empty parts survives the way to the disk and back."""
    title = "/".join(parts)
    name = file_name(title, "triple-lowbar")
    if len(name.encode()) < 180:
        assert title_of(name.removesuffix(".md"), "triple-lowbar") == normalize("NFC", title)


@given(TITLES, STYLES)
def test_a_file_name_is_one_that_disks_hold(title: str, style: NameStyle) -> None:
    """One path part of at most 200 bytes, not hidden, without a character that Windows reserves."""
    name = file_name("R/" + short_title(title), style)
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\:*?"<>|\0')
    assert not name.startswith(".")


@given(TITLES)
def test_an_obsidian_name_needs_no_second_cleaning(title: str) -> None:
    """It can be held, linked, and is its own name."""
    name = obsidian_name(title)
    assert 0 < len(name.encode()) <= 197
    assert not set(name) & set('\\/:*?"<>|#^[]\0')
    assert name == name.strip(". ")
    assert obsidian_name(name) == name


@given(TITLES, TITLES)
def test_what_logseq_takes_for_one_page_is_one_file_too(one: str, other: str) -> None:
    """The file's key is never finer than the page's."""
    for title in (one, one.upper(), one.title()):
        if name_key(title) == name_key(other):
            assert file_key(title) == file_key(other)
    assert name_key(normalize("NFD", one)) == name_key(one)
