"""What readers make of the feeds: six that others wrote, fetching them over HTTP."""

import re
import shutil
from datetime import UTC, datetime
from html import unescape

import feedparser
import pytest
from reader import make_reader

from feeds.serve import listening
from tests.readers import READERS, Newsboat, Rss2email, Story, javascript, table
from tests.strategies import Desk

CONFIGURATION = {
    "site": {
        "title": "Site & more",
        "url": "https://feeds.example.org/",
        "language": "en",
        "author": {"name": "Desk", "email": "desk@example.org"},
    },
    "records": "records",
    "feeds": [{"path": "all"}],
}
PICTURE = "https://img.example/p.png?w=1&h=2"
LEAD = {"url": PICTURE, "width": 10, "height": 20}
OTHER_PICTURE = "https://img.example/q.png"
EXCERPT = 'Use <b> & &amp;amp;, "as written" – 猫'
SHOWN = 'Use <b> & &amp;, "as written" – 猫'

# What a reader has no place for, by the formats that it reads.
LACKS = {
    ("newsboat", "rss"): {"updated", "categories", "enclosures"},
    ("newsboat", "atom"): {"updated", "categories", "enclosures"},
    ("reader", "rss"): {"categories"},
    ("reader", "atom"): {"categories"},
    ("reader", "json"): {"categories"},
    ("rss2email", "rss"): {"published"},
    ("rss2email", "atom"): {"published"},
    ("feedparser", "rss"): set(),
    ("feedparser", "atom"): set(),
    ("feedsmith", "rss"): set(),
    ("feedsmith", "atom"): set(),
    ("feedsmith", "json"): set(),
    ("rss-parser", "rss"): {"updated"},
    ("rss-parser", "atom"): {"updated", "categories", "enclosures"},
}


def a_story(number, **changes):
    return {
        "title": f"Story {number}",
        "webUrl": f"https://news.example/{number}?a=1&b=2",
        "publishedDateTime": f"2021-02-{number:02}T10:00:00Z",
        "published": True,
        "provider": {"name": f"Provider {number}", "domain": f"p{number}.example"},
        "topics": ["AI", f"Topic {number}"],
        "excerpt": EXCERPT,
        "images": [LEAD],
        "related": [{"title": "Other", "webUrl": "https://other.example/"}],
        **changes,
    }


LIBRARY = {
    "1.md": a_story(1, title="5 < 6 &amp; 7 > 5"),
    "2.md": a_story(2, id="own id"),
    "3.md": a_story(3, updatedDateTime="2021-03-01T00:00:00Z", excerpt="", images=[]),
    "4.md": a_story(4, images=[LEAD, {"url": OTHER_PICTURE}]),
    "5.md": a_story(5, body=f"In full ![]({PICTURE})"),
}


def meant(number, **changes):
    """Give a story as a reader that kept all of it would show it."""
    link = f"https://news.example/{number}?a=1&b=2"
    published = datetime(2021, 2, number, 10, tzinfo=UTC)
    given = {
        "id": link,
        "title": f"Story {number}",
        "link": link,
        "published": published,
        "updated": published,
        "author": f"Provider {number}",
        "categories": ("AI", f"Topic {number}"),
        "enclosures": (PICTURE,),
        "content": "",
    }
    return Story(**{**given, **changes})


MEANT = [
    meant(1, title="5 < 6 & 7 > 5"),
    meant(2, id="tag:feeds.example.org,2000:own%20id"),
    meant(3, updated=datetime(2021, 3, 1, tzinfo=UTC), enclosures=()),
    meant(4),
    meant(5),
]
RETITLED = "http://news.example/1?a=1&b=2&utm_source=x"
MEANT_LATER = [
    meant(1, title="Another title", link=RETITLED),
    MEANT[1]._replace(link="https://news.example/moved"),
    MEANT[2],
    meant(4, updated=datetime(2021, 4, 1, tzinfo=UTC)),
    meant(6),
]
NEW = {meant(6).id}
# What those show then that keep a story of which the feed has no more, or never mend one.
MEANT_IN_MEMORY = {
    "newsboat": [*MEANT_LATER, MEANT[4]],
    "reader": [*MEANT_LATER, MEANT[4]],
    "rss2email": [*MEANT, meant(6)],
}


