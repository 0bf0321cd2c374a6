"""OPML 2.0 <http://opml.org/spec2.opml>, as far as we write it."""

from collections.abc import Iterator

from feeds.validate import tree
from feeds.validate.tree import Element, Part, links_to_itself
from feeds.validate.values import ADDRESS, TEXT, Told


def _feed(outline: Element) -> Iterator[str]:
    if outline.get("type") == "rss" and outline.get("xmlUrl") is None:
        yield f"<outline> without xmlUrl, expected {ADDRESS.what}"


_FEED = Part(
    most=None,
    needs={"text": TEXT},
    may={"xmlUrl": ADDRESS, "htmlUrl": ADDRESS},
    more=_feed,
)
_FAMILY = Part(most=None, needs={"text": TEXT}, parts={"outline": _FEED})
_ROOT = Part(
    parts={
        "head": Part(least=1, parts={"title": Part(least=1, text=TEXT)}),
        "body": Part(least=1, parts={"outline": _FAMILY}),
    }
)


def told(document: bytes, address: str) -> Iterator[Told]:
    """Say what is wrong with a document that stands at an address."""
    root = tree.read(document)
    if isinstance(root, tuple):
        yield root
        return
    if root.tag != "opml" or root.get("version") != "2.0":
        yield 1, f'{tree.tag(root)}, expected <opml version="2.0">'
        return
    yield from tree.told(root, _ROOT)
    for head in root.iterchildren("head"):
        yield from links_to_itself(head, address)
