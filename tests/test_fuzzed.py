"""That the fuzzer works, and what it has found."""

import importlib
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from feeds import survey
from fuzz import harness, state
from fuzz.__main__ import TARGETS
from fuzz.harness import CANARY, STATE, Broken, Hunt, Watch, a_desk, built, judge
from fuzz.records import CONFIGURATION, STEADY, secured
from tests.strategies import LINKS, tree

ROOT = Path(__file__).parent.parent
SEEDS = {
    f"{name} {number}": (name, seed)
    for name in TARGETS
    for number, seed in enumerate(importlib.import_module(f"fuzz.{name}").SEEDS)
    if name != "state" or number % 40 == 1
}


@pytest.mark.parametrize(("name", "seed"), SEEDS.values(), ids=SEEDS)
def test_what_the_fuzzer_begins_with_holds(name, seed):
    importlib.import_module(f"fuzz.{name}").check(seed)


def test_the_fuzzer_works_for_a_second():
    command = [sys.executable, "-m", "fuzz", "frontmatter", "--seconds", "1"]
    done = subprocess.run(
        [*command, "--engine", "hypothesis"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cases by hypothesis, 0 found" in done.stdout


def test_what_is_found_is_made_small_and_kept(tmp_path, capfd):
    def check(data):
        if b"x" in data:
            raise Broken("an x")

    hunt = Hunt("records", check, tmp_path)
    for data in (b"abc", b"abcxdef", b"xx"):
        hunt(data)
    hunt.done()
    (file,) = hunt.found.values()
    assert file.read_bytes() == b"x"
    assert "--repeat" in file.with_suffix(".txt").read_text("utf-8")
    assert capfd.readouterr().out.startswith("records: an x; python -m fuzz --repeat ")
    assert hunt.cases == 3


def test_what_hangs_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "SECONDS", 0.05)
    assert "Hung" in Hunt("records", lambda _data: time.sleep(5), tmp_path).failure(b"")


def test_what_fails_is_named_by_where_it_does(tmp_path):
    hunt = Hunt("records", lambda data: data.decode(), tmp_path)
    assert hunt.failure(b"\xff").startswith("UnicodeDecodeError in test_fuzzed.py")


def test_a_change_elsewhere_is_seen(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    watch = Watch()
    with watch.over(inside):
        inside.joinpath("a").write_bytes(b"")
        with pytest.raises(Broken, match="outside the output"):
            outside.write_bytes(b"")
        with pytest.raises(Broken, match="outside the output"):
            inside.joinpath("a").rename(outside)
    outside.write_bytes(b"")


@pytest.mark.parametrize(
    ("said", "written", "what"),
    [
        ("Traceback (most recent call last):", "<a/>", "a traceback"),
        (CANARY, "<a/>", "the secret is in a message"),
        ("\x1b[2J", "<a/>", "a control character"),
        ("", f"<a>{CANARY}</a>", "the secret was written"),
        ("", "<a>", "not well-formed"),
    ],
)
def test_what_must_not_be_is_seen(said, written, what):
    with a_desk(CONFIGURATION, {}) as desk:
        desk.output.mkdir()
        desk.output.joinpath("a.rss").write_text(written, "utf-8")
        with pytest.raises(Broken, match=what):
            judge(desk, desk.output, said)


@pytest.mark.parametrize("name", ["x.md", "x.yaml", "x.json", "x.jsonl"])
def test_a_record_with_a_secret_is_still_a_record(name):
    written = {"x.json": b"{}", "x.jsonl": b"{}"}.get(name, b"---\n---\n")
    assert CANARY.encode() in secured(written, name, is_last=False)


def test_the_fuzzer_builds_as_a_user_does():
    with a_desk(CONFIGURATION, {"a.md": STEADY}) as desk:
        assert built(desk) == built(desk, is_real=True) == 0
        assert desk.output.joinpath("all.rss").exists()


EDITED, GROWN, THINNED, LATER = (
    [("touch", "a.md")],
    *(state.CHANGES[n] for n in (1, 3, 4)),
)
SWAPPED = """
PRAGMA writable_schema = 1;
CREATE TEMP TABLE root AS SELECT name, rootpage FROM sqlite_master;
UPDATE sqlite_master SET rootpage =
    (SELECT rootpage FROM root WHERE name = iif(sqlite_master.name = 'file', 'place', 'file'))
    WHERE name IN ('file', 'place');
"""
SPOILT = {
    "its output, so that all would go": (
        "UPDATE meta SET value = 'x' WHERE key = 'output'",
        [],
    ),
    "a feed's provider, so that two have one path": (
        "UPDATE place SET provider = 'A.example' WHERE provider = 'a.example'",
        LATER,
    ),
    "a feed's key": ("UPDATE place SET key = key + 64 WHERE topic = 'ai'", GROWN),
    "pages, so that names are numbers": (SWAPPED, LATER),
    "a quality, so that the other double wins": (
        "UPDATE shelf SET quality = -80 WHERE quality = 9",
        EDITED,
    ),
    "a time, so that a story comes late": (
        "UPDATE file SET wake = wake + 1000000000",
        LATER,
    ),
    "how often a name is used": (
        "UPDATE tally SET count = 90 WHERE spelling = 'Beta'",
        EDITED,
    ),
    "a document's name, so that it stays": (
        "UPDATE document SET path = 'topics/x.rss' WHERE path = 'topics/minds.rss'",
        THINNED,
    ),
}


@pytest.mark.parametrize(("spoil", "edits"), SPOILT.values(), ids=SPOILT)
def test_a_state_with_a_value_that_no_build_wrote(spoil, edits, monkeypatch):
    monkeypatch.setattr(survey, "_TICK", 0)
    with a_desk(state.CONFIGURATION, state.LIBRARY) as desk:
        built(desk)
        (file,) = (desk.folder / STATE).glob("*.db")
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(spoil)
        for edit in edits:
            desk.edit(*edit)
        assert built(desk, "--force") == 0
        number = state.CHANGES.index(edits)
        assert tree(desk.output) == state.from_nothing(number)


@pytest.mark.parametrize("markup", ["<div>", "<ul><li>", "[", "- a\n"])
def test_a_body_of_nothing_but_markup_is_soon_done_with(markup):
    head = f"---\ntitle: x\nwebUrl: {LINKS[0]}\npublishedDateTime: 2021-02-01\n---\n"
    with a_desk(CONFIGURATION, {}) as desk:
        desk.put("a.md", head + markup * (1_000_000 // len(markup)))
        started = time.monotonic()
        built(desk)
        assert time.monotonic() - started < harness.SECONDS
