"""Record files → records: what each of them holds."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from feeds.errors import FAULTS, Unreadable
from feeds.fields import Translation
from feeds.parse import ENDINGS, ending, holds_many, parse, too_large
from feeds.record import Complaint, Record
from feeds.survey import NO_NAME

_FAULTS = FAULTS - {errno.EIO}  # which may be one file's: a bad sector, a device
_MOST_OF_MANY = {".json": 1 << 23}  # bytes of a file with many records, held whole
_MOST_LINES = 1 << 25  # bytes of one with a record a line


def read(
    files: Iterable[str],
    folder: Path,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> Iterator[Record | Complaint]:
    """Read the records of files named relative to a folder; a bad one as its complaint.

    A record may take so many bytes; `fields` tells what its fields are called.
    """
    root = os.fsencode(folder)
    for file in files:
        name = file.removesuffix(NO_NAME)
        # As bytes, since a machine without a locale could not encode the name.
        place = os.path.join(root, name.encode("utf-8"))
        content = _content(place, name, most) if name == file else _NO_NAME
        if isinstance(content, _Unread):
            yield Complaint(
                file=name, line=1, reason=content.why, digest=content.digest
            )
            continue
        digest = ""
        for item in parse(content, name, zone, most, fields):
            if isinstance(item, Complaint):
                digest = digest or blake2b(content, digest_size=8).hexdigest()
                yield replace(item, digest=digest)
            else:
                yield item


class _Unread(NamedTuple):
    """Why a file is not read, and a digest where only another version of it can be."""

    why: str
    digest: str = ""


_NO_NAME = _Unread("a name that is not UTF-8, rename it")


def _content(place: bytes, name: str, most: int) -> bytes | _Unread:
    """Read a file; or say why it is not read."""
    try:
        # A FIFO would keep an ordinary open waiting for ever.
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return _failed(error, name)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            return _Unread(_folder(name))
        if not stat.S_ISREG(status.st_mode):
            return _Unread("no regular file, expected a record")
        what = "file" if holds_many(name) else "record"
        if what == "file":
            most = max(most, _MOST_OF_MANY.get(ending(name), _MOST_LINES))
        content = _all(descriptor, status.st_size, most)
        if content is None:
            version = f"{status.st_size}.{status.st_mtime_ns}"
            return _Unread(too_large(most, what), version)
        return content
    except OSError as error:
        return _failed(error, name)
    finally:
        os.close(descriptor)


def _failed(error: OSError | ValueError, name: str) -> _Unread:
    """Say why a file is not read. Raises Unreadable where it is not the file's fault."""
    what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if isinstance(error, OSError) and error.errno in _FAULTS:
        raise Unreadable(f"{name}: {what}") from error
    return _Unread(what)


def _all(descriptor: int, size: int, most: int) -> bytes | None:
    """Read a file that had `size` bytes a moment ago; it may grow meanwhile.

    None where it has more bytes than it may.
    """
    content = b""
    while max(size, len(content)) <= most:
        left = size - len(content)
        more = os.read(descriptor, left + 1 if left >= 0 else 1 << 16)
        if not more:
            return content
        content += more
    return None


def _folder(name: str) -> str:
    if ending(name) in ENDINGS:
        return f"a folder, expected a file; rename it without {ending(name)} to have it read"
    return "a link back to a folder above it"
