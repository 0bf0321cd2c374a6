"""Values with defaults, built directly: a test names only what it is about."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feeds import config
from feeds.address import domain, normalised
from feeds.config import Config
from feeds.explain import explain
from feeds.feed import Image, Related
from feeds.plan import Plan, plan
from feeds.record import Record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PUBLISHED = NOW - 10 * DAY
SITE = {"title": "Site", "url": "https://feeds.example.org/"}


def a_record(name: str = "one", **fields: object) -> Record:
    """Build a published record of quality 50; its title and link come from its name."""
    link = str(fields.get("link", f"https://a.example/{name}"))
    published = fields.get("published", PUBLISHED)
    given = {
        "file": f"records/{name}.md",
        "line": 1,
        "id": normalised(link),
        "title": name,
        "link": link,
        "published": published,
        "updated": published,
        "is_draft": False,
        "quality": 50.0,
        "heat": None,
        "summary": "",
        "provider": domain(link),
        "provider_name": "",
        "topics": (),
        "category": "",
        "type": "",
        "images": (),
        "related": (),
        "body": "",
    }
    return Record(**{**given, **fields})


def an_image(url: str = "https://a.example/lead.jpg", **fields: object) -> Image:
    return Image(**{"url": url, "width": None, "height": None, **fields})


def a_related(title: str = "Elsewhere", **fields: object) -> Related:
    given = {"title": title, "link": "https://b.example/", "provider": "B"}
    return Related(**{**given, **fields})


def a_config(text: str | None = None, **keys: object) -> Config:
    """Parse a configuration, as written or by its top-level keys; one feed, `all`."""
    given = {"site": SITE, "records": "records", "pages": False} | {
        "feeds": [{"path": "all"}],
        **keys,
    }
    written = json.dumps(given, indent=1) if text is None else text
    return config.parse(written, Path("/site/feeds.yaml"))


def a_plan(*records: Record, now: datetime = NOW, **keys: object) -> Plan:
    """See records through a configuration of these top-level keys."""
    return plan(records, a_config(**keys), now)


def titles(planned: Plan, path: str = "all") -> list[str]:
    """Give the titles that a feed shows, in order."""
    (feed,) = (feed for feed in planned.feeds if feed.path == path)
    return [entry.title for entry in feed.entries]


def feed_titles(planned: Plan) -> dict[str, str]:
    """Give the title of every feed by its path."""
    return {feed.path: feed.title for feed in planned.feeds}


def paths(planned: Plan) -> list[str]:
    return [feed.path for feed in planned.feeds]


def explained(planned: Plan, title: str = "one") -> list[str]:
    """Give what `explain` says of the record of a title."""
    (one,) = (one for one in planned.candidates if one.record.title == title)
    return list(explain(one, planned))
