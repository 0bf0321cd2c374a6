"""The addresses of feeds: an address once given is a promise."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.path import Paths, flaw, host, is_device, slug
from feeds.text import fold

DEVICES = ["con", "prn", "aux", "nul", "com0", "com1", "com9", "lpt1", "lpt9"]
NAMES = st.text(alphabet="aAc C+#/.-_é猫😀", min_size=1, max_size=6)


def topic(name, *taken):
    return slug(fold(name), frozenset(taken))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C", "c"),
        ("AI", "ai"),
        ("2020", "2020"),
        ("Computer Vision", "computer-vision"),
        ("x" * 60, "x" * 60),
        ("C++", "c--3g7tf5ikvly2"),
        ("C#", "c--jyinu45f653g"),
        ("AI/ML", "ai-ml--nyeyc6siexgj"),
        ("a-b", "a-b--a3vhvjoqu4hj"),
        ("..", "topic--gtyifarreycg"),
        ("人工智能", "ren-gong-zhi-neng--mogurjfzscoi"),
        ("😀", "topic--6xyix27cfltx"),
        ("x" * 300, f"{'x' * 60}--ck2ttqok3fdb"),
        ("Café", "cafe--k532fpjrsll6"),
        ("con", "con--yhmgjpioidsx"),
        ("NUL", "nul--2gc62i6cc4ee"),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_a_slug_once_given_is_a_promise(name, expected):
    assert topic(name) == expected


@pytest.mark.parametrize(
    "spellings",
    [("AI", "ai", "ＡＩ", " Ai "), ("Straße", "STRASSE"), ("Café", "CAFE\u0301")],
    ids=["case", "sharp s", "composition"],
)
def test_spellings_of_one_topic_have_one_slug(spellings):
    assert len({topic(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["C", "C++", "C#", "C-", "C.", "C/", ".C", "C_", "(C)", "¢"],
        ["AI/ML", "AI ML", "AI-ML", "AI.ML", "AI--ML", "AIML"],
        [".", "..", "...", "/", "//", "😀", "😁", "-", "--", "!"],
        ["e", "é", "è", "ê", "е"],
        ["x" * 60, "x" * 61, "x" * 300, "x" * 299],
        ["topic", "topic -", "-topic"],
        ["人工智能", "人工智慧", "ren gong zhi neng"],
    ],
    ids=[
        "C",
        "AI/ML",
        "nothing in ASCII",
        "accents",
        "long",
        "the stand-in",
        "Chinese",
    ],
)
def test_names_that_differ_have_slugs_that_differ(names):
    assert len({topic(name) for name in names}) == len(names)


@given(st.sets(NAMES.map(fold).filter(bool), min_size=2, max_size=4))
def test_no_two_topics_share_a_slug(names):
    assert len({slug(name) for name in names}) == len(names)


@given(NAMES | st.text(min_size=1, max_size=5) | st.sampled_from(DEVICES))
def test_a_slug_is_safe_on_every_system(name):
    made = topic(name)
    assert re.fullmatch(r"[a-z0-9]+(?:--?[a-z0-9]+)*", made, re.ASCII)
    assert len(made) <= 100
    assert not is_device(made)


@given(NAMES.map(fold).filter(bool), st.frozensets(st.sampled_from(["a", "c", "a-c"])))
def test_a_slug_of_the_configuration_is_left_to_its_topic(name, taken):
    assert slug(name, taken) not in taken


def test_a_topic_whose_slug_is_taken_keeps_another_for_good():
    assert topic("vision", "vision") == topic("vision", "vision", "other")
    assert topic("vision", "vision") != "vision"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("techstory.in", "techstory.in"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("under_score.example", "under_score.example"),
        ("1.2.3.4", "1.2.3.4"),
        ("localhost", "localhost"),
    ],
)
def test_a_domain_is_its_own_path(domain, expected):
    assert host(domain) == expected


@pytest.mark.parametrize(
    "domain",
    [
        *["con", "con.example", "nul.example", "site.rss", "site.xml", "::1"],
        ".".join(["x" * 60] * 4),
    ],
)
def test_a_domain_that_is_no_safe_name_takes_a_digest(domain):
    made = host(domain)
    assert re.fullmatch(r"[a-z0-9-]+--[a-z2-7]{12}", made)
    assert not is_device(made)


def test_no_two_providers_share_a_path():
    domains = ["con", "con.example", "::1", "1", "site.rss", "site-rss"]
    assert len({host(domain) for domain in domains}) == len(domains)


@pytest.mark.parametrize("domain", ["con", "nul", "::1", "site.rss"])
def test_no_provider_can_take_the_path_of_another(domain):
    assert host(host(domain)) != host(domain)


@pytest.mark.parametrize("name", [*DEVICES, "CON", "Nul", "con.example", "aux.rss"])
def test_a_device_of_windows_is_known_whatever_its_ending(name):
    assert is_device(name)


@pytest.mark.parametrize("name", ["cone", "acon", "com", "com10", "lpt", "console", ""])
def test_what_only_looks_like_a_device_is_none(name):
    assert not is_device(name)


@pytest.mark.parametrize(
    "template",
    [
        "all",
        "All_News",
        "topics/{topic}",
        "{topic}",
        "by-{topic}",
        "{topic}/{provider}",
        "a/b/c",
        "v1.2/all",
        "~desk/all",
    ],
)
def test_a_good_path_has_no_flaw(template):
    assert flaw(template) is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{topic", '"{" is no placeholder, expected {topic} or {provider}'),
        ("{}", '"{}" is no placeholder, expected {topic} or {provider}'),
        ("{site}", "{site} is not known in a path, expected {topic} or {provider}"),
        ("", "an empty part, expected no slash at the ends and none doubled"),
        ("/all", "an empty part, expected no slash at the ends and none doubled"),
        ("all/", "an empty part, expected no slash at the ends and none doubled"),
        ("a//b", "an empty part, expected no slash at the ends and none doubled"),
        ("..", '".." holds what is no letter a-z, digit, "-", "_", "~" or inner "."'),
        (
            "a/../b",
            '".." holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        ("a/.", '"." holds what is no letter a-z, digit, "-", "_", "~" or inner "."'),
        (
            ".all",
            '".all" holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        (
            "all.",
            '"all." holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        ("ü", '"ü" holds what is no letter a-z, digit, "-", "_", "~" or inner "."'),
        ("a b", '"a b" holds what is no letter a-z, digit, "-", "_", "~" or inner "."'),
        (
            "a\\b",
            '"a\\b" holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        ("all.rss", '"all.rss" has an ending, expected none: each format adds its own'),
        ("nul/all", '"nul" is the name of a device on Windows'),
        (
            "{topic}-{provider}",
            '"{topic}-{provider}" has two placeholders, expected one between two slashes',
        ),
    ],
)
def test_a_bad_path_is_told_why(template, expected):
    assert flaw(template) == expected


def test_a_template_is_filled_in():
    paths = Paths(("all", "topics/{topic}", "topics/{topic}/{provider}"))
    assert paths.path(0, {}) == "all"
    assert paths.path(1, {"topic": "ai"}) == "topics/ai"
    both = {"topic": "ai", "provider": "techstory.in"}
    assert paths.path(2, both) == "topics/ai/techstory.in"


@pytest.mark.parametrize(
    ("templates", "literal"),
    [
        (("{topic}", "ai"), "ai"),
        (("ai", "{topic}"), "ai"),
        (("{topic}", "AI"), "AI"),
    ],
    ids=["after it", "before it", "but for its case"],
)
def test_a_literal_path_wins_and_the_group_takes_a_suffix(templates, literal):
    paths = Paths(templates)
    assert paths.path(templates.index(literal), {}) == literal
    grouped = paths.path(templates.index("{topic}"), {"topic": "ai"})
    assert re.fullmatch(r"ai--[a-z2-7]{12}", grouped)


@pytest.mark.parametrize("name", ["index", "feeds"])
def test_a_group_never_takes_a_path_kept_for_later(name):
    assert Paths(("{topic}",)).path(0, {"topic": name}) != name
    assert Paths(("x/{topic}",)).path(0, {"topic": name}) == f"x/{name}"


def test_a_path_does_not_depend_on_templates_it_cannot_meet():
    alone = Paths(("topics/{topic}",)).path(0, {"topic": "ai"})
    among = Paths(("all", "{provider}", "topics/{topic}", "x/{topic}"))
    assert among.path(2, {"topic": "ai"}) == alone


def test_a_suffix_is_never_that_of_another_topic():
    paths = Paths(("topics/vision", "topics/{topic}"))
    configured = paths.path(1, {"topic": "vision"})
    left_over = paths.path(1, {"topic": topic("vision", "vision")})
    assert configured != left_over


TEMPLATES = [
    *["all", "Vision", "topics/vision", "{topic}", "{provider}", "x-{topic}"],
    *[
        "topics/{topic}",
        "topics/{provider}",
        "{topic}/{provider}",
        "{provider}/{topic}",
    ],
]
GROUPS = {
    "topic": [
        slug(fold(name)) for name in ["Vision", "all", "C", "C++", "index", "con"]
    ],
    "provider": [host(name) for name in ["a.example", "vision", "all", "con", "index"]],
}


@given(st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=5, unique=True))
def test_no_two_feeds_share_a_path(templates):
    paths = Paths(tuple(templates))
    made = []
    for index, template in enumerate(templates):
        kinds = re.findall(r"\{(\w+)\}", template)
        for values in product(*(GROUPS[kind] for kind in kinds)):
            made.append(
                paths.path(index, dict(zip(kinds, values, strict=True))).lower()
            )
    assert len(set(made)) == len(made)
    assert not {"index", "feeds"} & set(made)
