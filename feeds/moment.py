"""Moments: what an editor writes as a date, as whole seconds in UTC."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

EARLIEST, LATEST = 1900, 9998
EXPECTED = f"a date with year, month and day, {EARLIEST} to {LATEST}"

_LONGEST = 100
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)|\d{8}(?!\d)", re.ASCII)
# RFC 822 section 5.1 <https://www.rfc-editor.org/rfc/rfc822#section-5.1>.
# No other name is believed: "CST" is three zones, and a machine's own zone is none of
# the record's business.
_HOURS = {
    "UTC": 0,
    "GMT": 0,
    "UT": 0,
    "Z": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
}
_HOURS |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_HOURS |= {letter: -hour for hour, letter in enumerate("ABCDEFGHIKLM", 1)}
_HOURS |= {letter: hour for hour, letter in enumerate("NOPQRSTUVWXY", 1)}


def moment(text: str, zone: tzinfo) -> datetime | None:
    """Read a date in any usual form, one without zone as of `zone`; None if it is none."""
    try:
        # Week dates name no day of a month, and what 24:00 is, differs by Python's version.
        if _ISO.match(text) and text[11:13] != "24":
            return _in_utc(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    written = _read_freely(text)
    return _in_utc(written, zone) if written else None


def _in_utc(written: datetime, zone: tzinfo) -> datetime | None:
    try:
        aware = written if written.tzinfo else written.replace(tzinfo=zone)
        when = aware.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return when.replace(microsecond=0) if EARLIEST <= when.year <= LATEST else None


def _read_freely(text: str) -> datetime | None:
    if len(text) > _LONGEST:
        return None
    # dateutil is slow to import and only wanted for forms other than ISO 8601.
    from dateutil.parser import ParserError, parse, parserinfo  # noqa: PLC0415

    class Fixed(parserinfo):
        """Two-digit years as RFC 5322 section 4.3 has them, whatever year it is."""

        def convertyear(self, year: int, century_specified: bool = False) -> int:
            if year >= 100 or century_specified:
                return year
            return year + (2000 if year < 50 else 1900)

    # What the text does not name, dateutil takes from its default: three defaults, with
    # no year, month, day or weekday in common, show it.
    defaults = (datetime(2000, 1, 1), datetime(2004, 2, 2), datetime(2008, 3, 19))  # noqa: DTZ001
    try:
        read = {
            parse(text, Fixed(), default=default, tzinfos=_zone) for default in defaults
        }
    except (ParserError, ArithmeticError, ValueError, TypeError, AttributeError):
        return None
    return read.pop() if len(read) == 1 else None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if name and name not in _HOURS:
        raise ValueError(name)
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=_HOURS[name])) if name else None


def zone(name: str) -> tzinfo | None:
    """Load a time zone from the tzdata package; None if it has none of that name.

    The system's own data is passed over: it differs from machine to machine.
    """
    if name == "UTC":
        return UTC
    # UTC needs neither of them.
    from importlib.resources import files  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    if name not in zones():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def zones() -> frozenset[str]:
    """Name every time zone there is."""
    from importlib.resources import files  # noqa: PLC0415

    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())
