"""A seal on the state: SQLite does not notice a page that was damaged on the disk.

It is taken off before a commit and put on after it, so a build that is killed meanwhile
leaves none, and a state without one is believed.
"""

import mmap
import os
from pathlib import Path
from threading import Thread
from zlib import crc32

from feeds.signals import held_back

SUFFIXES = (".sum", ".sum.new")
"""What the names of a seal, and of one that is being written, end in."""


def put(file: Path) -> None:
    """Seal a file. Raises OSError."""
    seal, new = (file.with_name(file.name + suffix) for suffix in SUFFIXES)
    new.unlink(missing_ok=True)
    with new.open("x", encoding="ascii") as opened:
        opened.write(_sum(file))
    new.replace(seal)


def take_off(file: Path) -> None:
    """Say that a file is about to change. Raises OSError."""
    _beside(file).unlink(missing_ok=True)


def is_broken(file: Path) -> bool:
    """Tell whether a file is another than the one that was sealed. Raises OSError."""
    try:
        descriptor = os.open(_beside(file), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(100) != _sum(file).encode()


def _beside(file: Path) -> Path:
    return file.with_name(file.name + SUFFIXES[0])


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if not size:
            return "0"
        with (
            mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_READ) as content,
            memoryview(content) as view,
        ):
            return " ".join(map(str, (size, *_checks(view))))


def _checks(content: memoryview) -> list[int]:
    """Add up two halves at once: zlib needs no interpreter meanwhile."""
    half, other = len(content) // 2, [0]

    def add() -> None:
        other[0] = crc32(content[half:])

    # Whatever ends us, the content is let go of first.
    with held_back():
        thread = Thread(target=add)
        thread.start()
        first = crc32(content[:half])
        thread.join()
    return [first, *other]
