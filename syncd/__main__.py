"""The command `syncd`, also by `python -m syncd`."""

from __future__ import annotations

import gc
import os
import sys

_OBJECTS = 50_000  # between two searches for cycles: of what a run makes hardly anything is in one


def main() -> None:
    """Run the command line. The service hears signals before anything else is imported."""
    if sys.platform == "win32":
        sys.exit("syncd: Windows is not supported; install WSL (`wsl --install`) and run it there")
    gc.set_threshold(_OBJECTS)
    if _is_service(sys.argv[1:]):
        from syncd.service.signals import catch_signals

        catch_signals()
    if "_SYNCD_COMPLETE" in os.environ:
        from syncd.commands.completion import have_whole_descriptions

        have_whole_descriptions()
    from syncd.commands.cli import main as command_line

    command_line()


def _is_service(words: list[str]) -> bool:
    """Whether the first word that is no option is `run`."""
    left = iter(words)
    for word in left:
        if word == "--config":
            next(left, None)
        elif not word.startswith("-"):
            return word == "run"
    return False


if __name__ == "__main__":
    main()
