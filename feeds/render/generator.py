"""Our model in feedgen's words; the only module that imports feedgen.

What feedgen 1.0.0 would get wrong is put right here:
- entry links lose all but `href` in Atom: the loop in `atom_entry` overwrites its variable
  <https://github.com/lkiesow/python-feedgen/issues/135>;
- new entries come first, and times default to the clock: we append and set every time;
- RSS dates switch the locale of the whole process, in every thread: replaced;
- media:group by default, around a single image: we write media:content as it should be;
- an RSS item without a description shows its content as one: it stays content:encoded;
- an author without e-mail is nowhere in RSS, which wants one: dc:creator has the name.
"""

import html
from collections.abc import Iterable
from datetime import datetime

import feedgen.entry
import feedgen.feed
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml.etree import Element, SubElement, _Element

from feeds.feed import GENERATOR, Entry, Feed, Image, Person

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"

Shell = FeedGenerator
"""A feed without its entries, to which a format adds what only it has."""

_SHELL = Feed(
    base="https://x/",
    path="",
    id="x",
    title="x",
    description="x",
    home="https://x/",
    author=Person(name="x"),
    language=None,
    copyright=None,
    logo=None,
    ttl=None,
    formats=(),
    entries=(),
)
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def generator(feed: Feed, self_link: str, media_type: str) -> FeedGenerator:
    """Describe a feed without its entries."""
    shell = FeedGenerator()
    shell.register_extension("namespaces", _Namespaces, _Nothing)
    shell.id(feed.id)
    shell.title(feed.title)
    shell.subtitle(feed.description)
    # RSS takes the last link for the channel's own, whatever its rel.
    shell.link(href=self_link, rel="self", type=media_type)
    shell.link(href=feed.home, rel="alternate", type="text/html")
    shell.generator(GENERATOR)
    shell.updated(feed.updated)
    author = {"name": feed.author.name, "email": feed.author.email}
    shell.author({key: value for key, value in author.items() if value})
    if feed.language:
        shell.language(feed.language)
    if feed.copyright:
        shell.copyright(feed.copyright)
    return shell


def item(entry: Entry) -> FeedEntry:
    """Describe one entry, for both formats."""
    described = _Entry(entry)
    described.id(entry.id)
    described.guid(entry.id, permalink=entry.id == entry.link)
    described.title(entry.title)
    links = [{"href": entry.link, "rel": "alternate", "type": "text/html"}]
    if entry.enclosure:
        enclosure = entry.enclosure
        described.enclosure(enclosure.url, str(enclosure.length), enclosure.media_type)
    for other in entry.related:
        links.append({"href": other.link, "rel": "related", "title": other.title})
    described.link(links)
    described.published(entry.published)
    described.updated(entry.updated)
    described.content(entry.content, type="html")
    if entry.summary:
        # RSS readers take a description for HTML, so text has to be escaped to be seen.
        described.summary(html.escape(entry.summary, quote=False), type="html")
    described.author({"name": entry.author.name, "uri": entry.author.uri})
    described.category([{"term": name, "label": name} for name in entry.categories])
    return described


def alone(entry: Entry, write: str, start: bytes, end: bytes) -> bytes:
    """Let feedgen write one entry in a feed of its own, and cut it out.

    Text is escaped, so the first tag of an entry is the real one, and so is the last.
    """
    shell = generator(_SHELL, _SHELL.base, "application/xml")
    shell.add_entry(item(entry), order="append")
    text: bytes = getattr(shell, write)(pretty=True)
    first = text.index(start)
    line = text.rindex(b"\n", 0, first) + 1
    return text[line : text.rindex(end) + len(end)] + b"\n"


def around(shell: bytes, entries: Iterable[bytes], end: bytes) -> bytes:
    """Put entries, each written alone, into a document without any."""
    at = shell.rindex(end)
    return b"".join((shell[:at], *entries, shell[at:]))


class _Namespaces:
    """What the root declares, so that every fragment fits every document."""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC, "media": MEDIA}

    def __init__(self) -> None:
        self.creator: str | None = None

    def extend_rss(self, root: _Element) -> None:
        if self.creator:
            SubElement(root[0], f"{{{DC}}}creator").text = self.creator

    def extend_atom(self, _root: _Element) -> None: ...


class _Nothing:
    """What feedgen wants registered for entries; ours write their own extensions."""

    def extend_rss(self, _item: _Element) -> None: ...

    def extend_atom(self, _entry: _Element) -> None: ...


class _Entry(FeedEntry):  # type: ignore[misc]
    """feedgen's entry, with its links whole and what it has no words for."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.ours = entry

    def atom_entry(self, extensions: bool = True) -> _Element:
        element = super().atom_entry(extensions)
        for link, written in zip(element.findall("link"), self.link(), strict=True):
            for name, value in written.items():
                link.set(name, value)
        _write_media(element, self.ours)
        return element

    def rss_entry(self, extensions: bool = True) -> _Element:
        element = super().rss_entry(extensions)
        if not self.ours.summary:
            element.find("description").tag = f"{{{CONTENT}}}encoded"
            # Empty, as the W3C's validator wants a description before the content.
            element.insert(
                element.index(element.find("link")) + 1, Element("description")
            )
        SubElement(element, f"{{{DC}}}creator").text = self.ours.author.name
        if self.ours.updated > self.ours.published:
            SubElement(
                element, f"{{{ATOM}}}updated"
            ).text = self.ours.updated.isoformat()
        _write_media(element, self.ours)
        return element


def _write_media(element: _Element, entry: Entry) -> None:
    """Media RSS <https://www.rssboard.org/media-rss>; the lead image is the thumbnail."""
    for image in entry.images:
        content = SubElement(
            element, f"{{{MEDIA}}}content", url=image.url, medium="image"
        )
        _write_size(content, image)
    for image in entry.images[:1]:
        _write_size(SubElement(element, f"{{{MEDIA}}}thumbnail", url=image.url), image)


def _write_size(element: _Element, image: Image) -> None:
    for name, size in (("width", image.width), ("height", image.height)):
        if size:
            element.set(name, str(size))


def _rfc822(when: datetime) -> str:
    """Write a date as RFC 822 does, in English whatever the locale."""
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    return f"{day}, {when.day:02} {month} {when:%Y %H:%M:%S} +0000"


feedgen.entry.formatRFC2822 = feedgen.feed.formatRFC2822 = _rfc822
