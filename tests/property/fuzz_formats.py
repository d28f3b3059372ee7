"""`make fuzz`: SYNCD_FUZZ texts (100,000) on pages of each format, read by others' parsers.

SYNCD_SEED has others.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.support import hostile, logseq_oracle, obsidian_oracle, org_oracle

COUNT = int(os.environ.get("SYNCD_FUZZ", "100000"))
SEED = int(os.environ.get("SYNCD_SEED", "0"))
BATCH = 2000
READ_BY_LOGSEQ = pytest.mark.needs("logseq-parser")


def logseq(seed: int, count: int) -> list[tuple[str, str]]:
    """What is wrong with Logseq's pages, by its own parser; every fifth text is plain too."""
    texts = hostile.texts(seed, count)
    return [*logseq_oracle.problems(texts), *logseq_oracle.problems(texts[::5], plain=True)]


def org(seed: int, count: int) -> list[tuple[str, str]]:
    """The same in Org."""
    texts = hostile.texts(seed, count, org_oracle.TOKENS)
    return [*org_oracle.problems(texts), *org_oracle.problems(texts[::5], plain=True)]


def obsidian(seed: int, count: int) -> list[tuple[str, str]]:
    """What is wrong with Obsidian's pages, by a CommonMark parser and a YAML parser."""
    tokens = [*obsidian_oracle.MARKS, *obsidian_oracle.WORDS * 4]
    return obsidian_oracle.problems(hostile.texts(seed, count, tokens))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
@pytest.mark.parametrize(
    "problems",
    [pytest.param(logseq, marks=READ_BY_LOGSEQ), pytest.param(org, marks=READ_BY_LOGSEQ), obsidian],
)
def test_fuzz(problems: Callable[[int, int], list[tuple[str, str]]], batch: int) -> None:
    """A batch of hostile texts.

    None breaks a page, is live on it, or reads otherwise than it was written.
    """
    assert problems(SEED * 1_000_003 + 1000 + batch, min(BATCH, COUNT - batch * BATCH))[:5] == []
