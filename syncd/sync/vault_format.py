"""How the pages of a vault are written: its app's format, or its owner's templates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from syncd.config.settings import Vault, zone
from syncd.errors import ConfigError
from syncd.formats.format import Format, format_of
from syncd.formats.style import Style
from syncd.page.dates import logseq_day
from syncd.vault.graph import Graph


def vault_format(vault: Vault, graph: Graph) -> Format:
    """The format of a vault's pages, by its templates where it has any; for one run.

    Raises ConfigError, which names the file, the line and what is wrong.
    """
    if vault.layout != "page" and graph.format != "obsidian":
        raise ConfigError(
            f'vault {vault.name}: layout = "{vault.layout}" is for Obsidian, and this is a Logseq '
            'graph; set layout = "page"'
        )
    style = Style(vault.live_text == "none", vault.date_links, frozenset(vault.properties))
    if not vault.template:
        return format_of(graph.format, org=graph.org, style=style)
    from syncd.templates.loading import read_sources, stock_folder
    from syncd.templates.templated import templated

    own = vault.template
    folder = own if isinstance(own, Path) else stock_folder(graph.format)
    base = format_of(graph.format, style=style)  # Markdown, which Logseq reads beside Org

    def show(day: date) -> str:
        if graph.format != "logseq":
            return day.isoformat()
        try:
            return logseq_day(graph.journal_title_format, day)
        except ValueError:
            return day.isoformat()

    return templated(base, read_sources(folder), datetime.now(UTC), zone(vault), show)
