"""Dates: what is read, what is rejected, and nothing from the machine or from today."""

import time
from datetime import UTC, timedelta

import pytest
from dateutil.parser import DEFAULTPARSER
from hypothesis import given
from hypothesis import strategies as st

from feeds.moment import moment, zone, zones

BERLIN = zone("Europe/Berlin")
PIECES = [
    *["2021", "02", "13", "99", "Feb", "Fri", "10:00", "am", "UTC", "Z", "T", "W06"],
    *["+01:00", "-", "/", ".", ",", " ", "  ", ":", "x", "²", "\x00"],
]


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def machine_zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def read(text, site=UTC):
    found = moment(text, site)
    return found and found.isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-02-13T00:17:00Z", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13T00:17:00z", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13T01:17:00+01:00", "2021-02-13T00:17:00+00:00"),
        ("2021-02-12T19:17:00-0500", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13T00:17Z", "2021-02-13T00:17:00+00:00"),
        ("20210213T001700Z", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13 00:17:00", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13 12:17 am", "2021-02-13T00:17:00+00:00"),
        ("2021-02-13", "2021-02-13T00:00:00+00:00"),
        ("2021-2-3", "2021-02-03T00:00:00+00:00"),
        ("2021/02/13", "2021-02-13T00:00:00+00:00"),
        ("20210213", "2021-02-13T00:00:00+00:00"),
        ("Sat, 13 Feb 2021 00:17:00 +0000", "2021-02-13T00:17:00+00:00"),
        ("Sat Feb 13 00:17:00 2021", "2021-02-13T00:17:00+00:00"),
        ("February 13, 2021", "2021-02-13T00:00:00+00:00"),
        ("13 February 2021", "2021-02-13T00:00:00+00:00"),
        ("Feb 13th, 2021", "2021-02-13T00:00:00+00:00"),
        ("13.02.2021", "2021-02-13T00:00:00+00:00"),
        ("01/02/2021", "2021-01-02T00:00:00+00:00"),
        ("13/02/2021", "2021-02-13T00:00:00+00:00"),
        ("29 Feb 2020", "2020-02-29T00:00:00+00:00"),
        ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00+00:00"),
        ("9998-12-31T23:59:59Z", "9998-12-31T23:59:59+00:00"),
    ],
)
def test_any_usual_form_is_read(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "now",
        "today",
        "2021-02-13 tomorrow",
        "2021-02-30",
        "29 Feb 2021",
        "2021-13-45",
        "2021-02-13T25:00:00Z",
        "2021-02-13T10:61:00Z",
        "1899-12-31",
        "9999-01-01",
        "0021-02-13",
        "1900-01-01T00:30:00+01:00",
        "9998-12-31T23:30:00-01:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1613175420",
        "99999999999999999999999999",
        "true",
        "-1",
    ],
)
def test_what_is_no_date_of_our_years_is_rejected(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2021",
        "2021-02",
        "2021-W06",
        "Feb 2021",
        "February 2021 10:00",
        "Friday February 2021",
        "Fri, Feb 2021",
        "13 Feb",
        "Feb 29",
        "Saturday",
        "Saturday 10:00",
        "10:00",
        "10:00:00 UTC",
        "13",
        "T10:00",
    ],
)
def test_nothing_is_filled_in_that_the_text_does_not_name(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text", ["13 Feb 75", "01/02/75", "75-02-13", "Sat, 13 Feb 21 00:17 GMT"]
)
def test_a_date_means_the_same_whatever_year_it_is_today(text, monkeypatch):
    readings = set()
    for this_year in (1999, 2024, 2026, 2071):
        monkeypatch.setattr(DEFAULTPARSER.info, "_year", this_year)
        monkeypatch.setattr(DEFAULTPARSER.info, "_century", this_year // 100 * 100)
        readings.add(read(text))
    assert len(readings) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-02-13 00:17", "2021-02-12T23:17:00+00:00"),
        ("2021-07-13 00:17", "2021-07-12T22:17:00+00:00"),
        ("13 July 2021", "2021-07-12T22:00:00+00:00"),
        ("2021-07-13T00:17Z", "2021-07-13T00:17:00+00:00"),
        ("13 July 2021 00:17 GMT", "2021-07-13T00:17:00+00:00"),
        ("13 July 2021 00:17 -0100", "2021-07-13T01:17:00+00:00"),
    ],
    ids=["winter", "summer", "date alone", "with Z", "with GMT", "with an offset"],
)
def test_only_a_date_without_zone_is_of_the_site(text, expected):
    assert read(text, BERLIN) == expected


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("UTC", 0),
        ("GMT", 0),
        ("UT", 0),
        ("Z", 0),
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
    ],
)
@pytest.mark.usefixtures("machine_zone")
def test_a_zone_name_of_rfc_822_is_read(name, hours):
    expected = moment("2021-02-13T12:00:00Z", UTC) - timedelta(hours=hours)
    assert moment(f"Sat, 13 Feb 2021 12:00:00 {name}", BERLIN) == expected


@pytest.mark.parametrize(
    "name", ["CET", "CEST", "IST", "BST", "JST", "XYZ", "Europe/Berlin"]
)
@pytest.mark.usefixtures("machine_zone")
def test_no_other_zone_name_is_believed(name):
    assert read(f"Sat, 13 Feb 2021 12:00:00 {name}") is None


@pytest.mark.usefixtures("machine_zone")
def test_the_zone_of_the_machine_changes_nothing():
    assert read("13 July 2021 12:00") == "2021-07-13T12:00:00+00:00"
    assert read("2021-07-13T12:00", BERLIN) == "2021-07-13T10:00:00+00:00"
    assert read("13 July 2021 12:00 EST") == "2021-07-13T17:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    ["2021-02-13T00:17:00.9Z", "13 Feb 2021 00:17:00.999999", "2021-02-13T00:17:00,5Z"],
)
def test_seconds_are_whole(text):
    assert read(text) == "2021-02-13T00:17:00+00:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-10-31 02:30", "2021-10-31T00:30:00+00:00"),
        ("2021-03-28 02:30", "2021-03-28T01:30:00+00:00"),
    ],
    ids=["twice there", "never there"],
)
def test_an_hour_that_the_clocks_change_is_read_as_before_the_change(text, expected):
    assert read(text, BERLIN) == expected


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=12)
)
def test_any_text_is_a_moment_in_utc_or_none(text):
    found = moment(text, BERLIN)
    assert found is None or (found.tzinfo is UTC and found.microsecond == 0)
    assert found is None or 1900 <= found.year <= 9998


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_was_read_is_read_back(when):
    found = moment(when.isoformat(), BERLIN)
    assert found is None or moment(found.isoformat(), BERLIN) == found


def test_a_zone_is_loaded_by_its_name():
    assert zone("UTC") is UTC
    assert str(zone("Europe/Berlin")) == "Europe/Berlin"
    assert {"Europe/Berlin", "UTC", "America/New_York"} <= zones()


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "../zones", "/etc/localtime"]
)
def test_a_zone_that_is_none_has_no_zone(name):
    assert zone(name) is None
