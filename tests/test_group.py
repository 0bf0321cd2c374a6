"""Records into feeds: which groups have one, and what it is called."""

import pytest

from feeds.media import Measured
from feeds.plan import plan
from tests.builders import (
    DAY,
    NOW,
    a_config,
    a_plan,
    a_record,
    an_image,
    explained,
    feed_titles,
    paths,
    titles,
)

TOPICS = [{"path": "t/{topic}"}]
PROVIDERS = [{"path": "p/{provider}"}]
PAIRS = [{"path": "{topic}/{provider}"}]
EVERY = [{"path": "all"}, *TOPICS, *PROVIDERS, *PAIRS]


def b_record(name="two", **fields):
    return a_record(name, link=f"https://b.example/{name}", **fields)


def test_a_placeholder_makes_one_feed_for_each_group():
    planned = a_plan(
        a_record("one", topics=("AI", "CV")), b_record(topics=("AI",)), feeds=EVERY
    )
    assert {path: titles(planned, path) for path in paths(planned)} == {
        "all": ["one", "two"],
        "t/ai": ["one", "two"],
        "t/cv": ["one"],
        "p/a.example": ["one"],
        "p/b.example": ["two"],
        "ai/a.example": ["one"],
        "ai/b.example": ["two"],
        "cv/a.example": ["one"],
    }


def test_feeds_come_in_the_order_of_their_paths():
    planned = a_plan(a_record(topics=("z", "b")), feeds=EVERY)
    assert paths(planned) == sorted(paths(planned))


def test_a_record_without_topics_is_in_no_feed_of_one():
    assert paths(a_plan(a_record(), feeds=EVERY)) == ["all", "p/a.example"]


@pytest.mark.parametrize(
    "record",
    [
        {"is_draft": True},
        {"quality": 30},
        {"published": NOW + DAY},
        {"images": ()},
    ],
    ids=["draft", "too low", "of tomorrow", "without image"],
)
def test_a_group_whose_records_are_all_refused_has_no_feed(record):
    given = {"topics": ("AI",), "images": (an_image(),), **record}
    rules = {"min_quality": 40, "require_image": True}
    planned = a_plan(a_record(**given), feeds=EVERY, defaults=rules)
    assert paths(planned) == ["all"]
    assert titles(planned) == []


def test_age_only_thins_a_feed():
    planned = a_plan(
        a_record(published=NOW - 100 * DAY, topics=("AI",)),
        feeds=EVERY,
        defaults={"max_age": "90 days"},
    )
    assert paths(planned) == ["ai/a.example", "all", "p/a.example", "t/ai"]
    assert all(feed.entries == () for feed in planned.feeds)


def test_an_empty_feed_was_updated_in_2000():
    (feed,) = a_plan().feeds
    assert feed.updated.isoformat() == "2000-01-01T00:00:00+00:00"


def test_a_feed_was_updated_with_its_latest_entry():
    planned = a_plan(
        a_record("one", published=NOW - 5 * DAY, updated=NOW - DAY),
        a_record("two", published=NOW - 3 * DAY, updated=NOW + DAY),
    )
    assert planned.feeds[0].updated == NOW - DAY


def test_what_the_configuration_names_has_its_own_feeds_even_when_empty():
    planned = a_plan(
        feeds=EVERY, topics={"AI": None, "C V": {}}, providers={"www.B.example": None}
    )
    assert paths(planned) == ["all", "p/b.example", "t/ai", "t/c-v"]


def test_a_pair_needs_a_record():
    planned = a_plan(
        a_record(topics=("AI",)),
        feeds=PAIRS,
        topics={"AI": None, "CV": None},
        providers={"a.example": None, "b.example": None},
    )
    assert paths(planned) == ["ai/a.example"]


def test_what_only_names_has_a_feed_even_when_empty():
    planned = a_plan(
        feeds=[
            {"path": "t/{topic}", "only": ["AI"]},
            {"path": "p/{provider}", "only": ["www.B.example"]},
            {"path": "{topic}/{provider}", "only": ["AI", "b.example"]},
        ]
    )
    assert paths(planned) == ["p/b.example", "t/ai"]


