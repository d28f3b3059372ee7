"""The container's parts fit together: the image, what it is built from, the compose example.

No image is built here; what its steps install is the wheel, which `test_wheel.py` tries.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.config.settings import Readwise, config_path, load, state_path
from syncd.config.token import read_token

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
CHAPTER = re.findall(
    r"^## In a container\n(.*?)^## ",
    (ROOT / "docs" / "installation.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)[0]


def said(instruction: str) -> list[str]:
    """What follows this word in the Containerfile, each time that it is there."""
    return re.findall(rf"^{instruction} (.*)$", CONTAINERFILE, re.MULTILINE)


def compose() -> dict[str, Any]:
    """The compose file of the document."""
    found: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", CHAPTER, re.DOTALL)[0])
    return found


def mounts() -> dict[str, str]:
    """Where in the container what of the server is, by the compose file."""
    volumes = compose()["services"]["syncd"]["volumes"]
    return {where: what for what, where, *_ in (volume.split(":") for volume in volumes)}


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that the image sets, set here."""
    variables = dict(word.split("=", 1) for line in said("ENV") for word in line.split())
    del variables["PATH"]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def test_the_compose_file_fills_the_images_volumes(inside: dict[str, str], tmp_path: Path) -> None:
    """The vault, the state and the configuration are where the image's syncd looks for them."""
    example = re.findall(r"(?:^    .*\n)+", CHAPTER, re.MULTILINE)
    (config,) = (text.replace("    ", "") for text in example if "[[vault]]" in text)
    file = tmp_path / "config.toml"
    file.write_text(config)
    loaded = load(file)
    (vault,) = loaded.vaults
    volumes = set(json.loads(said("VOLUME")[0]))
    assert volumes == {str(vault.path), str(state_path(loaded))}
    assert set(mounts()) == volumes | {str(config_path(None))}
    assert mounts()[str(config_path(None))] == "./config.toml"


def test_the_secret_of_the_compose_file_is_the_token(
    inside: dict[str, str], tmp_path: Path
) -> None:
    """By the name under which syncd looks for it in the folder where engines put secrets."""
    assert inside["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    (name,) = compose()["services"]["syncd"]["secrets"]
    assert set(compose()["secrets"]) == {name}
    (tmp_path / name).write_text("a-token")
    assert read_token(Readwise(), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "a-token"


def test_the_image_runs_as_nobody_else_and_is_asked_how_it_is() -> None:
    """Not as root; the service is its first process."""
    assert said("USER") == ["syncd"]
    assert [json.loads(said(word)[-1]) for word in ("ENTRYPOINT", "CMD")] == [["syncd"], ["run"]]
    assert said("HEALTHCHECK")[0].endswith('CMD ["syncd", "status"]')


def test_the_image_can_be_built_from_what_the_engine_is_given(tmp_path: Path) -> None:
    """`.dockerignore` keeps all else out, such as a vault or a token beside the source."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    source = tmp_path / "source"
    source.mkdir()
    for name in (rule.removeprefix("!") for rule in rules[1:]):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    assert (source / "constraints.txt").is_file()
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", str(source)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
