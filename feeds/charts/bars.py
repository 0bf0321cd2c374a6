"""Stats as lines of text, with bars of block characters where the encoding has them."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from unicodedata import combining, east_asian_width

from msgspec import Struct

from feeds.charts.words import UNKNOWN, aside, clipped, rest, summary, wanted
from feeds.stats import Bar, Ranking, Row, Spread, Stats, Tally, plain, share
from feeds.text import visible

_BLOCKS = " ▏▎▍▌▋▊▉█"
_NOTED = 16  # a bar should have so much room beside notes
_SHORTEST = 4


class Sheet(Struct, frozen=True, kw_only=True, dict=True):
    """So many columns, of characters that an encoding has."""

    width: int
    encoding: str

    @cached_property
    def has_blocks(self) -> bool:
        try:
            return bool(f"{_BLOCKS}…◂".encode(self.encoding))
        except UnicodeEncodeError:
            return False

    def text(self, text: str) -> str:
        """Write a text as the terminal will show it."""
        shown = visible(text).encode(self.encoding, "backslashreplace")
        return shown.decode(self.encoding)

    def cut(self, text: str, width: int) -> str:
        """Write a text into a column, the end left out where it is too long."""
        shown = self.text(text)
        if _width(shown) > width:
            more = "…" if self.has_blocks else "..."
            while _width(shown) > width - len(more):
                shown = shown[:-1]
            shown += more
        return shown + " " * (width - _width(shown))

    def bar(self, count: int, most: int, width: int) -> str:
        """Draw a part; the least of something is still seen."""
        if not count:
            return ""
        if not self.has_blocks:
            return "#" * max(1, round(width * count / most))
        eighths = max(1, round(width * 8 * count / most))
        return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def lines(stats: Stats, sheet: Sheet) -> Iterator[str]:
    """Draw everything, section by section."""
    yield from _wrapped(summary(stats), sheet)
    if not stats.records:
        return
    yield from _section("Status", stats.statuses, stats.records, sheet)
    yield from _spread("Quality", "min_quality", stats.quality, stats.records, sheet)
    yield from _spread("Heat", "min_heat", stats.heat, stats.records, sheet)
    yield from _ranking("Topics", "topic", stats.topics, stats.records, sheet)
    yield from _ranking("Providers", "provider", stats.providers, stats.records, sheet)
    yield from _section(
        f"Published, by {stats.period}", stats.dates, stats.records, sheet
    )
    yield from _table(stats, sheet)


def _spread(
    title: str, key: str, spread: Spread, total: int, sheet: Sheet
) -> Iterator[str]:
    notes = [_note(bar, key, spread.marks, sheet) for bar in spread.bars]
    tallies = [Tally(bar.name, bar.count) for bar in spread.bars]
    unknown = Tally("unknown", spread.unknown)
    yield from _section(title, [*tallies, unknown], total, sheet, [*notes, ""])


def _note(bar: Bar, key: str, marks: Iterable[float], sheet: Sheet) -> str:
    """Point to the thresholds that lie in a bar."""
    within = [plain(mark) for mark in marks if bar.low <= mark < bar.high]
    arrow = "◂" if sheet.has_blocks else "<"
    return f"  {arrow} {key} {clipped(within)}" if within else ""


def _ranking(
    title: str, noun: str, ranking: Ranking, total: int, sheet: Sheet
) -> Iterator[str]:
    without = [Tally(f"(no {noun})", ranking.without)] if ranking.without else []
    yield from _section(title, [*ranking.top, *without], total, sheet)
    if ranking.others:
        yield f"  {rest(ranking, noun)}"


def _section(
    title: str,
    tallies: Sequence[Tally],
    total: int,
    sheet: Sheet,
    notes: Sequence[str] = (),
) -> Iterator[str]:
    yield ""
    yield title
    notes = notes or [""] * len(tallies)
    counts = [f"{one.count:,}" for one in tallies]
    names = [_width(sheet.text(one.name)) for one in tallies]
    name, number = min(max(names), sheet.width // 3), max(map(len, counts))
    left = sheet.width - (2 + name + 2 + number + 2 + len(">99 %") + 2)
    room = left - max(len(note) for note in notes)
    if room < _NOTED:
        room, notes = max(left, _SHORTEST), [""] * len(tallies)
    most = max(one.count for one in tallies)
    for one, count, note in zip(tallies, counts, notes, strict=True):
        start = f"  {sheet.cut(one.name, name)}  {count:>{number}}"
        bar = sheet.bar(one.count, most, room)
        yield f"{start}  {share(one.count, total):>5}  {bar}{note}".rstrip()


def _table(stats: Stats, sheet: Sheet) -> Iterator[str]:
    """Draw the thresholds, in as many blocks as their columns need."""
    yield ""
    yield from _wrapped(f"Let in by each min_quality ({wanted(stats)})", sheet)
    heads = ["none" if one is None else plain(one) for one in stats.thresholds]
    cells = [[_cell(row, at, stats) for at in range(len(heads))] for row in stats.rows]
    titles = [aside(row, stats) for row in stats.rows]
    widest = max(_width(sheet.text(title)) for title in titles)
    name = min(max(widest, len("min_quality")), sheet.width // 3)
    width = max(len(text) for row in [heads, *cells] for text in row) + 1
    many = max(1, (sheet.width - 3 - name) // width)
    for start in range(0, len(heads), many):
        block = slice(start, start + many)
        if start:
            yield ""
        yield _line(sheet.cut("min_quality", name), heads[block], width)
        for title, row in zip(titles, cells, strict=True):
            yield _line(sheet.cut(title, name), row[block], width)
    told = f"[n] is what the configuration lets in. {UNKNOWN}"
    yield from _wrapped(told, sheet)


def _line(name: str, cells: Iterable[str], width: int) -> str:
    # A bracket stands outside the column, so that digits stand below digits.
    padded = (
        f"{cell:>{width}}" if cell.endswith("]") else f"{cell + ' ':>{width}}"
        for cell in cells
    )
    return f"  {name} {''.join(padded)}".rstrip()


def _cell(row: Row, at: int, stats: Stats) -> str:
    count = f"{row.counts[at]:,}"
    return f"[{count}]" if stats.thresholds[at] == row.least else count


def _wrapped(text: str, sheet: Sheet) -> list[str]:
    return textwrap.wrap(text, sheet.width)


def _width(text: str) -> int:
    """Count the columns of a text: some letters take two, marks on a letter none."""
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(combining(letter)) for letter in text)
