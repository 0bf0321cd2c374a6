"""A state that is not as it was left is not believed, whatever part of it changed."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from threading import Event, Thread

import pytest

from feeds.store import FOLDER, Damaged, Store, seal
from tests.site import Site


@pytest.fixture
def state(tmp_path):
    file = tmp_path / "state.db"
    file.write_bytes(bytes(range(256)) * 32)
    seal.put(file)
    return file


def test_what_is_as_it_was_left_is_sealed(state):
    assert not seal.is_broken(state)


@pytest.mark.parametrize("at", [0, 4096, 8191])
@pytest.mark.parametrize("bit", [1, 128])
def test_a_bit_that_flipped_breaks_the_seal(state, at, bit):
    content = bytearray(state.read_bytes())
    content[at] ^= bit
    state.write_bytes(content)
    assert seal.is_broken(state)


@pytest.mark.parametrize("piece", [1000, 4096, 8192])
@pytest.mark.parametrize("at", [0, 999, 4095, 4096, 8191])
def test_no_piece_is_passed_over(state, monkeypatch, piece, at):
    monkeypatch.setattr(seal, "_PIECE", piece)
    assert not seal.is_broken(state)
    test_a_bit_that_flipped_breaks_the_seal(state, at, 1)


@pytest.mark.parametrize("size", [1, 2, 4097, 8191])
def test_a_file_of_any_size_has_a_seal(tmp_path, size):
    file = tmp_path / "state.db"
    file.write_bytes(b"x" * size)
    seal.put(file)
    assert not seal.is_broken(file)
    file.write_bytes(b"x" * (size - 1) + b"y")
    assert seal.is_broken(file)


def test_halves_do_not_change_places(state):
    state.write_bytes(b"a" * 4096 + b"b" * 4096)
    seal.put(state)
    state.write_bytes(b"b" * 4096 + b"a" * 4096)
    assert seal.is_broken(state)


@pytest.mark.parametrize("half", [0, 1])
def test_a_state_that_the_disk_cannot_read_is_begun_anew(tmp_path, monkeypatch, half):
    store = Store(tmp_path / "feeds.yaml", tmp_path / "output")
    with store.opened("salt", 1) as ledger:
        ledger.settle({}, ())
        ledger.finish([])
    pread, middle = os.pread, store.file.stat().st_size // 2

    def fail(descriptor, count, offset):
        if half == (offset >= middle):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(descriptor, count, offset)

    monkeypatch.setattr(seal.os, "pread", fail)
    with pytest.raises(Damaged, match="not as it was left"), store.opened("salt", 1):
        pass


@pytest.mark.parametrize("byte", [18, 19])
def test_a_file_that_says_it_is_only_to_be_read_is_begun_anew(tmp_path, byte):
    site = Site(tmp_path)
    site.configure()
    site.write("a.md")
    site.build()
    (file,) = (tmp_path / FOLDER).glob("*.records")
    content = bytearray(file.read_bytes())
    content[byte] = 3
    file.write_bytes(content)
    site.write("a.md", title="Other")
    result = site.build()
    assert (result.code, result.err) == (0, "")
    assert b"<title>Other</title>" in site.output()["all.rss"]


def test_a_large_state_is_not_held_in_memory(tmp_path):
    large = tmp_path / "large.db"
    with large.open("wb") as file:
        file.truncate(1 << 28)
    program = (
        "import re, sys; from pathlib import Path; from feeds.store import seal;"
        " seal.put(Path(sys.argv[1]));"
        # What `getrusage` says began with the process that started this one.
        " said = Path('/proc/self/status').read_text();"
        " print(int(re.search(r'VmHWM:\\s+(\\d+)', said)[1]) >> 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, large], capture_output=True, check=True
    )
    assert int(done.stdout) < 150


def test_a_system_without_another_thread_to_give_gets_the_same_seal(state, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(seal.Thread, "start", refuse)
    assert not seal.is_broken(state)


def test_a_signal_that_another_thread_was_given_ends_it_like_any(tmp_path):
    def end(_number, _frame):
        raise KeyboardInterrupt

    large, is_over = tmp_path / "large.db", Event()
    with large.open("wb") as file:
        file.truncate(1 << 30)
    Thread(target=is_over.wait).start()
    before = signal.signal(signal.SIGALRM, end)
    try:
        for at in range(40):
            signal.setitimer(signal.ITIMER_REAL, 0.02 + at / 5000)
            with pytest.raises(KeyboardInterrupt):
                seal.put(large)
    finally:
        signal.signal(signal.SIGALRM, before)
        is_over.set()


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: b""]
)
def test_another_length_breaks_the_seal(state, change):
    state.write_bytes(change(state.read_bytes()))
    assert seal.is_broken(state)


def test_a_seal_that_was_damaged_is_broken(state):
    state.with_name("state.db.sum").write_bytes(b"\xff")
    assert seal.is_broken(state)


def test_what_was_about_to_change_is_believed(state):
    seal.take_off(state)
    state.write_bytes(b"other")
    assert not seal.is_broken(state)


@pytest.mark.parametrize("value", ["quality = 99 - quality", "age = age + 1"])
def test_a_ranking_that_no_build_wrote_is_not_believed(tmp_path, value):
    site = Site(tmp_path)
    site.configure()
    site.write("a.md", quality=60)
    site.write("b.md", quality=50)
    site.build()
    expected = site.output()
    (file,) = (tmp_path / FOLDER).glob("*.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE shelf SET {value} WHERE quality = 50")
    (tmp_path / "output" / "all.rss").unlink()
    assert "state is damaged, begun anew" in site.build("-v").err
    assert site.output() == expected
