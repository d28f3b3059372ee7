"""Copies the pictures that a vault's pages show into it.

After the words, a few each run, and failing nothing.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from syncd.errors import DocumentError, Stopped, VaultError
from syncd.readwise.picture import Picture, PictureError
from syncd.report import VaultReport
from syncd.state import pictures
from syncd.state.schema import transaction
from syncd.sync.apply import PageWriter
from syncd.sync.vault_run import Target
from syncd.vault.attachments import picture_folder
from syncd.vault.read import PageChanged
from syncd.vault.write import check_space

_log = logging.getLogger(__name__)

_MOST, _LONGEST = 200, 120.0  # pictures and seconds a run

Fetch = Callable[[str, Event], Picture]  # raises PictureError, Stopped


def copy_pictures(
    db: sqlite3.Connection,
    target: Target,
    writer: PageWriter,
    report: VaultReport,
    stop: Event,
    fetch: Fetch,
    *,
    every: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[int]:
    """Copy pictures that are awaited.

    Returns the documents, pending now, whose pages can show one more.

    What cannot be copied is a warning once, and tried again in later runs; `every`: at once. Raises
    Stopped.
    """
    with transaction(db):
        todo = pictures.due(db, target.id, _MOST, every=every)
    folder = picture_folder(target.root, target.graph, target.vault.namespace)
    end = time.monotonic() + _LONGEST
    documents: set[int] = set()
    failed: list[str] = []
    for number, one in enumerate(todo, 1):
        if stop.is_set():
            raise Stopped("stopped; the next run goes on from there")
        if time.monotonic() >= end:
            break
        try:
            check_space(target.root)
            path = _save(target.root, writer, folder, fetch(one.address, stop))
        except VaultError as error:  # the words are written: this fails no run
            report.warnings.append(f"pictures are not copied: {error.message}")
            break
        except (PictureError, DocumentError) as error:
            _log.info("%s %s", one.address, error)
            failed += [f"{one.address} {error}"] if not one.tries else []
            with transaction(db):
                pictures.failed(db, target.id, one)
        else:
            with transaction(db):
                documents.update(pictures.arrived(db, target.id, one.address, path))
        progress(number, len(todo))
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        report.warnings.append(
            f"a picture is not copied yet, and its page links it: {failed[0]}{more}"
        )
    return sorted(documents)


def _save(root: Path, writer: PageWriter, folder: str, picture: Picture) -> str:
    """The path, in the vault, of a picture that is safe on the disk.

    A file of that name is a copy already.
    """
    name = f"{hashlib.sha256(picture.data).hexdigest()[:16]}.{picture.extension}"
    path = "/".join(filter(None, [folder, name]))
    try:
        writer.write(Path(path), picture.data, None)
    except PageChanged as error:
        if not (root / path).is_file():
            raise PictureError(str(error)) from error
    writer.flush()
    return path
