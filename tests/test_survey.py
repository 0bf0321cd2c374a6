"""Sources into files: which are found, and which of them changed."""

import errno
import glob
import os

import pytest

from feeds import config
from feeds import survey as module
from feeds.errors import Mistake, Unreadable
from feeds.survey import changed, shown, survey
from tests.sources import CONFIG, configured, found, write


def test_a_folder_is_read_recursively_and_in_order(folder):
    below = folder / "records"
    write(
        below / "z.md",
        below / "b" / "c" / "d.txt",
        below / "b.md",
        below / "b" / "a.yaml",
    )
    assert found(folder) == [
        "records/a.md",
        "records/b.md",
        "records/b/a.yaml",
        "records/b/c/d.txt",
        "records/z.md",
    ]


@pytest.mark.parametrize(
    "ending",
    [
        ".md",
        ".markdown",
        ".txt",
        ".yaml",
        ".yml",
        ".json",
        ".jsonl",
        ".ndjson",
        ".MD",
        ".Txt",
    ],
)
def test_every_kind_of_record_is_found(folder, ending):
    write(folder / "records" / f"b{ending}")
    assert found(folder) == ["records/a.md", f"records/b{ending}"]


@pytest.mark.parametrize(
    "name", ["b", "b.html", "b.md.bak", "b.md~", "b.jpg", "md", "b.", "b.mdx"]
)
def test_a_file_of_another_kind_is_passed_over(folder, name):
    write(folder / "records" / name)
    assert found(folder) == ["records/a.md"]


@pytest.mark.parametrize(
    "name", [".b.md", ".md", ".git/b.md", "deep/.b/c/d.md", ".#a.md"]
)
def test_a_name_that_begins_with_a_dot_is_passed_over(folder, name):
    write(folder / "records" / name)
    assert found(folder) == ["records/a.md"]


@pytest.mark.parametrize(
    "sources",
    [".", '"*"', '"**"', '"**/*.md"', "[records, '*/b.md']"],
    ids=[
        "the folder",
        "its names",
        "all below",
        "all of a kind",
        "a file in it",
    ],
)
def test_the_output_is_passed_over(folder, sources):
    write(folder / "output" / "b.md")
    assert found(folder, sources) == ["records/a.md"]


def test_an_output_that_is_a_link_is_passed_over(folder):
    write(folder / "records" / "real" / "b.md")
    (folder / "output").symlink_to(folder / "records" / "real")
    assert found(folder) == ["records/a.md"]


@pytest.mark.parametrize(
    "sources",
    [".", "./", "records/..", '"*"', '"*.yaml"', "[records, feeds.yaml]", '"./*"'],
)
def test_the_configuration_is_passed_over(folder, sources):
    assert set(found(folder, sources)) <= {"records/a.md"}


def test_a_configuration_named_from_here_is_passed_over(folder, monkeypatch):
    configured(folder, ".")
    monkeypatch.chdir(folder)
    given = config.load(folder.relative_to(folder) / "feeds.yaml")
    output = folder.relative_to(folder) / "output"
    assert survey(given, output, {}, 1).files() == ["records/a.md"]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("records", ["records/a.md", "records/deep/c.txt"]),
        ("records/a.md", ["records/a.md"]),
        ('"records/*.md"', ["records/a.md"]),
        ('"records/*"', ["records/a.md", "records/deep/c.txt"]),
        ('"records/**/*.txt"', ["records/deep/c.txt"]),
        ('"records/?.md"', ["records/a.md"]),
        ('"records/[ab].md"', ["records/a.md"]),
        ('"rec*"', ["records/a.md", "records/deep/c.txt"]),
        ('"records/*.yaml"', []),
        ("[other, records/deep]", ["other/b.md", "records/deep/c.txt"]),
        ('["o*", "records/*.md"]', ["other/b.md", "records/a.md"]),
    ],
)
def test_a_source_is_a_folder_a_file_or_a_glob(folder, sources, expected):
    write(folder / "records" / "deep" / "c.txt", folder / "other" / "b.md")
    assert found(folder, sources) == expected


@pytest.mark.parametrize("name", ["a[1]", "a*", "a?", "[!x]"])
@pytest.mark.parametrize(
    "sources", ["records", '"records/*.md"'], ids=["a folder", "a glob"]
)
def test_a_glob_begins_in_the_folder_of_the_configuration(tmp_path, name, sources):
    write(tmp_path / name / "records" / "a.md")
    assert found(tmp_path / name, sources) == ["records/a.md"]


def test_sources_outside_the_folder_are_named_from_it(folder):
    write(folder / "site" / "own.md")
    assert found(folder / "site", "../records") == ["../records/a.md"]
    assert found(folder / "site", str(folder / "records")) == ["../records/a.md"]


@pytest.mark.parametrize(
    "sources",
    [
        "[records, records]",
        "[records, records/a.md]",
        "[records, './records']",
        "[records, 'records/*.md']",
        "[records, './records/*.md']",
        "[records, 'records/../records']",
    ],
)
def test_a_file_that_two_sources_name_is_found_once(folder, sources):
    assert found(folder, sources) == ["records/a.md"]


@pytest.mark.parametrize(
    ("sources", "missing"),
    [
        ("gone", "gone"),
        ("records/gone", "records/gone"),
        ("records/gone.md", "records/gone.md"),
        ('"gone/*.md"', "gone"),
        ('"gone/**/x*/*.md"', "gone"),
        ("[records, gone]", "gone"),
    ],
)
def test_a_missing_source_is_a_mistake(folder, sources, missing):
    with pytest.raises(Mistake) as caught:
        found(folder, sources)
    assert str(caught.value) == (
        f"{folder}/feeds.yaml:2: records: {folder}/{missing} is missing,"
        " expected a folder of records"
    )


