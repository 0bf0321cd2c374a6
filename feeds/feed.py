"""Feed and Entry: the model, in Atom's terms (RFC 4287); imports nothing of ours."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

GENERATOR = "feeds"
"""What every document names as its generator; a version in it would change every feed."""

FEEDS = (".rss", ".atom", ".json")
"""What the names of feeds end in: the endings every web server knows."""

PAGE = "html"
"""The format for people, which nobody subscribes to."""

SUFFIXES = (*FEEDS, ".html", ".opml", ".css", ".js", ".svg")
"""What the names of all documents end in."""

ARCHIVE = "@"
"""What leads from a feed's path to the month of an archive document; no path has it."""

EMPTY = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated."""


class Image(Struct, frozen=True, kw_only=True):
    """A picture of a story; width and height in pixels, None when unknown."""

    url: str
    width: int | None
    height: int | None


class Related(Struct, frozen=True, kw_only=True):
    """Another story that goes with one; it is shown, never selected."""

    title: str
    link: str
    provider: str


class Person(Struct, frozen=True, kw_only=True):
    """Who wrote something."""

    name: str
    uri: str | None = None
    email: str | None = None


class Enclosure(Struct, frozen=True, kw_only=True):
    """A file that goes with an entry; length in bytes, 0 when unknown."""

    url: str
    media_type: str
    length: int = 0


class Entry(Struct, frozen=True, kw_only=True):
    """One story as readers see it; equal entries are written as equal bytes.

    The first of `images` is the lead. `summary` is plain text, `content` sanitised HTML.
    """

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    summary: str
    content: str
    author: Person
    categories: tuple[str, ...]
    enclosure: Enclosure | None
    images: tuple[Image, ...]
    related: tuple[Related, ...]


class Feed(Struct, frozen=True, kw_only=True):
    """Entries in the order they are shown, and what a reader calls them.

    `base` is where the output is served, `path` the address below it without the ending;
    `also` are addresses of old where the same documents stand. `ttl` counts minutes;
    `updated` is the newest change among the entries, never the clock.
    `site` is the title of the whole, `hubs` are told when a document changes. `older` and
    `newer` are the paths of the archive documents around this one, `current` that of the
    feed whose archive it is.
    """

    base: str
    path: str
    id: str
    title: str
    description: str
    home: str
    author: Person
    language: str | None
    copyright: str | None
    logo: str | None
    ttl: int | None
    formats: tuple[str, ...]
    updated: datetime = EMPTY
    entries: tuple[Entry, ...] = ()
    site: str = ""
    hubs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    older: str | None = None
    newer: str | None = None
    current: str | None = None


def filled(feed: Feed, entries: Iterable[Entry]) -> Feed:
    """Put entries into a feed; it was updated when the newest of them was."""
    shown = tuple(entries)
    updated = max((entry.updated for entry in shown), default=EMPTY)
    return replace(feed, entries=shown, updated=updated)


def archived(feed: Feed, months: Sequence[str]) -> tuple[Feed, dict[str, Feed]]:
    """Link a feed and the documents of its months, oldest first, as yet without entries.

    A later month never changes an earlier one, but for the oldest: it is given the next, as
    without a link to another archive document it would look like all there is.
    """
    paths = [f"{feed.path}{ARCHIVE}{month}" for month in months]
    formats = tuple(name for name in feed.formats if name != PAGE)
    documents = {
        month: replace(
            feed,
            path=path,
            formats=formats,
            hubs=(),
            also=(),
            older=paths[number - 1] if number else None,
            newer=paths[1] if number == 0 and len(paths) > 1 else None,
            current=feed.path,
        )
        for number, (month, path) in enumerate(zip(months, paths, strict=True))
    }
    return replace(feed, older=paths[-1] if paths else None), documents


def month_in(path: str) -> str:
    """Give the month of the path of an archive document; nothing of any other."""
    return path.partition(ARCHIVE)[2].rpartition(".")[0]
