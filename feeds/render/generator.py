"""Our model in feedgen's words; the only module that imports feedgen.

What feedgen 1.0.0 would get wrong is put right here:
- entry links lose all but `href` in Atom: the loop in `atom_entry` overwrites its variable
  <https://github.com/lkiesow/python-feedgen/issues/135>;
- new entries come first, and times default to the clock: we append and set every time;
- RSS dates switch the locale of the whole process, in every thread: replaced;
- media:group by default, around a single image: we write media:content as it should be;
- an RSS item without a description shows its content as one: it stays content:encoded;
- an author without e-mail is nowhere in RSS, which wants one: dc:creator has the name;
- of a channel's links only the first `self` is in RSS: page and hubs are written besides;
- lists are checked key by key, a tenth of all time: ours are right, and taken as given.
"""

from collections.abc import Iterable
from copy import copy

import feedgen.entry
import feedgen.feed
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml.etree import Element, SubElement, _Element

from feeds.feed import GENERATOR, Entry, Feed, Image, Person
from feeds.render.wording import as_html, neighbours, rfc822

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
_ATOM_LINK = f"{{{ATOM}}}link"
_ATOM_UPDATED = f"{{{ATOM}}}updated"
_CONTENT_ENCODED = f"{{{CONTENT}}}encoded"
_ARCHIVE = f"{{{HISTORY}}}archive"
_DC_CREATOR = f"{{{DC}}}creator"
_MEDIA_CONTENT = f"{{{MEDIA}}}content"
_MEDIA_THUMBNAIL = f"{{{MEDIA}}}thumbnail"

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


def generator(feed: Feed, self_link: str, media_type: str) -> FeedGenerator:
    """Describe a feed without its entries."""
    shell = FeedGenerator()
    shell.register_extension("namespaces", _Namespaces)
    shell.id(feed.id)
    shell.title(feed.title)
    shell.subtitle(feed.description)
    # RSS takes the last link for the channel's own, whatever its rel, and no other but self.
    links = list(neighbours(feed, self_link, media_type))
    shell.namespaces.links = links
    shell.namespaces.is_archive = feed.current is not None
    shell.link(
        [
            {"href": self_link, "rel": "self", "type": media_type},
            *links,
            {"href": feed.home, "rel": "alternate", "type": "text/html"},
        ]
    )
    shell.generator(GENERATOR)
    shell.updated(feed.updated)
    author = {"name": feed.author.name, "email": feed.author.email}
    shell.author([{key: value for key, value in author.items() if value}])
    if feed.language:
        shell.language(feed.language)
    if feed.copyright:
        shell.copyright(feed.copyright)
    return shell


def item(entry: Entry) -> FeedEntry:
    """Describe one entry, for both formats."""
    described = _Entry(entry)
    described.guid(entry.id, permalink=entry.id == entry.link)
    described.title(entry.title)
    described.link(_links(entry))
    described.published(entry.published)
    described.updated(entry.updated)
    described.content(entry.content, type="html")
    if entry.summary:
        described.summary(as_html(entry.summary), type="html")
    described.author([{"name": entry.author.name, "uri": entry.author.uri}])
    described.category([{"term": name, "label": name} for name in entry.categories])
    return described


def together(entries: Iterable[Entry]) -> FeedGenerator:
    """Describe entries in a feed that says nothing else."""
    shell = copy(_EMPTY)
    shell.entry([item(entry) for entry in entries], replace=True)
    return shell


def _links(entry: Entry) -> list[dict[str, str]]:
    links = []
    if entry.enclosure:
        links.append(
            {
                "href": entry.enclosure.url,
                "rel": "enclosure",
                "type": entry.enclosure.media_type,
                "length": str(entry.enclosure.length),
            }
        )
    links.append({"href": entry.link, "rel": "alternate", "type": "text/html"})
    for other in entry.related:
        links.append({"href": other.link, "rel": "related", "title": other.title})
    return links


class _Namespaces:
    """What the root declares, so that every fragment fits every document."""

    def __init__(self) -> None:
        self.creator: str | None = None
        self.links: list[dict[str, str]] = []
        self.is_archive = False

    def extend_ns(self) -> dict[str, str]:
        # No entry has anything of a history.
        history = {"fh": HISTORY} if self.is_archive else {}
        return {"dc": DC, "media": MEDIA, **history}

    def extend_rss(self, root: _Element) -> None:
        for link in self.links:
            SubElement(root[0], _ATOM_LINK, link)
        if self.creator:
            SubElement(root[0], _DC_CREATOR).text = self.creator
        self.extend_atom(root[0])

    def extend_atom(self, root: _Element) -> None:
        if self.is_archive:
            SubElement(root, _ARCHIVE)


class _Entry(FeedEntry):  # type: ignore[misc]
    """feedgen's entry, with its links whole and what it has no words for."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.ours = entry

    def register_extension(self, *_args: object) -> None:
        """Do without: an entry writes itself what extensions would."""

    def atom_entry(self, extensions: bool = True) -> _Element:
        element = super().atom_entry(extensions)
        for link, written in zip(
            element.iterchildren("link"), self.link(), strict=True
        ):
            for name, value in written.items():
                if name != "href":
                    link.set(name, value)
        _write_media(element, self.ours)
        return element

    def rss_entry(self, extensions: bool = True) -> _Element:
        element = super().rss_entry(extensions)
        ours = self.ours
        if not ours.summary:
            _move_content(element)
        SubElement(element, _DC_CREATOR).text = ours.author.name
        if ours.updated > ours.published:
            SubElement(element, _ATOM_UPDATED).text = ours.updated.isoformat()
        _write_media(element, ours)
        return element


def _move_content(item: _Element) -> None:
    """Put content where it belongs, and not where a description does."""
    item.find("description").tag = _CONTENT_ENCODED
    # Empty, as the W3C's validator wants a description before the content.
    item.find("link").addnext(Element("description"))


def _write_media(element: _Element, entry: Entry) -> None:
    """Media RSS <https://www.rssboard.org/media-rss>; the lead image is the thumbnail."""
    measured = entry.enclosure if entry.enclosure and entry.enclosure.length else None
    for image in entry.images:
        content = SubElement(element, _MEDIA_CONTENT, url=image.url, medium="image")
        if measured and measured.url == image.url:
            content.set("fileSize", str(measured.length))
            content.set("type", measured.media_type)
        _write_size(content, image)
    for image in entry.images[:1]:
        _write_size(SubElement(element, _MEDIA_THUMBNAIL, url=image.url), image)


def _write_size(element: _Element, image: Image) -> None:
    if image.width:
        element.set("width", str(image.width))
    if image.height:
        element.set("height", str(image.height))


def _as_given(values: list[dict[str, str]], *_rules: object) -> list[dict[str, str]]:
    return values


feedgen.entry.formatRFC2822 = feedgen.feed.formatRFC2822 = rfc822
feedgen.entry.ensure_format = feedgen.feed.ensure_format = _as_given

_EMPTY = generator(_SHELL, _SHELL.base, "application/xml")