def edit(desk):
    """Make one story new, retitle one, move one, update one and remove one."""
    desk.put("1.md", a_story(1, title="Another title", webUrl=RETITLED))
    desk.put("2.md", a_story(2, id="own id", webUrl="https://news.example/moved"))
    desk.rename("3.md", "deep/c.md")
    desk.change("4.md", "updatedDateTime", "2021-04-01T00:00:00Z")
    desk.delete("5.md")
    desk.put("6.md", a_story(6))


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    """Give the output of three builds: the first, after edits, and with all put back."""
    folder = tmp_path_factory.mktemp("editions")
    formats = ["rss", "atom", "json"]
    desk = Desk(folder, {**CONFIGURATION, "formats": formats}, LIBRARY)

    def built(number):
        desk.build()
        return shutil.copytree(desk.output, folder / str(number))

    first = built(1)
    edit(desk)
    second = built(2)
    desk.put("5.md", LIBRARY["5.md"])
    desk.lose_state()
    return first, second, built(3)


@pytest.fixture(scope="module")
def first(editions):
    return editions[0]


@pytest.fixture(scope="module")
def loopback():
    """Let no proxy come between."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        yield


@pytest.fixture(scope="module", params=LACKS, ids="-".join)
def polls(request, editions, loopback, tmp_path_factory):
    """Give a reader, its format, and what it saw of each of the three builds."""
    name, ending = request.param
    with listening(0) as server, server.answering(editions[0]):
        folder = tmp_path_factory.mktemp(name)
        reader = READERS[name](folder, f"{server.address}all.{ending}")
        seen = []
        for server.folder in editions:
            seen.append(reader.poll())
    return request.param, seen


def shown(polls, number):
    """Give what a reader shows, but for its text."""
    _, seen = polls
    return {
        key: story._replace(content="") for key, story in seen[number].stories.items()
    }


def kept(polls, stories):
    """Leave out what a reader has no place for."""
    gone = dict.fromkeys(LACKS[polls[0]])
    return {story.id: story._replace(**gone) for story in stories}


def test_a_reader_shows_every_story_as_meant(polls):
    assert shown(polls, 0) == kept(polls, MEANT)


def test_a_reader_shows_the_picture_once_in_the_text(polls):
    first = polls[1][0].stories
    pictures = {key: story.pictures for key, story in first.items()}
    assert pictures == {
        story.id: () if story == MEANT[2] else (PICTURE,) for story in MEANT
    }


def test_a_reader_shows_the_text_as_written(polls):
    first = polls[1][0].stories
    for story in (MEANT[0], MEANT[1], MEANT[3]):
        assert SHOWN in first[story.id].text
    assert "In full" in first[MEANT[4].id].text
    # Without an excerpt, there are still the related stories.
    assert "https://other.example/" in first[MEANT[2].id].content


def test_exactly_the_new_story_is_unread_after_a_rebuild(polls):
    _, seen = polls
    assert seen[0].unread == {story.id for story in MEANT}
    assert seen[1].unread == NEW


def test_a_story_that_was_removed_does_not_come_back_as_new(polls):
    _, seen = polls
    assert seen[2].unread == set()
    assert seen[2].stories.keys() == {story.id for story in [*MEANT, *MEANT_LATER]}


def test_a_reader_shows_what_was_changed(polls):
    (name, _), _ = polls
    assert shown(polls, 1) == kept(polls, MEANT_IN_MEMORY.get(name, MEANT_LATER))


@pytest.mark.parametrize("name", READERS)
def test_the_table_of_readers_says_what_they_keep(name):
    """`docs/readers.md`: yes, no, or the formats that it is kept of."""
    row = table("reader", "version")[name]
    lacks = {
        NAMES[ending]: gone for (one, ending), gone in LACKS.items() if one == name
    }
    assert row["formats"] == ", ".join(lacks)
    for column, field in COLUMNS.items():
        found = [ending for ending in lacks if field not in lacks[ending]]
        said = "yes" if len(found) == len(lacks) else ", ".join(found) or "no"
        assert row[column] == said


NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON"}
COLUMNS = {
    "published": "published",
    "updated": "updated",
    "topics": "categories",
    "enclosure": "enclosures",
}


@pytest.fixture(params=["rss", "atom"])
def read(request, first):
    """Read a feed as feedparser does."""
    found = feedparser.parse((first / f"all.{request.param}").read_bytes())
    assert not found.bozo
    return found


def test_feedparser_finds_the_feed(read):
    feed = read.feed
    assert feed.title in {"Site & more", "Site &amp; more"}
    assert (feed.link, feed.language) == ("https://feeds.example.org/", "en")
    assert feed.author_detail == {"name": "Desk", "email": "desk@example.org"}
    assert feed.generator == "feeds"
    ending = {"rss20": "rss", "atom10": "atom"}[read.version]
    links = {link.rel: link.href for link in feed.links}
    assert links["self"] == f"https://feeds.example.org/all.{ending}"
    assert feed.updated_parsed[:6] == (2021, 3, 1, 0, 0, 0)


def test_feedparser_finds_entries_newest_first(read):
    assert [entry.id for entry in read.entries] == [one.id for one in reversed(MEANT)]


def test_feedparser_finds_what_is_said_of_a_picture(read):
    several, none, *_rest = read.entries[1:]
    (enclosure,) = several.enclosures
    assert (enclosure.href, enclosure.type) == (PICTURE, "image/png")
    assert enclosure.length == "0"
    assert [media["url"] for media in several.media_content] == [PICTURE, OTHER_PICTURE]
    (lead, _other) = several.media_content
    assert (lead["medium"], lead["width"], lead["height"]) == ("image", "10", "20")
    assert [one["url"] for one in several.media_thumbnail] == [PICTURE]
    assert not {"media_content", "media_thumbnail"} & none.keys()


def test_feedparser_shows_the_excerpt_as_written(read):
    for entry in (read.entries[0], *read.entries[3:]):
        assert unescape(re.sub("<[^>]*>", "", entry.summary)) == SHOWN


@pytest.fixture
def listed(loopback, tmp_path):
    """Serve a site with its list of all feeds, where it says that it is served."""
    with listening(0) as server:
        site = {**CONFIGURATION["site"], "url": server.address}
        feeds = [{"path": "all"}, {"path": "topics/{topic}"}]
        changes = {"site": site, "feeds": feeds, "pages": True}
        desk = Desk(tmp_path, {**CONFIGURATION, **changes}, LIBRARY)
        desk.build()
        with server.answering(desk.output):
            yield server.address, desk.output / "feeds.opml"


def feeds_of(address):
    """Give the number of entries of every feed, by its address."""
    topics = {f"{address}topics/topic-{number}.rss": 1 for number in range(1, 6)}
    return {f"{address}all.rss": 5, f"{address}topics/ai.rss": 5, **topics}


def test_newsboat_imports_the_list_and_fetches_all_feeds(listed, tmp_path):
    address, file = listed
    newsboat = Newsboat(tmp_path)
    newsboat.run("-i", file)
    newsboat.run("-x", "reload")
    titles = dict(newsboat.ask("select rssurl, title from rss_feed"))
    assert titles.keys() == feeds_of(address).keys()
    assert titles[f"{address}all.rss"] == "Site & more"
    # It has one place for an id: a story is in that of its feeds which was fetched last.
    # https://github.com/newsboat/newsboat/issues/898
    links = newsboat.ask("select url from rss_item")
    assert sorted(links) == [(story.link,) for story in MEANT]


def test_reader_imports_the_list_and_fetches_all_feeds(listed):
    address, file = listed
    with make_reader(":memory:") as reader:
        with file.open("rb") as opened:
            reader.import_feeds(opened)
        reader.update_feeds()
        assert reader.get_feed(f"{address}all.rss").title.startswith("Site &")
        found = {
            feed.url: reader.get_entry_counts(feed=feed).total
            for feed in reader.get_feeds()
        }
    assert found == feeds_of(address)


def test_rss2email_imports_the_list(listed, tmp_path):
    address, file = listed
    rss2email = Rss2email(tmp_path)
    rss2email.run("opmlimport", file)
    configured = (tmp_path / "rss2email.cfg").read_text()
    found = re.findall(r"^url = (.*)$", configured, re.MULTILINE)
    assert set(found) == feeds_of(address).keys()


def test_a_javascript_parser_finds_the_list_in_folders(listed):
    address, _file = listed
    outlines = javascript("opml", f"{address}feeds.opml")["body"]["outlines"]
    folders = {one["text"]: one["outlines"] for one in outlines}
    assert list(folders) == ["Feeds", "Topics"]
    found = {one["xmlUrl"] for folder in folders.values() for one in folder}
    assert found == feeds_of(address).keys()
    (whole,) = folders["Feeds"]
    assert (whole["type"], whole["title"]) == ("rss", "Site & more")
