"""Reads the configuration, a TOML file, into frozen values, and knows where syncd's files are.

Kept light to import: time zones and the platform's folders are imported where they are needed.
"""

from __future__ import annotations

import os
import shlex
from datetime import date, timedelta, tzinfo
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import msgspec

from syncd.config.toml_file import TomlFile, read_toml
from syncd.config.values import parse_name, parse_zone
from syncd.errors import ConfigError

Category = Literal["books", "articles", "tweets", "podcasts", "supplementals"]

PropertyName = Literal[
    "cover",
    "highlights",
    "last-highlighted",
    "published",
    "summary",
    "note",
    "color",
    "favorite",
]


class Readwise(msgspec.Struct, frozen=True):
    """The account: where its token is (a file, or a command's output), and which server to ask."""

    token_file: Path | None = None
    token_command: tuple[str, ...] = ()
    api_url: str = "https://readwise.io"


class Schedule(msgspec.Struct, frozen=True):
    """When the service runs: in intervals of `every` or, where it is set, by `cron`.

    Each run is up to `jitter` late. The whole account is read again after `full_every`.
    """

    every: timedelta = timedelta(minutes=30)
    cron: str = ""
    jitter: timedelta = timedelta(minutes=1)
    full_every: timedelta = timedelta(days=7)


class Vault(msgspec.Struct, frozen=True):
    """One vault: its folder (absolute), how its pages are written, and what goes into it.

    The service leaves a page alone that changed within `quiet`. `timezone` "" is the system's,
    `namespace` None the format's own, `log_page` "" none, `template` "" none (else a folder). A
    filter's word with `-` before it excludes (see `filters`). With `live_text` "none" hashtags,
    links and pictures in texts are written as plain text, without `date_links` days too.
    """

    path: Path
    name: str = ""
    format: Literal["auto", "logseq", "obsidian"] = "auto"
    timezone: str = ""
    namespace: str | None = None
    template: Literal["", "readwise-default"] | Path = ""
    layout: Literal["page", "note-per-highlight"] = "page"
    on_delete: Literal["keep", "remove"] = "keep"
    categories: tuple[Category, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    documents: tuple[int, ...] = ()
    since: date | None = None
    discarded: bool = False
    log_page: str = ""
    journal: bool = False
    review: bool = False
    live_text: Literal["links", "none"] = "links"
    date_links: bool = True
    properties: tuple[PropertyName, ...] = ()
    media: Literal["link", "copy"] = "link"
    quiet: timedelta = timedelta(seconds=10)
    watch: Literal["auto", "poll", "off"] = "auto"


class Config(msgspec.Struct, frozen=True):
    """The whole configuration; `vaults` holds at least one."""

    vaults: tuple[Vault, ...]
    readwise: Readwise = Readwise()
    schedule: Schedule = Schedule()
    state_dir: Path | None = None


_SECTIONS = {  # the keys of each section; "" is what stands above the first
    "": ("state_dir", "readwise", "schedule", "vault"),
    "readwise": Readwise.__struct_fields__,
    "schedule": Schedule.__struct_fields__,
    "vault": Vault.__struct_fields__,
}


def load(path: Path) -> Config:
    """Read and check the configuration at `path`; relative paths in it start at its folder.

    Raises ConfigError, which names the file, the line, the key and what is allowed.
    """
    file = read_toml(path)
    top = dict(file.data)
    readwise, schedule, vaults = (
        top.pop("readwise", {}),
        top.pop("schedule", {}),
        top.pop("vault", []),
    )
    config = Config(
        **file.fields(Config, (), top, _SECTIONS),
        readwise=Readwise(**file.fields(Readwise, ("readwise",), readwise, _SECTIONS)),
        schedule=Schedule(**file.fields(Schedule, ("schedule",), schedule, _SECTIONS)),
        vaults=_vaults(file, vaults),
    )
    _check_choices(file, config)
    _check_vaults(file, config)
    return config


def config_path(option: str | None) -> Path:
    """The configuration file: `option` (--config), else $SYNCD_CONFIG, else in `config_dir`."""
    named = option or os.environ.get("SYNCD_CONFIG")
    return Path(named).expanduser() if named else config_dir() / "config.toml"


def config_dir() -> Path:
    """The folder of syncd's own files: $XDG_CONFIG_HOME/syncd, by default ~/.config/syncd."""
    import platformdirs

    return platformdirs.user_config_path("syncd")


def state_path(config: Config) -> Path:
    """Where syncd's state is: `state_dir`, else $STATE_DIRECTORY, else $XDG_STATE_HOME/syncd."""
    if config.state_dir is not None:
        return config.state_dir
    if given := os.environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given)
    import platformdirs

    return platformdirs.user_state_path("syncd")


