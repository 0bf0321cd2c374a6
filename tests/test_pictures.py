"""What is remembered of pictures."""

import sqlite3
from contextlib import contextmanager

import pytest

from feeds import pictures
from feeds.errors import Unwritable
from feeds.media import UNKNOWN, Measured
from feeds.pictures import FILE, LONGEST, WEEK, host_of, opened, remembered

NOW = 1_700_000_000
P, Q = "https://a.example/p.jpg", "https://b.example/q.jpg"
PNG = Measured(7, "image/png")


@contextmanager
def noting(folder, now=NOW):
    with opened(folder, now) as memory, memory.noting():
        yield memory


def learn(folder, url=P, said=PNG, wait=0, now=NOW):
    with noting(folder, now) as memory:
        assert memory.claim(url)
        memory.learn(url, said, wait)


def due(folder, now, *urls):
    with opened(folder, now) as memory:
        return memory.due(urls or (P,))


def test_what_was_learnt_is_known_the_next_time(tmp_path):
    assert remembered(tmp_path) == {}
    learn(tmp_path)
    assert remembered(tmp_path) == {P: PNG}
    with opened(tmp_path, NOW) as memory:
        assert memory.sizes([P, Q]) == {P: PNG}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (UNKNOWN, PNG),
        (Measured(8), Measured(8, "image/png")),
        (Measured(0, "image/gif"), Measured(7, "image/gif")),
        (Measured(9, "image/gif"), Measured(9, "image/gif")),
    ],
)
def test_what_is_known_stays_until_another_is_said(tmp_path, said, known):
    learn(tmp_path)
    learn(tmp_path, said=said, now=NOW + WEEK)
    assert remembered(tmp_path) == {P: known}


@pytest.mark.parametrize("said", [PNG, UNKNOWN])
def test_nobody_is_asked_twice_a_week(tmp_path, said):
    assert due(tmp_path, NOW) == [P]
    learn(tmp_path, said=said)
    assert due(tmp_path, NOW + WEEK - 1) == []
    assert due(tmp_path, NOW + WEEK) == [P]


def test_who_may_have_been_asked_is_not_asked_again(tmp_path):
    """A build that was killed had said whom it was about to ask."""
    with noting(tmp_path) as memory:
        assert memory.claim(P)
    assert due(tmp_path, NOW + WEEK - 1, P, Q) == [Q]
    assert remembered(tmp_path) == {P: UNKNOWN}


def test_who_was_not_asked_after_all_may_be_asked(tmp_path):
    learn(tmp_path)
    with noting(tmp_path, NOW + WEEK) as memory:
        assert memory.claim(P)
        memory.release(P)
    assert due(tmp_path, NOW + WEEK) == [P]
    assert remembered(tmp_path) == {P: PNG}


def test_of_two_builds_at_once_one_asks(tmp_path):
    with opened(tmp_path, NOW) as one, opened(tmp_path, NOW) as other:
        with one.noting():
            assert one.claim(P)
        with other.noting():
            assert not other.claim(P)
            assert other.claim(Q)
        with one.noting():
            one.learn(P, PNG, 0)
            assert not one.claim(Q)
    assert remembered(tmp_path) == {P: PNG, Q: UNKNOWN}


def test_a_server_can_have_us_wait_longer_but_not_for_ever(tmp_path):
    learn(tmp_path, P, UNKNOWN, wait=3 * WEEK)
    learn(tmp_path, Q, UNKNOWN, wait=1000 * WEEK)
    assert due(tmp_path, NOW + 3 * WEEK - 1, P, Q) == []
    assert due(tmp_path, NOW + 3 * WEEK, P, Q) == [P]
    assert due(tmp_path, NOW + LONGEST, P, Q) == [P, Q]


def test_a_host_can_be_left_alone(tmp_path):
    with noting(tmp_path) as memory:
        memory.rest("a.example:443", 3600)
    assert due(tmp_path, NOW + 3599, P, Q) == [Q]
    assert due(tmp_path, NOW + 3600, P, Q) == [P, Q]


def test_who_was_never_asked_comes_first_then_who_was_longest_ago(tmp_path):
    urls = [f"https://a.example/{n}" for n in range(4)]
    learn(tmp_path, urls[0], now=NOW + 1)
    learn(tmp_path, urls[1], now=NOW)
    wanted = [urls[1], urls[2], urls[3], urls[0]][::-1]
    assert due(tmp_path, NOW + 2 * WEEK, *wanted) == [
        *(urls[3], urls[2]),
        *(urls[1], urls[0]),
    ]


@pytest.mark.parametrize("far", [-1000 * WEEK, 1000 * WEEK])
def test_a_clock_that_was_wrong_keeps_nobody_waiting(tmp_path, far):
    learn(tmp_path, now=NOW + far)
    with noting(tmp_path, NOW + far) as memory:
        memory.rest("b.example:443", LONGEST)
    assert due(tmp_path, NOW, P, Q) == [Q, P] or due(tmp_path, NOW, P, Q) == [P, Q]
    assert remembered(tmp_path) == {P: PNG}


