"""What subscribers would see of a new document: entries new, changed and gone."""

from collections.abc import Iterator

from msgspec import DecodeError, Struct, json

_ATOM = "{http://www.w3.org/2005/Atom}"


class Difference(Struct, frozen=True, kw_only=True):
    """Titles of entries, in the order of the document that has them."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def compare(before: bytes | None, after: bytes | None) -> Difference:
    """Tell two versions of a document apart, entry by entry."""
    old, new = dict(_entries(before)), dict(_entries(after))
    return Difference(
        new=tuple(title for key, (title, _) in new.items() if key not in old),
        changed=tuple(
            title
            for key, (title, text) in new.items()
            if key in old and old[key][1] != text
        ),
        gone=tuple(title for key, (title, _) in old.items() if key not in new),
    )


def _entries(document: bytes | None) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Give title and serialised form of each entry by its id; none of a damaged document."""
    if document and document.startswith(b"{"):
        yield from _items(document)
        return
    # A build that writes compares nothing.
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    try:
        root = ET.fromstring(document or b"")
    except ET.ParseError:
        return
    for entry, name in ((f"{_ATOM}entry", f"{_ATOM}id"), ("item", "guid")):
        for element in root.iter(entry):
            title = element.findtext(f"{_ATOM}title") or element.findtext("title") or ""
            element.tail = None
            yield element.findtext(name) or "", (title, ET.tostring(element))


def _items(document: bytes) -> Iterator[tuple[str, tuple[str, bytes]]]:
    try:
        for item in json.decode(document)["items"]:
            yield item["id"], (item["title"], json.encode(item))
    except (DecodeError, TypeError, LookupError, RecursionError):
        return
