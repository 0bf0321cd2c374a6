"""Files into records, and what becomes of odd ones."""

import os
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace

from feeds.parse import too_large
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
