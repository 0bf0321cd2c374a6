"""What users rely on, tried on random edits: the same bytes, quietly, and no secret."""

import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import config, parse
from feeds.plan import plan
from feeds.record import Record
from tests.strategies import (
    DATES,
    FEEDS,
    FILES,
    LINKS,
    MANY_BUILDS,
    NOW,
    ROTTEN,
    SECRET,
    SITES,
    TITLES,
    TOPICS,
    Desk,
    configurations,
    edits,
    file_text,
    libraries,
    run,
    tree,
)

EVERYTHING = {
    "site": SITES[1],
    "records": "records",
    "defaults": {"status": "any"},
    "feeds": FEEDS,
}
STORIES = {
    name: {
        "title": title,
        "webUrl": f"{link.partition('#')[0]}&n={number}",
        "publishedDateTime": date,
        "published": "yes",
        "quality": number,
        "topics": TOPICS[number:],
        "images": "https://a.example/p.jpg",
        "secured": SECRET,
        "body": "Wörter *und* mehr",
    }
    for number, (name, title, link, date) in enumerate(
        zip(FILES, itertools.cycle(TITLES), itertools.cycle(LINKS), DATES, strict=False)
    )
}
MACHINES = {
    "another zone": {"TZ": "Pacific/Chatham"},
    "a zone of its own": {"TZ": "EST5EDT,M3.2.0,M11.1.0", "LANG": "de_DE.UTF-8"},
    "another seed": {"PYTHONHASHSEED": "1"},
    "another locale": {"LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
    "no locale": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@contextmanager
def a_desk(configuration=EVERYTHING, library=STORIES):
    with tempfile.TemporaryDirectory() as folder:
        yield Desk(folder, configuration, library)


def built_anew(desk):
    """Build into an empty folder, from nothing but the sources."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Desk(folder, {}, desk.library, desk.now)
        copy.folder.joinpath("feeds.yaml").write_bytes(
            desk.folder.joinpath("feeds.yaml").read_bytes()
        )
        copy.build()
        return tree(copy.output)


def status(folder):
    return {
        str(file): (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


@given(configurations, libraries, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_no_byte(configuration, library, random):
    with a_desk(configuration, {}) as desk:
        settings = config.load(desk.folder / "feeds.yaml")
    records = [
        record
        for name, story in library.items()
        for record in parse.parse(
            file_text(name, story).encode(), name, settings.zone, 1 << 20
        )
        if isinstance(record, Record)
    ]
    shuffled = random.sample(records, len(records))
    now = datetime.fromisoformat(NOW)
    first, second = (
        [(one.path, one.render()) for one in plan(some, settings, now).documents()]
        for some in (records, shuffled)
    )
    assert first == second


def test_the_order_in_which_files_were_made_changes_no_byte():
    with a_desk() as one, a_desk(library=dict(reversed(STORIES.items()))) as other:
        one.build()
        other.build("--jobs", 3)
        assert tree(one.output) == tree(other.output)


@pytest.fixture(scope="module")
def here():
    """Digest what this machine writes."""
    with a_desk() as desk:
        return digest(desk, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"})


def digest(desk, machine):
    command = [sys.executable, "-m", "feeds", "build", "--now", NOW]
    plain = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    root = str(Path(__file__).parent.parent)
    subprocess.run(
        command,
        cwd=desk.folder,
        env={**plain, "PYTHONPATH": root, **machine},
        check=True,
        capture_output=True,
    )
    found = tree(desk.output)
    assert len(found) > 10
    return {name: hashlib.sha256(found[name]).hexdigest() for name in found}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_the_machine_changes_no_byte(machine, here):
    with a_desk() as desk:
        assert digest(desk, machine) == here


def test_source_date_epoch_is_the_time_of_a_build(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    with a_desk() as desk, a_desk() as other:
        desk.build()
        result = run("build", "-c", other.folder / "feeds.yaml")
        assert result.exit_code == 0
        assert tree(other.output) == tree(desk.output)


def test_a_later_clock_alone_changes_no_byte():
    feeds = [feed for feed in FEEDS if "max_age" not in feed]
    with a_desk({**EVERYTHING, "feeds": feeds}) as desk:
        desk.clock("2028-01-01T00:00:00Z")
        desk.build()
        before = status(desk.output)
        desk.clock("2031-01-01T00:00:00Z")
        desk.build()
        assert status(desk.output) == before


@MANY_BUILDS
@given(configurations, libraries)
def test_a_second_build_touches_no_document(configuration, library):
    with a_desk(configuration, library) as desk:
        desk.build()
        before = status(desk.output)
        desk.build()
        assert status(desk.output) == before


@MANY_BUILDS
@given(configurations, libraries, edits)
def test_only_documents_that_changed_are_touched(configuration, library, edit):
    with a_desk(configuration, library) as desk:
        desk.build()
        before, bytes_before = status(desk.output), tree(desk.output)
        desk.edit(*edit)
        desk.build("--force")
        after, bytes_after = status(desk.output), tree(desk.output)
        for name in bytes_before.keys() & bytes_after.keys():
            file = str(desk.output / name)
            same = bytes_before[name] == bytes_after[name]
            assert (before[file] == after[file]) == same


@MANY_BUILDS
@given(configurations, libraries, st.lists(edits, min_size=1, max_size=6))
def test_a_build_after_any_edits_is_a_build_from_nothing(
    configuration, library, changes
):
    with a_desk(configuration, library) as desk:
        desk.build()
        for edit in changes:
            desk.edit(*edit)
            desk.build("--force")
            assert tree(desk.output) == built_anew(desk), edit


@MANY_BUILDS
@given(configurations, libraries, st.lists(edits, max_size=2))
def test_the_secret_is_written_nowhere(configuration, library, changes):
    with a_desk(configuration, library) as desk:
        report = desk.folder / "report.json"
        place = ("-c", desk.folder / "feeds.yaml")
        said = [desk.build("-v", "--report", report)]
        for edit in changes:
            desk.edit(*edit)
            said.append(desk.build("--dry-run", "--force"))
            said.append(desk.build("--force", "-q", "--report", report))
        said += [
            run("check", *place),
            run("list", *place),
            run("explain", *place, LINKS[0]),
        ]
        said += [run("explain", *place, desk.file(name)) for name in desk.library]
        assert not any(SECRET in one.output for one in said)
        written = tree(desk.folder)
        sources = {"feeds.yaml", *(f"records/{name}" for name in desk.library)}
        assert any(name.startswith(".feeds/") for name in written)
        for name in written.keys() - sources:
            assert SECRET.encode() not in written[name], name


@pytest.mark.parametrize("text", ROTTEN)
def test_no_trick_of_yaml_brings_the_secret_back(text):
    with a_desk(library={"a.md": text}) as desk:
        said = desk.build("-v").output
        written = "".join(map(str, tree(desk.output).values()))
        assert SECRET not in said + written


def test_the_state_can_be_lost_while_feeds_go():
    with a_desk() as desk:
        desk.build()
        desk.lose_state()
        desk.configure({**EVERYTHING, "feeds": [{"path": "only"}]})
        desk.build("--force")
        assert sorted(tree(desk.output)) == ["only.atom", "only.rss"]


@pytest.mark.parametrize("name", ["notes.txt", "topics/foreign.rss", "all.rss.bak"])
def test_what_no_build_made_stays(name):
    with a_desk() as desk:
        desk.build()
        kept = desk.output / name
        kept.write_text("<rss><channel><generator>another</generator></channel></rss>")
        desk.configure({**EVERYTHING, "feeds": [{"path": "only"}]})
        desk.build("--force")
        assert sorted(tree(desk.output)) == sorted(["only.atom", "only.rss", name])


def test_the_time_is_not_the_clock_of_the_machine():
    with a_desk() as desk:
        desk.build()
        today = datetime.now(UTC)
        for content in tree(desk.output).values():
            assert f"{today:%Y-%m-%d}".encode() not in content
            assert f"{today:%d %b %Y}".encode() not in content
