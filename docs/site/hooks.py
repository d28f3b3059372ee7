"""Adds the pages to the site that live outside of `docs/`, and leads links between them right."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

_ROOT = Path(__file__).parents[2]
_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "bench/README.md": "bench.md",
}
_LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The site's files, and those of `_PAGES`: mkdocs calls this once for each build."""
    for path, page in _PAGES.items():
        text = (_ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_relinked(text, path)))
    for file in files.documentation_pages():
        if file.generated_by is None:
            file.content_string = _relinked(file.content_string, f"docs/{file.src_uri}")
    return files


def _relinked(text: str, path: str) -> str:
    """The Markdown of the file at `path` with its links as the site has them."""
    folder = PurePosixPath(path).parent
    return _LINK.sub(lambda link: link[1] + _on_the_site(link[2], folder), text)


def _on_the_site(link: str, folder: PurePosixPath) -> str:
    """Where the site has the file to which a link in `folder` leads; other links as they are."""
    path = re.sub(r"[^/]+/\.\./", "", str(folder / link))
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return _PAGES.get(path, link)
