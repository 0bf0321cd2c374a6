"""The tables of the state, in two files of SQLite.

    meta       the salt, the time of the last build
    folder     what stood in each folder of records
    file       each record file, or each part of one: its counts, its votes, when time
               alone changes it
    item       each record: its place in its file, and its id
    record     all of it, where some feed lets it in
    shelf      where each record stands in each feed that lets it in
    refused    why records are not in the feeds that have to exist
    complaint  what is wrong with a file
    tally      how often each spelling of a name is used
    place      each feed: how many entries it has, until when that holds, its pictures
    document   what was last written, and which entries are in it
    pending    what a build was about to write when it stopped
    told       which complaints were made
    form       how each form of an entry or feed is written

The records are two thirds of it all, so they lie in a file of their own, attached as
`kept`: the seal need not go over them, as each item has its record's digest. Forms have
digests too.
"""

import sqlite3
from hashlib import blake2b
from pathlib import Path

_STATE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE folder (name TEXT PRIMARY KEY, files BLOB) WITHOUT ROWID;
CREATE TABLE file (
    key INTEGER PRIMARY KEY, name TEXT, part INTEGER, read INTEGER, drafts INTEGER,
    wake INTEGER, votes BLOB, UNIQUE (name, part));
CREATE TABLE item (
    key INTEGER PRIMARY KEY, file INTEGER, number INTEGER, line INTEGER, id TEXT,
    sum BLOB);
CREATE TABLE shelf (
    place INTEGER, age INTEGER, item INTEGER, quality REAL, heat REAL,
    published INTEGER, month TEXT, PRIMARY KEY (place, age, item)) WITHOUT ROWID;
CREATE TABLE refused (place INTEGER, file INTEGER, brief TEXT, count INTEGER);
CREATE TABLE complaint (file INTEGER, line INTEGER, reason TEXT, digest TEXT);
CREATE TABLE tally (
    name TEXT, spelling TEXT, count INTEGER, PRIMARY KEY (name, spelling)) WITHOUT ROWID;
CREATE TABLE place (
    key INTEGER PRIMARY KEY, feed INTEGER, topic TEXT, provider TEXT,
    entries INTEGER, expires INTEGER, dirty INTEGER, newest INTEGER, listing BLOB,
    pictures BLOB);
CREATE TABLE document (
    path TEXT PRIMARY KEY, place INTEGER, digests BLOB, size INTEGER,
    modified INTEGER, changed INTEGER, inode INTEGER) WITHOUT ROWID;
CREATE TABLE pending (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE told (complaint TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS file_wake ON file (wake) WHERE wake IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_id ON item (id);
CREATE INDEX IF NOT EXISTS shelf_item ON shelf (item);
CREATE INDEX IF NOT EXISTS shelf_month ON shelf (place, month)
    WHERE month IS NOT NULL;
CREATE INDEX IF NOT EXISTS refused_file ON refused (file);
CREATE INDEX IF NOT EXISTS refused_place ON refused (place);
CREATE INDEX IF NOT EXISTS complaint_file ON complaint (file);
"""

_RECORDS = """
CREATE TABLE kept.record (key INTEGER PRIMARY KEY, content BLOB);
CREATE TABLE kept.form (key BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID;
"""
_TABLES = {"main": _STATE, "kept": _RECORDS}
# A state that lost pages in a crash of the machine could be believed; a record that did so
# has another digest.
_SYNCHRONOUS = {"main": "NORMAL", "kept": "OFF"}
_VERSION = int.from_bytes(
    blake2b((_STATE + _RECORDS).encode(), digest_size=3).digest(), "big"
)


def connected(state: Path, records: Path) -> sqlite3.Connection:
    """Open both files, with their tables. Raises sqlite3.Error."""
    connection = sqlite3.connect(state, isolation_level=None, cached_statements=256)
    try:
        connection.execute("ATTACH ? AS kept", (bytes(records),))
        for name, tables in _TABLES.items():
            version = connection.execute(f"PRAGMA {name}.user_version").fetchone()[0]
            if version not in {0, _VERSION}:
                raise sqlite3.DatabaseError("of another release")
            connection.execute(f"PRAGMA {name}.cache_size = -16384")
            connection.execute(f"PRAGMA {name}.synchronous = {_SYNCHRONOUS[name]}")
            if version == 0:
                connection.executescript(
                    f"BEGIN;{tables}PRAGMA {name}.user_version = {_VERSION};COMMIT"
                )
    except BaseException:
        connection.close()
        raise
    return connection
