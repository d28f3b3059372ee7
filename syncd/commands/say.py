"""Prints sentences so that a terminal of any width breaks them between words."""

from __future__ import annotations

import os
import shutil
import sys

import click


def say(text: str, *, err: bool = False, hang: int = 2) -> None:
    """Print a text; on a terminal its lines break between words, and go on `hang` columns in.

    Colours are for a terminal alone, and for none where NO_COLOR is set.
    """
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        width = shutil.get_terminal_size().columns
        text = "\n".join(wrapped(line, width, hang) for line in text.split("\n"))
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


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


def columns(text: str) -> int:
    """How many columns of a terminal a line takes."""
    shown = click.unstyle(text)
    if shown.isascii():
        return len(shown)
    from rich.cells import cell_len

    return cell_len(shown)
