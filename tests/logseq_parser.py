"""Runs Logseq's own parser (mldoc) over pages, as the app would read them.

Two views of a page: `pages` is what Logseq makes of it (properties, blocks, references), `syntax`
is the parser's syntax tree. Node and the npm package mldoc come from outside; where they are
missing, the tests skip and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
TOOL = Path(
    os.environ.get("SYNCD_LOGSEQ_PARSE")
    or CHECKOUT.parent / "shared/tools/logseq-parse/logseq-parse"
)
MODULES = CHECKOUT / ".tools" / "node_modules"
_SYNTAX = """
const { Mldoc } = require('mldoc')
const options = JSON.stringify({toc: false, parse_outline_only: false, heading_number: false,
  keep_line_break: true, format: process.argv[1], heading_to_list: false})
const pages = JSON.parse(require('fs').readFileSync(0, 'utf8'))
process.stdout.write('[' + pages.map(page => Mldoc.parseJson(page, options)).join(',') + ']')
"""


def missing() -> str | None:
    """Why the parser cannot be run here, or None where it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    found = subprocess.run(
        ["node", "-e", "require('mldoc')"], env=_environment(), capture_output=True
    )
    if found.returncode:
        return "mldoc is missing: npm install --no-package-lock --prefix .tools mldoc@1.5.7"
    if not TOOL.is_file():
        return f"there is no logseq-parse at {TOOL} (SYNCD_LOGSEQ_PARSE names it)"
    return None


def pages(texts: list[str], extension: str = "md") -> list[dict[str, Any]]:
    """What Logseq makes of each page: {title, properties, blockCount, blocks.

    [{content, level, refs, …}]}.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.{extension}" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text.encode())
        return _run([str(TOOL), *map(str, paths)], "")


def syntax(texts: list[str], written: str = "Markdown") -> list[list[Any]]:
    """Each page's syntax tree: a list of [node, position], a node being [kind, content…]."""
    return [
        [node for node, _ in tree]
        for tree in _run(["node", "-e", _SYNTAX, written], json.dumps(texts))
    ]


def _run(command: list[str], given: str) -> Any:
    done = subprocess.run(
        command, input=given.encode(), env=_environment(), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "NODE_PATH": os.pathsep.join(filter(None, [str(MODULES), os.environ.get("NODE_PATH")])),
    }
