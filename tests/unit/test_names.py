"""What pages and their files are called."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from syncd.page.names import (
    NameStyle,
    file_key,
    file_name,
    is_conflict_copy,
    name_key,
    obsidian_name,
    page_title,
    short_title,
    title_of,
)

ROOT = "Readwise/Highlights"


def test_the_golden_page_has_the_file_that_logseq_expects() -> None:
    """A title's final dots bring a separator, since Windows cannot hold a name that ends so."""
    title = page_title(ROOT, "SemiAnalysis 今早发布了一份 Goo...")
    assert title == "Readwise/Highlights/SemiAnalysis 今早发布了一份 Goo..."
    assert (
        file_name(title, "triple-lowbar")
        == "Readwise___Highlights___SemiAnalysis 今早发布了一份 Goo...___.md"
    )


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("On/Off and and/or", "On-Off and and-or"),
        ("ন" * 50, "ন" * 50),
        ("風" * 51, "風" * 45 + "..."),
        ("👩‍👩‍👧 घर", "👩‍👩‍👧 घर"),
        ("one\r\n  two\u2028three\tfour", "one two three four"),
        ("\u202eسلام\u202c\x00 \ufeffok\ud800", "سلام ok"),
        ("[[Already]] a {{query}} #tag", "[Already] a {query} #tag"),
        ("A talk [2023]", "A talk (2023)"),
        ("half open]", "half open"),
        ("", "Untitled"),
        ("  \u3000 ", "Untitled"),
        ("....", "Untitled"),
        ("\u200b\u2060", "Untitled"),
    ],
)
def test_a_short_title_is_safe_in_a_property_and_a_link(title: str, short: str) -> None:
    """One line, without separators, double brackets or what cannot be seen."""
    assert short_title(title) == short


@pytest.mark.parametrize(
    "title",
    [
        *(
            "2024-02-29",
            "2024/2/9",
            "2024_02_29",
            "20240229",
            "2024年2月29日",
            "29.02.2024",
            "02/29/2024",
        ),
        *(
            "Feb 29th, 2024",
            "february 29, 2024",
            "29 Feb 2024",
            "Thursday, 29-02-2024",
            "2024-02-29 Thursday",
        ),
    ],
)
def test_a_title_that_is_a_date_makes_no_journal_page(title: str) -> None:
    """The title stays readable and is no longer a date."""
    assert short_title(title) == f"{title.replace('/', '-')} (Readwise)"
    assert obsidian_name(title).endswith(" (Readwise)")


@pytest.mark.parametrize(
    "title", ["2024", "Feb 2024", "2024-02-29 in review", "12345678", "May 3 things, 2024"]
)
def test_a_title_that_only_resembles_a_date_is_left_alone(title: str) -> None:
    """Numbers and years are titles as any other."""
    assert short_title(title) == title


def test_a_page_title_takes_namespace_and_suffix() -> None:
    """The suffix is not cut off a long title, and an empty namespace leaves no slash."""
    assert page_title("/A/B/", "x" * 60, " (2)") == "A/B/" + "x" * 45 + "... (2)"
    assert page_title("", "Solo") == "Solo"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b", "a___b"),
        ("/a/b/", "a___b"),
        ("What? A: B", "What%3F A%3A B"),
        ('<*"|\\#>', "%3C%2A%22%7C%5C%23%3E"),
        ("100% and 50%2F", "100% and 50%252F"),
        (".hidden", "%2Ehidden"),
        ("ends.", "ends.___"),
        ("CON", "CON___"),
        ("a___b", "a%5F%5F%5Fb"),
        ("a_/_b", "a%5F___%5Fb"),
        ("e\u0301te\u0301 नमस्ते 😀", "\u00e9t\u00e9 नमस्ते 😀"),
    ],
)
def test_triple_lowbar_names_follow_logseq_both_ways(title: str, name: str) -> None:
    """Each of Logseq's rules, in its order, and the title that Logseq reads back."""
    assert file_name(title, "triple-lowbar") == f"{name}.md"
    assert title_of(name, "triple-lowbar") == normalize("NFC", title).strip("/")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b", "a%2Fb"),
        ("50% of a_/_b: #1?", "50%25 of a_%2F_b%3A %231%3F"),
        ("مرحبا/世界", "مرحبا%2F世界"),
    ],
)
def test_legacy_names_follow_logseq_both_ways(title: str, name: str) -> None:
    """Slashes and percent signs are encoded, too."""
    assert file_name(title, "legacy") == f"{name}.md"
    assert title_of(name, "legacy") == title


