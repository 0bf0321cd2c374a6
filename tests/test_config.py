"""feeds.yaml: what a good one comes to, and the exact complaint about each bad one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import validate

from feeds import config, shape
from feeds.errors import Mistake
from tests.builders import a_config

ROOT = Path(__file__).parent.parent
EXAMPLE = """\
site:
  title: Machine Vision Watch
  url: https://feeds.example.org/     # where output/ is served: every feed's own address is built on it
  home: https://www.example.org/      # the website behind the feeds (default: url)
  id: feeds.example.org               # goes into tag: ids; never change it (default: the host of url)
  description: Computer-vision news, by topic and by provider
  language: en
  author: {name: Example Desk, email: desk@example.org}
  copyright: ...
  logo: https://www.example.org/logo.png
  timezone: UTC

records: seeds                        # a folder, a glob, or a list of them; relative to this file
output: output
formats: [rss, atom]

defaults:                             # every feed starts from these
  status: published                   # published | draft | any
  min_quality: 40
  limit: 50

feeds:                                # a placeholder in the path makes one feed for each group
  - path: all
  - path: topics/{topic}
    title: "{topic}: {site}"
  - path: providers/{provider}
  - path: topics/{topic}/{provider}

topics:                               # what one topic changes, wherever it has a feed
  Computer Vision:
    name: Machine vision              # display name
    slug: vision
    min_quality: 50
    aliases: [CV, computer-vision]
providers:
  techstory.in: {name: TechStory}     # overrides the records' unreliable names
  spam.example: {feed: false}         # no feed of its own
"""  # noqa: E501
# Six lines: what a test adds starts on the seventh.
BASE = """\
site:
  title: Site
  url: https://feeds.example.org/
records: records
feeds:
  - path: all
