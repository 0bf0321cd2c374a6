"""A seal on the state: SQLite does not notice a page that was damaged on the disk.

It is taken off before a commit and put on after it, so a build that is killed meanwhile
leaves none, and a state without one is believed.
"""

import os
from pathlib import Path
from threading import Thread
from zlib import crc32

SUFFIXES = (".sum", ".sum.new")
"""What the names of a seal, and of one that is being written, end in."""

_PIECE = 1 << 18
"""So many bytes are read at once; mapped into memory, one that cannot be read would end us."""


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
    """Add up two halves at once: zlib needs no interpreter meanwhile."""
    with file.open("rb", buffering=0) as opened:
        descriptor = opened.fileno()
        size = os.fstat(descriptor).st_size
        found: list[int | OSError] = []

        def add() -> None:
            try:
                found.append(_added(descriptor, size // 2, size))
            except OSError as error:
                found.append(error)

        thread = Thread(target=add)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            add()
        first = _added(descriptor, 0, size // 2)
        if thread.ident:
            thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return f"{size} {first} {found[0]}"


def _added(descriptor: int, start: int, end: int) -> int:
    sum_ = 0
    for at in range(start, end, _PIECE):
        sum_ = crc32(os.pread(descriptor, min(_PIECE, end - at), at), sum_)
    return sum_
