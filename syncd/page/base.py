"""What was last agreed on a highlight: the base of its next merge. Pure values.

A base has two sides, what the account said and what stood on the page: they differ where another
program wrote the block.
"""

from __future__ import annotations

from typing import NamedTuple

from syncd.page.rendered import Digests, Part

# What no account's part has: a part with this digest differs until both sides agree.
UNSETTLED = b"\xff" * 16
# The same, of a part whose words on the page their owner gave up: no earlier state of ours.
TAKEN = b"\xfe" * 16


class Past(NamedTuple):
    """An earlier state of a part.

    Its digest on the page, and when (ns) a write of ours ended it.
    """

    part: Part
    digest: bytes
    until: int


class Base(NamedTuple):
    """What account and page said of a highlight when they were last settled.

    `account` is None where an older syncd did not keep it. `since` is when (ns) a write of ours
    brought the block, 0 where it stood there before. `adopted`: another program wrote it; `again`:
    it was written again since the page had gone back in time. `place` is the page on which it
    stands where that is not its document's, `seen` the digest of the words that stand there where
    they are its owner's, or may be; None where they are ours. By it the block is known again when
    account or owner change more, and what says that is never overwritten.
    """

    page: Digests
    account: Digests | None = None
    past: tuple[Past, ...] = ()
    since: int = 0
    adopted: bool = False
    again: bool = False
    place: str | None = None
    seen: bytes | None = None
