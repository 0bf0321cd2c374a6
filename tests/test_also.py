"""Moving a feed: its address of old stays alive, and leads readers to the one of now."""

import json
import shutil
from datetime import datetime
from xml.etree import ElementTree as ET

import feedparser
import pytest
import yaml

from feeds import config
from feeds.build import Options, build
from feeds.errors import Mistake, Refused
from feeds.group import Place, addresses, check
from feeds.plan import plan
from feeds.preview import gather
from tests.builders import a_config, a_plan, a_record
from tests.site import NOW, Site
from tests.test_config import BASE, complaint
from tests.test_operations import BLOCKS

ADDRESS = "https://feeds.example.org/"
TIME = datetime.fromisoformat(NOW)
ATOM = "{http://www.w3.org/2005/Atom}"
FORMATS = ["rss", "atom", "json"]
HEAD = f"""\
site: {{title: Test, url: "{ADDRESS}"}}
records: records
formats: [rss, atom, json]
"""
BEFORE = HEAD + "feeds:\n  - path: old/all\n"
MOVED = HEAD + "feeds:\n  - {path: new, also: [old/all]}\n"
AFTER = HEAD + "feeds:\n  - path: new\n"
OLD = [f"old/all.{name}" for name in (*FORMATS, "html")]


@pytest.fixture
def site(tmp_path):
    """Build a feed at its first address."""
    site = Site(tmp_path)
    site.configure(BEFORE)
    site.write("a.md")
    site.write("b.md")
    built(site)
    return site


def built(site, **options):
    """Build, and see that what stands there is what `plan` says; give the outcome."""
    settings = config.load(site.folder / "feeds.yaml")
    outcome = build(settings, site.folder / "output", TIME, Options(**options))
    planned = plan(gather(settings, site.folder / "output").records, settings, TIME)
    expected = {one.path: one.render() for one in planned.documents()}
    assert site.output() == expected | planned.site()
    return outcome


def moved(site, text=MOVED):
    site.configure(text)
    return built(site)


def lose_state(site):
    shutil.rmtree(site.folder / ".feeds")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_document_stands_at_both_addresses(site, name):
    moved(site)
    output = site.output()
    assert output[f"old/all.{name}"] == output[f"new.{name}"]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_reader_of_the_old_address_learns_the_new_one(site, name):
    before = feedparser.parse(site.output()[f"old/all.{name}"])
    moved(site)
    after = feedparser.parse(site.output()[f"old/all.{name}"])
    links = [link.href for link in after.feed.links if link.rel == "self"]
    assert links == [f"{ADDRESS}new.{name}"]
    assert [one.id for one in after.entries] == [one.id for one in before.entries]


def test_a_json_feed_names_the_new_address(site):
    moved(site)
    assert json.loads(site.output()["old/all.json"])["feed_url"] == f"{ADDRESS}new.json"


def test_the_id_is_that_of_the_new_address(site):
    moved(site)
    root = ET.fromstring(site.output()["old/all.atom"])
    assert root.findtext(f"{ATOM}id") == "tag:feeds.example.org,2000:new"


def test_the_old_page_leads_to_the_new_one(site):
    moved(site)
    page = site.output()["old/all.html"].decode()
    assert f'<link rel="canonical" href="{ADDRESS}new.html">' in page
    assert '<meta http-equiv="refresh" content="0; url=../new.html">' in page
    assert '<a href="../new.html">' in page
    assert 'title="Test (RSS)" href="../new.rss"' in page
    assert "../feeds.css" in page
    assert "Title of" not in page


def test_the_style_of_a_document_is_found_from_both_addresses(site):
    assert b'href="../feeds.css"' in site.output()["old/all.rss"]
    moved(site)
    assert f'href="{ADDRESS}feeds.css"'.encode() in site.output()["old/all.rss"]


def test_only_the_new_address_is_listed(site):
    moved(site)
    for path in ("index.html", "feeds.opml"):
        assert b"old/all" not in site.output()[path]
    assert "old/all" not in site.run("list").out


def test_a_feed_that_moves_is_no_loss_and_counts_as_one(site):
    outcome = moved(site)
    assert (outcome.feeds_written, outcome.feeds_unchanged) == (1, 0)
    assert (outcome.feeds_removed, [*outcome.removed]) == (0, [])
    site.write("c.md")
    assert built(site).feeds_written == 1
    assert [*built(site).written] == []


