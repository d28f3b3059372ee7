"""Finds a vault's templates.

Readwise's own, which come with syncd, or files in a folder of the owner's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from syncd.config.settings import Vault, zone
from syncd.config.values import nearest
from syncd.errors import ConfigError
from syncd.formats.format import Format, format_of
from syncd.page.days import logseq_day
from syncd.vault.graph import Graph

_STOCK = Path(__file__).with_name("stock")
_LARGEST = 65_536  # bytes of one template


def form_of(vault: Vault, graph: Graph) -> Format:
    """The format of a vault's pages, by its templates where it has any; for one run.

    Raises ConfigError, which names the file, the line and what is wrong.
    """
    plain = vault.live_text == "none"
    if not vault.template:
        return format_of(graph.format, org=graph.org, plain=plain)
    base = format_of(
        graph.format, plain=plain
    )  # templates write Markdown, which Logseq reads beside Org
    from syncd.templates.templated import NAMES, Source, templated

    folder = vault.template if isinstance(vault.template, Path) else _STOCK / graph.format
    files, allowed = _files(folder), ", ".join(f"{name}.j2" for name in NAMES)
    for name in files:
        if name not in NAMES:
            near = nearest(name, NAMES)
            hint = f"did you mean {near[0]}.j2?" if near else f"allowed: {allowed}"
            raise ConfigError(f"{folder / name}.j2: there is no such template; {hint}")
    if not files:
        raise ConfigError(f"{folder}: holds no template; put {allowed} there, or some of them")
    sources = {name: Source(str(path), _text(path)) for name, path in files.items()}

    def shown(day: date) -> str:
        try:
            return (
                logseq_day(graph.journal_title_format, day)
                if graph.format == "logseq"
                else day.isoformat()
            )
        except ValueError:
            return day.isoformat()

    return templated(base, sources, datetime.now(UTC), zone(vault), shown)


def _files(folder: Path) -> dict[str, Path]:
    try:
        return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix == ".j2"}
    except OSError as error:
        reason = 'name a folder with templates, or "readwise-default"'
        raise ConfigError(f"template: {folder}: {error.strerror}; {reason}") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{path}: is larger than {_LARGEST} bytes; no template needs to be")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save the file in that encoding") from None
