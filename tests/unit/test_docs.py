"""The documents say what the program does.

Each command, key, failure code and message, and none that is not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from syncd.commands.cli import main
from syncd.commands.init import example
from syncd.config.settings import Config, Readwise, Schedule, Vault, load

ROOT = Path(__file__).parents[2]
DOCS = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), ROOT / "bench" / "README.md"])
TREES = [ast.parse(path.read_text()) for path in sorted((ROOT / "syncd").rglob("*.py"))]


def text(name: str) -> str:
    """A document."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(group: click.Group = main, name: str = "syncd") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, the groups too."""
    yield name, group
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def options(command: click.Command) -> list[str]:
    """Its options in every spelling."""
    return [
        spelling
        for option in command.params
        for spelling in option.opts
        if spelling.startswith("-")
    ]


def rows(document: str, column: str) -> list[str]:
    """What stands in the column of that heading, in every table that has one."""
    found, at = [], None
    for line in document.splitlines():
        cells = (
            [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        )
        if not cells:
            at = None
        elif at is None:
            at = cells.index(column) if column in cells else -1
        elif at >= 0 and not line.startswith("|---"):
            found.append(cells[at])
    return found


def spoken() -> set[str]:
    """Every text in the source, f-strings in their parts."""
    return {
        node.value
        for tree in TREES
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def codes() -> set[str]:
    """The stable codes of failures.

    Those of the error classes, of single errors, and of the system's error numbers.
    """
    found: list[ast.expr] = []
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.keyword) and node.arg == "code":
            found.append(node.value)
        elif isinstance(node, ast.ClassDef) and any(
            "Error" in ast.unparse(base) for base in node.bases
        ):
            found += [
                one.value
                for one in node.body
                if isinstance(one, ast.Assign) and "code" in ast.unparse(one.targets[0])
            ]
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "Failure"
            and len(node.args) > 2
        ):
            found.append(node.args[2])
        elif isinstance(node, ast.Assign) and re.search(
            r"^_\w+_ERRORS$|\(?code, ", ast.unparse(node.targets[0])
        ):
            found += [one.elts[0] for one in ast.walk(node.value) if isinstance(one, ast.Tuple)]
    return {
        one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)
    } | {"error"}


def test_the_man_page_has_every_command_and_option() -> None:
    """Under the command's own heading, in the spelling of the command line."""
    page = (ROOT / "docs" / "syncd.1").read_text().replace("\\-", "-").replace("\\(dq", '"')
    for name, command in commands():
        if not isinstance(command, click.Group):
            assert re.search(rf'^\.SS "{name}[ "]', page, re.MULTILINE), name
        for option in options(command):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", page), f"{name} {option}"


def test_the_configuration_document_has_every_key_in_its_section() -> None:
    """With a default and an example, and no key that there is not."""
    sections = re.split(r"^## ", text("configuration.md"), flags=re.MULTILINE)
    homes = {
        "Above": ("state_dir",),
        "`[readwise]`": Readwise.__struct_fields__,
        "`[schedule]`": Schedule.__struct_fields__,
        "`[[vault]]`": Vault.__struct_fields__,
    }
    assert set(Config.__struct_fields__) == {"vaults", "readwise", "schedule", "state_dir"}
    for head, known in homes.items():
        (section,) = (one for one in sections if one.startswith(head))
        assert sorted(re.findall(r"^### `(\w+)`$", section, re.MULTILINE)) == sorted(known)
        for key in known:
            entry = section.partition(f"### `{key}`\n")[2].partition("\n### ")[0]
            assert re.search(r"^(Default: |No default)", entry, re.MULTILINE), key
            assert f"Example: `{key} = " in entry, key


