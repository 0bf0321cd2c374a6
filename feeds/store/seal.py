"""A seal on the state: SQLite does not notice a page that was damaged on the disk.

It is taken off before a commit and put on after it, so a build that is killed meanwhile
leaves none, and a state without one is believed.
"""

import mmap
import os
import zlib
from pathlib import Path

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
        with mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_READ) as content:
            return f"{size} {zlib.crc32(content)}"
