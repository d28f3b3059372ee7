"""What kind of vault a folder is, and what a Logseq graph's own settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import ConfigError, VaultError
from syncd.vault.edn import parse_map
from syncd.vault.graph import Graph, read_graph


def graph(root: Path, config: str) -> Graph:
    """The graph at `root` with this `config.edn`."""
    (root / "logseq").mkdir(exist_ok=True)
    (root / "logseq/config.edn").write_text(config, encoding="utf-8")
    return read_graph(root)


def test_an_untouched_config_means_logseqs_defaults(tmp_path: Path) -> None:
    """Without a name format, the graph is from before the present one."""
    expected = Graph("logseq", "pages", "journals", "legacy", False, "MMM do, yyyy", "yyyy_MM_dd")
    assert graph(tmp_path, "{}") == expected


def test_every_setting_that_matters_is_read(tmp_path: Path) -> None:
    """Amid comments, discards, nested collections, escapes and commas."""
    config = r"""
    ;; {:file/name-format :legacy}
    {:meta/version 1, ; 一
     :preferred-format "Org"
     :pages-directory "Сторінки/\u65e5\"本"
     :journals-directory "journals"
     #_#_:file/name-format :legacy
     :hidden ["/a" {:pages-directory "x"} #{\} \newline} (1 2.5)]
     :shortcuts {:editor/new-block "enter" :ui [["]" #_ignored]]}
     :at #inst "2024-01-01" #_{:a 1}
     :journal/page-title-format "yyyy-MM-dd EEEE"
     :journal/file-name-format "yyyyMMdd"
     :file/name-format :triple-lowbar} trailing"""
    assert graph(tmp_path, config) == Graph(
        "logseq",
        'Сторінки/日"本',
        "journals",
        "triple-lowbar",
        True,
        "yyyy-MM-dd EEEE",
        "yyyyMMdd",
        ("a",),
    )


@pytest.mark.parametrize(
    ("config", "hidden"),
    [
        (
            '{;; :hidden ["/no"]\n:hidden ["/पुराना" "old/ma\\"p" ["deep"]] :x ["y"]}',
            ("पुराना", 'old/ma"p'),
        ),
        ("{:hidden [] :x {:y [1]}}", ()),
        ('{:hidden nil :x ["y"]}', ()),
        ("{}", ()),
    ],
)
def test_what_logseq_hides_is_known(tmp_path: Path, config: str, hidden: tuple[str, ...]) -> None:
    """What paths begin with, from the vault's folder."""
    assert graph(tmp_path, config).hidden == hidden


@pytest.mark.parametrize(
    "config",
    [
        *(
            "",
            "; only words",
            "[1 2]",
            "{:a 1",
            "{:a}",
            "{:a 1]",
            "{:a [1}",
            "{:a (1]}",
            '{:a "open',
            "{:a 1 :a 2}",
        ),
        *(
            "{:a #_}",
            '{:pages-directory "../out"}',
            '{:pages-directory "/tmp"}',
            '{:journals-directory "a/../../b"}',
        ),
        *("{:file/name-format :quadruple}", "{:pages-directory []}", '{:pages-directory ""}'),
    ],
)
def test_a_config_that_cannot_be_understood_is_named_not_guessed(
    tmp_path: Path, config: str
) -> None:
    """A guess would put pages where Logseq does not look, or outside the vault."""
    with pytest.raises(ConfigError, match=r"logseq/config\.edn: .+"):
        graph(tmp_path, config)


def test_a_config_in_another_encoding_is_named(tmp_path: Path) -> None:
    """It may be cut off, or not Logseq's at all."""
    graph(tmp_path, "{}")
    (tmp_path / "logseq/config.edn").write_bytes(b"{:a \xff}")
    with pytest.raises(ConfigError, match=r"config\.edn"):
        read_graph(tmp_path)


def test_nil_is_as_good_as_no_setting(tmp_path: Path) -> None:
    """A byte order mark does no harm either."""
    assert graph(tmp_path, "\ufeff{:pages-directory nil :file/name-format nil}").pages == "pages"


def test_auto_knows_the_apps_by_their_folders(tmp_path: Path) -> None:
    """Logseq by its configuration, Obsidian by its own folder."""
    (tmp_path / ".obsidian").mkdir()
    assert read_graph(tmp_path) == Graph("obsidian")


def test_auto_does_not_guess(tmp_path: Path) -> None:
    """With the folders of both or of neither it names the setting that decides; it does."""
    with pytest.raises(ConfigError, match=r'neither.*set `format = "logseq"`'):
        read_graph(tmp_path)
    (tmp_path / ".obsidian").mkdir()
    with pytest.raises(ConfigError, match="both"):
        graph(tmp_path, "{}")
    assert read_graph(tmp_path, "obsidian").format == "obsidian"
    assert read_graph(tmp_path, "logseq").format == "logseq"
    with pytest.raises(ConfigError, match="format"):
        read_graph(tmp_path, "roam")


def test_a_new_graph_has_the_name_format_that_logseq_will_give_it(tmp_path: Path) -> None:
    """Where `format` is set and Logseq has not written its configuration yet."""
    assert read_graph(tmp_path, "logseq").name_style == "triple-lowbar"


def test_a_missing_vault_is_an_error_of_the_vault(tmp_path: Path) -> None:
    """A disk that is not mounted is nothing to create folders in."""
    with pytest.raises(VaultError, match="missing"):
        read_graph(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(VaultError):
        read_graph(tmp_path / "file", "obsidian")


def test_edn_values_are_told_apart() -> None:
    """Strings are text, atoms as written, collections nothing."""
    assert parse_map(r'{:s "a\n\\b" :k :v/w :n -1.5 :t true :c \{ :v [1] :m {}}') == {
        ":s": "a\n\\b",
        ":k": ":v/w",
        ":n": "-1.5",
        ":t": "true",
        ":c": "\\{",
        ":v": None,
        ":m": None,
    }
