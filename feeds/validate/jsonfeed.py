"""JSON Feed 1.1 <https://www.jsonfeed.org/version/1.1/>, as far as we write it."""

import re
from collections.abc import Collection, Iterator, Mapping
from json import JSONDecoder
from typing import Any

import msgspec

from feeds.validate.values import (
    ADDRESS,
    MOMENT,
    TEXT,
    TYPE,
    URI,
    Expected,
    Told,
    quoted,
    relative,
    repeated,
)

VERSION = "https://jsonfeed.org/version/1.1"

_HEAD = {"title": TEXT, "home_page_url": ADDRESS, "icon": ADDRESS, "language": TEXT}
_ITEM = {
    **{"id": URI, "url": ADDRESS, "title": TEXT, "summary": TEXT, "image": ADDRESS},
    **{"content_html": TEXT, "date_published": MOMENT, "date_modified": MOMENT},
}
_NEEDED = ("id", "url", "title", "content_html", "date_published")
_AUTHOR = {"name": TEXT, "url": ADDRESS}
_ATTACHMENT = {"url": ADDRESS, "mime_type": TYPE}
_AT = re.compile(r" \(byte (\d+)\)")
_KEY = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
_NEXT = re.compile(r"[\s,]*")

Fields = Mapping[str, Any]


def told(document: bytes, address: str) -> Iterator[Told]:
    """Say what is wrong with a document that stands at an address."""
    try:
        feed = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        yield _malformed(document, error)
        return
    if not isinstance(feed, dict) or feed.get("version") != VERSION:
        yield 1, f'no JSON Feed, expected "version": "{VERSION}"'
        return
    if found := [*_of_head(feed, address), *_of_items(feed.get("items"))]:
        lines = _lines(document.decode())
        yield from ((lines.get(where, 1), what) for where, what in found)


def of_item(item: object) -> Iterator[str]:
    """Say what is wrong with an item."""
    if not isinstance(item, dict):
        yield "item is no object"
        return
    yield from _values(item, _ITEM, _NEEDED, "item")
    yield from relative(str(item.get("content_html")))
    for author in _objects(item, "authors"):
        yield from _values(author, _AUTHOR, ("name",), "author")
    for attachment in _objects(item, "attachments"):
        yield from _values(attachment, _ATTACHMENT, _ATTACHMENT, "attachment")
        size = attachment.get("size_in_bytes", 0)
        if type(size) is not int or size < 0:
            yield f'"size_in_bytes" is {quoted(str(size))}, expected a whole number'
    tags = item.get("tags", [])
    if not isinstance(tags, list) or not all(_is_met(TEXT, tag) for tag in tags):
        yield f'"tags" is {quoted(str(tags))}, expected a list of texts'


def _of_head(feed: Fields, address: str) -> Iterator[tuple[str, str]]:
    for key, expected in _HEAD.items():
        needed = ("title",) if key == "title" else ()
        for what in _values(feed, {key: expected}, needed, "feed"):
            yield key, what
    for author in _objects(feed, "authors"):
        for what in _values(author, _AUTHOR, ("name",), "author"):
            yield "authors", what
    for hub in _objects(feed, "hubs"):
        for what in _values(hub, {"url": ADDRESS}, ("url",), "hub"):
            yield "hubs", what
    if (given := feed.get("feed_url")) != address and address not in _also(feed):
        what = f"expected where it stands: {address}"
        yield "feed_url", f'"feed_url" is {quoted(str(given))}, {what}'


def _also(feed: Mapping[str, object]) -> list[object]:
    """Give the addresses of old that a document says it stands at."""
    ours = feed.get("_generator")
    also = ours.get("also") if isinstance(ours, dict) else None
    return also if isinstance(also, list) else []


def _of_items(items: object) -> Iterator[tuple[int | str, str]]:
    if not isinstance(items, list):
        yield "items", 'feed without "items", expected a list of them'
        return
    for number, item in enumerate(items):
        for what in of_item(item):
            yield number, what
    named = [(number, one) for number, one in enumerate(items) if isinstance(one, dict)]
    yield from repeated((number, str(one.get("id", number))) for number, one in named)


def _values(
    given: Fields, expected: Mapping[str, Expected], needed: Collection[str], name: str
) -> Iterator[str]:
    for key, one in expected.items():
        if key not in given:
            if key in needed:
                yield f'{name} without "{key}", expected {one.what}'
        elif not _is_met(one, given[key]):
            yield one.told(f'"{key}" of {name}', str(given[key]))


def _objects(given: Fields, key: str) -> Iterator[Fields]:
    listed = given.get(key, [])
    for one in listed if isinstance(listed, list) else [listed]:
        yield one if isinstance(one, dict) else {}


def _is_met(expected: Expected, value: object) -> bool:
    return isinstance(value, str) and bool(expected.is_met(value))


def _malformed(document: bytes, error: Exception) -> Told:
    at = _AT.search(str(error))
    line = document.count(b"\n", 0, int(at[1]) if at else None) + 1
    why = _AT.sub("", str(error)).partition(": ")[2] or str(error) or "nested too deep"
    return line, f"not well-formed JSON: {why}"


def _lines(text: str) -> dict[str | int, int]:
    """Tell at which lines the values of a feed stand; items are found by their number."""
    starts: dict[str | int, int] = {}
    read = JSONDecoder(strict=False).raw_decode
    at = text.index("{") + 1
    while key := _KEY.match(text, at):
        name, at = read(key[1])[0], key.end()
        starts[name] = at
        if name == "items" and text[at] == "[":
            starts |= dict(enumerate(_starts(text, at + 1)))
        _value, at = read(text, at)
    return {where: text.count("\n", 0, start) + 1 for where, start in starts.items()}


def _starts(text: str, at: int) -> Iterator[int]:
    """Tell where the values of a list begin, whose first is near."""
    while (found := _NEXT.match(text, at)) and text[found.end()] != "]":
        yield found.end()
        _value, at = JSONDecoder(strict=False).raw_decode(text, found.end())
