"""What readers make of the feeds: three that others wrote."""

import html
import re
import sqlite3
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import feedparser
import pytest
from reader import make_reader

from tests.conftest import tool
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
EXCERPT = 'Use <b> & &amp;amp;, "as written" – 猫'
SHOWN = 'Use <b> & &amp;, "as written" – 猫'
FORMATS = ["rss", "atom"]


def a_story(number, **changes):
    return {
        "title": f"Story {number}",
        "webUrl": f"https://news.example/{number}?a=1&b=2",
        "publishedDateTime": f"2021-02-{number:02}T10:00:00Z",
        "published": True,
        "provider": {"name": f"Provider {number}", "domain": "news.example"},
        "topics": ["AI", "Computer Vision"],
        "excerpt": EXCERPT,
        "images": [{"url": PICTURE, "width": 10, "height": 20}],
        "related": [{"title": "Other", "webUrl": "https://other.example/"}],
        **changes,
    }


@pytest.fixture
def desk(tmp_path):
    """Three stories, built: one has an id of its own, one an update and no excerpt."""
    library = {
        "1.md": a_story(1, title="5 < 6 &amp; 7 > 5"),
        "2.md": a_story(2, id="own id"),
        "3.md": a_story(
            3, updatedDateTime="2021-03-01T00:00:00Z", excerpt="", images=[]
        ),
    }
    desk = Desk(tmp_path, CONFIGURATION, library)
    desk.build()
    return desk


@pytest.fixture(params=FORMATS)
def read(request, desk):
    """Read a feed as feedparser does."""
    found = feedparser.parse((desk.output / f"all.{request.param}").read_bytes())
    assert not found.bozo
    return found


