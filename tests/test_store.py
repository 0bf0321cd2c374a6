"""What one build leaves for the next: it may be lost or damaged at any time."""

import json
from pathlib import Path

import pytest

from feeds import store
from feeds.errors import Unwritable
from feeds.store import State

STATE = State(
    documents=frozenset({"all.rss"}),
    pending=frozenset({"all.atom"}),
    ids=frozenset({"https://x.org/", "tag:x,2000:\ud800"}),
    complaints={"a.md:1: x": "00"},
    names=frozenset({"ai"}),
)


def test_a_state_comes_back_as_it_was_saved(tmp_path):
    file = tmp_path / ".feeds" / "x.json"
    store.save(file, STATE)
    assert store.load(file) == STATE


def test_the_folder_keeps_itself_out_of_a_repository(tmp_path):
    store.save(tmp_path / ".feeds" / "x.json", State())
    assert (tmp_path / ".feeds/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\0" * 100,
        b"{",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": 99, "documents": []}',
        b'{"version": 1, "complaints": [], "documents": []}',
        b'{"version": 1, "complaints": {}, "documents": 5}',
        b'{"version": 1, "complaints": {}, "surprise": []}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_state_is_no_state(tmp_path, damaged):
    file = tmp_path / "x.json"
    file.write_bytes(damaged)
    assert store.load(file) is None


def test_a_missing_state_is_no_state(tmp_path):
    assert store.load(tmp_path / "x.json") is None


def test_each_configuration_and_output_has_its_own():
    folder = Path("/site")
    places = {
        store.place(folder, folder / name, folder / output)
        for name in ("feeds.yaml", "other.yaml")
        for output in ("output", "elsewhere")
    }
    assert len(places) == 4
    assert {place.parent for place in places} == {folder / ".feeds"}


def test_a_state_moves_with_its_site():
    here = store.place(Path("/a"), Path("/a/feeds.yaml"), Path("/a/output"))
    there = store.place(Path("/b"), Path("/b/feeds.yaml"), Path("/b/output"))
    assert here.name == there.name


def test_nothing_but_text_is_kept(tmp_path):
    file = tmp_path / "x.json"
    store.save(file, STATE)
    assert json.loads(file.read_text())["version"] == store.VERSION


def test_a_state_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unwritable, match=r"cannot be written"):
        store.save(tmp_path / "file" / "x.json", State())
