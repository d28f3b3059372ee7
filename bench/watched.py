"""Runs syncd and counts the files of a folder that it opens: `watched.py FOLDER ARGUMENT ...`.

The count is the last line on standard error.
"""

from __future__ import annotations

import os
import sys

opened = 0


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Count an opened file; listing the folder and asking for a file's status is not that."""
    global opened  # noqa: PLW0603  # an audit hook has no other place
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        opened += os.fsdecode(arguments[0]).startswith(f"{folder}/")


if __name__ == "__main__":
    folder = sys.argv.pop(1)
    from syncd.commands.cli import main

    sys.addaudithook(watch)
    try:
        main()
    finally:
        print(opened, file=sys.stderr)
