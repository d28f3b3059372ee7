"""Highlights in a note's running text."""

from __future__ import annotations

from syncd.adopt.prose import said_below
from syncd.page.links import fingerprint

NOTE = """# Eulen bei Nacht und im Nebel
- Zusammenfassung: Eulen fliegen lautlos durch die Nacht
## Highlights

> [!tldr]- Eulen fliegen lautlos  [🔗](https://example.org/a)

<mark>梟は夜に静かに飛び、朝まで森を見守っている。</mark> #森

> ja
```
x = 1
```
"""


def said(*texts: str, among: tuple[str, ...] = ()) -> list[str]:
    """Which of the texts the note says, `among` others that are elsewhere already."""
    known = dict(enumerate([*texts, *among]))
    prints = {id_: fingerprint(text) for id_, text in known.items()}
    return sorted(
        known[id_] for id_ in said_below(NOTE.splitlines(True), prints, range(len(texts)))
    )


def test_what_stands_below_the_highlights_heading_is_said() -> None:
    """In quotes, callouts and paragraphs; what stands above is not."""
    assert said("Eulen fliegen lautlos") == ["Eulen fliegen lautlos"]
    assert said("梟は夜に静かに飛び、朝まで森を見守っている。") == [
        "梟は夜に静かに飛び、朝まで森を見守っている。"
    ]
    assert said("Eulen bei Nacht und im Nebel", "Eulen fliegen lautlos durch die Nacht") == []


def test_a_short_text_must_be_a_whole_line() -> None:
    """A word is found in many texts."""
    assert said("ja", "森", "lautlos", "nein") == ["ja"]


def test_no_words_count_for_two_highlights() -> None:
    """The longer one has them, and one that says the same as another has none left."""
    assert said("Eulen fliegen", among=("Eulen fliegen lautlos",)) == []
    assert len(said("Eulen fliegen lautlos", "eulen fliegen lautlos")) == 1
    assert len(said("ja", "Ja")) == 1


def test_the_whole_text_of_a_document_says_no_highlight() -> None:
    """Whatever headings it has: everything that can be highlighted stands in it."""
    whole = "## Full Document\n# Highlights des Jahres\n## Highlights\nder ganze Text der Eulen\n"
    known = {1: fingerprint("der ganze Text der Eulen"), 2: fingerprint("die zweite Eule fliegt")}
    note = f"{whole}## Highlights\n> die zweite Eule fliegt\n"
    assert said_below(note.splitlines(True), known, {1, 2}) == {2}
    assert said_below(whole.replace("## Highlights\n", "").splitlines(True), known, {1, 2}) == set()
