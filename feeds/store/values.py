"""What goes into the state and comes out of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from feeds.errors import FeedsError
from feeds.feed import SUFFIXES
from feeds.listing import Listing
from feeds.media import Measured

SITE = 0
"""The key, among those of places, of documents that belong to no feed."""


class Damaged(FeedsError):
    """The state cannot be used; a build without it repairs it."""


Pictures = dict[str, Measured]
"""The pictures of a feed by their addresses, and what it says of them."""


class Counts(NamedTuple):
    """How many records there are: all, drafts, usable ones, different stories."""

    read: int
    drafts: int
    usable: int
    stories: int


class Written(NamedTuple):
    """A document as it was last written; its entries by their digests."""

    place: int
    stamp: tuple[int, ...]
    digests: bytes


class Done(NamedTuple):
    """A feed that stands as it should: its documents, and which of them were written."""

    key: int
    entries: int
    expires: int | None
    documents: list[tuple[str, Written]]
    written: list[str]
    listing: Listing | None = None
    pictures: Pictures | None = None


def plain(paths: Iterable[str]) -> Iterator[str]:
    """Believe only what may be the path of a document."""
    for path in paths:
        if not isinstance(path, str):
            continue
        odd = path.startswith("/") or ".." in path.split("/") or "\0" in path
        if not odd and path.endswith(SUFFIXES):
            yield path