def state_dir(config: Config) -> Path:
    """The folder of `state_path`, made for this user alone (0700) where it is missing.

    Raises ConfigError where it cannot be made, or is open to others.
    """
    folder = state_path(config)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"{error.strerror}; set state_dir"
        raise ConfigError(f"the state folder {folder} cannot be made: {reason}") from None
    if folder.stat().st_mode & 0o077:
        raise ConfigError(
            f"the state folder {folder} is open to others; "
            f"run: chmod 700 {shlex.quote(str(folder))}"
        )
    return folder


def zone(vault: Vault) -> tzinfo:
    """The time zone of the dates in the vault.

    Raises ConfigError where it is the system's, and that is unclear.
    """
    if vault.timezone:
        return parse_zone(vault.timezone)
    return system_zone(f"set timezone for vault {vault.name}")


def system_zone(way_out: str = "set the variable TZ") -> tzinfo:
    """The system's time zone. Raises ConfigError with the `way_out` where it is unclear."""
    import tzlocal

    try:
        return tzlocal.get_localzone()
    except (LookupError, ValueError, OSError):
        raise ConfigError(f"the system's time zone is unclear; {way_out}") from None


def _vaults(file: TomlFile, tables: Any) -> tuple[Vault, ...]:
    if not isinstance(tables, list):
        raise file.error(
            ("vault",), 'must be headed by double brackets: [[vault]], below it path = "~/notes"'
        )
    if not tables:
        raise ConfigError(
            f'{file.name}: there is no vault; add [[vault]] and below it path = "~/notes"'
        )
    return tuple(_vault(file, index, table) for index, table in enumerate(tables))


def _vault(file: TomlFile, index: int, table: Any) -> Vault:
    values = file.fields(Vault, ("vault", index), table, _SECTIONS)
    if "path" not in values:
        raise file.error(("vault", index), 'has no path; add path = "~/notes"')
    if "name" not in values:
        try:
            values["name"] = parse_name(os.path.basename(os.path.normpath(values["path"])))  # noqa: PTH119
        except ValueError:
            raise file.error(("vault", index), 'needs a name; add name = "notes"') from None
    return Vault(**values)


def _check_choices(file: TomlFile, config: Config) -> None:
    schedule, readwise = config.schedule, config.readwise
    if schedule.cron and "every" in file.data["schedule"]:
        raise file.error(
            ("schedule", "cron"), "and schedule.every exclude each other; keep one of them"
        )
    for index, vault in enumerate(config.vaults):
        if vault.review and not vault.journal:
            reason = "is told in the journal; add journal = true"
            raise file.error(("vault", index, "review"), reason)
        if vault.layout != "page" and vault.template:
            reason = "and template exclude each other: a highlight's own note has no template"
            raise file.error(("vault", index, "layout"), f"{reason}; keep one of them")
        if vault.live_text == "none" and vault.media == "copy":
            reason = (
                'and live_text = "none" exclude each other: a plain text shows no picture; '
                "keep one of them"
            )
            raise file.error(("vault", index, "media"), reason)
    if readwise.token_command and readwise.token_file:
        reason = "and readwise.token_file exclude each other; keep one of them"
        raise file.error(("readwise", "token_command"), reason)
    for key in ("every", "full_every"):
        if getattr(schedule, key) < timedelta(seconds=1):
            raise file.error(("schedule", key), 'is too short; the shortest is "1s"')


def _check_vaults(file: TomlFile, config: Config) -> None:
    places = [(vault.name, vault.path.resolve()) for vault in config.vaults]
    for (_, (first, one)), (index, (second, other)) in combinations(enumerate(places), 2):
        if first.casefold() == second.casefold():
            key = "name" if "name" in file.data["vault"][index] else "path"
            reason = f'makes a second vault "{second}"; give each a name of its own'
            raise file.error(("vault", index, key), reason)
        if other.is_relative_to(one) or one.is_relative_to(other):
            reason = f'and the path of vault "{first}" overlap; two vaults cannot share a folder'
            raise file.error(("vault", index, "path"), reason)
    for name, place in places:
        if config.state_dir is not None and config.state_dir.resolve().is_relative_to(place):
            raise file.error(
                ("state_dir",), f'is inside vault "{name}"; move it out, or syncing breaks it'
            )