BOTH = [
    a_record("one", topics=("AI", "CV")),
    b_record("two", topics=("AI", "Computer Vision")),
]
CV = {"Computer Vision": {"aliases": ["CV"], "slug": "vision"}}


@pytest.mark.parametrize(
    "path, choice, expected",
    [
        ("{topic}", {"only": ["ai"]}, ["ai"]),
        ("{topic}", {"only": ["cv"]}, ["vision"]),
        ("{topic}", {"except": ["CV"]}, ["ai"]),
        ("{topic}", {"only": ["AI", "CV"], "except": ["cv"]}, ["ai"]),
        ("{provider}", {"only": ["WWW.a.example"]}, ["a.example"]),
        ("{provider}", {"except": ["a.example"]}, ["b.example"]),
        (
            "{topic}/{provider}",
            {"only": ["computer vision"]},
            ["vision/a.example", "vision/b.example"],
        ),
        (
            "{topic}/{provider}",
            {"only": ["b.example"]},
            ["ai/b.example", "vision/b.example"],
        ),
        ("{topic}/{provider}", {"only": ["AI", "b.example"]}, ["ai/b.example"]),
        (
            "{topic}/{provider}",
            {"only": ["AI", "CV", "b.example"]},
            ["ai/b.example", "vision/b.example"],
        ),
        (
            "{topic}/{provider}",
            {"except": ["AI"]},
            ["vision/a.example", "vision/b.example"],
        ),
        ("{topic}/{provider}", {"except": ["CV", "a.example"]}, ["ai/b.example"]),
        (
            "{topic}/{provider}",
            {"only": ["AI"], "except": ["a.example"]},
            ["ai/b.example"],
        ),
    ],
)
def test_only_and_except_choose_the_groups(path, choice, expected):
    planned = a_plan(*BOTH, feeds=[{"path": path, **choice}], topics=CV)
    assert paths(planned) == expected


def test_only_and_except_choose_for_their_feed_alone():
    feeds = [{"path": "x/{topic}", "except": ["AI"]}, {"path": "y/{topic}"}]
    planned = a_plan(*BOTH, feeds=feeds, topics=CV)
    assert paths(planned) == ["x/vision", "y/ai", "y/vision"]


def test_a_choice_among_groups_takes_no_record_from_other_feeds():
    feeds = [{"path": "all"}, {"path": "t/{topic}", "except": ["AI", "CV"]}]
    assert titles(a_plan(*BOTH, feeds=feeds, topics=CV)) == ["one", "two"]


def test_feed_false_leaves_a_group_without_a_feed_of_its_own():
    planned = a_plan(
        *BOTH,
        feeds=[{"path": "all"}, *TOPICS, *PROVIDERS],
        topics={"AI": {"feed": False}},
        providers={"b.example": {"feed": False}},
    )
    assert paths(planned) == ["all", "p/a.example", "t/computer-vision", "t/cv"]
    assert titles(planned) == ["one", "two"]


def test_aliases_join_spellings_to_one_feed():
    planned = a_plan(*BOTH, feeds=TOPICS, topics=CV)
    assert titles(planned, "t/vision") == ["one", "two"]


def test_a_record_that_spells_a_topic_twice_is_in_its_feed_once():
    planned = a_plan(a_record(topics=("cv", "CV", "Computer Vision")), feeds=TOPICS)
    assert titles(planned, "t/cv") == ["one"]
    joined = a_plan(a_record(topics=("cv", "Computer Vision")), feeds=TOPICS, topics=CV)
    assert titles(joined, "t/vision") == ["one"]
    assert len(joined.feeds[0].entries[0].categories) == 1


def test_spellings_that_fold_alike_are_one_topic():
    records = [
        a_record(name, topics=(topic,))
        for name, topic in zip("abcd", ["AI", "ai", "ＡＩ", " Ai "], strict=True)
    ]
    assert paths(a_plan(*records, feeds=TOPICS)) == ["t/ai"]


@pytest.mark.parametrize(
    "path, title",
    [
        ("all", "Site"),
        ("t/ai", "AI: Site"),
        ("p/a.example", "Alpha: Site"),
        ("ai/a.example", "AI, Alpha: Site"),
    ],
)
def test_a_feed_has_a_title_by_default(path, title):
    planned = a_plan(a_record(topics=("AI",), provider_name="Alpha"), feeds=EVERY)
    assert feed_titles(planned)[path] == title


