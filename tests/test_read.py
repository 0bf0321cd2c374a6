"""Files into records, and what becomes of odd ones."""

import gzip
import os
import sys
from datetime import UTC
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from feeds.errors import Mistake
from feeds.many import too_large
from feeds.read import read
from feeds.record import Complaint, Record
from tests.sources import STORY, found, write

MOST = 1 << 16


def outcome(folder, sources="records"):
    """Give the titles of the records that are read, and the complaints in words."""
    return [
        item.title if isinstance(item, Record) else str(item)
        for item in read(found(folder, sources), folder, UTC, MOST)
    ]


def test_a_bad_record_does_not_stop_the_rest(folder):
    (folder / "records" / "b.md").write_text("nothing", "utf-8")
    write(folder / "records" / "c.md")
    assert outcome(folder) == [
        "a",
        'records/b.md:1: no front matter, expected "---" on the first line',
        "c",
    ]


def test_a_complaint_is_new_with_each_version_of_its_file(folder):
    file = folder / "records" / "a.md"

    def complaint(text):
        file.write_text(text, "utf-8")
        (only,) = read(found(folder), folder, UTC, MOST)
        return only

    one, again, other = map(complaint, ["nothing", "nothing", "nothing new"])
    assert isinstance(one, Complaint)
    assert one == again != other
    assert replace(one, digest="") == replace(other, digest="")


def test_a_pipe_is_no_record_and_keeps_nobody_waiting(folder):
    os.mkfifo(folder / "records" / "b.md")
    assert outcome(folder) == [
        "a",
        "records/b.md:1: no regular file, expected a record",
    ]


