"""What an entry shows when it is opened: a record's text as HTML that is safe anywhere."""

from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from feeds.address import address
from feeds.feed import Image, Person, Related
from feeds.text import printable

_SCHEMES = {"http", "https"}
_ADDRESSES = frozenset({"href", "src", "cite"})


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
    text, pictures = _rendered(body, link) if body else ("", set())
    parts = [text] if text else [_serialised(_paragraph(summary))] if summary else []
    if lead and lead.url not in pictures:
        parts.insert(0, _serialised(_figure(lead)))
    if related:
        parts.append(_serialised(_list(related)))
    parts.append(_serialised(_signature(provider)))
    return "\n".join(parts)


def _rendered(body: str, link: str) -> tuple[str, set[str]]:
    """Turn Markdown into sanitised HTML with absolute addresses, and name its pictures.

    The HTML is empty where nothing of it could be seen.
    """
    # All three are slow to import, and most records have no body.
    import nh3  # noqa: PLC0415
    from lxml import html  # noqa: PLC0415
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # The two elements that the W3C's validator calls a risk, or does not know.
    tags = nh3.ALLOWED_TAGS - {"bdo", "rtc"}
    clean = nh3.clean(
        markdown.render(body), tags=tags, link_rel=None, url_schemes=_SCHEMES
    )
    if "<img " not in clean and not nh3.clean(clean, tags=set()).strip():
        return "", set()
    # nh3 would do this in a callback, but it swallows what is raised there, signals too.
    tree = html.fragment_fromstring(printable(clean), create_parent="div")
    for element in tree.iter():
        for name in _ADDRESSES & set(element.keys()):
            if url := _absolute(element.get(name, "").strip(), link):
                element.set(name, url)
            else:
                del element.attrib[name]
    pictures = {image.get("src", "") for image in tree.iter("img")}
    text = html.tostring(tree, encoding="unicode")
    return text.removeprefix("<div>").removesuffix("</div>").strip(), pictures


def _absolute(url: str, link: str) -> str | None:
    try:
        return address(url if url.startswith("//") else urljoin(link, url))
    except ValueError:
        return None


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
