"""Sources → records: which files there are, and what each of them holds."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import tzinfo
from hashlib import blake2b
from pathlib import Path

from feeds.config import Config
from feeds.errors import Mistake
from feeds.parse import ENDINGS, MAX_RECORD_SIZE, TOO_LARGE, ending, holds_many, parse
from feeds.record import Complaint, Record

_WILD = frozenset("*?[")
_Inode = tuple[int, int]


def read(
    files: Iterable[str], folder: Path, zone: tzinfo
) -> Iterator[Record | Complaint]:
    """Read the records of files named relative to a folder; a bad one as its complaint."""
    for file in files:
        content = _content(folder / file)
        if isinstance(content, str):
            yield Complaint(file=shown(file), line=1, reason=content)
            continue
        for item in parse(content, shown(file), zone):
            yield item if isinstance(item, Record) else _dated(item, content)


def places(config: Config, output: Path) -> list[str]:
    """Give the files and folders that the sources name.

    Raises Mistake where a source is missing or lies in the output.
    """
    return [
        place for source in config.sources for place in _places(source, config, output)
    ]


def find(places: Iterable[str], config: Config, output: Path) -> list[str]:
    """Name the record files at these places, in order, relative to the configuration.

    Names that begin with a dot, the output and the configuration itself are passed over.
    """
    passed_over = _inode(output)
    found: set[str] = set()
    for place in places:
        if os.path.isdir(place):
            found.update(_below(place, passed_over, ()))
        elif ending(place) in ENDINGS:
            found.add(place)
    found.discard(str(config.file))
    return sorted(os.path.relpath(file, config.folder) for file in found)


def _dated(complaint: Complaint, content: bytes) -> Complaint:
    return replace(complaint, digest=blake2b(content, digest_size=8).hexdigest())


def shown(file: str) -> str:
    """Write a file's name so that it can stand in a message, whatever bytes it has."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _places(source: str, config: Config, output: Path) -> list[str]:
    """Give the files and folders that a source names. Raises Mistake."""
    where = f"{config.file}:{config.line(('records',))}: records"
    named = os.path.join(config.folder, source)
    is_glob = bool(_WILD & set(source))
    start = Path(named)
    while _WILD & set(str(start.relative_to(start.anchor))) and is_glob:
        start = start.parent
    if not start.exists():
        raise Mistake(f"{where}: {start} is missing, expected a folder of records")
    if start.resolve().is_relative_to(output.resolve()):
        raise Mistake(
            f"{where}: {source} lies in the output folder, expected it beside"
        )
    return glob.glob(named, recursive=True) if is_glob else [str(start)]


def _below(
    folder: str, passed_over: _Inode | None, above: tuple[_Inode | None, ...]
) -> Iterator[str]:
    """Find record files, and folders that cannot be what they seem to be."""
    inode = _inode(folder)
    if inode == passed_over:
        return
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    if inode in above:
        yield folder
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if ending(entry.name) in ENDINGS:
            yield entry.path
        elif entry.is_dir():
            yield from _below(entry.path, passed_over, (*above, inode))


def _inode(place: str | Path) -> _Inode | None:
    try:
        status = os.stat(place)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _content(file: Path) -> bytes | str:
    """Read a file; or say why it is not read."""
    try:
        # A FIFO would keep an ordinary open waiting for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return "no regular file, expected a record"
            if holds_many(file.name):
                return opened.read()
            content = opened.read(MAX_RECORD_SIZE + 1)
    except IsADirectoryError:
        return _folder(file)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return TOO_LARGE if len(content) > MAX_RECORD_SIZE else content


def _folder(place: Path) -> str:
    if not os.access(place, os.R_OK | os.X_OK):
        return "a folder that cannot be read: Permission denied"
    if ending(place.name) in ENDINGS:
        return f"a folder, expected a file; rename it without {ending(place.name)} to have it read"
    return "a link back to a folder above it"