def test_a_title_is_a_template():
    feeds = [{"path": "{topic}/{provider}", "title": "{provider} | {topic} | {site}"}]
    planned = a_plan(a_record(topics=("{AI}",)), feeds=feeds)
    assert [feed.title for feed in planned.feeds] == ["a.example | {AI} | Site"]


def test_a_title_is_inherited_from_the_most_specific():
    planned = a_plan(
        a_record(topics=("AI", "CV")),
        b_record(),
        feeds=[
            {"path": "all", "title": "All"},
            *TOPICS,
            {"path": "p/{provider}", "title": "by {provider}"},
            *PAIRS,
        ],
        defaults={"title": "News of {site}"},
        topics={"AI": {"title": "Mind", "description": "Of minds"}},
        providers={"b.example": {"title": "Bee", "description": "Of bees"}},
    )
    assert feed_titles(planned) == {
        "ai/a.example": "News of Site",
        "all": "All",
        "cv/a.example": "News of Site",
        "p/a.example": "by a.example",
        "p/b.example": "Bee",
        "t/ai": "Mind",
        "t/cv": "News of Site",
    }


def test_a_description_is_the_sites_unless_it_is_given():
    site = {"title": "S", "url": "https://x.example/", "description": "Of all"}
    planned = a_plan(
        a_record(topics=("AI", "CV")),
        feeds=[*TOPICS, *PAIRS],
        site=site,
        topics={"AI": {"description": "About {topic}, by {site}"}},
    )
    assert {feed.path: feed.description for feed in planned.feeds} == {
        "ai/a.example": "Of all",
        "cv/a.example": "Of all",
        "t/ai": "About AI, by S",
        "t/cv": "Of all",
    }


@pytest.mark.parametrize(
    "spellings, shown",
    [
        (["AI", "Ai", "AI"], "AI"),
        (["ai", "Ai", "AI"], "AI"),
        (["b ai", "B ai", "B  AI", "b ai"], "b ai"),
    ],
    ids=["most used", "tie", "lower case"],
)
def test_a_topic_shows_as_most_records_spell_it(spellings, shown):
    records = [
        a_record(f"{number}", topics=(written,))
        for number, written in enumerate(spellings)
    ]
    (feed,) = a_plan(*records, feeds=TOPICS).feeds
    assert feed.title == f"{shown}: Site"
    assert {entry.categories for entry in feed.entries} == {(shown,)}


def test_a_provider_shows_as_most_records_name_it():
    names = ["tech", "TechStory", "TechStory", ""]
    records = [
        a_record(f"{number}", provider_name=name) for number, name in enumerate(names)
    ]
    (feed,) = a_plan(*records, feeds=PROVIDERS).feeds
    assert feed.title == "TechStory: Site"
    assert {entry.author.name for entry in feed.entries} == {"TechStory"}
    assert {entry.author.uri for entry in feed.entries} == {"https://a.example/"}


def test_a_provider_without_a_name_shows_as_its_domain():
    (feed,) = a_plan(a_record(), feeds=PROVIDERS).feeds
    assert feed.entries[0].author.name == "a.example"


def test_only_records_that_a_feed_lets_in_vote():
    planned = a_plan(
        a_record("one", topics=("AI",), provider_name="A"),
        a_record("two", topics=("ai",), provider_name="Z", is_draft=True),
        a_record("three", topics=("ai",), provider_name="Z", quality=10),
        a_record("four", topics=("ai",), provider_name="Z", published=NOW + DAY),
        feeds=[*TOPICS, *PROVIDERS],
        defaults={"min_quality": 40},
    )
    assert feed_titles(planned) == {"p/a.example": "A: Site", "t/ai": "AI: Site"}


def test_a_record_votes_once_however_many_feeds_let_it_in():
    planned = a_plan(
        a_record("one", topics=("AI", "x", "y"), quality=50),
        a_record("two", topics=("Ai",), quality=10),
        a_record("three", topics=("Ai",), quality=10),
        feeds=[*EVERY, {"path": "best", "min_quality": 40}],
    )
    assert feed_titles(planned)["t/ai"] == "Ai: Site"


