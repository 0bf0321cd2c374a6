"""Records: what each field means, and the words for each mistake."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.feed import Image, Related
from feeds.moment import zone
from feeds.record import FIELDS, Complaint, Raw, Record, boolean, record

SECRET = "canary/Xq7+T0n=="
LINK = "https://a.example/s"
PNG = "https://a.example/p.png"
GIF = "https://a.example/q.gif"
EXPECTED_DATE = "a date with year, month and day, 1900 to 9998"


def read(site=UTC, below="", **fields):
    """Read a good record, but for the fields given; `below` is what follows them."""
    given = {
        "title": "Story",
        "webUrl": LINK,
        "publishedDateTime": "2021-02-13",
    } | fields
    raw = Raw(file="s.md", line=1, fields=given, body=below, locate=lambda path: 7)
    return record(raw, site)


def complaint(**fields):
    found = read(**fields)
    assert isinstance(found, Complaint), found
    return str(found)


def flaws(**fields):
    found = read(**fields)
    assert isinstance(found, Record), found
    return [str(flaw) for flaw in found.flaws]


def test_a_whole_record_is_typed_field_by_field():
    assert read(
        below="\nSome *text*.\n",
        category="news",
        title="A  title",
        excerpt="An &amp; excerpt",
        publishedDateTime="2021-02-13T00:17:00Z",
        updatedDateTime="2021-02-14T00:17:00Z",
        originalUrl="https://other.example/",
        type="article",
        quality="35",
        heat="60.5",
        published="true",
        provider={"name": "Star Tribune", "domain": "www.StarTribune.com"},
        topics=["Computer Vision", "AI"],
        images=[{"url": PNG, "width": "1200", "height": "630", "isCached": "true"}],
        related=[
            {
                "title": "Else",
                "webUrl": "https://b.example/r",
                "quality": "39",
                "provider": {"name": "tech", "domain": "techstory.in"},
            }
        ],
        ampWebUrl="https://a.example/amp",
        cdnAmpWebUrl="not an address",
        id="own",
        secured=SECRET,
    ) == Record(
        file="s.md",
        line=1,
        id="own",
        title="A title",
        link=LINK,
        published=datetime(2021, 2, 13, 0, 17, tzinfo=UTC),
        updated=datetime(2021, 2, 14, 0, 17, tzinfo=UTC),
        is_draft=False,
        quality=35.0,
        heat=60.5,
        summary="An & excerpt",
        provider="startribune.com",
        provider_name="Star Tribune",
        topics=("Computer Vision", "AI"),
        category="news",
        type="article",
        images=(Image(url=PNG, width=1200, height=630),),
        related=(Related(title="Else", link="https://b.example/r", provider="tech"),),
        body="Some *text*.",
    )


def test_what_is_missing_takes_its_default():
    published = datetime(2021, 2, 13, tzinfo=UTC)
    assert read() == Record(
        file="s.md",
        line=1,
        id=LINK,
        title="Story",
        link=LINK,
        published=published,
        updated=published,
        is_draft=True,
        quality=None,
        heat=None,
        summary="",
        provider="a.example",
        provider_name="",
        topics=(),
        category="",
        type="",
        images=(),
        related=(),
        body="",
    )


OPTIONAL = sorted({*FIELDS} - {"title", "webUrl", "publishedDateTime"})


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("nothing", [None, "", " "], ids=["none", "empty", "blank"])
def test_an_empty_field_is_missing(name, nothing):
    if nothing == " " and name in {"provider", "images", "related"}:
        nothing = ""
    assert read(**{name: nothing}) == read()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": None}, "title: missing, expected text"),
        ({"title": ""}, "title: missing, expected text"),
        ({"title": "&nbsp; \u0081"}, "title: missing, expected text"),
        ({"title": ["a"]}, "title: got a list, expected text"),
        ({"title": {"en": "a"}}, "title: got a mapping, expected text"),
        ({"webUrl": None}, "webUrl: missing, expected an http or https address"),
        ({"webUrl": " "}, "webUrl: missing, expected an http or https address"),
        (
            {"webUrl": "a.example/s"},
            'webUrl: got "a.example/s", expected an http or https address',
        ),
        (
            {"webUrl": "javascript:alert(1)"},
            'webUrl: got "javascript:alert(1)", expected an http or https address',
        ),
        (
            {"webUrl": "ftp://a.example/", "originalUrl": LINK},
            'webUrl: got "ftp://a.example/", expected an http or https address',
        ),
        (
            {"webUrl": None, "originalUrl": "nowhere"},
            'originalUrl: got "nowhere", expected an http or https address',
        ),
        ({"webUrl": [LINK]}, "webUrl: got a list, expected an http or https address"),
        (
            {"publishedDateTime": None},
            f"publishedDateTime: missing, expected {EXPECTED_DATE}",
        ),
        (
            {"publishedDateTime": "soon"},
            f'publishedDateTime: got "soon", expected {EXPECTED_DATE}',
        ),
        (
            {"publishedDateTime": "2021-02"},
            f'publishedDateTime: got "2021-02", expected {EXPECTED_DATE}',
        ),
        (
            {"publishedDateTime": "1899-12-31"},
            f'publishedDateTime: got "1899-12-31", expected {EXPECTED_DATE}',
        ),
        (
            {"updatedDateTime": "13 Feb 2021 10:00 CET"},
            f'updatedDateTime: got "13 Feb 2021 10:00 CET", expected {EXPECTED_DATE}',
        ),
        (
            {"updatedDateTime": {"at": "2021"}},
            f"updatedDateTime: got a mapping, expected {EXPECTED_DATE}",
        ),
        ({"published": "maybe"}, 'published: got "maybe", expected true or false'),
        ({"published": ["true"]}, "published: got a list, expected true or false"),
        ({"quality": "high"}, 'quality: got "high", expected a number'),
        ({"quality": "nan"}, 'quality: got "nan", expected a number'),
        ({"quality": "inf"}, 'quality: got "inf", expected a number'),
        ({"quality": "1e999"}, 'quality: got "1e999", expected a number'),
        ({"quality": "1_000"}, 'quality: got "1_000", expected a number'),
        ({"quality": "٤٠"}, 'quality: got "٤٠", expected a number'),
        ({"quality": "0x10"}, 'quality: got "0x10", expected a number'),
        ({"heat": "40 %"}, 'heat: got "40 %", expected a number'),
        ({"heat": ["1"]}, "heat: got a list, expected a number"),
        ({"excerpt": ["a"]}, "excerpt: got a list, expected text"),
        ({"category": {"a": "b"}}, "category: got a mapping, expected text"),
        ({"type": ["a"]}, "type: got a list, expected text"),
        ({"id": ["a"]}, "id: got a list, expected text"),
        ({"body": ["a"]}, "body: got a list, expected text"),
        ({"topics": [["AI"]]}, "topics: got a list, expected a list of names"),
        (
            {"topics": ["AI", {"a": "b"}]},
            "topics: got a mapping, expected a list of names",
        ),
        ({"topics": {"a": "b"}}, "topics: got a mapping, expected a list of names"),
        (
            {"provider": "tech"},
            'provider: got "tech", expected a mapping with name and domain',
        ),
        (
            {"provider": ["tech"]},
            "provider: got a list, expected a mapping with name and domain",
        ),
        (
            {"provider": {"domain": "two words"}},
            'provider.domain: got "two words", expected a host name',
        ),
        (
            {"provider": {"domain": ["a.example"]}},
            "provider.domain: got a list, expected a host name",
        ),
        ({"provider": {"name": ["tech"]}}, "provider.name: got a list, expected text"),
        (
            {"quality": "x" * 100},
            f'quality: got "{"x" * 60}...", expected a number',
        ),
        (
            {"title": None, "titel": "Story"},
            'title: missing, expected text; is "titel" meant to be it?',
        ),
        (
            {"webUrl": None, "weburl": LINK},
            'webUrl: missing, expected an http or https address; is "weburl" meant to be it?',
        ),
        (
            {"publishedDateTime": None, "publishedDatetime": "2021-02-13"},
            f"publishedDateTime: missing, expected {EXPECTED_DATE};"
            ' is "publishedDatetime" meant to be it?',
        ),
    ],
    ids=lambda value: ascii(value)[:60] if isinstance(value, dict) else "",
)
def test_a_mistake_is_told_with_file_line_and_field(fields, expected):
    assert complaint(**fields) == f"s.md:7: {expected}"


def test_a_field_in_other_case_is_told_and_not_quoted():
    fields = {"Published": True, "QUALITY": 60, "Secured": "hush", "Title": "x", "x": 1}
    assert flaws(**fields) == [
        's.md:7: Published: not read, as it is spelt "published"',
        's.md:7: QUALITY: not read, as it is spelt "quality"',
        's.md:7: Secured: not read, as it is spelt "secured"',
    ]


odd = st.recursive(
    st.sampled_from([None, "", "x", "1", "https://a.example/", "2026-01-01", "-1"]),
    lambda some: (
        st.lists(some, max_size=2)
        | st.dictionaries(
            st.sampled_from(["url", "webUrl", "domain"]), some, max_size=2
        )
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELDS), odd))
def test_each_field_that_is_wrong_is_told_once(fields):
    """Of images and related stories each is told that is wrong."""
    found = read(**fields)
    if isinstance(found, Complaint):
        told = [found.reason, *(one.reason for one in found.also)]
        alone = [one for one in told if not one.startswith(("images", "related"))]
        assert len({*alone}) == len(alone)
        assert len(told) <= len(FIELDS) + 4


@pytest.mark.parametrize(
    "value", [True, "true", "True", "TRUE", "yes", "Yes", "on", " true "]
)
def test_yes_is_published(value):
    assert not read(published=value).is_draft


@pytest.mark.parametrize("value", [False, "false", "no", "NO", "off", None, ""])
def test_anything_but_yes_is_a_draft(value):
    assert read(published=value).is_draft


@pytest.mark.parametrize("value", ["maybe", "2", "", None, 1, ["true"]], ids=repr)
def test_what_is_neither_yes_nor_no_is_neither(value):
    assert boolean(value) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("35", 35),
        ("-1", -1),
        ("0", 0),
        ("40.5", 40.5),
        (".5", 0.5),
        ("4e1", 40),
        ("+7", 7),
    ],
)
def test_quality_is_a_number(written, expected):
    assert read(quality=written).quality == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("60", 60), ("0", 0), ("-1", None), ("-1.0", None), ("-2", -2), ("", None)],
)
def test_a_heat_of_minus_one_is_unknown(written, expected):
    assert read(heat=written).heat == expected


@pytest.mark.parametrize(
    "text", ["NO", "2020", "1.10", "0x1F", "null and void", "true"]
)
def test_a_scalar_means_what_its_field_says(text):
    found = read(title=text, topics=text, category=text, type=text, excerpt=text)
    assert (found.title, found.topics, found.category) == (text, (text,), text)
    assert (found.type, found.summary) == (text, text)


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({"webUrl": LINK, "originalUrl": "https://b.example/"}, LINK),
        ({"webUrl": None, "originalUrl": "https://b.example/"}, "https://b.example/"),
        ({"webUrl": "", "originalUrl": "https://b.example/"}, "https://b.example/"),
        ({"webUrl": LINK, "originalUrl": "nonsense"}, LINK),
        ({"webUrl": "//a.example/s"}, LINK),
        ({"webUrl": "https://a.example/a b"}, "https://a.example/a%20b"),
        ({"webUrl": f"{LINK}?utm_source=x#top"}, f"{LINK}?utm_source=x#top"),
        ({"webUrl": "HTTP://A.Example"}, "HTTP://A.Example"),
    ],
    ids=ascii,
)
def test_the_link_is_shown_as_written(fields, link):
    assert read(**fields).link == link


@pytest.mark.parametrize("how", ["", "?utm_source=x", "?fbclid=1&gclid=2", "#top"])
def test_one_story_has_one_id_however_it_was_shared(how):
    assert read(webUrl=f"http://A.example:80/s{how}").id == LINK


def test_an_id_of_its_own_is_the_identity():
    assert read(id=" own ").id == "own"
    assert read(id="\x00").id == LINK


def test_nothing_but_the_link_or_its_own_id_changes_an_identity():
    others = {
        "title": "Another",
        "provider": {"domain": "b.example"},
        "publishedDateTime": "2020-01-01",
        "topics": ["AI"],
        "quality": "1",
        "originalUrl": "https://b.example/",
    }
    assert read(**others).id == read().id


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        (None, "2021-02-13"),
        ("2021-02-12", "2021-02-13"),
        ("2021-02-14", "2021-02-14"),
        ("2090-01-01", "2090-01-01"),
    ],
    ids=["missing", "before published", "later", "in the future"],
)
def test_updated_is_never_before_published(updated, expected):
    assert f"{read(updatedDateTime=updated).updated:%Y-%m-%d}" == expected


def test_a_date_without_zone_is_of_the_site():
    found = read(site=zone("Europe/Berlin"), updatedDateTime="2021-02-13T00:30Z")
    assert found.published.isoformat() == "2021-02-12T23:00:00+00:00"
    assert found.updated.isoformat() == "2021-02-13T00:30:00+00:00"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (None, ("a.example", "")),
        ({}, ("a.example", "")),
        ({"name": "tech"}, ("a.example", "tech")),
        ({"name": "tech", "domain": ""}, ("a.example", "tech")),
        ({"domain": "WWW.TechStory.in"}, ("techstory.in", "")),
        ({"domain": "https://www.techstory.in/about"}, ("techstory.in", "")),
        ({"domain": "münchen.example"}, ("xn--mnchen-3ya.example", "")),
        ({"name": "R &amp; D \u0081", "domain": "b.example"}, ("b.example", "R & D")),
        ({"name": "2020", "domain": "b.example"}, ("b.example", "2020")),
    ],
    ids=ascii,
)
def test_the_domain_is_the_identity_of_a_provider(provider, expected):
    found = read(provider=provider)
    assert (found.provider, found.provider_name) == expected


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ("AI", ("AI",)),
        (["AI", "AI", "Vision"], ("AI", "Vision")),
        (["AT&amp;T", " R  D "], ("AT&T", "R D")),
        (["AI", "", None, "\u0081"], ("AI",)),
        (["NO", "2020", "1.10"], ("NO", "2020", "1.10")),
        ([True], ("true",)),
        ([], ()),
        (None, ()),
    ],
    ids=ascii,
)
def test_topics_are_names(topics, expected):
    assert read(topics=topics).topics == expected


@pytest.mark.parametrize("name", ["title", "excerpt"])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<b>bold</b> & <script>", "<b>bold</b> & <script>"),
        ("&lt;b&gt;", "<b>"),
        ("AT&amp;amp;T", "AT&amp;T"),
        ("said\u00c2\u00a0231", "said 231"),
        ("a\n  b\u2028c", "a b c"),
        ("a\x00b\x81c\x7fd\ufffee", "abcde"),
        ("“ﬁ” Ａ e\u0301", "“ﬁ” Ａ e\u0301"),
        ("**not bold** [x](y)", "**not bold** [x](y)"),
    ],
    ids=[
        "markup",
        "references",
        "once",
        "encoding",
        "space",
        "junk",
        "style",
        "Markdown",
    ],
)
def test_text_shows_as_it_reads_in_the_file(name, written, shown):
    found = read(**{name: written})
    assert {"title": found.title, "excerpt": found.summary}[name] == shown


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ({"url": PNG}, [PNG]),
        (PNG, [PNG]),
        ([{"url": PNG}, {"url": GIF}], [PNG, GIF]),
        ([{"url": "//a.example/p.png"}], [PNG]),
        ([{"url": "https://a.example/a b.png"}], ["https://a.example/a%20b.png"]),
        ([None, {"url": PNG}], [PNG]),
        ([{"url": PNG}, {"url": PNG}], [PNG]),
        ([{"url": GIF}, {"url": PNG}, {"url": PNG}], [GIF, PNG]),
        ([{"url": PNG}, {"url": GIF}, {"url": PNG}], [PNG, GIF]),
    ],
    ids=[
        "a lone mapping",
        "a lone address",
        "two",
        "without scheme",
        "with a space",
        "none among them",
        "one twice",
        "the last twice",
        "the first again at the end",
    ],
)
def test_images_come_in_their_order_each_once(images, expected):
    assert [image.url for image in read(images=images).images] == expected


def test_the_first_of_equal_images_gives_the_size():
    images = [{"url": PNG, "width": "1"}, {"url": GIF}, {"url": PNG, "width": "2"}]
    assert read(images=images).images[0] == Image(url=PNG, width=1, height=None)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            {"url": "ftp://x"},
            'images.url: got "ftp://x", expected an http or https address',
        ),
        (
            {"url": "p.png"},
            'images.url: got "p.png", expected an http or https address',
        ),
        ({"url": [PNG]}, "images.url: got a list, expected an http or https address"),
        ({"width": "1"}, "images.url: missing, expected an http or https address"),
        ({}, "images.url: missing, expected an http or https address"),
        ([PNG], "images: got a list, expected a mapping with url"),
        ("p.png", 'images.url: got "p.png", expected an http or https address'),
    ],
    ids=ascii,
)
def test_a_bad_image_is_lost_and_the_record_is_not(image, expected):
    found = read(images=[image, {"url": PNG}])
    assert found.images == (Image(url=PNG, width=None, height=None),)
    assert [str(flaw) for flaw in found.flaws] == [f"s.md:7: {expected}"]


@pytest.mark.parametrize(
    ("written", "pixels"),
    [
        ("1200", 1200),
        ("1200.0", 1200),
        ("0120", 120),
        ("0", None),
        ("", None),
        (None, None),
    ],
)
def test_width_and_height_are_whole_pixels(written, pixels):
    images = [{"url": PNG, "width": written, "height": written}]
    assert read(images=images).images == (Image(url=PNG, width=pixels, height=pixels),)
    assert not read(images=images).flaws


@pytest.mark.parametrize(
    "written", ["wide", "-5", "1.5", "100px", "1e3", "12345678", "٥"]
)
def test_a_bad_size_costs_the_size_alone(written):
    images = [{"url": PNG, "width": written, "height": "10"}]
    assert read(images=images).images == (Image(url=PNG, width=None, height=10),)
    assert flaws(images=images) == [
        f's.md:7: images.width: got "{written}", expected a whole number of pixels'
    ]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (
            {"title": "R", "webUrl": LINK},
            Related(title="R", link=LINK, provider="a.example"),
        ),
        (
            {"title": "R &amp; D", "originalUrl": LINK},
            Related(title="R & D", link=LINK, provider="a.example"),
        ),
        (
            {"title": "R", "webUrl": LINK, "provider": {"name": "R&amp;D"}},
            Related(title="R", link=LINK, provider="R&D"),
        ),
        (
            {"title": "R", "webUrl": LINK, "provider": {"domain": "www.b.example"}},
            Related(title="R", link=LINK, provider="b.example"),
        ),
        (
            {"title": "R", "webUrl": LINK, "published": "false", "quality": "junk"},
            Related(title="R", link=LINK, provider="a.example"),
        ),
    ],
    ids=["link", "originalUrl", "name", "domain", "never filtered"],
)
def test_related_stories_are_shown_as_they_are(story, expected):
    assert read(related=[story]).related == (expected,)
    assert read(related=story).related == (expected,)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ({"webUrl": LINK}, "related.title: missing, expected text"),
        ({"title": "R"}, "related.webUrl: missing, expected an http or https address"),
        (
            {"title": "R", "webUrl": "x"},
            'related.webUrl: got "x", expected an http or https address',
        ),
        (
            {"title": "R", "webUrl": LINK, "provider": {"domain": "a b"}},
            'related.provider.domain: got "a b", expected a host name',
        ),
        ([LINK], "related: got a list, expected a mapping with webUrl"),
    ],
    ids=ascii,
)
def test_a_bad_related_story_is_lost_and_the_record_is_not(story, expected):
    good = {"title": "R", "webUrl": LINK}
    assert len(read(related=[story, good]).related) == 1
    assert flaws(related=[story, good]) == [f"s.md:7: {expected}"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\n\nOne\n\nTwo\n", "One\n\nTwo"),
        ("a\x00b\n", "ab"),
        ("said\u00c2\u00a0231", "said\u00c2\u00a0231"),
        ("&amp; <b>x</b>", "&amp; <b>x</b>"),
    ],
    ids=["space", "junk", "encoding", "markup"],
)
def test_the_body_is_markdown_as_written(body, expected):
    assert read(below=body).body == expected
    assert read(body=body).body == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"secured": SECRET},
        {"secured": [SECRET]},
        {"secured": {"key": SECRET}},
        {"secured": SECRET, "title": None},
        {"secured": SECRET, "webUrl": "nowhere"},
        {"provider": {"name": "tech", "secured": SECRET}},
        {"images": [{"url": PNG, "secured": SECRET}]},
        {"images": [{"secured": SECRET}]},
        {"related": [{"title": "R", "webUrl": LINK, "secured": SECRET}]},
        {"related": [{"secured": SECRET}]},
    ],
    ids=ascii,
)
def test_the_secret_is_neither_kept_nor_quoted(fields):
    assert SECRET not in repr(read(**fields))


def test_a_complaint_is_equal_only_for_the_same_content():
    one = Complaint(file="a.md", line=1, reason="why", digest="x")
    assert one != replace(one, digest="y")
    assert str(one) == "a.md:1: why"


JUNK = st.recursive(
    st.sampled_from(
        [None, "", " ", "x", "true", "-1", LINK, "2021-02-13", "\x00", "\ud800", True]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["url", "webUrl", "title", "domain"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=4))
def test_whatever_a_file_holds_is_a_record_or_a_complaint(fields):
    found = read(**fields)
    assert isinstance(found, Record | Complaint)
    if isinstance(found, Record):
        assert found.title
        assert found.updated >= found.published
        assert found.id


@pytest.mark.parametrize("name", ["topics", "images", "related"])
def test_only_the_first_items_of_a_list_are_taken(name):
    one = {
        "topics": "x{}",
        "images": "https://a.example/{}.png",
        "related": {"title": "x", "webUrl": "https://a.example/{}"},
    }[name]
    items = json.loads(
        "[" + ",".join(json.dumps(one).replace("{}", str(n)) for n in range(300)) + "]"
    )
    found = read(**{name: items})
    assert len(getattr(found, name)) == 250
    assert [str(flaw) for flaw in found.flaws] == [
        f"s.md:7: {name}: got a list, expected 250 items at most, the others are left out"
    ]


def test_a_topic_has_a_length():
    assert read(topics=["x" * 1000]).topics == ("x" * 1000,)
    assert complaint(topics=["x" * 1001]).endswith(
        '...", expected 1000 characters at most'
    )


def test_a_body_that_is_too_tangled_is_a_flaw():
    found = read(below="<div>" * 20_000)
    assert found.body == ""
    assert [str(flaw) for flaw in found.flaws] == [
        "s.md:7: body: too much markup, expected less; the excerpt is shown in its stead"
    ]


def test_a_complaint_can_be_written_whatever_it_quotes():
    assert "\\ud800" in complaint(webUrl="https://a.example/\ud800")
