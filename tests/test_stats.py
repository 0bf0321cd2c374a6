"""What records come to in numbers, and how that is shown: as bars and as a page."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import east_asian_width

import lxml.html
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from feeds.charts.bars import Sheet, lines
from feeds.charts.page import page
from feeds.cli import commands
from feeds.stats import MOST_NAMED, MOST_ROWS, plain, share, stats
from tests.builders import NOW, a_plan, a_record
from tests.site import NOW as WHEN
from tests.site import Site

ROOT = Path(__file__).parent.parent
BY_TOPIC = [{"path": "all"}, {"path": "topics/{topic}"}]
NASTY = "\u202e<script>alert(1)</script>\x1b[2J\"'&"
TINY = """\
4 records of 3 stories, 1 more rejected (`feeds check` names
them), as of 2026-01-01 00:00 UTC

Status
  published  3   75 %  █████████████████████████████████████
  draft      1   25 %  ████████████▍

Quality
  35 to 39  1   25 %  ████████████████████
  40 to 44  0    0 %    ◂ min_quality 40
  45 to 49  0    0 %
  50 to 54  0    0 %
  55 to 59  0    0 %
  60 to 64  1   25 %  ████████████████████
  65 to 69  0    0 %
  70 to 74  0    0 %
  75 to 79  0    0 %
  80        1   25 %  ████████████████████
  unknown   1   25 %  ████████████████████

Heat
  10       1   25 %  █████████████
  unknown  3   75 %  ███████████████████████████████████████

Topics
  AI          2   50 %  ████████████████████████████████████
  猫          1   25 %  ██████████████████
  (no topic)  1   25 %  ██████████████████

Providers
  Alpha  4  100 %  █████████████████████████████████████████

Published, by month
  2025-12  4  100 %  ███████████████████████████████████████

Let in by each min_quality (status published, by the other
rules too; max_age, limit, doubles aside)
  min_quality none   35   40   45   50   55   60   65   70
  all            3    2   [1]   1    1    1    1    0    0
  AI             2    2   [1]   1    1    1    1    0    0
  猫             1    0   [0]   0    0    0    0    0    0

  min_quality   75   80
  all            0    0
  AI             0    0
  猫             0    0
