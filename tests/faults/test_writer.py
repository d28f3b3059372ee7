"""What happens to pages when disks fill, owners write at the same time and processes are killed."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.errors import DocumentError, VaultError
from syncd.vault.write import PageChanged, Writer, check_space, read_page, sweep

ROOT = os.geteuid() == 0
NOBODY = 65534


def page(folder: Path, text: str = "eins\n", name: str = "Seite.md", age: int = 60) -> Path:
    """A page that its owner wrote `age` seconds ago."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def names(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


def leftovers(folder: Path) -> list[str]:
    """Temporary files that were not removed."""
    return [path.name for path in folder.rglob(".syncd.*")]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, where the tests may mount one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_new_page_comes_with_its_folders(tmp_path: Path) -> None:
    """What is returned is what the next read finds; nothing else is left behind."""
    writer = Writer(tmp_path)
    seen = writer.write(Path("pages/深/नया.md"), b"- text", None)
    writer.flush()
    path = tmp_path / "pages/深/नया.md"
    assert read_page(path) == (b"- text", seen)
    assert not leftovers(tmp_path)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_page_is_replaced_whole(tmp_path: Path) -> None:
    """The old bytes or the new ones, under a new inode."""
    path = page(tmp_path)
    _, seen = read_page(path)
    now = Writer(tmp_path).write(path, b"zwei", seen)
    assert read_page(path) == (b"zwei", now)
    assert now.inode != seen.inode
    assert not leftovers(tmp_path)


def test_equal_bytes_are_not_written(tmp_path: Path) -> None:
    """No sync traffic and no notice that the page was modified."""
    path = page(tmp_path)
    before = path.stat()
    data, seen = read_page(path)
    assert Writer(tmp_path).write(path, data, seen) == seen
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666, 0o755])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    """Also the bits that the umask would take away."""
    path = page(tmp_path)
    path.chmod(mode)
    Writer(tmp_path).write(path, b"zwei", read_page(path)[1])
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    """A run as root does not take the owner's notes."""
    path = page(tmp_path)
    os.chown(path, NOBODY, NOBODY)
    Writer(tmp_path).write(path, b"zwei", read_page(path)[1])
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY)


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    """Finder tags, checksums, whatever the owner's tools put there."""
    path = page(tmp_path)
    try:
        os.setxattr(path, "user.label", "значок".encode())
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    Writer(tmp_path).write(path, b"zwei", read_page(path)[1])
    assert os.getxattr(path, "user.label") == "значок".encode()


def test_a_linked_page_stays_a_link(tmp_path: Path) -> None:
    """The page behind it is written, in its own folder."""
    (tmp_path / "elsewhere").mkdir()
    behind = page(tmp_path / "elsewhere")
    link = tmp_path / "link.md"
    link.symlink_to(behind)
    Writer(tmp_path).write(link, b"zwei", read_page(link)[1])
    assert link.is_symlink()
    assert behind.read_bytes() == b"zwei"


def test_links_that_leave_the_vault_are_not_followed(tmp_path: Path) -> None:
    """Neither a page nor a folder, nor a path with dots; what is outside stays as it is."""
    vault, outside = tmp_path / "vault", tmp_path / "vault-2"
    vault.mkdir()
    outside.mkdir()
    private = page(outside)
    (vault / "link.md").symlink_to(private)
    (vault / "pages").symlink_to(outside)
    for path, seen in [
        ("link.md", read_page(private)[1]),
        ("pages/new.md", None),
        ("../vault-2/new.md", None),
    ]:
        with pytest.raises(DocumentError) as caught:
            Writer(vault).write(Path(path), b"zwei", seen)
        assert caught.value.code == "outside-vault"
    assert private.read_bytes() == b"eins\n"
    assert list(outside.iterdir()) == [private]


def test_a_vault_may_itself_be_a_link(tmp_path: Path) -> None:
    """Pages are named by the path that the owner configured."""
    (tmp_path / "real/pages").mkdir(parents=True)
    vault = tmp_path / "vault"
    vault.symlink_to("real")
    Writer(vault).write(vault / "pages/a.md", b"a", None)
    assert (tmp_path / "real/pages/a.md").read_bytes() == b"a"


@pytest.mark.parametrize("text", ["zwei\n", "eins\nzwei\n", ""])
def test_a_page_that_its_owner_changed_meanwhile_is_left_alone(tmp_path: Path, text: str) -> None:
    """Even if length and time are what they were: the clock of a young page is not trusted."""
    path = page(tmp_path, age=0)
    _, seen = read_page(path)
    path.write_text(text)
    os.utime(path, ns=(seen.mtime_ns, seen.mtime_ns))
    with pytest.raises(PageChanged):
        Writer(tmp_path).write(path, b"drei", seen)
    assert path.read_text() == text
    assert not leftovers(tmp_path)


