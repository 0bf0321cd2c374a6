"""What hubs have still to be told: what is noted, when it is due, and what is forgotten."""

import os
from itertools import pairwise

import pytest

from feeds.errors import Unwritable
from feeds.store.untold import Untold, opened

HUB, OTHER = "https://hub.example.org/", "http://127.0.0.1:9/"
MINUTE, DAY = 60.0, 86400.0
NOW = 1_800_000_000.0


def a_stamp(**documents):
    """Stand in for an output of these documents, `all` for `all.rss`, by version."""
    stamps = {f"{name}.rss": (version,) for name, version in documents.items()}
    return stamps.get


def noted(before, after, now=NOW, hubs=(HUB,), untold=None):
    untold = untold or Untold()
    untold.expect([f"{name}.rss" for name in {**before, **after}], a_stamp(**before))
    untold.note(hubs, a_stamp(**after), now)
    return untold


def taken(untold, now=NOW, early=False, **standing):
    found = untold.take(a_stamp(**(standing or {"all": 2})), now, early=early)
    return {hub: [*paths] for hub, paths in found.items()}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"all": 1}, {"all": 2}, ["all.rss"]),
        ({}, {"all": 2}, ["all.rss"]),
        ({"all": 2}, {"all": 2}, []),
        ({"all": 1}, {}, []),
        ({"z": 1, "all": 1, "b": 1}, {"z": 2, "all": 2, "b": 1}, ["all.rss", "z.rss"]),
    ],
    ids=["changed", "new", "unchanged", "gone", "two of three"],
)
def test_what_was_replaced_is_told_to_each_hub(before, after, changed):
    untold = noted(before, after, hubs=[HUB, OTHER])
    expected = dict.fromkeys([HUB, OTHER], changed) if changed else {}
    assert taken(untold, **after) == expected
    assert taken(untold, **after) == {}  # somebody is telling it


def test_what_was_expected_by_a_killed_build_is_compared_with_how_it_stood_before_that():
    untold = Untold()
    untold.expect(["all.rss"], a_stamp(all=1))
    untold.expect(["all.rss", "b.rss"], a_stamp(all=2, b=1))
    untold.note([HUB], a_stamp(all=2, b=1), NOW)
    assert taken(untold, all=2, b=1) == {HUB: ["all.rss"]}


def test_what_changed_while_it_was_told_is_told_again():
    untold = noted({"all": 1}, {"all": 2})
    first = untold.take(a_stamp(all=2), NOW)
    noted({"all": 2}, {"all": 3}, NOW + 1, untold=untold)
    untold.told(HUB, first[HUB])
    assert taken(untold, NOW + 1, all=3) == {HUB: ["all.rss"]}
    untold.told(HUB, {"all.rss": NOW + 1})
    assert taken(untold, NOW + DAY, early=True, all=3) == {}


def test_what_is_gone_meanwhile_is_told_to_nobody():
    untold = noted({"all": 1}, {"all": 2})
    assert taken(untold, b=1) == {}
    assert taken(untold, early=True) == {}


def test_a_hub_that_is_none_any_longer_is_forgotten():
    untold = noted({"all": 1}, {"all": 2}, hubs=[HUB, OTHER])
    untold.note([OTHER], a_stamp(all=2), NOW)
    assert taken(untold) == {OTHER: ["all.rss"]}


def test_a_change_that_nobody_takes_is_due_ever_less_often():
    untold = noted({"all": 1}, {"all": 2})
    asked, minute = [], 0
    while minute < 8 * 24 * 60:
        if taken(untold, NOW + minute * MINUTE):
            untold.left(HUB, ["all.rss"], NOW + minute * MINUTE)
            asked.append(minute)
        else:
            minute += 1
    waits = [after - before for before, after in pairwise(asked)]
    assert waits[:12] == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1440]
    assert set(waits[12:]) == {1440}
    assert 6 < asked[-1] / 1440 < 7


def test_by_hand_it_is_told_early():
    untold = noted({"all": 1}, {"all": 2})
    for _ in range(5):
        assert taken(untold, early=True) == {HUB: ["all.rss"]}
        untold.left(HUB, ["all.rss"], NOW)
    assert taken(untold) == {}


