"""What a user gets: the wheel, built once and installed into an environment without the source."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.world import World, add_book, tweet

ROOT = Path(__file__).parents[2]
PLACEHOLDER = "syncd.invalid"
COMPLETIONS = {
    "bash": ("syncd.bash", "share/bash-completion/completions/syncd"),
    "zsh": ("_syncd", "share/zsh/site-functions/_syncd"),
    "fish": ("syncd.fish", "share/fish/vendor_completions.d/syncd.fish"),
}

Syncd = Callable[..., str]


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a command that must succeed prints."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, from this source, with the builders that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def prefix(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what it depends on comes from the tests' own."""
    prefix = tmp_path_factory.mktemp("installed")
    venv.create(prefix, with_pip=False)
    python = prefix / "bin" / "python"
    offline = ("--no-index", "--no-deps", "--no-cache-dir", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel)
    (packages,) = prefix.glob("lib/python*/site-packages")
    # Python reads no .pth files in a folder that one names: the source, which the tests' own
    # environment leads to by such a file, stays unseen.
    others = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "others.pth").write_text("\n".join(others))
    return prefix


@pytest.fixture
def syncd(prefix: Path, world: World) -> Syncd:
    """The installed program, run in the world's folder, with this much of the environment more."""

    def call(*arguments: str | Path, **env: str) -> str:
        program = prefix / "bin" / "syncd"
        return run(program, *arguments, cwd=world.folder, env=world.environment() | env)

    return call


def test_the_program_is_the_wheels_own(prefix: Path, tmp_path: Path) -> None:
    """Nothing below is proved by the source beside it."""
    ask = "import syncd; print(syncd.__file__)"
    found = run(prefix / "bin" / "python", "-c", ask, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(prefix)


def test_it_says_its_version(wheel: Path, syncd: Syncd) -> None:
    """The same as the wheel's name."""
    version = syncd("--version").split()[-1]
    assert wheel.name == f"syncd-{version}-py3-none-any.whl"


def test_the_demo_fills_a_vault(syncd: Syncd, tmp_path: Path) -> None:
    """With the account that comes with it."""
    syncd("demo", tmp_path / "demo")
    assert len(list((tmp_path / "demo" / "notes" / "pages").iterdir())) > 60


def test_a_new_user_sets_it_up_syncs_and_has_a_service(
    world: World, syncd: Syncd, tmp_path: Path
) -> None:
    """`init` fills the configuration that the wheel brings, `service install` the unit."""
    add_book(world.library, "Eulen 🦉", tweet(1, "夜の梟"), tweet(2, "صباح"))
    given = world.folder / "token"
    syncd(*("init", "--vault", world.root, "--token-file", given, "--api-url", world.sandbox.url))
    assert "[[vault]]" in world.config_file.read_text()
    assert syncd("sync") == "notes: 2 added on 1 page\n"

    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.touch(0o755)
    syncd("service", "install", "--user", PATH=f"{systemctl.parent}:{os.environ['PATH']}")
    unit = world.folder / "config" / "systemd" / "user" / "syncd.service"
    assert re.search(r"^ExecStart=.* -m syncd --config .* run$", unit.read_text(), re.MULTILINE)


def test_the_wheel_brings_what_the_documents_speak_of(prefix: Path) -> None:
    """The documents with their pictures, the manual page, the tested versions, completions."""
    documents = prefix / "share" / "doc" / "syncd"
    for source in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/pictures/*.svg")]:
        assert (documents / source.relative_to(ROOT)).read_bytes() == source.read_bytes()
    for name in ("README.md", "CHANGELOG.md", "constraints.txt"):
        assert (documents / name).read_bytes() == (ROOT / name).read_bytes()
    manual = prefix / "share" / "man" / "man1" / "syncd.1"
    assert manual.read_bytes() == (ROOT / "docs" / "syncd.1").read_bytes()
    for source_name, place in COMPLETIONS.values():
        assert (prefix / place).read_bytes() == (ROOT / "completions" / source_name).read_bytes()


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_the_completions_are_those_that_the_program_writes(shell: str, syncd: Syncd) -> None:
    """`make completions` was run since click or the program's name changed."""
    written = syncd(_SYNCD_COMPLETE=f"{shell}_source")
    assert (ROOT / "completions" / COMPLETIONS[shell][0]).read_text() == written


def test_the_readme_of_the_package_leads_to_whole_addresses(wheel: Path) -> None:
    """A package index shows it without the files beside it."""
    with zipfile.ZipFile(wheel) as files:
        (name,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        readme = str(email.message_from_bytes(files.read(name)).get_payload())
    links = re.findall(r"\]\(([^)\s]+)\)", readme)
    pictures = re.findall(r"!\[[^]]*\]\(([^)\s]+)\)", readme)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    assert pictures
    assert all("/raw/" in picture for picture in pictures)


def test_the_projects_address_stands_where_the_checklist_says() -> None:
    """Its placeholder is in no other file, so that none is forgotten."""
    checklist = (ROOT / "docs" / "releasing.md").read_text()
    holders = {"pyproject.toml", "mkdocs.yml"}
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("[!r]*.md")]
    texts = [*documents, *ROOT.glob("*.toml"), *ROOT.glob("*.yml"), *ROOT.glob("syncd/**/*.py")]
    assert {path.name for path in texts if PLACEHOLDER in path.read_text()} == holders
    assert PLACEHOLDER in checklist
    assert all(f"`{name}`" in checklist for name in holders)
