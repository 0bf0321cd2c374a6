"""The state folder: what need not be done again; may be lost or damaged at any time.

One SQLite file for each configuration and output. It is worth nothing once its salt, made
of versions, programs and configuration, is another, and it is never believed over the
sources: a file is read again unless size, times and inode are as they were.

    meta       the salt, the time of the last build
    folder     what stood in each folder of records
    file       each record file: its counts, its votes, when time alone changes it
    item       each record: its place in its file, and its id
    record     all of it, where some feed lets it in
    shelf      where each record stands in each feed that lets it in
    refused    why records are not in the feeds that have to exist
    complaint  what is wrong with a file
    tally      how often each spelling of a name is used
    place      each feed: how many entries it has, until when that holds
    document   what was last written, and which entries are in it
    pending    what a build was about to write when it stopped
    told       which complaints were made
"""

import os
import sqlite3
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from feeds import seal
from feeds.assess import Sheet
from feeds.errors import FeedsError, Unwritable
from feeds.feed import SUFFIXES
from feeds.group import Place
from feeds.listing import Listing
from feeds.record import Complaint
from feeds.select import Standing
from feeds.survey import NO_NAME, Folders

FOLDER = ".feeds"

_Votes = list[tuple[str, str]]

_SHIFT = 24
"""An item's key is its file's, shifted by so many bits, and its number in the file."""

_NO_STAMP = (None, None, None, None)
_SUM = 8
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
_PARTS = ("", "-journal", "-wal", "-shm", *seal.SUFFIXES)
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE folder (name TEXT PRIMARY KEY, files BLOB) WITHOUT ROWID;
CREATE TABLE file (
    key INTEGER PRIMARY KEY, name TEXT UNIQUE, read INTEGER, drafts INTEGER,
    wake INTEGER, votes BLOB);
CREATE TABLE item (
    key INTEGER PRIMARY KEY, file INTEGER, number INTEGER, line INTEGER, id TEXT);
CREATE TABLE record (key INTEGER PRIMARY KEY, content BLOB);
CREATE TABLE shelf (
    place INTEGER, age INTEGER, item INTEGER, quality REAL, heat REAL,
    published INTEGER, PRIMARY KEY (place, age, item)) WITHOUT ROWID;
CREATE TABLE refused (place INTEGER, file INTEGER, brief TEXT);
CREATE TABLE complaint (file INTEGER, line INTEGER, reason TEXT, digest TEXT);
CREATE TABLE tally (
    name TEXT, spelling TEXT, count INTEGER, PRIMARY KEY (name, spelling)) WITHOUT ROWID;
CREATE TABLE place (
    key INTEGER PRIMARY KEY, feed INTEGER, topic TEXT, provider TEXT,
    entries INTEGER, expires INTEGER, dirty INTEGER, listing BLOB);
CREATE TABLE document (
    path TEXT PRIMARY KEY, place INTEGER, digests BLOB, size INTEGER,
    modified INTEGER, changed INTEGER, inode INTEGER) WITHOUT ROWID;
