"""Documents → output/: whole or not at all, only what changed, only below the folder."""

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from html import unescape
from pathlib import Path
from typing import Protocol

import msgspec

from feeds.errors import FAULTS, Locked, Unreadable, Unwritable
from feeds.feed import ARCHIVE, FEEDS, GENERATOR, SUFFIXES
from feeds.listing import PATHS
from feeds.remote.url import Where
from feeds.signals import held_back

Marks = tuple[str, set[str]]

STAGING = ".feeds-staging"
"""Where documents are written before they are moved into place; never left behind."""

_POLL = 0.05
_SECOND = 1_000_000_000
_HEAD = 1 << 16
_ATOM = "{http://www.w3.org/2005/Atom}"
_OWN = {"self", "related"}
# A pipe must not hold us up, and a link that is a document is none of ours.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
# The alarm says again what was not heard.


class Target(Protocol):
    """Where documents are put: the doors to a folder, of this machine or at a store."""

    @property
    def place(self) -> Where: ...
    @property
    def is_near(self) -> bool: ...
    def locked(self, seconds: float) -> AbstractContextManager[None]: ...
    def check(self, paths: Iterable[str]) -> None: ...
    def current(self, path: str) -> bytes | None: ...
    def stamp(self, path: str) -> tuple[int, ...] | None: ...
    def version(self, path: str) -> tuple[int, ...] | None: ...
    def stands(self, path: str, stamp: tuple[int, ...]) -> bool: ...
    def replace(self, path: str, content: bytes) -> bool: ...
    def remove(self, path: str) -> bool: ...
    def finish(self) -> None: ...
    def ours(self, base: str) -> set[str]: ...
    def signed(self, base: str) -> set[str]: ...


