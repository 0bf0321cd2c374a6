"""What an entry shows when it is opened: a record's text as HTML that is safe anywhere."""

import html
import re
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from feeds.address import address
from feeds.feed import Image, Person, Related
from feeds.text import printable

_SCHEMES = {"http", "https"}
_SOURCE = re.compile(r'<img\b[^>]*?\bsrc="([^"]*)"')


def content(
    *,
    lead: Image | None,
    body: str,
    summary: str,
    related: tuple[Related, ...],
    provider: Person,
    link: str,
) -> str:
    """Write the lead image, the body or else the summary, related stories, the provider.

    The lead image is left out where the body already shows it.
    """
    text = _rendered(body, link) if body else ""
    parts = [text] if text else [_serialised(_paragraph(summary))] if summary else []
    if lead and lead.url not in map(html.unescape, _SOURCE.findall(text)):
        parts.insert(0, _serialised(_figure(lead)))
    if related:
        parts.append(_serialised(_list(related)))
    parts.append(_serialised(_signature(provider)))
    return "\n".join(parts)


def _rendered(body: str, link: str) -> str:
    """Turn Markdown into sanitised HTML with absolute addresses."""
    # Both are slow to import, and most records have no body.
    import nh3  # noqa: PLC0415
    from markdown_it import MarkdownIt  # noqa: PLC0415

    def absolute(_tag: str, attribute: str, value: str) -> str | None:
        if attribute not in {"href", "src", "cite"}:
            return value
        try:
            return address(urljoin(link, value))
        except ValueError:
            return None

    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    clean = nh3.clean(
        markdown.render(body),
        attribute_filter=absolute,
        link_rel=None,
        url_schemes=_SCHEMES,
        url_relative="pass_through",
    )
    return printable(clean).strip()


def _paragraph(text: str) -> ET.Element:
    paragraph = ET.Element("p")
    paragraph.text = text
    return paragraph


def _figure(image: Image) -> ET.Element:
    paragraph = ET.Element("p")
    picture = ET.SubElement(paragraph, "img", src=image.url, alt="")
    for name in ("width", "height"):
        if size := getattr(image, name):
            picture.set(name, str(size))
    return paragraph


def _list(related: tuple[Related, ...]) -> ET.Element:
    stories = ET.Element("ul")
    for story in related:
        item = ET.SubElement(stories, "li")
        anchor = ET.SubElement(item, "a", href=story.link)
        anchor.text = story.title
        anchor.tail = f" ({story.provider})"
    return stories


def _signature(provider: Person) -> ET.Element:
    paragraph = ET.Element("p")
    place = (
        ET.SubElement(paragraph, "a", href=provider.uri) if provider.uri else paragraph
    )
    place.text = provider.name
    return paragraph


def _serialised(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode", method="html")