[n] is what the configuration lets in. Records of unknown
quality pass only without a min_quality.
"""


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.configure()
    return site


def counted(*records, rejected=0, **keys):
    return stats(a_plan(*records, **({"feeds": BY_TOPIC} | keys)), rejected)


def some(**columns):
    """Build records by the values of a field."""
    ((field, values),) = columns.items()
    return [a_record(f"r{n}", **{field: value}) for n, value in enumerate(values)]


def bars(*values):
    spread = counted(*some(quality=values)).quality
    return {bar.name: bar.count for bar in spread.bars}, spread.unknown


def tallies(those):
    return {one.name: one.count for one in those}


def rows(counted):
    return {
        row.name: dict(zip(counted.thresholds, row.counts, strict=True))
        for row in counted.rows
    }


def drawn(counted, width=80, encoding="utf-8"):
    return list(lines(counted, Sheet(width=width, encoding=encoding)))


def here(site, monkeypatch, *args):
    """Run the command in this process."""
    monkeypatch.chdir(site.folder)
    return CliRunner().invoke(commands, ["stats", *args])


def columns_of(text):
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def test_records_are_counted_by_status_story_and_rejection():
    found = counted(
        a_record("one"),
        a_record("two", link="https://a.example/one"),
        a_record("three", is_draft=True),
        rejected=4,
    )
    assert (found.records, found.stories, found.rejected) == (3, 2, 4)
    assert tallies(found.statuses) == {"published": 2, "draft": 1}


@pytest.mark.parametrize(
    ("values", "expected", "unknown"),
    [
        ([], {}, 0),
        ([None, None], {}, 2),
        ([50], {"50": 1}, 0),
        ([50, 50, None], {"50": 2}, 1),
        ([0.5], {"0.5": 1}, 0),
        ([-0.0], {"0": 1}, 0),
        ([1, 2, 4], {"1": 1, "2": 1, "3": 0, "4": 1}, 0),
        (
            [0, 9, 10, 99, 100],
            {"0 to 9": 2, "10 to 19": 1}
            | {f"{n}0 to {n}9": 0 for n in range(2, 9)}
            | {"90 to 99": 1, "100": 1},
            0,
        ),
        (
            [0.1, 0.15, 0.25],
            {"0.1 to <0.12": 1, "0.12 to <0.14": 0, "0.14 to <0.16": 1}
            | {"0.16 to <0.18": 0, "0.18 to <0.2": 0, "0.2 to <0.22": 0}
            | {"0.22 to <0.24": 0, "0.24 to <0.26": 1},
            0,
        ),
    ],
    ids=str,
)
def test_numbers_fall_between_round_ones(values, expected, unknown):
    found, without = bars(*values)
    assert found == expected
    assert without == unknown


def test_what_is_far_off_shares_a_bar():
    found, _ = bars(-900, 1, 2, 3, 4, 900)
    assert (next(iter(found)), [*found][-1]) == ("below -10", "15 or more")
    assert (found["0 to 4"], found["-5 to -1"]) == (4, 0)
    assert sum(found.values()) == 6


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from([-1.0, 0.0, 35.0, 40.0, 40.5, 1e300]),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=40,
    )
)
def test_whatever_the_numbers_they_add_up_and_are_shown(values):
    found = counted(*some(quality=values), defaults={"min_quality": 40})
    quality = found.quality
    assert sum(bar.count for bar in quality.bars) + quality.unknown == len(values)
    assert len(quality.bars) <= 30
    assert all(one.low < one.high for one in quality.bars)
    assert [*found.thresholds[1:]] == sorted(set(found.thresholds[1:]))
    for counts in rows(found).values():
        known = [value for value in values if value is not None]
        assert counts.pop(None) == len(values)
        for least, count in counts.items():
            assert count == sum(value >= least for value in known)
    assert all(columns_of(line) <= 80 for line in drawn(found))
    assert lxml.html.fromstring(page(found)) is not None


def test_heat_is_counted_as_quality_is():
    found = counted(*some(heat=[10.0, 20.0, None]), defaults={"min_heat": 12})
    assert sum(bar.count for bar in found.heat.bars) == 2
    assert (found.heat.unknown, found.heat.marks) == (1, (12.0,))


def test_names_are_those_that_feeds_show():
    found = counted(
        a_record("one", topics=("AI", "CV"), provider_name="Alpha"),
        a_record("two", topics=("ai",), provider_name="Alpha"),
        a_record("three", topics=("ai",), provider_name="ALPHA", is_draft=True),
        a_record("four", link="https://b.example/4"),
        topics={"Computer Vision": {"name": "Machine vision", "aliases": ["CV"]}},
    )
    assert tallies(found.topics.top) == {"AI": 3, "Machine vision": 1}
    assert found.topics.without == 1
    assert tallies(found.providers.top) == {"Alpha": 3, "b.example": 1}


def test_only_records_that_a_feed_lets_in_have_a_say_in_names():
    drafts = [
        a_record(f"d{n}", is_draft=True, topics=("AI",), provider_name="Draft")
        for n in range(2)
    ]
    found = counted(a_record("one", topics=("ai",), provider_name="Out"), *drafts)
    assert tallies(found.topics.top) == {"ai": 3}
    assert tallies(found.providers.top) == {"Out": 3}


def test_what_no_feed_shows_goes_by_its_most_frequent_spelling():
    found = counted(
        *(a_record(f"r{n}", topics=(name,), is_draft=True, provider_name=provider)
          for n, (name, provider) in enumerate(
              [("ai", ""), ("AI", "A"), ("AI", "A"), ("cv", "")])),
        topics={"CV": {}},
    )  # fmt: skip
    assert tallies(found.topics.top) == {"AI": 3, "CV": 1}
    assert tallies(found.providers.top) == {"A": 4}


def test_two_providers_of_one_name_are_told_apart():
    found = counted(
        a_record("one", provider_name="tech"),
        a_record("two", link="https://b.example/", provider_name="tech"),
    )
    assert tallies(found.providers.top) == {
        "tech (a.example)": 1,
        "tech (b.example)": 1,
    }


def test_only_the_most_frequent_are_named():
    many = [a_record(f"r{n}", topics=(f"t{n:02}",)) for n in range(20)]
    found = counted(*many, a_record("more", topics=("t19",)))
    assert [one.name for one in found.topics.top][:2] == ["t19", "t00"]
    assert found.topics.others == 20 - MOST_NAMED
    assert len(found.rows) == 1 + MOST_ROWS
    assert "  and 10 more topics" in drawn(found)
    assert "and 10 more topics" in page(found)


@pytest.mark.parametrize(
    ("days", "period", "expected"),
    [
        ([], "month", {}),
        (["2025-11-30", "2026-01-01"], "month",
         {"2025-11": 1, "2025-12": 0, "2026-01": 1}),
        (["2026-01-02"], "month", {"after now": 1}),
        (["2023-02-01", "2025-02-01"], "year", {"2023": 1, "2024": 0, "2025": 1}),
        (["1900-01-01", "2025-02-01", "2100-01-01"], "year",
         {"before 2002": 1}
         | {str(year): 0 for year in range(2002, 2025)}
         | {"2025": 1, "after now": 1}),
    ],
)  # fmt: skip
def test_dates_are_counted_by_month_or_by_year_with_gaps(days, period, expected):
    times = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days]
    found = counted(*some(published=times))
    assert (found.period, tallies(found.dates)) == (period, expected)
    assert [one.name for one in found.dates] == list(expected)


def test_a_threshold_lets_in_what_is_as_good_and_none_lets_in_the_unknown():
    found = counted(
        a_record("one", quality=35.0, topics=("AI",)),
        a_record("two", quality=40.0),
        a_record("three", quality=None, topics=("AI",)),
        a_record("four", quality=40.0, is_draft=True),
        topics={"AI": {"min_quality": 38.5}},
        defaults={"min_quality": 40},
    )
    assert found.thresholds == (None, 35, 36, 37, 38, 38.5, 39, 40)
    assert rows(found)["all"] == {None: 3, 35: 2} | dict.fromkeys(
        [36, 37, 38, 38.5, 39, 40], 1
    )
    assert rows(found)["AI"] == {None: 2, 35: 1} | dict.fromkeys(
        [36, 37, 38, 38.5, 39, 40], 0
    )
    assert [row.least for row in found.rows] == [40, 38.5]


def test_all_follows_the_first_feed_of_all_that_is_not_narrowed():
    found = counted(
        a_record("one"),
        feeds=[
            {"path": "robots", "words": ["robot"], "min_quality": 1},
            {"path": "drafts", "status": "draft", "min_quality": 2},
            {"path": "all", "min_quality": 3},
        ],
    )
    assert [(row.name, row.status, row.least) for row in found.rows] == [
        ("all", "draft", 2)
    ]


def test_without_a_feed_for_topics_the_defaults_hold_and_what_the_topic_changes():
    found = counted(
        a_record("one", topics=("AI", "CV")),
        feeds=[{"path": "{topic}/{provider}"}],
        defaults={"min_quality": 7},
        topics={"AI": {"min_quality": 9, "status": "any"}},
    )
    assert [(row.name, row.status, row.least) for row in found.rows] == [
        ("all", "published", 7),
        ("AI", "any", 9),
        ("CV", "published", 7),
    ]
    assert any("AI (any)" in line for line in drawn(found))


@given(
    st.lists(
        st.builds(
            dict,
            name=st.sampled_from("abcd"),
            quality=st.sampled_from([None, 35.0, 40.0, 40.5, 50.0]),
            heat=st.sampled_from([None, 5.0, 10.0]),
            is_draft=st.booleans(),
            topics=st.sampled_from([(), ("AI",), ("ai", "CV"), ("CV",)]),
            published=st.sampled_from(
                [NOW.replace(year=year) for year in (2025, 2027)]
            ),
        ),
        max_size=8,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(["published", "draft", "any"]),
            "min_quality": st.sampled_from([0, 40, 40.5, 90]),
            "min_heat": st.just(10),
            "limit": st.just(1),
            "max_age": st.just("1 day"),
        },
    ),
)
def test_the_configured_threshold_lets_in_what_the_plan_does(given_, defaults):
    records = [a_record(**fields) for fields in given_]
    planned = a_plan(
        *records,
        feeds=BY_TOPIC,
        defaults=defaults,
        topics={"AI": {"min_quality": 41}, "CV": {"status": "any"}},
    )
    found = stats(planned, 0)
    admitted = {
        shelf.place.topic or "all": len(shelf.selection.admitted)
        for shelf in planned.shelves
    }
    for row in found.rows:
        at = found.thresholds.index(row.least)
        assert row.counts[at] == admitted[row.name.casefold()]
        assert list(row.counts) == sorted(row.counts, reverse=True)
    for ranking in (found.topics, found.providers):
        named = sum(one.count for one in ranking.top) + ranking.without
        assert named >= len(records)
    for some_of in (found.statuses, found.dates, found.providers.top):
        assert sum(one.count for one in some_of) == len(records)


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    [
        (0, 0, "0 %"),
        (0, 5, "0 %"),
        (1, 1000, "<1 %"),
        (999, 1000, ">99 %"),
        (5, 5, "100 %"),
        (1, 3, "33 %"),
    ],
)
def test_only_nothing_is_no_share_and_only_all_the_whole(count, total, expected):
    assert share(count, total) == expected


def test_numbers_are_written_as_people_do():
    assert [plain(one) for one in (40.0, 40.5, -0.0, 1234567.0, 1e300)] == [
        *("40", "40.5", "0", "1,234,567", "1e+300")
    ]


def a_tiny_set():
    return counted(
        a_record("one", quality=60.0, topics=("AI",), provider_name="Alpha"),
        a_record("two", quality=35.0, topics=("AI",), heat=10.0),
        a_record("three", link="https://a.example/one", topics=("猫",), quality=None),
        a_record("four", quality=80.0, is_draft=True),
        rejected=1,
        defaults={"min_quality": 40},
    )


def test_bars_are_drawn_as_they_were_reviewed():
    assert "\n".join([*drawn(a_tiny_set(), 60), ""]) == TINY


def test_bars_are_drawn_in_ascii_where_there_is_no_more():
    shown = drawn(a_tiny_set(), 60, "ascii")
    assert "  draft      1   25 %  ############" in shown
    assert "  40 to 44  0    0 %    < min_quality 40" in shown
    assert "  \\u732b      1   25 %  ##################" in shown
    assert len(shown) == len(TINY.splitlines())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("width", [32, 40, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width, encoding):
    found = counted(
        *some(quality=[0.0, 40.0, 55.5, 90.0, None] * 3),
        a_record("x", topics=("人工智能と未来" * 9, "e\u0301" * 40, "ü" * 50)),
        defaults={"min_quality": 12.25},
    )
    shown = drawn(found, width, encoding)
    assert max(columns_of(line.replace("\u0301", "")) for line in shown) <= width
    assert "\n".join(shown).encode(encoding)


def test_a_thin_terminal_does_without_notes():
    found = counted(a_record("one"), defaults={"min_quality": 40})
    assert any("< min_quality 40" in one for one in drawn(found, 80, "ascii")) is False
    close = counted(*some(quality=[30.0, 50.0]), defaults={"min_quality": 40})
    assert any("◂ min_quality 40" in one for one in drawn(close, 80))
    assert not any("◂" in one for one in drawn(close, 40))


def test_many_thresholds_in_one_bar_are_not_all_listed():
    found = counted(
        *(a_record(f"r{n}", topics=(f"t{n}",), quality=n * 10.0) for n in range(11)),
        topics={f"t{n}": {"min_quality": 40 + n} for n in range(6)},
    )
    assert any("◂ min_quality 40, 41, 42, ..." in line for line in drawn(found))
    plot, said = tree(found).xpath("//figure")[0]
    assert len(plot.xpath("./line[@class='mark']")) == 6
    assert len(plot.xpath("./text[@class='flag']")) < 6  # they would overlap
    assert said.text == "Dashed: min_quality 40, 41, 42, 43, 44, 45"


def test_text_from_records_cannot_steer_a_terminal_or_a_page():
    found = counted(a_record("one", topics=(NASTY,), provider_name=NASTY))
    shown = "\n".join(drawn(found))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    html = page(found)
    assert "<script" not in html
    assert html.isascii()
    shown = lxml.html.fromstring(html)
    names = [cell.text for cell in shown.iterfind(".//tbody/tr/th")]
    assert NASTY.replace("\x1b", "") in [str(one).replace("\x1b", "") for one in names]


def tree(counted):
    return lxml.html.fromstring(page(counted))


def test_the_page_needs_nothing_and_allows_nothing():
    html = tree(a_tiny_set())
    assert not html.xpath("//script | //link | //img | //@src | //@href | //@style")
    assert not html.xpath("//@*[starts-with(name(), 'on')]")
    policy = html.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    style = html.xpath("string(//style)")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert "url(" not in style
    assert "@import" not in style


def test_every_plot_says_what_it_shows_and_has_its_table():
    html = tree(a_tiny_set())
    for section in html.xpath("//section"):
        assert section.xpath(".//table/caption")
        for plot in section.xpath(".//svg"):
            assert plot.xpath("./title")[0].text
            assert plot.xpath("./desc")[0].text
    assert len(html.xpath("//section//svg")) == 8


def test_without_a_threshold_there_is_nothing_to_draw_a_curve_of():
    html = tree(counted(*some(quality=[None, None])))
    assert not html.xpath("//section[1]//svg")
    assert not html.xpath("//figcaption")
    assert html.xpath("//section[1]//thead/tr/th[2]")[0].text == "none"


def test_the_table_of_the_page_holds_the_numbers_and_frames_the_configured():
    found = a_tiny_set()
    table = tree(found).xpath("//section[1]//table")[0]
    heads = [head.text for head in table.xpath("./thead/tr/th")]
    assert heads[:3] == ["min_quality", "none", "35"]
    for line, row in zip(table.xpath("./tbody/tr"), found.rows, strict=True):
        cells = line.xpath("./td")
        assert [int(cell.text) for cell in cells] == list(row.counts)
        (framed,) = (at for at, cell in enumerate(cells, 1) if cell.get("class"))
        assert heads[framed] == "40"


@pytest.mark.parametrize(
    "records",
    [
        [],
        [a_record("one")],
        some(quality=[None, None]),
        [a_record("one", is_draft=True, topics=("AI",))],
        some(quality=[-1e308, 0.0, 1e308]),
        [a_record("one", topics=(" ".join(["long"] * 50),))],
        [a_record(f"r{n}", topics=(f"{n}",), quality=float(n)) for n in range(300)],
    ],
    ids=["none", "one", "unknown", "drafts", "wild", "long", "many"],
)
def test_every_number_drawn_lies_within_its_plot(records):
    for plot in tree(counted(*records, defaults={"min_quality": 1e6})).xpath("//svg"):
        _, _, width, height = map(float, plot.get("viewbox").split())
        for box in plot.xpath(".//rect"):
            x, y, w, h = (float(box.get(one)) for one in ("x", "y", "width", "height"))
            assert -0.5 <= x <= x + w <= width + 0.5
            assert -0.5 <= y <= y + h <= height + 0.5
        for name in ("x", "x1", "cx"):
            assert all(0 <= float(at) <= width for at in plot.xpath(f".//@{name}"))


def test_the_command_shows_bars_and_writes_the_page(site):
    site.write("a.md", quality=35)
    site.write("b.md", published=False)
    site.write("c.md", quality="high")
    result = site.run("stats", "--now", WHEN, "--html", "stats.html")
    assert result.code == 0
    assert result.err == ""
    assert result.out.startswith("2 records, 1 more rejected")
    assert "  min_quality" in result.out
    first = (site.folder / "stats.html").read_bytes()
    assert first.startswith(b"<!DOCTYPE html>\n")
    assert site.run("stats", "--now", WHEN, "--html", "stats.html").out == result.out
    assert (site.folder / "stats.html").read_bytes() == first
    assert sorted(one.name for one in site.folder.iterdir()) == [
        *("feeds.yaml", "records", "stats.html")
    ]


def test_the_readme_shows_what_the_samples_give(monkeypatch):
    readme = (ROOT / "README.md").read_text("utf-8")
    transcript = readme.partition("$ feeds stats\n")[2].partition("```")[0]
    monkeypatch.setenv("COLUMNS", "80")
    shown = here(Site(ROOT), monkeypatch, "--now", WHEN).stdout.splitlines()
    assert {*transcript.splitlines()} - {*shown} == {"..."}


def test_the_command_fits_the_terminal_and_its_encoding(site):
    site.fill(3)
    wide, thin = (
        site.run("stats", "--now", WHEN, env={"COLUMNS": str(columns)}).out
        for columns in (90, 50)
    )
    assert max(map(len, wide.splitlines())) > 80
    assert max(map(len, thin.splitlines())) <= 50
    plain_ = site.run("stats", "--now", WHEN, env={"PYTHONIOENCODING": "ascii"}).out
    assert "#" in plain_
    assert plain_.isascii()


def test_no_records_are_no_bars_but_a_reason(site, monkeypatch):
    (site.folder / "records").mkdir()
    result = here(site, monkeypatch, "--now", WHEN, "--html", "stats.html")
    assert result.exit_code == 0
    assert result.stdout == "0 records, as of 2026-01-01 00:00 UTC\n"
    assert result.stderr.startswith("no records: ")
    assert "0 records" in (site.folder / "stats.html").read_text("ascii")


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["--html", ""], 2, '--html: got "", expected a file to write\n'),
        (["--html", "no/such.html"], 1, "no/such.html: cannot be written: "),
        (["--html", "records"], 1, "records: cannot be written: "),
        (["--now", "soon"], 2, '--now: got "soon"'),
        (["-c", "missing.yaml"], 2, "missing.yaml: cannot be read: "),
        (["--htlm", "x"], 2, "--htlm"),
    ],
)
def test_what_cannot_be_done_is_said_and_shows_nothing(
    site, monkeypatch, args, code, told
):
    site.write()
    before = sorted(site.folder.rglob("*"))
    result = here(site, monkeypatch, *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr
    assert sorted(site.folder.rglob("*")) == before