def test_a_folder_with_the_name_of_a_record_is_told_of(folder):
    write(folder / "records" / "b.md" / "c.md")
    assert outcome(folder) == [
        "a",
        "records/b.md:1: a folder, expected a file; rename it without .md to have it read",
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_no_odd_file_is_left_open(folder):
    below = folder / "records"
    (below / "b.md").mkdir()
    os.mkfifo(below / "c.md")
    (below / "d.md").symlink_to("gone")
    (below / "up").symlink_to(".")
    before = len(os.listdir("/proc/self/fd"))
    outcome(folder)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_link_to_a_record_is_read(folder):
    (folder / "records" / "b.md").symlink_to("a.md")
    assert outcome(folder) == ["a", "a"]


@pytest.mark.parametrize("target", ["gone", "b.md"], ids=["to nothing", "to itself"])
def test_a_link_that_leads_nowhere_is_told_of(folder, target):
    (folder / "records" / "b.md").symlink_to(target)
    read_, told = outcome(folder)
    assert read_ == "a"
    assert told.startswith("records/b.md:1: cannot be read: ")


@pytest.mark.parametrize(
    "target", ["gone", "b", "b/c"], ids=["to nothing", "to itself", "below"]
)
def test_a_link_that_leads_nowhere_and_is_no_record_stops_nothing(folder, target):
    (folder / "records" / "b").symlink_to(target)
    assert outcome(folder)[0] == "a"


def test_two_links_to_each_other_stop_nothing(folder):
    (folder / "records" / "b").symlink_to("c")
    (folder / "records" / "c").symlink_to("b")
    assert outcome(folder)[0] == "a"


@pytest.mark.parametrize("name", ["up", "deep/up"])
def test_a_link_back_to_a_folder_above_it_ends_the_search(folder, name):
    link = folder / "records" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(folder / "records")
    assert outcome(folder) == [
        "a",
        f"records/{name}:1: a link back to a folder above it",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_told_of(folder):
    write(folder / "records" / "b.md", folder / "records" / "shut" / "c.md")
    (folder / "records" / "b.md").chmod(0)
    (folder / "records" / "shut").chmod(0)
    try:
        read_, file, below = outcome(folder)
        assert read_ == "a"
        assert file == "records/b.md:1: cannot be read: Permission denied"
        assert below.startswith("records/shut:1: ")
        assert below.endswith("cannot be read: Permission denied")
    finally:
        (folder / "records" / "shut").chmod(0o700)


def test_a_file_that_is_gone_since_it_was_found_is_told_of(folder):
    files = found(folder)
    (folder / "records" / "a.md").unlink()
    (told,) = read(files, folder, UTC, MOST)
    assert str(told) == "records/a.md:1: cannot be read: No such file or directory"


def test_a_file_may_be_as_large_as_a_record_and_no_larger(folder):
    file = folder / "records" / "a.md"
    head = STORY % ("a", "a")
    file.write_text(head + "x" * (MOST - len(head)), "utf-8")
    assert outcome(folder) == ["a"]
    file.write_text(head + "x" * (MOST - len(head) + 1), "utf-8")
    assert outcome(folder) == [f"records/a.md:1: {too_large(MOST)}"]


def test_a_file_of_many_is_bounded_by_record(folder):
    line = '{"title": "%s", "webUrl": "https://a.example/", "publishedDateTime": "2021-02-13"}'
    large = line.replace("}", f', "body": "{"x" * MOST}"}}')
    text = "\n".join([line % "one", large % "two", line % "three"])
    (folder / "records" / "b.jsonl").write_text(text, "utf-8")
    assert outcome(folder) == [
        "a",
        "one",
        f"records/b.jsonl:2: {too_large(MOST)}",
        "three",
    ]


@pytest.mark.parametrize(
    "name",
    [b"b\n.md", b"b\x1b[31m.md", "é.md".encode(), "e\u0301.md".encode(), b" .md"],
    ids=ascii,
)
def test_any_name_a_file_may_have_is_read(folder, name):
    file = folder / "records" / os.fsdecode(name)
    file.write_text(STORY % ("odd", "odd"), "utf-8")
    assert sorted(outcome(folder)) == ["a", "odd"]


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="names are UTF-8 elsewhere")
def test_a_name_that_is_no_text_can_stand_in_a_message(folder):
    with open(os.fsencode(folder) + b"/records/\xff.md", "wb") as file:
        file.write(b"nothing")
    told = next(one for one in outcome(folder) if "xff" in one)
    assert told == "records/\\xff.md:1: a name that is not UTF-8, rename it"
    assert told.encode("utf-8")


LINE = '{"title": "%s", "webUrl": "https://a.example/%s", "publishedDateTime": "2021-02-13"}'


def zstd(content):
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.compress(content)


PACKED = {".gz": gzip.compress, ".zst": zstd}


def packed(kind, content):
    return PACKED[kind](content) if kind else content


@pytest.mark.parametrize("kind", ["", ".gz", ".zst"])
@pytest.mark.parametrize("ending", [".json", ".jsonl", ".ndjson"])
def test_a_file_of_many_is_read_compressed_too(folder, kind, ending):
    lines = [LINE % (name, name) for name in "bcd"]
    text = "[" + ",\n".join(lines) + "]" if ending == ".json" else "\n".join(lines)
    file = folder / "records" / f"b{ending}{kind}"
    file.write_bytes(packed(kind, text.encode()))
    assert outcome(folder) == ["a", "b", "c", "d"]
    file.write_bytes(packed(kind, text.replace("2021", "soon", 1).encode()))
    told = outcome(folder)[1]
    assert told.startswith(f"records/b{ending}{kind}:1: publishedDateTime: got")


def test_a_file_that_needs_a_library_is_named(folder, monkeypatch):
    (folder / "records" / "b.jsonl.zst").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(
        Mistake, match=r"^records/b\.jsonl\.zst: reading \.zst files needs"
    ):
        outcome(folder)


@pytest.mark.parametrize("kind", [".gz", ".zst"])
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
@pytest.mark.parametrize("harm", ["cut", "blot", "tail", "not at all"])
def test_a_damaged_file_is_told_of_and_what_comes_before_counts(
    folder, kind, ending, harm
):
    random = Random(1)
    many = [LINE % (name, random.randbytes(2000).hex()) for name in range(500)]
    text = "[" + ",\n".join(many) + "]" if ending == ".json" else "\n".join(many) + "\n"
    whole = packed(kind, text.encode())
    half = len(whole) // 2
    content = {
        "cut": whole[:half],
        "blot": whole[:half] + b"\xff" * 100 + whole[half + 100 :],
        "tail": whole + b"more and more",
        "not at all": text.encode(),
    }[harm]
    file = folder / "records" / f"b{ending}{kind}"
    file.write_bytes(content)
    *found, last = outcome(folder)
    assert found[0] == "a"
    place, _, reason = last.partition(": ")
    how = "ends too early" if harm == "cut" else "is damaged"
    # Until a checksum does not match, what is unpacked may be anything.
    assert reason == f"the {kind[1:]} file {how}" or (harm == "blot" and kind == ".gz")
    assert place.startswith(f"records/b{ending}{kind}:")
    count = len(found) - 1
    assert count == 500 if harm == "tail" else count < 400
    if harm == "cut":
        assert count > 100
        assert int(place.rpartition(":")[2]) in {count, count + 1}