def test_a_page_that_was_only_touched_is_written(tmp_path: Path) -> None:
    """A sync service that wrote the same bytes again is no reason to plan again."""
    path = page(tmp_path)
    _, seen = read_page(path)
    path.unlink()
    page(tmp_path, age=5)
    Writer(tmp_path).write(path, b"zwei", seen)
    assert path.read_bytes() == b"zwei"


def test_a_page_that_its_owner_deleted_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    """Nor does one whose folder is gone."""
    (tmp_path / "pages").mkdir()
    path = page(tmp_path / "pages")
    _, seen = read_page(path)
    path.unlink()
    writer = Writer(tmp_path)
    with pytest.raises(PageChanged):
        writer.write(path, b"zwei", seen)
    assert not path.exists()
    writer.write(path, b"zwei", None)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(PageChanged):
        writer.write(path, b"drei", None)
    assert not path.parent.exists()
    writer.flush()
    writer.write(path, b"drei", None)
    assert path.read_bytes() == b"drei"


@pytest.mark.parametrize("links", [True, False])
def test_a_new_page_never_replaces_one_that_its_owner_made_meanwhile(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On disks with hard links as on those without (FAT refuses `link` with EPERM)."""
    if not links:
        monkeypatch.setattr(os, "link", refused)
    writer = Writer(tmp_path)
    path = page(tmp_path, "ihre\n")
    with pytest.raises(PageChanged):
        writer.write(path, b"unsere", None)
    assert path.read_text() == "ihre\n"
    seen = writer.write(Path("Neu.md"), b"unsere", None)
    assert read_page(tmp_path / "Neu.md") == (b"unsere", seen)
    assert names(tmp_path) == {"Neu.md", "Seite.md"}


def refused(source: str, target: str) -> None:
    """What `os.link` does on a FAT disk."""
    raise PermissionError(errno.EPERM, "Operation not permitted", source, None, target)


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    """A folder, a file for a folder, links to nothing and to itself, a pipe, a name too long."""
    (tmp_path / "folder.md").mkdir()
    page(tmp_path, name="file")
    (tmp_path / "nothing.md").symlink_to("nowhere.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    os.mkfifo(tmp_path / "pipe.md")
    seen = read_page(tmp_path / "file")[1]
    for path, code in [
        *(("folder.md", "in-the-way"), ("file/a.md", "in-the-way"), ("nothing.md", "in-the-way")),
        *(("pipe.md", "in-the-way"), ("長" * 90 + ".md", "name-too-long")),
    ]:
        with pytest.raises(DocumentError, match=path[:4]) as caught:
            Writer(tmp_path).write(Path(path), b"x", None)
        assert caught.value.code == code
    for path in ("folder.md", "loop.md", "pipe.md"):
        with pytest.raises(DocumentError) as caught:
            Writer(tmp_path).write(Path(path), b"x", seen)
        assert caught.value.code == "in-the-way"
    for path in ("folder.md", "pipe.md"):
        with pytest.raises(DocumentError):
            read_page(tmp_path / path)
    assert not leftovers(tmp_path)


def test_a_page_that_its_owner_made_read_only_is_not_written(tmp_path: Path) -> None:
    """Although a rename over it would not even ask."""
    path = page(tmp_path)
    path.chmod(0o444)
    with pytest.raises(DocumentError, match="read-only") as caught:
        Writer(tmp_path).write(path, b"zwei", read_page(path)[1])
    assert caught.value.code == "page-unwritable"
    assert path.read_bytes() == b"eins\n"


def test_a_folder_that_cannot_be_written_fails_its_pages_only() -> None:
    """Each is named, with the way out; an unreadable page is told from a missing one."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        vault = Path(name)
        vault.chmod(0o777)
        (vault / "shut").mkdir()
        path = page(vault / "shut")
        secret = page(vault, name="secret.md")
        secret.chmod(0)
        (vault / "shut").chmod(0o555)
        with other_user():
            writer = Writer(vault)
            for target, seen in [(path, read_page(path)[1]), (vault / "shut/new.md", None)]:
                with pytest.raises(DocumentError, match="shut/") as caught:
                    writer.write(target, b"zwei", seen)
                assert caught.value.code == "page-unwritable"
            with pytest.raises(DocumentError) as caught:
                read_page(secret)
            assert caught.value.code == "page-unreadable"
            writer.write(vault / "open.md", b"zwei", None)
        (vault / "shut").chmod(0o755)
        assert path.read_bytes() == b"eins\n"


@contextmanager
def other_user() -> Iterator[None]:
    """Root may write everywhere, so it steps aside."""
    if ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)


