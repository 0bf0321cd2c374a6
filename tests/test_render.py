"""Feeds into bytes: what feedgen writes, but for what it gets wrong."""

import json
import locale
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.feed import EMPTY, Enclosure, Entry, Feed, Image, Person, Related, filled
from feeds.render import FORMATS, atom, documents, rss
from feeds.render.generator import item
from feeds.render.xml import styled

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
MEDIA = "{http://search.yahoo.com/mrss/}"

PICTURE = "https://a.example/p.jpg?w=1&h=2"
OTHER = Related(title="Other & <more>", link="https://b.example/", provider="B")
HUBS = ("https://hub.example.org/?a=1&b=2", "http://127.0.0.1:8080/hub")
DAY = datetime(2021, 2, 16, 3, 47, tzinfo=UTC)

texts = st.sampled_from(
    [
        "x",
        "</item>",
        "</entry>\n",
        "<item>",
        "]]>",
        "&lt;",
        "\t\u2028 ",
        "5 < 6",
        "Größe",
        "@0@ 100 % %s \"so'",
        "1000000000",
        "a\r\nb",
    ]
)
times = st.sampled_from([DAY, DAY + timedelta(hours=1), EMPTY])
people = st.builds(
    Person,
    name=texts,
    uri=st.sampled_from([None, "https://b.example/"]),
    email=st.sampled_from([None, "desk@example.org"]),
)
pictures = st.builds(
    Image,
    url=st.sampled_from([PICTURE, "https://b.example/q"]),
    width=st.sampled_from([None, 10]),
    height=st.sampled_from([None, 20]),
)
entries = st.builds(
    Entry,
    id=st.sampled_from(["https://a.example/1", "tag:example.org,2000:x"]),
    title=texts,
    link=st.just("https://a.example/1"),
    published=times,
    updated=times,
    summary=texts | st.just(""),
    content=texts,
    author=people,
    categories=st.lists(texts, max_size=2).map(tuple),
    enclosure=st.none()
    | st.builds(
        Enclosure,
        url=st.just(PICTURE),
        media_type=st.just("image/jpeg"),
        length=st.sampled_from([0, 7]),
    ),
    images=st.lists(pictures, max_size=2).map(tuple),
    related=st.lists(st.just(OTHER), max_size=2).map(tuple),
)
shells = st.builds(
    Feed,
    base=st.just("https://feeds.example.org/"),
    path=st.just("all"),
    id=st.just("tag:example.org,2000:all"),
    title=texts,
    description=texts,
    home=st.just("https://www.example.org/"),
    author=people,
    language=st.sampled_from([None, "en"]),
    copyright=st.none() | texts,
    logo=st.sampled_from(
        [
            None,
            "https://www.example.org/a%20l.png",
            "https://www.example.org/l.svg",
            "https://www.example.org/@3@?a=1&b=2",
            "https://www.example.org/1000000000.ico",
        ]
    ),
    ttl=st.sampled_from([None, 60]),
    formats=st.sampled_from([("rss", "atom", "json"), ("rss", "atom", "json", "html")]),
    hubs=st.sampled_from([(), HUBS[:1], HUBS]),
    also=st.sampled_from([(), ("old", "older/all")]),
    older=st.sampled_from([None, "all@2021-01"]),
    newer=st.sampled_from([None, "all@2021-03"]),
    current=st.sampled_from([None, "all"]),
)
feeds = st.builds(filled, shells, st.lists(entries, max_size=3))


def an_entry(**changes):
    entry = {
        "id": "https://a.example/1",
        "title": "A title",
        "link": "https://a.example/1",
        "published": DAY,
        "updated": DAY,
        "summary": "A summary",
        "content": "<p>The content</p>",
        "author": Person(name="A", uri="https://a.example/"),
        "categories": ("AI",),
        "enclosure": Enclosure(url=PICTURE, media_type="image/jpeg"),
        "images": (Image(url=PICTURE, width=10, height=None),),
        "related": (OTHER,),
    }
    return Entry(**{**entry, **changes})


def a_feed(*entries, **changes):
    feed = {
        "base": "https://feeds.example.org/",
        "path": "topics/ai",
        "id": "tag:example.org,2000:topics/ai",
        "title": "AI & more",
        "description": "About it",
        "home": "https://www.example.org/",
        "author": Person(name="Desk", email="desk@example.org"),
        "language": "en",
        "copyright": "© nobody",
        "logo": "https://www.example.org/logo.png",
        "ttl": 60,
        "formats": ("rss", "atom", "json"),
    }
    return filled(Feed(**{**feed, **changes}), entries)


