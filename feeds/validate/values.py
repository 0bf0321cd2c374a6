"""What a value in a document has to be, in words and as a test.

Dates: RFC 822 <https://www.rfc-editor.org/rfc/rfc822#section-5>, with years of four digits,
and RFC 3339 <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>. Addresses: RFC 3986.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

MOST = 512 << 10
"""Documents of more bytes are refused or cut by some readers."""

ATOM = "http://www.w3.org/2005/Atom"
SPACES = {
    "atom": ATOM,
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
"""The namespaces of elements, by the prefix that stands for them in `Part.parts`."""

HISTORY = "http://purl.org/syndication/history/1.0"
"""The namespace of what says that a document is an archive: RFC 5005."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"),
    "Dec",
)
HOST = r"A-Za-z0-9._~%!$'()*+,;=:@\[\]\-"
REST = rf"{HOST}/?#"
"""The characters of an address but for `&`, which documents write in their own ways."""

_ADDRESS = re.compile(rf"(?i:https?)://[{HOST}&]+(?:[/?#][{REST}&]*)?")
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:[{REST}&]+")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:\s*;.*)?", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_DATE = re.compile(
    rf"(?:(?P<name>{'|'.join(DAYS)}), )?(?P<day>\d\d?) (?P<month>{'|'.join(MONTHS)})"
    r" (?P<year>\d{4}) (?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
    r" (?:[+-]\d{4}|UT|GMT|[ECMP][SD]T|Z)",
    re.ASCII,
)
_NUMBER = re.compile(r"\d+", re.ASCII)
# As our sanitiser writes attributes: `"` stands around a value and never in it.
_RELATIVE = re.compile(r'<[A-Za-z][^<>]*?\s(?:src|href)="(?!(?i:https?)://)([^"]*)"')
_LONGEST = 80


Told = tuple[int, str]
"""A line, and what is wrong there."""


class Expected(NamedTuple):
    """What a value is to be; `is_met` tells whether it is."""

    what: str
    is_met: Callable[[str], object]

    def told(self, name: str, value: str) -> str:
        return f"{name} is {quoted(value)}, expected {self.what}"


def quoted(value: str) -> str:
    """Quote a value, or the beginning of it."""
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return f'"{shown}"'


def repeated(ids: Iterable[tuple[int, str]]) -> Iterator[Told]:
    """Name the ids that more than one entry has."""
    seen: set[str] = set()
    for line, id_ in ids:
        if id_ in seen:
            yield line, f"id {quoted(id_)} stands twice, expected one entry for each"
        seen.add(id_)


def relative(html: str) -> Iterator[str]:
    """Name the addresses in HTML that lead nowhere without the page they were on."""
    for found in _RELATIVE.finditer(html):
        yield f"an address in the content is {quoted(found[1])}, expected {ADDRESS.what}"


def is_day(year: int, month: int, day: int, name: str | None) -> bool:
    """Tell whether there is such a day, and whether it has this name."""
    try:
        weekday = date(year, month, day).weekday()
    except ValueError:
        return False
    return name is None or name == DAYS[weekday]


def _is_date(value: str) -> bool:
    found = _DATE.fullmatch(value)
    if found is None:
        return False
    month = MONTHS.index(found["month"]) + 1
    return is_day(int(found["year"]), month, int(found["day"]), found["name"])


def _is_moment(value: str) -> bool:
    if not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


TEXT = Expected("text", lambda value: value.strip(" \t\r\n"))
ADDRESS = Expected("an absolute http or https address", _ADDRESS.fullmatch)
URI = Expected('a URI, such as an address or "tag:example.org,2000:1"', _URI.fullmatch)
DATE = Expected(
    'a date as RFC 822 has it, such as "Thu, 01 Jan 2026 00:00:00 +0000"', _is_date
)
MOMENT = Expected(
    'a date as RFC 3339 has it, such as "2026-01-01T00:00:00Z"', _is_moment
)
NUMBER = Expected("a whole number", _NUMBER.fullmatch)
TYPE = Expected('a media type such as "image/jpeg"', _TYPE.fullmatch)
