"""Sources → records: which files there are, and what each of them holds."""

import glob
import os
import stat
import sys
import time
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
_NO_NAME = "\0"
_NO_NAME_REASON = "a name that is not UTF-8, rename it"
_TICK = 50_000_000  # nanoseconds
_LONG_TICK = 2_000_000_000
_Inode = tuple[int, int]

Survey = dict[str, dict[str, tuple[int, ...]]]
"""The signature of every record file, by its folder and its name."""


def read(
    files: Iterable[str], folder: Path, zone: tzinfo
) -> Iterator[Record | Complaint]:
    """Read the records of files named relative to a folder; a bad one as its complaint."""
    root = os.fsencode(folder)
    for file in files:
        name = file.removesuffix(_NO_NAME)
        # As bytes, since a machine without a locale could not encode the name.
        place = os.path.join(root, name.encode("utf-8"))
        content = _content(place, name) if name == file else _NO_NAME_REASON
        if isinstance(content, str):
            yield Complaint(file=name, line=1, reason=content)
            continue
        for item in parse(content, name, zone):
            yield item if isinstance(item, Record) else _dated(item, content)


def check(config: Config, output: Path) -> None:
    """Make sure of the sources without looking for files.

    Raises Mistake where a source is missing or lies in the output.
    """
    for source in config.sources:
        _start(source, config, output)


def places(config: Config, output: Path) -> list[str]:
    """Give the files and folders that the sources name.

    Raises Mistake where a source is missing or lies in the output.
    """
    return [
        place for source in config.sources for place in _places(source, config, output)
    ]


def find(places: Iterable[str], config: Config, output: Path) -> list[str]:
    """Name the record files at these places, in order, relative to the configuration."""
    return sorted(files(survey(places, config, output)))


def survey(places: Iterable[str], config: Config, output: Path) -> Survey:
    """See which record files there are, by folder, and when each was changed last.

    Names that begin with a dot, the output and the configuration itself are passed over.
    """
    finder = _Finder({_inode(output), _inode(config.file)} - {None})
    for place in places:
        name = shown(os.path.relpath(place, config.folder))
        if os.path.isdir(place):
            finder.below(place, "" if name == "." else name, ())
        elif ending(place) in ENDINGS and _inode(place) not in finder.passed_over:
            folder, _, file = name.rpartition("/")
            finder.found.setdefault(folder, {})[file] = ()
    return finder.found


def files(survey: Survey) -> Iterator[str]:
    """Name the files of a survey."""
    for folder, found in survey.items():
        prefix = f"{folder}/" if folder else ""
        for name in found:
            yield prefix + name


def changed(before: Survey, after: Survey) -> tuple[list[str], list[str]]:
    """Name the files to read again, and those that are gone, in order."""
    differing = {
        folder: (before.get(folder, {}), after.get(folder, {}))
        for folder in before.keys() | after.keys()
        if before.get(folder) != after.get(folder) or not all(after[folder].values())
    }
    again = {
        folder: {n: s for n, s in new.items() if not s or old.get(n) != s}
        for folder, (old, new) in differing.items()
    }
    gone = {
        folder: {n: s for n, s in old.items() if n not in new}
        for folder, (old, new) in differing.items()
    }
    return sorted(files(again)), sorted(files(gone))


def shown(file: str) -> str:
    """Write a file's name so that it can stand in a message, whatever bytes it has."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _dated(complaint: Complaint, content: bytes) -> Complaint:
    return replace(complaint, digest=blake2b(content, digest_size=8).hexdigest())


def _places(source: str, config: Config, output: Path) -> list[str]:
    """Give the files and folders that a source names. Raises Mistake."""
    start = _start(source, config, output)
    if not _WILD & set(source):
        return [start]
    served = Path(os.path.realpath(output))
    pattern = os.path.join(glob.escape(str(config.folder)), source)
    inside = cache(lambda folder: Path(os.path.realpath(folder)).is_relative_to(served))
    matches = glob.iglob(pattern, recursive=True)
    return [match for match in matches if not inside(os.path.dirname(match))]


def _start(source: str, config: Config, output: Path) -> str:
    """Give what a source names, or the folder that its glob begins in. Raises Mistake."""
    where = f"{config.file}:{config.line(('records',))}: records"
    start = os.path.normpath(os.path.join(config.folder, _before_wildcards(source)))
    if not os.path.exists(start):
        raise Mistake(f"{where}: {start} is missing, expected a folder of records")
    if Path(os.path.realpath(start)).is_relative_to(os.path.realpath(output)):
        raise Mistake(
            f"{where}: {source} lies in the output folder, expected it beside"
        )
    is_glob = _WILD & set(source)
    if not is_glob and not os.path.isdir(start) and ending(start) not in ENDINGS:
        what = f"{source} is no record, expected a file in {', '.join(ENDINGS)}"
        raise Mistake(f"{where}: {what}")
    return start


def _before_wildcards(source: str) -> str:
    """Give the folder that a glob begins in, or all of what is no glob."""
    kept: list[str] = []
    for part in Path(source).parts:
        if _WILD & set(part):
            break
        kept.append(part)
    return os.path.join("", *kept)


class _Finder:
    """One walk over the sources."""

    def __init__(self, passed_over: set[_Inode | None]) -> None:
        self.passed_over = passed_over
        self.begun = time.time_ns()
        self.found: Survey = {}

    def below(self, folder: str, name: str, above: tuple[_Inode | None, ...]) -> None:
        """Find record files, and folders that cannot be what they seem to be."""
        inode = _inode(folder)
        if inode in self.passed_over:
            return
        entries = None if inode in above else _listing(folder)
        if entries is None:
            parent, _, last = name.rpartition("/")
            self.found.setdefault(parent, {})[last] = ()
            return
        here = self.found.setdefault(name, {})
        for entry in entries:
            file = entry.name if entry.name.isascii() else _encodable(entry.name)
            if ending(entry.name) in ENDINGS:
                if not (
                    file.endswith(_OURS) and _inode(entry.path) in self.passed_over
                ):
                    here[file] = _signed(entry, self.begun)
            elif _is_folder(entry):
                if file.endswith(_NO_NAME):
                    here[file] = ()
                    continue
                inner = f"{name}/{file}" if name else file
                self.below(entry.path, inner, (*above, inode))


def _encodable(name: str) -> str:
    """Give a name as UTF-8 has it; one that is not UTF-8 is marked as no file is: by a NUL."""
    plain = shown(name)
    return plain if plain.encode("utf-8") == os.fsencode(name) else plain + _NO_NAME


def _signed(entry: os.DirEntry[str], begun: int) -> tuple[int, ...]:
    """Tell one state of a file from any other; empty where that cannot be told."""
    try:
        status = entry.stat()
    except OSError:
        return ()
    changed_at = status.st_ctime_ns
    # One edit and another of the same size within a tick of the file system's clock look
    # alike; where it counts whole seconds, a tick is long.
    if changed_at > begun - (_TICK if changed_at % 1_000_000_000 else _LONG_TICK):
        return ()
    return (status.st_size, status.st_mtime_ns, changed_at, status.st_ino)


def _listing(folder: str) -> list[os.DirEntry[str]] | None:
    """List a folder; None where it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return [entry for entry in listing if entry.name[0] != "."]
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