"""
RULES = (
    "status, min_quality, min_heat, max_age, limit, pick, order, require_image, topics, "
    "providers, categories, types, words, title, description, language, formats, ttl, "
    "related, images, archive"
)


def parse(text):
    return config.parse(text, Path("feeds.yaml"))


def complaint(text):
    with pytest.raises(Mistake) as caught:
        parse(text)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_example_means_what_it_says():
    read = parse(EXAMPLE)
    assert read.site == config.Site(
        title="Machine Vision Watch",
        url="https://feeds.example.org/",
        home="https://www.example.org/",
        id="feeds.example.org",
        description="Computer-vision news, by topic and by provider",
        language="en",
        author=shape.Author(name="Example Desk", email="desk@example.org"),
        copyright="...",
        logo="https://www.example.org/logo.png",
    )
    assert (read.zone, read.sources, read.output) == (UTC, ("seeds",), "output")
    assert read.base == shape.Rules(
        status="published", min_quality=40, limit=50, formats=("rss", "atom")
    )
    assert [(feed.path, feed.title) for feed in read.feeds] == [
        ("all", None),
        ("topics/{topic}", "{topic}: {site}"),
        ("providers/{provider}", None),
        ("topics/{topic}/{provider}", None),
    ]
    assert read.topics == {
        "computer vision": shape.Topic(
            name="Machine vision",
            slug="vision",
            min_quality=50,
            aliases=("CV", "computer-vision"),
        )
    }
    assert read.providers == {
        "techstory.in": shape.Provider(name="TechStory"),
        "spam.example": shape.Provider(feed=False),
    }


def test_the_example_fits_the_schema():
    validate(yaml.safe_load(EXAMPLE), json.loads(shape.schema()))


@pytest.mark.parametrize("file", ["feeds.yaml", "feeds/starting/feeds.yaml"])
def test_our_own_configurations_are_without_mistakes(file):
    assert config.load(ROOT / file).feeds


def test_what_is_left_out_has_a_default():
    read = parse(BASE)
    assert read.site.home == read.site.url
    assert read.site.id == "feeds.example.org"
    assert read.site.author == shape.Author(name="Site")
    assert (read.zone, read.output, read.base.formats) == (
        UTC,
        "output",
        ("rss", "atom"),
    )


def test_a_key_without_a_value_is_left_out():
    read = parse(f"{BASE}defaults:\n  limit:\ntopics:\nproviders:\n  a.example:\n")
    assert read.base == parse(BASE).base
    assert read.topics == {}
    assert read.providers == {"a.example": shape.Provider()}


@pytest.mark.parametrize(
    "url", ["https://x.example/deep", "https://x.example/deep/"], ids=["bare", "slash"]
)
def test_the_address_of_the_output_ends_in_a_slash(url):
    assert a_config(site={"title": "x", "url": url}).site.url == (
        "https://x.example/deep/"
    )


def test_a_zone_is_that_of_dates_without_one():
    read = parse(BASE.replace("records:", "  timezone: Europe/Vienna\nrecords:", 1))
    noon = datetime(2026, 1, 1, 12, tzinfo=read.zone)
    assert noon.astimezone(UTC).hour == 11


def test_sources_may_be_a_list():
    assert a_config(records=["a", "b/*.md"]).sources == ("a", "b/*.md")


@pytest.mark.parametrize("written", ["no", "false", "off", '"false"'])
def test_a_flag_may_be_written_in_any_usual_way(written):
    read = parse(f"{BASE}topics:\n  AI: {{feed: {written}}}\n")
    assert read.topics["ai"].feed is False


def test_numbers_in_texts_stay_as_they_are_written():
    read = parse(BASE.replace("title: Site", "title: 1.10") + "topics: {2020: }\n")
    assert read.site.title == "1.10"
    assert read.topic_names == ["2020"]


@pytest.mark.parametrize(
    "spelling",
    ["Computer Vision", "computer   vision", "ＣＶ", "cv", "Computer-Vision"],
)
def test_aliases_join_spellings_to_one_topic(spelling):
    assert parse(EXAMPLE).topic(spelling) == "computer vision"


def test_a_topic_may_have_any_name():
    read = parse(f"{BASE}topics:\n  secured: {{min_quality: 5}}\n")
    assert read.topics == {"secured": shape.Topic(min_quality=5)}


@pytest.mark.parametrize(
    "extra, message",
    [
        (
            "title: x",
            '7: title: no such key here; did you mean "title" under "defaults"?',
        ),
        (
            "min_quality: 3",
            '7: min_quality: no such key here; did you mean "min_quality" under "defaults"?',
        ),
        ("feed: []", '7: feed: no such key; did you mean "feeds"?'),
        (
            "zzzz: 3",
            "7: zzzz: no such key, expected one of site, records, feeds, fields, output,"
            " max_record_size, pages, measure_images, hubs, cache_seconds,"
            " formats, defaults, topics, providers",
        ),
        (
            "measure_image: true",
            '7: measure_image: no such key; did you mean "measure_images"?',
        ),
        (
            "defaults: {measure_images: true}",
            "7: defaults.measure_images: no such key here;"
            ' did you mean "measure_images" at the top level?',
        ),
        (
            "  - path: b\n    pages: false",
            '8: feeds.pages: no such key here; did you mean "pages" at the top level?',
        ),
        (
            "defaults:\n  limt: 3",
            '8: defaults.limt: no such key; did you mean "limit"?',
        ),
        (
            "defaults:\n  min-quality: 3",
            '8: defaults.min-quality: no such key; did you mean "min_quality"?',
        ),
        (
            "defaults:\n  maxAge: 3 days",
            '8: defaults.maxAge: no such key; did you mean "max_age"?',
        ),
        (
            "defaults: {only: [a]}",
            f"7: defaults.only: no such key, expected one of {RULES}",
        ),
        (
            "defaults:\n  images: {inlin: true}",
            '8: defaults.images.inlin: no such key; did you mean "inline"?',
        ),
        (
            "defaults:\n  topics:\n    al: [AI]",
            '9: defaults.topics.al: no such key; did you mean "all"?',
        ),
        (
            "  - path: b\n    limits: 3",
            '8: feeds.limits: no such key; did you mean "limit"?',
        ),
        (
            "topics:\n  AI:\n    alias: [x]",
            '9: topics.AI.alias: no such key; did you mean "aliases"?',
        ),
        (
            "providers:\n  a.example:\n    slug: a",
            "9: providers.a.example.slug: no such key, expected one of"
            f" {RULES}, name, feed, also",
        ),
    ],
    ids=lambda value: value.replace("\n", " ") if ": no" not in value else "",
)
def test_an_unknown_key_names_its_neighbour(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


def test_a_typo_in_site_names_its_neighbour():
    text = BASE.replace("  title:", "  langauge: en\n  title:")
    assert complaint(text) == (
        'feeds.yaml:2: site.langauge: no such key; did you mean "language"?'
    )


def test_the_secret_of_records_is_no_key_here():
    assert complaint(f"{BASE}secured: x\n").startswith(
        "feeds.yaml:7: secured: no such key"
    )


def test_the_time_that_documents_may_be_kept_is_counted_in_seconds():
    assert parse(BASE).cache_seconds is None
    assert parse(f"{BASE}cache_seconds: 300\n").cache_seconds == 300
    assert complaint(f"{BASE}cache_seconds: soon\n") == (
        'feeds.yaml:7: cache_seconds: got "soon", expected a whole number, 1 or more'
    )


def test_an_address_is_as_good_as_a_folder():
    read = parse(
        BASE.replace("records: records", "records: [here, 's3://bucket/news/*.md']")
        + "output: s3://bucket/feeds/\n"
    )
    assert read.sources == ("here", "s3://bucket/news/*.md")
    assert read.output == "s3://bucket/feeds/"


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("2048", 2048),
        ("4096 B", 4096),
        ("512 KiB", 512 << 10),
        ("2MiB", 2 << 20),
        ("1 KiB", 1 << 10),
        ("16 MiB", 16 << 20),
    ],
)
def test_the_size_of_a_record_is_in_bytes_or_a_unit(written, size):
    assert parse(BASE).max_record_size == 1 << 20
    assert parse(f"{BASE}max_record_size: {written}\n").max_record_size == size


@pytest.mark.parametrize("written", ["many", "-1", "1.5", "1 GiB", "1 kb", "[1]"])
def test_what_is_no_size_is_a_mistake(written):
    said = complaint(f"{BASE}max_record_size: {written}\n")
    assert said.startswith("feeds.yaml:7: max_record_size: got ")
    assert said.endswith('expected bytes, or a size such as "512 KiB" or "2 MiB"')


@pytest.mark.parametrize("written", ["0", "1023", "16777217", "17 MiB", "999999999MiB"])
def test_a_size_has_bounds(written):
    said = complaint(f"{BASE}max_record_size: {written}\n")
    assert said == (
        f'feeds.yaml:7: max_record_size: got "{written}", expected 1 KiB to 16 MiB'
    )


def test_pictures_are_measured_only_where_that_is_said():
    assert parse(BASE).measure_images is False
    assert parse(f"{BASE}measure_images: yes\n").measure_images is True
    assert complaint(f"{BASE}measure_images: sizes\n") == (
        'feeds.yaml:7: measure_images: got "sizes", expected true or false'
    )


@pytest.mark.parametrize("path", ["index", "feeds", "Index"])
def test_a_reserved_path_is_taken(path):
    assert complaint(f"{BASE}  - path: {path}\n") == (
        f'feeds.yaml:7: feeds.path: the path "{path}" is that of the list of all feeds'
    )


@pytest.mark.parametrize(
    "key, value, got, expected",
    [
        ("limit", "0", '"0"', "a whole number, 1 or more"),
        ("limit", "-1", '"-1"', "a whole number, 1 or more"),
        ("limit", "1.5", '"1.5"', "a whole number, 1 or more"),
        ("limit", "many", '"many"', "a whole number, 1 or more"),
        ("limit", "true", '"true"', "a whole number, 1 or more"),
        ("ttl", "0", '"0"', "a whole number, 1 or more"),
        ("min_quality", "high", '"high"', "a number"),
        ("min_quality", ".nan", '".nan"', "a number"),
        ("min_heat", "[1]", "a list", "a number"),
        ("max_age", "90", '"90"', 'an age such as "90 days" or "12 hours"'),
        ("max_age", "90 dayz", '"90 dayz"', 'an age such as "90 days" or "12 hours"'),
        (
            "status",
            "publish",
            '"publish"',
            'published, draft or any; did you mean "published"?',
        ),
        ("pick", "bets", '"bets"', 'newest, best or hottest; did you mean "best"?'),
        ("order", "newest", '"newest"', "published or updated"),
        ("require_image", "maybe", '"maybe"', "true or false"),
        ("related", "maybe", '"maybe"', "true or false"),
        (
            "topics",
            "AI",
            '"AI"',
            "a list of names, or a mapping of any, all and none",
        ),
        ("title", "[x]", "a list", "text"),
        ("title", '""', '""', "text"),
        ("description", "{x: y}", "a mapping", "text"),
        (
            "language",
            "english!",
            '"english!"',
            'a language tag such as "en" or "pt-BR"',
        ),
        ("formats", "rss", '"rss"', "a list of rss, atom and json"),
        ("formats", "[]", "an empty list", "a list of rss, atom and json"),
        ("images", "true", '"true"', "a mapping"),
        ("archive", "true", '"true"', "monthly or none"),
        (
            "archive",
            "montly",
            '"montly"',
            'monthly or none; did you mean "monthly"?',
        ),
    ],
)
def test_a_rule_of_the_wrong_type_says_what_is_expected(key, value, got, expected):
    assert complaint(f"{BASE}defaults:\n  {key}: {value}\n") == (
        f"feeds.yaml:8: defaults.{key}: got {got}, expected {expected}"
    )


@pytest.mark.parametrize(
    "extra, message",
    [
        ("defaults: x", '7: defaults: got "x", expected a mapping'),
        ("topics: [AI]", "7: topics: got a list, expected a mapping"),
        ("topics:\n  AI: x", '8: topics.AI: got "x", expected a mapping'),
        (
            "providers:\n  a.b: []",
            "8: providers.a.b: got an empty list, expected a mapping",
        ),
        (
            "hubs: https://x.org",
            '7: hubs: got "https://x.org", expected a list of http or https addresses',
        ),
        (
            "hubs: [ws://x.org]",
            '7: hubs: got "ws://x.org", expected an http or https address',
        ),
        (
            "hubs:\n  - {url: x}",
            "8: hubs: got a mapping, expected an http or https address",
        ),
        ("hubs:\n  - ''", '8: hubs: got "", expected an http or https address'),
        (
            "hubs: ['https://u:p@x.org/']",
            "7: hubs: expected an address without user and #",
        ),
        (
            "hubs: ['https://x.org/#x']",
            "7: hubs: expected an address without user and #",
        ),
        (
            "hubs:\n  - https://x.org/\n  - https://x.org/",
            '9: hubs: "https://x.org/" is given twice',
        ),
        ("output: [a]", "7: output: got a list, expected text"),
        ("  - all", '7: feeds: got "all", expected a mapping'),
        ("  - path:\n    limit: 3", "7: feeds.path: missing, expected text"),
        ("  - limit: 3", "7: feeds.path: missing, expected text"),
        ("  - path: [a]", "7: feeds.path: got a list, expected text"),
        (
            "  - path: x/{topic}\n    only: AI",
            '8: feeds.only: got "AI", expected a list of names',
        ),
        (
            "topics:\n  AI: {aliases: ML}",
            '8: topics.AI.aliases: got "ML", expected a list of names',
        ),
        (
            "topics:\n  AI: {feed: perhaps}",
            '8: topics.AI.feed: got "perhaps", expected true or false',
        ),
        (
            "defaults: {words: {any: cat}}",
            '7: defaults.words.any: got "cat", expected a list of names',
        ),
        (
            "topics:\n  AI: {slug: a b}",
            '8: topics.AI.slug: got "a b", expected letters a-z, digits, single hyphens'
            " and underscores",
        ),
    ],
    ids=lambda value: value.replace("\n", " ") if ", exp" not in value else "",
)
def test_a_wrong_type_says_what_is_expected(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "extra, at",
    [
        ("formats: [{rss: atom}]", "formats"),
        ("defaults: {words: [[a]]}", "defaults.words"),
        ("topics: {AI: {aliases: [{a: b}]}}", "topics.AI.aliases"),
        ("  - {path: 'x/{topic}', only: [[AI]]}", "feeds.only"),
    ],
    ids=["formats", "words", "aliases", "only"],
)
def test_a_list_in_a_list_is_a_mistake_like_any_other(extra, at):
    assert complaint(f"{BASE}{extra}\n").startswith(f"feeds.yaml:7: {at}: got")


def test_a_wrong_item_of_a_list_is_named():
    said = complaint(f"{BASE}formats: [rss, atm]\n")
    assert said == (
        'feeds.yaml:7: formats: got "atm", expected rss, atom or json;'
        ' did you mean "atom"?'
    )


def test_a_home_folder_has_to_be_written_out():
    text = BASE.replace("records: records", "records: [here, ~/news]")
    assert complaint(f"{text}output: ~/feeds\n").splitlines() == [
        'feeds.yaml:4: records: got "~/news", expected a path without ~',
        'feeds.yaml:7: output: got "~/feeds", expected a path without ~',
    ]
    assert parse(f"{BASE}output: ./~/feeds\n").output == "./~/feeds"


def test_a_long_value_is_cut_in_its_complaint():
    said = complaint(f"{BASE}pages: {'x' * 5000}\n")
    assert said == (f'feeds.yaml:7: pages: got "{"x" * 60}...", expected true or false')


@pytest.mark.parametrize(
    "before, after, message",
    [
        ("  title: Site\n", "", "1: site.title: missing, expected text"),
        (
            "  url: https://feeds.example.org/\n",
            "",
            "1: site.url: missing, expected an http or https address",
        ),
        (
            "records: records\n",
            "",
            "1: records: missing, expected a folder, a glob, or a list of them",
        ),
        (
            "records: records\n",
            "records: []\n",
            "4: records: got an empty list, expected a folder, a glob, or a list of them",
        ),
        (
            "feeds:\n  - path: all\n",
            "",
            "1: feeds: missing, expected a list of feeds",
        ),
        (
            "feeds:\n  - path: all\n",
            "feeds: []\n",
            "5: feeds: got an empty list, expected a list of feeds",
        ),
        (
            "feeds:\n  - path: all\n",
            "feeds:\n  path: all\n",
            "5: feeds: got a mapping, expected a list of feeds",
        ),
        (
            "https://feeds.example.org/",
            "feeds.example.org",
            '3: site.url: got "feeds.example.org", expected an http or https address',
        ),
        (
            "https://feeds.example.org/",
            "ftp://feeds.example.org/",
            '3: site.url: got "ftp://feeds.example.org/", expected an http or https'
            " address",
        ),
        (
            "https://feeds.example.org/",
            "https://feeds.example.org/?a=1",
            "3: site.url: expected an address without user, ? and #",
        ),
        (
            "records: records\n",
            "  home: nowhere\nrecords: records\n",
            '4: site.home: got "nowhere", expected an http or https address',
        ),
        (
            "records: records\n",
            "  logo: data:image/png\nrecords: records\n",
            '4: site.logo: got "data:image/png", expected an http or https address',
        ),
        (
            "records: records\n",
            "  id: A B\nrecords: records\n",
            '4: site.id: got "A B", expected a host name or e-mail address in lower case',
        ),
        (
            "records: records\n",
            "  author: {name: Desk, email: desk}\nrecords: records\n",
            '4: site.author.email: got "desk", expected an e-mail address',
        ),
        (
            "records: records\n",
            "  author: {email: desk@example.org}\nrecords: records\n",
            "4: site.author.name: missing, expected text",
        ),
        (
            "records: records\n",
            "  author: Desk\nrecords: records\n",
            '4: site.author: got "Desk", expected a mapping',
        ),
        (
            "records: records\n",
            "  timezone: Europe/Berln\nrecords: records\n",
            '4: site.timezone: got "Europe/Berln", expected a time zone such as'
            ' Europe/Berlin; did you mean "Europe/Berlin"?',
        ),
    ],
    ids=lambda value: "" if ", exp" in value else value.strip().replace("\n", " "),
)
def test_the_site_and_what_is_required_are_checked(before, after, message):
    assert before in BASE
    assert complaint(BASE.replace(before, after)) == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "path, message",
    [
        ("/all", "an empty part, expected no slash at the ends and none doubled"),
        ("all/", "an empty part, expected no slash at the ends and none doubled"),
        ("a//b", "an empty part, expected no slash at the ends and none doubled"),
        (
            "../x",
            '".." holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        (
            "a b",
            '"a b" holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        (
            "a\\b",
            '"a\\b" holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        (
            ".hidden",
            '".hidden" holds what is no letter a-z, digit, "-", "_", "~" or inner "."',
        ),
        (
            "all.rss",
            '"all.rss" has an ending, expected none: each format adds its own',
        ),
        ("nul", '"nul" is the name of a device on Windows'),
        (
            "{topics}",
            "{topics} is not known in a path, expected {topic} or {provider}",
        ),
        ("{site}", "{site} is not known in a path, expected {topic} or {provider}"),
        ("{topic", '"{" is no placeholder, expected {topic} or {provider}'),
        ("{}", '"{}" is no placeholder, expected {topic} or {provider}'),
        (
            "{topic}-{provider}",
            '"{topic}-{provider}" has two placeholders, expected one between two slashes',
        ),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_a_bad_path_says_why(path, message):
    assert complaint(f"{BASE}  - path: '{path}'\n") == (
        f"feeds.yaml:7: feeds.path: {message}"
    )


@pytest.mark.parametrize(
    "extra, message",
    [
        (
            "  - path: x\n    title: '{topic}'",
            "8: feeds.title: {topic} is not known here, expected {site}",
        ),
        (
            "  - path: '{provider}'\n    description: '{topic}'",
            "8: feeds.description: {topic} is not known here, expected {provider}, {site}",
        ),
        (
            "  - path: x\n    title: '{sit}'",
            "8: feeds.title: {sit} is not known here, expected {site}",
        ),
        (
            "  - path: x\n    title: 50 {",
            '8: feeds.title: "{" is no placeholder, expected {site}',
        ),
        (
            "topics:\n  AI: {title: '{provider}'}",
            "8: topics.AI.title: {provider} is not known here, expected {site}, {topic}",
        ),
        (
            "providers:\n  a.example: {title: '{topic}'}",
            "8: providers.a.example.title: {topic} is not known here, expected"
            " {provider}, {site}",
        ),
        (
            "defaults:\n  title: '{name}'",
            "8: defaults.title: {name} is not known here, expected {provider}, {site},"
            " {topic}",
        ),
        (
            "defaults:\n  title: a {",
            '8: defaults.title: "{" is no placeholder, expected {provider}, {site}, {topic}',
        ),
        (
            "defaults:\n  title: '{topic}'",
            '8: defaults.title: {topic} is not known to the feed "all", give it its own'
            " title",
        ),
    ],
    ids=[
        "literal",
        "provider",
        "typo",
        "brace",
        "topic's",
        "provider's",
        "defaults",
        "defaults brace",
        "inherited",
    ],
)
def test_a_bad_template_says_why(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "extra, message",
    [
        (
            "  - path: all",
            '7: feeds.path: "all" is the path of the feed of line 6 already',
        ),
        (
            "  - path: ALL",
            '7: feeds.path: "ALL" is the path of the feed of line 6 already',
        ),
        (
            "  - path: t/{topic}\n  - limit: 5\n    path: t/{topic}",
            '9: feeds.path: "t/{topic}" is the path of the feed of line 7 already',
        ),
        (
            "topics:\n  A: {slug: x}\n  B: {slug: x}",
            '9: topics.B.slug: "x" is the slug of "A" already',
        ),
        (
            "topics:\n  A: {slug: x}\n  B:\n    slug: X",
            '10: topics.B.slug: "X" is the slug of "A" already',
        ),
        (
            "topics:\n  A: {slug: com1}",
            '8: topics.A.slug: "com1" is the name of a device on Windows',
        ),
        ("topics:\n  AI:\n  ai:", '9: topics.ai: "ai" is a spelling of "AI" already'),
        (
            "topics:\n  AI: {aliases: [ML]}\n  ml:",
            '9: topics.ml: "ml" is a spelling of "AI" already',
        ),
        (
            "topics:\n  AI: {aliases: [ML]}\n  Vision: {aliases: [ml]}",
            '9: topics.Vision.aliases: "ml" is a spelling of "AI" already',
        ),
        ("topics:\n  '':", "8: topics.: an empty name, expected a topic"),
        (
            "providers:\n  a.example:\n  www.A.example:",
            '9: providers.www.A.example: "a.example" is given twice',
        ),
        (
            "providers:\n  Tech Story:",
            '8: providers.Tech Story: got "Tech Story", expected a host name',
        ),
    ],
    ids=[
        "path",
        "path in capitals",
        "template",
        "slug",
        "slug in capitals",
        "device",
        "topic",
        "alias of before",
        "alias twice",
        "no name",
        "provider",
        "no host",
    ],
)
def test_what_must_differ_does(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "extra, message",
    [
        ("records: b", "7: records: given twice"),
        ("defaults:\n  limit: 1\n  limit: 2", "9: limit: given twice"),
        ("topics:\n  AI:\n  AI:", "9: AI: given twice"),
        ("  - {path: a, path: b}", "7: path: given twice"),
    ],
    ids=["top", "rule", "topic", "feed"],
)
def test_a_key_is_given_once(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "extra, message",
    [
        (
            "  - path: b\n    only: [AI]",
            "8: feeds.only: chooses among groups, expected a path with {topic} or"
            " {provider}",
        ),
        (
            "  - path: b\n    except: [AI]",
            "8: feeds.except: chooses among groups, expected a path with {topic} or"
            " {provider}",
        ),
        (
            "  - path: '{provider}'\n    only: [Tech Story]",
            '8: feeds.only: got "Tech Story", expected a host name',
        ),
        (
            "defaults:\n  providers: {none: [Tech Story]}",
            '8: defaults.providers: got "Tech Story", expected a host name',
        ),
    ],
    ids=["only", "except", "only host", "providers"],
)
def test_names_must_be_able_to_match(extra, message):
    assert complaint(f"{BASE}{extra}\n") == f"feeds.yaml:{message}"


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: 1\nb: ]", "2: not YAML: did not find expected node content"),
        (
            "a:\n\tb: 1",
            "2: not YAML: found character that cannot start any token;"
            " indent by spaces, not tabs, and quote a text that begins with @, % or `",
        ),
        (
            "a: b: c",
            "1: not YAML: mapping values are not allowed in this context;"
            ' quote a text that holds ": ", and align the keys of a mapping',
        ),
        (
            "a: 1\nb: 'it's'",
            "2: not YAML: did not find expected key;"
            " align the keys of a mapping, and double a quote inside quotes",
        ),
        (
            "a: 1\nb\nc: 2",
            "2: not YAML: could not find expected ':'; end a key in \": \"",
        ),
        (
            'a: 1\nb: "x\nc: 2\n',
            "2: not YAML: found unexpected end of stream; close the quote",
        ),
        ("a: *b", "1: an alias to nothing"),
        ("a: !!python/object:os.system {}", "1: a tag, expected plain YAML"),
        ("- a", "1: got a list, expected a mapping"),
        ("text", '1: got "text", expected a mapping'),
        ("a: 1\n---\nb: 2", "2: a second document, expected one"),
    ],
    ids=[
        "bracket",
        "tab",
        "colon",
        "quote",
        "key",
        "open quote",
        "alias",
        "tag",
        "list",
        "text",
        "two documents",
    ],
)
def test_what_is_no_mapping_of_yaml_is_said_with_its_line(text, message):
    assert complaint(text) == f"feeds.yaml:{message}"


def test_an_empty_file_lacks_all_that_is_required():
    assert complaint("# nothing yet\n").splitlines() == [
        "feeds.yaml:1: feeds: missing, expected a list of feeds",
        "feeds.yaml:1: records: missing, expected a folder, a glob, or a list of them",
        "feeds.yaml:1: site: missing, expected a mapping",
    ]


def test_every_mistake_is_said_at_once_in_the_order_of_lines():
    extra = "defaults:\n  limit: 0\n  status: all\ntopcis: {}\n"
    assert complaint(BASE + extra).splitlines() == [
        'feeds.yaml:8: defaults.limit: got "0", expected a whole number, 1 or more',
        'feeds.yaml:9: defaults.status: got "all", expected published, draft or any',
        'feeds.yaml:10: topcis: no such key; did you mean "topics"?',
    ]


def test_mistakes_of_all_kinds_are_said_at_once():
    told = complaint(
        "site: {title: Test, url: x, timezone: CEST, languag: en}\n"
        "records: ~/news\n"
        "feeds:\n"
        "  - {path: all, limt: 3}\n"
        "  - {path: 'a b', limit: 0}\n"
        "  - {path: all, only: [AI], title: '{topc}'}\n"
        "topics:\n"
        "  AI: {slug: x, aliases: 5, feed: 7}\n"
        "  ML: {slug: x}\n"
    )
    lines = [one.partition(": ")[0] for one in told.splitlines()]
    assert [*dict.fromkeys(lines)] == [f"feeds.yaml:{n}" for n in (1, 2, 4, 5, 6, 8, 9)]
    for what in (
        *("site.url: got", "site.timezone: got", "site.languag: no such key"),
        *("records: got", "feeds.limt: no such key", "feeds.path: ", "feeds.title: "),
        *("feeds.limit: got", "feeds.only: chooses", "topics.AI.feed: got"),
        "topics.ML.slug: ",
    ):
        assert what in told


@pytest.mark.parametrize("broken", ["{title: a}", "[]", "{path: 5, limt: 3}", "5"])
def test_a_feed_that_is_none_moves_no_mistake_to_another_line(broken):
    text = BASE.partition("feeds:")[0]
    first = text.count("\n") + 2
    feeds = ["{path: 'b c'}", broken, "{path: all, only: [x]}"]
    told = complaint(text + "feeds:\n" + "".join(f"  - {one}\n" for one in feeds))
    lines = {int(one.split(":")[1]): one for one in told.splitlines()}
    assert first + 1 in lines
    assert all("only" in one for line, one in lines.items() if line == first + 2)
    assert all("b c" in one for line, one in lines.items() if line == first)


def test_a_file_is_read_with_its_byte_order_mark(tmp_path):
    file = tmp_path / "feeds.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert config.load(file).folder == tmp_path


def test_a_file_that_is_no_utf_8_is_said_with_its_line(tmp_path):
    file = tmp_path / "feeds.yaml"
    file.write_bytes(b"site:\n  title: caf\xe9\n")
    with pytest.raises(Mistake) as caught:
        config.load(file)
    assert str(caught.value) == f"{file}:2: not UTF-8, expected UTF-8 text"


def test_a_missing_file_is_said_by_name(tmp_path):
    with pytest.raises(Mistake) as caught:
        config.load(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory"
    )
