"""Whether the git repository around a vault went to another commit, or stashed something."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def git_state(root: Path) -> str:
    """The commit and the last stash of the repository that `root` is in; "" where it is in none.

    Read from git's own files, as gitrepository-layout(5) describes them.
    """
    for folder in (root, *root.parents):
        with suppress(OSError, ValueError):
            found = _repository(folder / ".git")
            if found is not None:
                return f"{_head(found)} {_reference(found, 'refs/stash')}"
    return ""


def _repository(place: Path) -> Path | None:
    """The repository's own folder: `.git`, or where a file of this name points to."""
    if place.is_dir():
        return place
    if not place.is_file():
        return None
    pointer = place.read_text("utf-8").strip()
    return place.parent / pointer.removeprefix("gitdir:").strip()


def _head(repository: Path) -> str:
    said = (repository / "HEAD").read_text("utf-8").strip()
    if not said.startswith("ref:"):
        return said
    return _reference(repository, said.removeprefix("ref:").strip())


def _reference(repository: Path, name: str) -> str:
    """The commit that a reference names; "" where there is none."""
    shared = repository
    with suppress(OSError):  # a work tree's references are its main repository's
        shared = repository / (repository / "commondir").read_text("utf-8").strip()
    for folder in (repository, shared):
        with suppress(OSError):
            return (folder / name).read_text("utf-8").strip()
    with suppress(OSError):
        for line in (shared / "packed-refs").read_text("utf-8").splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name:
                return commit
    return ""
