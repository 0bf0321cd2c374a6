"""Documents → output/: whole or not at all, only what changed, only below the folder."""

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from lxml import etree

from feeds.errors import Locked, Unwritable
from feeds.feed import GENERATOR

STAGING = ".feeds-staging"
"""Where documents are written before they are moved into place; never left behind."""

_SUFFIXES = (".rss", ".atom")
_POLL = 0.05
_HEAD = 1 << 16
_ATOM = "{http://www.w3.org/2005/Atom}"


class Output:
    """The output folder: the only place where documents are read, replaced or removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parents: dict[str, Path | None] = {}

    @contextmanager
    def locked(self, seconds: float) -> Iterator[None]:
        """Hold the folder for one build. Raises Locked after waiting so long.

        The lock is on the folder itself, so it leaves no file, and dies with its process.
        """
        made = not self.folder.exists()
        self._make(self.folder)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _lock(descriptor, seconds, self.folder)
            try:
                self._clear_staging()
                yield
            finally:
                self._clear_staging()
        finally:
            if made:
                with suppress(OSError):  # it stays where there is something in it
                    self.folder.rmdir()
            os.close(descriptor)

    def check(self, paths: Iterable[str]) -> None:
        """Make sure that all paths lie in the folder. Raises Unwritable."""
        for path in paths:
            self._inside(path)

    def current(self, path: str) -> bytes | None:
        """Read what stands at a path; None where no plain file does."""
        try:
            descriptor = os.open(
                self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            )
            with open(descriptor, "rb") as file:
                return (
                    file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
                )
        except OSError:
            return None

    def replace(self, path: str, content: bytes) -> bool:
        """Put a document in its place unless it is there already; tell whether it was put.

        Raises Unwritable.
        """
        target = self._inside(path)
        if self.current(path) == content:
            return False
        staged = self.folder / STAGING / "document"
        try:
            self._make(target.parent)
            self._make(staged.parent)
            staged.write_bytes(content)
            staged.replace(target)
        except OSError as error:
            raise Unwritable(
                f"{self.folder / path}: cannot be written: {error.strerror}"
            ) from error
        return True

    def remove(self, path: str) -> bool:
        """Remove a document that a build made, and the folders this empties."""
        parent = self._parent(path)
        if parent is None or not self._is_ours(path):
            return False
        target = parent / PurePath(path).name
        try:
            target.unlink()
            for folder in target.parents:
                if folder == Path(os.path.realpath(self.folder)):
                    break
                folder.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise Unwritable(
                    f"{target}: cannot be removed: {error.strerror}"
                ) from error
        return True

    def ours(self, base: str) -> set[str]:
        """Name the documents whose generator and self address say that a build made them."""
        return {
            path
            for path in self._documents()
            if self._marks(path) == (GENERATOR, base + path)
        }

    def _is_ours(self, path: str) -> bool:
        return self._marks(path)[0] == GENERATOR

    def _documents(self) -> Iterator[str]:
        for folder, _folders, files in os.walk(self.folder):
            for name in files:
                if name.endswith(_SUFFIXES):
                    yield os.path.relpath(os.path.join(folder, name), self.folder)

    def _marks(self, path: str) -> tuple[str, str]:
        """Read generator and self address off the head of a document."""
        generator = self_link = ""
        for element in _head(self.current(path) or b""):
            if element.tag.endswith("generator"):
                generator = element.text or ""
            elif element.tag == f"{_ATOM}link" and element.get("rel") == "self":
                self_link = element.get("href", "")
        return generator, self_link

    def _inside(self, path: str) -> Path:
        """Give the place of a path; refuse one that a link would lead out of the folder."""
        parent = self._parent(path)
        if parent is None:
            what = "a link leads out of the output folder, remove it"
            raise Unwritable(f"{self.folder / path}: {what}")
        return parent / PurePath(path).name

    def _parent(self, path: str) -> Path | None:
        """Resolve the folder of a path; None where it lies outside."""
        name = str(PurePath(path).parent)
        if name not in self._parents:
            root = Path(os.path.realpath(self.folder))
            parent = Path(os.path.realpath(root / name))
            self._parents[name] = parent if parent.is_relative_to(root) else None
        return self._parents[name]

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = "is no folder" if folder.exists() else error.strerror
            raise Unwritable(f"{folder}: cannot be made: {what}") from error

    def _clear_staging(self) -> None:
        staging = self.folder / STAGING
        if staging.is_symlink() or staging.is_file():
            staging.unlink()
        shutil.rmtree(staging, ignore_errors=True)


def _lock(descriptor: int, seconds: float, folder: Path) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() >= until:
                what = f"another build holds it, gave up after {seconds:g} s"
                raise Locked(f"{folder}: {what}") from error
            time.sleep(_POLL)
        else:
            return


def _head(document: bytes) -> Iterator[etree._Element]:
    """Give what a document says of itself, before its first entry."""
    parser = etree.XMLPullParser(["start", "end"], resolve_entities=False)
    try:
        parser.feed(document[:_HEAD])
    except etree.XMLSyntaxError:
        return
    for event, element in parser.read_events():
        if element.tag in {"item", f"{_ATOM}entry"}:
            return
        if event == "end":
            yield element


def feeds_of(documents: Iterable[str]) -> set[str]:
    """Name the feeds that documents belong to: their paths without the ending."""
    return {
        path.removesuffix(suffix)
        for path in documents
        for suffix in _SUFFIXES
        if path.endswith(suffix)
    }
