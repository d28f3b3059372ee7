"""Texts and queries as words, in every script; what finds what, by SQLite's own index."""

from __future__ import annotations

import sqlite3
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.page.words import asked, expression, indexed, matches


def finds(query: str, text: str) -> bool:
    """Whether an index with this one text finds it."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(text, content = '', tokenize = 'ascii')")
    db.execute("INSERT INTO t (text) VALUES (?)", (indexed(text),))
    found = db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression(asked(query)),))
    return bool(found.fetchone()[0])


def marked(query: str, text: str) -> list[str]:
    """What is set off in the text."""
    return [text[start:end] for start, end in matches(text, asked(query))]


@pytest.mark.parametrize(
    ("query", "text", "what"),
    [
        ("EULE", "Die Eule schweigt", ["Eule"]),
        ("eul", "Die Eule schweigt", ["Eule"]),
        ("cafe", "Le Café d’en bas", ["Café"]),
        ("CAFÉ", normalize("NFD", "le café noir"), [normalize("NFD", "café")]),
        ("strasse", "in der Straße", ["Straße"]),
        ("lodz", "pociąg do Łodzi", ["Łodzi"]),
        ("елка", "Ёлка стоит", ["Ёлка"]),
        ("اهلا", "أَهْلًا وسهلا", ["أَهْلًا"]),
        ("كتاب", "كـــتاب جديد", ["كـــتاب"]),
        ("שלום", "שָׁלוֹם לכם", ["שָׁלוֹם"]),
        ("茶馆", "山里的茶馆老板", ["茶馆"]),
        ("茶馆老板", "山里的茶馆老板", ["茶馆老板"]),
        ("猫", "黒猫", ["猫"]),
        ("猫", "猫と犬", ["猫"]),
        ("がっこう", "あのがっこうへ", ["がっこう"]),
        ("หนังสือ", "คนอ่านหนังสือทุกวัน", ["หนังสือ"]),
        ("학교", "학교에서 책을 읽는다", ["학교에서"]),
        ("पुल", "पुराने पुल पर", ["पुल"]),
        ("python入門", "みんなのＰｙｔｈｏｎ入門書", ["Ｐｙｔｈｏｎ入門"]),
        ("入門python", "入門Python", ["入門Python"]),
        ("12", "١٢ قمرا", ["١٢"]),
        ("🦉", "gute Nacht🦉", ["🦉"]),
        ("👩‍🚀", "the 👩🏽‍🚀 waves", ["👩🏽‍🚀"]),
        ("don't", "we don’t know", ["don’t"]),
        ("snake_case", "a `snake_case` name", ["snake_case"]),
        ("nacht eule", "Eule in der Nacht", ["Eule", "Nacht"]),
        ('"der nacht"', "Eule in der Nacht", ["der Nacht"]),
        ("„der nacht“", "Eule in der Nacht", ["der Nacht"]),
    ],
)
def test_a_word_is_found_however_it_was_typed(query: str, text: str, what: list[str]) -> None:
    """And set off where it stands, with the whole of the word that it begins."""
    assert finds(query, text)
    assert marked(query, text) == what


def test_kana_of_half_width_are_the_same_kana() -> None:
    """Whose voice marks are characters of their own."""
    assert finds("ガス", "ｶﾞｽ")
    assert finds("ｶﾞｽ", "ガス")
    assert not finds("カス", "ガス")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ule", "Die Eule schweigt"),
        ("eule hund", "Die Eule schweigt"),
        ('"nacht der"', "Eule in der Nacht"),
        ('"nach"', "Eule in der Nacht"),
        ("馆茶", "山里的茶馆老板"),
        ("茶板", "山里的茶馆老板"),
        ("か", "がっこう"),
        ("東京", "東の京"),
        ("मल", "माल"),
    ],
)
def test_other_words_are_not_found(query: str, text: str) -> None:
    """Ends of words, words in another order, signs that do not stand together."""
    assert not finds(query, text)


@pytest.mark.parametrize("query", ["", "  ", "!?", '""', "—", "\u200d\ufe0f"])
def test_marks_alone_ask_for_nothing(query: str) -> None:
    """There is no word in them."""
    assert asked(query) == []


@given(st.text(min_size=1, max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_a_text_is_found_by_itself_within_any_other(text: str, before: str, behind: str) -> None:
    """Whatever it is made of, and no query is one that SQLite does not understand."""
    text = text.replace('"', " ")
    if asked(f'"{text}"'):
        assert finds(text, f"{before} {text} {behind}")