def test_records_that_are_too_old_or_beyond_the_limit_vote_too():
    planned = a_plan(
        a_record("one", topics=("AI",)),
        a_record("two", topics=("ai",), published=NOW - 100 * DAY),
        a_record("three", topics=("ai",), published=NOW - 200 * DAY),
        feeds=TOPICS,
        defaults={"max_age": "150 days", "limit": 1},
    )
    assert feed_titles(planned) == {"t/ai": "ai: Site"}


def test_one_name_is_shown_in_every_feed():
    planned = a_plan(
        a_record("one", topics=("AI", "CV")),
        b_record("two", topics=("Ai",)),
        b_record("three", topics=("Ai",)),
        feeds=[*TOPICS, *PAIRS],
    )
    assert titles(planned, "t/cv") == ["one"]
    shown = {entry.categories[0] for feed in planned.feeds for entry in feed.entries}
    assert shown == {"Ai"}


def test_a_configured_name_is_shown_everywhere():
    planned = a_plan(
        a_record(topics=("cv",), provider_name="tech"),
        feeds=EVERY,
        topics={"Computer Vision": {"name": "Vision!", "aliases": ["CV"]}},
        providers={"a.example": {"name": "The A"}},
    )
    assert feed_titles(planned) == {
        "all": "Site",
        "computer-vision/a.example": "Vision!, The A: Site",
        "p/a.example": "The A: Site",
        "t/computer-vision": "Vision!: Site",
    }
    entry = planned.feeds[0].entries[0]
    assert (entry.categories, entry.author.name) == (("Vision!",), "The A")
    assert "The A" in entry.content


def test_an_empty_feed_shows_its_topic_as_the_configuration_spells_it():
    planned = a_plan(
        feeds=[*TOPICS, *PROVIDERS], topics={"A I": {}}, providers={"b.c": {}}
    )
    assert feed_titles(planned) == {"p/b.c": "b.c: Site", "t/a-i": "A I: Site"}


def test_a_configured_slug_is_the_address():
    planned = a_plan(a_record(topics=("cv",)), feeds=[*TOPICS, *PAIRS], topics=CV)
    assert paths(planned) == ["t/vision", "vision/a.example"]


def test_a_topic_whose_name_is_the_slug_of_another_makes_room():
    records = [a_record("one", topics=("Vision",)), a_record("two", topics=("CV",))]
    planned = a_plan(*records, feeds=TOPICS, topics=CV)
    assert titles(planned, "t/vision") == ["two"]
    assert len(paths(planned)) == 2


NAMES = [
    "AI",
    "A I",
    "A.I.",
    "a-i",
    "A+I",
    "C",
    "C++",
    "C#",
    "猫",
    "犬",
    "con",
    "é",
    "e",
]


def test_no_two_topics_share_an_address_on_any_system():
    planned = a_plan(a_record(topics=tuple(NAMES)), feeds=TOPICS)
    addresses = {path.lower() for path in paths(planned)}
    assert len(addresses) == len(NAMES)
    assert all(path.isascii() for path in addresses)


@pytest.mark.parametrize("name", NAMES)
def test_no_other_record_moves_a_topic(name):
    (alone,) = paths(a_plan(a_record(topics=(name,)), feeds=TOPICS))
    others = [a_record(f"{n}", topics=(other,)) for n, other in enumerate(NAMES)]
    assert alone in paths(a_plan(*others, feeds=TOPICS))


def test_a_literal_path_wins_over_the_path_of_a_group():
    planned = a_plan(
        a_record("one", topics=("AI",)),
        a_record("two"),
        feeds=[*TOPICS, {"path": "t/ai", "title": "Literal"}],
    )
    literal, group = planned.feeds
    assert (literal.path, literal.title) == ("t/ai", "Literal")
    assert group.path.startswith("t/ai-")
    assert group.title == "AI: Site"
    assert titles(planned, "t/ai") == ["one", "two"]


def test_a_group_never_takes_a_path_that_is_kept_for_later():
    planned = a_plan(a_record(topics=("Index", "feeds")), feeds=[{"path": "{topic}"}])
    assert not {"index", "feeds"} & {*paths(planned)}
    assert len(paths(planned)) == 2


