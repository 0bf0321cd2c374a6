"""RSS 2.0 <https://www.rssboard.org/rss-specification>."""

from collections.abc import Iterable

from feeds.feed import Entry, Feed
from feeds.media import media_type
from feeds.render.generator import Shell, around, generator, styled, together

_LOGOS = frozenset({"image/png", "image/jpeg", "image/gif"})


def entries(entries: Iterable[Entry]) -> bytes:
    """Write entries as the items of a channel."""
    written: bytes = together(entries).rss_str(pretty=True)
    return written


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed as an RSS channel around its items."""
    written = shell(feed, self_link).rss_str(pretty=True)
    return styled(around(written, entries, b"  </channel>"), feed)


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
