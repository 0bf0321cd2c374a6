"""Complete history (RFC 5005): a reader that follows the links ends up with every story."""

import json
from datetime import datetime
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import config, publish, survey
from feeds.build import Options, build
from feeds.media import Measured
from feeds.plan import plan
from feeds.preview import gather
from feeds.render import Format
from feeds.store import Store
from feeds.write import Output
from tests.builders import a_config, a_plan, a_record, an_image, explained
from tests.site import NOW, Site
from tests.strategies import MANY_BUILDS, Desk, tree

CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
pages: false
formats: [rss, atom, json]
feeds:
  - path: all
    limit: 2
    archive: monthly
"""
ADDRESS = "https://feeds.example.org/"
TIME = datetime.fromisoformat(NOW)
FORMATS = ["rss", "atom", "json"]
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def _trust_young_files(monkeypatch):
    monkeypatch.setattr(survey, "_TICK", 0)


@pytest.fixture
def site(tmp_path):
    """Two stories a month, of four months of which one had none."""
    site = Site(tmp_path)
    site.configure(CONFIG)
    for month in (8, 9, 11, 12):
        for day in (5, 20):
            publish_on(site, f"2025-{month:02}-{day:02}")
    return site


def publish_on(site, day, **fields):
    site.write(f"{day}.md", publishedDateTime=f"{day}T10:00:00Z", **fields)


def built(site, **options):
    """Build, and see that what stands there is what `plan` says; give the outcome."""
    settings = config.load(site.folder / "feeds.yaml")
    outcome = build(settings, site.folder / "output", TIME, Options(**options))
    planned = plan(gather(settings, site.folder / "output").records, settings, TIME)
    assert site.output() == {one.path: one.render() for one in planned.documents()}
    return outcome


def written(site):
    return {path for path in built(site).written if path.endswith(".rss")}


def walked(output, path, name):
    """Subscribe, and follow the links to the end; give each document's ids."""
    follow = follow_json if name == "json" else follow_xml
    documents, address = {}, f"{ADDRESS}{path}.{name}"
    while address:
        assert address not in documents
        content = output[address.removeprefix(ADDRESS)]
        documents[address], address = follow(content, address)
    return documents


def follow_xml(content, address):
    read = feedparser.parse(content)
    assert not read.bozo
    links = {link.rel: link.href for link in read.feed.links}
    assert links["self"] == address
    return [entry.id for entry in read.entries], links.get("prev-archive")


def follow_json(content, address):
    read = json.loads(content)
    assert read["feed_url"] == address
    return [item["id"] for item in read["items"]], read.get("next_url")


@pytest.mark.parametrize("name", FORMATS)
def test_a_reader_that_follows_the_links_has_every_story_once_a_month(site, name):
    built(site)
    found = walked(site.output(), "all", name)
    months = ["all", "all@2025-11", "all@2025-09", "all@2025-08"]
    assert [*found] == [f"{ADDRESS}{month}.{name}" for month in months]
    days = ["2025-12-20", "2025-12-05", "2025-11-20", "2025-11-05", "2025-09-20"]
    days += ["2025-09-05", "2025-08-20", "2025-08-05"]
    ids = [id_ for document in found.values() for id_ in document]
    assert ids == [f"https://example.org/{day}.md" for day in days]


stories = st.fixed_dictionaries(
    {
        "title": st.just("x"),
        "webUrl": st.sampled_from([f"https://a.example/{n}" for n in range(5)]),
        "publishedDateTime": st.sampled_from(
            ["2024-12-31T23:30:00Z", "2025-01-31", "2025-02-01", "2025-02-20"]
        ),
        "published": st.just(True),
        "quality": st.sampled_from([1, 2]),
        "updatedDateTime": st.sampled_from(["2025-02-20", "2025-06-01"]),
    }
)
rules = st.fixed_dictionaries(
    {"path": st.just("all"), "archive": st.just("monthly")},
    optional={
        "limit": st.sampled_from([1, 3]),
        "max_age": st.sampled_from(["1 day", "320 days"]),
        "pick": st.sampled_from(["best", "hottest"]),
        "order": st.just("updated"),
    },
)


