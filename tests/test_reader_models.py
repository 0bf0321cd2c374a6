"""Which reader shows the picture of a story, and which shows it twice."""

from collections import Counter
from typing import NamedTuple

import pytest

from tests.reader_models import MODELS, items
from tests.readers import table
from tests.strategies import Desk

FORMATS = ("rss", "atom", "json")
LEAD = "https://img.example/lead.jpg"
OTHER = "https://img.example/other.png"
WITH_QUERY = "https://img.example/lead.jpg?w=1200&h=630"
UNDERSCORE = "https://under_score.example/lead.jpg"
DOTLESS = "https://images/lead.jpg"
ALL = set(MODELS)
# It shows an enclosure beside the text and compares nothing; `enclosure: false` is the cure.
TWICE = {"Thunderbird"}


class Case(NamedTuple):
    """A record, where its picture is, and which readers do not show it, or show it twice."""

    record: dict
    picture: str = LEAD
    unseen: set = frozenset()
    doubled: set = frozenset(TWICE)


def image(url=LEAD, width=1200, height=630):
    return {"url": url, "width": width, "height": height}


CASES = {
    "in the field only": Case({"images": [image()]}),
    "without a size": Case({"images": [{"url": LEAD}]}),
    "without an excerpt": Case({"images": [image()], "excerpt": ""}),
    "in field and text": Case({"images": [image()], "body": f"So ![]({LEAD})"}),
    "several": Case({"images": [image(), image(OTHER)]}),
    "several, all in the text": Case(
        {"images": [image(), image(OTHER)], "body": f"![]({OTHER}) ![]({LEAD})"}
    ),
    # yarr looks for `&` where HTML wants `&amp;`.
    "with a query": Case(
        {"images": [image(WITH_QUERY)]}, WITH_QUERY, doubled={*TWICE, "yarr"}
    ),
    # No enclosure can carry these two.
    "host with _": Case({"images": [image(UNDERSCORE)]}, UNDERSCORE, doubled=set()),
    "host without a dot": Case({"images": [image(DOTLESS)]}, DOTLESS, doubled=set()),
    "small": Case({"images": [image(width=320, height=200)]}, unseen={"Flipboard"}),
    "beside related stories": Case(
        {
            "images": [image()],
            "related": [
                {
                    "title": "Other",
                    "webUrl": "https://b.example/",
                    "images": [image(OTHER)],
                }
            ],
        }
    ),
    "in the text only": Case(
        {"body": f"So ![]({LEAD})"}, unseen={"Letterhead", "Flipboard"}, doubled=set()
    ),
    "nowhere": Case({"body": "So"}, unseen=ALL, doubled=set()),
}

# What the switches do to a story whose picture is in the field.
TEXT_ALONE = {"NetNewsWire", "Miniflux", "Feedbin"}
SWITCHES = {
    "enclosure: false": ({"enclosure": False}, set(), set()),
    "media: false": ({"media": False}, set(), TWICE),
    "inline: false": ({"inline": False}, TEXT_ALONE, {"yarr"}),
    "inline alone": (
        {"enclosure": False, "media": False},
        {"Letterhead", "Flipboard"},
        set(),
    ),
    "enclosure alone": (
        {"media": False, "inline": False},
        {*TEXT_ALONE, "Mailchimp, Feedbro"},
        set(),
    ),
    "nothing": (dict.fromkeys(["enclosure", "media", "inline"], False), ALL, set()),
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Give the pictures that each reader shows, by feed, format, reader and story."""
    switched = [
        {"path": path(name), "images": switches}
        for name, (switches, *_) in SWITCHES.items()
    ]
    configuration = {
        "site": {"title": "Site", "url": "https://feeds.example.org/"},
        "records": "records",
        "formats": FORMATS,
        "feeds": [{"path": "all"}, *switched],
    }
    library = {
        f"{path(name)}.md": {
            "title": name,
            "webUrl": link(name),
            "publishedDateTime": "2021-02-01",
            "published": True,
            "excerpt": "In short",
            **case.record,
        }
        for name, case in CASES.items()
    }
    desk = Desk(tmp_path_factory.mktemp("models"), configuration, library)
    desk.build()
    found = {}
    for feed in ("all", *map(path, SWITCHES)):
        for ending in FORMATS:
            entries = items((desk.output / f"{feed}.{ending}").read_bytes())
            assert entries.keys() == set(map(link, CASES))
            for name, model in MODELS.items():
                if ending in model.formats:
                    for story, item in entries.items():
                        found[feed, ending, name, story] = model.shows(item)
    return found


def path(name):
    return "".join(letter if letter.isalpha() else "-" for letter in name)


def link(name):
    return f"https://news.example/{path(name)}"


def seen(shown, feed, story, ending):
    """Count how often each reader of a format shows each picture of a story."""
    return {
        name: Counter(pictures)
        for (where, kind, name, what), pictures in shown.items()
        if (where, kind, what) == (feed, ending, link(story))
    }


def judged(counts, picture):
    """Name the readers that do not show a picture, and those that show it twice or more."""
    unseen = {name for name, count in counts.items() if not count[picture]}
    return unseen, {name for name, count in counts.items() if count[picture] > 1}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_which_readers_show_a_picture(name, ending, shown):
    case = CASES[name]
    counts = seen(shown, "all", name, ending)
    readers = {name for name, model in MODELS.items() if ending in model.formats}
    assert counts.keys() == readers
    unseen, doubled = judged(counts, case.picture)
    assert (unseen, doubled) == (case.unseen & readers, case.doubled & readers)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_no_reader_shows_a_picture_that_is_not_the_storys(name, ending, shown):
    case = CASES[name]
    own = {case.picture, *(one["url"] for one in case.record.get("images", []))}
    for count in seen(shown, "all", name, ending).values():
        assert count.keys() <= own


def test_eight_of_nine_show_the_picture_of_every_story_that_names_one():
    assert len(MODELS) == 9
    for case in CASES.values():
        assert not case.record.get("images") or len(case.unseen) <= 1


def test_none_that_compares_addresses_shows_a_picture_twice():
    assert {name for case in CASES.values() for name in case.doubled} == {
        *TWICE,  # compares nothing
        "yarr",  # compares text, and only where the address has an `&`
    }


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", SWITCHES)
def test_what_a_switch_does(name, ending, shown):
    _, unseen, doubled = SWITCHES[name]
    counts = seen(shown, path(name), "in the field only", ending)
    assert judged(counts, LEAD) == (unseen & counts.keys(), doubled & counts.keys())


TIMES = {0: "not", 1: "once", 2: "twice", 4: "four times"}


def test_the_table_of_models_says_what_they_show(shown):
    rows = table("reader", "takes the picture from")
    assert rows.keys() == MODELS.keys()
    plain = seen(shown, "all", "in the field only", "rss")
    queried = seen(shown, "all", "with a query", "rss")
    for name, row in rows.items():
        assert row["of our defaults"] == TIMES[plain[name][LEAD]]
        assert row["with an address that has `&`"] == TIMES[queried[name][WITH_QUERY]]


def test_the_table_of_s_what_they_do(shown):
    rows = list(table("`images:`").values())
    said = [(row["not seen in"], row["twice in"]) for row in rows]
    assert said[0] == ("", ", ".join(TWICE))
    # The last switches off everything, and needs no row.
    for name, row in zip(list(SWITCHES)[:-1], said[1:], strict=True):
        _, unseen, doubled = SWITCHES[name]
        in_order = [reader for reader in MODELS if reader in unseen]
        assert row == (", ".join(in_order), ", ".join(doubled))
