"""Documents against the rules: what is wrong is told with its line, what is right is not."""

import re
import tempfile
from contextlib import contextmanager
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.feed import archived
from feeds.finding import Finding
from feeds.render import FORMATS
from feeds.validate import RULES, Entries, assembled, flaws, validate
from feeds.validate.plain import are_plain, is_plain
from feeds.validate.values import DATE, MOMENT, MOST
from tests.conftest import GOLDEN
from tests.strategies import MANY_BUILDS, Desk, configurations, libraries, run, tree
from tests.test_render import a_feed, an_entry, written

GOOD = {
    "rss": ("rich/all.rss", "https://feeds.example.org/rich/all.rss"),
    "atom": ("rich/all.atom", "https://feeds.example.org/rich/all.atom"),
    "json": ("rich/all.json", "https://feeds.example.org/rich/all.json"),
    "opml": ("seeds/feeds.opml", "https://feeds.example.org/feeds.opml"),
    "html": ("seeds/all.html", "https://feeds.example.org/all.html"),
}
ADDRESS = "expected an absolute http or https address"
RFC822 = 'expected a date as RFC 822 has it, such as "Thu, 01 Jan 2026 00:00:00 +0000"'
RFC3339 = 'expected a date as RFC 3339 has it, such as "2026-01-01T00:00:00Z"'
TYPE = 'expected a media type such as "image/jpeg"'
URI = 'expected a URI, such as an address or "tag:example.org,2000:1"'
FLAWS = {
    "rss": [
        (
            "</title>",
            "</titel>",
            "5: not well-formed XML: Opening and ending tag mismatch: title line 5 and titel"
            "",
        ),
        (
            'version="2.0"',
            'version="0.91"',
            '1: <rss>, expected <rss version="2.0">',
        ),
        (
            "https://feeds.example.org/rich/all.rss",
            "https://old.example/all.rss",
            '8: self link is "https://old.example/all.rss", expected where it stands: https://feeds.example.org/rich/all.rss',
        ),
        (
            'rel="self"',
            'rel="me"',
            "4: <channel> without a self link, expected https://feeds.example.org/rich/all.rss",
        ),
        (
            "<title>Rich &amp; rare</title>\n    <link>",
            "<title> </title>\n    <link>",
            '5: <title> is " ", expected text',
        ),
        (
            "    <description>Every kind of entry, one of each</description>\n",
            "",
            "4: <channel> without <description>, expected one",
        ),
        (
            "<link>https://www.example.org/</link>\n    <desc",
            "<link>/</link>\n    <desc",
            f'6: <link> is "/", {ADDRESS}',
        ),
        (
            "Sun, 28 Feb 2021 23:00:00 +0000</lastBuildDate>",
            "yesterday</lastBuildDate>",
            f'18: <lastBuildDate> is "yesterday", {RFC822}',
        ),
        ("<ttl>60", "<ttl>an hour", '20: <ttl> is "an hour", expected a whole number'),
        (
            "<url>https://www.example.org/logo.png",
            "<url>logo.png",
            f'13: <url> is "logo.png", {ADDRESS}',
        ),
        (
            "      <title>Größe zählt – 猫 und 🐈</title>\n",
            "",
            "22: <item> without <title>, expected one",
        ),
        (
            '<guid isPermaLink="false">tag',
            "<guid>tag",
            f'28: <guid> is "tag:example.org,2000:story%207/%C3%BC", {ADDRESS}'
            ' or isPermaLink="false"',
        ),
        (
            "tag:example.org,2000:story%207/%C3%BC</guid>",
            "</guid>",
            '28: <guid> is "", expected text',
        ),
        (
            "https://news.example.org/2021/body</guid>",
            "https://techstory.in/markup</guid>",
            '87: id "https://techstory.in/markup" stands twice, expected one entry for each',
        ),
        (
            "Tue, 16 Feb 2021 02:47:00 +0000</pubDate>",
            "Tue, 30 Feb 2021 02:47:00 +0000</pubDate>",
            f'63: <pubDate> is "Tue, 30 Feb 2021 02:47:00 +0000", {RFC822}',
        ),
        (
            "Tue, 16 Feb 2021 02:47:00 +0000</pubDate>",
            "Wed, 16 Feb 2021 02:47:00 +0000</pubDate>",
            f'63: <pubDate> is "Wed, 16 Feb 2021 02:47:00 +0000", {RFC822}',
        ),
        (
            "<pubDate>Sun, 28 Feb 2021 23:00:00 +0000</pubDate>",
            "<pubDate/>",
            f'31: <pubDate> is "", {RFC822}',
        ),
        (
            "2021-02-17T10:00:00+00:00</atom:updated>",
            "2021-02-17</atom:updated>",
            f'65: <atom:updated> is "2021-02-17", {RFC3339}',
        ),
        (
            "<link>https://xn--mller-kva.example/stra",
            "<link>//xn--mller-kva.example/stra",
            f'24: <link> is "//xn--mller-kva.example/stra%C3%9Fe?q=gr%C3%BCn", {ADDRESS}',
        ),
        ('length="0" ', "", "30: <enclosure> without length, expected a whole number"),
        (
            'length="0"',
            'length="None"',
            '30: length of <enclosure> is "None", expected a whole number',
        ),
        (' type="image/jpeg"/>', "/>", f"30: <enclosure> without type, {TYPE}"),
        (
            'type="image/webp"',
            'type="picture"',
            f'62: type of <enclosure> is "picture", {TYPE}',
        ),
        (
            '<enclosure url="https://img',
            '<enclosure url="ftp://img',
            f'62: url of <enclosure> is "ftp://img.example.org/lead.webp?w=1200&h=630", {ADDRESS}',
        ),
        (
            "<category>猫</category>",
            "<category></category>",
            '29: <category> is "", expected text',
        ),
        (
            '<media:content url="https://img.example.org/third"',
            '<media:content url="third"',
            f'68: url of <media:content> is "third", {ADDRESS}',
        ),
        (
            'width="10"',
            'width="wide"',
            '33: width of <media:content> is "wide", expected a whole number',
        ),
        (
            "<dc:creator>Müller</dc:creator>",
            "<dc:creator>Müller</dc:creator><dc:creator>Meier</dc:creator>",
            "22: <item> with 2 <dc:creator>, expected one",
        ),
        (
            '&lt;a href="https://news.example.org/about"',
            '&lt;a href="/about"',
            f'40: an address in the content is "/about", {ADDRESS}',
        ),
    ],
    "atom": [
        (
            "<id>tag:example.org,2000:all</id>\n",
            "",
            "3: <feed> without <id>, expected one",
        ),
        ("<id>tag:example.org,2000:all", "<id>all", f'4: <id> is "all", {URI}'),
        (
            "<updated>2021-02-28T23:00:00+00:00</updated>",
            "<updated>2021-02-28T23:00:00</updated>",
            f'6: <updated> is "2021-02-28T23:00:00", {RFC3339}',
        ),
        (
            "<name>Redaktion Größe</name>",
            "",
            "7: <author> without <name>, expected one",
        ),
        (
            'rel="self"',
            'rel="me"',
            "3: <feed> without a self link, expected https://feeds.example.org/rich/all.atom",
        ),
        (
            "rich/all.atom",
            "all.atom",
            '11: self link is "https://feeds.example.org/all.atom", expected where it stands: https://feeds.example.org/rich/all.atom',
        ),
        (
            "<feed xmlns:dc",
            "<feed xmlns:dd",
            '3: xmlns:dc is not declared, expected "http://purl.org/dc/elements/1.1/"',
        ),
        (
            'xmlns="http://www.w3.org/2005/Atom"',
            'xmlns="http://purl.org/atom/ns#"',
            '1: <feed>, expected <feed xmlns="http://www.w3.org/2005/Atom">',
        ),
        (
            "<logo>https:",
            "<logo>x:",
            f'15: <logo> is "x://www.example.org/logo.png", {ADDRESS}',
        ),
        (
            'rel="alternate" type="text/html"/>\n  <gen',
            'rel="via" type="text/html"/>\n  <gen',
            "3: <feed> without an alternate <link>, expected one",
        ),
        (
            "<title>Größe zählt – 猫 und 🐈</title>",
            "",
            "18: <entry> without <title>, expected one",
        ),
        (
            'rel="alternate" type="text/html"/>\n    <summary',
            'rel="via" type="text/html"/>\n    <summary',
            "18: <entry> without an alternate <link>, expected one",
        ),
        (
            ' length="0"/>',
            "/>",
            "28: enclosure <link> without length, expected a whole number",
        ),
        ('type="image/jpeg" ', "", f"28: enclosure <link> without type, {TYPE}"),
        (
            'length="0"',
            'length="None"',
            '28: length of <link> is "None", expected a whole number',
        ),
        ('term="猫"', "", "31: <category> without term, expected text"),
        (
            "<uri>https://xn--mller",
            "<uri>xn--mller",
            f'24: <uri> is "xn--mller-kva.example/", {ADDRESS}',
        ),
        (
            "https://news.example.org/2021/body</id>",
            "https://techstory.in/markup</id>",
            '88: id "https://techstory.in/markup" stands twice, expected one entry for each',
        ),
        (
            "<published>2021-02-28T23:00:00+00:00",
            "<published>2021-02-28T24:00:61+00:00",
            f'32: <published> is "2021-02-28T24:00:61+00:00", {RFC3339}',
        ),
        (
            '&lt;img src="https://xn',
            '&lt;img src="xn',
            f'26: an address in the content is "xn--mller-kva.example/bild.jpg", {ADDRESS}',
        ),
        (
            '<media:thumbnail url="https://xn--mller',
            '<media:thumbnail href="https://xn--mller',
            f"34: <media:thumbnail> without url, {ADDRESS}",
        ),
    ],
    "json": [
        (
            '"items": [',
            '"hubs": [{"url": "x"}],\n  "items": [',
            f'11: "url" of hub is "x", {ADDRESS}',
        ),
        (
            '"items"',
            '"items',
            "11: not well-formed JSON: invalid character",
        ),
        (
            "{",
            "{,",
            "1: not well-formed JSON: object keys must be strings",
        ),
        (
            'version/1.1"',
            'version/1"',
            '1: no JSON Feed, expected "version": "https://jsonfeed.org/version/1.1"',
        ),
        (
            '"title": "Rich & rare"',
            '"title": ""',
            '3: "title" of feed is "", expected text',
        ),
        (
            '"feed_url": "https://feeds',
            '"feed_url": "http://feeds',
            '5: "feed_url" is "http://feeds.example.org/rich/all.json", expected where it stands: https://feeds.example.org/rich/all.json',
        ),
        (
            '"home_page_url": "https://www.example.org/"',
            '"home_page_url": 7',
            f'4: "home_page_url" of feed is "7", {ADDRESS}',
        ),
        (
            '"authors": [{"name":',
            '"authors": [{"nom":',
            '8: author without "name", expected text',
        ),
        (
            '"items": [',
            '"items": {}, "x": [',
            '11: feed without "items", expected a list of them',
        ),
        (
            '"icon": "https:',
            '"icon": "x:',
            f'7: "icon" of feed is "x://www.example.org/logo.png", {ADDRESS}',
        ),
        (
            '"id":"tag:example.org,2000:story%207/%C3%BC",',
            "",
            f'12: item without "id", {URI}',
        ),
        (
            '"id":"https://news.example.org/2021/body"',
            '"id":"https://techstory.in/markup"',
            '15: id "https://techstory.in/markup" stands twice, expected one entry for each',
        ),
        (
            '"url":"https://news.example.org/2021/body"',
            '"url":"/2021/body"',
            f'13: "url" of item is "/2021/body", {ADDRESS}',
        ),
        (
            '"date_published":"2021-02-28T23:00:00+00:00"',
            '"date_published":"28 Feb 2021"',
            f'12: "date_published" of item is "28 Feb 2021", {RFC3339}',
        ),
        (
            '"date_modified":"2021-02-28T23:00:00+00:00"',
            '"date_modified":1',
            f'12: "date_modified" of item is "1", {RFC3339}',
        ),
        (
            '"mime_type":"image/jpeg"',
            '"mime_type":"jpeg"',
            f'12: "mime_type" of attachment is "jpeg", {TYPE}',
        ),
        (
            ',"mime_type":"image/webp"',
            ',"mime_type":"image/webp","size_in_bytes":"7"',
            '13: "size_in_bytes" is "7", expected a whole number',
        ),
        (
            '"tags":["猫"]',
            '"tags":["猫",""]',
            "12: \"tags\" is \"['猫', '']\", expected a list of texts",
        ),
        (
            '<a href=\\"https://news.example.org/about',
            '<a href=\\"about',
            f'13: an address in the content is "about", {ADDRESS}',
        ),
        (
            '    {"id":"tag:exa',
            '    7,\n{"id":"tag:exa',
            "12: item is no object",
        ),
        (
            '"content_html"',
            '"content"',
            '12: item without "content_html", expected text',
        ),
        (
            '"authors":[{"name":"Müller"',
            '"authors":[7,{"name":"Müller"',
            '12: author without "name", expected text',
        ),
    ],
    "opml": [
        (
            'version="2.0"',
            'version="1.0"',
            '1: <opml>, expected <opml version="2.0">',
        ),
        (
            "/feeds.opml",
            "/list.opml",
            '6: self link is "https://feeds.example.org/list.opml", expected where it stands: https://feeds.example.org/feeds.opml',
        ),
        (
            ' xmlUrl="https://feeds.example.org/all.rss"',
            "",
            f"10: <outline> without xmlUrl, {ADDRESS}",
        ),
        (
            ' xmlUrl="https://feeds.example.org/all.rss"',
            ' xmlUrl="all.rss"',
            f'10: xmlUrl of <outline> is "all.rss", {ADDRESS}',
        ),
        (' text="Feeds"', "", "9: <outline> without text, expected text"),
        (
            "<title>Machine Vision Watch</title>\n",
            "",
            "3: <head> without <title>, expected one",
        ),
    ],
    "html": [
        ("</html>\n", "", "66: cut short, expected </html> at its end"),
        (
            "<!DOCTYPE html>\n",
            "",
            "1: no page, expected <!DOCTYPE html> at its start",
        ),
        (
            '<link rel="canonical"',
            '<link rel="me"',
            "1: without a canonical address, expected https://feeds.example.org/all.html",
        ),
        (
            'canonical" href="https://feeds.example.org/all.html',
            'canonical" href="https://feeds.example.org/other.html',
            '6: canonical address is "https://feeds.example.org/other.html"'
            ", expected where it stands: https://feeds.example.org/all.html",
        ),
        ("<title>", "<t>", "1: without <title>, expected one"),
    ],
}
TABLE = [
    pytest.param(ending, *flaw, id=f"{ending} {flaw[2]}")
    for ending, flaws in FLAWS.items()
    for flaw in flaws
]