def test_a_topic_and_a_provider_of_one_name_both_have_a_feed():
    record = a_record(topics=("index", "ai"), provider="index")
    other = a_record("two", provider="ai")
    planned = a_plan(record, other, feeds=[{"path": "{topic}"}, {"path": "{provider}"}])
    assert len({path.lower() for path in paths(planned)}) == 4


def test_no_record_makes_a_configuration_wrong():
    record = a_record(topics=("AI",), provider="ai")
    feeds = [{"path": "x/ai"}, {"path": "x/{topic}"}, {"path": "x/{provider}"}]
    assert len(paths(a_plan(record, feeds=feeds))) == 3


QUALITIES = [a_record(f"{n}", topics=("AI",), quality=n) for n in (10, 20, 30, 40, 50)]


@pytest.mark.parametrize(
    "path, keys, least",
    [
        ("t/ai", {"defaults": {"min_quality": 20}}, 20),
        (
            "t/ai",
            {
                "defaults": {"min_quality": 20},
                "feeds": [{"path": "t/{topic}", "min_quality": 30}],
            },
            30,
        ),
        (
            "t/ai",
            {
                "defaults": {"min_quality": 20},
                "feeds": [{"path": "t/{topic}", "min_quality": 30}],
                "topics": {"ai": {"min_quality": 10}},
            },
            10,
        ),
        (
            "p/a.example",
            {
                "feeds": [{"path": "p/{provider}", "min_quality": 30}],
                "providers": {"www.a.example": {"min_quality": 40}},
                "topics": {"AI": {"min_quality": 10}},
            },
            40,
        ),
        (
            "ai/a.example",
            {
                "feeds": [{"path": "{topic}/{provider}", "min_quality": 20}],
                "topics": {"AI": {"min_quality": 40}},
                "providers": {"a.example": {"min_quality": 50}},
            },
            40,
        ),
        (
            "ai/a.example",
            {
                "feeds": [{"path": "{topic}/{provider}", "min_quality": 20}],
                "topics": {"AI": {"limit": 40}},
                "providers": {"a.example": {"min_quality": 50}},
            },
            50,
        ),
        (
            "all",
            {
                "feeds": [{"path": "all"}],
                "topics": {"AI": {"min_quality": 50}},
                "providers": {"a.example": {"min_quality": 50}},
            },
            10,
        ),
    ],
    ids=[
        "defaults",
        "feed",
        "topic",
        "provider",
        "topic before provider",
        "provider on a pair",
        "no group",
    ],
)
def test_the_most_specific_rule_wins(path, keys, least):
    planned = a_plan(*QUALITIES, **{"feeds": TOPICS, **keys})
    assert len(titles(planned, path)) == (60 - least) // 10


def test_a_value_replaces_the_inherited_one_whole():
    planned = a_plan(
        a_record("cats", topics=("AI",)),
        a_record("dogs", topics=("AI",)),
        feeds=[
            {"path": "one"},
            {"path": "two", "words": {"none": ["cats"]}},
            {"path": "three", "words": []},
        ],
        defaults={"words": {"any": ["cats"], "none": ["mice"]}},
    )
    shown = [titles(planned, path) for path in ("one", "two", "three")]
    assert shown == [["cats"], ["dogs"], ["cats", "dogs"]]


def test_require_image_can_be_lifted():
    feeds = [{"path": "all"}, {"path": "any", "require_image": False}]
    planned = a_plan(a_record(), feeds=feeds, defaults={"require_image": True})
    assert (titles(planned), titles(planned, "any")) == ([], ["one"])


def test_each_image_switch_is_inherited_singly():
    planned = a_plan(
        a_record(topics=("AI",), images=(an_image("https://a.example/a.jpg"),)),
        feeds=[
            {"path": "{topic}/{provider}", "images": {"inline": True}},
            {"path": "all", "images": {"inline": True}},
        ],
        defaults={"images": {"enclosure": False, "inline": False}},
        topics={"AI": {"images": {"media": False}}},
        providers={"a.example": {"images": {"media": True, "enclosure": True}}},
    )
    shown = {
        feed.path: (
            entry.enclosure is not None,
            bool(entry.images),
            "<img" in entry.content,
        )
        for feed in planned.feeds
        for entry in feed.entries
    }
    assert shown == {"ai/a.example": (True, False, True), "all": (False, True, True)}