def written(feed):
    """Render the documents of a feed, by format."""
    return {
        one.path.rpartition(".")[2]: one.render()
        for one in documents([feed])
        if one.address == feed.path
    }


def channel(*entries, **changes):
    return ET.fromstring(written(a_feed(*entries, **changes))["rss"])[0]


@pytest.mark.parametrize("hubs", [(), HUBS], ids=["none", "two"])
@pytest.mark.parametrize("page", [(), ("html",)], ids=["alone", "with a page"])
def test_a_feed_names_its_hubs_beside_itself(hubs, page):
    changes = {"hubs": hubs, "formats": ("rss", "atom", "json", *page)}
    found, feed = channel(**changes), atom_feed(**changes)
    for ending, tree in (("rss", found), ("atom", feed)):
        links = tree.findall(f"{ATOM}link")
        named = [(one.get("rel"), one.get("href")) for one in links]
        assert [href for rel, href in named if rel == "hub"] == [*hubs]
        (itself,) = [href for rel, href in named if rel == "self"]
        assert itself == f"https://feeds.example.org/topics/ai.{ending}"
    assert found.find("link").text == "https://www.example.org/"
    assert json.loads(written(a_feed(**changes))["json"]).get("hubs", []) == [
        {"type": "WebSub", "url": hub} for hub in hubs
    ]


def rss_item(**changes):
    return channel(an_entry(**changes)).find("item")


def atom_feed(*entries, **changes):
    return ET.fromstring(written(a_feed(*entries, **changes))["atom"])


def atom_entry(**changes):
    return atom_feed(an_entry(**changes)).find(f"{ATOM}entry")


@pytest.mark.parametrize("name", ["rss", "atom"])
@given(feed=feeds)
def test_entries_written_alone_make_the_document_feedgen_writes_whole(name, feed):
    written_by_us = written(feed)[name]
    self_link = f"{feed.base}{feed.path}{FORMATS[name].suffix}"
    whole = {"rss": rss, "atom": atom}[name].shell(feed, self_link)
    for entry in feed.entries:
        whole.add_entry(item(entry), order="append")
    assert written_by_us == styled(getattr(whole, f"{name}_str")(pretty=True), feed)


@pytest.mark.parametrize("name", FORMATS)
@given(feed=feeds)
def test_a_document_is_cut_into_the_fragments_of_its_entries(name, feed):
    feed = replace(feed, formats=(name,))
    fragments = FORMATS[name].entries(feed.entries)
    assert FORMATS[name].cut(written(feed)[name]) == fragments
    assert fragments == [FORMATS[name].entries([one])[0] for one in feed.entries]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("document", [b"", b"\n", b"<rss/>", b"<item>", b"<entry>"])
def test_what_holds_no_entry_has_no_fragments(name, document):
    assert FORMATS[name].cut(document) == []


@pytest.mark.parametrize("name", FORMATS)
def test_entries_are_as_many_as_there_were(name):
    entries = [an_entry(title=f"Number {n}") for n in range(250)]
    fragments = FORMATS[name].entries(entries)
    assert len(fragments) == 250
    assert all(
        one.title.encode() in fragment
        for one, fragment in zip(entries, fragments, strict=True)
    )
    assert FORMATS[name].entries([]) == []


@given(feed=feeds)
def test_equal_feeds_are_equal_bytes(feed):
    assert written(feed) == written(feed)


def test_rendering_leaves_the_locale_alone(monkeypatch):
    changes = []
    monkeypatch.setattr(locale, "setlocale", lambda *to: changes.append(to))
    written(a_feed(an_entry()))
    assert not changes


@given(
    when=st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31)).map(  # noqa: DTZ001
        lambda when: when.replace(tzinfo=UTC, microsecond=0)
    )
)
def test_dates_are_those_of_rfc_822_and_rfc_3339(when):
    entry = an_entry(published=when, updated=when)
    channel, feed = channel_and_feed(entry)
    for found in (channel.find("item/pubDate"), channel.find("lastBuildDate")):
        assert found.text == format_datetime(when)
        assert parsedate_to_datetime(found.text) == when
    for name in ("published", "updated"):
        found = feed.find(f"{ATOM}entry/{ATOM}{name}")
        assert datetime.fromisoformat(found.text) == when
    assert datetime.fromisoformat(feed.findtext(f"{ATOM}updated")) == when


def channel_and_feed(entry):
    return channel(entry), atom_feed(entry)


