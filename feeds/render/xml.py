"""RSS and Atom documents, put together of entries and shells as feedgen writes them.

What feedgen has to write is only imported when a form is met for the first time.
"""

import html
from collections.abc import Iterable
from typing import NamedTuple

from feeds.feed import PAGE, Entry, Feed
from feeds.render.forms import Addressed, Forms, of_entries, of_feeds


class Xml(NamedTuple):
    """What writes a format of XML; a document's entries stand right before `end`."""

    entry: Forms[Entry]
    feed: Forms[Addressed]
    end: bytes

    def entries(self, entries: Iterable[Entry]) -> list[bytes]:
        """Write each entry alone."""
        return [*map(self.entry, entries)]

    def document(self, feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
        """Put entries, each written alone, into a document."""
        shell = self.feed((feed, self_link))
        at = shell.rindex(self.end)
        return styled(b"".join((shell[:at], *entries, shell[at:])), feed)


def styled(document: bytes, feed: Feed) -> bytes:
    """Have a browser show a document decently, where there are pages for people.

    <https://www.w3.org/TR/xml-stylesheet/>
    """
    if PAGE not in feed.formats:
        return document
    declaration, _, rest = document.partition(b"\n")
    # The same document stands in other folders too, where there are addresses of old.
    root = feed.base if feed.also else "../" * feed.path.count("/")
    style = html.escape(f"{root}feeds.css").encode()
    return b'%s\n<?xml-stylesheet type="text/css" href="%s"?>\n%s' % (
        *(declaration, style, rest),
    )


def _item(entry: Entry) -> bytes:
    from feeds.render import rss  # noqa: PLC0415

    return rss.item(entry)


def _channel(addressed: Addressed) -> bytes:
    from feeds.render import rss  # noqa: PLC0415

    return rss.channel(*addressed)


def _entry(entry: Entry) -> bytes:
    from feeds.render import atom  # noqa: PLC0415

    return atom.entry(entry)


def _feed(addressed: Addressed) -> bytes:
    from feeds.render import atom  # noqa: PLC0415

    return atom.feed(*addressed)


RSS = Xml(of_entries("item", _item), of_feeds("channel", _channel), b"  </channel>")
ATOM = Xml(of_entries("entry", _entry), of_feeds("feed", _feed), b"</feed>")
