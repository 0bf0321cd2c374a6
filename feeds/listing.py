"""Listing: what a list of all feeds says of one of them."""

from collections.abc import Iterable

from msgspec import Struct

from feeds.feed import Feed

PATHS = ("index.html", "feeds.opml", "feeds.css", "feeds.js", "feeds.svg")
"""The documents of the whole site: the list as page and OPML, their style, script and icon."""

FAMILIES = ("Feeds", "Topics", "Providers", "Topics by provider")
"""What feeds of no group, of a topic, of a provider and of a pair are headed with."""

PARTS = 12
"""Into so many equal parts the time of a feed's entries is cut."""


class Listing(Struct, frozen=True, kw_only=True):
    """A feed among others: how many entries it has, and how they lie in time.

    `first` and `last` are seconds since 1970; `counts` are the entries of each part of the
    time between them, so that nothing of it depends on the clock.
    """

    path: str
    title: str
    family: str
    formats: tuple[str, ...]
    entries: int
    first: int | None
    last: int | None
    counts: tuple[int, ...]


def listing(feed: Feed, family: str, times: Iterable[int]) -> Listing:
    """List a feed whose entries were published at these times."""
    moments = sorted(times)
    counts = [0] * PARTS
    for moment in moments:
        span = max(moments[-1] - moments[0], 1)
        counts[min((moment - moments[0]) * PARTS // span, PARTS - 1)] += 1
    return Listing(
        path=feed.path,
        title=feed.title,
        family=family,
        formats=feed.formats,
        entries=len(moments),
        first=moments[0] if moments else None,
        last=moments[-1] if moments else None,
        counts=tuple(counts),
    )
