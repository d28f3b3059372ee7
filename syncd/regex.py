"""Regular expressions that are compiled when they are first used.

syncd has some two hundred of them, and most commands use a few: compiling all would be a tenth of
what a run with nothing new takes.
"""

from __future__ import annotations

import re
from typing import Any, cast


def regex(expression: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, later. Raises re.error at the first use."""
    return cast("re.Pattern[str]", _Later(expression, flags))


class _Later:
    def __init__(self, expression: str, flags: int) -> None:
        self._source = expression, flags

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled expression, which then stays at hand."""
        if name.startswith("__"):  # asked by Python itself, as where one is copied
            raise AttributeError(name)
        method = getattr(re.compile(*self._source), name)
        setattr(self, name, method)
        return method
