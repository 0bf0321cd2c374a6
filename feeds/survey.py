"""Sources → record files: which there are, and when each was changed last.

A survey costs a look at every file, and is most of what a build with nothing to do costs;
so what a folder held is packed, and only folders that differ are unpacked again.
"""

import errno
import os
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from msgspec import msgpack

from feeds.config import Config
from feeds.errors import FAULTS, Mistake, Unreadable
from feeds.parallel import spread
from feeds.parse import ENDINGS, ending
from feeds.remote.url import Where, is_url

NO_NAME = "\0"
"""Ends what stands for a name that is not UTF-8, as it can end no file's."""

_WILD = frozenset("*?[")
_USUAL = (*ENDINGS,)
_OURS = (".yaml", ".yml")  # what the configuration may be named
_SHARES = 8
"""Folders for each process, so that a large one is made up for by small ones."""

_LARGE = 1 << 20
"""Bytes of packed folders, some 20,000 files, from which looking is shared out."""

_TICK = 50_000_000  # nanoseconds
_LONG_TICK = 2_000_000_000
_Inode = tuple[int, int]
_Files = dict[str, tuple[int, ...]]
_FILES = msgpack.Decoder(_Files)

Folders = dict[str, bytes]
"""The signature of every record file, by name and packed, by its folder."""


class Survey(NamedTuple):
    """What stands in the folders of records; the doubtful have files without signature."""

    folders: Folders
    doubtful: set[str]

    def files(self) -> list[str]:
        """Name all files, in order, relative to the configuration."""
        found = (
            _join(folder, name)
            for folder, packed in self.folders.items()
            for name in _FILES.decode(packed)
        )
        return sorted(found)


def check(config: Config, output: Where) -> None:
    """Make sure of the sources without looking for files.

    Raises Mistake where a source is missing or lies in the output.
    """
    for source in _here(config):
        _start(source, config, output)
    for address, where in _elsewhere(config):
        from feeds.remote import source as store  # noqa: PLC0415  (few have any there)

        store.check(address, str(output), where)


def survey(config: Config, output: Where, before: Folders, jobs: int) -> Survey:
    """See which record files there are now.

    Names that begin with a dot, the output and the configuration itself are passed over.
    Large work, going by what there was before, is shared by so many processes.
    Raises Mistake where a source is missing or lies in the output, and Unreadable.
    """
    finder, todo = _begun(config, output)
    jobs = jobs if sum(map(len, before.values())) > _LARGE else 1
    while todo and (jobs == 1 or len(todo) < _SHARES * jobs):
        todo = finder.look(todo)
    found = finder.packed()
    shares = [todo[number::jobs] for number in range(jobs)] if todo else []
    for share in spread(lambda: finder.below, shares, jobs):
        found.folders.update(share.folders)
        found.doubtful.update(share.doubtful)
    return _with_stores(finder.with_lone(found), config, output)


class Folder(NamedTuple):
    """A folder to look at: where, by what name, and below which others."""

    path: str
    name: str
    above: tuple[_Inode, ...]


def starts(config: Config, output: Where) -> tuple[list[Folder], list[str]]:
    """Give the folders that the sources name, and the files.

    Raises Mistake and Unreadable as `survey` does.
    """
    finder, folders = _begun(config, output)
    lone = finder.with_lone(finder.packed())
    return folders, _with_stores(lone, config, output).files()


def inside(
    folder: Folder, config: Config, output: Where
) -> tuple[list[Folder], list[str]]:
    """Give the folders in a folder, and the record files in it. Raises Unreadable."""
    finder = _Finder({_inode(output), _inode(config.file)} - {None}, config.file.name)
    inner = finder.inside(folder)
    return inner, finder.packed().files()


def changed(before: Folders, after: Survey) -> tuple[list[str], list[str]]:
    """Name the files to read again, and those that are gone, in order."""
    now = after.folders
    again: list[str] = []
    gone: list[str] = []
    for folder in before.keys() | now.keys():
        if before.get(folder) == now.get(folder) and folder not in after.doubtful:
            continue
        old, new = (
            _FILES.decode(at[folder]) if folder in at else {} for at in (before, now)
        )
        again += [_join(folder, n) for n, s in new.items() if not s or old.get(n) != s]
        gone += [_join(folder, name) for name in old.keys() - new.keys()]
    return sorted(again), sorted(gone)


