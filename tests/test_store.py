"""What one build leaves for the next: it may be lost or damaged at any time."""

import json
from pathlib import Path

import pytest

from feeds.errors import Unwritable
from feeds.store import FOLDER, VERSION, State, Store

STATE = State(
    output="output",
    documents=frozenset({"all.rss"}),
    pending=frozenset({"topics/a b.atom"}),
    ids=frozenset({"https://x.org/", "tag:x,2000:\ud800"}),
    complaints={"a.md:1: x": "00"},
    names=frozenset({"topic ai"}),
)


def a_store(folder, config="feeds.yaml", output="output"):
    return Store(folder / config, folder / output)


def test_a_state_comes_back_as_it_was_saved(tmp_path):
    a_store(tmp_path).save(STATE)
    assert a_store(tmp_path).load() == STATE


def test_the_folder_keeps_itself_out_of_a_repository(tmp_path):
    a_store(tmp_path).save(STATE)
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


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
        b'{"version": 1, "output": "", "complaints": [], "documents": []}',
        b'{"version": 1, "output": "", "complaints": {}, "documents": 5}',
        b'{"version": 1, "output": "", "complaints": {}, "surprise": []}',
        b"[" * 100_000,
    ],
    ids=lambda damaged: repr(damaged[:20]),
)
def test_a_damaged_state_is_no_state(tmp_path, damaged):
    store = a_store(tmp_path)
    store.save(STATE)
    store.file.write_bytes(damaged)
    assert store.load() is None


@pytest.mark.parametrize(
    "path", ["../all.rss", "/etc/all.rss", "a\0.rss", "", "feeds.yaml", "x/../../y.rss"]
)
def test_a_path_that_no_build_writes_is_not_believed(tmp_path, path):
    store = a_store(tmp_path)
    kept = {"version": 1, "output": "output", "complaints": {}, "ids": [], "names": []}
    kept |= {"documents": [path, "all.rss"], "pending": [path]}
    store.folder.mkdir()
    store.file.write_text(json.dumps(kept))
    state = store.load()
    assert (state.documents, state.pending) == ({"all.rss"}, set())


def test_a_missing_state_is_no_state(tmp_path):
    assert a_store(tmp_path).load() is None


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
    a_store(tmp_path, "other.yaml").save(STATE)
    a_store(tmp_path, "third.yaml", "elsewhere").save(State(output="elsewhere"))
    assert a_store(tmp_path).others() == {"all.rss"}
    assert a_store(tmp_path, "other.yaml").others() == set()
    assert a_store(tmp_path, "feeds.yaml", "elsewhere").others() == set()


def test_nothing_but_text_is_kept(tmp_path):
    store = a_store(tmp_path)
    store.save(STATE)
    assert json.loads(store.file.read_text("ascii"))["version"] == VERSION


def test_a_state_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / FOLDER).write_bytes(b"")
    with pytest.raises(Unwritable, match=r"cannot be written"):
        a_store(tmp_path).save(State())
