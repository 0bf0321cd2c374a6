"""A feed as a page for people: the same entries, without their content."""

from collections.abc import Iterable

from markupsafe import Markup

from feeds.feed import PAGE, Entry, Feed
from feeds.render.templates import language, root, template

_STORIES = "<!-- stories -->"
_NONE = b'<p lang="en">No story yet.</p>\n'


def entries(entries: Iterable[Entry]) -> list[bytes]:
    """Write entries as articles."""
    write = template("entry.html").render
    return [write(entry=entry).encode() + b"\n" for entry in entries]


def document(feed: Feed, self_link: str, entries: Iterable[bytes]) -> bytes:
    """Write a page around its articles."""
    page = template("feed.html").render(
        feed=feed,
        self_link=self_link,
        root=root(feed.path),
        here=feed.path.rpartition("/")[2],
        lang=language(feed.language),
        stories=Markup(_STORIES),
    )
    before, mark, after = page.encode().partition(b"%s\n" % _STORIES.encode())
    assert mark
    return b"".join((before, b"".join(entries) or _NONE, after, b"\n"))


def elsewhere(feed: Feed, path: str) -> bytes:
    """Write the page of an address of old, which leads to the one of now."""
    page = template("moved.html").render(
        feed=feed,
        self_link=f"{feed.base}{feed.path}.{PAGE}",
        old=f"{feed.base}{path}.{PAGE}",
        root=root(path),
        lang=language(feed.language),
    )
    return page.encode() + b"\n"
