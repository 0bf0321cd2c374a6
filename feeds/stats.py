"""Records into numbers: how what thresholds are set on is spread, and what each lets in."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from math import floor, inf, isinf, log10

from msgspec import Struct
from msgspec.structs import replace

from feeds import shape
from feeds.config import Config
from feeds.group import Place, merged, names, rules_of
from feeds.plan import Plan
from feeds.select import Candidate, admission

MOST_NAMED = 10
"""So many topics and providers are named."""

MOST_ROWS = 15
"""So many topics are seen through the thresholds."""

_BARS = 10  # about so many for the values of a number
_PERIODS = 24
_FAR = 3  # quartile ranges beyond the quartiles: what lies further off shares a bar
_CROWDED = 4  # times the range of those near: if all reaches further, it is so cut
_FINEST = 1e-9  # of the largest value: floats cannot tell much finer steps apart
_VAST = 1e9  # beyond, numbers are not shown in full
_NAME_FILTERS = ("topics", "providers", "categories", "types", "words")


class Tally(Struct, frozen=True):
    """How many records have something in common."""

    name: str
    count: int


class Bar(Struct, frozen=True):
    """How many records have a number from `low` to below `high`."""

    name: str
    count: int
    low: float
    high: float


class Spread(Struct, frozen=True, kw_only=True):
    """How a number is spread; `marks` are the thresholds that the configuration sets."""

    bars: tuple[Bar, ...]
    unknown: int
    marks: tuple[float, ...]


class Ranking(Struct, frozen=True, kw_only=True):
    """The most frequent names; `others` are so many more, `without` records with none."""

    top: tuple[Tally, ...]
    others: int
    without: int


class Row(Struct, frozen=True, kw_only=True):
    """How many records each threshold would let in; `least` is the configured one.

    Every other rule that holds there is kept; age, doubles and the limit are no rules
    about a record alone, and stay aside.
    """

    name: str
    status: str
    least: float | None
    counts: tuple[int, ...]


class Stats(Struct, frozen=True, kw_only=True):
    """What the records come to.

    The first of `thresholds` is None, the only one that lets unknown quality in.
    """

    site: str
    now: datetime
    records: int
    stories: int
    rejected: int
    statuses: tuple[Tally, ...]
    quality: Spread
    heat: Spread
    topics: Ranking
    providers: Ranking
    period: str
    dates: tuple[Tally, ...]
    thresholds: tuple[float | None, ...]
    rows: tuple[Row, ...]

    @property
    def statuses_wanted(self) -> list[str]:
        """The statuses that rows ask for, mostly one."""
        return sorted({row.status for row in self.rows})


def stats(planned: Plan, rejected: int) -> Stats:
    """Count the records of a plan; `rejected` are those that it could not have."""
    config, candidates = planned.config, planned.candidates
    records = [one.record for one in candidates]
    drafts = sum(record.is_draft for record in records)
    shown = names(planned.shelves, candidates, config)
    topics, providers = _topics(candidates), _providers(candidates)
    named = _distinct(_topic_names(candidates, config) | dict(shown.topics))
    hosts = _distinct(_provider_names(candidates) | dict(shown.providers))
    largest = [key for key, _held in _ranked(topics, named)[:MOST_ROWS]]
    rules = {key: _rules(key, config) for key in (None, *largest)}
    quality = _spread(
        [record.quality for record in records],
        [one.min_quality for one in rules.values()],
    )
    thresholds = _thresholds(quality)
    period, dates = _dates([record.published for record in records], planned.now)
    return Stats(
        site=config.site.title,
        now=planned.now,
        records=len(records),
        stories=len(planned.ids),
        rejected=rejected,
        statuses=(Tally("published", len(records) - drafts), Tally("draft", drafts)),
        quality=quality,
        heat=_spread(
            [record.heat for record in records],
            [one.min_heat for one in rules.values()],
        ),
        topics=_ranking(topics, named, sum(not one.topics for one in candidates)),
        providers=_ranking(providers, hosts, 0),
        period=period,
        dates=dates,
        thresholds=thresholds,
        rows=tuple(
            Row(
                name="all" if key is None else named[key],
                status=one.status or "published",
                least=one.min_quality,
                counts=_let_in(
                    candidates if key is None else topics[key], one, thresholds, planned
                ),
            )
            for key, one in rules.items()
        ),
    )


def plain(number: float) -> str:
    """Write a number as people do."""
    return f"{number + 0.0:,.10g}"


def share(count: int, total: int) -> str:
    """Give a part in percent; only nothing is 0 %, and only everything 100 %."""
    if not total or not count:
        return "0 %"
    percent = round(100 * count / total)
    if percent == 0:
        return "<1 %"
    return ">99 %" if percent == 100 and count < total else f"{percent} %"


def _topics(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    held: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        for key in one.topics:
            held[key].append(one)
    return held


def _providers(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    held: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        held[one.record.provider].append(one)
    return held


def _topic_names(candidates: Iterable[Candidate], config: Config) -> dict[str, str]:
    """Name the topics that no feed does: as feeds.yaml spells them, else as most records."""
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in candidates:
        for key, written in one.topics.items():
            votes[key][config.spellings.get(key, written)] += 1
    return {key: _elected(counts) for key, counts in votes.items()}


def _provider_names(candidates: Iterable[Candidate]) -> dict[str, str]:
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in candidates:
        votes[one.record.provider][one.record.provider_name] += 1
    return {key: _elected(counts) or key for key, counts in votes.items()}


def _elected(votes: Counter[str]) -> str:
    return min(votes, key=lambda name: (not name, -votes[name], name))


def _distinct(shown: Mapping[str, str]) -> dict[str, str]:
    """Tell apart what goes by one name."""
    times = Counter(shown.values())
    return {
        key: name if times[name] == 1 else f"{name} ({key})"
        for key, name in shown.items()
    }


def _ranked(
    held: Mapping[str, Sequence[Candidate]], named: Mapping[str, str]
) -> list[tuple[str, int]]:
    counts = ((key, len(those)) for key, those in held.items())
    return sorted(counts, key=lambda item: (-item[1], named[item[0]], item[0]))


def _ranking(
    held: Mapping[str, Sequence[Candidate]], named: Mapping[str, str], without: int
) -> Ranking:
    ranked = _ranked(held, named)
    top = tuple(Tally(named[key], count) for key, count in ranked[:MOST_NAMED])
    return Ranking(top=top, others=len(ranked) - len(top), without=without)


def _rules(topic: str | None, config: Config) -> shape.Rules:
    """Give the rules that a topic's feed has, or a feed of all; the first one's of each.

    Where there is no such feed, what it would have.
    """
    kinds = () if topic is None else ("topic",)
    for index, feed in enumerate(config.feeds):
        is_narrow = topic is None and any(getattr(feed, key) for key in _NAME_FILTERS)
        if config.kinds(feed) == kinds and not is_narrow:
            return rules_of(Place(index, topic), config)
    written = None if topic is None else config.topics.get(topic)
    return merged(*([written] if written else []), config.base)


def _let_in(
    candidates: Iterable[Candidate],
    rules: shape.Rules,
    thresholds: Iterable[float | None],
    planned: Plan,
) -> tuple[int, ...]:
    """Count what each threshold admits, all other rules being as they are."""
    passes = admission(replace(rules, min_quality=None), planned.config, planned.now)
    admitted = [one.record.quality for one in candidates if not passes(one)]
    known = sorted(quality for quality in admitted if quality is not None)
    return tuple(
        len(admitted) if least is None else len(known) - bisect_left(known, least)
        for least in thresholds
    )


def _thresholds(quality: Spread) -> tuple[float | None, ...]:
    """Choose thresholds to compare: where bars begin, and those that are configured."""
    begun = {bar.low for bar in quality.bars if not isinf(bar.low)}
    return None, *sorted(begun | {*quality.marks})


def _spread(values: Sequence[float | None], marks: Iterable[float | None]) -> Spread:
    known = sorted(value for value in values if value is not None)
    return Spread(
        bars=tuple(_bars(known)),
        unknown=len(values) - len(known),
        marks=tuple(sorted({mark for mark in marks if mark is not None})),
    )


def _bars(known: Sequence[float]) -> Iterator[Bar]:
    if not known:
        return
    is_whole = all(value == floor(value) and abs(value) < _VAST for value in known)
    edges = _edges(known, least_step=float(is_whole))
    for low, high in pairwise(edges):
        count = bisect_left(known, high) - bisect_left(known, low)
        yield Bar(_range(low, high, known[-1], is_whole=is_whole), count, low, high)


def _edges(known: Sequence[float], least_step: float) -> list[float]:
    """Give round numbers between which values fall; what is far off shares a bar."""
    low, high = known[0], known[-1]
    first, third = known[len(known) // 4], known[len(known) * 3 // 4]
    reach = _FAR * (third - first)
    near_low, near_high = max(low, first - reach), min(high, third + reach)
    if reach and high / _CROWDED - low / _CROWDED > near_high - near_low:
        low, high = near_low, near_high
    finest = max(abs(low), abs(high)) * _FINEST
    step = max(_nice(high / _BARS - low / _BARS), least_step, finest)
    if low == high or not step:
        edges = [low, max(low + (step or 1), low * (1 + _FINEST))]
    else:
        digits = max(0, -floor(log10(step)))
        numbers = range(floor(low / step), floor(high / step) + 2)
        edges = sorted({round(number * step, digits) + 0.0 for number in numbers})
    below = [-inf] if known[0] < edges[0] else []
    return [*below, *edges, *([inf] if known[-1] >= edges[-1] else [])]


def _nice(step: float) -> float:
    """Round a step up to 1, 2 or 5 and zeros."""
    if step <= 0:
        return 0.0
    power = 10.0 ** floor(log10(step))
    return next((n * power for n in (1, 2, 5) if n * power >= step), 10 * power)


def _range(low: float, high: float, last: float, *, is_whole: bool) -> str:
    if isinf(low):
        return f"below {plain(high)}"
    if isinf(high):
        return f"{plain(low)} or more"
    if low >= last or plain(low) == plain(high):
        return plain(low)
    if not is_whole:
        return f"{plain(low)} to <{plain(high)}"
    end = min(high - 1, last)
    return plain(low) if low == end else f"{plain(low)} to {plain(end)}"


def _dates(
    published: Sequence[datetime], now: datetime
) -> tuple[str, tuple[Tally, ...]]:
    """Count by months, or by years where months would be too many; gaps are shown."""
    past = [when for when in published if when <= now]
    ahead = len(published) - len(past)
    late = [Tally("after now", ahead)] if ahead else []
    if not past:
        return "month", tuple(late)
    first, last = min(past), max(past)
    is_short = _month(last) - _month(first) < _PERIODS
    number = _month if is_short else _year
    counts = Counter(number(when) for when in past)
    start = max(number(first), number(last) - _PERIODS + 1)
    numbers = range(start, number(last) + 1)
    title = _month_name if is_short else str
    before = len(past) - sum(counts[one] for one in numbers)
    early = [Tally(f"before {title(start)}", before)] if before else []
    shown = (Tally(title(one), counts[one]) for one in numbers)
    return "month" if is_short else "year", (*early, *shown, *late)


def _month(when: datetime) -> int:
    return when.year * 12 + when.month - 1


def _year(when: datetime) -> int:
    return when.year


def _month_name(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"
