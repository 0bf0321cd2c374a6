"""Record files → records: what each of them holds."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from feeds.errors import FAULTS, Unreadable
from feeds.fields import Translation
from feeds.many import too_large
from feeds.parse import ENDINGS, ending, holds_many, records
from feeds.record import Complaint, Record
from feeds.remote.url import is_url
from feeds.survey import NO_NAME
from feeds.unpack import pieces

Found = Iterator[Record | Complaint]

_FAULTS = FAULTS - {errno.EIO}  # which may be one file's: a bad sector, a device


def read(
    files: Sequence[str],
    folder: Path,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> Found:
    """Read the records of files named relative to a folder; a bad one as its complaint.

    A record may take so many bytes; `fields` tells what its fields are called.
    """
    for _file, found in each(files, folder, zone, most, fields):
        yield from found


def each(
    files: Sequence[str],
    folder: Path,
    zone: tzinfo,
    most: int,
    fields: Translation | None = None,
) -> Iterator[tuple[str, Found]]:
    """Give each file with its records, which are to be taken before the next file's."""
    root = os.fsencode(folder)
    elsewhere = _fetched(files, most)
    for file in files:
        name = file.removesuffix(NO_NAME)
        if is_url(file):
            content = next(elsewhere)
        elif name == file:
            # As bytes, since a machine without a locale could not encode the name.
            place = os.path.join(root, name.encode("utf-8"))
            content = _content(place, name, most)
        else:
            content = _NO_NAME
        yield file, _records(content, name, (zone, most, fields))


class Content(NamedTuple):
    """What a file holds; and a digest of it, made where it is wanted."""

    pieces: Iterable[bytes]
    digest: Callable[[], str]


class Unread(NamedTuple):
    """Why a file is not read, and a digest where only another version of it can be."""

    why: str
    digest: str = ""


_LONG = 1 << 28  # bytes
_IRREGULAR = "no regular file, expected a record"
_NO_NAME = Unread("a name that is not UTF-8, rename it")


def _fetched(files: Sequence[str], most: int) -> Iterator[Content | Unread]:
    """Read what is at stores, in order, several at once."""
    if not any(map(is_url, files)):
        return
    from feeds.remote import source  # noqa: PLC0415  (few have records there)

    for name, found in source.contents(filter(is_url, files), most):
        if found is None:
            yield Unread("cannot be read: no such object")
        elif isinstance(found, bytes):
            yield _whole(found) if len(found) <= most else _too_large(found, most)
        else:
            yield Content(pieces(found.file, name), found.digest)


def _records(
    content: Content | Unread, name: str, how: tuple[tzinfo, int, Translation | None]
) -> Found:
    if isinstance(content, Unread):
        yield Complaint(file=name, line=1, reason=content.why, digest=content.digest)
        return
    digest = ""
    try:
        for item in records(content.pieces, name, *how):
            if isinstance(item, Complaint):
                digest = digest or content.digest()
                yield replace(item, digest=digest)
            else:
                yield item
    except OSError as error:  # while it was read in a stream
        yield Complaint(file=name, line=1, reason=_failed(error, name).why)


def _whole(content: bytes) -> Content:
    return Content((content,), lambda: blake2b(content, digest_size=8).hexdigest())


def _too_large(content: bytes, most: int) -> Unread:
    return Unread(too_large(most), blake2b(content, digest_size=8).hexdigest())


def _content(place: bytes, name: str, most: int) -> Content | Unread:
    """Read a file, or open one that holds many records; or say why it is not read."""
    try:
        # A FIFO would keep an ordinary open waiting for ever.
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return _failed(error, name)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            is_folder = stat.S_ISDIR(status.st_mode)
            return Unread(_folder(name) if is_folder else _IRREGULAR)
        if holds_many(name):
            return Content(_stream(place, name), lambda: _digest(place))
        content = _all(descriptor, status.st_size, most)
        version = f"{status.st_size}.{status.st_mtime_ns}"
        return Unread(too_large(most), version) if content is None else _whole(content)
    except OSError as error:
        return _failed(error, name)
    finally:
        os.close(descriptor)


def _stream(place: bytes, name: str) -> Iterator[bytes]:
    with open(place, "rb", buffering=0, opener=_opened) as file:
        yield from pieces(file, name)


def _digest(place: bytes) -> str:
    """Tell one content of a file from another; one that takes long to read by its time."""
    with open(place, "rb", opener=_opened) as file:
        status = os.fstat(file.fileno())
        if status.st_size > _LONG:
            return f"{status.st_size}.{status.st_mtime_ns}"
        found = blake2b(digest_size=8)
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _opened(place: str, flags: int) -> int:
    return os.open(place, flags | os.O_NONBLOCK)


def _failed(error: OSError | ValueError, name: str) -> Unread:
    """Say why a file is not read. Raises Unreadable where it is not the file's fault."""
    what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if isinstance(error, OSError) and error.errno in _FAULTS:
        raise Unreadable(f"{name}: {what}") from error
    return Unread(what)


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
