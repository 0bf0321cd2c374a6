"""RSS 2.0 <https://www.rssboard.org/rss-specification>, as far as we write it."""

from collections.abc import Iterator

from feeds.validate import tree
from feeds.validate.tree import Element, Part, declares, links_to_itself
from feeds.validate.values import (
    ADDRESS,
    DATE,
    MOMENT,
    NUMBER,
    TEXT,
    TYPE,
    Told,
    quoted,
    relative,
    repeated,
)


def _guid(guid: Element) -> Iterator[str]:
    value = guid.text or ""
    if guid.get("isPermaLink") != "false" and not ADDRESS.is_met(value):
        yield f'<guid> is {quoted(value)}, expected {ADDRESS.what} or isPermaLink="false"'


def _content(content: Element) -> Iterator[str]:
    return relative(content.text or "")


_NAME = Part(text=TEXT)
_MEDIA = Part(
    most=None, needs={"url": ADDRESS}, may={"width": NUMBER, "height": NUMBER}
)
ITEM = Part(
    most=None,
    parts={
        "title": Part(least=1, text=TEXT),
        "link": Part(least=1, text=ADDRESS),
        "description": Part(),
        "content:encoded": Part(more=_content),
        "guid": Part(least=1, text=TEXT, more=_guid),
        "category": Part(most=None, text=TEXT),
        "enclosure": Part(needs={"url": ADDRESS, "length": NUMBER, "type": TYPE}),
        "pubDate": Part(least=1, text=DATE),
        "dc:creator": _NAME,
        "atom:updated": Part(text=MOMENT),
        "media:content": _MEDIA,
        "media:thumbnail": _MEDIA,
    },
)
_IMAGE = Part(
    parts={
        "url": Part(least=1, text=ADDRESS),
        "title": Part(least=1, text=TEXT),
        "link": Part(least=1, text=ADDRESS),
    }
)
_CHANNEL = Part(
    least=1,
    parts={
        "title": Part(least=1, text=TEXT),
        "link": Part(least=1, text=ADDRESS),
        "description": Part(least=1),
        "language": _NAME,
        "copyright": _NAME,
        "managingEditor": _NAME,
        "dc:creator": _NAME,
        "lastBuildDate": Part(least=1, text=DATE),
        "ttl": Part(text=NUMBER),
        "image": _IMAGE,
        "atom:link": Part(most=None, needs={"href": ADDRESS}, may={"type": TYPE}),
        "item": ITEM,
    },
)
_ROOT = Part(parts={"channel": _CHANNEL})


def told(document: bytes, address: str) -> Iterator[Told]:
    """Say what is wrong with a document that stands at an address."""
    root = tree.read(document)
    if isinstance(root, tuple):
        yield root
        return
    if root.tag != "rss" or root.get("version") != "2.0":
        yield 1, f'{tree.tag(root)}, expected <rss version="2.0">'
        return
    yield from tree.told(root, _ROOT)
    yield from declares(root, "atom", "content", "dc", "media")
    for channel in root.iterchildren("channel"):
        yield from links_to_itself(channel, address)
        guids = channel.iterfind("item/guid")
        yield from repeated((guid.sourceline or 0, guid.text or "") for guid in guids)
