"""JSON Feed 1.1 <https://www.jsonfeed.org/version/1.1/>; each item is a line of its own."""

from collections.abc import Iterable
from typing import Any

from msgspec import json

from feeds.feed import GENERATOR, Entry, Feed, Person

VERSION = "https://jsonfeed.org/version/1.1"
_START = b"    {"


def entries(entries: Iterable[Entry]) -> list[bytes]:
    """Write entries as items."""
    return [_START[:-1] + _written(_item(entry)) for entry in entries]


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed around its items."""
    head = b"".join(
        b"  %s: %s,\n" % (_written(key), _written(value))
        for key, value in _head(feed, self_link).items()
        if value
    )
    items = b",\n".join(entries)
    return b'{\n%s  "items": [%s]\n}\n' % (head, items and b"\n%s\n  " % items)


def cut(document: bytes) -> list[bytes]:
    """Give the items that a document was made of."""
    lines = document.split(b"\n")
    return [line.removesuffix(b",") for line in lines if line.startswith(_START)]


def _head(feed: Feed, self_link: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": self_link,
        "next_url": feed.older and f"{feed.base}{feed.older}.json",
        "description": feed.description,
        "icon": feed.logo,
        "authors": [_author(feed.author)],
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": hub} for hub in feed.hubs],
        # The format has no field for it; an extension's name begins with an underscore.
        "_generator": {"name": GENERATOR, **_also(feed)},
    }


def _also(feed: Feed) -> dict[str, list[str]]:
    also = [f"{feed.base}{path}.json" for path in feed.also]
    return {"also": also} if also else {}


def _item(entry: Entry) -> dict[str, Any]:
    enclosure = entry.enclosure
    item = {
        "id": entry.id,
        "url": entry.link,
        "title": entry.title,
        "content_html": entry.content,
        "summary": entry.summary,
        "image": entry.images[0].url if entry.images else None,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [_author(entry.author)],
        "tags": entry.categories,
        "attachments": enclosure
        and [
            {
                "url": enclosure.url,
                "mime_type": enclosure.media_type,
                **({"size_in_bytes": enclosure.length} if enclosure.length else {}),
            }
        ],
    }
    return {key: value for key, value in item.items() if value}


def _author(person: Person) -> dict[str, str]:
    return {"name": person.name, **({"url": person.uri} if person.uri else {})}


def _written(value: object) -> bytes:
    return json.encode(value)
