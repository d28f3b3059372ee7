"""`syncd check`: looks for trouble and, with `--full`, compares the account with the vaults."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar

from syncd.commands.console import print_json
from syncd.commands.progress_display import progress_display
from syncd.commands.say import say
from syncd.commands.signals import stop_on_signal
from syncd.config import settings
from syncd.config.settings import Config, Vault, zone
from syncd.errors import ConfigError, StateError, Stopped, SyncdError, VaultError
from syncd.formats.escape import clean
from syncd.progress import Progress, named, silent
from syncd.report import conflict_copy_line, held_line, one_line
from syncd.state import bases, homes
from syncd.state.schema import open_to_read
from syncd.state.vaults import find_vault
from syncd.sync.announce import journal_files
from syncd.sync.compare import KINDS, Comparison, Difference, compare_all
from syncd.sync.manners import Manner, fitting_template, manners_of
from syncd.sync.session import client_of
from syncd.sync.vault_format import vault_format
from syncd.vault.duplicate_titles import duplicate_titles
from syncd.vault.graph import Graph, read_graph
from syncd.vault.plugins import other_plugins
from syncd.vault.scan import conflict_copies, walk
from syncd.vault.write import check_space

T = TypeVar("T")

_OURS = b"<<<<<<< "  # what git writes above a conflict's first side
_LONG = 20  # lines of one kind on a terminal
_MAX_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


def check(config_option: str | None, *, full: bool, as_json: bool) -> int:
    """Print what is wrong and, with `full`, where account and vaults differ.

    Returns the exit status: 0 where nothing is wrong and all agree, else the worst finding's.
    """
    path = settings.config_path(config_option)
    config = settings.load(path)
    with stop_on_signal() as stop, progress_display() as display:
        findings = find_problems(config, stop, display)
        manners = {vault.name: _manners(vault, display) for vault in config.vaults}
        others = {vault.name: _in_other_layout(config, vault) for vault in config.vaults}
        comparable = all(one.exit_status == SyncdError.exit_status for one in findings)
        compared = compare_all(config, stop, display) if full and comparable else {}
    code = _exit_status(findings, compared)
    problems = [clean(one.message).replace("\n", " ") for one in findings]  # they name files
    if as_json:
        vaults = [_as_value(name, one) for name, one in compared.items()]
        told = {name: [_told(one) for one in found] for name, found in manners.items()}
        value = {"code": code, "problems": problems, "vaults": vaults, "manners": told}
        print_json({**value, "other_layout": others})
    else:
        _print_manners(config, manners)
        _print_layouts(config, others)
        _print_result(path, problems, compared)
    return code


def _exit_status(findings: list[SyncdError], compared: dict[str, Comparison | SyncdError]) -> int:
    agree = all(isinstance(one, Comparison) and one.agrees for one in compared.values())
    return max([0 if agree else 1, *(finding.exit_status for finding in findings)])


def find_problems(config: Config, stop: Event, progress: Progress = silent) -> list[SyncdError]:
    """Everything that is wrong with token and vaults, each with its way out; changes nothing."""
    found: list[SyncdError] = []
    try:
        progress("asking Readwise about the token", 0, None)
        client_of(config, stop, progress=progress).check_token()
    except Stopped:
        raise
    except SyncdError as error:
        found.append(error)
    for vault in config.vaults:
        try:
            found += _in_vault(config, vault, stop, named(vault.name, progress))
        except Stopped:
            raise
        except SyncdError as error:
            found.append(error)
    return found


def _in_vault(
    config: Config, vault: Vault, stop: Event, progress: Progress
) -> Iterator[SyncdError]:
    """What is wrong with the vault; raises SyncdError where nothing more can be said of it."""
    graph = read_graph(vault.path, vault.format)
    vault_format(vault, graph)
    if vault.journal:
        try:
            journal_files(vault.path, graph, datetime.now(zone(vault)).date())
        except SyncdError as error:
            yield error
    zone(vault)
    check_space(vault.path)
    if not os.access(vault.path, os.W_OK | os.X_OK):
        yield VaultError(f"{vault.path} cannot be written; let syncd's user write there")
    lost: dict[str, str] = {}
    progress("looking for pages", 0, None)
    files = list(walk(vault.path, lost, graph.hidden))
    there = {path for path, _ in files}
    ours = _asked(config, vault, homes.paths, set[str]())
    for path in sorted(conflict_copies(vault.path, graph, there, there, ours)):
        yield SyncdError(conflict_copy_line(vault.path / path))
    for number, (path, _) in enumerate(files, 1):
        progress("pages read", number, len(files))
        if stop.is_set():
            raise Stopped("stopped while reading the vault")
        yield from _unmerged(vault, path)
    progress("looking for equal titles", 0, None)
    yield from _by_state(config, vault, graph, files, lost)
    for path, reason in lost.items():
        if not reason.startswith(os.strerror(errno.ENOENT)):  # gone meanwhile
            yield SyncdError(f"{vault.path / path}: {reason}")
    yield from other_plugins(vault.path, _home())
    yield from _too_many_folders(vault.path, {path.rpartition("/")[0] for path, _ in files})


def _manners(vault: Vault, progress: Progress) -> list[Manner]:
    """In which programs' manners the vault's pages are written; none where that cannot be told."""
    try:
        graph = read_graph(vault.path, vault.format)
        return manners_of(vault.path, graph, named(vault.name, progress))
    except SyncdError:
        return []


def _told(one: Manner) -> dict[str, object]:
    """A manner for `--json`."""
    return {"program": one.dialect.program, "template": one.dialect.template, "pages": one.pages}


def _print_manners(config: Config, manners: dict[str, list[Manner]]) -> None:
    """Print by which programs the pages were written, and the template that fits them."""
    for vault in config.vaults:
        found = manners[vault.name]
        for one in found:
            say(f"{vault.name}: {one}")
        template = fitting_template(found)
        if template and not vault.template:
            say(f'{vault.name}: template = "{template}" lets new highlights look like that')


def _in_other_layout(config: Config, vault: Vault) -> int:
    """How many documents have another layout than new ones get; 0 where that cannot be told."""
    count = partial(homes.count_laid_out, notes=vault.layout == "page")
    return _asked(config, vault, count, 0)


def _asked(
    config: Config, vault: Vault, ask: Callable[[sqlite3.Connection, int], T], otherwise: T
) -> T:
    """What the state says of a vault, which it knows by a number; `otherwise` where it cannot."""
    state = settings.state_path(config) / "syncd.db"
    with suppress(ConfigError, OSError, sqlite3.Error), closing(open_to_read(state)) as db:
        number = find_vault(db, vault.name)
        if number is not None:
            return ask(db, number)
    return otherwise


def _print_layouts(config: Config, others: dict[str, int]) -> None:
    """Print how many documents keep the layout that they have."""
    for vault in config.vaults:
        count = others[vault.name]
        if count:
            have = "document has" if count == 1 else "documents have"
            kept = "a note for each highlight" if vault.layout == "page" else "a page"
            say(f"{vault.name}: {count} {have} another layout, {kept}, which stays")


def _unmerged(vault: Vault, path: str) -> Iterator[SyncdError]:
    """Whether git left both sides of a conflict on a page."""
    with suppress(OSError):
        data = (vault.path / path).read_bytes()
        if data.startswith(_OURS) or b"\n" + _OURS in data:
            way_out = "keep what is right of both sides, and delete the marks"
            yield SyncdError(f"{vault.path / path} has git's marks of a conflict; {way_out}")


def _by_state(
    config: Config,
    vault: Vault,
    graph: Graph,
    files: list[tuple[str, os.stat_result]],
    lost: dict[str, str],
) -> Iterator[SyncdError]:
    """What is wrong by what syncd knows of the vault: pages of one title, and what is gone."""
    state = settings.state_path(config) / "syncd.db"
    try:
        known = state.exists() and state.stat().st_size  # empty: as where there was no room for it
        with closing(open_to_read(state)) if known else nullcontext() as db:
            # a first run that is at work may have made the file, and no tables yet
            made = db is not None and db.execute("PRAGMA user_version").fetchone()[0]
            yield from duplicate_titles(db if made else None, vault, graph, files, lost)
            if db is not None and made:
                yield from _held(db, vault)
    except ConfigError as error:
        yield error
    except (OSError, sqlite3.Error) as error:
        yield StateError(f"{state}: {error}; `syncd sync` says more")


def _held(db: sqlite3.Connection, vault: Vault) -> Iterator[SyncdError]:
    """That much of the vault is gone."""
    number = find_vault(db, vault.name)
    held = [] if number is None else bases.absences(db, number, verdict="held")
    if held:
        yield SyncdError(f"{vault.name}: {held_line([one.gone for one in held])}")


def _too_many_folders(root: Path, folders: set[str]) -> Iterator[SyncdError]:
    """Whether Linux lets syncd watch the folders, with half of the watches left to others."""
    with suppress(OSError, ValueError):
        limit = int(_MAX_WATCHES.read_text())
        if len(folders) * 2 > limit:
            reason = f"but fs.inotify.max_user_watches is {limit}; raise it"
            yield SyncdError(f"{root} has {len(folders)} folders, {reason}")


def _home() -> Path | None:
    with suppress(RuntimeError):
        return Path.home()
    return None


def _as_value(name: str, one: Comparison | SyncdError) -> dict[str, object]:
    """A vault's comparison for `--json`."""
    if isinstance(one, SyncdError):
        return {"name": name, "error": one.message}
    kinds = {kind: [d._asdict() for d in one.differences if d.kind == kind] for kind in KINDS}
    unclear = [{"title": title, "reason": reason} for title, reason in one.unclear]
    known = {"name": name, "upstream": one.upstream, "present": one.present}
    return {**known, **kinds, "unclear": unclear}


