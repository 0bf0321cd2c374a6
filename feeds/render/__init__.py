"""Feed → bytes, one module for each format."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from feeds.feed import Entry, Feed
from feeds.render import atom, rss


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is written: an entry's bytes, and a document around such bytes."""

    suffix: str
    media_type: str
    entry: Callable[[Entry], bytes]
    document: Callable[[Feed, str, Iterable[bytes]], bytes]


FORMATS = {
    "rss": Format(".rss", "application/rss+xml", rss.entry, rss.document),
    "atom": Format(".atom", "application/atom+xml", atom.entry, atom.document),
}


@dataclass(frozen=True, slots=True)
class Document:
    """One file to be: its path below the output, and its bytes when they are asked for."""

    feed: Feed
    format: Format
    fragments: dict[tuple[str, Entry], bytes]

    @property
    def path(self) -> str:
        return self.feed.path + self.format.suffix

    def render(self) -> bytes:
        """Write the document; each entry's bytes are made once for all feeds that hold it."""
        return self.format.document(
            self.feed, self.feed.base + self.path, self._entries()
        )

    def _entries(self) -> Iterator[bytes]:
        for entry in self.feed.entries:
            key = (self.format.suffix, entry)
            if key not in self.fragments:
                self.fragments[key] = self.format.entry(entry)
            yield self.fragments[key]


def documents(feeds: Iterable[Feed]) -> Iterator[Document]:
    """Give the documents of feeds, in the order of the feeds."""
    fragments: dict[tuple[str, Entry], bytes] = {}
    for feed in feeds:
        for name in feed.formats:
            yield Document(feed, FORMATS[name], fragments)
