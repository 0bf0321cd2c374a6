"""RSS 2.0 <https://www.rssboard.org/rss-specification>."""

from collections.abc import Iterable

from feeds.feed import Entry, Feed
from feeds.media import media_type
from feeds.render.forms import of_entries, of_feeds
from feeds.render.generator import Shell, around, generator, styled, together
from feeds.render.kinds import cut

_LOGOS = frozenset({"image/png", "image/jpeg", "image/gif"})


def entries(entries: Iterable[Entry]) -> list[bytes]:
    """Write each entry as the item of a channel."""
    return [*map(_items, entries)]


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed as an RSS channel around its items."""
    channel = _channels((feed, self_link))
    return styled(around(channel, entries, b"  </channel>"), feed)


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a channel without its items."""
    channel = generator(feed, self_link, "application/rss+xml")
    if feed.author.email:
        channel.managingEditor(f"{feed.author.email} ({feed.author.name})")
    else:
        channel.namespaces.creator = feed.author.name
    # https://www.rssboard.org/rss-specification#ltimagegtSubelementOfLtchannelgt
    if feed.logo and media_type(feed.logo) in _LOGOS:
        channel.image(feed.logo, title=feed.title, link=feed.home)
    if feed.ttl:
        channel.ttl(feed.ttl)
    return channel


def _item(entry: Entry) -> bytes:
    (written,) = cut("item", together([entry]).rss_str(pretty=True))
    return written


def _channel(feed: Feed, self_link: str) -> bytes:
    written: bytes = shell(feed, self_link).rss_str(pretty=True)
    return written


_items, _channels = of_entries(_item), of_feeds(_channel)
