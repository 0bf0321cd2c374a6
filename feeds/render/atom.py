"""Atom 1.0 <https://www.rfc-editor.org/rfc/rfc4287>."""

from collections.abc import Iterable

from feeds.feed import Entry, Feed
from feeds.render.forms import of_entries, of_feeds
from feeds.render.generator import Shell, around, generator, styled, together
from feeds.render.kinds import cut


def entries(entries: Iterable[Entry]) -> list[bytes]:
    """Write each entry as the entry of an Atom feed."""
    return [*map(_entries, entries)]


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed as an Atom feed around its entries."""
    return styled(around(_feeds((feed, self_link)), entries, b"</feed>"), feed)


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a feed without its entries."""
    described = generator(feed, self_link, "application/atom+xml")
    if feed.logo:
        described.logo(feed.logo)
    return described


def _entry(entry: Entry) -> bytes:
    (written,) = cut("entry", together([entry]).atom_str(pretty=True))
    return written


def _feed(feed: Feed, self_link: str) -> bytes:
    written: bytes = shell(feed, self_link).atom_str(pretty=True)
    return written


_entries, _feeds = of_entries(_entry), of_feeds(_feed)