def test_without_also_the_guard_would_refuse(site):
    site.configure(AFTER)
    built(site)  # one feed for another
    text = HEAD + "feeds:\n  - path: 'old/{topic}'\n"
    topics = ", ".join(f"T{number}" for number in range(12))
    site.write("a.md", topics=f"[{topics}]")
    site.configure(text)
    built(site)
    gone = text.replace("old/{topic}", "new/{topic}")
    site.configure(gone)
    with pytest.raises(Refused):
        built(site)
    assert site.build("--dry-run").code == 3
    kept = gone.replace(
        "path: 'new/{topic}'", "{path: 'new/{topic}', also: ['old/{topic}']}"
    )
    site.configure(kept)
    assert site.build("--dry-run").code == 0
    assert built(site).feeds_removed == 0


@pytest.mark.parametrize("is_lost", [False, True], ids=["state", "no state"])
def test_an_old_address_that_is_given_up_goes(site, is_lost):
    moved(site)
    site.write("c.md")
    if is_lost:
        lose_state(site)
    outcome = moved(site, AFTER)
    assert [*outcome.removed] == sorted(OLD)
    assert outcome.feeds_removed == 1
    assert outcome.feeds_written == 1


def test_without_a_state_a_copy_of_somebody_else_stays(site):
    moved(site)
    backup = site.folder / "output" / "backup"
    backup.mkdir()
    output = site.output()
    for path in OLD:
        (backup / path.partition("/")[2]).write_bytes(output[path])
    lose_state(site)
    site.configure(AFTER)
    site.build("-q")
    found = {path for path in site.output() if "all" in path}
    assert found == {f"backup/{path.partition('/')[2]}" for path in OLD}


def test_without_a_state_the_old_address_counts_as_the_last_build(site):
    moved(site)
    lose_state(site)
    assert [*built(site).written] == []


@pytest.mark.parametrize("path", OLD)
def test_what_stands_at_an_old_address_is_put_right(site, path):
    moved(site)
    file = site.folder / "output" / path
    file.write_bytes(file.read_bytes() + b" ")
    assert built(site).written == [path]


def test_a_move_is_nothing_new_to_who_reads_the_old_address(site):
    site.configure(MOVED)
    said = site.build("--dry-run").out.splitlines()
    assert [line for line in said if line.startswith("old")] == []
    assert "new: 2 new, 0 changed, 0 gone" in said


def test_the_archive_moves_along(site):
    text = HEAD + "pages: false\ndefaults: {limit: 1, archive: monthly}\nfeeds:\n"
    moved(site, text + "  - {path: new, also: [old/all]}\n")
    assert {path for path in site.output() if "@" in path} == {
        f"new@2025-01.{name}" for name in FORMATS
    }
    links = feedparser.parse(site.output()["old/all.rss"]).feed.links
    assert f"{ADDRESS}new@2025-01.rss" in [link.href for link in links]


FEEDS = [
    {"path": "t/{topic}"},
    {"path": "by/{provider}"},
    {"path": "{topic}/{provider}"},
]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(0, "ai"), ["t/ai", "t/minds", "topics/ai", "topics/minds"]),
        (Place(0, "other"), ["t/other", "topics/other"]),
        (Place(1, None, "a.example"), ["by/a.example", "by/was.example"]),
        (
            Place(2, "ai", "a.example"),
            [
                *("ai/a.example", "ai/was.example"),
                *("minds/a.example", "minds/was.example"),
            ],
        ),
        (Place(2, "x", "b.example"), ["x/b.example"]),
    ],
)
def test_an_old_slug_is_kept_wherever_its_group_has_a_feed(place, expected):
    given = a_config(
        feeds=[{**FEEDS[0], "also": ["topics/{topic}"]}, *FEEDS[1:]],
        topics={"AI": {"also": ["minds"]}},
        providers={"a.example": {"also": ["www.Was.example"]}},
    )
    assert [*addresses(place, given)] == expected


