"""Stats as one page that needs nothing else: no script, no request, plots beside tables."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from math import isinf
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from feeds.charts.plots import Column, Line, columns, curves, rows
from feeds.charts.words import UNKNOWN, aside, rest, summary, wanted
from feeds.stats import Bar, Ranking, Row, Spread, Stats, Tally, plain, share

_CURVES = 6
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0;
  --paper: #ffffff; --bar: #2f6fb3; --gray: #8c959f; --mark: #b3261e; --lit: #fdf0d5; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa5b1; --line: #3a434d; --paper: #14181d;
    --bar: #6cb0f5; --gray: #7b8590; --mark: #ff8a80; --lit: #4a3a12; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
p { margin: 0 0 1rem; color: var(--soft); }
section { margin-top: 1.5rem; }
.pair { display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 50rem) { .pair { grid-template-columns: 28rem minmax(0, 1fr); } }
svg { display: block; width: 100%; max-width: 28rem; height: auto; }
text { fill: var(--ink); font-size: 11px; }
.soft { fill: var(--soft); }
.bar { fill: var(--bar); }
.gray { fill: var(--gray); }
.axis { stroke: var(--line); }
.halo { stroke: var(--paper); stroke-width: 5; }
.mark { stroke: var(--mark); stroke-width: 2; stroke-dasharray: 4 2; }
.flag { fill: var(--mark); }
.curve { fill: none; stroke: var(--bar); stroke-width: 1.5; }
.first { stroke: var(--ink); stroke-width: 2.5; }
.dot { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }
figure { margin: 0; }
figcaption { color: var(--mark); font-size: .875rem; }
.scroll { overflow-x: auto; margin-bottom: .5rem; }
.scroll:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.pair + .scroll { margin-top: 1.5rem; }
.pair table { width: 100%; max-width: 28rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th:first-child { position: sticky; left: 0; background: var(--paper); text-align: left;
  padding-left: 0; white-space: normal; overflow-wrap: anywhere; min-width: 8rem;
  font-weight: normal; }
thead th, thead th:first-child { font-weight: 600; vertical-align: bottom; }
.set { background: var(--lit); font-weight: 700; outline: 2px solid var(--mark);
  outline-offset: -2px; }
"""


def page(stats: Stats) -> str:
    """Write the page, in ASCII: what is not is a character reference."""
    html = Element("html", lang="en")
    title = f"{stats.site}: how its records are spread"
    _head(SubElement(html, "head"), title)
    main = SubElement(SubElement(html, "body"), "main")
    _text(main, "h1", title)
    _text(main, "p", summary(stats) + ".")
    if stats.records:
        _sections(main, stats)
    ET.indent(html, "")
    written = ET.tostring(html, encoding="us-ascii", method="html").decode("ascii")
    return f"<!DOCTYPE html>\n{written}\n"


def _head(head: Element, title: str) -> None:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    SubElement(head, "meta", charset="utf-8")
    SubElement(
        head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy}
    )
    SubElement(
        head, "meta", name="viewport", content="width=device-width, initial-scale=1"
    )
    SubElement(head, "meta", name="color-scheme", content="light dark")
    _text(head, "title", title)
    _text(head, "style", _STYLE)


def _sections(main: Element, stats: Stats) -> None:
    _thresholds(main, stats)
    _spread(main, "Quality", "min_quality", stats.quality, stats.records)
    _spread(main, "Heat", "min_heat", stats.heat, stats.records)
    _ranking(main, "Topics", "topic", stats.topics, stats.records)
    _ranking(main, "Providers", "provider", stats.providers, stats.records)
    pair = _pair(main, f"Published, by {stats.period}")
    bars = [Column(one.name, one.count) for one in stats.dates]
    pair.append(columns(bars, "Records by the time they were published"))
    _tallies(pair, stats.period, stats.dates, stats.records)
    pair = _pair(main, "Status")
    pair.append(rows(stats.statuses, "Records by status"))
    _tallies(pair, "status", stats.statuses, stats.records)