def _print_result(
    path: Path, problems: list[str], compared: dict[str, Comparison | SyncdError]
) -> None:
    for problem in problems:
        say(f"problem: {one_line(problem)}", err=True)
    for name, one in compared.items():
        _print_comparison(name, one)
    if not problems and not compared:
        say(f"{path}: all is well")


def _print_comparison(name: str, found: Comparison | SyncdError) -> None:
    """Print how many highlights agree, and each that does not, with its page."""
    if isinstance(found, SyncdError):
        say(f"{name}: {found.message}")
        return
    count = Counter(one.kind for one in found.differences)
    say(
        f"{name}: {found.upstream} in the account, {found.present} in the vault; "
        f"{count['missing']} missing, {count['conflict']} changed on both sides, "
        f"{count['deleted']} deleted by you, {count['twice']} twice, "
        f"{count['edited']} edited by you, {count['adopted']} adopted"
        + (
            f", {count['outdated']} to be written anew by `sync --full`"
            if count["outdated"]
            else ""
        )
    )
    for title, reason in found.unclear:
        say(f"  unclear: {one_line(title)}: {one_line(reason)}")
    most = _LONG if sys.stdout.isatty() else len(found.differences)
    for kind in KINDS:
        differing = [one for one in found.differences if one.kind == kind]
        for one in differing[:most]:
            say(f"  {_line(one)}")
        if len(differing) > most:
            say(f"  {kind}: and {len(differing) - most} more; --json names all")


def _line(one: Difference) -> str:
    """One highlight that differs, or a page's properties."""
    document = one_line(one.title) or one.document
    what = f"highlight {one.highlight}" if one.highlight else "properties"
    return f"{one.kind}: {what} of {document} ({one_line(one.page or 'no page')})"
