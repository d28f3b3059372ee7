"""The least that a run can be: `floor.py URL QUERY PACK FOLDER` fetches, decodes and writes.

It decodes the same JSON from the same socket, and puts the same pages into FOLDER with the same
system calls: a temporary file with fsync, link or rename, and an fsync of the folder every hundred
pages. PACK is what to write: a line of JSON, [[name, size], ...], and behind it the pages' bytes.
No page is read, nothing is compared or remembered.
"""

# No pathlib, which a run could do without.
# ruff: noqa: PTH104, PTH108, PTH123

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

_BATCH = 100


def fetch(url: str, query: str) -> int:
    """Fetch and decode every page of the export; returns how many highlights it has."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    count, cursor = 0, ""
    while cursor is not None:
        page_cursor = f"&pageCursor={cursor}" if cursor else ""
        connection.request("GET", f"/api/v2/export/?{query}{page_cursor}")
        page = json.loads(connection.getresponse().read())
        count += page["count"]
        cursor = page["nextPageCursor"]
    connection.close()
    return count


def write(pack: str, folder: str) -> None:
    """Put the pages of `pack` into `folder`, durably."""
    with open(pack, "rb") as file:
        pages = json.loads(file.readline())
        for number, (name, size) in enumerate(pages, 1):
            put(f"{folder}/{name}", file.read(size), f"{folder}/.floor.{number:012}.tmp")
            if number % _BATCH == 0 or number == len(pages):
                sync(folder)


def put(target: str, data: bytes, temporary: str) -> None:
    """Write one page durably: in place of the old one, or as a new one where there is none."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    if os.path.lexists(target):
        os.rename(temporary, target)
    else:
        os.link(temporary, target)
        os.unlink(temporary)


def sync(folder: str) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    fetch(sys.argv[1], sys.argv[2])
    write(sys.argv[3], sys.argv[4])
