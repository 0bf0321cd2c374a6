"""RSS 2.0 <https://www.rssboard.org/rss-specification>."""

from feeds.feed import Entry, Feed
from feeds.media import media_type
from feeds.render.generator import Shell, generator, together
from feeds.render.kinds import cut

_LOGOS = frozenset({"image/png", "image/jpeg", "image/gif"})


def item(entry: Entry) -> bytes:
    """Write an entry as the item of a channel."""
    (written,) = cut("item", together([entry]).rss_str(pretty=True))
    return written


def channel(feed: Feed, self_link: str) -> bytes:
    """Write a feed as a channel without items."""
    written: bytes = shell(feed, self_link).rss_str(pretty=True)
    return written


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a channel without its items."""
    described = generator(feed, self_link, "application/rss+xml")
    if feed.author.email:
        described.managingEditor(f"{feed.author.email} ({feed.author.name})")
    else:
        described.namespaces.creator = feed.author.name
    # https://www.rssboard.org/rss-specification#ltimagegtSubelementOfLtchannelgt
    if feed.logo and media_type(feed.logo) in _LOGOS:
        described.image(feed.logo, title=feed.title, link=feed.home)
    if feed.ttl:
        described.ttl(feed.ttl)
    return described