def shown(file: str) -> str:
    """Write a file's name so that it can stand in a message, whatever bytes it has."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _here(config: Config) -> list[str]:
    return [source for source in config.sources if not is_url(source)]


def _elsewhere(config: Config) -> Iterator[tuple[str, str]]:
    """Give the sources that are at stores, and where feeds.yaml names them."""
    for index, source in enumerate(config.sources):
        if is_url(source):
            line = config.line(("records", index))
            yield source, f"{config.file}:{line}: records"


def _with_stores(survey: Survey, config: Config, output: Where) -> Survey:
    """Add the files at stores, after all forks: there are threads from now on."""
    folders: defaultdict[str, _Files] = defaultdict(dict)
    for address, where in _elsewhere(config):
        from feeds.remote import source as store  # noqa: PLC0415  (few have any there)

        for folder, name, mark in store.found(address, str(output), where):
            folders[folder][name] = mark
    for folder, files in folders.items():
        survey.folders[folder] = msgpack.encode(files)
        if () in files.values():
            survey.doubtful.add(folder)
    return survey


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _places(config: Config, output: Where) -> Iterator[str]:
    """Give the files and folders that the sources name. Raises Mistake."""
    served = Path(os.path.realpath(output))
    inside = cache(lambda folder: Path(os.path.realpath(folder)).is_relative_to(served))
    for source in _here(config):
        start = _start(source, config, output)
        if not _WILD & set(source):
            yield start
            continue
        parts = Path(source).parts
        matches = _expanded(str(config.folder), parts, ())
        yield from (one for one in matches if not inside(os.path.dirname(one)))


def _expanded(
    place: str, parts: Sequence[str], above: tuple[_Inode | None, ...]
) -> Iterator[str]:
    """Expand a glob as glob.glob does; but a folder that cannot be listed stands for itself.

    Raises Unreadable.
    """
    if not parts:
        if os.path.lexists(place):
            yield place
    elif not _WILD & set(parts[0]):
        yield from _expanded(os.path.join(place, parts[0]), parts[1:], above)
    elif (inode := _inode(place)) not in above:
        yield from _matches(place, parts, (*above, inode))


def _matches(
    place: str, parts: Sequence[str], above: tuple[_Inode | None, ...]
) -> Iterator[str]:
    """Match the first part of a glob, which has a wildcard. Raises Unreadable."""
    is_deep = parts[0] == "**"
    if is_deep:
        yield from _expanded(place, parts[1:], ())
    entries = _listed(place)
    if entries is None:
        yield place
        return
    for entry in entries:
        if entry.name[0] == "." and parts[0][0] != ".":
            continue
        if not is_deep and fnmatch(entry.name, parts[0]):
            yield from _expanded(entry.path, parts[1:], ())
        elif is_deep and _is_folder(entry):
            yield from _expanded(entry.path, parts, above)
        elif is_deep and len(parts) == 1:
            yield entry.path


def _listed(place: str) -> list[os.DirEntry[str]] | None:
    """List what may be a folder; None where that cannot be done. Raises Unreadable."""
    try:
        with os.scandir(place) as listing:
            return list(listing)
    except (NotADirectoryError, FileNotFoundError):
        return []
    except OSError as error:
        _refuse_fault(error, place)
        return None


def _start(source: str, config: Config, output: Where) -> str:
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


def _begun(config: Config, output: Where) -> tuple["_Finder", list[Folder]]:
    """Look at the sources themselves; give the folders among them. Raises Mistake."""
    finder = _Finder({_inode(output), _inode(config.file)} - {None}, config.file.name)
    folders: list[Folder] = []
    for place in _places(config, output):
        name = shown(os.path.relpath(place, config.folder))
        if _is_dir(place):
            folders.append(Folder(place, "" if name == "." else name, ()))
        else:
            finder.note(place, name)
    return finder, folders


class _Finder:
    """One walk over the sources."""

    def __init__(self, passed_over: set[_Inode | None], ours: str) -> None:
        self.passed_over, self.ours = passed_over, ours
        self.begun = time.time_ns()
        self.found: dict[str, _Files] = {}
        self.lone: defaultdict[str, _Files] = defaultdict(dict)

    def note(self, place: str, name: str) -> None:
        """Find a file that a source names itself."""
        if ending(place) in ENDINGS and self.is_read(place):
            folder, _, file = name.rpartition("/")
            self.lone[folder][file] = self.signed(partial(os.stat, place))

    def below(self, folders: Sequence[Folder]) -> Survey:
        """Find all that is below folders, in a process of its own."""
        self.found = {}
        while folders:
            folders = self.look(folders)
        return self.packed()

    def look(self, folders: Iterable[Folder]) -> list[Folder]:
        """Find the record files in folders; give the folders in them."""
        return [inner for folder in folders for inner in self.inside(folder)]

    def inside(self, folder: Folder) -> list[Folder]:
        """Find record files, and a folder that cannot be what it seems to be."""
        try:
            # Names are looked up from the open folder: their path need not be walked.
            descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            return self.unlisted(folder, error)
        try:
            inode = _identity(os.fstat(descriptor))
            if inode in self.passed_over:
                return []
            if inode in folder.above:
                return self.unlisted(folder)
            with os.scandir(descriptor) as listing:
                return self.sort_out(listing, folder, inode)
        except OSError as error:
            return self.unlisted(folder, error)
        finally:
            os.close(descriptor)

    def unlisted(self, folder: Folder, error: OSError | None = None) -> list[Folder]:
        if error:
            _refuse_fault(error, folder.path)
        self.found[folder.name] = {"": ()}  # it stands for itself
        return []

    def sort_out(
        self, listing: Iterable[os.DirEntry[str]], folder: Folder, inode: _Inode
    ) -> list[Folder]:
        here = self.found[folder.name] = {}
        inner: list[Folder] = []
        for entry in listing:
            name = entry.name
            if name[0] == ".":
                continue
            file = name if name.isascii() else _encodable(name)
            if name.endswith(_USUAL) or ending(name) in ENDINGS:
                is_suspect = name.endswith(_OURS) or name == self.ours
                if not is_suspect or self.is_read(folder.path, name):
                    here[file] = self.signed(entry.stat)
            elif _is_folder(entry):
                if file.endswith(NO_NAME):
                    here[file] = ()
                else:
                    path = os.path.join(folder.path, name)
                    above = (*folder.above, inode)
                    inner.append(Folder(path, _join(folder.name, file), above))
        return inner

    def is_read(self, *parts: str) -> bool:
        """Tell whether a file is not the configuration."""
        return _inode(os.path.join(*parts)) not in self.passed_over

    def signed(self, stat: Callable[[], os.stat_result]) -> tuple[int, ...]:
        """Tell one state of a file from any other; empty where that cannot be told."""
        try:
            status = stat()
        except (OSError, ValueError):
            return ()
        changed_at = status.st_ctime_ns
        # One edit and another of the same size within a tick of the file system's clock look
        # alike; where it counts whole seconds, a tick is long.
        if changed_at > self.begun - _LONG_TICK and (
            not changed_at % 1_000_000_000 or changed_at > self.begun - _TICK
        ):
            return ()
        return (status.st_size, status.st_mtime_ns, changed_at, status.st_ino)

    def packed(self) -> Survey:
        return Survey(
            {folder: msgpack.encode(files) for folder, files in self.found.items()},
            {folder for folder, files in self.found.items() if () in files.values()},
        )

    def with_lone(self, survey: Survey) -> Survey:
        """Add the files that sources name themselves."""
        for folder, files in self.lone.items():
            others = survey.folders.get(folder)
            all_ = files | (_FILES.decode(others) if others else {})
            survey.folders[folder] = msgpack.encode(all_)
            if () in files.values():
                survey.doubtful.add(folder)
        return survey


def _encodable(name: str) -> str:
    """Give a name as UTF-8 has it; one that is not UTF-8 is marked as no file is."""
    plain = shown(name)
    return plain if plain.encode("utf-8") == os.fsencode(name) else plain + NO_NAME


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        _refuse_fault(error, entry.name)
        return error.errno != errno.ELOOP  # which a link to itself is


def _is_dir(place: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(place).st_mode)
    except OSError as error:
        _refuse_fault(error, place)
        return False


def _refuse_fault(error: OSError, place: str) -> None:
    """Take nothing for gone that only cannot be read now. Raises Unreadable."""
    if error.errno in FAULTS:
        what = f"{place}: cannot be listed: {error.strerror}"
        raise Unreadable(what) from error


def _inode(place: str | Path) -> _Inode | None:
    try:
        status = os.stat(place)
    except OSError:
        return None
    return _identity(status)


def _identity(status: os.stat_result) -> _Inode:
    return status.st_dev, status.st_ino