MOVES = {
    "a group from before others": (
        [{"path": "{topic}"}, {"path": "{provider}"}, {"path": "ai"}],
        [
            {"path": "t/{topic}", "also": ["{topic}"]},
            {"path": "{provider}"},
            {"path": "ai"},
        ],
    ),
    "a group from behind others": (
        [{"path": "{provider}"}, {"path": "{topic}"}],
        [{"path": "{provider}"}, {"path": "t/{topic}", "also": ["{topic}"]}],
    ),
    "all groups": (
        [{"path": "{provider}"}, {"path": "{topic}"}],
        [
            {"path": "p/{provider}", "also": ["{provider}"]},
            {"path": "t/{topic}", "also": ["{topic}"]},
        ],
    ),
    "a path that went before a group's": (
        [{"path": "t/{topic}"}, {"path": "t/ai"}],
        [{"path": "t/{topic}"}, {"path": "special", "also": ["t/ai"]}],
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVES.values(), ids=MOVES)
def test_after_a_move_every_address_is_where_it_was(before, after):
    records = [
        a_record("one", topics=("AI", "C++", "index")),
        a_record("two", link="https://localhost/2", topics=("localhost",)),
    ]
    old, new = (a_plan(*records, feeds=feeds) for feeds in (before, after))
    paths = {one.path for one in new.documents()}
    assert {one.path for one in old.documents()} <= paths


def test_a_group_that_only_records_name_gives_way_to_an_old_slug():
    planned = a_plan(
        a_record("one", topics=("Computer Vision", "CV"), provider="was.example"),
        feeds=FEEDS[:2],
        topics={"Computer Vision": {"also": ["cv"]}},
        providers={"a.example": {"also": ["was.example"]}},
    )
    owners = {
        one.path.removesuffix(".rss"): one.feed.path
        for one in planned.documents()
        if one.path.endswith(".rss")
    }
    assert owners.pop("t/cv") == "t/computer-vision"
    assert owners.pop("by/was.example") == "by/a.example"
    assert {path.partition("--")[0] for path in owners if "--" in path} == {
        "t/cv",
        "by/was-example",
    }


def test_the_move_shown_keeps_every_address():
    (shown,) = [text for language, text in BLOCKS if language == "diff"]
    lines = [(line[:1], line[1:]) for line in shown.splitlines()]
    before, after = (
        yaml.safe_load("\n".join(line for mark, line in lines if mark in {" ", sign}))
        for sign in "-+"
    )
    old, new = (
        a_plan(a_record(topics=("AI", "C++")), **keys) for keys in (before, after)
    )
    paths = {one.path for one in new.documents()}
    assert {one.path for one in old.documents()} < paths


COMPLAINTS = {
    "lone": (
        "  - {path: b, also: old}",
        '7: feeds.also: got "old", expected a list of paths',
    ),
    "another's path": (
        "  - {path: b, also: [all]}",
        '7: feeds.also: "all" is the path of the feed of line 6 already',
    ),
    "a later one's path, in capitals": (
        "  - path: b\n    also: [C]\n  - path: c",
        '8: feeds.also: "C" is the path of the feed of line 9 already',
    ),
    "its own path": (
        "  - {path: b, also: [b]}",
        '7: feeds.also: "b" is the path of the feed of line 7 already',
    ),
    "twice": (
        "  - {path: b, also: [old]}\n  - {path: c, also: [old]}",
        '8: feeds.also: "old" is the path of the feed of line 7 already',
    ),
    "another's template": (
        "  - path: 't/{topic}'\n  - {path: 'x/{topic}', also: ['t/{topic}']}",
        '8: feeds.also: "t/{topic}" is the path of the feed of line 7 already',
    ),
    "reserved": (
        "  - {path: b, also: [index]}",
        '7: feeds.also: the path "index" is that of the list of all feeds',
    ),
    "an ending": (
        "  - {path: b, also: [old.rss]}",
        '7: feeds.also: "old.rss" has an ending, expected none: each format adds its own',
    ),
    "an archive": (
        "  - {path: b, also: [all@2025-01]}",
        '7: feeds.also: "all@2025-01" holds what is no letter a-z, digit, "-", "_", "~" or'
        ' inner "."',
    ),
    "a placeholder too many": (
        "  - {path: b, also: ['t/{topic}']}",
        '7: feeds.also: got "t/{topic}", expected no placeholder, as in the path',
    ),
    "a placeholder missing": (
        "  - {path: '{topic}/{provider}', also: ['t/{topic}']}",
        '7: feeds.also: got "t/{topic}", expected {topic} and {provider} as in the path',
    ),
    "no old slug": (
        "topics:\n  AI: {also: [a b]}",
        '8: topics.AI.also: got "a b", expected letters a-z, digits, single hyphens and'
        " underscores",
    ),
    "a slug": (
        "topics:\n  AI: {slug: x}\n  ML: {also: [X]}",
        '9: topics.ML.also: "X" is the slug of "AI" already',
    ),
    "a slug that follows from a name": (
        "topics:\n  AI:\n  ML: {also: [ai]}",
        '9: topics.ML.also: "ai" is the slug of "AI" already',
    ),
    "its own slug": (
        "topics:\n  AI:\n    also: [ai]",
        '9: topics.AI.also: "ai" is the slug of "AI" already',
    ),
    "an old slug twice": (
        "topics:\n  AI: {also: [x]}\n  ML: {also: [x]}",
        '9: topics.ML.also: "x" is the slug of "AI" already',
    ),
    "a device": (
        "topics:\n  AI: {also: [con]}",
        '8: topics.AI.also: "con" is the name of a device on Windows',
    ),
    "no host": (
        "providers:\n  a.example: {also: [Tech Story]}",
        '8: providers.a.example.also: got "Tech Story", expected a host name',
    ),
    "another's host": (
        "providers:\n  a.example: {also: [b.example]}\n  b.example:",
        '8: providers.a.example.also: "b.example" is an address of "b.example" already',
    ),
    "an old host twice": (
        "providers:\n  a.example: {also: [x.example]}\n  b.example: {also: [x.example]}",
        '9: providers.b.example.also: "x.example" is an address of "a.example" already',
    ),
    "nowhere else": (
        "defaults: {also: [x]}",
        "7: defaults.also: no such key, expected one of",
    ),
}


@pytest.mark.parametrize(("extra", "message"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_a_mistake_in_also_says_where_and_what(extra, message):
    assert complaint(f"{BASE}{extra}\n").startswith(f"feeds.yaml:{message}")


TAKEN = {
    "by a path": (
        [{"path": "t/{topic}"}, {"path": "x", "also": ["t/vision"]}],
        {"topics": {"Computer Vision": {"slug": "vision"}}},
        "t/vision",
    ),
    "by a template": (
        [{"path": "all/{provider}", "also": ["t/{provider}"]}, {"path": "t/{topic}"}],
        {"topics": {"AI": {}}},
        "t/ai",
    ),
    "from a topic in only": (
        [{"path": "t/{topic}", "only": ["AI", "CV"]}],
        {"topics": {"CV": {"also": ["ai"]}}},
        "t/ai",
    ),
    "from a provider in only": (
        [{"path": "p/{provider}", "only": ["b.example"]}],
        {"providers": {"a.example": {"also": ["b.example"]}}},
        "p/b.example",
    ),
}


@pytest.mark.parametrize(("feeds", "groups", "path"), TAKEN.values(), ids=TAKEN)
def test_no_address_of_old_takes_one_that_feeds_yaml_promises(feeds, groups, path):
    settings = a_config(feeds=feeds, **groups)
    with pytest.raises(Mistake, match=f'feeds.path: "{path}" is an address of old'):
        check(settings)


@pytest.mark.parametrize(
    "groups",
    [
        {"topics": {"AI": {"feed": False}, "ML": {"also": ["ai"]}}},
        {
            "providers": {
                "a.example": {"also": ["b.example"]},
                "b.example": {"feed": False},
            }
        },
    ],
    ids=["topic", "provider"],
)
def test_the_address_of_a_group_without_a_feed_may_be_kept_alive(groups):
    assert a_config(**groups)


def test_a_mistake_is_told_before_anything_is_written(site):
    before = site.output()
    site.configure(BEFORE + "  - {path: new, also: [old/all]}\n")
    with pytest.raises(Mistake):
        built(site)
    assert site.build().code == 2
    assert site.output() == before
