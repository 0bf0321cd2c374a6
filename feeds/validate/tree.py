"""XML against what is expected of it; the formats say what that is."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element
from msgspec import Struct

from feeds.validate.values import ATOM, SPACES, Expected, Told, quoted

Element: TypeAlias = _Element

_PREFIXES = {space: f"{prefix}:" for prefix, space in SPACES.items()}


class Part(Struct, frozen=True, kw_only=True):
    """An element: how often it stands, its text, its attributes, and what is in it.

    `needs` are the attributes it must have, `may` those it can leave out; what is named
    nowhere is passed over. `more` tells what else is wrong with it.
    """

    least: int = 0
    most: int | None = 1
    text: Expected | None = None
    needs: Mapping[str, Expected] = {}
    may: Mapping[str, Expected] = {}
    parts: Mapping[str, "Part"] = {}
    more: Callable[[Element], Iterator[str]] | None = None


def read(document: bytes) -> Element | Told:
    """Parse a document; where that fails, say at which line and why."""
    # Entities are not followed, so nothing can grow; documents may be large.
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        line, _column = error.position
        why = (error.msg or "it is empty").partition(", line")[0]
        return max(line, 1), f"not well-formed XML: {why}"


def told(element: Element, part: Part) -> Iterator[Told]:
    """Say what is wrong with an element and all that is in it."""
    line = element.sourceline or 0
    for what in _alone(element, part):
        yield line, what
    counts: Counter[str] = Counter()
    for child in element.iterchildren("*"):
        name = _name(child)
        if name in part.parts:
            counts[name] += 1
            yield from told(child, part.parts[name])
    for name, its_part in part.parts.items():
        count, most = counts[name], its_part.most
        if count < its_part.least:
            yield line, f"{tag(element)} without {_tag(name, element)}, expected one"
        elif most is not None and count > most:
            here = _tag(name, element)
            yield line, f"{tag(element)} with {count} {here}, expected one"


def tag(element: Element) -> str:
    """Write the name of an element as it stands in its document."""
    name = str(element.tag).rpartition("}")[2]
    return f"<{element.prefix}:{name}>" if element.prefix else f"<{name}>"


def links_to_itself(feed: Element, address: str) -> Iterator[Told]:
    """Say what is wrong with the link of a document to itself.

    One that stands at an address of old says so, and links the one of now.
    """
    also = {link.get("href") for link in feed.iterchildren(LINK) if _is_old(link)}
    found = [link for link in feed.iterchildren(LINK) if link.get("rel") == "self"]
    if not found:
        yield (
            feed.sourceline or 0,
            f"{tag(feed)} without a self link, expected {address}",
        )
    for link in found:
        if (given := link.get("href", "")) != address and address not in also:
            what = f"self link is {quoted(given)}, expected where it stands: {address}"
            yield link.sourceline or 0, what


def declares(root: Element, *prefixes: str) -> Iterator[Told]:
    """Say which of the prefixes that entries are written with are not declared."""
    for prefix in prefixes:
        if root.nsmap.get(prefix) != SPACES[prefix]:
            what = f'xmlns:{prefix} is not declared, expected "{SPACES[prefix]}"'
            yield root.sourceline or 0, what


LINK = f"{{{ATOM}}}link"


def _is_old(link: Element) -> bool:
    return bool(link.get("rel") == "related" and link.get("type") != "text/html")


def _alone(element: Element, part: Part) -> Iterator[str]:
    """Say what is wrong with text and attributes."""
    if part.text and not part.text.is_met(value := "".join(element.itertext())):
        yield part.text.told(tag(element), value)
    for key, expected in (*part.needs.items(), *part.may.items()):
        given = element.get(key)
        if given is None:
            if key in part.needs:
                yield f"{tag(element)} without {key}, expected {expected.what}"
        elif not expected.is_met(given):
            yield expected.told(f"{key} of {tag(element)}", given)
    if part.more:
        yield from part.more(element)


def _name(element: Element) -> str:
    space, _, name = str(element.tag).rpartition("}")
    return _PREFIXES.get(space[1:], f"{space}}}") + name if space else name


def _tag(name: str, beside: Element) -> str:
    """Write the name of an element that is not there as its document would."""
    return f"<{name.removeprefix('atom:') if beside.tag.startswith(f'{{{ATOM}}}') else name}>"
