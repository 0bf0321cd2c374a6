"""The formats by what the world calls them."""

from typing import NamedTuple


class Kind(NamedTuple):
    """What people call a format, how its files end, and its media type."""

    name: str
    suffix: str
    media_type: str


FEEDS = {
    "rss": Kind("RSS", ".rss", "application/rss+xml"),
    "atom": Kind("Atom", ".atom", "application/atom+xml"),
    "json": Kind("JSON", ".json", "application/feed+json"),
}
"""The formats that a reader can subscribe to."""


def cut(tag: str, document: bytes) -> list[bytes]:
    """Cut XML at the tag of an entry: text is escaped, so what looks like it is it."""
    start, end = f"<{tag}>".encode(), f"</{tag}>\n".encode()
    head, found, rest = document.partition(start)
    indent = head[head.rfind(b"\n") + 1 :]
    *pieces, _tail = (indent + found + rest).split(end)
    return [piece + end for piece in pieces]