class Output:
    """The output folder: the only place where documents are read, replaced or removed."""

    is_near = True
    """To read a document costs less than to make it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = self.place = folder
        self._root = os.path.realpath(folder)
        self._staged = os.path.join(self._root, STAGING, f"document-{os.getpid()}")
        self._parents: dict[str, str | None] = {}

    @contextmanager
    def locked(self, seconds: float) -> Iterator[None]:
        """Hold the folder for one build. Raises Locked after waiting so long.

        The lock is on the folder itself, so it leaves no file, and dies with its process
        and the workers that this started: none of them can write behind the next build.
        """
        until = time.monotonic() + seconds
        made = not self.folder.exists()
        descriptor = self._held(until, seconds)
        try:
            self._clear_staging()
            yield
        finally:
            # Whoever is told twice to end leaves as little behind.
            with held_back():
                try:
                    self._clear_staging()
                    if made:
                        with suppress(OSError):  # it is not empty, and stays
                            self.folder.rmdir()
                finally:
                    os.close(descriptor)

    def _held(self, until: float, seconds: float) -> int:
        """Lock the folder that stands there once the lock is ours."""
        while True:
            self._make(self.folder)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                lock(descriptor, self.folder, until, seconds)
                with suppress(FileNotFoundError):  # whoever held it took it away
                    if os.path.samestat(os.fstat(descriptor), self.folder.stat()):
                        return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def check(self, paths: Iterable[str]) -> None:
        """Make sure that all paths lie in the folder. Raises Unwritable."""
        for path in paths:
            self._inside(path)

    def current(self, path: str) -> bytes | None:
        """Read what stands at a path; None where no plain file does."""
        return _read(f"{self._root}/{path}")

    def stamp(self, path: str) -> tuple[int, ...] | None:
        """Tell size, times and inode of what stands at a path; None where no plain file does.

        A document whose stamp is what it was is as it was.
        """
        try:
            found = os.lstat(f"{self._root}/{path}")
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino

    def version(self, path: str) -> tuple[int, ...] | None:
        """Tell one version of what stands at a path from any other; here its stamp does."""
        return self.stamp(path)

    def stands(self, path: str, stamp: tuple[int, ...]) -> bool:
        """Tell whether a document is as it was when it had this stamp."""
        return self.stamp(path) == stamp

    def replace(self, path: str, content: bytes) -> bool:
        """Put a document in its place unless it is there already; tell whether it was put.

        Raises Unwritable.
        """
        target = self._inside(path)
        if _read(target, len(content)) == content:
            return False
        try:
            try:
                self._put(target, content)
            except (FileNotFoundError, NotADirectoryError):
                # The first document of a folder; looking for it each time costs more.
                self._make(Path(target).parent)
                self._make(self.folder / STAGING)
                self._put(target, content)
        except OSError as error:
            raise Unwritable(
                f"{self.folder / path}: cannot be written: {error.strerror}"
            ) from error
        return True

    def remove(self, path: str) -> bool:
        """Remove a document that a build made, and the folders this empties.

        Raises Unwritable and Unreadable.
        """
        place = self._place(path)
        if place is None or not self._is_ours(path):
            return False
        target = Path(place)
        try:
            target.unlink()
            for folder in target.parents:
                if folder == Path(self._root):
                    break
                folder.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise Unwritable(
                    f"{target}: cannot be removed: {error.strerror}"
                ) from error
        return True

    def finish(self) -> None:
        """Wait until all is done, which here it is."""

    def ours(self, base: str) -> set[str]:
        """Name the documents that a build made, as `ours` says. Raises Unreadable."""
        return ours({path: self._marks(path) for path in self._documents()}, base)

    def signed(self, base: str) -> set[str]:
        """Name the documents that name us as generator, wherever below the base they stand.

        Raises Unreadable.
        """
        return {path for path in self._documents() if signed(self._marks(path), base)}

    def _is_ours(self, path: str) -> bool:
        return self._marks(path)[0] == GENERATOR

    def _documents(self) -> Iterator[str]:
        for folder, _folders, files in os.walk(self.folder, onerror=_fail):
            for name in files:
                if name.endswith(SUFFIXES):
                    yield os.path.relpath(os.path.join(folder, name), self.folder)

    def _marks(self, path: str) -> Marks:
        """Read generator and own addresses off the head of a document."""
        return marks(path, _read(f"{self._root}/{path}", fail=_fail) or b"")

    def _inside(self, path: str) -> str:
        """Give the place of a path; refuse one that a link would lead out of the folder."""
        if (place := self._place(path)) is None:
            what = "a link leads out of the output folder, remove it"
            raise Unwritable(f"{self.folder / path}: {what}")
        return place

    def _place(self, path: str) -> str | None:
        """Resolve the folder of a path, once for all in it; None where it lies outside."""
        folder, name = os.path.split(path)
        if folder not in self._parents:
            resolved = os.path.realpath(os.path.join(self._root, folder))
            inside = Path(resolved).is_relative_to(self._root)
            self._parents[folder] = resolved if inside else None
        parent = self._parents[folder]
        return None if parent is None else f"{parent}/{name}"

    def _put(self, target: str, content: bytes) -> None:
        """Write a file beside all others, and move it into place when it is whole."""
        descriptor = os.open(self._staged, _WRITE, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            _date_after(descriptor, target)
        finally:
            os.close(descriptor)
        os.replace(self._staged, target)  # noqa: PTH105 - os is faster

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = "is no folder" if folder.exists() else error.strerror
            raise Unwritable(f"{folder}: cannot be made: {what}") from error

    def _clear_staging(self) -> None:
        staging = self.folder / STAGING
        if staging.is_symlink() or not staging.is_dir():
            staging.unlink(missing_ok=True)
        else:
            try:
                staging.rmdir()
            except OSError:
                import shutil  # noqa: PLC0415  (only a build that was killed leaves it full)

                shutil.rmtree(staging, ignore_errors=True)


def lock(descriptor: int, name: object, until: float, seconds: float) -> None:
    """Lock what is open. Raises Locked where that fails until a moment, and Unwritable."""
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                what = f"another build holds it, gave up after {seconds:g} s"
                raise Locked(f"{name}: {what}") from error
        except OSError as error:
            raise Unwritable(f"{name}: cannot be locked: {error.strerror}") from error
        time.sleep(_POLL)


def marks(path: str, content: bytes) -> Marks:
    """Read generator and own addresses off the head of a document."""
    generator, addresses = "", set()
    if other := _MARKS.get(path[path.rfind(".") :]):
        return other(content)
    for tag, text, attributes in _head(content):
        if tag.endswith("generator"):
            generator = text
        elif tag == f"{_ATOM}link" and attributes.get("rel") in _OWN:
            addresses.add(attributes.get("href", ""))
    return generator, addresses


def signed(marks: Marks, base: str) -> bool:
    """Tell whether we made a document of a site; another may stand in the same folder."""
    generator, addresses = marks
    is_here = not addresses or any(one.startswith(base) for one in addresses)
    return generator == GENERATOR and is_here


def ours(marks: Mapping[str, Marks], base: str) -> set[str]:
    """Name the documents whose generator and own addresses say that a build made them.

    A style and a script have no address, and go with the pages. A copy that somebody made
    elsewhere does not name the place where it stands.
    """
    found = {
        path
        for path, (generator, addresses) in marks.items()
        if generator == GENERATOR and base + path in addresses
    }
    if any(path.endswith(".html") for path in found):
        found |= {path for path in PATHS if marks.get(path) == (GENERATOR, set())}
    return found


def _date_after(descriptor: int, target: str) -> None:
    """Date a document a second after the one it replaces, where it is not later anyway.

    Web servers tell two versions apart by whole seconds and size.
    """
    try:
        before = os.lstat(target).st_mtime_ns // _SECOND
    except OSError:
        return
    if os.fstat(descriptor).st_mtime_ns // _SECOND <= before:
        after = (before + 1) * _SECOND
        os.utime(descriptor, ns=(after, after))


def _read(
    place: str,
    size: int | None = None,
    fail: Callable[[OSError], None] = lambda _error: None,
) -> bytes | None:
    """Read the plain file at a place; None where there is none, or none of a size."""
    try:
        descriptor = os.open(place, _READ)
    except OSError as error:
        error.filename = place
        fail(error)
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or size not in (None, found.st_size):
            return None
        return os.read(descriptor, found.st_size)
    except OSError as error:
        error.filename = place
        fail(error)
        return None
    finally:
        os.close(descriptor)


def _fail(error: OSError) -> None:
    """Refuse to take a document for none of ours only as it cannot be read now."""
    if error.errno in FAULTS:
        what = f"{error.filename}: cannot be read: {error.strerror}"
        raise Unreadable(what) from error


def _head(document: bytes) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Give the elements before the first entry of a document: tag, text and attributes."""
    # Slow to import, and no document is looked into while the state is whole.
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLPullParser(["start", "end"], resolve_entities=False)
    try:
        parser.feed(document[:_HEAD])
    except etree.XMLSyntaxError:
        return
    for event, element in parser.read_events():
        if element.tag in {"item", f"{_ATOM}entry"}:
            return
        if event == "end":
            yield element.tag, element.text or "", element.attrib


