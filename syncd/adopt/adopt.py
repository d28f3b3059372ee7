"""Takes over blocks that another program wrote: the one step that knows of other programs. Pure.

A block that stands as its program writes the highlight counts as untouched, so that later edits
arrive in it; one that its owner changed counts as the owner's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from syncd.adopt.dialects import BLOCK, NOTE_LABELS, TAG_LABELS, Dialect
from syncd.adopt.paragraphs import in_paragraphs
from syncd.adopt.words import before_list, plain, said_in, without_heading
from syncd.formats.heading import one_line
from syncd.model import Highlight
from syncd.page.action_tags import shown_of
from syncd.page.base import UNSETTLED, Base
from syncd.page.blocks import Page
from syncd.page.links import fingerprint, labelled_keys, links_in
from syncd.page.rendered import NOTE, PARTS, TAGS, Digests, Labels, Part, Rendered
from syncd.regex import regex

_TAG = regex(r"#?\[\[([^\[\]]*)\]\]|#([^\s#\[\],]+)")


class Found(NamedTuple):
    """A highlight's block as it stands: its content and its children's, [] for a child it lacks.

    `digests` are theirs; `want` those of what syncd would write, `account` those of the account's
    fields. `alone`: whether nothing else stands below it.
    """

    highlight: Highlight
    contents: Mapping[Part, list[str]]
    digests: Digests
    want: Digests
    account: Digests
    alone: bool = False


def adopt(found: Found, base: Base | None, doubted: Collection[str] = PARTS) -> Base:
    """The base of a block that another program, or an older syncd, wrote.

    `base` is what an older syncd knew, which did not keep what the account said.
    """
    page: dict[Part, bytes] = {}
    account: dict[Part, bytes] = {}
    taken_over = False
    for part in PARTS:
        now, want = getattr(found.digests, part), getattr(found.want, part)
        known = getattr(base.page, part) if base else None
        is_open = known not in (None, want) and part in doubted
        page[part], account[part] = want, getattr(found.account, part)
        if known is not None and now in (known, want):
            page[part] = known
            if is_open and not _stands_as_written(found, part):
                account[part] = UNSETTLED
        elif now == want:
            continue
        elif _stands_as_written(found, part):
            page[part] = now
            taken_over = taken_over or part == "text"
        elif known is not None:
            page[part] = known
            if is_open:
                account[part] = UNSETTLED
    start = base or Base(found.want)
    return start._replace(
        page=Digests(**page), account=Digests(**account), adopted=start.adopted or taken_over
    )


def with_dialects(labels: Labels) -> Labels:
    """The labels of a format's children, and those that other programs write."""
    tags = dict.fromkeys((*labels.tags, *TAG_LABELS))
    note = dict.fromkeys((*labels.note, *NOTE_LABELS))
    return Labels(tuple(tags), tuple(note))


def read_in(dialect: Dialect | None, page: Page) -> Page:
    """A page with its highlights as blocks, as its program means it."""
    if dialect is None or dialect.paragraphs is None:
        return page
    return in_paragraphs(page, dialect.paragraphs)


def in_manner_of(
    dialect: Dialect | None, rendered: Rendered, key: str | None, content: Sequence[str]
) -> Rendered:
    """A highlight as it is written into a block that another program wrote, whose `content` stands.

    What stands behind the text there stays: the program's label, marks and id, on which references
    depend. `key` is the highlight's identity: a link to anything else does not stay.
    """
    theirs, ours = (BLOCK.fullmatch("\n".join(lines)) for lines in (content, rendered.text))
    if theirs is None or ours is None:
        return rendered
    tail = theirs.string[theirs.end("text") :]
    text = rendered.text
    if tail.strip() and set(labelled_keys(links_in(tail.split("\n")))) <= {key}:
        text = (ours["text"].rstrip() + tail).split("\n")
    if dialect is None:
        return rendered._replace(text=text)
    tags, note = (
        _labelled(rendered.tags, TAGS, dialect.tags),
        _labelled(rendered.note, NOTE, dialect.note),
    )
    return Rendered(text, tags, note)


def _labelled(content: list[str] | None, ours: str, label: str) -> list[str] | None:
    if not content or not content[0].startswith(ours):
        return content
    return [label + content[0].removeprefix(ours), *content[1:]]


def _stands_as_written(found: Found, part: Part) -> bool:
    """Whether a part says what the account says, as a program writes it."""
    content, shown = found.contents[part], shown_of(found.highlight)
    if part == "text":
        text, said = found.highlight.text or "", said_in(content)
        if shown.level:
            return plain(without_heading(said)) == plain(one_line(text))
        is_cut = found.alone and bool(said) and said == plain(before_list(text))
        return is_cut or said == plain(text)
    if not content:
        # a program that writes no such line, or one that was written before there was a tag or note
        return found.digests.text != found.want.text
    words = "\n".join(content)
    if part == "note":
        notes = (shown.note, found.highlight.note or "")
        return plain(_behind(words, NOTE_LABELS)) in map(plain, notes)
    names = [one or other for one, other in _TAG.findall(_behind(words, TAG_LABELS))]
    there = sorted(map(fingerprint, names))
    either = (shown.tags, found.highlight.tag_names)
    return any(there == sorted(map(fingerprint, tags)) for tags in either)


def _behind(words: str, labels: Sequence[str]) -> str:
    label = next((one for one in labels if words.startswith(one)), "")
    return words.removeprefix(label)
