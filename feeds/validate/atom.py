"""Atom 1.0 <https://www.rfc-editor.org/rfc/rfc4287>, as far as we write it."""

from collections.abc import Iterator

from feeds.validate import tree
from feeds.validate.tree import LINK, Element, Part, declares, links_to_itself
from feeds.validate.values import (
    ADDRESS,
    ATOM,
    MOMENT,
    NUMBER,
    TEXT,
    TYPE,
    URI,
    Told,
    relative,
    repeated,
)

ID, _ENTRY = f"{{{ATOM}}}id", f"{{{ATOM}}}entry"


def _link(link: Element) -> Iterator[str]:
    if link.get("rel") == "enclosure":
        for key, expected in (("length", NUMBER), ("type", TYPE)):
            if link.get(key) is None:
                yield f"enclosure <link> without {key}, expected {expected.what}"


def _content(content: Element) -> Iterator[str]:
    return relative(content.text or "")


def _alternate(entry: Element) -> Iterator[str]:
    if not any(
        link.get("rel", "alternate") == "alternate" for link in entry.iterchildren(LINK)
    ):
        yield f"{tree.tag(entry)} without an alternate <link>, expected one"


_LINK = Part(
    most=None,
    needs={"href": ADDRESS},
    may={"type": TYPE, "length": NUMBER},
    more=_link,
)
_TITLE = Part(least=1, text=TEXT)
_AUTHOR = Part(
    most=None,
    least=1,
    parts={
        "atom:name": Part(least=1, text=TEXT),
        "atom:uri": Part(text=ADDRESS),
        "atom:email": Part(text=TEXT),
    },
)
_MEDIA = Part(
    most=None, needs={"url": ADDRESS}, may={"width": NUMBER, "height": NUMBER}
)
ENTRY = Part(
    most=None,
    parts={
        "atom:id": Part(least=1, text=URI),
        "atom:title": _TITLE,
        "atom:updated": Part(least=1, text=MOMENT),
        "atom:published": Part(text=MOMENT),
        "atom:author": _AUTHOR,
        "atom:content": Part(more=_content),
        "atom:summary": Part(),
        "atom:link": _LINK,
        "atom:category": Part(most=None, needs={"term": TEXT}),
        "media:content": _MEDIA,
        "media:thumbnail": _MEDIA,
    },
    more=_alternate,
)
_FEED = Part(
    parts={
        "atom:id": Part(least=1, text=URI),
        "atom:title": _TITLE,
        "atom:updated": Part(least=1, text=MOMENT),
        "atom:author": _AUTHOR,
        "atom:link": _LINK,
        "atom:logo": Part(text=ADDRESS),
        "atom:rights": Part(text=TEXT),
        "atom:entry": ENTRY,
    },
    more=_alternate,
)


def told(document: bytes, address: str) -> Iterator[Told]:
    """Say what is wrong with a document that stands at an address."""
    root = tree.read(document)
    if isinstance(root, tuple):
        yield root
        return
    if root.tag != f"{{{ATOM}}}feed":
        yield 1, f'{tree.tag(root)}, expected <feed xmlns="{ATOM}">'
        return
    yield from tree.told(root, _FEED)
    yield from declares(root, "dc", "media")
    yield from links_to_itself(root, address)
    ids = root.iterfind(f"{_ENTRY}/{ID}")
    yield from repeated((one.sourceline or 0, one.text or "") for one in ids)