CREATE TABLE pending (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE told (complaint TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS file_wake ON file (wake) WHERE wake IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_id ON item (id);
CREATE INDEX IF NOT EXISTS shelf_item ON shelf (item);
CREATE INDEX IF NOT EXISTS refused_file ON refused (file);
CREATE INDEX IF NOT EXISTS refused_place ON refused (place);
CREATE INDEX IF NOT EXISTS complaint_file ON complaint (file);
"""
_STANDING = """
SELECT -age, item.id, quality, heat, published, name, line, item.number, EXISTS (
    SELECT 1 FROM item AS other WHERE other.id = item.id AND other.key != item.key)
FROM shelf JOIN item ON item.key = shelf.item JOIN file ON file.key = item.file"""
# What follows from the sources, and what only the last build can tell.
_DERIVED = (
    "folder",
    "file",
    "item",
    "record",
    "shelf",
    "refused",
    "complaint",
    "tally",
    "place",
)
_VERSION = int.from_bytes(blake2b(_SCHEMA.encode(), digest_size=3).digest(), "big")


SITE = 0
"""The key, among those of places, of documents that belong to no feed."""


class Damaged(FeedsError):
    """The state cannot be used; a build without it repairs it."""


class Counts(NamedTuple):
    """How many records there are: all, drafts, usable ones, different stories."""

    read: int
    drafts: int
    usable: int
    stories: int


class Written(NamedTuple):
    """A document as it was last written; its entries by their digests."""

    place: int
    stamp: tuple[int, ...]
    digests: bytes


class Done(NamedTuple):
    """A feed that stands as it should: its documents, and which of them were written."""

    key: int
    entries: int
    expires: int | None
    documents: list[tuple[str, Written]]
    written: list[str]
    listing: Listing | None = None


class Store:
    """Where the state of one configuration and one output is kept."""

    def __init__(self, config: Path, output: Path) -> None:
        self.folder = config.parent / FOLDER
        here = os.path.realpath(config.parent)
        self.output = os.path.relpath(os.path.realpath(output), here)
        key = blake2b(os.fsencode(f"{config.name}\0{self.output}"), digest_size=8)
        self.file = self.folder / f"{key.hexdigest()}.db"

    @contextmanager
    def opened(self, salt: str, now: int) -> Iterator["Ledger"]:
        """Open the state for a build; it is as it was unless the ledger is committed.

        Raises Damaged, and Unwritable where it cannot be kept.
        """
        self._make_ready()
        try:
            with closing(_connected(self.file)) as connection:
                if seal.is_broken(self.file):
                    raise Damaged(f"{self.file}: not as it was left")
                yield Ledger(connection, salt, now, self.output, self.file)
        except (sqlite3.Error, msgspec.MsgspecError, *_SENSELESS) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAULTS:
                what = f"cannot be used: {self._cause() or error}"
                raise Unwritable(f"{self.file}: {what}") from error
            raise Damaged(f"{self.file}: {error}") from error

    def _make_ready(self) -> None:
        """Make the folder. Raises Unwritable, also where it is a link to another."""
        try:
            if self.folder.is_symlink():
                raise Unwritable(f"{self.folder}: a link, expected a folder; remove it")
            self.folder.mkdir(exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not os.path.lexists(ignore):
                with ignore.open("x", encoding="utf-8") as file:
                    file.write(_IGNORE)
            for part in self._parts():
                _clear(part)
        except OSError as error:
            what = f"cannot be used: {error.strerror}"
            raise Unwritable(f"{error.filename or self.folder}: {what}") from error

    def _parts(self) -> list[Path]:
        """Name all files that SQLite makes of a state."""
        names = (self.file.name + suffix for suffix in _PARTS)
        return [self.file.with_name(name) for name in names]

    def _cause(self) -> str | None:
        """Ask the system why state and journal cannot be written: SQLite does not say."""
        with ExitStack() as opened:
            try:
                for part in self._parts()[:2]:
                    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
                    opened.callback(os.close, descriptor)
            except OSError as error:
                return error.strerror
        return None

    def reopened(self, ledger: "Ledger") -> "Ledger":
        """Open the state once more, in another process, to read what is committed."""
        return Ledger(_connected(self.file), *ledger.opened_for, self.file)

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
        return set(_plain(_read(self.file, "SELECT path FROM document")))

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
                found.update(_plain(_read(file, "SELECT path FROM document")))
        return found


class Ledger:
    """The open state of one build, in one transaction until it is committed."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        salt: str,
        now: int,
        output: str,
        file: Path,
    ) -> None:
        self._file = file
        self.run = connection.execute
        self.run_many = connection.executemany
        self.run("BEGIN")
        meta = dict(self.run("SELECT key, value FROM meta WHERE key NOT LIKE 'name %'"))
        self.now = now
        self.opened_for = salt, now, output
        self.had_output = meta.get("output") == output
        self.why_anew = _why_anew(meta, *self.opened_for)
        self.is_kept = not self.why_anew
        self.lost_ids: set[str] = set()
        self._new_ids: set[str] = set()
        self._more = Counts(0, 0, 0, 0)
        self._counts = _counts(meta.get("counts"))
        self.known_ids = self.counts().stories
        self._doubled: set[str] = set()
        self._delta: Counter[tuple[str, str]] = Counter()
        self._dirty: set[int] = set()
        self._met: set[str] = set()
        if not self.is_kept:
            self._start_over()
        rows = self.run("SELECT key, feed, topic, provider FROM place")
        self.places = {Place(*rest): key for key, *rest in rows}
        self._first_new = self._count("SELECT COALESCE(MAX(key), 0) + 1 FROM file")
        self._next_file = self._first_new

    # Reading

    def folders(self) -> Folders:
        """Give what stood in each folder of records."""
        return dict(self.run("SELECT name, files FROM folder"))

    def knows(self, file: str) -> bool:
        """Tell whether a file was there before."""
        query = "SELECT 1 FROM file WHERE name = ?"
        return self.run(query, (file,)).fetchone() is not None

    def woken(self) -> list[str]:
        """Name the files that time alone has changed."""
        return self._column("SELECT name FROM file WHERE wake <= ?", self.now)

    def dirty(self) -> dict[int, str]:
        """Give the places to look at again, and why."""
        query = "SELECT key, dirty FROM place WHERE dirty OR expires <= ?"
        left = {
            key: "it is new, or was left undone" if dirty else "a story became too old"
            for key, dirty in self.run(query, (self.now,))
        }
        return dict.fromkeys(self._dirty, "a record touched it") | left

    def standings(self, place: int, pick: str) -> Iterator[Standing]:
        """Stream the records of a place in the order of `pick`."""
        order = {"best": "quality DESC,", "hottest": "heat DESC,"}.get(pick, "")
        rows = self.run(
            f"{_STANDING} WHERE place = ? ORDER BY {order} age, item.id", (place,)
        )
        for *row, is_doubled in rows:
            this = Standing._make(row)
            if is_doubled:
                self._doubled.add(this.id)
            yield this

    def doubles(self, place: int, this: Standing) -> list[Standing]:
        """Give all records in a place with the id of one that `standings` gave."""
        if this.id not in self._doubled:
            return [this]
        # Not by place: an id has few records, a place may have very many.
        query = f"{_STANDING} WHERE item.id = ? AND +place = ?"
        return [Standing._make(row) for *row, _ in self.run(query, (this.id, place))]

    def record(self, file: str, number: int) -> bytes:
        """Give a record that some feed lets in, as it was encoded."""
        row = self.run(
            "SELECT content FROM file JOIN record ON record.key = (file.key << ?) + ?"
            " WHERE name = ?",
            (_SHIFT, number, file),
        ).fetchone()
        content = bytes(row[0]) if row else b""
        if _sum(content[_SUM:]) != content[:_SUM]:
            raise Damaged(f"{file}: no record {number}")
        return content[_SUM:]

    def elected(self, name: str) -> str | None:
        """Give the spelling of a name that most records use."""
        row = self.run(
            "SELECT spelling FROM tally WHERE name = ? AND spelling != ''"
            " ORDER BY count DESC, spelling LIMIT 1",
            (name,),
        ).fetchone()
        return row[0] if row else None

    def _is_used(self, name: str) -> bool:
        query = "SELECT 1 FROM tally WHERE name = ? LIMIT 1"
        return self.run(query, (name,)).fetchone() is not None

    def documents(self) -> dict[str, Written]:
        """Give what was last written, by path."""
        rows = self.run("SELECT * FROM document")
        written = {
            path: Written(place, tuple(stamp), digests)
            for path, place, digests, *stamp in rows
        }
        return {path: written[path] for path in _plain(written)}

    def pending(self) -> list[str]:
        return [*_plain(self._column("SELECT path FROM pending"))]

    def complaints(self) -> list[Complaint]:
        """Give what is wrong with each file, in order."""
        rows = self.run(
            "SELECT name, line, reason, digest FROM complaint"
            " JOIN file ON file.key = complaint.file ORDER BY name, line, complaint.rowid"
        )
        return [
            Complaint(
                file=file.removesuffix(NO_NAME), line=line, reason=why, digest=sum_
            )
            for file, line, why, sum_ in rows
        ]

    def told(self) -> dict[str, str]:
        """Give the complaints made before, with the digest of the file then."""
        return dict(self.run("SELECT complaint, digest FROM told"))

    def names(self) -> set[str]:
        """Name the configured topics and providers that some record has had."""
        return set(self._column("SELECT value FROM meta WHERE key LIKE 'name %'"))

    def counts(self) -> Counts:
        """Count the records."""
        if self._counts is None:
            read, drafts = self.run(
                "SELECT COALESCE(SUM(read), 0), COALESCE(SUM(drafts), 0) FROM file"
            ).fetchone()
            usable, stories = self.run(
                "SELECT COUNT(*), COUNT(DISTINCT id) FROM item"
            ).fetchone()
            self._counts = Counts(read, drafts, usable, stories)
        return self._counts

    def briefs(self, place: int) -> Counter[str]:
        """Count why records are not in a place."""
        return Counter(self._column("SELECT brief FROM refused WHERE place = ?", place))

    def has(self, place: int) -> bool:
        """Tell whether a place lets any record in, age aside."""
        query = "SELECT 1 FROM shelf WHERE place = ? LIMIT 1"
        return self.run(query, (place,)).fetchone() is not None

    def shelved(self, place: int) -> int:
        """Count the records that a place lets in, age aside."""
        query = "SELECT COUNT(*) FROM shelf WHERE place = ?"
        return int(self.run(query, (place,)).fetchone()[0])

    def missing_ids(self) -> int:
        """Count the stories that were known and are no more."""
        query = "SELECT 1 FROM item WHERE id = ? LIMIT 1"
        return sum(self.run(query, (id_,)).fetchone() is None for id_ in self.lost_ids)

    # Writing

    def forget(self, files: Iterable[str]) -> None:
        """Take the records of files out of everything."""
        query = "SELECT key, read, drafts, votes FROM file WHERE name = ?"
        for name in files if self._next_file > 1 else ():
            if row := self.run(query, (name,)).fetchone():
                key, read, drafts, votes = row
                self._delta.subtract(msgspec.msgpack.decode(votes, type=_Votes))
                self._count_in(-read, -drafts, -self._forget(key))

    def _forget(self, key: int) -> int:
        """Take the records of a file out of everything; count them."""
        items = key << _SHIFT, ((key + 1) << _SHIFT) - 1
        among = "WHERE item BETWEEN ? AND ?"
        ids = self._column("SELECT id FROM item WHERE key BETWEEN ? AND ?", *items)
        self.lost_ids.update(ids)
        self._dirty.update(self._column(f"SELECT place FROM shelf {among}", *items))
        self._dirty.update(
            self._column("SELECT place FROM refused WHERE file = ?", key)
        )
        self.run(f"DELETE FROM shelf {among}", items)
        for table in ("item", "record"):
            self.run(f"DELETE FROM {table} WHERE key BETWEEN ? AND ?", items)
        for table in ("refused", "complaint"):
            self.run(f"DELETE FROM {table} WHERE file = ?", (key,))
        self.run("DELETE FROM file WHERE key = ?", (key,))
        return len(ids)

    def take(self, sheets: Sequence[Sheet]) -> None:
        """Put the records of files in."""
        rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for key, sheet in enumerate(sheets, self._next_file):
            self._take(sheet, key, rows)
            self._count_in(sheet.read, sheet.drafts, len(sheet.items))
            self._new_ids.update(item.id for item in sheet.items if self.is_kept)
            self._delta.update(sheet.votes)
            self._met.update(sheet.names)
        self._next_file += len(sheets)
        self._dirty.update(row[0] for row in (*rows["shelf"], *rows["refused"]))
        for table, found in rows.items():
            if found:
                marks = ", ".join("?" * len(found[0]))
                self.run_many(f"INSERT INTO {table} VALUES ({marks})", found)

    def _take(
        self, sheet: Sheet, key: int, rows: Mapping[str, list[tuple[Any, ...]]]
    ) -> None:
        first, votes = key << _SHIFT, _packed(sheet.votes)
        # What could not be read may be read the next time, and no edit would show that.
        is_unread = any(not wrong.digest for wrong in sheet.complaints)
        wake = 0 if is_unread else sheet.wake
        rows["file"].append((key, sheet.file, sheet.read, sheet.drafts, wake, votes))
        for one in sheet.items:
            rows["item"].append((first + one.number, key, one.number, one.line, one.id))
            if one.record is not None:
                content = _sum(one.record) + one.record
                rows["record"].append((first + one.number, content))
        for place, this in sheet.standings:
            rows["shelf"].append((self._place(place), *_shelved(this, first)))
        for place, brief in sheet.refused:
            rows["refused"].append((self._place(place), key, brief))
        for wrong in sheet.complaints:
            rows["complaint"].append((key, wrong.line, wrong.reason, wrong.digest))

    def _count_in(self, read: int, drafts: int, usable: int) -> None:
        more = self._more
        self._more = Counts(
            more.read + read, more.drafts + drafts, more.usable + usable, 0
        )

    def _recount(self) -> Counts | None:
        """Count by what changed, as counting all would take longer than a small build."""
        if self._counts is None:
            return None
        older = "SELECT 1 FROM item WHERE id = ? AND key < ? LIMIT 1"
        first = self._first_new << _SHIFT
        new = sum(
            self.run(older, (id_, first)).fetchone() is None
            for id_ in self._new_ids - self.lost_ids
        )
        more = self._more._replace(stories=new - self.missing_ids())
        return Counts(*map(int.__add__, self._counts, more))

    def settle(self, folders: Folders, promised: Iterable[Place]) -> None:
        """Make up the tally; a name that is shown another way now touches every feed."""
        self._counts = self._recount()
        self._meta({f"name {name}": name for name in self._met})
        before = self.folders()
        self.run_many(
            "INSERT OR REPLACE INTO folder VALUES (?, ?)",
            [(one, new) for one, new in folders.items() if before.get(one) != new],
        )
        self.run_many(
            "DELETE FROM folder WHERE name = ?",
            [(one,) for one in before.keys() - folders.keys()],
        )
        for place in promised:
            if place not in self.places:
                self._dirty.add(self._place(place))
        delta = [
            (name, spelling, count)
            for (name, spelling), count in self._delta.items()
            if count
        ]
        names = {name for name, *_rest in delta} if self.is_kept else set()
        shown = {name: self.elected(name) for name in names if self._is_used(name)}
        self.run_many(
            "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT (name, spelling)"
            " DO UPDATE SET count = count + excluded.count",
            delta,
        )
        self.run("DELETE FROM tally WHERE count <= 0")
        if any(old != self.elected(name) for name, old in shown.items()):
            self._dirty.update(self.places.values())
        for statement in _INDEXES.strip().split(";\n"):
            self.run(statement)

    def promise(
        self, dirty: Iterable[int], paths: Iterable[str], before: Mapping[str, Written]
    ) -> None:
        """Commit what was read, and what is going to be done because of it."""
        self.run_many(
            "INSERT OR IGNORE INTO pending VALUES (?)", [(path,) for path in paths]
        )
        self.run_many(
            "UPDATE place SET dirty = 1 WHERE key = ?", [(key,) for key in dirty]
        )
        self._note(before, "IGNORE")
        self._commit(is_last=False)
        self.run("BEGIN")

    def keep(self, done: Sequence[Done]) -> None:
        """Note what stands in the output now."""
        self.run_many(
            "UPDATE place SET entries = ?, expires = ?, dirty = 0, listing = ?"
            " WHERE key = ?",
            [(one.entries, one.expires, _packed(one.listing), one.key) for one in done],
        )
        self._note(
            {path: new for one in done for path, new in one.documents}, "REPLACE"
        )

    def _note(self, documents: Mapping[str, Written], otherwise: str) -> None:
        self.run_many(
            f"INSERT OR {otherwise} INTO document VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (path, one.place, one.digests, *(one.stamp or _NO_STAMP))
                for path, one in documents.items()
            ],
        )

    def forget_places(self, gone: Iterable[int], documents: Iterable[str]) -> None:
        """Note that feeds, and documents, are no more; a feed that comes back keeps its key."""
        self.run_many(
            "UPDATE place SET entries = NULL, expires = NULL, dirty = 0 WHERE key = ?",
            [(key,) for key in gone],
        )
        self.run_many(
            "DELETE FROM document WHERE path = ?", [(path,) for path in documents]
        )

    def finish(self, complaints: Iterable[Complaint]) -> None:
        """Commit the build."""
        self.run("DELETE FROM pending")
        self.run("DELETE FROM told")
        self.run_many(
            "INSERT OR REPLACE INTO told VALUES (?, ?)",
            ((str(one), one.digest) for one in complaints),
        )
        self._commit(is_last=True)

    def _commit(self, *, is_last: bool) -> None:
        """Commit; sealed is only what the whole build leaves, as a seal takes its time."""
        counts = {"counts": _packed(self.counts())}
        names = ("salt", "now", "output")
        self._meta(dict(zip(names, self.opened_for, strict=True)) | counts)
        try:
            seal.take_off(self._file)
            self.run("COMMIT")
            if is_last:
                seal.put(self._file)
        except OSError as error:
            what = f"cannot be sealed: {error.strerror}"
            raise Unwritable(f"{self._file}: {what}") from error

    def feeds(self) -> int:
        """Count the feeds there are."""
        return self._count("SELECT COUNT(*) FROM place WHERE entries IS NOT NULL")

    def listings(self) -> dict[int, Listing]:
        """Give what a list of all feeds says of each."""
        rows = self.run("SELECT key, listing FROM place WHERE entries IS NOT NULL")
        return {key: msgspec.msgpack.decode(one, type=Listing) for key, one in rows}

    def entries(self) -> int:
        """Count the entries of all feeds."""
        return self._count("SELECT COALESCE(SUM(entries), 0) FROM place")

    def newest(self) -> datetime | None:
        """Give the time of the newest story in any feed, as its feed sorts it."""
        first = "SELECT MIN(age) FROM shelf WHERE shelf.place = place.key"
        age = self.run(f"SELECT MIN(({first})) FROM place WHERE entries").fetchone()[0]
        return None if age is None else datetime.fromtimestamp(-age, UTC)

    def empty_places(self) -> list[tuple[int, Place]]:
        """Give the places without entries."""
        rows = self.run(
            "SELECT key, feed, topic, provider FROM place WHERE entries = 0"
        )
        return [(key, Place(*rest)) for key, *rest in rows]

    def _place(self, place: Place) -> int:
        key = self.places.get(place)
        if key is None:
            key = self.run(
                "INSERT INTO place (feed, topic, provider, dirty) VALUES (?, ?, ?, 1)",
                place,
            ).lastrowid
            assert key
            self.places[place] = key
        return key

    def _start_over(self) -> None:
        """Keep what only the last build can tell, and nothing that follows from the sources."""
        self.lost_ids.update(self._column("SELECT DISTINCT id FROM item"))
        for table in _DERIVED:
            self.run(f"DELETE FROM {table}")
        for name in self._column(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ):
            self.run(f"DROP INDEX {name}")
        self.run("DELETE FROM meta WHERE key = 'counts'")
        self._counts = None
        self.run("UPDATE document SET place = 0, digests = x'', size = NULL")

    def _meta(self, values: Mapping[str, object]) -> None:
        self.run_many("INSERT OR REPLACE INTO meta VALUES (?, ?)", [*values.items()])

    def _column(self, query: str, *values: object) -> list[Any]:
        return [row[0] for row in self.run(query, values)]

    def _count(self, query: str) -> int:
        return int(self.run(query).fetchone()[0])


