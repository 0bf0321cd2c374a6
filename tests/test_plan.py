"""The pipeline as one function, and what it tells of its result."""

from hypothesis import given
from hypothesis import strategies as st

from feeds.group import configured
from feeds.group import strangers as strange
from tests.builders import DAY, NOW, a_config, a_plan, a_record, paths

TOPICS = [{"path": "{topic}"}]


def test_a_plan_gives_a_document_for_each_format_of_each_feed():
    planned = a_plan(
        a_record(topics=("AI",)),
        feeds=[{"path": "all"}, {"path": "t/{topic}", "formats": ["atom"]}],
    )
    assert [one.path for one in planned.documents()] == [
        "all.rss",
        "all.atom",
        "t/ai.atom",
    ]


def test_every_document_knows_its_own_address():
    for document in a_plan(a_record()).documents():
        address = f"https://feeds.example.org/{document.path}".encode()
        assert address in document.render()


def test_equal_plans_give_equal_bytes():
    first, second = (
        [one.render() for one in a_plan(a_record(topics=("AI",))).documents()]
        for _time in range(2)
    )
    assert first == second


def test_the_stories_of_a_plan_are_counted_by_id():
    planned = a_plan(
        a_record("one"),
        a_record("two", link="http://a.example/one"),
        a_record("three", is_draft=True),
    )
    assert planned.ids == {"https://a.example/one", "https://a.example/three"}


def empties(*records, **keys):
    return list(a_plan(*records, **keys).empties())


def test_five_drafts_say_why_a_feed_is_empty():
    drafts = [a_record(name, is_draft=True) for name in "abcde"]
    assert empties(*drafts) == ["all: no entries: 5 records read, 5 are drafts"]


def test_one_record_is_counted_as_one():
    assert empties(a_record(is_draft=True)) == [
        "all: no entries: 1 record read, 1 is a draft"
    ]


def test_each_rule_that_kept_records_out_is_counted():
    said = empties(
        a_record("a", is_draft=True),
        a_record("b", quality=30),
        a_record("c", quality=None),
        a_record("d", published=NOW + DAY),
        a_record("e", published=NOW - 100 * DAY),
        a_record("f", published=NOW - 100 * DAY),
        defaults={"min_quality": 40, "max_age": "90 days"},
    )
    assert said == [
        "all: no entries: 6 records read, 2 are below min_quality 40,"
        " 2 are older than 90 days, 1 is a draft, 1 is not due yet"
    ]


def test_a_feed_with_entries_needs_no_excuse():
    assert empties(a_record("one"), a_record("two", is_draft=True)) == []


def test_a_promised_feed_without_records_says_so():
    assert empties(feeds=TOPICS, topics={"AI": None}) == [
        "ai: no entries: 0 records read"
    ]


TEXT = """\
site: {title: Site, url: "https://feeds.example.org/"}
records: records
feeds:
  - path: t/{topic}
    only: [Robots, CV]
  - path: p/{provider}
    only: [nowhere.example]
topics:
  Computer Vision: {aliases: [CV]}
  AI:
  Void: {name: Nothing}
providers:
  www.a.example:
  void.example: {feed: false}
"""


def strangers(*records, known=()):
    return list(strange(a_config(TEXT), a_plan(*records).names() | set(known)))


def test_a_configured_name_that_no_record_has_is_warned_of():
    assert strangers(a_record(topics=("ai", "computer vision"))) == [
        "/site/feeds.yaml:11: Void: no record has ever had this topic",
        "/site/feeds.yaml:14: void.example: no record has ever had this provider",
        "/site/feeds.yaml:5: Robots: no record has ever had this topic",
        "/site/feeds.yaml:7: nowhere.example: no record has ever had this provider",
    ]


def test_the_names_of_a_configuration_are_keys_and_domains():
    assert configured(a_config(TEXT)) == {
        "topic computer vision",
        "topic ai",
        "topic void",
        "topic robots",
        "provider a.example",
        "provider void.example",
        "provider nowhere.example",
    }


def test_a_name_that_a_record_once_had_is_not_warned_of():
    known = ["topic void", "provider void.example", "topic robots"]
    known += ["provider nowhere.example"]
    assert strangers(a_record(topics=("ai", "computer vision")), known=known) == []


def test_drafts_and_old_records_have_names_too():
    record = a_record(is_draft=True, topics=("Void",), provider="void.example")
    said = "\n".join(strangers(record))
    assert "Void" not in said
    assert "void.example" not in said


topics = st.sampled_from(["AI", "ai", "C", "C++", "猫", "index", "all", "con"])


@given(st.lists(topics, max_size=4), st.lists(topics, max_size=4))
def test_another_record_never_moves_a_feed(mine, others):
    feeds = [{"path": "all"}, *TOPICS, {"path": "x/{topic}/{provider}"}]
    alone = a_plan(a_record("one", topics=tuple(mine)), feeds=feeds)
    together = a_plan(
        a_record("one", topics=tuple(mine)),
        a_record("two", topics=tuple(others)),
        feeds=feeds,
    )
    assert {*paths(alone)} <= {*paths(together)}
