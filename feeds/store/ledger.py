"""What one build reads of the state and writes to it."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from feeds.assess import Sheet
from feeds.errors import Unwritable
from feeds.group import Place
from feeds.listing import Listing
from feeds.record import Complaint
from feeds.select import Standing
from feeds.store import seal
from feeds.store.schema import INDEXES
from feeds.store.values import Counts, Damaged, Done, Pictures, Written, plain
from feeds.survey import NO_NAME, Folders

_Votes = list[tuple[str, str]]

_SHIFT = 24
"""An item's key is its file's, shifted by so many bits, and its number in the file."""

_NO_STAMP = (None, None, None, None)
_SUM = 8
_MOST_FORMS = 4000
_STANDING = """
SELECT -age, item.id, quality, heat, published, name, line, item.number, month,
    EXISTS (
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
    "form",
)


class Ledger:
    """The open state of one build, in one transaction until it is committed."""

    _is_renamed = False

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
        self.is_kept, self._last_salt = not self.why_anew, meta.get("salt")
        self.lost_ids: set[str] = set()
        self._new_ids: set[str] = set()
        self._more = Counts(0, 0, 0, 0)
        self._counts = _counts(meta.get("counts"))
        self.known_ids = self.counts().stories
        self._doubled: set[str] = set()
        self._delta: Counter[tuple[str, str]] = Counter()
        self._dirty: defaultdict[int, set[str]] = defaultdict(set)
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

    def anew(self) -> set[int]:
        """Name the places of which nothing can be kept, whatever touched them."""
        if self._is_renamed:
            return {*self.places.values()}
        return set(self._column("SELECT key FROM place WHERE dirty"))

    def touched(self) -> dict[int, set[str]]:
        """Name the months of archives that records touched, by place.

        Where one was or is, it may have given way to a double of another month.
        """
        found = {place: months for place, months in self._dirty.items() if months}
        query = (
            "SELECT place, month FROM item CROSS JOIN shelf ON shelf.item = item.key"
            " WHERE item.id = ? AND month IS NOT NULL"
        )
        for id_ in self.lost_ids | self._new_ids if found else ():
            for place, month in self.run(query, (id_,)):
                found.setdefault(place, set()).add(month)
        return found

    def months(self, place: int) -> list[str]:
        """Name the months in which records of a place with an archive stand."""
        query = (
            "SELECT DISTINCT month FROM shelf WHERE place = ? AND month IS NOT NULL"
            " ORDER BY month"
        )
        return self._column(query, place)

    def standings(self, place: int, pick: str) -> Iterator[Standing]:
        """Stream the records of a place in the order of `pick`."""
        order = {"best": "quality DESC,", "hottest": "heat DESC,"}.get(pick, "")
        rest = f"WHERE place = ? ORDER BY {order} age, item.id"
        return self._streamed(rest, place)

    def of_month(self, place: int, month: str) -> Iterator[Standing]:
        """Stream the records of a place in a month, newest first."""
        rest = "WHERE place = ? AND month = ? ORDER BY age, item.id"
        return self._streamed(rest, place, month)

    def _streamed(self, rest: str, *values: object) -> Iterator[Standing]:
        for *row, is_doubled in self.run(f"{_STANDING} {rest}", values):
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
            "SELECT sum, content FROM file JOIN item ON item.key = (file.key << ?) + ?"
            " JOIN record ON record.key = item.key WHERE name = ?",
            (_SHIFT, number, file),
        ).fetchone()
        if not row or _sum(row[1]) != row[0]:
            raise Damaged(f"{file}: no record {number}")
        return bytes(row[1])

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
        return {path: written[path] for path in plain(written)}

    def forms(self) -> dict[bytes, object]:
        """Give the forms that builds met so far; where they are too many, begin anew."""
        if self._count("SELECT COUNT(*) FROM form") > _MOST_FORMS:
            self.run("DELETE FROM form")
        return dict(self.run("SELECT key, content FROM form"))

    def pending(self) -> list[str]:
        return [*plain(self._column("SELECT path FROM pending"))]

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
        rows = self.run(
            "SELECT brief, SUM(count) FROM refused WHERE place = ? GROUP BY brief",
            (place,),
        )
        return Counter(dict(rows))

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

    def lost(self) -> int:
        """Count the stories that were known and are no more; at least, without all records."""
        fewer = max(self.known_ids - self.counts().stories, 0)
        if not self.opened_for[0]:
            return fewer
        # A build on an engine keeps few of the records.
        was_partial = self.why_anew and self._last_salt == ""
        return max(self.missing_ids(), fewer if was_partial else 0)

    # Writing

    def forget(self, files: Iterable[str]) -> None:
        """Take the records of files out of everything."""
        query = "SELECT key, read, drafts, votes FROM file WHERE name = ?"
        for name in files if self._next_file > 1 else ():
            for key, read, drafts, votes in self.run(query, (name,)).fetchall():
                self._delta.subtract(msgspec.msgpack.decode(votes, type=_Votes))
                self._count_in(-read, -drafts, -self._forget(key))

    def _forget(self, key: int) -> int:
        """Take the records of a file out of everything; count them."""
        items = key << _SHIFT, ((key + 1) << _SHIFT) - 1
        among = "WHERE item BETWEEN ? AND ?"
        ids = self._column("SELECT id FROM item WHERE key BETWEEN ? AND ?", *items)
        self.lost_ids.update(ids)
        for place, month in self.run(f"SELECT place, month FROM shelf {among}", items):
            self._touch(place, month)
        for place in self._column("SELECT place FROM refused WHERE file = ?", key):
            self._touch(place)
        self.run(f"DELETE FROM shelf {among}", items)
        for table in ("item", "record"):
            self.run(f"DELETE FROM {table} WHERE key BETWEEN ? AND ?", items)
        for table in ("refused", "complaint"):
            self.run(f"DELETE FROM {table} WHERE file = ?", (key,))
        self.run("DELETE FROM file WHERE key = ?", (key,))
        return len(ids)

    def count_votes(self, votes: Mapping[tuple[str, str], int]) -> None:
        """Count votes of records that are not taken."""
        self._delta.update(votes)

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
        for place, month in {(row[0], row[-1]) for row in rows["shelf"]}:
            self._touch(place, month)
        for place in {row[0] for row in rows["refused"]}:
            self._touch(place)
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
        counts = sheet.read, sheet.drafts
        rows["file"].append((key, sheet.file, sheet.part, *counts, wake, votes))
        for one in sheet.items:
            item, sum_ = first + one.number, None
            if one.record is not None:
                sum_ = _sum(one.record)
                rows["record"].append((item, one.record))
            rows["item"].append((item, key, one.number, one.line, one.id, sum_))
        for place, this in sheet.standings:
            rows["shelf"].append((self._place(place), *_shelved(this, first)))
        for (place, brief), count in sheet.refused.items():
            rows["refused"].append((self._place(place), key, brief, count))
        for wrong in sheet.complaints:
            rows["complaint"].append((key, wrong.line, wrong.reason, wrong.digest))

    def _touch(self, place: int, month: str | None = None) -> None:
        months = self._dirty[place]
        if month:
            months.add(month)

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

    def settle(
        self, folders: Folders, promised: Iterable[Place], counts: Counts | None = None
    ) -> None:
        """Make up the tally; a name that is shown another way now touches every feed.

        `counts` are those of records of which not all were taken.
        """
        self._counts = counts or self._recount()
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
                self._touch(self._place(place))
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
            self._is_renamed = True
            for key in self.places.values():
                self._touch(key)
        for statement in INDEXES.strip().split(";\n"):
            self.run(statement)

    def promise(
        self, dirty: Iterable[int], paths: Iterable[str], found: Mapping[str, Written]
    ) -> None:
        """Commit what was read, and what is going to be done because of it.

        `found` are documents that no state told of.
        """
        self.run_many(
            "INSERT OR IGNORE INTO pending VALUES (?)", [(path,) for path in paths]
        )
        self.run_many(
            "UPDATE place SET dirty = 1 WHERE key = ?", [(key,) for key in dirty]
        )
        self._note(found, "IGNORE")
        self._commit(is_last=False)
        self.run("BEGIN")

    def keep(self, done: Sequence[Done]) -> None:
        """Note what stands in the output now."""
        self.run_many(
            "UPDATE place SET entries = ?, expires = ?, dirty = 0, newest = ?,"
            " listing = ?, pictures = ? WHERE key = ?",
            [
                (
                    *(one.entries, one.expires, one.listing and one.listing.last),
                    *(_packed(one.listing), _packed(one.pictures or {}), one.key),
                )
                for one in done
            ],
        )
        self._note(
            {path: new for one in done for path, new in one.documents}, "REPLACE"
        )
        forms = [form for one in done for form in one.forms]
        self.run_many("INSERT OR REPLACE INTO form VALUES (?, ?)", forms)

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

    def pictures(self) -> dict[int, Pictures]:
        """Give what each feed says of its pictures."""
        rows = self.run("SELECT key, pictures FROM place WHERE entries IS NOT NULL")
        return {key: msgspec.msgpack.decode(one, type=Pictures) for key, one in rows}

    def entries(self) -> int:
        """Count the entries of all feeds."""
        return self._count("SELECT COALESCE(SUM(entries), 0) FROM place")

    def newest(self) -> datetime | None:
        """Give the time at which the newest entry of any feed was published."""
        query = "SELECT MAX(newest) FROM place WHERE entries"
        newest = self.run(query).fetchone()[0]
        return None if newest is None else datetime.fromtimestamp(newest, UTC)

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
    if not salt:
        return "not all of the records were kept"
    if meta.get("salt") != salt:
        return "feeds.yaml, the program or a library changed"
    return "" if int(meta.get("now", now)) <= now else "the clock went back"


def _counts(packed: object) -> Counts | None:
    return (
        msgspec.msgpack.decode(packed, type=Counts)
        if isinstance(packed, bytes)
        else None
    )


def _shelved(one: Standing, first: int) -> tuple[object, ...]:
    item = first + one.number
    return -one.time, item, one.quality, one.heat, one.published, one.month


def _sum(content: bytes) -> bytes:
    """Make the digest of a record: SQLite would not notice text that was damaged."""
    return blake2b(content, digest_size=_SUM).digest()


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)