def good(ending):
    return (GOLDEN / GOOD[ending][0]).read_text("utf-8")


def told(ending, text):
    """Give what is said of a document, as file:line: what."""
    path = f"all.{ending}"
    found = validate(path, text.encode(), GOOD[ending][1])
    assert {(one.path, one.is_light) for one in found} <= {(path, False)}
    return [f"{one.line}: {one.what}" for one in found]


@pytest.mark.parametrize(("ending", "old", "new", "complaint"), TABLE)
def test_each_flaw_is_told_with_its_line_and_what_was_expected(
    ending, old, new, complaint
):
    assert old in good(ending)
    assert told(ending, good(ending).replace(old, new, 1)) == [complaint]


@pytest.mark.parametrize("ending", GOOD)
@pytest.mark.parametrize("part", [0, 1, 30, 60, 99])
def test_a_document_that_is_cut_short_is_told(ending, part):
    text = good(ending)
    found = told(ending, text[: len(text) * part // 100])
    assert any(re.match(r"\d+: (not well-formed|cut short|no )", one) for one in found)


@pytest.mark.parametrize("ending", GOOD)
@pytest.mark.parametrize(
    "content", [b"\0", b"\xff\xfe", b"[" * 5000, b"<a>", b"{}", b"[]"]
)
def test_no_document_at_all_is_told(ending, content):
    assert validate(f"all.{ending}", content, GOOD[ending][1])


def test_an_entity_grows_into_nothing():
    doctype = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = good("rss").replace("<rss", f"{doctype}\n<rss").replace("猫", "&b;")
    assert all("expected" in what for what in told("rss", text))


def test_every_flaw_of_a_document_is_told_in_order():
    text = good("rss").replace(' length="0"', "").replace("<guid", "<guide")
    text = text.replace("</guid>", "</guide>")
    found = validate("all.rss", text.encode(), GOOD["rss"][1])
    assert len(found) == 5 + 2
    assert found == sorted(found)


def test_a_large_feed_is_told_and_may_be_published():
    feed = a_feed(an_entry(content="<p>" + "x" * MOST))
    for ending, document in written(feed).items():
        path = f"{feed.path}.{ending}"
        (found,) = validate(path, document, feed.base + path)
        size = f"{len(document) >> 10} KiB, more than the 512 that every reader takes"
        assert found == Finding(path, 0, f"{size}; lower its limit", is_light=True)
    page = good("html").replace("</body>", "x" * MOST + "</body>")
    assert told("html", page) == []


def test_what_has_no_rules_has_no_flaws():
    assert validate("feeds.css", b"\0", "") == []


DATES = {
    "Thu, 01 Jan 2026 00:00:00 +0000": True,
    "1 Jan 2026 00:00 GMT": True,
    "Thu, 01 Jan 2026 00:00:00 EST": True,
    "Fri, 01 Jan 2026 00:00:00 +0000": False,
    "Thu, 01 Jan 26 00:00:00 +0000": False,
    "Thu, 01 Jän 2026 00:00:00 +0000": False,
    "Thu, 01 Jan 2026 24:00:00 +0000": False,
    "Sun, 29 Feb 2026 00:00:00 +0000": False,
    "2026-01-01T00:00:00Z": False,
    "": False,
}
MOMENTS = {
    "2026-01-01T00:00:00Z": True,
    "2026-01-01T00:00:00.25+05:30": True,
    "2024-02-29T23:59:59-00:00": True,
    "2026-02-29T00:00:00Z": False,
    "2026-01-01T24:00:01Z": False,
    "2026-01-01T00:00:00": False,
    "2026-01-01 00:00:00Z": False,
    "2026-01-01": False,
    "٢026-01-01T00:00:00Z": False,
}


@pytest.mark.parametrize(
    ("expected", "value", "is_met"),
    [(DATE, *one) for one in DATES.items()]
    + [(MOMENT, *one) for one in MOMENTS.items()],
)
def test_dates_are_those_that_there_are(expected, value, is_met):
    assert bool(expected.is_met(value)) == is_met


DOCUMENTS = [
    str(file.relative_to(GOLDEN))
    for file in sorted(GOLDEN.rglob("*.*"))
    if file.suffix in RULES and "records" not in file.parts
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden_documents_have_no_flaws(name):
    address = f"https://feeds.example.org/{name}".replace("/seeds/", "/")
    assert validate(name, (GOLDEN / name).read_bytes(), address) == []


HUBS = [[], ["https://hub.example/?a=1&b=2", "https://hub.example/"]]
HISTORY = {"path": "old", "also": ["deep/older"], "archive": "monthly", "limit": 1}
sites = st.builds(
    lambda configuration, history, **more: {
        **configuration,
        **more,
        "feeds": [*configuration["feeds"], *history],
    },
    configurations,
    st.sampled_from([[], [HISTORY]]),
    pages=st.booleans(),
    hubs=st.sampled_from(HUBS),
)


@contextmanager
def built(configuration, library):
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder, configuration, library)
        desk.build("-q", "--no-ping")
        yield desk


@MANY_BUILDS
@given(sites, libraries)
def test_what_a_build_writes_has_no_flaws(configuration, library):
    with built(configuration, library) as desk:
        place = ["-c", desk.folder / "feeds.yaml", "-o", desk.output]
        result = run("check", *place, "--now", desk.now)
        judged = [path for path in tree(desk.output) if path.endswith((*RULES,))]
        assert f"; {len(judged)} document" in result.stderr
        assert result.stderr.endswith(", 0 problems\n")


def entries_of(ending, document):
    """Cut a document into its entries, and find their ids."""
    fragments = FORMATS[ending].cut(document)
    tag = rb"<(?:guid[^>]*|id)>([^<]*)<"
    ids = [unescape(re.search(tag, one)[1].decode()) for one in fragments]
    return Entries(fragments, ids)


@MANY_BUILDS
@given(sites, libraries)
def test_what_a_build_writes_is_plainly_right(configuration, library):
    """Only then is it judged at little cost."""
    with built(configuration, library) as desk:
        for path, document in tree(desk.output).items():
            ending = path.rpartition(".")[2]
            if ending in RICH:
                inside = entries_of(ending, document)
                assert all(are_plain(ending, *inside))
                shell = document.replace(b"".join(inside.fragments), b"")
                # A copy at an address of old names the address of now.
                own = re.search(rb'href="([^"]*)" rel="self"', shell)[1].decode()
                assert is_plain(f".{ending}", shell, unescape(own))


RICH = {ending: entries_of(ending, good(ending).encode()) for ending in ("rss", "atom")}
# What turns up in documents where it does harm, and what the patterns look for.
SCRAPS = [
    *(b"<", b">", b"&", b'"', b"'", b"\0", b"\x0b", b"\x7f", b"\xff", b"\xc3", b" "),
    *(b"]]>", b"&lt;", b"&quot;", b"&amp;", b"&nbsp;", b"&#0;", b"\xef\xbf\xbe", b"\n"),
    *(b"src=", b'="', b"=&quot;", b"href=", b"/x", b"//", b":", b"http", b"HTTP", b"x"),
    *(b"29 Feb", b"30", b"24:", b"0000", b"Mon", b"<br/>", b"<!--", b"%", b"\xc2\xa0"),
    *(b"</item>", b"<item>", b"  <entry>\n", b"\xed\xa0\x80", b"\r", b"0", b""),
]
SWAPS = [
    *((rb">[^<]+<", b"> <"), (rb'"[^"<]+"', b'" "'), (rb'"', b"&quot;")),
    *((rb'="https?://', b'="/'), (rb"=(?:&quot;|\")https?://", b"=&quot;/")),
    *((rb"\d\d:", b"24:"), (rb":\d\d", b":60"), (rb"(?:Sun|Tue|Fri),", b"Mon,")),
    *((rb"-\d\d(?=[-T])", b"-31"), (rb"\d\d (?=Feb|Dec)", b"30 "), (rb"Dec", b"Feb")),
]
scraps = st.tuples(st.integers(0, 3000), st.integers(0, 12), st.sampled_from(SCRAPS))
swaps = st.tuples(st.integers(0, 30), st.sampled_from(SWAPS))


def scrapped(fragment, at, length, scrap):
    """Write a scrap over a part of an entry."""
    start = at % len(fragment)
    return fragment[:start] + scrap + fragment[start + length :]


def swapped(fragment, number, swap):
    """Put something else in the place of one of what a pattern finds."""
    pattern, new = swap
    places = [*re.finditer(pattern, fragment)] or [re.search(b"$", fragment)]
    start, end = places[number % len(places)].span()
    return fragment[:start] + new + fragment[end:]


@settings(max_examples=500)
@given(
    ending=st.sampled_from([*RICH]),
    number=st.integers(0, 4),
    edits=st.lists(scraps | swaps, min_size=1, max_size=2),
)
def test_what_is_plainly_right_breaks_no_rule(ending, number, edits):
    fragment, id_ = (one[number] for one in RICH[ending])
    for edit in edits:
        fragment = (scrapped if len(edit) == 3 else swapped)(fragment, *edit)
    if are_plain(ending, [fragment], [id_]) == [True]:
        document, address = good(ending).encode(), GOOD[ending][1]
        fragments = [*RICH[ending].fragments]
        spoilt = document.replace(fragments[number], fragment)
        assert validate(f"all.{ending}", spoilt, address) == []


def a_shell(ending, feed):
    address = f"{feed.base}{feed.path}.{ending}"
    return FORMATS[ending].document(feed, address, []), address


SHELLS = [
    (ending, *a_shell(ending, one))
    for feed, months in [
        archived(a_feed(also=("old",), hubs=("https://hub.example/?a&b",)), ["2021-01"])
    ]
    for one in (feed, *months.values())
    for ending in RICH
]


@settings(max_examples=500)
@given(st.sampled_from(SHELLS), st.lists(scraps | swaps, min_size=1, max_size=2))
def test_a_shell_that_is_plainly_right_breaks_no_rule(given, edits):
    ending, shell, address = given
    assert is_plain(f".{ending}", shell, address)
    for edit in edits:
        shell = (scrapped if len(edit) == 3 else swapped)(shell, *edit)
    if is_plain(f".{ending}", shell, address):
        assert validate(f"all.{ending}", shell, address) == []


def test_an_entry_is_judged_alone_as_in_its_document():
    entry_flaws = [
        (ending, *flaw) for ending in ("rss", "atom", "json") for flaw in FLAWS[ending]
    ]
    judged = 0
    for ending, old, new, complaint in entry_flaws:
        document = good(ending).replace(old, new, 1).encode()
        fragments = FORMATS[ending].cut(document)
        before = FORMATS[ending].cut(good(ending).encode())
        if fragments == before or len(fragments) != len(before):
            continue
        ids = IDS[: len(fragments)]
        (flaw,) = filter(None, flaws(ending, Entries(fragments, ids)))
        if "stands twice" in complaint:
            assert flaw == f'id is "{TWICE}", expected "{ids[1]}"'
        else:
            assert flaw == complaint.partition(": ")[2]
        judged += 1
    assert judged > 40


IDS = RICH["rss"].ids
TWICE = "https://techstory.in/markup"


@pytest.mark.parametrize(
    ("ending", "fragment", "flaw"),
    [
        ("rss", b"<item>", "not well-formed XML: "),
        ("rss", b"<item/><item/>", "entry is cut wrongly"),
        ("atom", b"<item/>", "entry is cut wrongly"),
        ("json", b"{", "item is not well-formed JSON: "),
        ("json", b"[]", "item is no object"),
    ],
)
def test_what_is_no_entry_is_told(ending, fragment, flaw):
    (found,) = flaws(ending, Entries([fragment], ["x"]))
    assert found.startswith(flaw)


def test_pages_are_judged_as_wholes():
    assert flaws("html", Entries([b"", b"<"], ["x", "y"])) == ["", ""]


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_document_is_judged_around_its_entries(ending, count):
    some = [an_entry(id=f"https://a.example/{number}") for number in range(count)]
    feed = a_feed(*some)
    path, ids = f"all.{ending}", [one.id for one in some]
    inside = Entries(FORMATS[ending].entries(some), ids)
    address = feed.base + path
    document = FORMATS[ending].document(feed, address, inside.fragments)
    assert assembled(path, document, address, inside) == []
    for old, new in ((b"<title>", b"<title> </title><t>"), (b'"title": "', b'"t": "')):
        spoilt = document.replace(old, new, 1)
        if ending == "atom":
            spoilt = spoilt.replace(b"</title>", b"</t>", 1)
        assert (assembled(path, spoilt, address, inside) == []) == (spoilt == document)
    assert assembled(path, document, "https://x.example/", inside)
    assert assembled(path, document[:-1] + b"x", address, inside)


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
def test_an_id_that_stands_twice_in_a_document_is_told(ending):
    feed = a_feed(an_entry(), an_entry(title="Other"))
    path, id_ = f"all.{ending}", feed.entries[0].id
    inside = Entries(FORMATS[ending].entries(feed.entries), [id_, id_])
    address = feed.base + path
    document = FORMATS[ending].document(feed, address, inside.fragments)
    (found,) = assembled(path, document, address, inside)
    assert found.what == f'id "{id_}" stands twice, expected one entry for each'
