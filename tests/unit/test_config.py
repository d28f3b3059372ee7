"""The configuration: what it may say, and what its reader is told where it is wrong."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config.settings import (
    Config,
    Readwise,
    Schedule,
    Vault,
    config_path,
    load,
    state_dir,
    zone,
)
from syncd.config.toml_file import line_of
from syncd.config.values import parse_duration
from syncd.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, with nothing in its environment."""
    for name in ("SYNCD_CONFIG", "STATE_DIRECTORY", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def loaded(folder: Path, text: str | bytes) -> Config:
    """What a file with this content says."""
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path)


def complaint(folder: Path, text: str | bytes) -> str:
    """The error about such a file, without the folder in front of its name."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    message = caught.value.message
    assert "\n" not in message
    assert caught.value.exit_status == 2
    return message.removeprefix(f"{folder}/")


VAULT = '[[vault]]\npath = "~/notes"\n'


def test_a_path_alone_is_a_configuration(home: Path) -> None:
    """Everything else has a default, as the design lists them."""
    config = loaded(home, VAULT)
    assert config.readwise == Readwise(None, (), "https://readwise.io")
    assert config.schedule == Schedule(
        timedelta(minutes=30), "", timedelta(minutes=1), timedelta(days=7)
    )
    vault = Vault(path=home / "notes", name="notes")
    assert config.vaults == (vault,)
    assert (vault.format, vault.on_delete, vault.watch, vault.quiet.seconds) == (
        "auto",
        "keep",
        "auto",
        10,
    )


def test_every_key_is_taken_over(home: Path) -> None:
    """Each key arrives in its field, texts in any script."""
    config = loaded(
        home,
        """
        state_dir = "state"
        readwise = { token_command = ["pass", "readwise"], api_url = "http://127.0.0.1:8080/" }
        [schedule]
        cron = "*/10  6-22 * * mon-fri"
        jitter = "0s"
        full_every = "1d 12h"
        [[vault]]
        name = "筆記 ملاحظات"
        path = "/srv/टिप्पणी 🗒️"
        format = "logseq"
        timezone = "Asia/Kathmandu"
        namespace = "/读 书/हाइलाइट/"
        template = "vorlagen/読書"
        on_delete = "remove"
        categories = ["tweets", "supplementals"]
        sources = ["twitter", " -kindle"]
        tags = ["बाघ", "-خاص"]
        authors = ["@example_owl", "-Ada Example"]
        documents = [12, -345]
        since = 2023-01-31
        discarded = true
        log_page = "Readwise/記録"
        journal = true
        quiet = "1m30s"
        watch = "poll"
        """,
    )
    assert config == Config(
        state_dir=home / "state",
        readwise=Readwise(None, ("pass", "readwise"), "http://127.0.0.1:8080"),
        schedule=Schedule(
            cron="*/10 6-22 * * mon-fri",
            jitter=timedelta(0),
            full_every=timedelta(days=1, hours=12),
        ),
        vaults=(
            Vault(
                name="筆記 ملاحظات",
                path=Path("/srv/टिप्पणी 🗒️"),
                format="logseq",
                timezone="Asia/Kathmandu",
                namespace="读 书/हाइलाइट",
                template=home / "vorlagen/読書",
                on_delete="remove",
                categories=("tweets", "supplementals"),
                sources=("twitter", "-kindle"),
                tags=("बाघ", "-خاص"),
                authors=("@example_owl", "-Ada Example"),
                documents=(12, -345),
                since=date(2023, 1, 31),
                discarded=True,
                log_page="Readwise/記録",
                journal=True,
                quiet=timedelta(seconds=90),
                watch="poll",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            VAULT + 'fromat = "logseq"',
            "config.toml:3: vault.fromat is unknown; did you mean format?",
        ),
        (
            '\n[redwise]\nx = 1\n' + VAULT,
            "config.toml:2: redwise is unknown; did you mean readwise?",
        ),
        (
            "[readwise]\ntokenfile = 1\n",
            "config.toml:2: readwise.tokenfile is unknown; did you mean token_file?",
        ),
        ("[[vault]]\npaht = 'x'", "config.toml:2: vault.paht is unknown; did you mean path?"),
        ("vaults = []\n", "config.toml:1: vaults is unknown; did you mean vault?"),
        (
            VAULT + "state_dir = '/srv'",
            "config.toml:3: vault.state_dir is unknown; state_dir stands above the first section",
        ),
        (
            VAULT + "every = '1h'",
            "config.toml:3: vault.every is unknown; every stands below [schedule]",
        ),
        ("name = 'x'\n" + VAULT, "config.toml:1: name is unknown; name stands below [[vault]]"),
        (
            "[schedule]\nxyz = 1\n" + VAULT,
            "config.toml:2: schedule.xyz is unknown; allowed: every, cron, jitter, full_every",
        ),
        (
            VAULT + 'format = "logsec"',
            (
                'config.toml:3: vault.format is "logsec"; did you mean logseq? (allowed: auto, '
                'logseq, obsidian)'
            ),
        ),
        (VAULT + 'watch = "?"', 'config.toml:3: vault.watch is "?"; allowed: auto, poll, off'),
        (
            VAULT + 'categories = ["books", "tweet"]',
            (
                'config.toml:3: vault.categories is "tweet"; did you mean tweets? (allowed: books, '
                'articles, tweets,'
            ),
        ),
        (VAULT + "name = 7", "config.toml:3: vault.name must be a text in quotes"),
        (VAULT + "name = 1979-05-27", "config.toml:3: vault.name must be a text in quotes"),
        (
            VAULT + "categories = 'tweets'",
            'config.toml:3: vault.categories must be a list of texts in quotes: ["one", "two"]',
        ),
        (
            "[readwise]\ntoken_command = 'pass x'\n" + VAULT,
            (
                'config.toml:2: readwise.token_command must be a list of texts in quotes: ["one", '
                '"two"]'
            ),
        ),
        (
            VAULT + "categories = []",
            'config.toml:3: vault.categories must be a list of texts in quotes: ["one", "two"]',
        ),
        (
            "[schedule]\nevery = 30\n" + VAULT,
            'config.toml:2: schedule.every must be a duration in quotes, such as "30m"',
        ),
        (
            '[schedule]\nevery = "half an hour"\n' + VAULT,
            (
                'config.toml:2: schedule.every is "half an hour", which is no duration; write one '
                'such as "30m"'
            ),
        ),
        (
            '[schedule]\nevery = "0s"\n' + VAULT,
            'config.toml:2: schedule.every is too short; the shortest is "1s"',
        ),
        (
            '[schedule]\nfull_every = "9999d"\n' + VAULT,
            'config.toml:2: schedule.full_every is longer than the longest, "1000d"',
        ),
        (
            VAULT + 'timezone = "Europe/Berln"',
            (
                'config.toml:3: vault.timezone is "Europe/Berln", which is no known time zone; did '
                'you mean Europe/Berlin'
            ),
        ),
        (
            VAULT + 'timezone = "ZQX"',
            (
                'config.toml:3: vault.timezone is "ZQX", which is no known time zone; write one '
                'such '
                'as "Europe/Berlin"'
            ),
        ),
        (
            VAULT + 'timezone = "Europe"',
            'config.toml:3: vault.timezone is "Europe", which is no known time zone',
        ),
        (
            VAULT + 'timezone = "../UTC"',
            'config.toml:3: vault.timezone is "../UTC", which is no known time zone',
        ),
        (
            '[schedule]\nevery = "1h"\ncron = "0 * * * *"\n' + VAULT,
            "config.toml:3: schedule.cron and schedule.every exclude each other; keep one of them",
        ),
        (
            VAULT + "review = true",
            "config.toml:3: vault.review is told in the journal; add journal = true",
        ),
        (
            VAULT + 'properties = ["colour"]',
            'config.toml:3: vault.properties is "colour"; did you mean color?',
        ),
        (
            VAULT + 'live_text = "none"\nmedia = "copy"',
            (
                'config.toml:4: vault.media and live_text = "none" exclude each other: a plain '
                'text '
                'shows no picture;'
            ),
        ),
        (
            '[readwise]\ntoken_file = "t"\ntoken_command = ["c"]\n' + VAULT,
            (
                "config.toml:3: readwise.token_command and readwise.token_file exclude each other; "
                "keep one of them"
            ),
        ),
        (
            '[schedule]\ncron = "@daily"\n' + VAULT,
            "config.toml:2: schedule.cron takes five fields, not 1: minute hour day month weekday",
        ),
        (
            '[schedule]\ncron = "0 ? * * *"\n' + VAULT,
            'config.toml:2: schedule.cron has the field "?", which cron does not know',
        ),
        (VAULT + 'name = " "', "config.toml:3: vault.name is empty; give a name"),
        (
            VAULT + 'name = "a/b"',
            'config.toml:3: vault.name is "a/b"; a name holds no slash and is not only dots',
        ),
        (
            VAULT + 'name = "a\\nb"',
            "config.toml:3: vault.name holds a line break or control character; remove it",
        ),
        (
            VAULT + "sources = ['-']",
            (
                'config.toml:3: vault.sources holds "-"; each text is a word to look for, or '
                '"-word" '
                'to leave out'
            ),
        ),
        (VAULT + "tags = 'x'", "config.toml:3: vault.tags must be a list of texts in quotes"),
        (
            VAULT + "documents = 12",
            "config.toml:3: vault.documents must be a list of numbers: [123, -456]",
        ),
        (
            VAULT + "documents = ['12']",
            "config.toml:3: vault.documents must be a number such as 123 or -123",
        ),
        (
            VAULT + "documents = [true]",
            "config.toml:3: vault.documents must be a number such as 123 or -123",
        ),
        (
            VAULT + "since = '2024-12-31'",
            "config.toml:3: vault.since must be a date without quotes, such as",
        ),
        (
            VAULT + "since = 2024-12-31T00:00:00Z",
            "config.toml:3: vault.since must be a date without quotes",
        ),
        (VAULT + "journal = 1", "config.toml:3: vault.journal must be true or false"),
        (VAULT + "discarded = 'yes'", "config.toml:3: vault.discarded must be true or false"),
        (VAULT + "log_page = true", "config.toml:3: vault.log_page must be a text in quotes"),
        (
            VAULT + "log_page = '[[x]]'",
            'config.toml:3: vault.log_page is "[[x]]"; it takes page names',
        ),
        ('[[vault]]\npath = "/"', 'config.toml:1: vault needs a name; add name = "notes"'),
        ('[[vault]]\npath = ""', "config.toml:2: vault.path is empty; give a path"),
        (
            '[[vault]]\npath = "$HOME/notes"',
            'config.toml:2: vault.path is "$HOME/notes", but variables are not',
        ),
        (
            '[[vault]]\npath = "~nobody-of-this-name/x"',
            'config.toml:2: vault.path is "~nobody-of-this-name/x", but',
        ),
        ('[[vault]]\nname = "x"', 'config.toml:1: vault has no path; add path = "~/notes"'),
        (
            '[vault]\npath = "x"',
            "config.toml:1: vault must be headed by double brackets: [[vault]]",
        ),
        ('vault = "~/notes"', "config.toml:1: vault must be headed by double brackets: [[vault]]"),
        (
            'vault = ["~/notes"]',
            "config.toml:1: vault must be a section of its own, headed [[vault]]",
        ),
        (
            'schedule = "30m"\n' + VAULT,
            "config.toml:1: schedule must be a section of its own, headed [schedule]",
        ),
        ("", "config.toml: there is no vault; add [[vault]]"),
        (
            VAULT + '[[vault]]\npath = "~/other"\nname = "NOTES"',
            'config.toml:5: vault.name makes a second vault "NOTES"; give each a name of its own',
        ),
        (
            VAULT + '[[vault]]\npath = "~/other/notes"',
            'config.toml:4: vault.path makes a second vault "notes"; give each a name of its own',
        ),
        (
            VAULT + '[[vault]]\nname = "b"\npath = "notes/../notes"',
            (
                'config.toml:5: vault.path and the path of vault "notes" overlap; two vaults '
                'cannot '
                'share a folder'
            ),
        ),
        (
            VAULT + '[[vault]]\npath = "~/notes/deep/in"',
            'config.toml:4: vault.path and the path of vault "notes"',
        ),
        (
            VAULT + '[[vault]]\nname = "b"\npath = "~"',
            'config.toml:5: vault.path and the path of vault "notes"',
        ),
        (
            'state_dir = "~/notes/.syncd"\n' + VAULT,
            'config.toml:1: state_dir is inside vault "notes"; move it out',
        ),
        (
            VAULT + 'namespace = "a//b"',
            'config.toml:3: vault.namespace is "a//b"; it takes page names joined by slashes',
        ),
        (
            VAULT + 'namespace = "../x"',
            'config.toml:3: vault.namespace is "../x"; it takes page names',
        ),
        (
            VAULT + 'namespace = "[[x]]"',
            'config.toml:3: vault.namespace is "[[x]]"; it takes page names',
        ),
        (
            "[[vault]]\npath = ~/notes\n",
            "config.toml:2: is not TOML: Invalid value; a text stands in quotes",
        ),
        (
            '[[vault]]\npath = "x"\npath = "y"\n',
            "config.toml:3: is not TOML: Cannot overwrite a value",
        ),
        ('[[vault]]\npath = ["x",\n', "config.toml:2: is not TOML: "),
        (
            b'# \xe7\xad\n[[vault]]\n# caf\xe9',
            "config.toml:1: is not UTF-8; save the file in that encoding",
        ),
        (b"[[vault]]\n# caf\xe9", "config.toml:2: is not UTF-8; save the file in that encoding"),
        (
            (VAULT + "\n").encode("utf-16"),
            "config.toml:1: is not UTF-8; save the file in that encoding",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_its_key_and_the_way_out(
    home: Path, text: str | bytes, expected: str
) -> None:
    """One line: the file, the line, the key, and what to write instead."""
    assert complaint(home, text).startswith(expected)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://readwise.io",
        "readwise.io",
        "https://",
        "https://a b",
        "https://x?y",
        "http://x:99999",
        "http://[",
    ],
)
def test_the_server_is_an_http_address(home: Path, url: str) -> None:
    """Anything else is refused where it is written, not at the first request."""
    message = complaint(home, f'[readwise]\napi_url = "{url}"\n{VAULT}')
    assert message.startswith(
        f'config.toml:2: readwise.api_url is "{url}"; it takes an http or https address'
    )


def test_paths_start_at_the_configuration_and_tilde_is_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory plays no part; `..` is named by the folder that it leads to."""
    folder = home / "notes" / "syncd"
    folder.mkdir(parents=True)
    config = loaded(folder, '[readwise]\ntoken_file = "~/t"\n[[vault]]\npath = ".."\n')
    assert config.readwise.token_file == home / "t"
    assert config.vaults[0].path.resolve() == home / "notes"
    assert config.vaults[0].name == "notes"
    monkeypatch.chdir(folder)
    assert load(Path("config.toml")) == config


