"""Why a story is in a feed or not: never another answer than the build's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.explain import explain, look_up
from feeds.record import Complaint
from tests.builders import DAY, NOW, a_plan, a_record, an_image, explained

EVERY = [
    {"path": "all"},
    {"path": "topics/{topic}"},
    {"path": "providers/{provider}"},
    {"path": "topics/{topic}/{provider}"},
]


def test_each_feed_a_record_could_be_in_is_named():
    planned = a_plan(
        a_record("one", topics=("AI", "CV")),
        a_record("two", topics=("AI",), published=NOW),
        feeds=EVERY,
        topics={"CV": {"min_quality": 60}},
        providers={"a.example": {"limit": 1}},
    )
    assert explained(planned) == [
        "all: in (2 of 2)",
        "topics/ai: in (2 of 2)",
        "topics/cv: out (min_quality 60, it has 50)",
        "providers/a.example: out (limit 1, it is number 2)",
        "topics/ai/a.example: out (limit 1, it is number 2)",
        "topics/cv/a.example: out (min_quality 60, it has 50)",
    ]


def test_a_seed_of_too_low_a_quality_is_told():
    planned = a_plan(a_record(quality=35), defaults={"min_quality": 41})
    assert explained(planned) == ["all: out (min_quality 41, it has 35)"]


def test_a_literal_path_and_the_group_it_moved_are_told_apart():
    planned = a_plan(
        a_record(topics=("AI",)), feeds=[{"path": "ai"}, {"path": "{topic}"}]
    )
    said = explained(planned)
    assert said[0] == "ai: in (1 of 1)"
    assert re.fullmatch(r"ai--\w+: in \(1 of 1\)", said[1])


COMPLAINT = Complaint(file="records/bad.md", line=4, reason="title: missing")
LISTED = [
    a_record("first", file="records/many.jsonl", line=1),
    a_record("third", file="records/many.jsonl", line=3),
]


def found(wanted, *records):
    return [
        one.reason if isinstance(one, Complaint) else one.record.title
        for one in look_up(wanted, wanted, a_plan(*records), [COMPLAINT])
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        "records/one.md",
        "records/one.md:1",
        "records/one.md:12",
        "https://a.example/one",
        "http://A.example:80/one?utm_source=x#top",
    ],
)
def test_a_record_is_found_by_file_line_or_link(wanted):
    assert found(wanted, a_record("one"), a_record("two")) == ["one"]


@pytest.mark.parametrize(
    "wanted, titles",
    [
        ("records/many.jsonl", ["first", "third"]),
        ("records/many.jsonl:1", ["first"]),
        ("records/many.jsonl:2", ["first"]),
        ("records/many.jsonl:3", ["third"]),
        ("records/many.jsonl:99", ["third"]),
        ("records/many.jsonl:0", []),
    ],
)
def test_a_line_finds_the_record_that_it_is_in(wanted, titles):
    assert found(wanted, *LISTED) == titles


@pytest.mark.parametrize("wanted", ["records/bad.md", "records/bad.md:4"])
def test_a_rejected_record_is_found_with_its_reason(wanted):
    assert found(wanted, a_record()) == ["title: missing"]


@pytest.mark.parametrize(
    "wanted",
    ["records/none.md", "records/one.md:x", "one", "https://a.example/none", "", ":"],
)
def test_what_is_unknown_is_not_found(wanted):
    assert found(wanted, a_record()) == []


def test_doubles_are_all_found_by_their_link():
    link = "https://a.example/same"
    records = [a_record("one", link=link), a_record("two", link=f"{link}#x")]
    assert found(link, *records) == ["one", "two"]


OWN = a_record(id="own", link="https://a.example/%C3%BC?q=1&utm_source=x")


@pytest.mark.parametrize(
    "wanted",
    [
        "own",
        "https://a.example/%C3%BC?q=1&utm_source=x",
        "https://a.example/ü?q=1&utm_source=x",
        "//a.example/ü?q=1",
        "http://a.example/%c3%bc?q=1",
    ],
)
def test_a_record_with_an_id_of_its_own_is_found_by_its_link_too(wanted):
    assert found(wanted, OWN) == ["one"]


LINKS = ["https://a.example/1", "http://a.example/1#x", "https://b.example/2"]
TOPICS = ["AI", "ai", "CV", "Computer Vision", "Index"]
NAMES = st.lists(st.sampled_from(TOPICS), max_size=2)

records = st.builds(
    lambda number, topics, **fields: a_record(
        f"{number}", topics=tuple(topics), **fields
    ),
    st.integers(0, 5),
    st.lists(st.sampled_from(TOPICS), max_size=2, unique=True),
    link=st.sampled_from(LINKS),
    published=st.sampled_from([NOW - 9 * DAY, NOW - DAY, NOW + DAY]),
    updated=st.sampled_from([NOW, NOW + DAY]),
    quality=st.sampled_from([None, 35.0, 41.0]),
    heat=st.sampled_from([None, 1.0, 2.0]),
    is_draft=st.booleans(),
    images=st.sampled_from([(), (an_image(),)]),
    summary=st.sampled_from(["", "cats"]),
)
libraries = st.lists(records, max_size=6, unique_by=lambda one: one.title)

rules = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["published", "draft", "any"]),
        "min_quality": st.sampled_from([35, 41]),
        "min_heat": st.sampled_from([1, 2]),
        "max_age": st.sampled_from(["1 day", "5 days"]),
        "limit": st.integers(1, 2),
        "pick": st.sampled_from(["newest", "best", "hottest"]),
        "order": st.sampled_from(["published", "updated"]),
        "require_image": st.booleans(),
        "topics": NAMES | st.fixed_dictionaries({"none": NAMES}),
        "providers": st.sampled_from([["a.example"], {"none": ["a.example"]}]),
        "words": st.sampled_from([["cats"], {"none": ["cats"]}]),
    },
)
groups = st.builds(
    lambda written, feed: written | feed,
    rules,
    st.sampled_from([{}, {}, {"feed": False}]),
)
chosen = st.fixed_dictionaries({}, optional={"only": NAMES, "except": NAMES})
feeds = st.tuples(
    rules.map(lambda written: {"path": "all", **written}),
    rules.map(lambda written: {"path": "t/ai", **written}),
    st.builds(
        lambda written, choice: {"path": "t/{topic}", **written, **choice},
        rules,
        chosen,
    ),
    rules.map(lambda written: {"path": "{provider}", **written}),
    st.builds(
        lambda written, choice: {"path": "t/{topic}/{provider}", **written, **choice},
        rules,
        chosen,
    ),
)
configurations = st.fixed_dictionaries(
    {"feeds": feeds},
    optional={
        "defaults": rules,
        "topics": st.fixed_dictionaries(
            {}, optional={"AI": groups, "Computer Vision": groups, "Void": groups}
        ),
        "providers": st.fixed_dictionaries({}, optional={"a.example": groups}),
    },
)


def said_of(one, planned):
    """Give what `explain` says by path, checking its form."""
    answers = {}
    for line in explain(one, planned):
        path, answer = line.split(": ", 1)
        assert path not in answers
        assert re.fullmatch(r"in \([1-9]\d* of [1-9]\d*\)|out \(.+\)", answer), line
        answers[path] = answer
    return answers


@given(library=libraries, keys=configurations)
def test_explain_never_disagrees_with_the_build(library, keys):
    planned = a_plan(*library, **keys)
    for one in planned.candidates:
        shown = {
            feed.path: f"in ({number} of {len(feed.entries)})"
            for feed in planned.feeds
            for number, entry in enumerate(feed.entries, 1)
            if entry.title == one.record.title
        }
        said = said_of(one, planned)
        explained_in = {
            path: answer for path, answer in said.items() if answer.startswith("in")
        }
        assert explained_in == shown