def _thresholds(body: Element, stats: Stats) -> None:
    section = SubElement(body, "section")
    _text(section, "h2", "What each min_quality would let in")
    told = "A framed number, and a dot, is what the configuration lets in"
    _text(section, "p", f"{told}; {wanted(stats)}. {UNKNOWN}")
    if len(stats.thresholds) > 1:
        pair = SubElement(section, "div", {"class": "pair"})
        for what, some in ("all", stats.rows[:1]), ("topics", stats.rows[1:_CURVES]):
            if some:
                pair.append(_curves(what, some, stats))
    table = _table(section, "Records let in, by min_quality")
    _heads(table, ["min_quality", *map(_threshold, stats.thresholds)])
    rest = SubElement(table, "tbody")
    for row in stats.rows:
        line = _row(rest, aside(row, stats), [f"{count:,}" for count in row.counts])
        line[stats.thresholds.index(row.least) + 1].set("class", "set")


def _curves(what: str, rows: Iterable[Row], stats: Stats) -> Element:
    """Draw rows of one size: beside all records a topic would lie on the floor."""
    lines = [
        Line(aside(row, stats), row.counts, stats.thresholds.index(row.least))
        for row in rows
    ]
    heads = [_threshold(one) for one in stats.thresholds]
    return curves(
        lines, heads, f"Let in by min_quality: {what}; dots are as configured"
    )


def _threshold(least: float | None) -> str:
    return "none" if least is None else plain(least)


def _spread(body: Element, title: str, key: str, spread: Spread, total: int) -> None:
    pair = _pair(body, title)
    bars = [Column(_start(bar), bar.count) for bar in spread.bars]
    unknown = (
        [Column("unknown", spread.unknown, is_gray=True)] if spread.unknown else []
    )
    marks = [
        (_at(mark, spread.bars), plain(mark)) for mark in spread.marks if spread.bars
    ]
    figure = SubElement(pair, "figure")
    figure.append(columns([*bars, *unknown], f"Records by {title.lower()}", marks))
    if marks:
        named = ", ".join(name for _at, name in marks)
        _text(figure, "figcaption", f"Dashed: {key} {named}")
    tallies = [Tally(bar.name, bar.count) for bar in spread.bars]
    unknowns = Tally("unknown", spread.unknown)
    _tallies(pair, title.lower(), [*tallies, unknowns], total)


def _start(bar: Bar) -> str:
    return f"<{plain(bar.high)}" if isinf(bar.low) else plain(bar.low)


def _at(mark: float, bars: Sequence[Bar]) -> float:
    """Find where a threshold stands, counted in bars from the left."""
    for number, bar in enumerate(bars):
        if mark < bar.high:
            inside = not isinf(bar.low) and not isinf(bar.high) and mark > bar.low
            part = (mark - bar.low) / (bar.high - bar.low) if inside else 0.0
            return number + part
    return len(bars)


def _ranking(
    body: Element, title: str, noun: str, ranking: Ranking, total: int
) -> None:
    pair = _pair(body, title)
    without = [Tally(f"(no {noun})", ranking.without)] if ranking.without else []
    tallies = [*ranking.top, *without]
    pair.append(rows(tallies, f"Records by {noun}"))
    beside = _tallies(pair, noun, tallies, total)
    if ranking.others:
        _text(beside, "p", rest(ranking, noun))


def _pair(body: Element, title: str) -> Element:
    section = SubElement(body, "section")
    _text(section, "h2", title)
    return SubElement(section, "div", {"class": "pair"})


def _tallies(
    parent: Element, noun: str, tallies: Iterable[Tally], total: int
) -> Element:
    beside = SubElement(parent, "div")
    table = _table(beside, f"Records by {noun}")
    _heads(table, [noun, "records", "share"])
    rest = SubElement(table, "tbody")
    for one in tallies:
        _row(rest, one.name, [f"{one.count:,}", share(one.count, total)])
    return beside


def _table(parent: Element, caption: str) -> Element:
    # Wider than a phone it scrolls; the keyboard can only scroll what it can reach.
    scroll = SubElement(
        parent,
        "div",
        {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption},
    )
    table = SubElement(scroll, "table")
    _text(table, "caption", caption)
    return table


def _heads(table: Element, names: Iterable[str]) -> None:
    line = SubElement(SubElement(table, "thead"), "tr")
    for name in names:
        _text(line, "th", name, scope="col")


def _row(body: Element, name: str, cells: Iterable[str]) -> Element:
    line = SubElement(body, "tr")
    _text(line, "th", name, scope="row", dir="auto")
    for cell in cells:
        _text(line, "td", cell)
    return line


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = text