def test_a_vault_reached_through_a_symlink_is_the_same_vault(home: Path) -> None:
    """Two names of one folder are one folder."""
    (home / "notes").mkdir()
    (home / "link").symlink_to("notes")
    message = complaint(home, VAULT + '[[vault]]\npath = "link"\n')
    assert message.startswith('config.toml:4: vault.path and the path of vault "notes" overlap')


def test_byte_order_mark_and_crlf_are_read(home: Path) -> None:
    """What other systems' editors save is read, and lines are counted as the editor counts them."""
    text = VAULT.replace("\n", "\r\n")
    assert loaded(home, b"\xef\xbb\xbf" + text.encode()).vaults[0].name == "notes"
    assert complaint(home, text + 'nmae = "x"\r\n').startswith("config.toml:3: vault.nmae")


def test_a_missing_file_points_to_init(home: Path) -> None:
    """A newcomer without a configuration is told the command that writes one."""
    with pytest.raises(
        ConfigError, match=r"none\.toml: there is no configuration here; `syncd init` writes one"
    ):
        load(home / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(home)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("top",), 2),
        (("long",), 3),
        (("list",), 7),
        (("a", "b", "c"), 11),
        (("dotted", "key"), 12),
        (("table", "long"), 15),
        (("vault", 0), 16),
        (("vault", 1), 19),
        (("vault", 1, "quo.ted"), 20),
        (("vault", 1, "no newline"), 21),
    ],
)
def test_a_line_is_found_in_every_notation(keys: tuple[str | int, ...], line: int) -> None:
    """Texts of many lines that look like tables, inline tables, dotted and quoted keys.

    Its first line.
    """
    text = (
        "# top = 0\ntop = 1\nlong = '''\n[table]\nlist = 1\n'''\nlist = [\n  1,\n\n]\n"
        "a = { b = { c = 1 } }\ndotted . key = 1\n\n[table] # long = 1\nlong = 2\n"
        "[[vault]]\nx = 1\n\n[[ vault ]]\n'quo.ted' = 1\n\"no newline\" = 1"
    )
    assert line_of(text, keys) == line
    assert line_of(text.replace("\n", "\r\n"), keys) == line