def test_presentation_is_inherited():
    planned = a_plan(
        a_record(topics=("AI", "CV")),
        feeds=TOPICS,
        site={"title": "S", "url": "https://x.example/", "language": "en"},
        formats=["atom"],
        defaults={"ttl": 60},
        topics={"AI": {"language": "de", "ttl": 5, "formats": ["rss", "rss"]}},
    )
    shown = {
        feed.path: (feed.language, feed.ttl, feed.formats) for feed in planned.feeds
    }
    assert shown == {"t/ai": ("de", 5, ("rss",)), "t/cv": ("en", 60, ("atom",))}


def test_a_feed_carries_what_the_site_says():
    site = {
        "title": "S",
        "url": "https://x.example/deep",
        "home": "https://www.x.example/",
        "id": "x.example",
        "author": {"name": "Desk", "email": "desk@x.example"},
        "copyright": "mine",
        "logo": "https://x.example/logo.png",
    }
    (feed,) = a_plan(site=site).feeds
    assert (feed.base, feed.id) == ("https://x.example/deep/", "tag:x.example,2000:all")
    assert (feed.home, feed.copyright) == ("https://www.x.example/", "mine")
    assert (feed.author.name, feed.author.email) == ("Desk", "desk@x.example")
    assert feed.logo == "https://x.example/logo.png"


def test_an_id_of_ones_own_becomes_a_uri():
    planned = a_plan(a_record("one", id="story 1"), a_record("two", id="urn:xy:2"))
    (feed,) = planned.feeds
    assert [entry.id for entry in feed.entries] == [
        "tag:feeds.example.org,2000:story%201",
        "urn:xy:2",
    ]


def test_an_entry_has_one_id_in_every_feed():
    planned = a_plan(a_record(topics=("AI",)), feeds=EVERY)
    assert {entry.id for feed in planned.feeds for entry in feed.entries} == {
        "https://a.example/one"
    }


@pytest.mark.parametrize(
    "keys, said",
    [
        (
            {"topics": {"AI": {"feed": False}}, "feeds": TOPICS},
            "t/ai: out (feed: false for AI)",
        ),
        (
            {"providers": {"a.example": {"feed": False}}, "feeds": PROVIDERS},
            "p/a.example: out (feed: false for a.example)",
        ),
        (
            {"feeds": [{"path": "{topic}", "only": ["CV"]}]},
            "ai: out (only does not name it)",
        ),
        (
            {"feeds": [{"path": "{topic}", "except": ["ai"]}]},
            "ai: out (except names it)",
        ),
    ],
    ids=["topic", "provider", "only", "except"],
)
def test_a_closed_group_is_explained(keys, said):
    assert explained(a_plan(a_record(topics=("AI",)), **keys)) == [said]


def test_the_configuration_names_the_groups_of_a_feed():
    read = a_config(feeds=[{"path": "{provider}/{topic}"}, {"path": "all"}])
    assert [read.kinds(feed) for feed in read.feeds] == [("topic", "provider"), ()]


def test_only_nobody_is_nobody():
    planned = a_plan(a_record(), feeds=[{"path": "{topic}", "only": []}])
    assert [feed.path for feed in planned.feeds] == []


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (None, (0, "image/jpeg")),
        (Measured(7), (7, "image/jpeg")),
        (Measured(0, "image/png"), (0, "image/png")),
        (Measured(7, "image/png"), (7, "image/png")),
    ],
)
def test_an_enclosure_says_what_is_known_of_the_lead_image(size, said):
    record = a_record(images=(an_image(), an_image("https://a.example/other.png")))
    sizes = {an_image().url: size, "https://a.example/other.png": Measured(9)}
    planned = plan([record], a_config(), NOW, {k: v for k, v in sizes.items() if v})
    ((entry,),) = (feed.entries for feed in planned.feeds)
    assert (entry.enclosure.length, entry.enclosure.media_type) == said
