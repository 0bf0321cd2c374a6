"""Atom 1.0 <https://www.rfc-editor.org/rfc/rfc4287>."""

from collections.abc import Iterable

from feeds.feed import Entry, Feed
from feeds.render.generator import Shell, around, generator, styled, together


def entries(entries: Iterable[Entry]) -> bytes:
    """Write entries as the entries of an Atom feed."""
    written: bytes = together(entries).atom_str(pretty=True)
    return written


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed as an Atom feed around its entries."""
    written = shell(feed, self_link).atom_str(pretty=True)
    return styled(around(written, entries, b"</feed>"), feed)


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a feed without its entries."""
    described = generator(feed, self_link, "application/atom+xml")
    if feed.logo:
        described.logo(feed.logo)
    return described
