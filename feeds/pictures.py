"""What is remembered of pictures: what servers said of them, and when to ask again.

One file in the state folder, shared by all configurations there and older than any of
their states: nobody is asked twice because feeds.yaml changed. Who is about to ask says so
here first, so that neither a build beside it nor one after a kill asks again. Each row has
a digest of itself, as SQLite would not notice a bit that flipped; of a damaged file the
whole rows are kept.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from feeds.errors import Unwritable
from feeds.media import UNKNOWN, Measured
from feeds.store.folder import make_way

FILE = "images.sqlite"
"""Its name in the state folder."""

WEEK = 7 * 24 * 3600
"""For how many seconds an address is not asked again, whatever came of it."""

LONGEST = 5 * WEEK
"""The longest that a server can have us wait."""

Error = sqlite3.Error
"""What is raised where nothing can be noted."""

_KEPT = 26 * WEEK
_PATIENCE = 30.0  # seconds, while another build writes
_PARTS = ("", "-journal", "-wal", "-shm")
_VERSION = 1
_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS picture (
    url TEXT PRIMARY KEY, length INTEGER, type TEXT, next INTEGER, sum BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS host (name TEXT PRIMARY KEY, next INTEGER) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
COMMIT
"""
_ALL = "SELECT url, length, type, next, sum FROM picture"
# What is wrong with the disk or its rights, and not with the file.
_FAULTS = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
    }
)


class _Row(NamedTuple):
    """What is known of a picture, and from when on its server may be asked again."""

    size: Measured = UNKNOWN
    next: int = 0


_NEW = _Row()


class _Kept(NamedTuple):
    """What a file holds, as far as it is whole: pictures, and hosts to be left alone."""

    rows: dict[str, _Row]
    hosts: dict[str, int]
    is_whole: bool


class Memory:
    """The pictures that were known when it was opened, and what is learnt since.

    All that writes belongs in a block of `noting`.
    """

    def __init__(self, connection: sqlite3.Connection, kept: _Kept, now: int) -> None:
        self._run, self._now, self._rows = connection.execute, now, kept.rows
        resting = (name for name, end in kept.hosts.items() if not _is_due(end, now))
        # None is the host of an address that cannot be asked.
        self._resting = {None, *resting}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Keep all of what a block notes, or nothing. Raises Error."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def sizes(self, urls: Iterable[str]) -> dict[str, Measured]:
        """Give what is known of pictures, by address."""
        known = {url: self._rows.get(url, _NEW).size for url in urls}
        return {url: size for url, size in known.items() if size != UNKNOWN}

    def due(self, urls: Iterable[str]) -> list[str]:
        """Give those that may be asked now: first what never was, then the longest ago."""
        rows = {url: self._rows.get(url, _NEW) for url in urls}
        due = [url for url, row in rows.items() if _is_due(row.next, self._now)]
        due = [url for url in due if host_of(url) not in self._resting]
        return sorted(due, key=lambda url: rows[url].next)

    def claim(self, url: str) -> bool:
        """Say that this is about to be asked; or tell that another build was first."""
        row, query = self._rows.get(url, _NEW), "SELECT next FROM picture WHERE url = ?"
        found = self._run(query, (url,)).fetchone()
        is_ours = not found or found[0] == row.next
        if is_ours:
            self._put(url, row._replace(next=self._now + WEEK))
        return is_ours

    def release(self, url: str) -> None:
        """Say that this was not asked after all."""
        self._put(url, self._rows[url]._replace(next=0))

    def learn(self, url: str, said: Measured, wait: int) -> None:
        """Note what came of asking; what was known stays until another is said."""
        old = self._rows[url].size
        size = Measured(said.length or old.length, said.media_type or old.media_type)
        self._put(url, _Row(size, self._now + min(max(WEEK, wait), LONGEST)))

    def rest(self, host: str, seconds: int) -> None:
        """Leave a host alone for so long."""
        until = self._now + min(seconds, LONGEST)
        self._run("INSERT OR REPLACE INTO host VALUES (?, ?)", (host, until))

    def adopt(self, said: Iterable[Mapping[str, Measured]]) -> None:
        """Take over what feeds say of pictures that are unknown here: it was forgotten."""
        lost = {
            url: _Row(size, self._rows.get(url, _NEW).next)
            for sizes in said
            for url, size in sizes.items()
            if size != UNKNOWN and self._rows.get(url, _NEW).size == UNKNOWN
        }
        self._rows |= lost
        if lost:
            with suppress(Error), self.noting():
                for url, row in lost.items():
                    self._put(url, row)

    def prune(self, kept: Iterable[str]) -> None:
        """Forget what nobody asked for in half a year, but for these."""
        others = self._rows.keys() - set(kept)
        old = [url for url in others if abs(self._now - self._rows[url].next) > _KEPT]
        with suppress(Error), self.noting():
            for url in old:
                self._run("DELETE FROM picture WHERE url = ?", (url,))
            self._run("DELETE FROM host WHERE next <= ?", (self._now,))

    def _put(self, url: str, row: _Row) -> None:
        self._rows[url] = row
        _put(self._run, url, row)