def test_a_full_disk_ends_the_run_and_leaves_the_old_page(tmp_path: Path) -> None:
    """No torn page, no temporary file, and a message that says what to do."""
    with mounted(tmp_path / "vault", "size=64k") as vault:
        path = page(vault, "alt\n")
        seen = read_page(path)[1]
        for target, known in [(path, seen), (vault / "new.md", None)]:
            with pytest.raises(VaultError, match="free some space") as caught:
                Writer(vault).write(target, b"x" * 100_000, known)
            assert caught.value.code == "disk-full"
        assert names(vault) == {"Seite.md"}
        assert path.read_text() == "alt\n"
        with pytest.raises(VaultError, match="0 MiB"):
            check_space(vault)


def test_a_read_only_disk_ends_the_run(tmp_path: Path) -> None:
    """Before the first write where the check is asked, at the first write otherwise."""
    with mounted(tmp_path / "vault", "size=32m") as vault:
        check_space(vault)
        path = page(vault)
        subprocess.run(["mount", "-o", "remount,ro", vault], check=True)
        with pytest.raises(VaultError, match="read-only"):
            check_space(vault)
        with pytest.raises(VaultError) as caught:
            Writer(vault).write(path, b"zwei", read_page(path)[1])
        assert caught.value.code == "vault-read-only"


def test_a_vault_that_vanishes_is_not_made_again(tmp_path: Path) -> None:
    """Neither at the start nor in the middle of a run, when its disk is taken away."""
    vault = tmp_path / "vault"
    with pytest.raises(VaultError, match="missing"):
        Writer(vault)
    with pytest.raises(VaultError):
        check_space(vault)
    vault.mkdir()
    writer = Writer(vault)
    vault.rename(tmp_path / "moved")
    with pytest.raises(VaultError):
        writer.write(Path("pages/a.md"), b"a", None)
    vault.mkdir()
    with pytest.raises(VaultError, match="replaced"):
        writer.write(Path("pages/a.md"), b"a", None)
    assert not list(vault.iterdir())


def test_old_temporary_files_are_swept_and_nothing_else(tmp_path: Path) -> None:
    """Those of a run that may still be going stay, and so does whatever only resembles ours."""
    (tmp_path / "pages").mkdir()
    old = page(tmp_path / "pages", name=".syncd.0123456789ab.tmp", age=61)
    others = [
        page(tmp_path / "pages", name=".syncd.ba9876543210.tmp", age=0),
        page(tmp_path / "pages", name=".syncd.note.tmp", age=999),
        page(tmp_path / "pages", name="x.syncd.0123456789ab.tmp", age=999),
    ]
    assert sweep(tmp_path, [Path("pages"), tmp_path / "gone"]) == 1
    assert not old.exists()
    assert all(path.exists() for path in others)


def test_an_emptied_page_is_read_again_before_it_is_believed(tmp_path: Path) -> None:
    """An editor that saves by truncating and writing is not caught in between."""
    path = page(tmp_path)
    code = (
        "import sys, time; f = open(sys.argv[1], 'w'); print(flush=True); time.sleep(0.05); "
        "f.write('neu')"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as editor:
        assert editor.stdout
        editor.stdout.readline()
        data = read_page(path)[0]
        editor.wait()
    assert data in (b"neu", b"")
    assert read_page(path)[0] == b"neu"
    path.write_bytes(b"")
    assert read_page(path)[0] == b""


LOOP = """
import sys
from pathlib import Path
from syncd.vault.write import Writer, read_page
vault = Path(sys.argv[1])
writer = Writer(vault)
print(flush=True)
for turn in range(10**9):
    for name in ("a.md", f"new-{sys.argv[2]}-{turn}.md"):
        path = vault / "pages" / name
        seen = read_page(path)[1] if path.exists() else None
        writer.write(path, bytes([65 + turn % 26]) * 300_000, seen)
    writer.flush()
"""


def test_a_kill_at_any_moment_leaves_whole_pages(tmp_path: Path) -> None:
    """Each page holds one version, whole.

    What is left besides are files that the next run sweeps.
    """
    dice = random.Random(7)
    for turn in range(10):
        command = [sys.executable, "-c", LOOP, str(tmp_path), str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(dice.uniform(0.005, 0.06))
            process.send_signal(signal.SIGKILL)
    pages = list((tmp_path / "pages").glob("*.md"))
    assert len(pages) > 1
    for path in pages:
        data = path.read_bytes()
        assert data == data[:1] * 300_000, path
    for name in leftovers(tmp_path):
        os.utime(tmp_path / "pages" / name, (0, 0))
    sweep(tmp_path, [Path("pages")])
    assert names(tmp_path / "pages") == {path.name for path in pages}
