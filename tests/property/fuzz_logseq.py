"""`make fuzz`: SYNCD_FUZZ texts (100,000) through Logseq's parser; SYNCD_SEED (0) chooses others."""

from __future__ import annotations

import os

import pytest

from tests import hostile, logseq_oracle, logseq_parser

COUNT = int(os.environ.get("SYNCD_FUZZ", "100000"))
SEED = int(os.environ.get("SYNCD_SEED", "0"))
BATCH = 2000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
def test_fuzz(batch: int) -> None:
    """A batch of hostile texts: none breaks a page, is live on it, loses words or gets a backslash twice."""
    if reason := logseq_parser.missing():
        pytest.skip(reason)
    texts = hostile.texts(SEED * 1_000_003 + 1000 + batch, min(BATCH, COUNT - batch * BATCH))
    wrong = [(text, reason) for text in texts if (reason := logseq_oracle.round_trip(text))]
    wrong += logseq_oracle.problems(texts) + logseq_oracle.problems(texts[::5], plain=True)
    assert wrong[:5] == []
