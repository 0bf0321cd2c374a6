"""Feed → bytes, one module for each format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from feeds.feed import PAGE, Entry, Feed
from feeds.render import jsonfeed
from feeds.render.kinds import FEEDS, cut


class Writer(NamedTuple):
    """What writes a format: entries as fragments, and a document around fragments.

    `elsewhere` writes what stands at an address of old, where that is another document.
    """

    entries: Callable[[Sequence[Entry]], list[bytes]]
    document: Callable[[Feed, str, Iterable[bytes]], bytes]
    elsewhere: Callable[[Feed, str], bytes] | None = None


class Format(Struct, frozen=True):
    """How a format is written: each entry to a fragment, and a document around these.


    `cut` gives the fragments that a document was made of. A writer may be slow to import,
    so it waits until it is wanted.
    """

    suffix: str
    media_type: str
    cut: Callable[[bytes], list[bytes]]
    writer: Callable[[], Writer]

    def entries(self, entries: Sequence[Entry]) -> list[bytes]:
        """Write each entry to bytes that are the same in every document that holds it."""
        fragments = self.writer().entries(entries)
        assert len(fragments) == len(entries)
        return fragments

    def document(self, feed: Feed, self_link: str, fragments: Iterable[bytes]) -> bytes:
        """Write a feed around the fragments of its entries."""
        return self.writer().document(feed, self_link, fragments)

    def at(self, path: str, feed: Feed, document: bytes) -> bytes:
        """Give what stands at one of a feed's addresses, of old or not."""
        other = self.writer().elsewhere
        return document if path == feed.path or not other else other(feed, path)


def _rss() -> Writer:
    from feeds.render.xml import RSS  # noqa: PLC0415

    return Writer(RSS.entries, RSS.document)


def _atom() -> Writer:
    from feeds.render.xml import ATOM  # noqa: PLC0415

    return Writer(ATOM.entries, ATOM.document)


def _page() -> Writer:
    from feeds.render import page  # noqa: PLC0415

    return Writer(page.entries, page.document, page.elsewhere)


def _cut_page(document: bytes) -> list[bytes]:
    start, end = b"<article>\n", b"</article>\n"
    _head, *pieces = document.split(start)
    return [start + piece.partition(end)[0] + end for piece in pieces]


def _json() -> Writer:
    return Writer(jsonfeed.entries, jsonfeed.document)


FORMATS = {
    "rss": Format(*FEEDS["rss"][1:], partial(cut, "item"), _rss),
    "atom": Format(*FEEDS["atom"][1:], partial(cut, "entry"), _atom),
    "json": Format(*FEEDS["json"][1:], jsonfeed.cut, _json),
    PAGE: Format(".html", "text/html", _cut_page, _page),
}


class Document(Struct, frozen=True):
    """One file to be: its path below the output, and its bytes when they are asked for.

    `address` is its path without the ending: that of the feed, or one of old.
    """

    feed: Feed
    format: Format
    fragments: dict[tuple[str, Entry], bytes]
    address: str

    @property
    def path(self) -> str:
        return self.address + self.format.suffix

    def render(self) -> bytes:
        """Write the document; each entry's bytes are made once for all feeds that hold it."""
        keys = [(self.format.suffix, entry) for entry in self.feed.entries]
        fresh = [key for key in keys if key not in self.fragments]
        if fresh:
            made = self.format.entries([entry for _, entry in fresh])
            self.fragments.update(zip(fresh, made, strict=True))
        document = self.format.document(
            self.feed,
            self.feed.base + self.feed.path + self.format.suffix,
            map(self.fragments.__getitem__, keys),
        )
        return self.format.at(self.address, self.feed, document)


def documents(feeds: Iterable[Feed]) -> Iterator[Document]:
    """Give the documents of feeds, in the order of the feeds."""
    fragments: dict[tuple[str, Entry], bytes] = {}
    for feed in feeds:
        for address in (feed.path, *feed.also):
            for name in feed.formats:
                yield Document(feed, FORMATS[name], fragments, address)