@settings(MANY_BUILDS, max_examples=40)
@given(rules, st.lists(stories, max_size=8), st.sampled_from(["UTC", "Europe/Vienna"]))
def test_nothing_published_is_out_of_reach(tmp_path_factory, feed, records, zone):
    site = {"title": "x", "url": ADDRESS, "timezone": zone}
    settings = {"site": site, "records": "records", "feeds": [feed]}
    library = {f"{number}.md": story for number, story in enumerate(records)}
    desk = Desk(
        tmp_path_factory.mktemp("desk"), settings | {"formats": FORMATS}, library
    )
    desk.build("-q")
    output = tree(desk.output)
    expected = {story["webUrl"] for story in records}
    for name in FORMATS:
        subscription, *archive = walked(output, "all", name).values()
        assert {*subscription}.union(*archive) == expected
        shown = [id_ for document in archive for id_ in document]
        assert len(shown) == len({*shown})  # each in one month
        assert all({*document} - {*subscription} for document in archive)
        assert len(subscription) <= feed.get("limit", 99)


def history(content):
    """Give the links of an XML document's history, and whether it is marked."""
    root = ET.fromstring(content)
    links = {one.get("rel"): one.get("href") for one in root.iter(f"{ATOM}link")}
    own = {"prev-archive", "next-archive", "current", "self"}
    return {rel: links[rel] for rel in links.keys() & own}, [*root.iter(ARCHIVE)] != []


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_an_archive_document_says_what_it_is(site, name):
    built(site)
    links, is_marked = history(site.output()[f"all@2025-09.{name}"])
    assert links == {
        "self": f"{ADDRESS}all@2025-09.{name}",
        "current": f"{ADDRESS}all.{name}",
        "prev-archive": f"{ADDRESS}all@2025-08.{name}",
    }
    assert is_marked


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_the_feed_itself_is_no_archive_and_leads_to_the_newest(site, name):
    built(site)
    links, is_marked = history(site.output()[f"all.{name}"])
    assert links == {
        "self": f"{ADDRESS}all.{name}",
        "prev-archive": f"{ADDRESS}all@2025-11.{name}",
    }
    assert not is_marked


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_the_oldest_leads_to_the_next(site, name):
    # Or the W3C's validator warns: ArchiveIncomplete.
    built(site)
    links, _is_marked = history(site.output()[f"all@2025-08.{name}"])
    assert links == {
        "self": f"{ADDRESS}all@2025-08.{name}",
        "current": f"{ADDRESS}all.{name}",
        "next-archive": f"{ADDRESS}all@2025-09.{name}",
    }


def test_the_documents_of_one_history_have_one_id(site):
    built(site)
    ids = {
        ET.fromstring(content).findtext(f"{ATOM}id")
        for path, content in site.output().items()
        if path.endswith(".atom")
    }
    assert ids == {"tag:feeds.example.org,2000:all"}


def test_a_feed_that_shows_everything_has_no_archive(site):
    site.configure(CONFIG.replace("limit: 2", "limit: 8"))
    built(site)
    assert {*site.output()} == {"all.rss", "all.atom", "all.json"}
    assert b"prev-archive" not in site.output()["all.rss"]


def test_a_running_month_that_the_limit_cuts_has_a_document_that_grows(site):
    built(site)
    publish_on(site, "2025-12-24")
    assert written(site) == {"all.rss", "all@2025-12.rss"}
    publish_on(site, "2025-12-28")
    assert written(site) == {"all.rss", "all@2025-12.rss"}
    assert len(feedparser.parse(site.output()["all@2025-12.rss"]).entries) == 4


def test_a_page_has_no_archive(site):
    site.configure(CONFIG.replace("pages: false", "pages: true"))
    build(
        config.load(site.folder / "feeds.yaml"), site.folder / "output", TIME, Options()
    )
    assert {path for path in site.output() if path.endswith(".html")} == {
        "all.html",
        "index.html",
    }


@pytest.mark.parametrize(
    ("zone", "months"),
    [
        ("UTC", ["2025-09", "2025-11"]),
        ("Europe/Vienna", ["2025-10", "2025-12"]),
        ("America/New_York", ["2025-09", "2025-11"]),
    ],
)
def test_a_month_is_that_of_the_sites_zone(site, zone, months):
    site.configure(CONFIG.replace("url:", f"timezone: {zone}, url:"))
    for file in (site.folder / "records").iterdir():
        file.unlink()
    site.write("a.md", publishedDateTime="2025-09-30T22:30:00Z")
    site.write("b.md", publishedDateTime="2025-11-30T23:30:00Z")
    site.write("c.md", publishedDateTime="2025-12-31")
    site.write("d.md", publishedDateTime="2025-12-31")
    built(site)
    found = [path for path in site.output() if path.endswith(".rss")]
    assert found == ["all.rss", *(f"all@{month}.rss" for month in months)]


