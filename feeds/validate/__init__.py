"""Documents against the rules of their formats: what is wrong where, and what was expected.

The rules say what we write, and no more: what they find, a reader may fail at, and what is
in no document of ours, they pass over. `validate` looks at a whole document. A build looks
at an entry once, when it is written, by `flaws`, and then at each document around such
entries by `assembled`, which reads all of it only where that is needed.
"""

from collections.abc import Callable, Iterator

from feeds.feed import FEEDS, month_in
from feeds.finding import Finding
from feeds.validate import jsonfeed, page
from feeds.validate.entries import SEAMS, Entries, flaws
from feeds.validate.plain import is_plain
from feeds.validate.values import MOST, Told, repeated

__all__ = ["RULES", "Entries", "assembled", "flaws", "validate"]

_Rules = Callable[[bytes, str], Iterator[Told]]


def _rss(document: bytes, address: str) -> Iterator[Told]:
    from feeds.validate import rss  # noqa: PLC0415  (brings lxml)

    return rss.told(document, address)


def _atom(document: bytes, address: str) -> Iterator[Told]:
    from feeds.validate import atom  # noqa: PLC0415

    return atom.told(document, address)


def _opml(document: bytes, address: str) -> Iterator[Told]:
    from feeds.validate import opml  # noqa: PLC0415

    return opml.told(document, address)


RULES: dict[str, _Rules] = {
    ".rss": _rss,
    ".atom": _atom,
    ".json": jsonfeed.told,
    ".opml": _opml,
    ".html": page.told,
}
"""What is asked of documents, by what their names end in."""


def validate(path: str, document: bytes, address: str) -> list[Finding]:
    """Say what is wrong with a document, in the order of its lines.

    `address` is where it stands, below `site.url`.
    """
    rules = RULES.get(_ending(path))
    found = sorted(rules(document, address)) if rules else []
    return [*_large(path, document), *(Finding(path, *one) for one in found)]


def assembled(
    path: str, document: bytes, address: str, entries: Entries
) -> list[Finding]:
    """Say what is wrong with a document that a build put around entries without a flaw."""
    ending = _ending(path)
    if entries.fragments and ending in SEAMS:
        between, end = SEAMS[ending]
        tail = between.join(entries.fragments) + end
        if document.endswith(tail):
            shell = document[: -len(tail)] + end
            found = [*repeated((0, id_) for id_ in entries.ids)]
            if not is_plain(ending, shell, address):
                found += RULES[ending](shell, address)
            return [*_large(path, document), *(Finding(path, *one) for one in found)]
    return validate(path, document, address)


def _large(path: str, document: bytes) -> Iterator[Finding]:
    if len(document) > MOST and path.endswith(FEEDS) and not month_in(path):
        size = f"{len(document) >> 10} KiB, more than the {MOST >> 10} that every reader takes"
        yield Finding(path, 0, f"{size}; lower its limit", is_light=True)


def _ending(path: str) -> str:
    return path[path.rfind(".") :]