def test_what_feeds_say_is_adopted_where_nothing_is_known(tmp_path):
    learn(tmp_path, P)
    with opened(tmp_path, NOW) as memory:
        memory.adopt([{P: Measured(9)}, {Q: Measured(8)}, {"x": UNKNOWN}])
        assert memory.sizes([P, Q, "x"]) == {P: PNG, Q: Measured(8)}
        assert memory.due([P, Q]) == [Q]
    assert remembered(tmp_path) == {P: PNG, Q: Measured(8)}


def test_what_nobody_asks_for_is_forgotten(tmp_path):
    learn(tmp_path, P)
    learn(tmp_path, Q)
    with opened(tmp_path, NOW + 20 * WEEK) as memory:
        memory.prune([])
    assert remembered(tmp_path).keys() == {P, Q}
    with opened(tmp_path, NOW + 30 * WEEK) as memory:
        memory.prune([Q])
    assert remembered(tmp_path).keys() == {Q}


# Damage


def parts_of(folder):
    return [file for file in folder.iterdir() if file.name.startswith(FILE)]


@pytest.mark.parametrize("byte", [0x00, 0x37, 0xA5])
@pytest.mark.parametrize("part", range(0, 100, 4))
def test_a_damaged_memory_is_believed_in_nothing_but_what_is_whole(
    tmp_path, part, byte
):
    learnt = {f"https://a.example/{n}": Measured(n + 1, "image/png") for n in range(50)}
    for url, size in learnt.items():
        learn(tmp_path, url, size)
    file = tmp_path / FILE
    content = bytearray(file.read_bytes())
    at = len(content) * part // 100
    content[at : at + 64] = bytes([byte]) * 64
    file.write_bytes(content)
    assert remembered(tmp_path).items() <= learnt.items()
    with opened(tmp_path, NOW + WEEK) as memory:
        assert memory.sizes(learnt).items() <= learnt.items()
        with memory.noting():
            for url in learnt:
                assert memory.claim(url)
                memory.learn(url, Measured(99), 0)
    again = remembered(tmp_path)
    assert {url: size.length for url, size in again.items()} == dict.fromkeys(
        learnt, 99
    )


CHANGES = {
    "length": "UPDATE picture SET length = 8",
    "a length of no number": "UPDATE picture SET length = 'x'",
    "type": "UPDATE picture SET type = 'text/html'",
    "time": "UPDATE picture SET next = 99999999999",
    "address": f"UPDATE picture SET url = '{Q}'",
    "no text": "UPDATE picture SET url = x'ff'",
    "table": "DROP TABLE picture",
    "other table": "DROP TABLE host",
    "no table": "DROP TABLE host; DROP TABLE picture; PRAGMA user_version = 0",
    "columns": "DROP TABLE picture; CREATE TABLE picture (url TEXT)",
    "other columns": "DROP TABLE host; CREATE TABLE host (x TEXT)",
    "release": "PRAGMA user_version = 7; DROP TABLE picture",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_memory_that_says_something_else_is_not_believed(tmp_path, change):
    learn(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(change)
    connection.close()
    assert remembered(tmp_path) in ({}, {P: PNG})
    assert due(tmp_path, NOW, Q) == [Q]
    learn(tmp_path, now=NOW + WEEK, said=Measured(9, "image/gif"))
    assert remembered(tmp_path) == {P: Measured(9, "image/gif")}


def test_a_host_that_rests_for_no_time_does_not_rest(tmp_path):
    learn(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("INSERT INTO host VALUES ('b.example:443', 'x')")
    connection.commit()
    connection.close()
    assert due(tmp_path, NOW, Q) == [Q]


def test_what_stands_in_its_place_is_removed_and_no_link_followed(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    learn(kept)
    before = (kept / FILE).read_bytes()
    folder = tmp_path / "folder"
    folder.mkdir()
    for part in ("", "-journal"):
        (folder / f"{FILE}{part}").symlink_to(kept / FILE)
    assert remembered(folder) == {}
    learn(folder, said=Measured(9))
    assert (kept / FILE).read_bytes() == before
    for part in parts_of(folder):
        part.unlink()
    (folder / FILE).mkdir()
    assert remembered(folder) == {}
    learn(folder, said=Measured(9))
    assert remembered(folder) == {P: Measured(9)}


def test_a_memory_that_cannot_be_read_now_is_not_begun_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_PATIENCE", 0.1)
    learn(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unwritable, match=f"{FILE}: cannot be used: database is locked"):
        learn(tmp_path)
    other.close()
    assert remembered(tmp_path) == {P: PNG}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example/", "a.example:443"),
        ("HTTPS://A.example:443/", "a.example:443"),
        ("http://a.example/", "a.example:80"),
        ("http://a.example:8080/", "a.example:8080"),
        (f"http://a.example:{'0' * 5000}80/", None),
    ],
    ids=lambda text: str(text)[:30],
)
def test_a_host_is_a_name_and_a_port(url, host):
    assert host_of(url) == host


def test_what_has_no_host_is_never_due(tmp_path):
    assert due(tmp_path, NOW, f"http://a.example:{'0' * 5000}80/") == []