def test_a_month_goes_by_the_time_that_sorts(site):
    site.configure(CONFIG + "    order: updated\n")
    publish_on(site, "2025-08-05", updatedDateTime="2025-10-02")
    built(site)
    assert "all@2025-10.rss" in site.output()


EDITS = {
    "in an old month": (
        lambda site: publish_on(site, "2025-09-05", title="New"),
        {"all@2025-09.rss"},
    ),
    "from month to month": (
        lambda site: site.write("2025-08-05.md", publishedDateTime="2025-11-30"),
        {"all@2025-08.rss", "all@2025-11.rss"},
    ),
    "a month that begins between others": (
        lambda site: publish_on(site, "2025-10-05"),
        {"all@2025-10.rss", "all@2025-11.rss"},
    ),
    "a month that begins before all": (
        lambda site: publish_on(site, "2025-01-05"),
        {"all@2025-01.rss", "all@2025-08.rss"},
    ),
    "a story of today": (
        lambda site: publish_on(site, "2025-12-31"),
        {"all.rss", "all@2025-12.rss"},
    ),
    "a double of another month": (
        lambda site: site.write(
            "double.md",
            webUrl="https://example.org/2025-08-05.md",
            publishedDateTime="2025-11-30",
            quality=99,
        ),
        {"all@2025-08.rss", "all@2025-11.rss"},
    ),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_only_the_months_that_an_edit_touches_are_written(site, edit, expected):
    built(site)
    edit(site)
    assert written(site) == expected
    assert written(site) == set()


def test_a_month_that_ends_without_stories_goes(site):
    built(site)
    for day in ("2025-09-05", "2025-09-20"):
        (site.folder / "records" / f"{day}.md").unlink()
    outcome = built(site)
    removed = {f"all@2025-09.{name}" for name in FORMATS}
    assert {*outcome.removed} == removed
    # The one after it, and the oldest, which leads to the next.
    assert {path.partition(".")[0] for path in outcome.written} == {
        "all@2025-08",
        "all@2025-11",
    }


def test_a_month_that_the_feed_shows_again_whole_has_no_document(site):
    built(site)
    for day in ("2025-12-05", "2025-12-20"):
        (site.folder / "records" / f"{day}.md").unlink()
    outcome = built(site)
    assert {*outcome.removed} == {f"all@2025-11.{name}" for name in FORMATS}
    assert {*outcome.written} == {f"all.{name}" for name in FORMATS}


def test_a_winner_that_goes_brings_its_double_of_another_month_back(site):
    site.write(
        "double.md",
        webUrl="https://example.org/2025-08-05.md",
        publishedDateTime="2025-11-30",
        quality=99,
    )
    built(site)
    (site.folder / "records" / "double.md").unlink()
    assert written(site) == {"all@2025-08.rss", "all@2025-11.rss"}


def test_what_is_old_is_neither_looked_at_nor_rendered(site, monkeypatch):
    built(site)
    looked, rendered = [], []
    replace, entries = Output.replace, Format.entries

    def noted(self, path, content):
        looked.append(path)
        return replace(self, path, content)

    def counted(self, some):
        rendered.extend(one.title for one in some)
        return entries(self, some)

    monkeypatch.setattr(Output, "replace", noted)
    monkeypatch.setattr(Format, "entries", counted)
    publish_on(site, "2025-09-05", title="New")
    settings = config.load(site.folder / "feeds.yaml")
    build(settings, site.folder / "output", TIME, Options())
    documents = {
        f"{path}.{name}" for path in ("all", "all@2025-09") for name in FORMATS
    }
    assert {*looked} == documents
    assert rendered == ["New"] * len(FORMATS)


@pytest.mark.parametrize("kept", [0, publish.KEPT])
def test_what_is_kept_at_hand_changes_no_byte(site, monkeypatch, kept):
    monkeypatch.setattr(publish, "KEPT", kept)
    built(site)
    publish_on(site, "2025-09-06")
    assert written(site) == {"all@2025-09.rss"}


@pytest.mark.parametrize("deed", ["remove", "edit"])
def test_an_archive_document_that_was_spoilt_is_put_right_alone(site, deed):
    built(site)
    file = site.folder / "output" / "all@2025-09.rss"
    file.unlink() if deed == "remove" else file.write_bytes(file.read_bytes() + b" ")
    assert built(site).written == ["all@2025-09.rss"]


def test_a_name_that_is_shown_another_way_is_so_in_the_archive(site):
    built(site)
    for day in ("01", "02", "03", "04", "06", "07", "08", "09", "10"):
        publish_on(site, f"2025-12-{day}", topics="[ai]")
    assert "all@2025-08.rss" in written(site)


@pytest.mark.parametrize("is_lost", [False, True], ids=["state", "no state"])
def test_an_archive_that_is_no_longer_wanted_goes_and_is_no_loss_of_feeds(
    site, is_lost
):
    built(site)
    if is_lost:
        Desk.lose_state(site)
    site.configure(CONFIG.replace("archive: monthly", "archive: none"))
    outcome = built(site)
    assert len(outcome.removed) == 9
    assert (outcome.feeds_removed, outcome.feeds_written) == (0, 1)


def test_feeds_are_counted_as_feeds(site):
    assert built(site).feeds_written == 1
    publish_on(site, "2025-09-05", title="New")
    outcome = built(site)
    assert (outcome.feeds_written, outcome.feeds_unchanged) == (1, 0)


def test_an_archive_is_inherited_and_can_be_refused(site):
    text = CONFIG.replace(
        "    limit: 2\n    archive: monthly\n", "  - path: '{topic}'\n"
    )
    text += "defaults: {limit: 1, archive: monthly}\ntopics: {AI: {archive: none}}\n"
    site.configure(text)
    for month in (8, 9):
        publish_on(site, f"2025-{month:02}-05", topics="[AI, ML]")
    built(site)
    archived = {path.partition("@")[0] for path in site.output() if "@" in path}
    assert archived == {"all", "ml"}


def test_no_hub_is_named_in_an_archive_or_told_of_one(site):
    hub = "https://hub.example/"
    site.configure(CONFIG + f"hubs: [{hub}]\n")
    built(site)
    feeds = {"all.rss", "all.atom", "all.json"}
    output = site.output()
    assert {path for path in output if hub.encode() in output[path]} == feeds
    refused = site.run("ping", "all@2025-09")
    assert (refused.code, "all@2025-09: no such feed" in refused.err) == (2, True)
    publish_on(site, "2025-12-31")
    built(site)
    with Store(site.folder / "feeds.yaml", site.folder / "output").untold() as untold:
        assert {*untold.hubs[hub].changes} == feeds


def test_what_is_measured_of_a_picture_is_not_in_an_archive():
    old = datetime.fromisoformat("2025-03-01T00:00:00Z")
    records = [
        a_record(name, images=(an_image(),), published=when)
        for name, when in {"a": TIME, "b": TIME, "c": old, "d": TIME}.items()
    ]
    feeds = [{"path": "all", "limit": 2, "archive": "monthly", "formats": ["rss"]}]
    known = {an_image().url: Measured(length=7, media_type="image/png")}
    settings = a_config(feeds=feeds, measure_images=True)
    lengths = {
        one.path: {entry.enclosure.length for entry in one.feed.entries}
        for one in plan(records, settings, TIME, known).documents()
    }
    assert lengths == {"all.rss": {7}, "all@2025-03.rss": {0}, "all@2026-01.rss": {0}}


def test_explain_names_the_document_that_has_a_story():
    feeds = [{"path": "all", "limit": 1, "archive": "monthly"}]
    records = [
        a_record("new"),
        a_record("old", published=datetime.fromisoformat("2025-03-01T00:00:00Z")),
        a_record("older", published=datetime.fromisoformat("2025-03-01T00:00:00Z")),
    ]
    planned = a_plan(*records, feeds=feeds)
    assert explained(planned, "new") == ["all: in (1 of 1)"]
    assert explained(planned, "older") == [
        "all: out (limit 1, it is number 3)",
        "all@2025-03: in (2 of 2)",
    ]


def test_a_dry_run_counts_what_is_new_in_an_archive(site):
    built(site)
    publish_on(site, "2025-09-05", title="New")
    result = site.build("--dry-run")
    assert result.out == "all@2025-09: 0 new, 1 changed, 0 gone\n"
    assert written(site) == {"all@2025-09.rss"}


def test_a_list_has_feeds_and_no_archive(site):
    built(site)
    assert "@" not in site.run("list").out


def test_most_records_are_not_taken_away_with_their_archive(site):
    for day in range(10, 30):
        publish_on(site, f"2025-07-{day}")
    built(site)
    before = site.output()
    for day in range(10, 30):
        (site.folder / "records" / f"2025-07-{day}.md").unlink()
    result = site.build()
    assert result.code == 3
    assert "20 of 28 records" in result.err
    assert site.output() == before
