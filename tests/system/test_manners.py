"""`check` and `init` tell by which programs a vault's pages were written, and what fits them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest

from syncd.config import settings
from syncd.sandbox.library import Library
from syncd.sync.manners import manners_of
from syncd.vault.graph import read_graph
from tests.support.obsidian_plugins import Files, mirror, official, plain
from tests.support.plugin_graph import PluginGraph, generated_books
from tests.support.world import TRIPLE_LOWBAR, MakeWorld, World, add_book, tweet


def _graph(library: Library) -> Files:
    return PluginGraph(library, legacy=False).files


@pytest.mark.parametrize(
    ("write", "edn", "program", "template"),
    [
        (_graph, TRIPLE_LOWBAR, "Readwise's plugin for Logseq", "its stock template"),
        (official, None, "Readwise's plugin for Obsidian", "its stock template"),
        (mirror, None, "readwise-mirror", "front matter with the id"),
        (partial(mirror, version=2), None, "readwise-mirror", "front matter with the address"),
        (partial(mirror, version=0), None, "readwise-mirror", "no front matter"),
        (plain, None, "obsidian-readwise", "its own template"),
    ],
)
def test_every_programs_pages_are_known(
    make_world: MakeWorld,
    write: Callable[[Library], Files],
    edn: str | None,
    program: str,
    template: str,
) -> None:
    """All of them, and no other program's."""
    library = Library(generated_books(30))
    world = make_world(library, edn=edn)
    files = write(library)
    for path, data in files.items():
        world.put(path, data)
    found = manners_of(world.root, read_graph(world.root))
    first = found[0].dialect
    assert (first.program, first.template.startswith(template)) == (program, True)
    assert {one.dialect.program for one in found} == {program}
    assert edn or sum(one.pages for one in found) == len(files)


def test_what_syncd_writes_is_in_no_other_programs_manner(world: World, vault: World) -> None:
    """By default; by Readwise's templates it is."""
    for one in (world, vault):
        add_book(one.library, "Eulen", tweet(1, "eins", note="x", tags=[{"name": "y"}]))
        one.sync()
        assert manners_of(one.root, read_graph(one.root)) == []


def test_check_names_the_program_and_the_template_that_fits(make_world: MakeWorld) -> None:
    """On its output, as values too."""
    library = Library(generated_books(5))
    world = make_world(library, edn=None)
    for path, data in official(library).items():
        world.put(path, data)
    world.write_config()
    said = world.command("check").stdout
    pages = len(world.pages())
    line = "are written as Readwise's plugin for Obsidian does it, with its stock template"
    assert f"notes: {pages} pages {line}\n" in said
    assert 'notes: template = "readwise-default" lets new highlights look like that' in said
    (found,) = json.loads(world.command("check", "--json").stdout)["manners"]["notes"]
    assert (found["template"], found["pages"]) == ("its stock template", pages)


@pytest.mark.parametrize(("write", "template"), [(official, "readwise-default"), (mirror, "")])
def test_init_sets_the_template_that_fits(
    make_world: MakeWorld, write: Callable[[Library], Files], template: str
) -> None:
    """Where that is one of Readwise's own; else there is none."""
    library = Library(generated_books(5))
    world = make_world(library, edn=None)
    for path, data in write(library).items():
        world.put(path, data)
    token = str(world.folder / "token")
    arguments = ("init", "--vault", str(world.root), "--token-file", token)
    done = world.command(*arguments, "--api-url", world.sandbox.url)
    assert done.returncode == 0, done.stderr
    (vault,) = settings.load(world.config_file).vaults
    assert vault.template == template
    assert ("new ones will look like them" in done.stdout) == bool(template)


def test_pages_that_fit_a_document_equally_are_named_and_left_alone(vault: World) -> None:
    """By the run, and by `check --full` with what to do."""
    add_book(vault.library, "Eulen", tweet(1, "eins"), source_url="https://example.org/a")
    add_book(vault.library, "Käuze", tweet(2, "zwei"))
    page = (
        "# Eulen\n\n## Metadata\n- Full Title: Eulen\n- Category: #tweets\n"
        "- URL: https://example.org/a\n\n## Highlights\n- meins\n"
    )
    for name in ("a/Eulen.md", "b/Eulen.md"):
        vault.put(name, page)
    vault.sync()
    assert [vault.read(name) for name in ("a/Eulen.md", "b/Eulen.md")] == [page, page]
    assert "Readwise/Tweets/Käuze.md" in vault.pages()
    vault.write_config()
    done = vault.command("check", "--full")
    assert done.returncode == 1
    assert "unclear: Eulen: " in done.stdout
    assert "a/Eulen.md and b/Eulen.md fit it equally; delete one of them" in done.stdout
