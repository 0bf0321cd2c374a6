"""What one build leaves for the next: it may be lost or damaged at any time."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from feeds.assess import Item, Sheet
from feeds.errors import Unwritable
from feeds.group import Place
from feeds.record import Complaint
from feeds.select import Standing
from feeds.store import FOLDER, Damaged, Done, Store, Written, seal

ALL, AI = Place(0), Place(1, "ai")


def a_store(folder, config="feeds.yaml", output="output"):
    return Store(folder / config, folder / output)


def a_standing(file="a.md", time=100, **changes):
    standing = {
        "time": time,
        "id": f"https://x.org/{file}",
        "quality": 50.0,
        "heat": float("-inf"),
        "published": time,
        "file": file,
        "line": 1,
        "number": 0,
    }
    return Standing(**{**standing, **changes})


def a_sheet(file="a.md", places=(ALL,), **changes):
    standing = a_standing(file)
    sheet = {
        "file": file,
        "read": 1,
        "drafts": 0,
        "wake": None,
        "items": [Item(0, 1, standing.id, b"record")],
        "complaints": [],
        "standings": [(place, standing) for place in places],
        "refused": {},
        "votes": [("topic ai", "AI")],
        "names": ["topic ai"],
    }
    return Sheet(**{**sheet, **changes})


def build(store, *sheets, gone=(), salt="salt", now=1000, promised=()):
    """Take sheets in as a build does; give the places that are touched."""
    with store.opened(salt, now) as ledger:
        ledger.forget([*gone, *(sheet.file for sheet in sheets)])
        ledger.take(sheets)
        ledger.settle({"": b""}, promised)
        touched = {
            place for place, key in ledger.places.items() if key in ledger.dirty()
        }
        documents = {f"{key}.rss": key for key in ledger.dirty()}
        ledger.promise(ledger.dirty(), documents, {})
        ledger.keep(
            [
                Done(
                    key,
                    1,
                    None,
                    [(path, Written(key, (1, 2, 3, 4), b"digest"))],
                    [path],
                )
                for path, key in documents.items()
            ]
        )
        ledger.finish(ledger.complaints())
    return touched


def test_what_was_taken_in_is_there_again(tmp_path):
    build(a_store(tmp_path), a_sheet("b.md"), a_sheet("a.md"))
    with a_store(tmp_path).opened("salt", 1000) as ledger:
        assert ledger.is_kept
        standings = [*ledger.standings(ledger.places[ALL], "newest")]
        assert standings == [a_standing("a.md"), a_standing("b.md")]
        assert ledger.record("a.md", 0) == b"record"
        assert ledger.counts() == (2, 0, 2, 2)
        assert ledger.elected("topic ai") == "AI"
        assert ledger.names() == {"topic ai"}
        assert ledger.dirty() == {}


def test_only_the_places_of_changed_files_are_touched(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet("a.md", [ALL, AI]), a_sheet("b.md", [ALL]))
    assert build(store, a_sheet("b.md", [ALL])) == {ALL}
    assert build(store, a_sheet("a.md", [ALL])) == {ALL, AI}
    assert build(store, gone=["b.md"]) == {ALL}


def test_a_name_that_is_shown_another_way_touches_every_place(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet("a.md", [AI]), a_sheet("b.md", [ALL]))
    flipped = [("topic ai", "A.I.")]
    assert build(store, a_sheet("c.md", [ALL], votes=flipped)) == {ALL}
    assert build(store, a_sheet("d.md", [ALL], votes=flipped)) == {ALL, AI}


@pytest.mark.parametrize("pick", ["newest", "best", "hottest"])
def test_standings_come_in_the_order_of_pick(tmp_path, pick):
    ranks = {"a.md": (1, 9.0, 2.0), "b.md": (2, 1.0, 9.0), "c.md": (3, 2.0, 1.0)}
    sheets = [
        a_sheet(
            file,
            standings=[(ALL, a_standing(file, time, quality=quality, heat=heat))],
        )
        for file, (time, quality, heat) in ranks.items()
    ]
    build(a_store(tmp_path), *sheets)
    with a_store(tmp_path).opened("salt", 1000) as ledger:
        files = [one.file for one in ledger.standings(ledger.places[ALL], pick)]
    assert files[0] == {"newest": "c.md", "best": "a.md", "hottest": "b.md"}[pick]


def test_doubles_are_found_in_their_place(tmp_path):
    same = {"id": "https://x.org/same"}
    sheets = [
        a_sheet(
            file,
            items=[Item(0, 1, same["id"], b"")],
            standings=[(place, a_standing(file, **same)) for place in places],
        )
        for file, places in {"a.md": [ALL], "b.md": [ALL, AI], "c.md": [AI]}.items()
    ]
    build(a_store(tmp_path), *sheets)
    with a_store(tmp_path).opened("salt", 1000) as ledger:
        first, *_others = ledger.standings(ledger.places[ALL], "newest")
        found = ledger.doubles(ledger.places[ALL], first)
        assert {one.file for one in found} == {"a.md", "b.md"}


@pytest.mark.parametrize(("salt", "now"), [("other", 1000), ("salt", 999)])
def test_another_program_or_an_earlier_clock_starts_over(tmp_path, salt, now):
    wrong = Complaint(file="a.md", line=1, reason="x", digest="00")
    build(a_store(tmp_path), a_sheet(complaints=[wrong]))
    with a_store(tmp_path).opened(salt, now) as ledger:
        assert not ledger.is_kept
        assert ledger.counts().read == 0
        assert ledger.folders() == {}
        assert ledger.places == {}
        # What only the last build can tell stays.
        assert [*ledger.documents()] == ["1.rss"]
        assert ledger.documents()["1.rss"].digests == b""
        assert ledger.told() == {"a.md:1: x": "00"}
        assert (ledger.known_ids, ledger.missing_ids()) == (1, 1)


def test_what_is_not_committed_never_was(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet("a.md"))
    with store.opened("salt", 1000) as ledger:
        ledger.forget(["a.md"])
        ledger.settle({}, ())
    with store.opened("salt", 1000) as ledger:
        assert ledger.counts().read == 1


def test_a_build_that_was_killed_leaves_its_work_to_the_next(tmp_path):
    store = a_store(tmp_path)
    with store.opened("salt", 1000) as ledger:
        ledger.take([a_sheet("a.md")])
        ledger.settle({}, ())
        ledger.promise(ledger.dirty(), ["all.rss"], {})
    with store.opened("salt", 1000) as ledger:
        assert ledger.dirty().keys() == {ledger.places[ALL]}
        assert ledger.pending() == ["all.rss"]


def test_time_wakes_files_and_lets_stories_go(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet("a.md", wake=2000))
    with store.opened("salt", 1999) as ledger:
        assert ledger.woken() == []
        ledger.keep([Done(ledger.places[ALL], 1, 1500, [], [])])
        assert ledger.dirty().keys() == {ledger.places[ALL]}
    with store.opened("salt", 2000) as ledger:
        assert ledger.woken() == ["a.md"]


def test_the_folder_keeps_itself_out_of_a_repository(tmp_path):
    build(a_store(tmp_path))
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "damaged",
    [b"\0" * 9000, b"not a database" * 1000, b"SQLite format 3\0" + b"x" * 5000],
    ids=["zeroed", "text", "header"],
)
def test_a_damaged_state_is_told_apart_and_can_be_discarded(tmp_path, damaged):
    store = a_store(tmp_path)
    build(store, a_sheet())
    store.file.write_bytes(damaged)
    assert store.names() == frozenset()
    assert store.documents() == set()
    with pytest.raises(Damaged), store.opened("salt", 1000):
        pass
    store.discard()
    assert build(store, a_sheet()) == {ALL}


def test_a_truncated_state_is_told_apart(tmp_path):
    store = a_store(tmp_path)
    build(store, *(a_sheet(f"{number}.md") for number in range(500)))
    store.file.write_bytes(store.file.read_bytes()[: 4096 * 6])
    with pytest.raises(Damaged), store.opened("salt", 1000) as ledger:
        [*ledger.standings(1, "newest")]
        ledger.counts()
        ledger.documents()
        ledger.doubled()


def test_the_state_of_another_release_is_told_apart(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet())
    with closing(sqlite3.connect(store.file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Damaged, match="another release"), store.opened("salt", 1000):
        pass


def test_what_a_full_disk_left_of_the_ignore_file_is_written_again(tmp_path):
    store = a_store(tmp_path)
    build(store, a_sheet())
    ignore = store.folder / ".gitignore"
    ignore.write_bytes(b"")
    build(store, a_sheet())
    assert ignore.read_text() == "*\n"
    ignore.write_text("mine\n")
    build(store, a_sheet())
    assert ignore.read_text() == "mine\n"


def test_builds_that_begin_at_once_make_one_folder(tmp_path):
    together = Barrier(4)

    def begin(store):
        together.wait(timeout=30)
        store.make()

    with ThreadPoolExecutor(4) as threads:
        for number in range(100):
            (site := tmp_path / str(number)).mkdir()
            list(threads.map(begin, [a_store(site)] * 4))
            assert (site / FOLDER / ".gitignore").read_text() == "*\n"


def test_an_empty_file_is_an_empty_state(tmp_path):
    store = a_store(tmp_path)
    store.folder.mkdir()
    store.file.write_bytes(b"")
    assert build(store, a_sheet()) == {ALL}


@pytest.mark.parametrize(
    "path", ["../all.rss", "/etc/all.rss", "a\0.rss", "", "feeds.yaml", "x/../../y.rss"]
)
def test_a_path_that_no_build_writes_is_not_believed(tmp_path, path):
    store = a_store(tmp_path)
    build(store, a_sheet())
    with closing(sqlite3.connect(store.file)) as connection, connection:
        for table, rest in (("document", ", 1, x'', 1, 2, 3, 4"), ("pending", "")):
            connection.execute(f"INSERT INTO {table} VALUES (?{rest})", (path,))
    seal.put(store.file)
    assert store.documents() == {"1.rss"}
    with store.opened("salt", 1000) as ledger:
        assert [*ledger.documents()] == ["1.rss"]
        assert ledger.pending() == []


def test_each_configuration_and_output_has_its_own():
    files = {
        a_store(Path("/site"), config, output).file
        for config in ("feeds.yaml", "other.yaml")
        for output in ("output", "elsewhere")
    }
    assert len(files) == 4
    assert {file.parent for file in files} == {Path("/site") / FOLDER}


def test_a_state_moves_with_its_site():
    assert a_store(Path("/a")).file.name == a_store(Path("/b")).file.name


def test_what_others_keep_in_the_same_output_is_known(tmp_path):
    build(a_store(tmp_path, "other.yaml"), a_sheet())
    build(a_store(tmp_path, "third.yaml", "elsewhere"), a_sheet())
    assert a_store(tmp_path).others() == {"1.rss"}
    assert a_store(tmp_path, "other.yaml").others() == set()


def test_a_state_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / FOLDER).write_bytes(b"")
    with (
        pytest.raises(Unwritable, match=r"cannot be used"),
        a_store(tmp_path).opened("salt", 1000),
    ):
        pass


def test_what_could_not_be_read_is_read_again(tmp_path):
    store = a_store(tmp_path)
    unread = Complaint(file="a.md", line=1, reason="cannot be read: Input/output error")
    build(store, a_sheet("a.md", complaints=[unread]), a_sheet("b.md"))
    with store.opened("salt", 1000) as ledger:
        assert ledger.woken() == ["a.md"]


KILLED = """
import os, sqlite3, sys

run = sqlite3.connect(sys.argv[1], isolation_level=None).execute
run("PRAGMA cache_size = 1")
run("BEGIN")
run("UPDATE document SET path = 'other.rss'")
run("CREATE TABLE large AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " LIMIT 1000) SELECT i, hex(randomblob(500)) FROM n")
os._exit(0)
"""


def test_what_others_keep_is_known_also_after_one_was_killed(tmp_path):
    other = a_store(tmp_path, "other.yaml")
    build(other, a_sheet())
    subprocess.run([sys.executable, "-c", KILLED, other.file], check=True)
    assert other.file.with_name(f"{other.file.name}-journal").stat().st_size
    assert a_store(tmp_path).others() == {"1.rss"}


def test_a_state_that_cannot_be_opened_says_why(tmp_path):
    store = a_store(tmp_path)
    store.folder.mkdir()
    (store.file / "full").mkdir(parents=True)
    with pytest.raises(Unwritable, match="Directory not empty"), store.opened("", 1):
        pass
