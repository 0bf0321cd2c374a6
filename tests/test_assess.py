"""Sheets: where the records of one file stand, and what the state needs of them."""

import pytest

from feeds.assess import Item, Rulebook, assess, decode, encode
from feeds.group import Place
from feeds.record import Complaint
from tests.builders import (
    DAY,
    NOW,
    PUBLISHED,
    SITE,
    a_config,
    a_record,
    a_related,
    an_image,
)

ALL, AI, ML = Place(0), Place(1, "ai"), Place(1, "ml")
GROUPS = [{"path": "all"}, {"path": "topics/{topic}"}]
FILE = "records/one.md"


def a_sheet(*found, now=NOW, **keys):
    """Assess what a file holds; two feeds unless others are named."""
    book = Rulebook(a_config(**{"feeds": GROUPS, **keys}), now)
    return assess(FILE, found, book)


def a_complaint(line=1):
    return Complaint(file=FILE, line=line, reason="title: missing", digest="00")


def stood(sheet):
    return [place for place, _standing in sheet.standings]


def seconds(moment):
    return int(moment.timestamp())


def test_a_record_stands_in_each_feed_that_lets_it_in():
    sheet = a_sheet(a_record(topics=("AI", "ML"), quality=7.0, heat=2.0))
    assert stood(sheet) == [ALL, AI, ML]
    (standing,) = {standing for _place, standing in sheet.standings}
    assert standing._asdict() == {
        "time": seconds(PUBLISHED),
        "id": "https://a.example/one",
        "quality": 7.0,
        "heat": 2.0,
        "published": seconds(PUBLISHED),
        "file": FILE,
        "line": 1,
        "number": 0,
        "month": None,
    }
    assert (sheet.file, sheet.read, sheet.drafts, sheet.wake) == (FILE, 1, 0, None)


def test_the_time_of_a_standing_goes_by_the_order_of_its_feed():
    feeds = [{"path": "all"}, {"path": "late", "order": "updated"}]
    record = a_record(updated=PUBLISHED + DAY)
    times = {
        place.feed: one.time for place, one in a_sheet(record, feeds=feeds).standings
    }
    assert times == {0: seconds(PUBLISHED), 1: seconds(PUBLISHED + DAY)}


def test_the_age_of_a_record_keeps_it_out_of_no_sheet():
    sheet = a_sheet(a_record(), defaults={"max_age": "1 day"})
    assert stood(sheet) == [ALL]
    assert sheet.refused == {}


def test_an_empty_file_has_an_empty_sheet():
    assert a_sheet() == (FILE, 0, 0, None, [], [], [], {}, [], [], 0)


def test_records_of_one_file_go_by_their_number():
    sheet = a_sheet(
        a_record("one", line=1),
        a_complaint(2),
        a_record("three", line=3, is_draft=True),
        a_record("four", line=4),
    )
    assert [(one.number, one.line, one.id) for one in sheet.items] == [
        (0, 1, "https://a.example/one"),
        (2, 3, "https://a.example/three"),
        (3, 4, "https://a.example/four"),
    ]
    assert [standing.number for _place, standing in sheet.standings] == [0, 3]
    assert (sheet.read, sheet.drafts) == (4, 1)
    assert sheet.complaints == [a_complaint(2)]


def test_what_is_only_complaints_stands_nowhere():
    sheet = a_sheet(a_complaint(), a_complaint(5))
    assert sheet.complaints == [a_complaint(), a_complaint(5)]
    assert (sheet.read, sheet.items, sheet.standings) == (2, [], [])


def test_a_record_is_kept_where_a_feed_lets_it_in():
    record = a_record()
    (item,) = a_sheet(record).items
    assert decode(item.record) == record


def test_a_record_that_no_feed_lets_in_is_only_counted():
    sheet = a_sheet(a_record(is_draft=True, topics=("AI",)))
    assert sheet.items == [Item(0, 1, "https://a.example/one", None)]
    assert (sheet.read, sheet.drafts, sheet.votes) == (1, 1, [])


def test_an_id_is_that_of_the_entry():
    (item,) = a_sheet(a_record(id="own")).items
    assert item.id == "tag:feeds.example.org,2000:own"


def test_a_record_comes_back_as_it_was():
    record = a_record(
        title="Größe 猫 & <b>",
        quality=None,
        heat=-0.5,
        topics=("AI", "猫"),
        images=(an_image(), an_image(width=10, height=20)),
        related=(a_related(),),
        updated=NOW,
        is_draft=True,
    )
    assert decode(encode(record)) == record


@pytest.mark.parametrize(
    ("published", "updated", "wake"),
    [
        (-1, -1, None),
        (0, 0, None),
        (-1, 1, 1),
        (1, 1, 1),
        (1, 2, 1),
        (0, 3, 3),
    ],
)
def test_a_file_wakes_when_time_alone_changes_its_sheet(published, updated, wake):
    record = a_record(published=NOW + published * DAY, updated=NOW + updated * DAY)
    expected = None if wake is None else seconds(NOW + wake * DAY)
    assert a_sheet(record).wake == expected


