"""Prints sentences so that a terminal of any width breaks them between words."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

import click


def say(text: str, *, err: bool = False, hang: int = 2) -> None:
    """Print a text; on a terminal its lines break between words, and go on `hang` columns in.

    Colours are for a terminal alone, and for none where NO_COLOR is set.
    """
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        width, _ = size_of(stream)
        text = "\n".join(wrapped(line, width, hang) for line in text.split("\n"))
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def size_of(terminal: TextIO) -> os.terminal_size:
    """How many columns and lines a terminal has; COLUMNS and LINES say otherwise."""
    size = os.terminal_size((80, 24))
    with suppress(OSError, ValueError):
        found = os.get_terminal_size(terminal.fileno())
        size = found if all(found) else size  # a terminal may not know its size, and say 0
    asked = [os.environ.get(name, "") for name in ("COLUMNS", "LINES")]
    return os.terminal_size(
        int(text) if text.isdecimal() and int(text) else found
        for text, found in zip(asked, size, strict=True)
    )


def wrapped(line: str, width: int, hang: int = 2) -> str:
    """The line broken between words where it is wider than `width` columns.

    What follows a break is `hang` columns further in than the line. A word that is wider stays.
    """
    words = line.lstrip(" ").split(" ")
    indent = " " * (len(line) - len(line.lstrip(" ")))
    lines = [f"{indent}{words[0]}"]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if columns(longer) <= width:
            lines[-1] = longer
        elif word:
            lines.append(f"{indent}{' ' * hang}{word}")
    return "\n".join(lines)


def ending(text: str, width: int) -> str:
    """The text, or as much of its end as has room, behind a mark that something is left out."""
    if columns(text) <= width:
        return text
    start = next((at for at in range(len(text)) if columns(text[at:]) < width), len(text))
    return f"…{text[start:]}"


def columns(text: str) -> int:
    """How many columns of a terminal a line takes."""
    shown = click.unstyle(text)
    if shown.isascii():
        return len(shown)
    from rich.cells import cell_len

    return cell_len(shown)
