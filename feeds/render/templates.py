"""The templates of pages; the only module that imports jinja2."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from feeds.listing import Listing
from feeds.render.kinds import FEEDS, Kind

FOLDER = Path(__file__).parent.parent / "templates"

_HEIGHT = 24
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


@cache
def template(name: str) -> Template:
    """Load a template; what it is given is escaped, what it is not given is an error."""
    return _environment().get_template(name)


def asset(name: str) -> bytes:
    """Give a file that is written as it is."""
    return (FOLDER / name).read_bytes()


def language(tag: str | None) -> Markup:
    """Write the attribute that says in which language a text is."""
    return Markup(' lang="{}"').format(tag) if tag else Markup()


def root(path: str) -> str:
    """Lead from a document back to the folder of all."""
    return "../" * path.count("/")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"day": _day, "iso": _iso, "heights": _heights, "kinds": _kinds}
    made.filters["without"] = _without
    return made


def _day(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _heights(feed: Listing) -> list[int]:
    """Scale the counts of a plot; what there is, is seen."""
    most = max(feed.counts)
    return [-(-count * _HEIGHT // most) for count in feed.counts]


def _without(title: str, site: str) -> str:
    """Name a feed where its site is named already."""
    return title.removesuffix(f": {site}")


def _kinds(formats: Iterable[str]) -> list[Kind]:
    """Give the formats that a reader can subscribe to."""
    return [FEEDS[name] for name in formats if name in FEEDS]