@contextmanager
def opened(folder: Path, now: int) -> Iterator[Memory]:
    """Open the memory in a state folder that is there. Raises Unwritable."""
    file = folder / FILE
    try:
        connection, kept = _ready(file)
    except (sqlite3.Error, OSError) as error:
        what = f"cannot be used: {getattr(error, 'strerror', None) or error}"
        raise Unwritable(f"{file}: {what}") from error
    with closing(connection):
        yield Memory(connection, kept, now)


def remembered(folder: Path) -> dict[str, Measured]:
    """Give what is known of pictures, by address, and note nothing."""
    file = folder / FILE
    if folder.is_symlink() or file.is_symlink() or not file.is_file():
        return {}
    try:
        # A build that was killed leaves a journal, and only who may write can undo it.
        with closing(_connected(file, "rw")) as connection:
            rows = _read(connection).rows
    except sqlite3.Error:
        return {}
    return {url: row.size for url, row in rows.items()}


def host_of(url: str) -> str | None:
    """Name host and port of an address; None where nobody can be asked for it."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:  # a port of thousands of zeros
        return None
    return f"{parts.hostname}:{port}"


def _ready(file: Path) -> tuple[sqlite3.Connection, _Kept]:
    """Open the file, and make it anew where it is damaged. Raises sqlite3.Error, OSError."""
    parts = [file.with_name(file.name + suffix) for suffix in _PARTS]
    for part in parts:
        make_way(part)
    connection = _connected(file, "rwc")
    kept = _read(connection)
    if not kept.is_whole:
        connection.close()
        for part in parts:
            part.unlink(missing_ok=True)
        connection = _connected(file, "rwc")
        _read(connection)
        for url, row in kept.rows.items():
            _put(connection.execute, url, row)
    return connection, kept


def _connected(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}",
        timeout=_PATIENCE,
        isolation_level=None,
        uri=True,
    )
    connection.text_factory = lambda text: str(text, "utf-8", "replace")
    return connection


def _read(connection: sqlite3.Connection) -> _Kept:
    """Read what is whole, and make the tables where there are none. Raises sqlite3.Error."""
    rows: dict[str, _Row] = {}
    hosts: dict[str, int] = {}
    is_whole = True
    try:
        # A row that is lost in a crash of the machine is measured again.
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            connection.executescript(_TABLES)
        for url, *values, digest in connection.execute(_ALL):
            length, kind, next_ = values
            row = _Row(Measured(length, kind), next_)
            if digest == _sum(url, row):
                rows[url] = row
            else:
                is_whole = False
        hosts = dict(connection.execute("SELECT name, next FROM host"))
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF in _FAULTS:
            connection.close()
            raise
        is_whole = False
    return _Kept(rows, hosts, is_whole)


def _put(run: Callable[..., object], url: str, row: _Row) -> None:
    values = (url, *row.size, row.next, _sum(url, row))
    run("INSERT OR REPLACE INTO picture VALUES (?, ?, ?, ?, ?)", values)


def _sum(url: str, row: _Row) -> bytes:
    return blake2b(repr((url, *row.size, row.next)).encode(), digest_size=8).digest()


def _is_due(next_: object, now: int) -> bool:
    """Tell whether a time has come; one far ahead was noted by a clock that was wrong."""
    return not (isinstance(next_, int) and next_ - LONGEST <= now < next_)
