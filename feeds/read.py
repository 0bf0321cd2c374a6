"""Sources → records: which files there are, and what each of them holds."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import tzinfo
from functools import cache
from hashlib import blake2b
from pathlib import Path

from feeds.config import Config
from feeds.errors import Mistake
from feeds.parse import ENDINGS, MAX_RECORD_SIZE, TOO_LARGE, ending, holds_many, parse
from feeds.record import Complaint, Record

_WILD = frozenset("*?[")
_OURS = (".yaml", ".yml")  # what the configuration may be named
_Inode = tuple[int, int]


def read(
    files: Iterable[str], folder: Path, zone: tzinfo
) -> Iterator[Record | Complaint]:
    """Read the records of files named relative to a folder; a bad one as its complaint."""
    for file in files:
        content = _content(os.path.join(folder, file))
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
    passed_over = {_inode(output), _inode(config.file)} - {None}
    found: set[str] = set()
    for place in places:
        name = os.path.relpath(place, config.folder)
        if os.path.isdir(place):
            found.update(_below(place, name, passed_over, ()))
        elif ending(place) in ENDINGS and _inode(place) not in passed_over:
            found.add(name)
    return sorted(found)


def shown(file: str) -> str:
    """Write a file's name so that it can stand in a message, whatever bytes it has."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _dated(complaint: Complaint, content: bytes) -> Complaint:
    return replace(complaint, digest=blake2b(content, digest_size=8).hexdigest())


def _places(source: str, config: Config, output: Path) -> list[str]:
    """Give the files and folders that a source names. Raises Mistake."""
    where = f"{config.file}:{config.line(('records',))}: records"
    start = os.path.normpath(os.path.join(config.folder, _before_wildcards(source)))
    if not os.path.exists(start):
        raise Mistake(f"{where}: {start} is missing, expected a folder of records")
    served = Path(os.path.realpath(output))
    if Path(os.path.realpath(start)).is_relative_to(served):
        raise Mistake(
            f"{where}: {source} lies in the output folder, expected it beside"
        )
    if not _WILD & set(source):
        if not os.path.isdir(start) and ending(start) not in ENDINGS:
            what = f"{source} is no record, expected a file in {', '.join(ENDINGS)}"
            raise Mistake(f"{where}: {what}")
        return [start]
    pattern = os.path.join(glob.escape(str(config.folder)), source)
    inside = cache(lambda folder: Path(os.path.realpath(folder)).is_relative_to(served))
    matches = glob.iglob(pattern, recursive=True)
    return [match for match in matches if not inside(os.path.dirname(match))]


def _before_wildcards(source: str) -> str:
    """Give the folder that a glob begins in, or all of what is no glob."""
    kept: list[str] = []
    for part in Path(source).parts:
        if _WILD & set(part):
            break
        kept.append(part)
    return os.path.join("", *kept)


def _below(
    folder: str,
    name: str,
    passed_over: set[_Inode | None],
    above: tuple[_Inode | None, ...],
) -> Iterator[str]:
    """Find record files, and folders that cannot be what they seem to be."""
    inode = _inode(folder)
    entries = None if inode in above else _listing(folder)
    if inode in passed_over:
        return
    if entries is None:
        yield name
        return
    for entry in entries:
        inner = os.path.normpath(os.path.join(name, entry.name))
        if ending(entry.name) in ENDINGS:
            if entry.name.endswith(_OURS) and _inode(entry.path) in passed_over:
                continue
            yield inner
        elif _is_folder(entry):
            yield from _below(entry.path, inner, passed_over, (*above, inode))


def _listing(folder: str) -> list[os.DirEntry[str]] | None:
    """List what may be read in a folder, in order; None where it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            seen = (entry for entry in listing if not entry.name.startswith("."))
            return sorted(seen, key=lambda entry: entry.name)
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _inode(place: str | Path) -> _Inode | None:
    try:
        status = os.stat(place)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _content(file: str) -> bytes | str:
    """Read a file; or say why it is not read."""
    try:
        # A FIFO would keep an ordinary open waiting for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            return _folder(file)
        if not stat.S_ISREG(mode):
            return "no regular file, expected a record"
        with open(descriptor, "rb", closefd=False) as opened:
            if holds_many(file):
                return opened.read()
            content = opened.read(MAX_RECORD_SIZE + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)
    return TOO_LARGE if len(content) > MAX_RECORD_SIZE else content


def _folder(place: str) -> str:
    if ending(place) in ENDINGS:
        return f"a folder, expected a file; rename it without {ending(place)} to have it read"
    return "a link back to a folder above it"