@pytest.mark.parametrize(
    ("days", "is_told"), [(-400, True), (-1, False), (6.9, True), (7.1, False)]
)
def test_what_is_a_week_old_is_given_up(days, is_told):
    untold = noted({"all": 1}, {"all": 2})
    taken(untold)
    for _ in range(5):
        untold.left(HUB, ["all.rss"], NOW)
    assert bool(taken(untold, NOW + days * DAY)) == is_told


def test_an_operator_is_warned_once_a_week_until_all_is_taken():
    untold = noted({"all": 1, "b": 1}, {"all": 2, "b": 2})
    warned = [day for day in range(20) if untold.warns(HUB, NOW + day * DAY)]
    assert warned == [0, 7, 14]
    untold.told(HUB, {"all.rss": NOW})
    assert not untold.warns(HUB, NOW + 20 * DAY)
    untold.told(HUB, {"b.rss": NOW})
    assert untold.warns(HUB, NOW + 20 * DAY)
    assert untold.warns(HUB, NOW - 99 * DAY)  # the clock was put right


@pytest.fixture
def file(tmp_path):
    """A file with a change that no hub was told of."""
    file = tmp_path / ".feeds" / "x.untold"
    with opened(file) as untold:
        noted({"all": 1}, {"all": 2}, untold=untold)
    return file


def test_it_is_kept_in_a_file(file):
    with opened(file) as untold:
        assert taken(untold) == {HUB: ["all.rss"]}
    stamp = file.stat()
    with opened(file) as untold:
        assert taken(untold) == {}
        assert taken(untold, early=True) == {HUB: ["all.rss"]}
        untold.left(HUB, ["all.rss"], NOW)
    with opened(file) as untold:
        untold.note([HUB], a_stamp(), NOW)  # as a build with nothing to do
        before = file.stat()
    assert file.stat() == before != stamp
    assert [one.name for one in file.parent.iterdir()] == ["x.untold"]


def test_what_fails_within_changes_nothing(file):
    before = file.read_bytes()
    with pytest.raises(ZeroDivisionError), opened(file) as untold:
        untold.hubs.clear()
        _ = 1 / 0
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-9]),
        lambda file: file.write_bytes(b"\0" * 99),
        lambda file: file.write_bytes(b"[" * 99_999),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_text('{"hubs": {"x": {"changes": {"y": 1}}}}'),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
        lambda file: (file.unlink(), os.mkfifo(file)),
        lambda file: (file.unlink(), file.parent.rmdir()),
    ],
    ids=["cut", "zeros", "deep", "empty", "other", "gone", "link", "pipe", "no folder"],
)
def test_a_file_that_is_damaged_is_begun_anew(file, spoil):
    spoil(file)
    with opened(file) as untold:
        assert untold == Untold()
        noted({"all": 1}, {"all": 2}, untold=untold)
    with opened(file) as untold:
        assert taken(untold) == {HUB: ["all.rss"]}
    assert file.is_file()
    assert not file.is_symlink()


def test_only_documents_are_believed_in(file):
    names = ["../feeds.yaml", "/etc/passwd", "\0.rss", "x.yaml", "all.rss"]
    with opened(file) as untold:
        changes = untold.hubs[HUB].changes
        changes |= dict.fromkeys(names, changes["all.rss"])
        found = untold.take(lambda path: (1,), NOW)
    assert {hub: [*paths] for hub, paths in found.items()} == {HUB: ["all.rss"]}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: (file.unlink(), file.mkdir(), (file / "x").mkdir()),
        lambda file: (
            file.parent.rename(file.parent.with_name("real"))
            and file.parent.symlink_to("real")
        ),
    ],
    ids=["folder", "link"],
)
def test_a_file_that_cannot_be_written_is_said_so(file, spoil):
    spoil(file)
    with (
        pytest.raises(Unwritable, match=r"x\.untold: cannot be used: "),
        opened(file) as untold,
    ):
        noted({"all": 1}, {"all": 2}, untold=untold)