def test_a_dot_in_a_legacy_name_means_a_namespace() -> None:
    """Graphs from before the escapes separate namespaces by dots.

    A malformed escape is read as it stands.
    """
    assert title_of("a.b", "legacy") == "a/b"
    assert title_of("a.b 5%", "legacy") == "a/b 5%"
    assert title_of("%FF", "legacy") == "%FF"


@pytest.mark.parametrize("style", ["triple-lowbar", "legacy"])
def test_a_long_name_is_cut_at_a_character_and_told_apart_by_a_hash(style: NameStyle) -> None:
    """200 bytes, no half character or escape, always the same, another for another title."""
    names = {file_name(f"R/{'?' * pad}{'界' * 90}{end}", style) for pad in range(4) for end in "ab"}
    assert len(names) == 8
    for name in names:
        assert 190 < len(name.encode()) <= 200
        assert "\ufffd" not in name
        assert name.endswith(".md")
    assert file_name("?" * 99, style, ".org") == file_name("?" * 99, style, ".org")


def test_one_page_has_one_key() -> None:
    """Case and composition make no difference; a disk ignores more than Logseq does."""
    assert name_key("CAFE\u0301/Ünïcode") == name_key("caf\u00e9/ünïcode")
    assert name_key("Straße") != name_key("STRASSE")
    assert file_key("Straße.md") == file_key("STRASSE.MD")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("On/Off: a\\b | c", "On-Off- a-b - c"),
        ("[Video] <i> #1 *best* ^ 100%% sure?", "(Video) (i) 1 best 100% sure"),
        ('She said "so"', "She said 'so'"),
        ("SemiAnalysis 今早发布了一份 Goo...", "SemiAnalysis 今早发布了一份 Goo…"),
        ("..hidden. ", "hidden"),
        ("nul", "_nul"),
        ("Com1.notes", "_Com1.notes"),
        ("???", "Untitled"),
        ("e\u0301tude", "\u00e9tude"),
    ],
)
def test_an_obsidian_name_fits_every_device_and_every_link(title: str, name: str) -> None:
    """Nothing that Windows, Android or a link refuses."""
    assert obsidian_name(title) == name


@pytest.mark.parametrize(
    "name",
    [
        "Ideen.sync-conflict-20240101-120000-ABCDEFG.md",
        "Ideen.sync-conflict-20240101-120000.md",
        "思路 (Conflicted copy phone 202401011200).md",
        "x (Conflicted copy Anna's phone (2) 202401011200).md",
        "x (Anna's conflicted copy 2024-01-01).md",
        "x (conflicted copy 2024-01-01 120000).md",
        "x (case conflict).md",
        "x (Case Conflict 1).md",
        "x (Anna's case conflict).md",
    ],
)
def test_conflict_copies_are_known_by_their_names(name: str) -> None:
    """Of Syncthing, Obsidian Sync, Dropbox and Nextcloud."""
    assert is_conflict_copy(name)


@pytest.mark.parametrize(
    "name",
    [
        "On conflicted copy rights.md",
        "A (conflicted copy) of me.md",
        "x 2.md",
        "a sync-conflict.md",
        "x (2).md",
    ],
)
def test_a_title_about_conflicts_is_no_conflict_copy(name: str) -> None:
    """Only the services' own forms count."""
    assert not is_conflict_copy(name)
