"""Pages for people, and the list of all feeds: what a browser and a reader find there."""

from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from lxml import etree, html

from feeds import config
from feeds.listing import PARTS, PATHS, listing
from tests.site import CONFIG, Site
from tests.test_render import a_feed

PAGES = CONFIG.replace("pages: false\n", "formats: [rss, atom, json]\n")
NASTY = "<b>\"&amp;'</title><script>alert(1)</script>"
PICTURE = "https://img.example/p.png?a=1&b=2"


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.configure(PAGES)
    picture = f'[{{url: "{PICTURE}", width: 10, height: 20}}]'
    site.write("a.md", images=picture, excerpt="In short", topics="[AI, ML]")
    site.write("b.md", publishedDateTime="2024-05-06T00:00:00Z")
    site.build()
    return site


def page(site, name):
    return html.fromstring((site.folder / "output" / name).read_bytes())


def test_every_feed_has_a_page_and_all_are_listed(site):
    written = {name for name in site.output() if name.endswith(".html")}
    assert written == {"all.html", "topics/ai.html", "topics/ml.html", "index.html"}
    index = page(site, "index.html")
    families = {one.text.strip() for one in index.iter("h2")}
    assert families == {"Feeds", "Topics"}
    titles = [link.text for link in index.xpath("//h3/a")]
    assert titles == ["Test", "AI", "ML"]
    facts = [one.text_content() for one in index.find_class("facts")]
    assert facts[0] == "2 entries, newest 1 January 2025"
    assert facts[2] == "1 entry, newest 1 January 2025"
    assert len(index.xpath("//svg")) == 2  # one entry makes no plot


@pytest.mark.parametrize("given", ["", "  description: What it is about\n"])
def test_what_a_page_is_about_is_said_where_it_is_known(site, given):
    title = 'site: {title: Test, url: "https://feeds.example.org/"}\n'
    site.configure(
        PAGES.replace(
            title, f"site:\n  title: Test\n  url: https://feeds.example.org/\n{given}"
        )
    )
    site.build()
    for name in ("index.html", "all.html"):
        words = page(site, name).xpath("//header/p")
        said = [one.text_content() for one in words]
        assert ("What it is about" in said) == bool(given)
        assert "Test" not in said


def test_a_page_shows_its_stories(site):
    first, second = page(site, "all.html").xpath("//article")
    assert first.xpath(".//h2/a/@href") == ["https://example.org/a.md"]
    assert first.xpath(".//h2/a/text()") == ["Title of a.md"]
    (image,) = first.xpath(".//img")
    assert (image.get("src"), image.get("alt"), image.get("loading")) == (
        *(PICTURE, "", "lazy"),
    )
    assert "In short" in first.text_content()
    by = second.xpath(".//p[@class='by']")[0].text_content()
    assert by == "example.org · 6 May 2024 · AI"


@pytest.mark.parametrize("name", ["index.html", "all.html", "topics/ai.html"])
def test_a_page_leads_only_to_what_there_is(site, name):
    document = page(site, name)
    base = f"https://feeds.example.org/{name}"
    for element, attribute, link, _ in document.iterlinks():
        there = urldefrag(urljoin(base, link))[0]
        if there.startswith("https://feeds.example.org/"):
            path = there.removeprefix("https://feeds.example.org/") or "index.html"
            assert (site.folder / "output" / path).is_file(), link
        else:
            assert (element.tag, attribute) in {("a", "href"), ("img", "src")}
    assert document.xpath("//link[@rel='canonical']/@href") == [base]
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["all", "topics/ai"])
def test_a_page_declares_its_feeds(site, name):
    found = page(site, f"{name}.html").xpath("//link[@rel='alternate']")
    here = name.rpartition("/")[2]
    assert {(one.get("type"), one.get("href")) for one in found} == {
        ("application/rss+xml", f"{here}.rss"),
        ("application/atom+xml", f"{here}.atom"),
        ("application/feed+json", f"{here}.json"),
    }


def test_the_feeds_lead_to_their_page_and_style(site):
    output = site.output()
    for name in ("topics/ai.rss", "topics/ai.atom"):
        assert b'<?xml-stylesheet type="text/css" href="../feeds.css"?>' in output[name]
        links = etree.fromstring(output[name]).iter("{http://www.w3.org/2005/Atom}link")
        found = {one.get("rel"): one.get("href") for one in links}
        assert found["related"] == "https://feeds.example.org/topics/ai.html"