def plain(markup):
    """Show HTML as a reader does: as text."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


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
    assert [entry.id for entry in read.entries] == [
        "https://news.example/3?a=1&b=2",
        "tag:feeds.example.org,2000:own%20id",
        "https://news.example/1?a=1&b=2",
    ]


def test_feedparser_finds_the_story_behind_the_link(read):
    links = [entry.link for entry in read.entries]
    assert links == [f"https://news.example/{number}?a=1&b=2" for number in (3, 2, 1)]


def test_feedparser_finds_titles_as_written(read):
    titles = [entry.title for entry in read.entries]
    assert titles == ["Story 3", "Story 2", "5 < 6 & 7 > 5"]


def test_feedparser_finds_authors_and_tags(read):
    # One provider has one name: that of the first in the alphabet on a tie.
    assert {entry.author for entry in read.entries} == {"Provider 1"}
    for entry in read.entries:
        assert [tag.term for tag in entry.tags] == ["AI", "Computer Vision"]


def test_feedparser_finds_the_picture(read):
    for entry in read.entries[1:]:
        (enclosure,) = entry.enclosures
        assert (enclosure.href, enclosure.type) == (PICTURE, "image/png")
        assert enclosure.length == "0"
        (media,) = entry.media_content
        assert (media["url"], media["medium"]) == (PICTURE, "image")
        assert (media["width"], media["height"]) == ("10", "20")
        assert entry.media_thumbnail[0]["url"] == PICTURE
        assert html.escape(PICTURE) in entry.content[0].value
    assert read.entries[0].enclosures == []


def test_feedparser_shows_the_excerpt_as_written(read):
    for entry in read.entries[1:]:
        assert plain(entry.summary) == SHOWN
        assert SHOWN in plain(entry.content[0].value)


def test_feedparser_finds_the_content_where_there_is_no_excerpt(read):
    (content,) = read.entries[0].content
    assert content.type == "text/html"
    assert "https://other.example/" in content.value


def test_feedparser_finds_both_times(read):
    newest = read.entries[0]
    assert newest.published_parsed[:6] == (2021, 2, 3, 10, 0, 0)
    assert newest.updated_parsed[:6] == (2021, 3, 1, 0, 0, 0)
    for entry, day in zip(read.entries[1:], (2, 1), strict=True):
        assert entry.published_parsed[:6] == (2021, 2, day, 10, 0, 0)


def edited(desk):
    """Build again after edits, of which one makes a story new."""
    desk.put("4.md", a_story(4))
    desk.put(
        "1.md",
        a_story(1, title="Another title", webUrl="http://NEWS.example/1?a=1&b=2"),
    )
    desk.put("2.md", a_story(2, id="own id", webUrl="https://news.example/moved"))
    desk.rename("3.md", "deep/c.md")
    desk.build()


@pytest.mark.parametrize("ending", FORMATS)
def test_reader_shows_exactly_the_new_stories_as_unread(ending, desk):
    with make_reader(":memory:", feed_root=str(desk.output)) as reader:
        reader.add_feed(f"all.{ending}")
        reader.update_feed(f"all.{ending}")
        entries = list(reader.get_entries())
        assert len(entries) == 3
        assert {entry.title for entry in entries} >= {"Story 3", "Story 2"}
        for entry in entries:
            reader.mark_entry_as_read(entry)
        edited(desk)
        reader.update_feed(f"all.{ending}")
        assert [one.link for one in reader.get_entries(read=False)] == [
            "https://news.example/4?a=1&b=2"
        ]
        titles = {entry.id: entry.title for entry in reader.get_entries()}
        assert titles["https://news.example/1?a=1&b=2"] == "Another title"
        assert len(titles) == 4


@pytest.mark.parametrize("ending", FORMATS)
def test_reader_finds_what_an_entry_holds(ending, desk):
    with make_reader(":memory:", feed_root=str(desk.output)) as reader:
        reader.add_feed(f"all.{ending}")
        reader.update_feed(f"all.{ending}")
        assert reader.get_feed(f"all.{ending}").title.startswith("Site &")
        newest, story, _oldest = reader.get_entries(sort="recent")
        assert story.link == "https://news.example/2?a=1&b=2"
        assert [(one.href, one.type) for one in story.enclosures] == [
            (PICTURE, "image/png")
        ]
        assert plain(story.summary) == SHOWN
        assert f"{newest.updated:%Y-%m-%d}" == "2021-03-01"
        assert f"{newest.published:%Y-%m-%d}" == "2021-02-03"


class Served(SimpleHTTPRequestHandler):
    """Serves whole files: two builds of one second have the same Last-Modified."""

    def do_GET(self):
        del self.headers["If-Modified-Since"]
        super().do_GET()

    def log_message(self, *_message): ...


@contextmanager
def served(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Newsboat:
    """One reader's newsboat, in a folder of its own."""

    def __init__(self, folder, *urls):
        self.folder = folder
        folder.mkdir()
        (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
        (folder / "config").write_text("reload-threads 1\n")

    def reload(self):
        files = ["-u", "urls", "-c", "cache", "-C", "config"]
        subprocess.run(
            [tool("newsboat"), *files, "-x", "reload"],
            cwd=self.folder,
            env={"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "no_proxy": "*"},
            check=True,
            capture_output=True,
            timeout=60,
        )
        return self.ask(
            "select guid, title, url, unread from rss_item order by pubDate"
        )

    def ask(self, question, *values):
        cache = sqlite3.connect(self.folder / "cache")
        try:
            return cache.execute(question, values).fetchall()
        finally:
            cache.close()


@pytest.mark.parametrize("ending", FORMATS)
def test_newsboat_shows_exactly_the_new_stories_as_unread(ending, desk, tmp_path):
    tool("newsboat")
    with served(desk.output) as base:
        newsboat = Newsboat(tmp_path / "newsboat", f"{base}/all.{ending}")
        first = newsboat.reload()
        cache = sqlite3.connect(newsboat.folder / "cache")
        cache.execute("update rss_item set unread = 0")
        cache.commit()
        cache.close()
        edited(desk)
        second = newsboat.reload()
    assert [guid for guid, *_rest in first] == [
        "https://news.example/1?a=1&b=2",
        "tag:feeds.example.org,2000:own%20id",
        "https://news.example/3?a=1&b=2",
    ]
    assert [(title, unread) for _guid, title, _url, unread in first] == [
        ("5 < 6 & 7 > 5", 1),
        ("Story 2", 1),
        ("Story 3", 1),
    ]
    assert [url for _guid, _title, url, _unread in first] == [
        f"https://news.example/{number}?a=1&b=2" for number in (1, 2, 3)
    ]
    assert [guid for guid, *_rest, unread in second if unread] == [
        "https://news.example/4?a=1&b=2"
    ]
    assert len(second) == 4


@pytest.mark.parametrize("ending", FORMATS)
def test_newsboat_finds_what_an_entry_holds(ending, desk, tmp_path):
    tool("newsboat")
    with served(desk.output) as base:
        newsboat = Newsboat(tmp_path / "newsboat", f"{base}/all.{ending}")
        newsboat.reload()
    assert newsboat.ask("select url, title from rss_feed") == [
        ("https://feeds.example.org/", "Site & more")
    ]
    ((author, content),) = newsboat.ask(
        "select author, content from rss_item where title = 'Story 2'"
    )
    assert author == "Provider 1"
    assert SHOWN in plain(content)
    assert html.escape(PICTURE) in content
