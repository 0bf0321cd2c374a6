"""Entries as they are written: made once, judged once, for all documents that hold them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from feeds.errors import FeedsError
from feeds.feed import Entry, Feed
from feeds.finding import Finding
from feeds.render import FORMATS

_Made = TypeVar("_Made")


class Fragment(NamedTuple):
    """An entry in a format, and what is wrong with it, if anything is."""

    content: bytes
    flaw: str = ""


Renderer = Callable[[str, Sequence[Entry]], list[Fragment]]
"""What writes entries in a format, here or elsewhere."""


class Fragments(dict[tuple[str, bytes], Fragment]):
    """Fragments by format, and by a digest of all that their entries are made of."""

    def __init__(self, render: Renderer) -> None:
        super().__init__()
        self.render = render

    def make(self, name: str, wanted: Mapping[bytes, Entry | str]) -> None:
        """Write entries in a format; a text says why there is no entry."""
        entries = {}
        for digest, one in wanted.items():
            if isinstance(one, str):
                self[name, digest] = Fragment(b"", one)
            else:
                entries[digest] = one
        found = tried(partial(self.render, name, [*entries.values()]))
        if isinstance(found, str):
            self._make_one_by_one(name, entries, found)
            return
        for digest, fragment in zip(entries, found, strict=True):
            self[name, digest] = fragment

    def _make_one_by_one(
        self, name: str, entries: Mapping[bytes, Entry], why: str
    ) -> None:
        """Find the entries for which not all could be written."""
        for digest, one in entries.items():
            self.make(name, {digest: one if len(entries) > 1 else why})

    def recall(
        self, name: str, digests: Sequence[bytes], fragments: Iterable[bytes]
    ) -> None:
        """Take fragments that were judged when they were made."""
        for digest, fragment in zip(digests, fragments, strict=True):
            self[name, digest] = Fragment(fragment)

    def document(
        self, feed: Feed, name: str, stories: Mapping[bytes, str]
    ) -> tuple[bytes | None, list[Finding]]:
        """Put a document together and judge it; None where it is not fit to publish.

        `stories` are the ids of its entries, by their digests.
        """
        from feeds.validate import Entries, assembled  # noqa: PLC0415  (as in `rendered`)

        form = FORMATS[name]
        path = feed.path + form.suffix
        address = feed.base + path
        content = [self[name, digest].content for digest in stories]
        document = tried(lambda: form.document(feed, address, content))
        if isinstance(document, str):
            return None, [Finding(path, 0, document)]
        inside = Entries(content, [*stories.values()])
        return fit(document, assembled(path, document, address, inside))


def rendered(name: str, entries: Sequence[Entry]) -> list[Fragment]:
    """Write entries as a format has them, and judge them."""
    # Patterns take their time to be compiled, and a build with nothing to do needs none.
    from feeds.validate import Entries, flaws  # noqa: PLC0415

    written = FORMATS[name].entries(entries)
    judged = flaws(name, Entries(written, [one.id for one in entries]))
    return [*map(Fragment, written, judged)]


def tried(make: Callable[[], _Made]) -> _Made | str:
    """Make what no record should keep from being made; where a bug does, say so.

    Whatever bug it is, it must not cost all other documents. What is wrong with the machine
    is none of theirs.
    """
    try:
        return make()
    except (FeedsError, OSError, MemoryError):
        raise
    except Exception as bug:
        return f"cannot be written: {type(bug).__name__}: {bug}"


def fit(
    document: bytes, findings: Sequence[Finding]
) -> tuple[bytes | None, list[Finding]]:
    """Give a document unless something is wrong with it, and what is worth saying of it."""
    wrong = [one for one in findings if not one.is_light]
    # One says enough: nobody sees the document.
    return (None, wrong[:1]) if wrong else (document, [*findings])
