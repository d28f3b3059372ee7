"""What the tests of Obsidian vaults share.

A document of three highlights, and how to read and compare notes.
"""

from __future__ import annotations

import re

import frontmatter

from tests.support.world import World, add_book, snapshot, tweet

ID = re.compile(r"(?<!\S)\^rw-(\d+)$", re.MULTILINE)
HOME = "Readwise/Tweets/{}.md"


def properties(text: str) -> dict[str, object]:
    """A note's front matter."""
    return dict(frontmatter.parse(text.removeprefix("\ufeff"))[0])


def bullet(id_: int, number: int, text: str) -> str:
    """The line of a highlight that is a tweet."""
    link = f"([View Tweet](https://twitter.com/example_owl/status/{number}))"
    return f"- {text} {link} #Highlight [[2024-05-05]] ^rw-{id_}"


def owls(world: World, **fields: object) -> int:
    """A document of three tweets and its note, written."""
    book = add_book(
        world.library,
        "Eulen",
        tweet(11, "eins"),
        tweet(12, "zwei", note="Notiz", tags=[{"name": "nachts"}]),
        tweet(13, "drei"),
        **{
            "source_url": "https://twitter.com/example_owl/status/11",
            "book_tags": [{"name": "Vögel"}],
            **fields,
        },
    )
    world.sync()
    return book


def nothing_new(world: World) -> None:
    """A run and a full one write nothing."""
    before = snapshot(world.root)
    assert [world.sync(full=full).message for full in (False, True)] == ["notes: nothing new"] * 2
    assert snapshot(world.root) == before