def _why_anew(meta: Mapping[str, Any], salt: str, now: int, output: str) -> str:
    """Say why what follows from the sources cannot be kept; nothing where it can."""
    if meta.get("output") != output:
        return "there is none"
    if meta.get("salt") != salt:
        return "feeds.yaml, the program or a library changed"
    return "" if int(meta.get("now", now)) <= now else "the clock went back"


def _counts(packed: object) -> Counts | None:
    return (
        msgspec.msgpack.decode(packed, type=Counts)
        if isinstance(packed, bytes)
        else None
    )


def _connected(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, cached_statements=256)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, _VERSION}:
            raise sqlite3.DatabaseError("of another release")
        # A state that lost pages in a crash of the machine could be believed.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -16384")
        if version == 0:
            connection.executescript(
                f"BEGIN;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _clear(part: Path) -> None:
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


def _shelved(one: Standing, first: int) -> tuple[object, ...]:
    return -one.time, first + one.number, one.quality, one.heat, one.published


def _sum(content: bytes) -> bytes:
    """SQLite would not notice a record whose text was damaged on the disk."""
    return blake2b(content, digest_size=_SUM).digest()


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _plain(paths: Iterable[str]) -> Iterator[str]:
    """Believe only what may be the path of a document."""
    for path in paths:
        if not isinstance(path, str):
            continue
        odd = path.startswith("/") or ".." in path.split("/") or "\0" in path
        if not odd and path.endswith(SUFFIXES):
            yield path
