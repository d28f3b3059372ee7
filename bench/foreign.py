"""An invented vault of pages that have nothing to do with Readwise: `foreign.py APP FOLDER PAGES`.

It is a process of its own, whose memory does not count for what is measured.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

_WORDS = (  # noqa: SIM905
    "harbour light keeper rope boat winter morning letter meeting idea list review garden "
    "灯台 会议 茶馆 القهوة الطريق पुल रोशनी плотник пароход Bäcker café 🛶"
).split()
_FOLDERS = 50
_LINES = 20


def obsidian(root: Path, pages: int) -> None:
    """Notes with headings, lists, paragraphs and links; every other one has front matter."""
    random = Random(pages)
    (root / ".obsidian").mkdir(parents=True)
    for number in range(pages):
        folder = root / f"folder {number % _FOLDERS}"
        folder.mkdir(exist_ok=True)
        day = f"2024-01-{number % 28 + 1:02}"
        front = f"---\ntags: [a, b/c]\ncreated: {day}\naliases:\n  - N{number}\n---\n"
        lines = [_line(random, pages, bullet="- ") for _ in range(_LINES)]
        text = f"{front if number % 2 else ''}# {_words(random, 3)}\n\n" + "\n".join(lines)
        (folder / f"Note {number}.md").write_text(f"{text}\n", encoding="utf-8")


def logseq(root: Path, pages: int) -> None:
    """Pages of blocks at several depths; every other one has properties."""
    random = Random(pages)
    (root / "logseq").mkdir(parents=True)
    (root / "logseq" / "config.edn").write_text("{:file/name-format :triple-lowbar}")
    (root / "pages").mkdir()
    for number in range(pages):
        day = f"[[2024-01-{number % 28 + 1:02}]]"
        front = f"tags:: a, b\ncreated:: {day}\n\n" if number % 2 else ""
        bullets = ("\t" * random.randrange(3) + "- " for _ in range(_LINES))
        lines = [_line(random, pages, bullet) for bullet in bullets]
        text = front + "\n".join(lines)
        (root / "pages" / f"Note {number}.md").write_text(f"{text}\n", encoding="utf-8")


def _line(random: Random, pages: int, bullet: str) -> str:
    kind = random.random()
    if kind < 0.6:
        return f"{bullet}{_words(random, 12)} [[Note {random.randrange(pages)}]] #tag"
    if kind < 0.75:
        return f"{bullet}{_words(random, 15)} [link](https://example.org/{random.randrange(9999)})"
    return f"{bullet}{_words(random, 25)}"


def _words(random: Random, count: int) -> str:
    return " ".join(random.choice(_WORDS) for _ in range(count))


if __name__ == "__main__":
    {"logseq": logseq, "obsidian": obsidian}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
