"""`syncd export`: the whole account, as its mirror has it, in one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from syncd.commands.new_file import drafted, place
from syncd.commands.progress_display import progress_display
from syncd.config import settings
from syncd.errors import ConfigError
from syncd.formats.export import as_csv, as_json, as_markdown
from syncd.model import Document
from syncd.report import harmless
from syncd.sync.mirror import documents, opened_mirror

_Writer = Callable[[Iterable[Document]], Iterator[str]]


def export(config_option: str | None, form: str, output: Path | None, *, force: bool) -> int:
    """Write the account in a form (json, csv, markdown) to `output`, None: standard output.

    A file that is there is replaced only with `force`. Returns 0. Raises ConfigError, StateError.
    """
    config = settings.load(settings.config_path(config_option))
    to_read = partial(as_markdown, zone=settings.zone(config.vaults[0]))
    writers: dict[str, _Writer] = {"json": as_json, "csv": as_csv, "markdown": to_read}
    if output is not None:
        _check_free(output, force)
    on_terminal = output is None and sys.stdout.isatty()
    with (
        opened_mirror(config) as db,
        progress_display(shown=not on_terminal) as progress,
    ):
        text = writers[form](documents(db, progress))
        if output is None:
            _print(map(_cleaned, text) if on_terminal else text)
        else:
            _save(text, output, force)
    return 0


def _print(text: Iterable[str]) -> None:
    for part in text:
        sys.stdout.buffer.write(part.encode())
    sys.stdout.buffer.flush()


def _cleaned(part: str) -> str:
    """The text as a terminal may show it."""
    return "\n".join(map(harmless, part.split("\n")))


def _check_free(path: Path, force: bool) -> None:
    """Raises ConfigError where the file may not be written."""
    is_file = os.path.isfile(path)  # noqa: PTH113  # False for a name that is too long
    if is_file and not force:
        raise ConfigError(f"{path} is there already; name another file, or --force to replace it")
    if os.path.exists(path) and not is_file:  # noqa: PTH110
        raise ConfigError(f"{path} is no file; name a file to write")


def _save(text: Iterable[str], path: Path, force: bool) -> None:
    """Write the file whole or not at all, for its owner alone."""
    # what a link leads to is replaced, not the link; links in a circle raise nothing here
    path = Path(os.path.realpath(path))
    with drafted(path, text, 0o600, "name another file") as draft:
        if not force:
            place(draft, path, "name another file, or --force to replace it")
            return
        try:
            draft.replace(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be replaced: {error.strerror}") from None
