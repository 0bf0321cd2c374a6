"""What an entry shows when it is opened: a record's text as HTML that is safe anywhere."""

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import urljoin

from feeds.address import address
from feeds.feed import Image, Person, Related
from feeds.text import printable

_SCHEMES = {"http", "https"}
_ADDRESSES = frozenset({"href", "src", "cite"})
_VOID = frozenset({"img"})
_TAG = re.compile("<[^>]*>")  # as nh3 writes them: `>` stands in no attribute


class _Element(NamedTuple):
    """Markup as a tree; a string among the children is text."""

    name: str
    attributes: Mapping[str, str]
    children: tuple["_Element | str", ...] = ()


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
    parts = [text] if text else [_html(_paragraph(summary))] if summary else []
    if lead and lead.url not in pictures:
        parts.insert(0, _html(_figure(lead)))
    if related:
        parts.append(_html(_list(related)))
    parts.append(_html(_signature(provider)))
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
    if "<img " not in clean and not _TAG.sub("", clean).strip():
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


def _paragraph(child: _Element | str) -> _Element:
    return _Element("p", {}, (child,))


def _figure(image: Image) -> _Element:
    sizes = {"width": image.width, "height": image.height}
    attributes = {name: str(size) for name, size in sizes.items() if size}
    picture = _Element("img", {"src": image.url, "alt": "", **attributes})
    return _paragraph(picture)


def _list(related: tuple[Related, ...]) -> _Element:
    stories = [
        _Element("li", {}, (_link(story.title, story.link), f" ({story.provider})"))
        for story in related
    ]
    return _Element("ul", {}, tuple(stories))


def _signature(provider: Person) -> _Element:
    name = provider.name
    return _paragraph(_link(name, provider.uri) if provider.uri else name)


def _link(text: str, url: str) -> _Element:
    return _Element("a", {"href": url}, (text,))


def _html(node: _Element | str) -> str:
    """Write a tree as HTML; what is a string in it shows as text, whatever it holds."""
    if isinstance(node, str):
        return escape(node, quote=False)
    start = node.name
    for name, value in node.attributes.items():
        quoted = escape(value, quote=False).replace('"', "&quot;")
        start += f' {name}="{quoted}"'
    if node.name in _VOID:
        return f"<{start}>"
    return f"<{start}>{''.join(map(_html, node.children))}</{node.name}>"