def test_a_feed_was_updated_when_its_newest_entry_was():
    later = DAY + timedelta(days=1)
    entries = [an_entry(updated=later), an_entry(id="https://a.example/2")]
    assert channel(*entries).findtext("lastBuildDate") == format_datetime(later)
    assert atom_feed(*entries).findtext(f"{ATOM}updated") == later.isoformat()


def test_an_empty_feed_was_updated_in_2000():
    assert channel().findtext("lastBuildDate") == "Sat, 01 Jan 2000 00:00:00 +0000"
    assert atom_feed().findtext(f"{ATOM}updated") == "2000-01-01T00:00:00+00:00"


def test_an_update_is_told_in_rss_only_where_it_is_later():
    assert rss_item().find(f"{ATOM}updated") is None
    later = rss_item(updated=DAY + timedelta(seconds=1))
    assert later.findtext(f"{ATOM}updated") == "2021-02-16T03:47:01+00:00"
    assert later.findtext("pubDate") == format_datetime(DAY)


def test_atom_links_keep_every_attribute():
    enclosure = Enclosure(url=PICTURE, media_type="image/webp", length=7)
    links = [
        link.attrib for link in atom_entry(enclosure=enclosure).iter(f"{ATOM}link")
    ]
    assert sorted(links, key=lambda link: link["rel"]) == [
        {"rel": "alternate", "href": "https://a.example/1", "type": "text/html"},
        {"rel": "enclosure", "href": PICTURE, "type": "image/webp", "length": "7"},
        {"rel": "related", "href": "https://b.example/", "title": "Other & <more>"},
    ]


def test_the_enclosure_of_rss_is_the_same():
    enclosures = [one.attrib for one in rss_item().iter("enclosure")]
    assert enclosures == [{"url": PICTURE, "type": "image/jpeg", "length": "0"}]


@pytest.mark.parametrize("find", [rss_item, atom_entry])
def test_an_entry_without_enclosure_has_none(find):
    found = find(enclosure=None, images=(), related=())
    assert found.find("enclosure") is None
    assert [one.get("rel") for one in found.iter(f"{ATOM}link")] in ([], ["alternate"])
    assert not [one for one in found if one.tag.startswith(MEDIA)]


@pytest.mark.parametrize("find", [rss_item, atom_entry])
def test_all_pictures_are_media_and_the_first_is_the_thumbnail(find):
    second = Image(url="https://b.example/q", width=None, height=20)
    found = find(images=(Image(url=PICTURE, width=10, height=None), second))
    media = [(one.tag.removeprefix(MEDIA), one.attrib) for one in found]
    assert [one for one in media if one[0] in {"content", "thumbnail", "group"}] == [
        ("content", {"url": PICTURE, "medium": "image", "width": "10"}),
        ("content", {"url": second.url, "medium": "image", "height": "20"}),
        ("thumbnail", {"url": PICTURE, "width": "10"}),
    ]


def test_without_an_excerpt_the_content_is_no_description():
    found = rss_item(summary="")
    assert [one.text for one in found.iter(CONTENT)] == ["<p>The content</p>"]
    assert not found.findtext("description")
    assert atom_entry(summary="").find(f"{ATOM}summary") is None


@pytest.mark.parametrize("summary", ["A summary", ""])
def test_a_description_comes_before_the_content(summary):
    # Or the W3C's validator warns: NeedDescriptionBeforeContent.
    tags = [one.tag for one in rss_item(summary=summary)]
    assert "description" in tags[: tags.index(CONTENT)]


def test_text_is_escaped_once_in_titles_and_twice_in_summaries():
    text = "a <b> & &amp;"
    item, entry = (
        rss_item(title=text, summary=text),
        atom_entry(title=text, summary=text),
    )
    assert item.findtext("title") == entry.findtext(f"{ATOM}title") == text
    assert entry.find(f"{ATOM}title").get("type", "text") == "text"
    assert item.findtext("description") == "a &lt;b&gt; &amp; &amp;amp;"
    assert entry.findtext(f"{ATOM}summary") == "a &lt;b&gt; &amp; &amp;amp;"
    assert entry.find(f"{ATOM}summary").get("type") == "html"


def test_the_provider_is_the_author():
    assert rss_item().findtext(CREATOR) == "A"
    assert rss_item().find("author") is None
    author = atom_entry().find(f"{ATOM}author")
    assert author.findtext(f"{ATOM}name") == "A"
    assert author.findtext(f"{ATOM}uri") == "https://a.example/"