def test_each_example_in_the_configuration_document_loads(tmp_path: Path) -> None:
    """Alone, in its own section."""
    for section in re.split(r"^## ", text("configuration.md"), flags=re.MULTILINE)[1:]:
        head = re.match(r"`(.*)`", section)
        for line in re.findall(r"Example: `(.*)`", section):
            lines = [head[1] if head else "", line]
            if head is None or head[1] != "[[vault]]":
                lines += ["[[vault]]"]
            path = [] if line.startswith("path") else ['path = "~/x"']
            file = tmp_path / "config.toml"
            file.write_text("\n".join([*lines, *path]))
            load(file)


def test_the_defaults_in_the_configuration_document_are_those_of_the_example() -> None:
    """Where a default is a value, both show the same."""
    given = dict(re.findall(r"^# (\w+) = (.*)$", example(), re.MULTILINE))
    entries = re.findall(
        r'^### `(\w+)`\n(?:(?!###).*\n)*?Default: `("[^`]*")`',
        text("configuration.md"),
        re.MULTILINE,
    )
    assert len(entries) > 8
    for key, default in entries:
        assert default in (given[key], '""'), key


def test_troubleshooting_has_every_code_and_no_other() -> None:
    """Those that a script may rely on."""
    document = text("troubleshooting.md")
    named = {code for cell in rows(document, "code") for code in re.findall(r"`(.*?)`", cell)}
    named |= {
        code
        for heading in re.findall(r"^## .*", document, re.MULTILINE)
        for code in re.findall(r"`(.*?)`", heading)
    }
    assert {
        "token",
        "vault-empty",
        "disk-full",
        "internal",
        "not-understood",
        "account_expired",
    } <= codes()
    assert named == codes()


def test_troubleshooting_quotes_messages_as_they_are() -> None:
    """Every part of each, between what differs from case to case, stands in the source."""
    source = "\n".join(spoken())
    messages = rows(text("troubleshooting.md"), "message")
    assert len(messages) > 25
    for cell in messages:
        for message in re.findall(r"`(.*?)`", cell):
            for part in re.split(r"…|<\w+>|\(4xx\)|\b6\b|: |; ", message):
                assert part.strip(" :;?") in source, message


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """To files that are there, and to headings in them; named tests are there too."""
    document = path.read_text(encoding="utf-8")
    outside_of_code = re.sub(r"```.*?```|`[^`\n]*`", "", document, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", outside_of_code):
        if not re.match(r"https?:", target):
            file, _, heading = target.partition("#")
            other = path.parent / file if file else path
            assert other.exists(), target
            headings = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert not heading or heading in [
                re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings
            ]
    for test in re.findall(r"`(tests/[\w/.]+)`", document):
        assert (ROOT / test).exists(), test


def test_the_readme_leads_to_every_document() -> None:
    """Nobody finds a page that is linked from nowhere."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").iterdir():
        assert path.is_dir() or f"](docs/{path.name})" in readme, path.name


def test_each_promise_names_the_tests_that_prove_it() -> None:
    """Numbered as the design has them, none without a test."""
    promises = re.findall(r"^## (\d+)\. ((?:(?!^## ).*\n)+)", text("behaviour.md"), re.MULTILINE)
    assert [int(number) for number, _ in promises] == list(range(1, len(promises) + 1))
    assert len(promises) == 8
    for number, promise in promises:
        assert re.search(r"^Proved by `tests/", promise, re.MULTILINE), number


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_documents_exist(path: Path) -> None:
    """With the options that they are shown with."""
    known = dict(commands())
    for quoted, indented in re.findall(
        r"`(syncd [^`\n]+)`|^    .*?\b(syncd .*)$", path.read_text(), re.MULTILINE
    ):
        words = (quoted or indented).partition(" #")[0].split()
        name = "syncd"
        for word in words:
            name = f"{name} {word}" if f"{name} {word}" in known else name
        allowed = {
            *options(known[name]),
            *options(main),
            "--help",
            "-c",
            "--constraints",
        }  # -c, ...: pip's and uv's
        assert {word for word in words if word.startswith("-") and len(word) > 1} <= allowed, words
        assert name != "syncd" or not quoted or words[1].startswith("-"), words