def _json_marks(document: bytes) -> Marks:
    """Read generator and own addresses off a document in JSON."""
    try:
        found = msgspec.json.decode(document)
        generator = found["_generator"]
        return generator["name"], {found["feed_url"], *generator.get("also", ())}
    except (msgspec.DecodeError, *_ODD):
        return "", set()


def _page_marks(document: bytes) -> Marks:
    """Read generator and own addresses off the head of a page that we wrote."""
    head = document[:_HEAD]
    if not (found := _PAGE.search(head)):
        return "", set()
    own = [found[2], *_MOVED.findall(head)]
    return found[1].decode(), {unescape(one.decode()) for one in own}


def _comment_marks(document: bytes) -> Marks:
    """Read the generator off the first line of a style, script or icon."""
    return (GENERATOR if document.startswith(_COMMENTS) else "", set())


_PAGE = re.compile(
    rb'<meta name="generator" content="(\w+)">\n<link rel="canonical" href="([^"]*)">'
)
_MOVED = re.compile(rb'<meta name="moved-from" content="([^"]*)">')
_ODD = (AttributeError, TypeError, LookupError, RecursionError)
_COMMENTS = tuple(
    mark + b" generator: " + GENERATOR.encode() for mark in (b"/*", b"<!--")
)
_MARKS = {
    ".json": _json_marks,
    ".html": _page_marks,
    ".css": _comment_marks,
    ".js": _comment_marks,
    ".svg": _comment_marks,
}


def feeds_of(documents: Iterable[str]) -> set[str]:
    """Name the feeds that documents belong to: their paths without month and ending."""
    return {
        path.removesuffix(suffix).partition(ARCHIVE)[0]
        for path in documents
        for suffix in FEEDS
        if path.endswith(suffix)
    }
