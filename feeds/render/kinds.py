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