def test_nothing_that_is_text_becomes_markup(tmp_path):
    site = Site(tmp_path)
    quoted = NASTY.replace("'", "''")
    site.configure(PAGES.replace("title: Test", f"title: '{quoted}'"))
    site.write(title=f"'{quoted}'", excerpt=f"'{quoted}'", topics=f"['{quoted}']")
    site.build()
    shown = NASTY.replace("&amp;", "&")
    for name, content in site.output().items():
        if name.endswith((".html", ".opml")):
            assert b"<script>alert" not in content
            assert b"<b>" not in content
    assert page(site, "all.html").xpath("//article/h2/a/text()") == [shown]
    assert page(site, "index.html").xpath("//h1/text()") == [NASTY]


def test_a_page_asks_for_nothing_but_pictures_and_runs_nothing_of_its_own(site):
    for name in ("index.html", "all.html"):
        document = page(site, name)
        (policy,) = document.xpath(
            "//meta[@http-equiv='Content-Security-Policy']/@content"
        )
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not document.xpath("//@style|//style|//script[not(@src)]")
        assert not [one for one in document.xpath("//@*") if one.attrname[:2] == "on"]


def test_only_pages_that_changed_are_written(site):
    before = {
        name: (site.folder / "output" / name).stat().st_mtime_ns
        for name in site.output()
    }
    assert site.build().out.endswith("nothing changed in 3 feeds\n")
    site.write("c.md", topics="[ML]")
    site.build()
    changed = {
        name
        for name, time in before.items()
        if (site.folder / "output" / name).stat().st_mtime_ns != time
    }
    touched = {f"{feed}.{end}" for feed in ("all", "topics/ml") for end in FORMATS}
    assert changed == touched | {"index.html"}


FORMATS = ("rss", "atom", "json", "html")


@pytest.mark.parametrize("is_state_lost", [False, True])
def test_pages_can_be_turned_off(site, is_state_lost):
    if is_state_lost:
        for file in (site.folder / ".feeds").iterdir():
            file.unlink()
    (site.folder / "output" / "mine.html").write_text("<p>mine")
    site.configure(PAGES + "pages: false\n")
    assert site.build().code == 0
    left = {name for name in site.output() if not name.endswith(FORMATS[:3])}
    assert left == {"mine.html"}


@pytest.mark.parametrize("name", PATHS)
def test_what_was_removed_or_changed_by_hand_is_put_right(site, name):
    before = site.output()
    file = site.folder / "output" / name
    file.unlink()
    site.build()
    file.write_bytes(file.read_bytes() + b"x")
    site.build()
    assert site.output() == before


def test_a_topic_that_is_gone_is_listed_no_longer(site):
    site.write("a.md", topics="[AI]")
    site.build()
    assert "topics/ml.html" not in site.output()
    assert b"topics/ml" not in site.output()["index.html"]
    assert b"topics/ml" not in site.output()["feeds.opml"]


def test_opml_is_as_specified(site):
    root = etree.fromstring(site.output()["feeds.opml"])
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "Test"
    folders = {
        folder.get("text"): [dict(one.attrib) for one in folder]
        for folder in root.find("body")
    }
    assert folders["Feeds"] == [
        {
            "type": "rss",
            "text": "Test",
            "title": "Test",
            "xmlUrl": "https://feeds.example.org/all.rss",
            "htmlUrl": "https://feeds.example.org/all.html",
        }
    ]
    assert [one["text"] for one in folders["Topics"]] == ["AI: Test", "ML: Test"]


@pytest.mark.parametrize(
    ("times", "counts"),
    [
        ([], {}),
        ([7], {0: 1}),
        ([7, 7], {0: 2}),
        ([0, 12], {0: 1, PARTS - 1: 1}),
        ([0, 1, 2, 11], {0: 1, 1: 1, 2: 1, PARTS - 1: 1}),
    ],
)
def test_entries_are_counted_over_their_time(times, counts):
    found = listing(a_feed(), "Feeds", times)
    assert found.counts == tuple(counts.get(part, 0) for part in range(PARTS))
    assert (found.first, found.last) == (
        (min(times), max(times)) if times else (None, None)
    )


def test_the_starter_and_the_seeds_have_pages():
    root = Path(__file__).parent.parent
    for name in ("feeds.yaml", "feeds/starting/feeds.yaml"):
        assert config.load(root / name).pages
