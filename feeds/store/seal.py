"""A seal on the state: SQLite does not notice a page that was damaged on the disk.

It is taken off before a commit and put on after it, so a build that is killed meanwhile
leaves none, and a state without one is believed.
"""

import mmap
import os
from pathlib import Path
from threading import Thread
from zlib import crc32

SUFFIXES = (".sum", ".sum.new")
"""What the names of a seal, and of one that is being written, end in."""

_WINDOW = 1 << 23
"""So many bytes of a file are looked at together; it may be far larger than memory."""


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
    sums = [0, 0]
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        for start in range(0, size, _WINDOW):
            length = min(_WINDOW, size - start)
            # Never closed, as the other thread may still look at it when a signal ends us.
            content = mmap.mmap(
                opened.fileno(), length, access=mmap.ACCESS_READ, offset=start
            )
            sums = _added(memoryview(content), *sums)
    return f"{size} {sums[0]} {sums[1]}"


def _added(content: memoryview, first: int, second: int) -> list[int]:
    """Add up two halves at once: zlib needs no interpreter meanwhile."""
    half, found = len(content) // 2, [second]

    def add() -> None:
        found[0] = crc32(content[half:], second)

    thread = Thread(target=add)
    try:
        thread.start()
    except RuntimeError:  # the system allows no more threads
        add()
    first = crc32(content[:half], first)
    if thread.ident:
        thread.join()
    return [first, *found]
