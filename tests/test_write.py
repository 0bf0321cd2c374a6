"""The output folder: whole or not at all, only what changed, only below it."""

import errno
import fcntl
import os
import resource
import time
from pathlib import Path

import pytest

from feeds.errors import Locked, Unreadable, Unwritable
from feeds.write import STAGING, Output, feeds_of

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><generator>feeds</generator>
<link rel="self" href="https://x.org/all.atom"/><entry><generator>other</generator></entry></feed>"""


def test_a_document_is_put_where_it_belongs(tmp_path):
    assert Output(tmp_path).replace("topics/ai.rss", b"new")
    assert (tmp_path / "topics/ai.rss").read_bytes() == b"new"


def test_versions_of_one_second_have_times_of_their_own(tmp_path):
    output = Output(tmp_path)
    seconds = set()
    with output.locked(0):
        for version in (b"<rss>1</rss>", b"<rss>2</rss>", b"<rss>3</rss>"):
            output.replace("all.rss", version)
            seconds.add(int((tmp_path / "all.rss").stat().st_mtime))
    assert len(seconds) == 3


def test_an_unchanged_document_keeps_inode_and_time(tmp_path):
    Output(tmp_path).replace("all.rss", b"same")
    before = (tmp_path / "all.rss").stat()
    assert not Output(tmp_path).replace("all.rss", b"same")
    after = (tmp_path / "all.rss").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_document_of_the_same_size_is_replaced_too(tmp_path):
    Output(tmp_path).replace("all.rss", b"one")
    assert Output(tmp_path).replace("all.rss", b"two")
    assert (tmp_path / "all.rss").read_bytes() == b"two"


def test_an_empty_document_is_put_once(tmp_path):
    assert Output(tmp_path).replace("all.rss", b"")
    assert not Output(tmp_path).replace("all.rss", b"")
    assert Output(tmp_path).replace("all.rss", b"new")


def test_a_folder_that_went_away_is_made_again(tmp_path):
    output = Output(tmp_path)
    output.replace("topics/ai.atom", ATOM)
    output.remove("topics/ai.atom")
    assert not (tmp_path / "topics").exists()
    assert output.replace("topics/ai.atom", ATOM)
    assert (tmp_path / "topics/ai.atom").read_bytes() == ATOM


def test_a_document_written_in_pieces_is_whole(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda to, content: write(to, content[:10]))
    Output(tmp_path).replace("all.atom", ATOM)
    assert (tmp_path / "all.atom").read_bytes() == ATOM


def test_a_stamp_lasts_until_the_document_changes(tmp_path):
    output = Output(tmp_path)
    output.replace("all.rss", b"new")
    stamp = output.stamp("all.rss")
    found = (tmp_path / "all.rss").stat()
    assert stamp == (3, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    output.replace("all.rss", b"new")
    assert Output(tmp_path).stamp("all.rss") == stamp
    output.replace("all.rss", b"newer")
    assert output.stamp("all.rss") != stamp


def test_only_a_plain_file_has_a_stamp(tmp_path):
    (tmp_path / "folder.rss").mkdir()
    (tmp_path / "link.rss").symlink_to(__file__)
    os.mkfifo(tmp_path / "pipe.rss")
    for path in ("folder.rss", "link.rss", "pipe.rss", "none.rss", "none/all.rss"):
        assert Output(tmp_path).stamp(path) is None
        assert Output(tmp_path).current(path) is None


def test_what_cannot_be_read_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "all.rss").write_bytes(b"old")

    def broken(_descriptor, _size):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    assert Output(tmp_path).current("all.rss") is None


def test_files_are_readable_as_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        Output(tmp_path).replace("all.rss", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "all.rss").stat().st_mode & 0o777 == 0o640


def test_nothing_is_left_in_the_folder_but_documents(tmp_path):
    output = Output(tmp_path)
    with output.locked(0):
        output.replace("all.rss", b"new")
    assert os.listdir(tmp_path) == ["all.rss"]


def test_a_killed_builds_leftovers_are_removed(tmp_path):
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "document").write_bytes(b"half")
    with Output(tmp_path).locked(0):
        pass
    assert os.listdir(tmp_path) == []


def test_a_staging_folder_that_is_a_link_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "document").write_bytes(b"precious")
    output = tmp_path / "output"
    output.mkdir()
    (output / STAGING).symlink_to(elsewhere)
    with Output(output).locked(0):
        pass
    assert (elsewhere / "document").read_bytes() == b"precious"


def test_a_link_below_the_output_is_not_followed_out(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "ai.rss").write_bytes(ATOM)
    output = tmp_path / "output"
    output.mkdir()
    (output / "topics").symlink_to(elsewhere)
    with pytest.raises(Unwritable, match="a link leads out of the output folder"):
        Output(output).check(["topics/ai.rss"])
    with pytest.raises(Unwritable, match="a link leads out of the output folder"):
        Output(output).replace("topics/ai.rss", b"new")
    assert not Output(output).remove("topics/ai.rss")
    assert (elsewhere / "ai.rss").read_bytes() == ATOM


def test_a_document_that_is_a_link_is_replaced_not_written_through(tmp_path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    output = tmp_path / "output"
    output.mkdir()
    (output / "all.rss").symlink_to(precious)
    Output(output).replace("all.rss", b"precious")
    assert precious.read_bytes() == b"precious"
    assert not (output / "all.rss").is_symlink()


def test_the_output_itself_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "output").symlink_to("real")
    Output(tmp_path / "output").replace("topics/ai.rss", b"new")
    assert (tmp_path / "real/topics/ai.rss").read_bytes() == b"new"


def test_what_we_made_is_removed_with_the_folders_it_empties(tmp_path):
    output = Output(tmp_path)
    with output.locked(0):
        output.replace("topics/ai/x.org.atom", ATOM)
        output.replace("topics/ml.atom", ATOM)
        assert output.remove("topics/ai/x.org.atom")
    assert sorted(tmp_path.rglob("*")) == [
        tmp_path / "topics",
        tmp_path / "topics/ml.atom",
    ]


@pytest.mark.parametrize(
    "content", [b"mine", b"", b"<rss/>", b"<feed>\xff", b"<!DOCTYPE x>"]
)
def test_what_we_did_not_make_stays(tmp_path, content):
    (tmp_path / "all.rss").write_bytes(content)
    assert not Output(tmp_path).remove("all.rss")
    assert (tmp_path / "all.rss").read_bytes() == content


def test_our_documents_are_known_by_generator_and_self_address(tmp_path):
    output = Output(tmp_path)
    for path in ("all.atom", "elsewhere.atom"):
        output.replace(path, ATOM)
    (tmp_path / "mine.rss").write_bytes(
        b"<rss><channel><generator>me</generator></channel></rss>"
    )
    assert output.ours("https://x.org/") == {"all.atom"}
    assert output.ours("https://other.org/") == set()


ALSO = {
    "atom": b'<feed xmlns="http://www.w3.org/2005/Atom"><generator>feeds</generator>'
    b'<link rel="self" href="https://x.org/new.atom"/>'
    b'<link rel="related" href="https://x.org/old.atom"/><entry/></feed>',
    "json": b'{"_generator": {"name": "feeds", "also": ["https://x.org/old.json"]},'
    b' "feed_url": "https://x.org/new.json"}',
    "html": b'<meta name="generator" content="feeds">\n'
    b'<link rel="canonical" href="https://x.org/new.html">\n'
    b'<meta name="moved-from" content="https://x.org/old.html">',
}


@pytest.mark.parametrize("ending", ALSO)
def test_our_documents_are_known_at_the_addresses_they_name(tmp_path, ending):
    output = Output(tmp_path)
    names = [f"{name}.{ending}" for name in ("new", "old", "copy")]
    for name in names:
        output.replace(name, ALSO[ending])
    assert output.ours("https://x.org/") == {*names[:2]}
    output.replace(names[1], ALSO[ending].replace(b"feeds", b"other"))
    assert output.ours("https://x.org/") == {names[0]}


@pytest.mark.parametrize("also", [b"1", b'"x"', b"[[]]", b"[1]", b"{}", b"null"])
def test_what_we_would_not_write_names_no_address(tmp_path, also):
    output = Output(tmp_path)
    content = ALSO["json"].replace(b'["https://x.org/old.json"]', also)
    output.replace("old.json", content)
    assert output.ours("https://x.org/") == set()


@pytest.mark.parametrize("blocker", ["file in the way", "folder in the way"])
def test_what_is_in_the_way_is_named(tmp_path, blocker):
    if blocker == "file in the way":
        (tmp_path / "topics").write_bytes(b"")
    else:
        (tmp_path / "topics/ai.rss").mkdir(parents=True)
    with pytest.raises(Unwritable, match="topics"):
        Output(tmp_path).replace("topics/ai.rss", b"new")


def test_a_held_output_is_waited_for_and_then_given_up(tmp_path):
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with (
        pytest.raises(Locked, match=r"another build holds it, gave up after 0\.1 s"),
        Output(tmp_path).locked(0.1),
    ):
        pass
    os.close(held)
    with Output(tmp_path).locked(0):
        pass


def test_feeds_go_by_their_path_without_the_ending():
    assert feeds_of(["all.rss", "all.atom", "topics/x.y.rss"]) == {"all", "topics/x.y"}


def test_an_output_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(Unwritable, match="cannot be made"),
        Output(tmp_path / "file" / "output").locked(0),
    ):
        pass


def test_a_path_that_leaves_the_folder_is_refused(tmp_path):
    with pytest.raises(Unwritable):
        Output(tmp_path / "output").replace("../all.rss", b"new")
    assert [*Path(tmp_path).iterdir()] == []


def test_a_folder_that_is_not_there_any_longer_is_not_held(tmp_path):
    """Who waited for a folder that was taken away has to wait for the new one too."""
    folder = tmp_path / "output"
    folder.mkdir()
    old = os.open(folder, os.O_RDONLY)
    fcntl.flock(old, fcntl.LOCK_EX)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(old)
            with Output(folder).locked(0.5):
                code = 2
        except Locked:
            code = 0
        finally:
            os._exit(code)
    time.sleep(0.2)
    folder.rmdir()
    folder.mkdir()
    new = os.open(folder, os.O_RDONLY)
    fcntl.flock(new, fcntl.LOCK_EX)
    os.close(old)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(new)


@pytest.mark.parametrize(
    "act",
    [lambda output: output.remove("all.atom"), lambda output: output.ours("https:")],
    ids=["remove", "ours"],
)
def test_what_cannot_be_read_now_does_not_count_as_not_ours(tmp_path, act):
    (tmp_path / "all.atom").write_bytes(ATOM)
    output = Output(tmp_path)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(free := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, most[1]))
    try:
        with pytest.raises(Unreadable, match="cannot be read: Too many open files"):
            act(output)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_what_is_staged_is_not_written_through_a_link(tmp_path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    output = Output(tmp_path / "output")
    with output.locked(0):
        output.replace("all.rss", b"old")
        staged = tmp_path / "output" / STAGING / f"document-{os.getpid()}"
        staged.symlink_to(precious)
        with pytest.raises(Unwritable):
            output.replace("all.rss", b"new")
    assert precious.read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_the_staging_folder_holds_nothing_up(tmp_path):
    os.mkfifo(tmp_path / STAGING)
    with Output(tmp_path).locked(0):
        assert [*tmp_path.iterdir()] == []
