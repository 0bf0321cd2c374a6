"""Documents at a store: only what changed is put, and only what a build made removed.

What stands there is told by one listing, compared with what the state has of the last
build; a document is read only where neither can tell.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property, partial
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import IO

from feeds.errors import Unwritable
from feeds.feed import GENERATOR, SUFFIXES
from feeds.media import DOCUMENTS
from feeds.remote.pool import Pool, Promise, pool
from feeds.remote.system import Mark, Served, System, plain_mark
from feeds.remote.url import Url
from feeds.store import Store
from feeds.write import lock, marks, ours, signed

_LEADING = (".html", ".opml")
"""What leads to other documents, and so is put after them."""

_Digest = tuple[int, int]


class Folder:
    """A folder at a store: what `write.Output` is for one of this machine.

    A stamp is a mark, which tells a version from any other, and a digest of the content and
    of what the store says of it.
    """

    is_near = False

    def __init__(self, place: Url, store: Store, cache_seconds: int | None) -> None:
        self.place = place
        self._store = store
        self._cache = f"public, max-age={cache_seconds}" if cache_seconds else None
        self._system = System(place)
        self._pool = Pool()
        self._files = ExitStack()
        self._known: dict[str, _Digest] = {}
        self._written: set[str] = set()
        self._puts: dict[str, tuple[Promise[Mark], _Digest]] = {}
        self._removals: list[Promise[None]] = []
        self._later: list[tuple[str, int, _Digest]] = []

    @contextmanager
    def locked(self, seconds: float) -> Iterator[None]:
        """Hold off other builds of this machine. Raises Locked after waiting so long.

        The lock is on a file beside the state: a store has none that its holder cannot
        leave behind.
        """
        until = time.monotonic() + seconds
        self._store.make()
        with self._files:
            try:
                self._hold(until, seconds)
                yield
            finally:
                self._pool.end()

    def _hold(self, until: float, seconds: float) -> None:
        """Lock the file that stands there once the lock is ours."""
        name = self._store.lock
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        try:
            descriptor = os.open(name, flags, 0o666)
            self._files.callback(os.close, descriptor)
            lock(descriptor, self.place, until, seconds)
            with suppress(FileNotFoundError):  # somebody cleared the state away
                if os.path.samestat(os.fstat(descriptor), name.lstat()):
                    return
        except OSError as error:
            what = f"cannot be locked: {error.strerror}"
            raise Unwritable(f"{name}: {what}") from error
        self._hold(until, seconds)

    def check(self, paths: Iterable[str]) -> None:
        """Any path lies in the folder: a store has no links."""

    def current(self, path: str) -> bytes | None:
        """Read what stands at a path. Raises Unreadable."""
        return self._system.content(path) if path in self._listed else None

    def stamp(self, path: str) -> tuple[int, ...] | None:
        """Tell what stands at a path; None where nothing does, or nobody can tell."""
        mark = self._listed.get(path)
        return (*mark, *self._known.get(path, (0, 0))) if mark else None

    def version(self, path: str) -> tuple[int, ...] | None:
        """Tell one version of what stands at a path from any other, also where no mark does."""
        mark = self._listed.get(path)
        return None if mark is None else (*mark, int(path in self._written))

    def stands(self, path: str, stamp: tuple[int, ...]) -> bool:
        """Tell whether a document is as it was when it had this stamp."""
        mark = self._listed.get(path)
        if mark and stamp and mark[1] == stamp[1]:
            self._known[path] = stamp[2], stamp[3]
        return bool(mark) and self.stamp(path) == stamp

    def replace(self, path: str, content: bytes) -> bool:
        """Put a document unless it is there already; tell whether it will be put.

        Feeds are on their way at once; what leads to them waits for `finish`, so that it
        leads to nothing that is not there. Raises Unwritable and Unreadable.
        """
        digest = self._digest(path, content)
        if path in self._known:
            if self._known[path] == digest:
                return False
        elif self._has(path, content):
            self._known[path] = digest
            return False
        self._listed.pop(path, None)  # what stands there is told once it is put
        if not path.endswith(_LEADING):
            self._put(path, content, digest)
        else:
            self._later.append((path, len(content), digest))
            self._spool.write(content)
        return True

    def remove(self, path: str) -> bool:
        """Remove a document that a build made, once what came before is done.

        Raises Unwritable and Unreadable.
        """
        if path not in self._listed:
            return False
        if path not in self._known:
            content = self._system.content(path)
            if content is None or marks(path, content)[0] != GENERATOR:
                return False
        self._removals.append(self._pool.ask(partial(self._system.remove, path)))
        return True

    def finish(self) -> None:
        """Wait until all is done: feeds first, then what leads to them.

        Raises Unwritable.
        """
        self._settle()
        if self._later:
            self._spool.seek(0)
            for path, size, digest in self._later:
                self._put(path, self._spool.read(size), digest)
            self._later.clear()
            self._settle()
            self._spool.seek(0)
            self._spool.truncate()
        for removal in self._removals:
            removal.result()
        self._removals.clear()

    def ours(self, base: str) -> set[str]:
        """Name the documents that a build made, as `write.ours` says. Raises Unreadable."""
        seen, digests = {}, {}
        for path, content in self._contents():
            seen[path] = marks(path, content)
            digests[path] = self._digest(path, content)
        found = ours(seen, base)
        self._known |= {path: digests[path] for path in found}
        return found

    def signed(self, base: str) -> set[str]:
        """Name the documents of ours, wherever below the base. Raises Unreadable."""
        contents = self._contents()
        return {path for path, one in contents if signed(marks(path, one), base)}

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        paths = [*self._listed]
        with pool() as threads:
            contents = threads.each(self._system.content, paths)
            for path, content in zip(paths, contents, strict=True):
                yield path, content or b""

    @cached_property
    def _listed(self) -> dict[str, Mark]:
        """The documents that stand there; empty is the mark of what has none."""
        return {
            path: mark
            for path, mark in self._system.listed()
            if path.endswith(SUFFIXES)
        }

    @cached_property
    def _spool(self) -> IO[bytes]:
        """Where pages wait, as all of them may not fit the memory; it has no name."""
        try:
            return self._files.enter_context(TemporaryFile(dir=self._store.folder))
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise Unwritable(f"{self._store.folder}: {what}") from error

    def _put(self, path: str, content: bytes, digest: _Digest) -> None:
        served = Served(self._type(path), self._cache)
        put = partial(self._system.put, path, content, served)
        self._puts[path] = self._pool.ask(put), digest

    def _settle(self) -> None:
        for path, (put, digest) in self._puts.items():
            self._listed[path] = put.result()
            self._known[path] = digest
            self._written.add(path)
        self._puts.clear()

    def _has(self, path: str, content: bytes) -> bool:
        """Tell whether a document stands there that the state does not know."""
        mark = self._listed.get(path)
        if mark is None or (mark and mark[0] not in {-1, len(content)}):
            return False
        return mark == plain_mark(content) or self._system.content(path) == content

    def _digest(self, path: str, content: bytes) -> _Digest:
        """Tell one content, and how it is served, from any other, in numbers that SQLite has."""
        found = blake2b(content, digest_size=16)
        found.update(f"{self._type(path)}\0{self._cache}".encode())
        digest = found.digest()
        return (
            int.from_bytes(digest[:8], "big") >> 1,
            int.from_bytes(digest[8:], "big") >> 1,
        )

    def _type(self, path: str) -> str:
        return DOCUMENTS[path[path.rfind(".") :]]
