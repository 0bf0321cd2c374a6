"""Plots as SVG <https://www.w3.org/TR/SVG2/>, drawn for the width of a phone."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement

from msgspec import Struct

from feeds.stats import Tally

_WIDTH, _HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 24, 22
_FLOOR = _HEIGHT - _BOTTOM
_ROW = 34
_LINE = 18
_LETTER = 6.5  # about the width of one in the page's style
_WIDEST = 48  # of an upright bar
_DASHES = ("none", "none", "7 3", "2 3", "8 3 2 3")
_MOST_LETTERS = 48


class Column(Struct, frozen=True):
    """One upright bar."""

    name: str
    count: int
    is_gray: bool = False


class Line(Struct, frozen=True):
    """One curve; `chosen` is the number of the point to mark."""

    name: str
    counts: Sequence[int]
    chosen: int


def columns(
    bars: Sequence[Column], title: str, marks: Iterable[tuple[float, str]] = ()
) -> Element:
    """Draw upright bars; marks are lines across, so many bars from the left."""
    svg = _svg(_HEIGHT, title, [(bar.name, bar.count) for bar in bars])
    most = max(bar.count for bar in bars)
    _scale(svg, most)
    slot = min((_WIDTH - _LEFT - _RIGHT) / len(bars), _WIDEST)
    gap = min(slot * 0.15, 4)
    for number, bar in enumerate(bars):
        tall = _tall(bar.count, most)
        box = _shape(
            svg,
            "rect",
            "gray" if bar.is_gray else "bar",
            x=_LEFT + number * slot + gap / 2,
            y=_FLOOR - tall,
            width=slot - gap,
            height=tall,
        )
        SubElement(box, "title").text = f"{bar.name}: {bar.count:,}"
    _names(svg, [bar.name for bar in bars], slot, 0)
    _marks(svg, marks, slot)
    return svg


def rows(tallies: Sequence[Tally], title: str) -> Element:
    """Draw bars that lie, each below its name."""
    svg = _svg(_ROW * len(tallies), title, [(one.name, one.count) for one in tallies])
    most = max(one.count for one in tallies)
    room = _WIDTH - _LETTER * len(f"{most:,}") - 8
    for number, one in enumerate(tallies):
        y, long = number * _ROW, room * one.count / max(most, 1)
        name = one.name
        if len(name) > _MOST_LETTERS:
            name = f"{name[:_MOST_LETTERS]}…"
        _label(svg, name, 0, y + 12)
        if one.count:
            _shape(svg, "rect", "bar", x=0, y=y + 17, width=max(long, 1), height=10)
        _label(svg, f"{one.count:,}", long + 5, y + 26, "soft")
    return svg


def curves(lines: Sequence[Line], names: Sequence[str], title: str) -> Element:
    """Draw counts as curves over names, with a legend."""
    points = [(line.name, line.counts[line.chosen]) for line in lines]
    svg = _svg(_HEIGHT + 6 + _LINE * len(lines), title, points)
    most = max(max(line.counts) for line in lines)
    _scale(svg, most)
    slot = (_WIDTH - _LEFT - _RIGHT) / len(names)
    _names(svg, names, slot, slot / 2)
    dots: list[tuple[float, float]] = []
    for number, line in reversed([*enumerate(lines)]):  # the first lies on top
        at = [
            (_LEFT + (index + 0.5) * slot, _FLOOR - _tall(count, most))
            for index, count in enumerate(line.counts)
        ]
        dots.append(at[line.chosen])
        low = _HEIGHT + 6 + _LINE * number
        for path in at, [(_LEFT, low + 6), (_LEFT + 34, low + 6)]:
            _shape(
                svg,
                "polyline",
                "curve" if number else "curve first",
                points=" ".join(f"{x:.1f},{y:.1f}" for x, y in path),
                stroke_dasharray=_DASHES[number % len(_DASHES)],
            )
        _label(svg, line.name[:_MOST_LETTERS], _LEFT + 42, low + 10)
    for x, y in dots:
        _shape(svg, "circle", "dot", cx=x, cy=y, r=4.5)
    return svg


def _svg(height: float, title: str, told: Iterable[tuple[str, int]]) -> Element:
    """Begin a plot that says in words what it shows."""
    svg = Element("svg", viewBox=f"0 0 {_WIDTH} {height}", role="img")
    SubElement(svg, "title").text = title
    said = "; ".join(f"{name}: {count:,}" for name, count in told)
    SubElement(svg, "desc").text = said
    return svg


def _scale(svg: Element, most: int) -> None:
    _shape(svg, "line", "axis", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=_TOP, y2=_TOP)
    _shape(svg, "line", "axis", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=_FLOOR, y2=_FLOOR)
    if most:
        _label(svg, f"{most:,}", _LEFT - 5, _TOP + 4, "soft", "end")
    _label(svg, "0", _LEFT - 5, _FLOOR + 4, "soft", "end")


def _tall(count: int, most: int) -> float:
    """Give the height of a count; the least of something is still seen."""
    tall = (_FLOOR - _TOP) * count / max(most, 1)
    return max(tall, 1.0) if count else 0.0


def _names(svg: Element, names: Sequence[str], slot: float, shift: float) -> None:
    """Write names below a plot, as many as have room; the last always, it may differ."""
    free = float("-inf")
    long = len(names[-1]) * _LETTER
    last = _LEFT + (len(names) - 1) * slot + shift - (long / 2 if shift else 0)
    last = max(min(last, _WIDTH - long), 0)
    for number, name in enumerate(names[:-1]):
        wide = len(name) * _LETTER
        x = _LEFT + number * slot + shift - (wide / 2 if shift else 0)
        if x >= free and x + wide + _LETTER <= last:
            _label(svg, name, x, _HEIGHT - 7, "soft")
            free = x + wide + _LETTER
    _label(svg, names[-1], last + long, _HEIGHT - 7, "soft", "end")


def _marks(svg: Element, marks: Iterable[tuple[float, str]], slot: float) -> None:
    free = 0.0
    for at, name in marks:
        x, wide = _LEFT + at * slot, len(name) * _LETTER
        _shape(svg, "line", "halo", x1=x, x2=x, y1=_TOP - 8, y2=_FLOOR)
        _shape(svg, "line", "mark", x1=x, x2=x, y1=_TOP - 8, y2=_FLOOR)
        start = min(max(x - wide / 2, 0), _WIDTH - wide)
        if start >= free:
            _label(svg, name, start, _TOP - 12, "flag")
            free = start + wide + _LETTER


def _label(
    svg: Element, text: str, x: float, y: float, look: str = "", anchor: str = "start"
) -> None:
    label = _shape(svg, "text", look, x=x, y=y, text_anchor=anchor)
    label.text = text


def _shape(svg: Element, tag: str, look: str, **given: float | str) -> Element:
    attributes = {
        key.replace("_", "-"): value if isinstance(value, str) else f"{value:.4g}"
        for key, value in given.items()
    }
    return SubElement(svg, tag, {"class": look} if look else {}, **attributes)
