"""JSON Feed: what the specification asks of a document.

<https://www.jsonfeed.org/version/1.1/>
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from feeds.feed import Enclosure, Image, Person
from feeds.render import FORMATS
from tests.strategies import Desk
from tests.test_readers import CONFIGURATION, PICTURE, a_story
from tests.test_render import a_feed, an_entry, feeds, written

TEXT = {"type": "string", "minLength": 1}
ADDRESS = {"type": "string", "pattern": "^https?://[^ ]+$"}
# https://www.rfc-editor.org/rfc/rfc3339
DATE = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$",
}
AUTHOR = {
    "type": "object",
    "properties": {"name": TEXT, "url": ADDRESS, "avatar": ADDRESS},
    "minProperties": 1,
    "additionalProperties": False,
}
ATTACHMENT = {
    "type": "object",
    "properties": {
        "url": ADDRESS,
        "mime_type": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"},
        "size_in_bytes": {"type": "integer", "minimum": 1},
    },
    "required": ["url", "mime_type"],
    "additionalProperties": False,
}
ITEM = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "url": ADDRESS,
        "title": TEXT,
        "content_html": {"type": "string"},
        "summary": TEXT,
        "image": ADDRESS,
        "date_published": DATE,
        "date_modified": DATE,
        "authors": {"type": "array", "items": AUTHOR, "minItems": 1},
        "tags": {"type": "array", "items": TEXT},
        "attachments": {"type": "array", "items": ATTACHMENT, "minItems": 1},
    },
    "required": ["id", "url", "content_html"],
    "additionalProperties": False,
}
HUB = {
    "type": "object",
    "properties": {"type": TEXT, "url": ADDRESS},
    "required": ["type", "url"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "home_page_url": ADDRESS,
        "feed_url": ADDRESS,
        "next_url": ADDRESS,
        "description": TEXT,
        "icon": ADDRESS,
        "authors": {"type": "array", "items": AUTHOR, "minItems": 1},
        "language": TEXT,
        "hubs": {"type": "array", "items": HUB, "minItems": 1},
        "items": {"type": "array", "items": ITEM},
    },
    # An extension begins with an underscore.
    "patternProperties": {"^_[a-z]+$": {"type": "object"}},
    "required": ["version", "title", "items"],
    "additionalProperties": False,
}
CHECK = Draft202012Validator(SCHEMA)
DAY = datetime(2021, 2, 13, tzinfo=UTC)


def read(feed):
    found = json.loads(written(feed)["json"])
    assert [str(error) for error in CHECK.iter_errors(found)] == []
    return found


def a_json_feed(*entries, **changes):
    return a_feed(*entries, **{"formats": ("json",), **changes})


@given(feed=feeds)
def test_every_document_is_as_specified(feed):
    found = read(feed)
    assert [item["id"] for item in found["items"]] == [one.id for one in feed.entries]


def test_a_feed_says_what_it_is():
    found = read(a_json_feed())
    assert found == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "AI & more",
        "home_page_url": "https://www.example.org/",
        "feed_url": "https://feeds.example.org/topics/ai.json",
        "description": "About it",
        "icon": "https://www.example.org/logo.png",
        "authors": [{"name": "Desk"}],
        "language": "en",
        "_generator": {"name": "feeds"},
        "items": [],
    }


def test_a_feed_leads_to_what_is_older():
    found = read(a_json_feed(older="topics/ai@2021-01"))
    assert found["next_url"] == "https://feeds.example.org/topics/ai@2021-01.json"


def test_an_item_has_all_of_an_entry():
    entry = an_entry(
        updated=DAY + timedelta(days=1),
        enclosure=Enclosure(url=PICTURE, media_type="image/png", length=7),
        images=(Image(url=PICTURE, width=10, height=None),),
        author=Person(name="A", uri="https://a.example/"),
    )
    (item,) = read(a_json_feed(entry))["items"]
    assert item == {
        "id": entry.id,
        "url": entry.link,
        "title": entry.title,
        "content_html": entry.content,
        "summary": entry.summary,
        "image": PICTURE,
        "date_published": entry.published.isoformat(),
        "date_modified": "2021-02-14T00:00:00+00:00",
        "authors": [{"name": "A", "url": "https://a.example/"}],
        "tags": ["AI"],
        "attachments": [{"url": PICTURE, "mime_type": "image/png", "size_in_bytes": 7}],
    }


def test_what_there_is_not_is_left_out():
    entry = an_entry(summary="", images=(), enclosure=None, categories=())
    (item,) = read(a_json_feed(entry, language=None, logo=None))["items"]
    assert not item.keys() & {"summary", "image", "attachments", "tags"}


@pytest.mark.parametrize("text", ["a\u2028b", '"\\', "</script>", "猫", "\U0001f600"])
def test_each_item_is_a_line_whatever_it_says(text):
    feed = a_json_feed(an_entry(title=text), an_entry(id="urn:x", summary=text))
    document = written(feed)["json"]
    assert FORMATS["json"].cut(document) == FORMATS["json"].entries(feed.entries)
    assert read(feed)["items"][0]["title"] == text


@pytest.fixture
def desk(tmp_path):
    library = {f"{n}.md": a_story(n) for n in (1, 2)}
    desk = Desk(tmp_path, {**CONFIGURATION, "formats": ["json"]}, library)
    desk.build()
    return desk


def test_without_a_state_a_document_of_ours_is_known_by_what_it_says(desk):
    (desk.output / "mine.json").write_text('{"title": "mine"}')
    (desk.output / "odd.json").write_text("[" * 99_999)
    desk.lose_state()
    desk.configure({**CONFIGURATION, "formats": ["rss"]})
    desk.build("--force")
    assert sorted(one.name for one in desk.output.iterdir()) == [
        "all.rss",
        "mine.json",
        "odd.json",
    ]


def test_a_dry_run_compares_items(desk):
    desk.put("1.md", a_story(1, title="Another"))
    desk.put("4.md", a_story(4))
    said = desk.build("--dry-run")
    assert "all: 1 new, 1 changed, 0 gone" in said.output
