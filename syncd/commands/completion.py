"""What the shells complete, where click alone does not do it as they can."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


def have_whole_descriptions() -> None:
    """Let fish show a description that has a comma in it; click's script ends it there."""
    add_completion_class(_Fish)


class _Fish(FishComplete):
    source_template = FishComplete.source_template.replace('split ","', 'split --max 1 ","')
