"""How dates, texts and links are put, whichever format says them."""

import html
from collections.abc import Iterator
from datetime import datetime

from feeds.feed import PAGE, Feed

_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def rfc822(when: datetime) -> str:
    """Write a date as RFC 822 does, in English whatever the locale."""
    day, month, iso = _DAYS[when.weekday()], _MONTHS[when.month - 1], when.isoformat()
    return f"{day}, {iso[8:10]} {month} {iso[:4]} {iso[11:19]} +0000"


def as_html(text: str) -> str:
    """Write text so that it is seen: RSS readers take a description for HTML."""
    return html.escape(text, quote=False)


def neighbours(feed: Feed, self_link: str, media_type: str) -> Iterator[dict[str, str]]:
    """Link a feed's page, hubs, addresses of old, and the documents of its history.

    <https://www.rfc-editor.org/rfc/rfc5005#section-4>
    """
    if PAGE in feed.formats:
        page = f"{feed.base}{feed.path}.{PAGE}"
        yield {"href": page, "rel": "related", "type": "text/html"}
    for hub in feed.hubs:
        yield {"href": hub, "rel": "hub"}
    ending = self_link.removeprefix(feed.base + feed.path)
    for old in feed.also:
        yield {
            "href": f"{feed.base}{old}{ending}",
            "rel": "related",
            "type": media_type,
        }
    history = {
        "current": feed.current,
        "prev-archive": feed.older,
        "next-archive": feed.newer,
    }
    for rel, path in history.items():
        if path:
            yield {"href": f"{feed.base}{path}{ending}", "rel": rel, "type": media_type}
