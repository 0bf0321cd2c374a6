"""The rules: what they let in, in which order, and what they say to the rest."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.select import age
from tests.builders import (
    DAY,
    NOW,
    PUBLISHED,
    a_plan,
    a_record,
    an_image,
    explained,
    titles,
)


def verdict(record, rules):
    """Say what becomes of one record under the rules of the only feed."""
    (said,) = explained(a_plan(record, defaults=rules), record.title)
    return said.removeprefix("all: ")


@pytest.mark.parametrize(
    "record, rules",
    [
        ({}, {}),
        ({}, {"status": "published"}),
        ({"is_draft": True}, {"status": "draft"}),
        ({"is_draft": True}, {"status": "any"}),
        ({}, {"status": "any"}),
        ({"quality": 40}, {"min_quality": 40}),
        ({"quality": None}, {}),
        ({"quality": -5}, {"min_quality": -10.5}),
        ({"heat": 10.5}, {"min_heat": 10.5}),
        ({"heat": 0}, {"min_heat": 0}),
        ({"published": NOW}, {}),
        ({"published": NOW - 90 * DAY}, {"max_age": "90 days"}),
        ({"published": NOW - 12 * DAY / 24}, {"max_age": "12 hours"}),
        (
            {"published": NOW - 90 * DAY, "updated": NOW - DAY},
            {"max_age": "2 days", "order": "updated"},
        ),
        ({"images": (an_image(),)}, {"require_image": True}),
        ({}, {"require_image": False}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_record_that_fits_is_in(record, rules):
    assert verdict(a_record(**record), rules) == "in (1 of 1)"


@pytest.mark.parametrize(
    "record, rules, reason",
    [
        ({"is_draft": True}, {}, "status published, it is a draft"),
        ({}, {"status": "draft"}, "status draft, it is published"),
        ({"quality": 35}, {"min_quality": 41}, "min_quality 41, it has 35"),
        ({"quality": 40.5}, {"min_quality": 41.25}, "min_quality 41.25, it has 40.5"),
        ({"quality": None}, {"min_quality": 0}, "min_quality 0, it has unknown"),
        ({"quality": None}, {"min_quality": -9}, "min_quality -9, it has unknown"),
        ({"heat": 59}, {"min_heat": 60}, "min_heat 60, it has 59"),
        ({"heat": None}, {"min_heat": -1}, "min_heat -1, it has unknown"),
        (
            {"published": NOW + timedelta(seconds=1)},
            {},
            "published 2026-01-01T00:00:01Z, after now",
        ),
        (
            {"published": NOW - 91 * DAY},
            {"max_age": "90 days"},
            "max_age 90 days, it is 91 days old",
        ),
        (
            {"published": NOW - timedelta(hours=13)},
            {"max_age": "12 hours"},
            "max_age 12 hours, it is 13 hours old",
        ),
        (
            {"published": NOW - 30 * DAY, "updated": NOW - DAY},
            {"max_age": "2 weeks"},
            "max_age 2 weeks, it is 30 days old",
        ),
        (
            {"published": NOW - 30 * DAY, "updated": NOW + DAY},
            {"max_age": "2 weeks", "order": "updated"},
            "max_age 2 weeks, it is 30 days old",
        ),
        ({}, {"require_image": True}, "require_image, it has none"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_record_that_does_not_fit_is_told_why(record, rules, reason):
    assert verdict(a_record(**record), rules) == f"out ({reason})"


FILTERS = {
    "topics": ("topics", tuple),
    "categories": ("category", lambda names: names[0] if names else ""),
    "types": ("type", lambda names: names[0] if names else ""),
    "words": ("summary", " and ".join),
    "providers": ("provider", lambda names: names[0] if names else "other.example"),
}


@pytest.mark.parametrize("key", FILTERS)
@pytest.mark.parametrize(
    "choice, has, reason",
    [
        (["a.b"], ["a.b"], None),
        (["a.b", "c.d"], ["c.d"], None),
        ([], [], None),
        ({}, [], None),
        ({"none": ["a.b"]}, [], None),
        ({"any": ["a.b"], "none": ["c.d"]}, ["a.b"], None),
        ({"all": ["a.b"], "any": ["a.b", "c.d"]}, ["a.b"], None),
        (["a.b"], [], "wants any of a.b, it has none"),
        (["a.b", "c.d"], ["e.f"], "wants any of a.b, c.d, it has none"),
        ({"any": ["a.b"]}, ["c.d"], "wants any of a.b, it has none"),
        ({"all": ["a.b", "c.d"]}, ["a.b"], "wants c.d, which it lacks"),
        ({"none": ["c.d", "a.b"]}, ["a.b"], "wants none of a.b, which it has"),
        (
            {"any": ["a.b"], "none": ["A.B"]},
            ["a.b"],
            "wants none of A.B, which it has",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_each_filter_takes_any_all_and_none(key, choice, has, reason):
    field, written = FILTERS[key]
    said = verdict(a_record(**{field: written(has)}), {key: choice})
    assert said == (f"out ({key} {reason})" if reason else "in (1 of 1)")


@pytest.mark.parametrize("key", ["topics", "words"])
def test_all_may_be_met_by_several(key):
    record = a_record("cats", topics=("cats", "dogs"), summary="Dogs!")
    assert verdict(record, {key: {"all": ["dogs", "cats"]}}) == "in (1 of 1)"


@pytest.mark.parametrize(
    "key, wanted, has",
    [
        ("topics", "computer  VISION", {"topics": ("Computer Vision",)}),
        ("topics", "ＡＩ", {"topics": ("ai",)}),
        ("categories", "NEWS", {"category": "News"}),
        ("types", "straße", {"type": "STRASSE"}),
        ("providers", "www.A.example", {"provider": "a.example"}),
        ("providers", "müller.example", {"provider": "xn--mller-kva.example"}),
    ],
)
def test_names_match_however_they_are_spelt(key, wanted, has):
    assert verdict(a_record(**has), {key: [wanted]}) == "in (1 of 1)"


def test_a_filter_of_topics_knows_aliases():
    groups = {"Computer Vision": {"aliases": ["CV"]}}
    planned = a_plan(
        a_record("one", topics=("cv",)),
        a_record("two", topics=("AI",)),
        topics=groups,
        defaults={"topics": ["computer vision"]},
    )
    assert titles(planned) == ["one"]


@pytest.mark.parametrize(
    "word, text, found",
    [
        ("AI", "AI now", True),
        ("ai", "What is AI?", True),
        ("AI", "said the maid", False),
        ("AI", "AI2 arrives", False),
        ("AI", "the AI's turn", True),
        ("AI", "said AI", True),
        ("mail", "e-mail", True),
        ("machine learning", "On Machine\u00a0Learning.", True),
        ("machine learning", "machine-learning", False),
        ("machine learning", "machine learnings", False),
        ("C++", "C++ and Rust", True),
        ("#ai", "on #AI", True),
        ("strasse", "Die Straße", True),
        ("ai", "ＡＩ", True),
        ("caf\u00e9", "Cafe\u0301s", False),
        ("caf\u00e9", "a cafe\u0301", True),
        ("cafe", "a cafe\u0301", False),
        ("東京", "東京都知事", True),
        ("東京", "AI東京2020", True),
        ("AI", "最新のAI技術", True),
        ("ไทย", "ภาษาไทยกลาง", True),
        ("カメラ", "監視ｶﾒﾗ", True),
        ("한국", "한국어", False),
        ("виде", "видео", False),
    ],
)
@pytest.mark.parametrize("field", ["title", "summary"])
def test_words_are_whole_words_or_phrases(field, word, text, found):
    record = a_record(**{"title": "x", field: text})
    said = verdict(record, {"words": [word]})
    assert said == ("in (1 of 1)" if found else out(word))


def out(word):
    return f"out (words wants any of {word}, it has none)"


def test_a_phrase_does_not_reach_from_title_to_excerpt():
    record = a_record(title="machine", summary="learning")
    assert verdict(record, {"words": ["machine learning"]}) == out("machine learning")


def test_entries_are_newest_first_and_ties_are_by_id():
    late, early = NOW - DAY, NOW - 2 * DAY
    planned = a_plan(
        a_record("early", published=early),
        a_record("z", published=late),
        a_record("a", published=late),
        a_record("m", published=late),
    )
    assert titles(planned) == ["a", "m", "z", "early"]


def test_a_tie_is_by_the_published_id_and_not_by_the_link():
    planned = a_plan(a_record("a", id="urn:xy:z"), a_record("z", id="urn:xy:a"))
    assert titles(planned) == ["z", "a"]


def test_order_updated_puts_a_late_approval_first():
    records = [
        a_record("new", published=NOW - 2 * DAY),
        a_record("late", published=NOW - 9 * DAY, updated=NOW - DAY),
    ]
    assert titles(a_plan(*records)) == ["new", "late"]
    assert titles(a_plan(*records, defaults={"order": "updated"})) == ["late", "new"]


def test_an_update_after_now_counts_as_published():
    records = [
        a_record("new", published=NOW - 2 * DAY),
        a_record("rash", published=NOW - 9 * DAY, updated=NOW + DAY),
    ]
    planned = a_plan(*records, defaults={"order": "updated"})
    assert titles(planned) == ["new", "rash"]
    (feed,) = planned.feeds
    assert [entry.updated for entry in feed.entries] == [NOW - 2 * DAY, NOW - 9 * DAY]


def five(**extra):
    """Five records, one newest, one best, one hottest."""
    heat = {"a": 1, "b": 5, "c": None, "d": 4, "e": 5}
    quality = {"a": 10, "b": None, "c": 50, "d": 50, "e": 20}
    return [
        a_record(
            name,
            published=NOW - day * DAY,
            heat=heat[name],
            quality=quality[name],
            **extra,
        )
        for day, name in enumerate("abcde", 1)
    ]


@pytest.mark.parametrize(
    "pick, limit, kept",
    [
        ("newest", 2, "ab"),
        ("best", 1, "c"),
        ("best", 2, "cd"),
        ("best", 3, "cde"),
        ("best", 4, "acde"),
        ("hottest", 1, "b"),
        ("hottest", 2, "be"),
        ("hottest", 3, "bde"),
        ("hottest", 4, "abde"),
        ("hottest", 99, "abcde"),
    ],
)
def test_pick_says_what_limit_keeps_and_it_is_shown_newest_first(pick, limit, kept):
    planned = a_plan(*five(), defaults={"pick": pick, "limit": limit})
    assert titles(planned) == [*kept]


def test_a_pick_breaks_ties_by_the_time_that_sorts():
    records = [
        a_record("a", published=NOW - 2 * DAY),
        a_record("b", published=NOW - 3 * DAY, updated=NOW - DAY),
    ]
    rules = {"pick": "best", "limit": 1}
    assert titles(a_plan(*records, defaults=rules)) == ["a"]
    assert titles(a_plan(*records, defaults={**rules, "order": "updated"})) == ["b"]


@pytest.mark.parametrize(
    "rules, said",
    [
        ({"limit": 4}, "out (limit 4, it is number 5)"),
        ({"limit": 2}, "out (limit 2, it is number 5)"),
        ({"limit": 2, "pick": "best"}, "out (limit 2 best, it is number 3)"),
        ({"limit": 1, "pick": "hottest"}, "out (limit 1 hottest, it is number 2)"),
    ],
    ids=["next", "last", "best", "hottest"],
)
def test_a_record_beyond_the_limit_is_told_its_number(rules, said):
    assert explained(a_plan(*five(), defaults=rules), "e") == [f"all: {said}"]


def test_a_record_is_told_its_place():
    assert explained(a_plan(*five()), "c") == ["all: in (3 of 5)"]


SAME = "https://a.example/same"


def doubles(*fields, **rules):
    """Give the titles shown of records that are one story."""
    records = [
        a_record(f"{number}", link=SAME, **one) for number, one in enumerate(fields)
    ]
    return titles(a_plan(*records, defaults=rules))


@pytest.mark.parametrize(
    "one, other",
    [
        ({"quality": 41}, {"quality": 40, "published": NOW}),
        ({"quality": 0}, {"quality": None, "published": NOW}),
        ({"quality": -1}, {"quality": None}),
        ({"published": NOW - DAY, "file": "z.md"}, {"file": "a.md"}),
        ({"quality": None, "published": NOW - DAY}, {"quality": None}),
        ({"file": "a.md"}, {"file": "b.md"}),
        ({"file": "a.jsonl", "line": 2}, {"file": "a.jsonl", "line": 10}),
    ],
    ids=["quality", "known", "negative", "published", "both unknown", "path", "line"],
)
def test_of_doubles_one_wins_whatever_the_order(one, other):
    assert doubles(one, other) == ["0"]
    assert doubles(other, one) == ["1"]


def test_a_draft_does_not_stand_in_the_way_of_its_double():
    assert doubles({"quality": 90, "is_draft": True}, {"quality": 10}) == ["1"]


def test_a_double_of_tomorrow_does_not_stand_in_the_way():
    assert doubles({"quality": 90, "published": NOW + DAY}, {"quality": 10}) == ["1"]


def test_doubles_take_no_place_below_the_limit():
    planned = a_plan(
        a_record("0", link=SAME, published=NOW - DAY),
        a_record("1", link=SAME, published=NOW - DAY, quality=10),
        a_record("2", published=NOW - 3 * DAY),
        defaults={"limit": 2},
    )
    assert titles(planned) == ["0", "2"]


def test_a_double_is_told_who_is_preferred():
    planned = a_plan(
        a_record("one", link=SAME, quality=10),
        a_record("two", link=SAME, quality=90),
    )
    assert explained(planned) == [
        "all: out (the same story as records/two.md:1, which is preferred)"
    ]


def test_each_feed_has_its_own_winner_among_doubles():
    planned = a_plan(
        a_record("0", link=SAME, quality=90, topics=("AI",)),
        a_record("1", link=SAME, quality=10, topics=("CV",)),
        feeds=[{"path": "all"}, {"path": "{topic}"}],
    )
    assert [titles(planned, path) for path in ("all", "ai", "cv")] == [
        ["0"],
        ["0"],
        ["1"],
    ]


def test_the_winner_shows_its_own_link_as_written():
    link = "http://A.example:80/x?utm_source=y#top"
    planned = a_plan(
        a_record("0", link=link), a_record("1", link="https://a.example/x", quality=1)
    )
    (feed,) = planned.feeds
    assert [(entry.id, entry.link) for entry in feed.entries] == [
        ("https://a.example/x", link)
    ]


def test_nothing_dated_after_now_is_shown():
    planned = a_plan(
        a_record("now", published=NOW),
        a_record("soon", published=NOW + timedelta(seconds=1)),
        defaults={"status": "any"},
    )
    assert titles(planned) == ["now"]


@pytest.mark.parametrize(
    "written, meant",
    [
        ("1 minute", timedelta(minutes=1)),
        ("12 hours", timedelta(hours=12)),
        ("1 day", DAY),
        ("90 days", 90 * DAY),
        ("2weeks", 14 * DAY),
        ("999999 weeks", 7 * 999_999 * DAY),
    ],
)
def test_an_age_is_a_number_and_a_unit(written, meant):
    assert age(written) == meant


records = st.builds(
    lambda number, **fields: a_record(f"{number}", **fields),
    st.integers(0, 3),
    link=st.sampled_from([SAME, "https://b.example/"]),
    published=st.sampled_from([PUBLISHED, NOW - DAY, NOW + DAY]),
    quality=st.sampled_from([None, 10.0, 40.0]),
    heat=st.sampled_from([None, 5.0]),
    is_draft=st.booleans(),
)
libraries = st.lists(records, max_size=5, unique_by=lambda one: one.file)
rules = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["any", "draft"]),
        "min_quality": st.sampled_from([10, 40]),
        "max_age": st.just("5 days"),
        "limit": st.integers(1, 2),
        "pick": st.sampled_from(["newest", "best", "hottest"]),
        "order": st.just("updated"),
    },
)


@given(library=libraries, defaults=rules, data=st.data())
def test_the_order_of_records_is_irrelevant(library, defaults, data):
    shuffled = data.draw(st.permutations(library))
    assert a_plan(*shuffled, defaults=defaults).feeds == (
        a_plan(*library, defaults=defaults).feeds
    )


@given(library=libraries, defaults=rules)
def test_what_was_selected_is_selected_again(library, defaults):
    shown = titles(a_plan(*library, defaults=defaults))
    kept = [record for record in library if record.title in shown]
    assert titles(a_plan(*kept, defaults=defaults)) == shown