def test_the_guid_is_a_permalink_only_where_it_is_the_link():
    same, other = (
        rss_item().find("guid"),
        rss_item(id="tag:example.org,2000:x").find("guid"),
    )
    assert (same.text, same.get("isPermaLink")) == ("https://a.example/1", "true")
    assert (other.text, other.get("isPermaLink")) == ("tag:example.org,2000:x", "false")


def test_topics_are_categories():
    names = ("AI", "Computer Vision")
    found = rss_item(categories=names), atom_entry(categories=names)
    assert [one.text for one in found[0].iter("category")] == [*names]
    categories = [one.attrib for one in found[1].iter(f"{ATOM}category")]
    assert categories == [{"term": name, "label": name} for name in names]


def test_a_channel_says_what_it_is():
    found = channel()
    texts = {one.tag: one.text for one in found if one.text and one.text.strip()}
    assert texts == {
        "title": "AI & more",
        "link": "https://www.example.org/",
        "description": "About it",
        "copyright": "© nobody",
        "docs": "http://www.rssboard.org/rss-specification",
        "generator": "feeds",
        "language": "en",
        "lastBuildDate": "Sat, 01 Jan 2000 00:00:00 +0000",
        "managingEditor": "desk@example.org (Desk)",
        "ttl": "60",
    }
    assert found.find(f"{ATOM}link").attrib == {
        "rel": "self",
        "type": "application/rss+xml",
        "href": "https://feeds.example.org/topics/ai.rss",
    }
    assert [(one.tag, one.text) for one in found.find("image")] == [
        ("url", "https://www.example.org/logo.png"),
        ("title", "AI & more"),
        ("link", "https://www.example.org/"),
    ]


def test_a_feed_says_what_it_is():
    found = atom_feed()
    texts = {one.tag.removeprefix(ATOM): one.text for one in found if not len(one)}
    assert texts == {
        "id": "tag:example.org,2000:topics/ai",
        "title": "AI & more",
        "updated": "2000-01-01T00:00:00+00:00",
        "link": None,
        "generator": "feeds",
        "logo": "https://www.example.org/logo.png",
        "rights": "© nobody",
        "subtitle": "About it",
    }
    assert [link.attrib for link in found.iter(f"{ATOM}link")] == [
        {
            "rel": "self",
            "type": "application/atom+xml",
            "href": "https://feeds.example.org/topics/ai.atom",
        },
        {"rel": "alternate", "type": "text/html", "href": "https://www.example.org/"},
    ]
    author = {
        one.tag.removeprefix(ATOM): one.text for one in found.find(f"{ATOM}author")
    }
    assert author == {"name": "Desk", "email": "desk@example.org"}
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_a_logo_that_rss_cannot_show_is_in_atom_alone():
    logo = "https://www.example.org/logo.svg"
    assert channel(logo=logo).find("image") is None
    assert atom_feed(logo=logo).findtext(f"{ATOM}logo") == logo


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_what_an_archive_declares_is_in_no_entry(name):
    entry = an_entry()
    plain = a_feed(entry)
    archive = a_feed(entry, path="topics/ai@2021-02", current="topics/ai")
    fragments = [FORMATS[name].cut(written(one)[name]) for one in (plain, archive)]
    assert fragments[0] == fragments[1]
    history = b"http://purl.org/syndication/history/1.0"
    assert [history in written(one)[name] for one in (plain, archive)] == [False, True]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_entries_are_in_their_order(name):
    entries = [an_entry(id=f"https://a.example/{n}") for n in (2, 3, 1)]
    root = ET.fromstring(written(a_feed(*entries))[name])
    ids = [
        one.text
        for entry in [*root.iter("item"), *root.iter(f"{ATOM}entry")]
        for one in entry
        if one.tag in {"guid", f"{ATOM}id"}
    ]
    assert ids == [entry.id for entry in entries]


def test_a_story_in_two_feeds_is_the_same_bytes_in_both():
    entry, other = an_entry(), an_entry(id="https://a.example/2")
    one, two = written(a_feed(entry)), written(a_feed(other, entry, title="Other"))
    for name, end in (("rss", b"    </item>\n"), ("atom", b"  </entry>\n")):
        start = end.replace(b"/", b"")
        alone = one[name][one[name].index(start) : one[name].rindex(end)]
        assert two[name].count(alone) == 1


@pytest.mark.parametrize("place", [0, 1])
def test_a_story_shown_in_two_ways_is_written_in_two_ways(place):
    feeds = [a_feed(an_entry(), path="one"), a_feed(an_entry(related=()), path="two")]
    together = {one.path: one.render() for one in documents(feeds)}
    for one in documents([feeds[place]]):
        assert together[one.path] == one.render()
