"""Feed → bytes, one module for each format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from feeds.feed import Entry, Feed

_BATCH = 100
"""How many entries are trees at a time; each is some 13 KB."""


class Writer(NamedTuple):
    """What writes a format: a document of nothing but entries, and one around fragments."""

    entries: Callable[[Iterable[Entry]], bytes]
    document: Callable[[Feed, str, Iterable[bytes]], bytes]


class Format(Struct, frozen=True):
    """How a format is written: each entry to a fragment, and a document around these.

    `tag` is that of an entry. The writer is slow to import, so it waits until it is wanted.
    """

    suffix: str
    media_type: str
    tag: str
    writer: Callable[[], Writer]

    def entries(self, entries: Sequence[Entry]) -> list[bytes]:
        """Write each entry to bytes that are the same in every document that holds it."""
        write = self.writer().entries
        batches = range(0, len(entries), _BATCH)
        written = [write(entries[first : first + _BATCH]) for first in batches]
        fragments = [
            fragment for document in written for fragment in self.cut(document)
        ]
        assert len(fragments) == len(entries)
        return fragments

    def document(self, feed: Feed, self_link: str, fragments: Iterable[bytes]) -> bytes:
        """Write a feed around the fragments of its entries."""
        return self.writer().document(feed, self_link, fragments)

    def cut(self, document: bytes) -> list[bytes]:
        """Give the fragments that a document was made of.

        Text is escaped, so what looks like the tag of an entry is one.
        """
        start, end = f"<{self.tag}>".encode(), f"</{self.tag}>\n".encode()
        head, found, rest = document.partition(start)
        indent = head[head.rfind(b"\n") + 1 :]
        *pieces, _tail = (indent + found + rest).split(end)
        return [piece + end for piece in pieces]


def _rss() -> Writer:
    from feeds.render import rss  # noqa: PLC0415

    return Writer(rss.entries, rss.document)


def _atom() -> Writer:
    from feeds.render import atom  # noqa: PLC0415

    return Writer(atom.entries, atom.document)


FORMATS = {
    "rss": Format(".rss", "application/rss+xml", "item", _rss),
    "atom": Format(".atom", "application/atom+xml", "entry", _atom),
}


class Document(Struct, frozen=True):
    """One file to be: its path below the output, and its bytes when they are asked for."""

    feed: Feed
    format: Format
    fragments: dict[tuple[str, Entry], bytes]

    @property
    def path(self) -> str:
        return self.feed.path + self.format.suffix

    def render(self) -> bytes:
        """Write the document; each entry's bytes are made once for all feeds that hold it."""
        keys = [(self.format.suffix, entry) for entry in self.feed.entries]
        fresh = [key for key in keys if key not in self.fragments]
        if fresh:
            made = self.format.entries([entry for _, entry in fresh])
            self.fragments.update(zip(fresh, made, strict=True))
        return self.format.document(
            self.feed, self.feed.base + self.path, map(self.fragments.__getitem__, keys)
        )


def documents(feeds: Iterable[Feed]) -> Iterator[Document]:
    """Give the documents of feeds, in the order of the feeds."""
    fragments: dict[tuple[str, Entry], bytes] = {}
    for feed in feeds:
        for name in feed.formats:
            yield Document(feed, FORMATS[name], fragments)
