"""Parts of the records: merged in any order, and no larger than what is published."""

import pickle
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.assess import Rulebook, assess
from feeds.harvest import _shares
from feeds.part import doubles, merged, part, sheets, together
from feeds.survey import Folder
from tests.builders import DAY, NOW, a_config, a_record

COUNT = 3


def a_book(**keys):
    return Rulebook(a_config(**keys), NOW)


def a_site(book, records, draw):
    """Read records in parts, and merge them in some order, some at a time."""
    read = [
        part([assess(one.file, [one], book)], COUNT)
        for one in draw.sample(records, len(records))
    ]
    found = together(
        doubles(shares[number] for _part, shares in read) for number in range(COUNT)
    )
    parts = [merged([one], found.several, book) for one, _shares in read]
    while len(parts) > 1:
        some = draw.randint(2, 5)
        parts = [*parts[some:], merged(parts[:some], found.several, book)]
    return parts[0], found.stories


def some_records(count, draw):
    return [
        a_record(
            f"n{number}",
            link=f"https://a.example/{draw.randrange(count)}",
            published=NOW - draw.randrange(60) * DAY,
            quality=float(draw.randrange(5)),
            topics=draw.sample(["ai", "AI", "ml"], draw.randrange(3)),
            body="x" * 500,
        )
        for number in range(count)
    ]


KEYS = {
    "feeds": [
        {"path": "all", "limit": 3},
        {"path": "topics/{topic}", "pick": "best", "limit": 2},
        {"path": "fresh", "max_age": "10 days"},
        {"path": "hours", "max_age": "1 hours"},
    ]
}


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_the_order_of_merging_does_not_matter(count, seed):
    records = some_records(count, Random(seed))
    found = [a_site(a_book(**KEYS), records, Random(other)) for other in (1, 2)]
    (one, stories), (other, same) = found
    assert stories == same == len({record.id for record in records})
    assert shown(one) == shown(other)
    assert (one.votes, one.refused, one.read) == (
        other.votes,
        other.refused,
        other.read,
    )


def shown(whole):
    """Give what feeds could show; of those too old for one, any says that it exists."""
    fresh = {place: sorted(these) for place, these in whole.standings.items()}
    return {place: these for place, these in fresh.items() if place.feed != 3}, [
        (one.items, one.standings) for one in sheets(whole) if one.file == ""
    ]


def test_a_part_grows_with_what_is_published_and_not_with_what_is_read():
    sizes = []
    for count in (300, 3000):
        draw = Random(0)
        records = [
            a_record(
                f"n{n}", published=NOW - n * DAY / 100, topics=("ai",), body="x" * 500
            )
            for n in range(count)
        ]
        whole, stories = a_site(a_book(feeds=KEYS["feeds"][:2]), records, draw)
        assert (whole.read, stories) == (count, count)
        sizes.append(len(pickle.dumps(whole)))
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize("most", [1, 3, 100])
@given(sizes=st.lists(st.integers(0, 7), max_size=6))
def test_folders_are_shared_out_whole_or_cut(most, sizes):
    folders = [(Folder(f"/{n}", f"{n}", ()), size) for n, size in enumerate(sizes)]
    found = [share for task in _shares(folders, most) for share in task]
    expected = [
        (folder, number)
        for folder, size in folders
        for number in range(-(-size // most))
    ]
    assert sorted((one.folder, one.number) for one in found) == sorted(expected)
