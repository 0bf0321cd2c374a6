"""Pages: that they are whole, and name the address they stand at as their own."""

import re
from collections.abc import Iterator
from html import unescape

from feeds.validate.values import Told, quoted

_CANONICAL = re.compile(rb'<link rel="canonical" href="([^"]*)">')
_MOVED = re.compile(rb'<meta name="moved-from" content="([^"]*)">')
_TITLE = re.compile(rb"<title>[^<]*[^<\s][^<]*</title>")
_START, _END = b"<!DOCTYPE html>", b"</html>"


def told(document: bytes, address: str) -> Iterator[Told]:
    """Say what is wrong with a document that stands at an address."""
    try:
        document.decode()
    except UnicodeDecodeError as error:
        yield _line(document, error.start), "no UTF-8"
    if not document.startswith(_START):
        yield 1, f"no page, expected {_START.decode()} at its start"
    if _END not in document[-len(_END) - 2 :]:
        yield _line(document, -1), f"cut short, expected {_END.decode()} at its end"
    if not _TITLE.search(document):
        yield 1, "without <title>, expected one"
    found = _CANONICAL.search(document)
    if not found:
        yield 1, f"without a canonical address, expected {address}"
    elif (given := _text(found[1])) != address and address not in _moved(document):
        what = f"canonical address is {quoted(given)}"
        yield (
            _line(document, found.start()),
            f"{what}, expected where it stands: {address}",
        )


def _moved(document: bytes) -> set[str]:
    """Give the address of old that a page says it stands at."""
    return {_text(one) for one in _MOVED.findall(document)}


def _text(written: bytes) -> str:
    return unescape(written.decode(errors="replace"))


def _line(document: bytes, at: int) -> int:
    return document.count(b"\n", 0, at) + 1
