"""`syncd` on a terminal: a process on a pseudo-terminal, and the screen as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte

from tests.support.wait import PATIENCE

LINES = 24
# Makes the terminal that of the process, so that ^C is a signal, and becomes the command.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """Runs `syncd` with these arguments; `seen` is all that came to the terminal."""

    def __init__(
        self, folder: Path, *arguments: str, env: dict[str, str], columns: int = 80
    ) -> None:
        self.seen = ""
        self._from = 0
        self._screen = pyte.Screen(columns, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", "syncd", *arguments],
            env=env,
            cwd=folder,
            start_new_session=True,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def answer(self, question: str, answer: str) -> None:
        """Wait for the question, then type."""
        self.wait_for(question)
        self.press(answer + "\n")

    def press(self, keys: str) -> None:
        """Type these keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until that comes, behind what was waited for before."""
        until = time.monotonic() + PATIENCE
        while text not in self.seen[self._from :]:
            assert time.monotonic() < until, self.seen
            assert self._read(), f"{text!r} never came: {self.seen}"
        self._from = len(self.seen)

    def until_shown(self, *texts: str) -> None:
        """Wait until all of that is on the screen at once."""
        until = time.monotonic() + PATIENCE
        while not all(text in "\n".join(self.screen()) for text in texts):
            assert time.monotonic() < until, self.screen()
            assert self._read(), self.screen()

    def screen(self) -> list[str]:
        """The screen's lines, without those below the last one that is not empty."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")

    def end(self) -> int:
        """Wait for the end; the exit status."""
        while self._read():
            pass
        return self._process.wait(timeout=PATIENCE)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self._stream.feed(data)
        self.seen += data.decode("utf-8", "replace")
        return bool(data)
