"""Record files → records: what each of them holds."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from feeds.parse import ENDINGS, MAX_RECORD_SIZE, TOO_LARGE, ending, holds_many, parse
from feeds.record import Complaint, Record
from feeds.survey import NO_NAME

_NO_NAME_REASON = "a name that is not UTF-8, rename it"


def read(
    files: Iterable[str], folder: Path, zone: tzinfo
) -> Iterator[Record | Complaint]:
    """Read the records of files named relative to a folder; a bad one as its complaint."""
    root = os.fsencode(folder)
    for file in files:
        name = file.removesuffix(NO_NAME)
        # As bytes, since a machine without a locale could not encode the name.
        place = os.path.join(root, name.encode("utf-8"))
        content = _content(place, name) if name == file else _NO_NAME_REASON
        if isinstance(content, str):
            yield Complaint(file=name, line=1, reason=content)
            continue
        for item in parse(content, name, zone):
            yield item if isinstance(item, Record) else _dated(item, content)


def _dated(complaint: Complaint, content: bytes) -> Complaint:
    return replace(complaint, digest=blake2b(content, digest_size=8).hexdigest())


def _content(place: bytes, name: str) -> bytes | str:
    """Read a file; or say why it is not read."""
    try:
        # A FIFO would keep an ordinary open waiting for ever.
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            return _folder(name)
        if not stat.S_ISREG(status.st_mode):
            return "no regular file, expected a record"
        most = sys.maxsize if holds_many(name) else MAX_RECORD_SIZE
        return _all(descriptor, status.st_size, most)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def _all(descriptor: int, size: int, most: int) -> bytes | str:
    """Read a file that had `size` bytes a moment ago; it may grow meanwhile."""
    content = b""
    while len(content) <= most:
        more = os.read(
            descriptor, size + 1 - len(content) if size >= len(content) else 1 << 16
        )
        if not more:
            return content
        content += more
    return TOO_LARGE


def _folder(name: str) -> str:
    if ending(name) in ENDINGS:
        return f"a folder, expected a file; rename it without {ending(name)} to have it read"
    return "a link back to a folder above it"
