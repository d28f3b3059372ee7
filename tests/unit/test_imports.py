"""Imports go one way: values; what reads and decides; what touches the world; the run; the service.

The command.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "syncd"
PACKAGES = tuple(path.parent.name for path in PACKAGE.glob("*/__init__.py"))

# A module may import from its own row and from those above it in this table, never from one below.
# `*` stands for every module of a package; the packages themselves (their __init__) are empty.
LAYERS = (
    ("", "errors", "model", "progress", "regex", "report", *PACKAGES),
    ("page.*", "readwise.*", "config.*"),
    ("formats.*",),
    ("templates.*",),
    ("state.*",),
    ("vault.*",),
    ("adopt.*",),
    ("sync.*",),
    ("service.*", "sandbox.*"),
    ("commands.*", "__main__"),
)

# Values in, values out: no disk, no network, no clock, no log.
PURE = (
    *(
        "errors",
        "model",
        "progress",
        "regex",
        "report",
        "page.*",
        "formats.*",
        "readwise.decode",
        "vault.edn",
        "adopt.*",
    ),
    *("templates.opening", "templates.outline", "templates.sandbox", "templates.templated"),
    *("templates.values", "sync.absence", "sync.filters", "sync.home_page"),
    *("sync.merge", "sync.same_tweet", "sync.differences"),
)
WORLD = {
    *(
        "asyncio",
        "fcntl",
        "glob",
        "io",
        "logging",
        "os",
        "pathlib",
        "random",
        "requests",
        "select",
        "shutil",
    ),
    *(
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
    ),
}
PURE_PATHS = {"PurePath", "PurePosixPath", "PureWindowsPath"}


def name_of(path: Path) -> str:
    """A module's name below syncd; "" is the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(
    source: str, module: str, *, package: bool = False
) -> list[tuple[int, str, tuple[str, ...]]]:
    """Every import at any depth.

    Its line, the absolute name it is from, and what is taken from there.
    """
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parts = f"syncd.{module}".rstrip(".").split(".")
                base = parts[: len(parts) - node.level + package]
                origin = ".".join([*base, origin]).rstrip(".")
            found.append((node.lineno, origin, tuple(alias.name for alias in node.names)))
    return found


def own_targets(origin: str, taken: tuple[str, ...]) -> set[str]:
    """Which modules of syncd an import loads: `from syncd.vault import parse` loads vault.parse."""
    if origin != "syncd" and not origin.startswith("syncd."):
        return set()
    base = origin.removeprefix("syncd").removeprefix(".")
    return {base, *(name for part in taken if (name := f"{base}.{part}".lstrip(".")) in MODULES)}


def layer(module: str) -> int:
    """The module's place in the table, from 0."""
    for level, patterns in enumerate(LAYERS):
        if any(fnmatchcase(module, pattern) for pattern in patterns):
            return level
    pytest.fail(f"syncd.{module} has no layer; put it into LAYERS in {Path(__file__).name}")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_above_its_layer(module: str) -> None:
    """Also inside functions and for type checkers only.

    What is needed there is still known there.
    """
    path, level = MODULES[module], layer(module)
    for line, origin, taken in imports(
        path.read_text(), module, package=path.name == "__init__.py"
    ):
        for target in own_targets(origin, taken):
            assert layer(target) <= level, (
                f"{path}:{line}: {module or 'syncd'} must not know {target}"
            )


@pytest.mark.parametrize("module", [m for m in MODULES if any(fnmatchcase(m, p) for p in PURE)])
def test_a_pure_module_does_not_touch_the_world(module: str) -> None:
    """What plans and renders can be tested with values, and cannot write by mistake."""
    path = MODULES[module]
    for line, origin, taken in imports(path.read_text(), module):
        if origin == "pathlib" and taken and PURE_PATHS.issuperset(taken):
            continue
        names = {origin, *(f"{origin}.{name}" for name in taken), origin.split(".")[0]}
        assert not names & WORLD, f"{path}:{line}: {module} is pure and must not import {origin}"


def test_the_guard_sees_imports_of_every_form() -> None:
    """Absolute, relative, renamed, within functions."""
    source = (
        "import os.path as p, syncd.cli\nfrom . import parse\nfrom ..model import Tag\n"
        "from .. import cli\n"
        "def f():\n    from syncd.sync import run as go\n"
    )
    assert imports(source, "vault.names") == [
        (1, "os.path", ()),
        (1, "syncd.cli", ()),
        (2, "syncd.vault", ("parse",)),
        (3, "syncd.model", ("Tag",)),
        (4, "syncd", ("cli",)),
        (6, "syncd.sync", ("run",)),
    ]
    assert imports("from .names import x", "vault", package=True) == [
        (1, "syncd.vault.names", ("x",))
    ]
    assert imports("from . import x", "", package=True) == [(1, "syncd", ("x",))]
    assert own_targets("syncd", ("model", "__version__")) == {"", "model"}
    assert own_targets("syncdx.model", ()) == set()
