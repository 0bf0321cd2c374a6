"""Atom 1.0 <https://www.rfc-editor.org/rfc/rfc4287>."""

from collections.abc import Iterable

from feeds.feed import Entry, Feed
from feeds.render.generator import Shell, alone, around, generator


def entry(entry: Entry) -> bytes:
    """Write an entry as an Atom entry."""
    return alone(entry, "atom_str", b"<entry>", b"</entry>")


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a feed as an Atom feed around its entries."""
    return around(shell(feed, self_link).atom_str(pretty=True), entries, b"</feed>")


def shell(feed: Feed, self_link: str) -> Shell:
    """Describe a feed without its entries."""
    described = generator(feed, self_link, "application/atom+xml")
    if feed.logo:
        described.logo(feed.logo)
    return described