def test_a_file_wakes_with_the_first_of_its_records():
    later, sooner, past = (
        a_record(str(days), published=NOW + days * DAY) for days in (9, 2, -1)
    )
    assert a_sheet(later, sooner, past).wake == seconds(NOW + 2 * DAY)


def test_a_file_wakes_for_a_draft_too():
    record = a_record(published=NOW + DAY, is_draft=True)
    assert a_sheet(record).wake == seconds(NOW + DAY)


def test_a_sheet_holds_until_it_wakes_and_no_longer():
    record = a_record(updated=NOW + DAY)
    keys = {"feeds": [{"path": "all", "order": "updated"}]}
    sheet = a_sheet(record, **keys)
    early = a_sheet(record, now=NOW + DAY - DAY / 86400, **keys)
    late = a_sheet(record, now=NOW + DAY, **keys)
    assert early == sheet
    assert late.standings != sheet.standings


def test_names_are_voted_on_by_admitted_records_alone():
    admitted = a_record("a", topics=("AI", "Ml"), provider_name="Alpha")
    refused = a_record("b", topics=("ai",), provider_name="ALPHA", is_draft=True)
    assert a_sheet(admitted, refused).votes == [
        ("topic ai", "AI"),
        ("topic ml", "Ml"),
        ("provider a.example", "Alpha"),
    ]


def test_a_record_votes_once_however_many_feeds_let_it_in():
    feeds = [*GROUPS, {"path": "new"}]
    sheet = a_sheet(a_record(topics=("AI", "ai", "A I")), feeds=feeds)
    assert sheet.votes[:-1] == [("topic ai", "AI"), ("topic a i", "A I")]


def test_a_record_that_is_too_old_votes():
    sheet = a_sheet(a_record(topics=("AI",)), defaults={"max_age": "1 day"})
    assert sheet.votes[:-1] == [("topic ai", "AI")]


def test_who_has_no_name_says_that_the_domain_is_shown():
    assert a_sheet(a_record()).votes == [("provider a.example", "")]


def test_an_alias_votes_for_its_topic():
    sheet = a_sheet(
        a_record(topics=("CV",)), topics={"Computer Vision": {"aliases": ["CV"]}}
    )
    assert sheet.votes[:-1] == [("topic computer vision", "CV")]


def test_only_configured_names_are_noted_of_drafts_too():
    sheet = a_sheet(
        a_record(topics=("AI", "Else"), is_draft=True),
        topics={"AI": None, "Void": None},
        providers={"a.example": None},
    )
    assert sheet.names == ["provider a.example", "topic ai"]


def test_why_a_record_is_out_is_noted_where_a_feed_may_be_empty():
    sheet = a_sheet(
        a_record(topics=("AI", "Named"), is_draft=True), topics={"Named": None}
    )
    assert sheet.refused == {(ALL, "drafts"): 1, (Place(1, "named"), "drafts"): 1}


def test_a_feed_that_ages_may_be_empty():
    feeds = [{"path": "new/{topic}", "max_age": "1 day", "min_quality": 60}]
    sheet = a_sheet(a_record(topics=("AI",)), feeds=feeds)
    assert sheet.refused == {(Place(0, "ai"), "below min_quality 60"): 1}


def test_a_pair_is_never_promised():
    feeds = [{"path": "{topic}/{provider}"}]
    sheet = a_sheet(
        a_record(topics=("AI",), is_draft=True), feeds=feeds, topics={"AI": None}
    )
    assert sheet.refused == {}


@pytest.mark.parametrize(
    "keys",
    [
        {"topics": {"AI": {"feed": False}}},
        {"feeds": [GROUPS[0], {"path": "topics/{topic}", "only": ["ML"]}]},
        {"feeds": [GROUPS[0], {"path": "topics/{topic}", "except": ["ai"]}]},
    ],
    ids=["feed", "only", "except"],
)
@pytest.mark.parametrize("is_draft", [False, True])
def test_a_closed_place_takes_nothing_and_asks_nothing(keys, is_draft):
    sheet = a_sheet(a_record(topics=("AI",), is_draft=is_draft), **keys)
    assert AI not in {*stood(sheet), *(place for place, _brief in sheet.refused)}
    assert (ALL in stood(sheet)) != is_draft


def test_a_record_that_only_closed_places_would_take_is_let_in_nowhere():
    sheet = a_sheet(
        a_record(topics=("AI",)),
        feeds=[{"path": "topics/{topic}", "except": ["AI"]}],
    )
    assert (sheet.standings, sheet.votes, sheet.items[0].record) == ([], [], None)


def test_the_rules_of_a_place_are_made_ready_once():
    book = Rulebook(a_config(site=SITE, feeds=GROUPS, topics={"AI": {"limit": 3}}), NOW)
    assert book.desk(AI) is book.desk(AI)
    assert (book.desk(AI).rules.limit, book.desk(ALL).rules.limit) == (3, None)
    assert book.desk(AI).may_be_empty
    assert not book.desk(ML).may_be_empty
