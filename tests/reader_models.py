"""Models of readers that cannot be run here: which pictures each shows of an entry.

A model says what is publicly known of a reader: in its documentation, and in the threads where
its users and authors speak of pictures. It is no copy of a program, and what nobody has said,
it does not know; docs/readers.md has what follows for a feed.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from lxml import etree, html

from feeds.render.generator import ATOM, CONTENT, MEDIA

Pictures = tuple[str, ...]

_SMALLEST = 400  # pixels


class Picture(NamedTuple):
    """A picture of Media RSS; a size that is not said is None."""

    url: str
    width: int | None
    height: int | None


class Item(NamedTuple):
    """An entry of a document, whatever the format: all that a picture could be in."""

    text: str
    enclosures: Pictures
    media: tuple[Picture, ...]
    thumbnails: Pictures

    @property
    def inline(self) -> Pictures:
        """Give the pictures in the text."""
        if not self.text:
            return ()
        tree = html.fragment_fromstring(self.text, create_parent="div")
        return tuple(image.get("src", "") for image in tree.iter("img"))


def items(document: bytes) -> dict[str, Item]:
    """Read a document of any of our formats: its entries, by their links."""
    if document.startswith(b"{"):
        return {one["url"]: _of_json(one) for one in json.loads(document)["items"]}
    root = etree.fromstring(document)
    if root.tag == "rss":
        return {one.findtext("link", ""): _of_rss(one) for one in root.iter("item")}
    return dict(map(_of_atom, root.iter(f"{{{ATOM}}}entry")))


def netnewswire(item: Item) -> Pictures:
    """Show the text; neither enclosures nor Media RSS are heeded.

    <https://github.com/Ranchero-Software/NetNewsWire/issues/3131>
    <https://github.com/Ranchero-Software/NetNewsWire/issues/2538>
    """
    return item.inline


def miniflux(item: Item) -> Pictures:
    """Show the text; attachments are folded away below it, each address once.

    <https://miniflux.app/features.html>
    """
    return item.inline


def freshrss(item: Item) -> Pictures:
    """Show what is attached, but for what is in the text, and the text.

    The thumbnail comes first; what is attached twice is taken for one.
    <https://github.com/FreshRSS/FreshRSS/issues/1668>
    """
    attached = _once(item.thumbnails + item.enclosures + _urls(item))
    return tuple(url for url in attached if url not in item.inline) + item.inline


def yarr(item: Item) -> Pictures:
    """Show the thumbnail, Media RSS and the enclosure, but for what the text has, and the text.

    It looks for the address in the markup, where `&` is written `&amp;`; those among
    themselves are not compared.
    """
    attached = item.thumbnails + _urls(item) + item.enclosures
    return tuple(url for url in attached if url not in item.text) + item.inline


def feedbin(item: Item) -> Pictures:
    """Show the text; Media RSS counts for posts without a title, and ours have one.

    <https://github.com/superseriousbusiness/gotosocial/issues/3540>
    """
    return item.inline


def mailchimp(item: Item) -> Pictures:
    """Show the pictures of the text or else of Media RSS, as Feedbro does; no thumbnails.

    <https://github.com/FreshRSS/FreshRSS/issues/5925>
    """
    return item.inline or _urls(item)


def letterhead(item: Item) -> Pictures:
    """Show one picture: of Media RSS, or else the enclosure; no thumbnails."""
    return (_urls(item) or item.enclosures)[:1]


def flipboard(item: Item) -> Pictures:
    """Show one picture, the enclosure or else of Media RSS; a small one is left out.

    <https://about.flipboard.com/rss-spec/>
    """
    small = {
        one.url
        for one in item.media
        if min(one.width or _SMALLEST, one.height or _SMALLEST) < _SMALLEST
    }
    found = _once(item.enclosures + _urls(item))
    return tuple(url for url in found if url not in small)[:1]


def thunderbird(item: Item) -> Pictures:
    """Show the text, and the enclosure as a message's attachment; nothing is compared.

    <https://github.com/adamprime/comiccaster/issues/28>
    """
    return item.inline + item.enclosures


class Model(NamedTuple):
    """What a reader shows, and the formats that it is said to read."""

    shows: Callable[[Item], Pictures]
    formats: frozenset[str]


_ALL, _XML, _RSS = map(frozenset, (["rss", "atom", "json"], ["rss", "atom"], ["rss"]))
MODELS = {
    "NetNewsWire": Model(netnewswire, _ALL),
    "Miniflux": Model(miniflux, _ALL),
    "FreshRSS": Model(freshrss, _XML),
    "yarr": Model(yarr, _XML),
    "Feedbin": Model(feedbin, _ALL),
    "Mailchimp, Feedbro": Model(mailchimp, _RSS),
    "Letterhead": Model(letterhead, _RSS),
    "Flipboard": Model(flipboard, _RSS),
    "Thunderbird": Model(thunderbird, _XML),
}


def _of_rss(item: etree._Element) -> Item:
    # Every reader of these prefers the content to the description.
    text = item.findtext(f"{{{CONTENT}}}encoded") or item.findtext("description", "")
    enclosures = tuple(one.get("url", "") for one in item.iter("enclosure"))
    return Item(text, enclosures, *_media(item))


def _of_atom(entry: etree._Element) -> tuple[str, Item]:
    links = [(one.get("rel"), one.get("href")) for one in entry.iter(f"{{{ATOM}}}link")]
    (link,) = (href for rel, href in links if rel == "alternate")
    text = entry.findtext(f"{{{ATOM}}}content", "")
    enclosures = tuple(href for rel, href in links if rel == "enclosure")
    return link, Item(text, enclosures, *_media(entry))


def _of_json(item: dict[str, object]) -> Item:
    attachments = tuple(one["url"] for one in item.get("attachments", []))
    return Item(item["content_html"], attachments, (), ())


def _media(entry: etree._Element) -> tuple[tuple[Picture, ...], Pictures]:
    found = tuple(
        Picture(one.get("url", ""), _size(one, "width"), _size(one, "height"))
        for one in entry.iter(f"{{{MEDIA}}}content")
    )
    thumbnails = entry.iter(f"{{{MEDIA}}}thumbnail")
    return found, tuple(one.get("url", "") for one in thumbnails)


def _size(media: etree._Element, name: str) -> int | None:
    return int(size) if (size := media.get(name)) else None


def _urls(item: Item) -> Pictures:
    return tuple(one.url for one in item.media)


def _once(urls: Pictures) -> Pictures:
    return tuple(dict.fromkeys(urls))
