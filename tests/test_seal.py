"""A state that is not as it was left is not believed, whatever part of it changed."""

import sqlite3
from contextlib import closing

import pytest

from feeds.store import FOLDER, seal
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
