"""Atom 1.0 <https://www.rfc-editor.org/rfc/rfc4287>."""

from feeds.feed import Entry, Feed
from feeds.render.generator import Shell, generator, together
from feeds.render.kinds import cut


def entry(entry: Entry) -> bytes:
    """Write an entry as the entry of a feed."""
    (written,) = cut("entry", together([entry]).atom_str(pretty=True))
    return written


def feed(feed: Feed, self_link: str) -> bytes:
    """Write a feed without entries."""
    written: bytes = shell(feed, self_link).atom_str(pretty=True)
    return written


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a feed without its entries."""
    described = generator(feed, self_link, "application/atom+xml")
    if feed.logo:
        described.logo(feed.logo)
    return described