@pytest.mark.parametrize(
    "sources", ["output", "output/deep", '"output/*.md"', "[records, output]"]
)
def test_a_source_in_the_output_is_a_mistake(folder, sources):
    write(folder / "output" / "deep" / "b.md")
    with pytest.raises(Mistake, match="lies in the output folder, expected it beside"):
        found(folder, sources)


def test_a_link_to_a_folder_is_followed(folder):
    write(folder / "elsewhere" / "b.md")
    (folder / "records" / "link").symlink_to(folder / "elsewhere")
    assert found(folder) == ["records/a.md", "records/link/b.md"]


def test_a_name_is_shown_as_it_is_where_it_is_text():
    assert shown("récords/猫.md") == "récords/猫.md"


@pytest.fixture
def settled(monkeypatch):
    """Trust every file, however young."""
    monkeypatch.setattr(module, "_TICK", 0)


def seen(folder, before, sources="records", jobs=1):
    return survey(configured(folder, sources), folder / "output", before, jobs)


SOURCES = ["records", "records/a.md", "records/*.md", "[records, records/a.md]"]


@pytest.mark.parametrize("sources", SOURCES)
def test_what_did_not_change_is_not_named(folder, settled, sources):
    before = seen(folder, {}, sources)
    assert changed({}, before) == (["records/a.md"], [])
    assert changed(before.folders, seen(folder, before.folders, sources)) == ([], [])


@pytest.mark.parametrize("sources", SOURCES)
def test_an_edit_that_keeps_size_and_time_is_seen(folder, settled, sources):
    before = seen(folder, {}, sources).folders
    file = folder / "records" / "a.md"
    times = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert changed(before, seen(folder, before, sources)) == (["records/a.md"], [])


def test_what_is_new_and_what_is_gone_is_named(folder, settled):
    before = seen(folder, {}).folders
    write(folder / "records" / "new" / "b.md")
    (folder / "records" / "a.md").unlink()
    after = seen(folder, before)
    assert changed(before, after) == (["records/new/b.md"], ["records/a.md"])
    (folder / "records" / "new" / "b.md").unlink()
    (folder / "records" / "new").rmdir()
    last = seen(folder, after.folders)
    assert changed(after.folders, last) == ([], ["records/new/b.md"])


def test_a_young_file_is_named_again(folder, monkeypatch):
    monkeypatch.setattr(module, "_TICK", 60_000_000_000)  # however slow the machine
    before = seen(folder, {}).folders
    assert changed(before, seen(folder, before)) == (["records/a.md"], [])


def test_a_folder_that_cannot_be_listed_is_named_itself(folder, settled):
    (folder / "records" / "loop").symlink_to(folder / "records")
    assert found(folder) == ["records/a.md", "records/loop"]
    before = seen(folder, {}).folders
    assert changed(before, seen(folder, before)) == (["records/loop"], [])


@pytest.mark.parametrize("jobs", [1, 2, 3, 5])
def test_processes_share_the_looking_and_see_the_same(
    folder, settled, monkeypatch, jobs
):
    monkeypatch.setattr(module, "_LARGE", 0)
    for number in range(60):
        write(folder / "records" / f"{number % 9}" / f"{number % 7}" / f"{number}.md")
    (folder / "records" / "1" / "loop").symlink_to(folder / "records" / "1")
    sources = "[records, records/1/1/1.md]"
    before = seen(folder, {}, sources)
    assert seen(folder, before.folders, sources, jobs) == before
    assert len(before.files()) == 62


@pytest.mark.parametrize(
    "pattern",
    [
        *("records/*.md", "records/**", "records/**/*.md", "**/*.md", "*/*/*.md"),
        *(
            "records/[a-b]*",
            "records/d?",
            "records/*/c.md",
            "records/.h*",
            "./re*/a.md",
        ),
        *("records/**/d/**/*.md", "records/../records/*.md"),
    ],
)
def test_a_glob_finds_what_the_standard_library_finds(folder, pattern):
    for name in ("b.md", "d1/c.md", "d1/d/e.md", ".hidden/f.md", ".h.md", "d1/.g.md"):
        write(folder / "records" / name)
    (folder / "records" / "link").symlink_to("d1")
    expected = {
        os.path.realpath(one)
        for one in glob.iglob(str(folder / pattern), recursive=True)  # noqa: PTH207
        if one.endswith(".md")
    }
    below = {os.path.realpath(folder / name) for name in found(folder, f'"{pattern}"')}
    assert below >= expected
    named = {name for name in below - expected if "/." in name[len(str(folder)) :]}
    assert named == set() or "/.h" in pattern


@pytest.mark.parametrize(
    "sources", ['"records/*/*.md"', '"records/**/*.md"', "records"]
)
def test_a_folder_that_cannot_be_listed_is_told_of(folder, monkeypatch, sources):
    write(folder / "records" / "b" / "c.md")
    real, closed = os.scandir, folder / "records" / "b"

    def scandir(place):
        # A survey lists what it has opened.
        at = place if isinstance(place, str) else f"/proc/self/fd/{place}"
        if os.path.realpath(at) == str(closed):
            raise OSError(errno_now, os.strerror(errno_now))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    errno_now = errno.EACCES
    assert "records/b" in found(folder, sources)
    errno_now = errno.EIO
    with pytest.raises(Unreadable, match="cannot be listed: Input/output error"):
        found(folder, sources)


@pytest.mark.parametrize("name", ["conf.txt", "Conf.YAML"])
def test_a_configuration_of_any_name_is_passed_over(folder, name):
    (folder / name).write_text(CONFIG % ".", "utf-8")
    given = config.load(folder / name)
    assert survey(given, folder / "output", {}, 1).files() == ["records/a.md"]
