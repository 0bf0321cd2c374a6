"""Where the state lies: one for each configuration and output, in the folder `.feeds`."""

import errno
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    suppress,
)
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from feeds.errors import Mistake, Unwritable
from feeds.remote.url import Where
from feeds.store import seal, untold
from feeds.store.ledger import Ledger
from feeds.store.schema import connected
from feeds.store.values import Damaged, plain

FOLDER = ".feeds"

# What comes of values that no build has written.
_SENSELESS = (ValueError, TypeError, LookupError, AttributeError)
# What is wrong with the disk or with its rights, and not with the state.
_FAULTS = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
    }
)
_IGNORE = "*\n"
_WRITTEN = ("", "-journal")
_PARTS = (*_WRITTEN, "-wal", "-shm", *seal.SUFFIXES)


class Store:
    """Where the state of one configuration and one output is kept.

    Raises Mistake for an output there: a state may be deleted at any time.
    """

    def __init__(self, config: Path, output: Where) -> None:
        self.folder = config.parent / FOLDER
        self.output = str(output)
        if isinstance(output, Path):
            here = os.path.realpath(config.parent)
            self.output = os.path.relpath(os.path.realpath(output), here)
            if Path(self.output).parts[:1] == (FOLDER,):
                what = f"{FOLDER} keeps what may be deleted at any time"
                raise Mistake(f"{output}: {what}, expected the output elsewhere")
        key = blake2b(os.fsencode(f"{config.name}\0{self.output}"), digest_size=8)
        self.file = self.folder / f"{key.hexdigest()}.db"
        self.records = self.file.with_suffix(".records")

    @contextmanager
    def opened(self, salt: str, now: int) -> Iterator[Ledger]:
        """Open the state for a build; it is as it was unless the ledger is committed.

        Raises Damaged, and Unwritable where it cannot be kept.
        """
        self._make_ready()
        try:
            with closing(connected(self.file, self.records)) as connection:
                if self._is_broken():
                    raise Damaged(f"{self.file}: not as it was left")
                yield Ledger(connection, salt, now, self.output, self.file)
        except (sqlite3.Error, msgspec.MsgspecError, *_SENSELESS) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            # A file that may be written and says that it may not was damaged.
            cause = self._cause() if code in _FAULTS else None
            if cause or code in _FAULTS - {sqlite3.SQLITE_READONLY}:
                what = f"cannot be used: {cause or error}"
                raise Unwritable(f"{self.file}: {what}") from error
            raise Damaged(f"{self.file}: {error}") from error

    @property
    def lock(self) -> Path:
        """Name what stands for an output that cannot be locked itself."""
        key = blake2b(self.output.encode("utf-8", "surrogatepass"), digest_size=8)
        return self.folder / f"{key.hexdigest()}.lock"

    def make(self) -> None:
        """Make the folder. Raises Unwritable, also where it is a link to another."""
        try:
            if self.folder.is_symlink():
                raise Unwritable(f"{self.folder}: a link, expected a folder; remove it")
            self.folder.mkdir(exist_ok=True)
            ignore = self.folder / ".gitignore"
            with suppress(FileNotFoundError):
                if not ignore.lstat().st_size:  # as a full disk leaves it
                    ignore.unlink()
            with suppress(FileExistsError), ignore.open("x", encoding="utf-8") as file:
                file.write(_IGNORE)
        except OSError as error:
            raise self._unusable(error) from error

    def _is_broken(self) -> bool:
        try:
            return seal.is_broken(self.file)
        except OSError as error:
            if error.errno == errno.EIO:
                return True
            raise self._unusable(error) from error

    def _make_ready(self) -> None:
        self.make()
        try:
            for part in self._parts():
                make_way(part)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> Unwritable:
        what = f"cannot be used: {error.strerror}"
        return Unwritable(f"{error.filename or self.folder}: {what}")

    def _parts(self, suffixes: Iterable[str] = _PARTS) -> list[Path]:
        """Name all files that a state may be made of."""
        return [
            file.with_name(file.name + suffix)
            for file in (self.file, self.records)
            for suffix in suffixes
        ]

    def _cause(self) -> str | None:
        """Ask the system why state and journal cannot be written: SQLite does not say."""
        with ExitStack() as opened:
            try:
                for part in self._parts(_WRITTEN):
                    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
                    opened.callback(os.close, descriptor)
            except OSError as error:
                return error.strerror
        return None

    def reopened(self, ledger: Ledger) -> Ledger:
        """Open the state once more, in another process, to read what is committed."""
        return Ledger(connected(self.file, self.records), *ledger.opened_for, self.file)

    def untold(self) -> AbstractContextManager[untold.Untold]:
        """Open what hubs have still to be told. Raises Unwritable."""
        return untold.opened(self.file.with_suffix(".untold"))

    def discard(self) -> None:
        """Remove the state. Raises Unwritable."""
        try:
            for part in self._parts():
                part.unlink(missing_ok=True)
        except OSError as error:
            raise Unwritable(
                f"{self.file}: cannot be removed: {error.strerror}"
            ) from error

    def names(self) -> frozenset[str]:
        """Name the configured topics and providers that some record has had."""
        return frozenset(
            _read(self.file, "SELECT value FROM meta WHERE key LIKE 'name %'")
        )

    def documents(self) -> set[str]:
        """Name the documents of the last build."""
        return set(plain(_read(self.file, "SELECT path FROM document")))

    def ids(self) -> set[str]:
        """Give the stories that the last build knew."""
        return set(_read(self.file, "SELECT DISTINCT id FROM item"))

    def others(self) -> set[str]:
        """Name the documents that other configurations keep in the same output."""
        found: set[str] = set()
        for file in set(self.folder.glob("*.db")) - {self.file}:
            # A build that was killed leaves a journal, and only who may write can undo it.
            mode = "ro" if file.is_symlink() else "rw"
            output = _read(file, "SELECT value FROM meta WHERE key = 'output'", mode)
            if output == [self.output]:
                found.update(plain(_read(file, "SELECT path FROM document")))
        return found


def make_way(part: Path) -> None:
    """Make way for a file where something else stands: SQLite would follow a link."""
    try:
        mode = part.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        part.rmdir()
    elif not stat.S_ISREG(mode):
        part.unlink()


def _read(file: Path, query: str, mode: str = "ro") -> list[Any]:
    """Ask a state of another build; one that cannot answer is no state."""
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)
        ) as connection:
            found = [row[0] for row in connection.execute(query)]
            return [] if seal.is_broken(file) else found
    except (sqlite3.DatabaseError, OSError):
        return []
