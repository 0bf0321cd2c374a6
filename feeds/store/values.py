"""What goes into the state and comes out of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from feeds.errors import FeedsError
from feeds.feed import SUFFIXES
from feeds.finding import Finding
from feeds.listing import Listing
from feeds.media import Measured

SITE = 0
"""The key, among those of places, of documents that belong to no feed."""


UNFIT = (-1, -1, -1, -1)
"""The stamp of a document that was not fit to publish: none ever stands so."""


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
    """A document as it was last written, and in `digests` what it was made of."""

    place: int
    stamp: tuple[int, ...]
    digests: bytes


class Done(NamedTuple):
    """A feed that was looked at: its documents, which of them were written, what was found.

    A document that is not fit to publish is kept as UNFIT, so that the next build tries
    again. `forms` are those that were met for the first time.
    """

    key: int
    entries: int
    expires: int | None
    documents: list[tuple[str, Written]]
    written: list[str]
    listing: Listing | None = None
    pictures: Pictures | None = None
    findings: Sequence[Finding] = ()
    forms: Sequence[tuple[bytes, bytes]] = ()


def plain(paths: Iterable[str]) -> Iterator[str]:
    """Believe only what may be the path of a document."""
    for path in paths:
        if not isinstance(path, str):
            continue
        odd = path.startswith("/") or ".." in path.split("/") or "\0" in path
        if not odd and path.endswith(SUFFIXES):
            yield path