@given(st.integers(0, 99), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_the_sum_of_its_parts(
    days: int, hours: int, minutes: int, seconds: int
) -> None:
    """Any of the units may be missing, but not all."""
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert parse_duration(f"{days}d{hours}h{minutes}m{seconds}s") == span
    short = "".join(
        f"{n}{unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if n
    )
    if short:
        assert parse_duration(f" {short} ") == span


@pytest.mark.parametrize(
    "text", ["", " ", "30", "m", "1.5h", "-1m", "30m1h", "5m5m", "1y", "٣m", "1h x"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """No unit, an unknown unit, a wrong order, signs, fractions and other digits."""
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


def test_the_configuration_is_where_it_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option goes before the variable, the variable before the platform's folder."""
    assert config_path(None) == home / ".config/syncd/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    assert config_path(None) == home / "xdg/syncd/config.toml"
    monkeypatch.setenv("SYNCD_CONFIG", "~/other.toml")
    assert config_path(None) == home / "other.toml"
    assert config_path("here.toml") == Path("here.toml")


def test_the_state_folder_is_made_for_its_owner_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key goes before systemd's folder, that before the platform's; a new one has mode 0700."""
    config = loaded(home, VAULT)
    assert state_dir(config) == home / ".local/state/syncd"
    assert stat.S_IMODE((home / ".local/state/syncd").stat().st_mode) == 0o700
    monkeypatch.setenv("STATE_DIRECTORY", f"{home}/service:{home}/second")
    assert state_dir(config) == home / "service"
    assert state_dir(loaded(home, 'state_dir = "mine"\n' + VAULT)) == home / "mine"
    (home / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the state folder .* cannot be made: .*; set state_dir"):
        state_dir(loaded(home, 'state_dir = "file/state"\n' + VAULT))


def test_dates_are_in_the_vaults_zone_or_the_systems() -> None:
    """A zone that is named is used.

    Without one the system's, and where that is unclear, it is said.
    """
    summer = datetime(2024, 7, 1, tzinfo=zone(Vault(path=Path("/x"), timezone="Asia/Kathmandu")))
    assert summer.utcoffset() == timedelta(hours=5, minutes=45)
    script = (
        "from pathlib import Path; from syncd.config.settings import *; from syncd.errors import "
        "*\n"
        "try: print(zone(Vault(path=Path('/x'), name='n')))\n"
        "except ConfigError as error: print(error)"
    )
    for name, said in (("Asia/Tokyo", "Asia/Tokyo"), ("No/Where", "set timezone for vault n")):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"TZ": name},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said in done.stdout


def test_reading_a_configuration_imports_nothing_slow() -> None:
    """Every command reads it first; what only some need is imported by those."""
    script = "import sys, syncd.config.settings, syncd.config.token; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    slow = {
        "zoneinfo",
        "tzlocal",
        "platformdirs",
        "difflib",
        "requests",
        "sqlite3",
        "logging",
        "click",
    }
    assert not slow & set(done.stdout.split())


def test_the_example_names_every_key_and_its_default(home: Path) -> None:
    """The example loads as it is.

    Each commented key loads when it is uncommented, most as the default.
    """
    text = EXAMPLE.read_text()
    default = loaded(home, text)
    assert default == loaded(home, VAULT)
    settings = re.findall(r"^# (\w+) = .*$", text, re.MULTILINE)
    structs = (Readwise, Schedule, Vault)
    assert {*settings, "path"} == {
        "state_dir",
        *(f for struct in structs for f in struct.__struct_fields__),
    }
    others = {
        "state_dir",
        "token_file",
        "token_command",
        "cron",
        "timezone",
        "namespace",
        "categories",
    }
    others |= {
        "sources",
        "tags",
        "authors",
        "documents",
        "since",
        "log_page",
        "template",
        "properties",
    }
    for key in settings:
        changed = loaded(home, re.sub(rf"^# ({key} = )", r"\1", text, flags=re.MULTILINE))
        assert (changed != default) == (key in others), key
    shown = loaded(home, re.sub(r"^# (state_dir|token_file)", r"\1", text, flags=re.MULTILINE))
    assert shown.state_dir == state_dir(default)
    assert shown.readwise.token_file == home / ".config/syncd/token"
